"""The pure core of a conversation: events, the tracker that folds them, policies, slots and responses; no I/O."""

from bot.dialogue.check_ways import check_ways
from bot.dialogue.dialogue import Dialogue
from bot.dialogue.policy_config import describe_policies
from bot.dialogue.train import check_contradictions, train_dialogue

__all__ = ["Dialogue", "check_contradictions", "check_ways", "describe_policies", "train_dialogue"]
