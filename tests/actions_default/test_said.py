"""The bot's texts in end-to-end stories (`bot: …`): said word for word, and recorded as text, as in Rasa."""

from __future__ import annotations

from bot.content import BotStep, Component, Content, Domain, Intent, Story, UserStep
from bot.dialogue.events import ActionExecuted
from tests.actions_default.conftest import Conversation

STORY = Story("who", (UserStep("ask"), BotStep("I am Teller.")))
CONTENT = Content(
    domain=Domain(intents={"ask": Intent("ask")}),
    stories=(STORY,),
    policies=(Component("MemoizationPolicy"),),
)


async def test_a_text_of_a_story_is_said_and_on_record_as_a_text() -> None:
    talk = Conversation(CONTENT, {})
    assert await talk.say("ask") == ["I am Teller."]
    said = [(event.name, event.action_text) for event in talk.events if isinstance(event, ActionExecuted)]
    assert said[-2:] == [("I am Teller.", "I am Teller."), ("action_listen", None)]
