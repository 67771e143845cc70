"""The names that Rasa gives to its own actions, intents and slots."""

from __future__ import annotations

from typing import Final

LISTEN: Final = "action_listen"
RESTART: Final = "action_restart"
SESSION_START: Final = "action_session_start"
DEFAULT_FALLBACK: Final = "action_default_fallback"
DEACTIVATE_LOOP: Final = "action_deactivate_loop"
REVERT_FALLBACK_EVENTS: Final = "action_revert_fallback_events"
ASK_AFFIRMATION: Final = "action_default_ask_affirmation"
ASK_REPHRASE: Final = "action_default_ask_rephrase"
TWO_STAGE_FALLBACK: Final = "action_two_stage_fallback"
UNLIKELY_INTENT: Final = "action_unlikely_intent"
BACK: Final = "action_back"
EXTRACT_SLOTS: Final = "action_extract_slots"
VALIDATE_SLOT_MAPPINGS: Final = "action_validate_slot_mappings"
SEND_TEXT: Final = "action_send_text"

DEFAULT_INTENTS: Final = {"restart": RESTART, "back": BACK, "session_start": SESSION_START}
"""Intents that predict an action in every bot, whatever the policies say."""

NLU_FALLBACK: Final = "nlu_fallback"
OUT_OF_SCOPE: Final = "out_of_scope"
UTTER: Final = "utter_"
SNIPPET: Final = "..."
"""Represents, in a rule, whatever comes before or after it."""
