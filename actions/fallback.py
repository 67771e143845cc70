"""When a message is not understood: say what was recognised, offer likely meanings, and vary the reply."""

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
_TAKE_FILTERS: Final = ("/ask_balance", "/ask_overdrawn", "/ask_transactions", "/ask_spending")


async def run(turn: Turn) -> None:
    """Say that the message was not understood, in a different way the second time in a row."""
    say_fallback(turn)


def say_fallback(turn: Turn) -> None:
    """Name what was recognised and offer the two nearest intents; after a first failure, point to help and to people.

    Despair, a disowned payment and a typed secret get their own replies instead.
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
    """The buttons of the response `utter_offers`, by the intent that pressing them sends."""
    variations = turn.domain.responses.get("utter_offers", ())
    return {button["payload"].removeprefix("/"): button for v in variations for button in v.buttons}


def _likeliest(ranking: Iterable[IntentScore], offered: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The buttons of the two likeliest intents that have one, filled up with the first of the rest."""
    likely = [score.name for score in ranking if score.name in offered]
    return [offered[name] for name in dict.fromkeys([*likely, *offered])][:_OFFERS]


def _with_filters(button: Mapping[str, Any], filters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The button with the recognised filters in its payload, if its intent takes filters."""
    payload = button["payload"]
    return {**button, "payload": payload + json.dumps(filters)} if filters and payload in _TAKE_FILTERS else button


def _heard_phrases(parse: Parse) -> list[str]:
    """The recognised parts of the message, in order, each once."""
    found = sorted((e for e in parse.entities if e.entity in _HEARD), key=lambda e: e.start)
    phrases = [" ".join(parse.text[e.start : e.end].split()) for e in found]
    return [phrase for phrase in dict.fromkeys(phrases) if phrase]


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Register the action."""
    register(NAME, run)
