"""When a message is not understood: say what was heard, offer what it may have meant, and not the same thing twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from bot import Action, ActionExecuted, IntentScore, Parse, Turn, hookimpl

from .conversation import events_before, said
from .formatting import in_words
from .questions.said import as_entities
from .signs import comes_first
from .signs.typed_secrets import warn_of_secret

NAME: Final = "action_fallback"

_HEARD: Final = ("account", "merchant", "category", "amount-of-money", "time")
_OFFERS: Final = 2
_NARROWED: Final = ("/ask_balance", "/ask_overdrawn", "/ask_transactions", "/ask_spending")


async def run(turn: Turn) -> None:
    """Say that the message was not understood; the second time in a row in another way."""
    say_fallback(turn)


def say_fallback(turn: Turn) -> None:
    """Name what was heard and offer the two nearest intents; after a first failure, point at help and people.

    Despair, a disowned payment and a typed secret are answered for what they are.
    """
    parse = turn.tracker.parse or Parse("")
    if first := comes_first(parse.text):
        turn.say(first)
        return
    if warn_of_secret(turn):
        return
    if _failed_before(turn):
        turn.say("utter_not_understood_again")
        return
    heard = _heard_phrases(parse)
    response = "utter_partly_understood" if heard else "utter_not_understood"
    filters = as_entities(said(turn).filters)
    buttons = [_with_filters(button, filters) for button in _likeliest(parse.ranking, _offers(turn))]
    turn.say(response, heard=in_words(heard), buttons=buttons)


def _failed_before(turn: Turn) -> bool:
    """Whether the message before this one was not understood either."""
    return any(isinstance(e, ActionExecuted) and e.name == NAME for e in events_before(turn.tracker.events))


def _offers(turn: Turn) -> dict[str, Mapping[str, Any]]:
    """The buttons of the response `utter_offers`, by the intent that a press sends."""
    variations = turn.domain.responses.get("utter_offers", ())
    return {button["payload"].removeprefix("/"): button for v in variations for button in v.buttons}


def _likeliest(ranking: Iterable[IntentScore], offered: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The buttons of the two likeliest intents that are offered, filled up with the first of the rest."""
    likely = [score.name for score in ranking if score.name in offered]
    return [offered[name] for name in dict.fromkeys([*likely, *offered])][:_OFFERS]


def _with_filters(button: Mapping[str, Any], filters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The button with what was heard in its payload, where its intent can be narrowed down."""
    payload = button["payload"]
    return {**button, "payload": payload + json.dumps(filters)} if filters and payload in _NARROWED else button


def _heard_phrases(parse: Parse) -> list[str]:
    """The parts of the message that mean something, in their order, each once."""
    found = sorted((e for e in parse.entities if e.entity in _HEARD), key=lambda e: e.start)
    phrases = [" ".join(parse.text[e.start : e.end].split()) for e in found]
    return [phrase for phrase in dict.fromkeys(phrases) if phrase]


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Offer the action."""
    register(NAME, run)
