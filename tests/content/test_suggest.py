"""Did you mean …? What is similar enough to be suggested, and what is so similar that it is a typo."""

from __future__ import annotations

import pytest

from bot.content.suggest import did_you_mean, is_misspelt

RESPONSES = ("utter_open", "utter_ordered", "utter_ask_cake", "action_back", "ask_branch")


@pytest.mark.parametrize("word", ["utter_price", "utter_greet", "action_stock", "ask_balance"])
def test_common_prefix_does_not_make_names_similar(word: str) -> None:
    assert did_you_mean(word, RESPONSES, "Add it.") == "Add it."


@pytest.mark.parametrize(
    ("word", "suggestion"),
    [("utter_opened", "utter_open"), ("utter_ask_ckae", "utter_ask_cake"), ("uter_open", "utter_open")],
)
def test_similar_name_is_suggested_before_the_other_fix(word: str, suggestion: str) -> None:
    assert did_you_mean(word, RESPONSES) == f"Did you mean `{suggestion}`?"
    assert did_you_mean(word, RESPONSES, "Add it.") == f"Did you mean `{suggestion}`? Otherwise add it."


def test_typo_ranks_above_a_similar_name() -> None:
    assert did_you_mean("carrd", ["carrier", "card"]) == "Did you mean `card`?"


@pytest.mark.parametrize(
    ("word", "known"), [("nul", "nlu"), ("NLU", "nlu"), ("txt", "text"), ("gret", "greet"), ("entites", "entities")]
)
def test_typo_is_recognised(word: str, known: str) -> None:
    assert is_misspelt(word, [known])


@pytest.mark.parametrize(
    ("word", "known"),
    [("nlg", "nlu"), ("yes", "yet"), ("utter_ab", "utter_cb"), ("greet", "greet"), ("order", "other_order")],
)
def test_different_word_is_not_a_typo(word: str, known: str) -> None:
    assert not is_misspelt(word, [known])
