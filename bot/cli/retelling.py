"""What `bot shell` shows about its conversation: a story of it, and why the bot did what it did last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.content import NOWHERE
from bot.dialogue.events import ActionFailed, SlotSet, UserUttered
from bot.dialogue.names import DEFAULT_FALLBACK
from bot.dialogue.prediction import Prediction
from bot.encoding import encode
from bot.engine.codec import read_record
from bot.engine.protocols import TurnStore
from bot.engine.record import Step, TurnRecord
from bot.messages import Parse
from bot.server.trackers import read_conversation, story_of

_SAYS_NOTHING: Final = " (says nothing: there is no `utter_default` that fits)"


async def story(store: TurnStore, conversation: str) -> str:
    """Return the conversation since its session began, as YAML for a file of test stories."""
    turns = await read_conversation(store, conversation)
    return story_of(turns, "what was said in the shell", all_sessions=False).rstrip("\n")


async def why(store: TurnStore, conversation: str) -> str:
    """Return how the last message was understood, and the reason for each action, one per line."""
    turns = await store.turns(conversation, limit=1)
    if not turns:
        return "Nothing has been said yet."
    return "\n".join(_reasons(read_record(turns[0].record)))


def _reasons(record: TurnRecord) -> Iterator[str]:
    for event in record.events:
        if isinstance(event, UserUttered):
            yield from _understood(event.parse)
    for step in record.steps:
        silent = step.action == DEFAULT_FALLBACK and not record.replies
        yield f"action: {because(step)}{_SAYS_NOTHING if silent else ''}"
    for event in record.events:
        if isinstance(event, SlotSet):
            yield f"slot {event.name}: {_json(event.value)}"
        if isinstance(event, ActionFailed):
            yield f"{event.name} failed: {event.kind}"


def _understood(parse: Parse) -> Iterator[str]:
    if parse.intent is not None:
        doubt = f", {parse.doubt}" if parse.doubt else ""
        near = next((near for near in parse.nearest if near.intent == parse.intent.name), None)
        example = f", near “{near.text}” ({near.place})" if near else ""
        yield f"intent: {parse.intent.name} ({parse.intent.confidence:.2f}{doubt}){example}"
    for entity in parse.entities:
        role = f", {entity.role}" if entity.role else ""
        yield f"entity {entity.entity}{role}: {_json(entity.value)}"


def because(prediction: Step | Prediction) -> str:
    """Return an action and why it was chosen: the policy, and what it knew with its places."""
    line = f"{prediction.action}, because of {prediction.policy}"
    reasons = [b.name if b.place == NOWHERE else f"{b.name} ({b.place})" for b in prediction.because]
    return f"{line}: {'; '.join(reasons)}" if reasons else line


def _json(value: object) -> str:
    return encode(value).decode()
