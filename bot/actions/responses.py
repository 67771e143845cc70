"""Responses as actions: `utter_greet` says the response of that name, `utter_faq` the one that answers the question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from bot.actions.turn import Action, Turn
from bot.content import BotStep, Content
from bot.dialogue.names import UTTER
from bot.messages import Parse

_SELECTOR_OF_ALL = "default"  # Rasa's name for a selector without `retrieval_intent`


def response_action(name: str) -> Action:
    """The action that says response `name`, or, for a retrieval intent, the response that its selector chose."""

    async def say(turn: Turn) -> None:
        if name in turn.domain.responses:
            turn.say(name)
        else:
            turn.say(_selected(name, turn.tracker.parse) or name)

    return say


def _selected(name: str, parse: Parse | None) -> str | None:
    """The full name (`utter_faq/hours`) for a retrieval action (`utter_faq`), from the message's parse.

    A selector for all retrieval intents may rank another intent's key first: the
    best key of this intent counts, and the first of all only if it has none.
    """
    wanted = name.removeprefix(UTTER)
    selectors = parse.response_selector if parse else {}
    keys = [*_ranked(selectors.get(wanted)), *_ranked(selectors.get(_SELECTOR_OF_ALL))]
    fitting = [key for key in keys if key.split("/")[0] == wanted]
    best = next(iter([*fitting, *keys]), None)
    return None if best is None else f"{UTTER}{best}"


def _ranked(selector: Any) -> list[str]:
    """The keys (`faq/hours`) that a selector returned, likeliest first."""
    if not isinstance(selector, Mapping):
        return []
    choices = [selector.get("response") or {}, *(selector.get("ranking") or ())]
    keys = [choice.get("intent_response_key") for choice in choices]
    return [key for key in keys if key]


def text_actions(content: Content) -> dict[str, Action]:
    """The texts that the bot says in end-to-end stories (`bot: …`), each as an action of that name."""
    stories = (*content.stories, *content.rules)
    said = (step.text for story in stories for step in story.steps if isinstance(step, BotStep))
    return {text: SayText(text) for text in (*content.domain.e2e_actions, *said)}


class SayText(Struct, frozen=True):
    """The action that says a text of an end-to-end story."""

    text: str

    async def __call__(self, turn: Turn) -> None:
        """Say the text."""
        turn.say_text(self.text)
