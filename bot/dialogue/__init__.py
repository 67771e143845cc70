"""The pure heart of a conversation: events, the tracker that folds them, policies, slots and responses; no I/O."""

from bot.dialogue.dialogue import Dialogue
from bot.dialogue.policy_config import describe_policies
from bot.dialogue.train import check_contradictions, train_dialogue

__all__ = ["Dialogue", "check_contradictions", "describe_policies", "train_dialogue"]
