"""References in a message to the question before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.questions.marks import distinct, without_denied_names
from actions.questions.pointing import (
    asks_how_many,
    corrects,
    is_nameless,
    is_of_those,
    is_only_names,
    names_back,
    points_at_account,
    refers_back,
    somebody,
)
from actions.questions.question import NO_FILTERS
from bot import Entity, Parse


def parse(text: str, *marked: tuple[str, str]) -> Parse:
    entities = [Entity(name, words, text.index(words), text.index(words) + len(words)) for name, words in marked]
    return Parse(text, entities=tuple(entities))


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("what do they add up to", True),
        ("by how much", True),
        ("how many are there", True),
        ("how much did I spend", False),
    ],
)
def test_reference_to_the_last_answer_is_recognised(text: str, points: bool) -> None:
    assert refers_back(text) is points


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("how much did I pay her in May", True),
        ("what did I spend there", True),
        ("how much did they charge me", True),
        *((f"how much did I {verb} them last year", True) for verb in ("pay", "give", "send")),
        ("when was the last time", True),
        ("how much was it in May", True),
        ("hi there how much did I spend", False),
        ("is there anything from Tesco", False),
        ("what was this month like", False),
        ("what did I spend on her card", False),
    ],
)
def test_pronoun_or_place_word_stands_for_a_name(text: str, stands: bool) -> None:
    assert names_back(text) is stands


def test_pronoun_counts_only_if_no_name_is_given() -> None:
    assert somebody(parse("how much did I pay her")) == "her"
    assert somebody(parse("what did I spend there")) == "there"
    assert somebody(parse("did I pay her at Tesco", ("merchant", "Tesco"))) is None
    assert somebody(parse("how much is there in savings")) is None


def test_how_many_of_something_named_does_not_refer_to_the_list() -> None:
    assert asks_how_many("how many of them are there")
    assert asks_how_many("how many were there?")
    assert not asks_how_many("how many accounts are there")


def test_pronoun_marked_as_a_name_is_dropped() -> None:
    marked = parse("how much did I pay her at Tesco", ("payee", "her"), ("merchant", "Tesco"))
    assert [e.value for e in distinct(marked.entities)] == ["Tesco"]


def test_of_which_asks_about_a_part_of_the_last_answer() -> None:
    assert is_of_those("of which groceries", NO_FILTERS)
    assert is_of_those("and of which groceries?", NO_FILTERS)
    assert not is_of_those("out of which account did it go", NO_FILTERS)


def test_message_of_names_alone_is_an_answer_or_a_correction() -> None:
    for text, answers, corrected in (
        ("petrol", True, False),
        ("no, petrol", True, True),
        ("sorry I meant petrol", True, True),
        ("how much was petrol", False, False),
    ):
        marked = parse(text, ("category", "petrol"))
        assert is_only_names(text, marked.entities) is answers
        assert corrects(text, marked.entities) is corrected


@pytest.mark.parametrize(
    ("text", "names", "left"),
    [
        ("sorry not groceries, transport", ("groceries", "transport"), ["transport"]),
        ("transport, not groceries", ("groceries", "transport"), ["transport"]),
        ("transport but not on groceries", ("groceries", "transport"), ["transport"]),
        ("payments not at Tesco or Lidl", ("Tesco", "Lidl"), ["Tesco", "Lidl"]),
        ("everything but not groceries", ("groceries",), ["groceries"]),
    ],
)
def test_denied_name_is_dropped_if_another_replaces_it(text: str, names: tuple[str, ...], left: list[str]) -> None:
    marked = parse(text, *(("category", name) for name in names))
    assert [e.value for e in without_denied_names(marked).entities] == left


@pytest.mark.parametrize(
    ("text", "marked", "nameless"),
    [
        ("sum", (), True),
        ("grand total please", (), True),
        ("add them all up", (), True),
        ("and the total for october?", (("time", "for october"),), True),
        ("this month's ones", (("time", "this month"),), True),
        ("which was the dearest in october", (("time", "in october"),), True),
        ("how many times", (), True),
        ("total spending this month", (("time", "this month"),), False),
        ("the total at Tesco", (("merchant", "Tesco"),), False),
        ("the savings ones", (("account", "savings"),), False),
        ("how many accounts are there", (), False),
        ("what was that", (), False),
        ("last month", (("time", "last month"),), False),
    ],
)
def test_sum_or_part_without_a_name_is_recognised(
    text: str, marked: tuple[tuple[str, str], ...], nameless: bool
) -> None:
    assert is_nameless(text, parse(text, *marked).entities) is nameless


def test_it_and_that_card_can_stand_for_an_account() -> None:
    assert points_at_account("what was the last thing paid with it")
    assert points_at_account("how much did I spend on that card")
    assert not points_at_account("how much did I spend on italian food")
    assert not points_at_account("how much was it")


@given(st.text(max_size=60))
def test_reading_references_accepts_any_text(text: str) -> None:
    marked = Parse(text, entities=(Entity("category", "x", 0, len(text)), Entity("merchant", ["y"], 0, len(text))))
    without_denied_names(marked)
    names_back(text), refers_back(text), somebody(Parse(text)), is_only_names(text, marked.entities)
