"""`utter_faq`: the answer to a question of the retrieval intent `faq`, chosen by the response selector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from bot.actions.responses import response_action
from bot.actions.unknown import UnknownResponse
from bot.testing.kit import make_domain, make_parse, make_turn, texts

DOMAIN = make_domain(
    {"utter_faq/hours": "We open at eight.", "utter_faq/fees": "It is free.", "utter_chitchat/weather": "It is sunny."}
)


def ranked(*keys: str) -> Mapping[str, Any]:
    """The output of a selector that ranked these keys."""
    ranking = [{"intent_response_key": key, "confidence": 1 / (place + 2)} for place, key in enumerate(keys)]
    return {"response": ranking[0], "ranking": ranking}


async def said(**selectors: Any) -> list[str]:
    parse = replace(make_parse("are you open?", intent="faq"), response_selector=selectors)
    turn = make_turn(parse, domain=DOMAIN)
    await response_action("utter_faq")(turn)
    return texts(turn)


ALL = ["faq", "chitchat"]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["faq/fees", "faq/hours"], "It is free."),
        (["chitchat/weather", "faq/hours", "faq/fees"], "We open at eight."),
        (["chitchat/weather"], "It is sunny."),
    ],
    ids=["first", "first of its intent", "none of its intent"],
)
async def test_default_selector_answers_with_the_best_key_of_the_intent(keys: list[str], answer: str) -> None:
    assert await said(default=ranked(*keys), all_retrieval_intents=ALL) == [answer]


async def test_selector_of_the_intent_takes_precedence() -> None:
    assert await said(default=ranked("faq/fees"), faq=ranked("faq/hours")) == ["We open at eight."]


async def test_selector_of_another_intent_is_ignored() -> None:
    with pytest.raises(UnknownResponse, match="utter_faq"):
        await said(chitchat=ranked("chitchat/weather"))


async def test_selected_key_without_a_ranking_is_answered() -> None:
    key = {"intent_response_key": "faq/hours", "confidence": 1.0}
    assert await said(faq={"response": key}) == ["We open at eight."]


async def test_retrieval_response_without_a_parse_is_unknown() -> None:
    with pytest.raises(UnknownResponse, match="utter_faq"):
        await said()
