"""The names that every bot knows are the same in content as in dialogue."""

from bot.content import names as content_names
from bot.dialogue import names as dialogue_names


def test_default_actions_match_those_of_the_dialogue() -> None:
    named = {v for v in vars(dialogue_names).values() if isinstance(v, str) and v.startswith("action_")}
    assert named - {dialogue_names.VALIDATE_SLOT_MAPPINGS} | {dialogue_names.SNIPPET} == content_names.DEFAULT_ACTIONS


def test_default_intents_match_those_of_the_dialogue() -> None:
    expected = {*dialogue_names.DEFAULT_INTENTS, dialogue_names.NLU_FALLBACK, dialogue_names.OUT_OF_SCOPE}
    assert expected == content_names.DEFAULT_INTENTS
