"""Responses as actions: `utter_greet` says the response of that name, `utter_faq` the one that fits the question."""

from __future__ import annotations

from bot.actions.turn import Action, Turn
from bot.content import BotStep, Content
from bot.messages import Parse

PREFIX = "utter_"


def response_action(name: str) -> Action:
    """The action that says response `name`; for a retrieval intent's, the response that its selector chose."""

    async def say(turn: Turn) -> None:
        turn.say(name if name in turn.domain.responses else _selected(name, turn.tracker.parse) or name)

    return say


def _selected(name: str, parse: Parse | None) -> str | None:
    """The full name (`utter_faq/hours`) for a retrieval action (`utter_faq`), from the message's parse."""
    if parse is None:
        return None
    wanted = name.removeprefix(PREFIX)
    for selector in parse.response_selector.values():
        response = selector.get("response") if isinstance(selector, dict) else None
        key = response.get("intent_response_key") if response else None
        if key and key.split("/")[0] == wanted:
            return f"{PREFIX}{key}"
    return None


def text_actions(content: Content) -> dict[str, Action]:
    """The texts that end-to-end stories let the bot say (`bot: …`), as actions of that name."""
    stories = (*content.stories, *content.rules)
    said = (step.text for story in stories for step in story.steps if isinstance(step, BotStep))
    return {text: _text_action(text) for text in (*content.domain.e2e_actions, *said)}


def _text_action(text: str) -> Action:
    async def say(turn: Turn) -> None:
        turn.say_text(text)

    return say
