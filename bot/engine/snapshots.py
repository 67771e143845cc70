"""The snapshot of a conversation: its tracker, the login it was last used with, and where replies go."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from bot.content import SessionConfig
from bot.dialogue.events import ActionFailed, UserUttered
from bot.dialogue.evolve import evolve_all, trim
from bot.dialogue.packing import PackedTracker, pack, unpack
from bot.dialogue.times import Times, user_spoke_at, without_first
from bot.dialogue.tracker import Tracker
from bot.encoding import reader, write
from bot.engine.protocols import Loaded
from bot.engine.record import TurnRecord
from bot.messages import UserMessage


class Snapshot(Struct, frozen=True):
    """A conversation between two turns. `login` is the customer's login, '' for a key's users.

    `times` say when the tracker's events happened.
    """

    tracker: Tracker
    login: str = ""
    channel: str = ""
    sender: str = ""
    times: Times = ()

    def addressed(self, message: UserMessage, *, background: bool) -> UserMessage:
        """The message as actions see it: in a background turn, its sender is the one that a key last spoke for."""
        return replace(message, sender=self.sender) if background and not self.login else message

    def to_json(self) -> bytes:
        """The snapshot as the store keeps it."""
        return write(_StoredSnapshot(pack(self.tracker), self.login, self.channel, self.sender, self.times))


class _StoredSnapshot(Struct, frozen=True):
    """A snapshot as the store keeps it; `times` was added later."""

    tracker: PackedTracker
    login: str
    channel: str
    sender: str
    times: Times = ()


_read = reader(_StoredSnapshot)

_FOLDED_TURNS = 50
"""User turns that `after_turn` keeps: more than policies look at."""


class RecentSnapshots:
    """A cache of the latest snapshots, so that an ongoing conversation is not decoded from JSON again.

    An entry is valid if its text equals the stored one. Comparing sequence numbers would not be enough: after a
    database has lost its last turns (a standby that lagged behind took over, or a backup was restored), the same number
    means a different turn. An entry equals what its text would be read as: its events were `read_back` before they
    were applied, and others' code gets copies of its values.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[bytes, Snapshot]] = OrderedDict()

    def get(self, conversation: str, loaded: Loaded) -> Snapshot:
        """The snapshot after the last turn, from the cache or from the stored text."""
        kept = self._kept.get(conversation)
        if kept is not None and kept[0] == loaded.snapshot:
            return kept[1]
        return _read_with_times(conversation, loaded)

    def keep(self, conversation: str, text: bytes, snapshot: Snapshot) -> None:
        """Cache the snapshot that a turn committed as `text`; the one cached longest ago is dropped."""
        self._kept[conversation] = (text, snapshot)
        self._kept.move_to_end(conversation)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


def read_snapshot(text: bytes | None, conversation: str) -> Snapshot:
    """The snapshot in a stored text; a new conversation's if there is none."""
    if text is None:
        return Snapshot(Tracker(conversation=conversation))
    stored = _read(text)
    return Snapshot(unpack(stored.tracker), stored.login, stored.channel, stored.sender, stored.times)


def _read_with_times(conversation: str, loaded: Loaded) -> Snapshot:
    """The stored snapshot; if it has no times, all its events are taken to have happened with the last turn."""
    snapshot = read_snapshot(loaded.snapshot, conversation)
    if snapshot.times or loaded.last_turn_at is None:
        return snapshot
    return replace(snapshot, times=((len(snapshot.tracker.events), loaded.last_turn_at.timestamp()),))


def snapshot_after(record: TurnRecord, tracker: Tracker, before: Snapshot, *, background: bool) -> Snapshot:
    """The snapshot after a turn; a background turn keeps the login and where replies go."""
    times = (*before.times, (len(record.events), record.now.timestamp()))
    trimmed = len(before.tracker.events) + len(record.events) - len(tracker.events)
    if trimmed:
        times = without_first(times, trimmed)
    if background:
        return replace(before, tracker=tracker, times=times)
    message = record.message
    return Snapshot(tracker, message.principal.login or "", message.channel, message.sender, times)


def after_turn(record: TurnRecord, tracker: Tracker) -> Tracker:
    """The tracker after a recorded turn."""
    return trim(evolve_all(record.events, tracker), _FOLDED_TURNS)


def session_is_over(before: Snapshot, last_turn_at: datetime | None, now: datetime, config: SessionConfig) -> bool:
    """Whether the user was silent for longer than the session's expiration time (0: never over).

    What others write to the conversation does not count; if no message of the user is known, the last turn counts.
    """
    if last_turn_at is None or _no_session_began(before.tracker):
        return True
    if config.expiration_minutes <= 0:
        return False
    earliest = now.timestamp() - config.expiration_minutes * 60
    if before.times and before.times[0][1] >= earliest:  # everything kept is younger, the user's messages too
        return False
    spoke_at = user_spoke_at(before.tracker.events, before.times) or last_turn_at.timestamp()
    return spoke_at < earliest


def _no_session_began(tracker: Tracker) -> bool:
    """Whether all turns so far were given up, so that no session has started; any other turn has earlier events."""
    given_up = bool(tracker.events) and type(tracker.events[0]) is ActionFailed
    return given_up and not any(type(event) is UserUttered for event in tracker.events)
