"""Did you mean …? What is near enough to be suggested, and what is so near that it is a slip."""

from __future__ import annotations

import pytest

from bot.content.suggest import did_you_mean, is_misspelt

RESPONSES = ("utter_open", "utter_ordered", "utter_ask_cake", "action_back", "ask_branch")


@pytest.mark.parametrize("word", ["utter_price", "utter_greet", "action_stock", "ask_balance"])
def test_what_names_begin_with_alike_makes_them_no_nearer(word: str) -> None:
    assert did_you_mean(word, RESPONSES, "Add it.") == "Add it."


@pytest.mark.parametrize(
    ("word", "meant"),
    [("utter_opened", "utter_open"), ("utter_ask_ckae", "utter_ask_cake"), ("uter_open", "utter_open")],
)
def test_a_near_name_is_suggested_beside_the_other_cure(word: str, meant: str) -> None:
    assert did_you_mean(word, RESPONSES) == f"Did you mean `{meant}`?"
    assert did_you_mean(word, RESPONSES, "Add it.") == f"Did you mean `{meant}`? Otherwise add it."


def test_a_slip_is_nearer_than_what_is_only_alike() -> None:
    assert did_you_mean("carrd", ["carrier", "card"]) == "Did you mean `card`?"


@pytest.mark.parametrize(
    ("word", "known"), [("nul", "nlu"), ("NLU", "nlu"), ("txt", "text"), ("gret", "greet"), ("entites", "entities")]
)
def test_a_slip_of_the_hand_is_told(word: str, known: str) -> None:
    assert is_misspelt(word, [known])


@pytest.mark.parametrize(
    ("word", "known"),
    [("nlg", "nlu"), ("yes", "yet"), ("utter_ab", "utter_cb"), ("greet", "greet"), ("order", "other_order")],
)
def test_a_word_of_its_own_is_no_slip(word: str, known: str) -> None:
    assert not is_misspelt(word, [known])
