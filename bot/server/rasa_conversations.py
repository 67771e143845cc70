"""The conversation that a path of Rasa's API names: by its id, or by a sender of the calling key."""

from __future__ import annotations

from msgspec import Struct

from bot.dialogue.slots import initial_slots
from bot.dialogue.tracker import Tracker
from bot.engine.protocols import Loaded
from bot.engine.snapshots import read_snapshot
from bot.server.messages import KEY_FAMILY
from bot.server.problems import Problem
from bot.server.query import number, path_id, text
from bot.server.rasa_schemas import LAST_SECOND
from bot.server.routing import Call
from bot.server.trackers import Conversation, read_conversation

_LATEST = "latest"


class Addressed(Struct, frozen=True):
    """The conversation that a path names: whether it is a sender's of the calling key, and its latest channel."""

    conversation: str
    own: bool
    channel: str


async def addressed(call: Call) -> Addressed:
    """The conversation that a turn is for; a new sender's is created."""
    store, given = call.parts.engine.store, path_id(call.request)
    loaded = await _load_by_id(call)
    if loaded is not None:
        return Addressed(given, False, read_snapshot(loaded.snapshot, given).channel or "rest")
    conversation = await store.conversation_id(call.principal.id, KEY_FAMILY, given)
    loaded = await store.load(conversation)
    return Addressed(conversation, True, read_snapshot(loaded.snapshot, conversation).channel or "rest")


async def existing(call: Call) -> str:
    """The conversation's id; raises Problem 404 if it does not exist."""
    conversation = await _find(call)
    if conversation is None:
        raise Problem(404, "not_found", "there is no conversation of this id or sender")
    return conversation


async def read_existing(call: Call) -> Conversation:
    """The conversation to show; raises Problem 404 if it does not exist."""
    return await read_conversation(call.parts.engine.store, await existing(call))


async def read_or_empty(call: Call) -> Conversation:
    """The conversation to show; one that does not exist has the slots' initial values and no events."""
    conversation = await _find(call)
    if conversation is not None:
        return await read_conversation(call.parts.engine.store, conversation)
    slots = initial_slots(call.parts.engine.agent.content.domain)
    return Conversation(Tracker(slots=slots, initial_slots=slots), ())


def until(call: Call, conversation: Conversation) -> Conversation:
    """The conversation as it was at the time that the caller asks for with `until`; else as it is."""
    time = number(call.request, "until", high=LAST_SECOND)
    return conversation if time is None else conversation.until(time)


def output_channel(call: Call, target: Addressed) -> str:
    """The channel that delivers the replies, "" if the response has them: also for a channel that cannot send."""
    named = text(call.request, "output_channel", longest=256)
    channel = target.channel if named == _LATEST else named
    return channel if channel in call.parts.engine.addressing else ""


async def _find(call: Call) -> str | None:
    """The conversation's id, if it exists; looking creates none."""
    given = path_id(call.request)
    if await _load_by_id(call) is not None:
        return given
    return await call.parts.engine.store.find_conversation(call.principal.id, KEY_FAMILY, given)


async def _load_by_id(call: Call) -> Loaded | None:
    """For an operator, the conversation with this id, whoever has it; for other callers every id is a sender."""
    if "operator" not in call.principal.scopes:
        return None
    loaded = await call.parts.engine.store.load(path_id(call.request))
    return loaded if loaded.seq > 0 else None
