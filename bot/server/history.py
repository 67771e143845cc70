"""The history in pages of messages, made from pages of turns. A cursor is `turn.message`; the user's message is 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from bot.engine.codec import read_record, reply_to_json
from bot.engine.protocols import StoredTurn, TurnStore
from bot.messages import UserMessage
from bot.server.problems import Problem

_WHOLE_TURN = 1_000_000  # more messages than a turn can hold

_TURNS_AT_ONCE = 100
_MOST_READS = 20
"""How often turns are read for one page: if so many say nothing, the page is empty and its cursor leads on."""


class Cursor(Struct, frozen=True, order=True):
    """A message's position: the turn's number, and the message's within it (0: the user's message).

    Behind a whole turn it is written as the turn's number.
    """

    turn: int
    index: int

    def __str__(self) -> str:
        return f"{self.turn}.{self.index}" if self.index < _WHOLE_TURN else str(self.turn)


class Shown(Struct, frozen=True):
    """One message of the history, with its position."""

    at: Cursor
    message: dict[str, Any]


async def history_page(
    store: TurnStore, conversation: str, *, limit: int, before: str | None, after: str | None
) -> dict[str, Any]:
    """A page of at most `limit` messages, oldest first; raises Problem 400 for an invalid cursor.

    A bare turn number means the turn's first message in `before`, its last in `after`.
    """
    if before is not None and after is not None:
        raise Problem(400, "invalid_parameter", "give before or after, not both")
    if after is not None:
        return await _page_after(store, conversation, limit, _cursor("after", after, _WHOLE_TURN))
    end = _cursor("before", before, 0) if before is not None else None
    return await _page_before(store, conversation, limit, end)


async def _page_before(store: TurnStore, conversation: str, limit: int, end: Cursor | None) -> dict[str, Any]:
    shown: list[Shown] = []
    before = end.turn + 1 if end else None  # the cursor may point into a turn, which is then read as well and cut
    size = max(limit + 1, _TURNS_AT_ONCE)
    for _ in range(_MOST_READS):
        turns = await store.turns(conversation, before=before, limit=size)
        shown = [message for message in _messages(turns) if end is None or message.at < end] + shown
        before = turns[0].seq if turns else 1
        if len(shown) > limit or before == 1:
            break
    older = len(shown) > limit or before != 1
    page = _page(shown[-limit:], older=older)
    if older and not shown:
        page["before"] = str(before)
    return page


async def _page_after(store: TurnStore, conversation: str, limit: int, start: Cursor) -> dict[str, Any]:
    shown: list[Shown] = []
    after = max(start.turn - 1, 0)
    size = max(limit + 1, _TURNS_AT_ONCE)
    for _ in range(_MOST_READS):
        turns = await store.turns(conversation, after=after, limit=size)
        shown += [message for message in _messages(turns) if message.at > start]
        after = turns[-1].seq if turns else after
        if len(shown) >= limit or len(turns) < size:
            break
    page = _page(shown[:limit], older=bool(shown) and shown[0].at > Cursor(1, 0))
    if not shown:
        page["after"] = str(after) if after > start.turn else str(start)
    return page


def _page(shown: Sequence[Shown], *, older: bool) -> dict[str, Any]:
    return {
        "messages": [message.message for message in shown],
        "before": str(shown[0].at) if shown and older else None,
        "after": str(shown[-1].at) if shown else None,
    }


def _messages(turns: Sequence[StoredTurn]) -> Iterator[Shown]:
    for turn in turns:
        record = read_record(turn.record)
        said = _user_said(record.message) if record.is_said else None
        for index, content in enumerate([said, *map(reply_to_json, record.replies)]):
            if content is None:
                continue
            at = Cursor(turn.seq, index)
            role = "user" if index == 0 else "bot"
            shown = {key: value for key, value in content.items() if key in _SHOWN}
            yield Shown(at, {"turn": turn.seq, "role": role, "time": turn.at, "cursor": str(at), **shown})


_SHOWN = frozenset(
    {"text", "buttons", "quick_replies", "elements", "image", "attachment", "custom", "messageId", "metadata"}
)


def _user_said(message: UserMessage) -> dict[str, Any]:
    said: dict[str, Any] = {"text": message.text, "messageId": message.message_id}
    if message.metadata:
        said["metadata"] = message.metadata
    return said


def _cursor(name: str, given: str, default_index: int) -> Cursor:
    turn, dot, index = given.partition(".")
    parts = [turn, index] if dot else [turn]
    if not all(part.isascii() and part.isdigit() and len(part) <= 12 for part in parts):
        raise Problem(400, "invalid_parameter", f"{name} must be a cursor from this route, or a turn's number")
    return Cursor(int(turn), int(index) if dot else default_index)
