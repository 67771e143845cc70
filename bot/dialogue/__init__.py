"""The pure heart of a conversation: events, the tracker that folds them, policies, slots and responses; no I/O."""

from bot.dialogue.dialogue import Dialogue
from bot.dialogue.train import train_dialogue

__all__ = ["Dialogue", "train_dialogue"]
