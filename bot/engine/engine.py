"""The engine: accepts messages, answers each exactly once, and releases no reply before it is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from time import perf_counter
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from bot.config import Settings
from bot.dialogue.events import ActiveLoop, AllSlotsReset, ReminderCancelled, ReminderScheduled
from bot.engine.agent import Agent
from bot.engine.backlog import Backlog
from bot.engine.codec import answer_body, record_to_json
from bot.engine.deadline import one_turn
from bot.engine.effects import Effects
from bot.engine.lines import Lines, Place
from bot.engine.protocols import EffectEntry, Loaded, Outgoing, TurnCommit, TurnStore
from bot.engine.record import Answer, NoLongerDue, TurnRecord
from bot.engine.running import RunningTurn
from bot.engine.snapshots import RecentSnapshots, Snapshot, session_is_over, snapshot_after
from bot.engine.watch import Watch
from bot.engine.work import MessageWork, Work
from bot.errors import Busy, MessageIdReused, SequenceConflict, StoreUnavailable, TurnTimedOut
from bot.messages import UserMessage
from bot.sources import Chance, Sources

CONFLICT_TRIES = 16
"""How often a turn is computed while other writers keep being first; each conflict means that one of them got on."""

RECENT_CONVERSATIONS = 72
"""How many conversations' latest snapshots are cached, in total."""

Addressing: TypeAlias = Callable[[UserMessage, TurnRecord], tuple[Outgoing, ...]]
Answers: TypeAlias = list[Answer | MessageIdReused]


class _Running(Struct, frozen=True):
    fingerprint: str
    task: asyncio.Task[Answer]


class _Progress(Struct, frozen=True):
    """Work under way, the timer that ends it (until it is committed), and when it started (perf_counter)."""

    work: Work
    clock: asyncio.Timeout
    started: float = field(default_factory=perf_counter)


class _Computed(Struct, frozen=True):
    """A turn that is computed and not yet committed."""

    record: TurnRecord
    snapshot: Snapshot
    effects: tuple[EffectEntry, ...]


class Engine:
    """Answers messages, one at a time within a conversation, concurrently across conversations.

    `agent` may be replaced between turns; a turn keeps the one it began with.
    `addressing` makes the outgoing replies of asynchronous channels, by channel.
    """

    def __init__(
        self,
        agent: Agent,
        store: TurnStore,
        effects: Effects,
        settings: Settings,
        sources: Sources,
        *,
        watch: Watch | None = None,
        addressing: Mapping[str, Addressing] | None = None,
    ) -> None:
        self.agent = agent
        self.store = store
        self.effects = effects
        self.limits = settings.limits
        self._idle = timedelta(seconds=settings.sessions.idle_seconds)
        self._sources = sources
        self.watch = watch or Watch()
        self.addressing = dict(addressing or {})
        self._lines = Lines(settings.limits)
        self._recent = RecentSnapshots(RECENT_CONVERSATIONS)
        self._backlog = Backlog(store, sources)
        self._running: dict[tuple[str, str], _Running] = {}
        self._batches: set[asyncio.Task[Answers]] = set()
        self.reminders_changed = asyncio.Event()
        self.outbox_changed = asyncio.Event()

    @property
    def waiting(self) -> int:
        """The number of messages that are being answered or waiting."""
        return self._lines.waiting

    async def handle(self, message: UserMessage) -> Answer:
        """Answer a message; the answer is durable when this returns.

        A repeat of a message id returns the stored answer, or joins the turn that
        is under way. A caller that is cancelled does not cancel the turn.
        Raises the TurnErrors: Busy, MessageIdReused, TurnTimedOut, StoreUnavailable.
        """
        return await self.perform(MessageWork(message))

    async def perform(self, work: Work) -> Answer:
        """Answer any work, as `handle` does for messages."""
        message = work.message
        key = (message.conversation, message.message_id)
        running = self._running.get(key)
        if running is None:
            running = self._start(key, work, self._lines.join(key[0]))
        elif running.fingerprint != work.fingerprint:
            raise MessageIdReused("the message id is in use for another message")
        return await asyncio.shield(running.task)

    async def handle_all(self, messages: Sequence[UserMessage]) -> Answers:
        """Answer messages of one conversation that came together, in order, as `handle` does; no other comes between.

        Together they take one place in the queue; each has a full turn's time. MessageIdReused is returned, not raised.
        Raises the TurnError of the first that cannot be answered now; those behind it do not overtake it.
        """
        place = self._lines.join(messages[0].conversation)
        task = asyncio.create_task(self._answer_all(messages, place))
        self._batches.add(task)
        task.add_done_callback(self._batches.discard)
        task.add_done_callback(self.watch.report_if_failed)
        return await asyncio.shield(task)

    async def accept(self, message: UserMessage) -> None:
        """Make a message of an asynchronous channel durable, and answer it in the background.

        Raises MessageIdReused, Busy and StoreUnavailable; a repeat is accepted and changes nothing.
        """
        # Another worker that reads it in the store may answer it: from here on its id may be known there.
        message = replace(message, id_is_ours=False)
        work = MessageWork(message, accepted=True)
        place = self._lines.join(message.conversation)
        is_new = False
        try:
            is_new = await self.store.accept(message, work.fingerprint)
        finally:
            if not is_new:
                place.leave()
        if is_new:
            self._start((message.conversation, message.message_id), work, place)

    async def drain(self, *, waiting_for: timedelta = timedelta()) -> int:
        """Answer accepted messages without an answer, in order per conversation; return how many were answered.

        To be awaited at the start, before new messages are taken, and now and then afterwards for those whose turn
        failed, which have waited for `waiting_for`.
        """
        return await self._backlog.answer(waiting_for, self.perform)

    async def finish(self, seconds: float) -> None:
        """Wait for the turns under way, for at most `seconds`."""
        tasks = [*(running.task for running in self._running.values()), *self._batches]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    def _start(self, key: tuple[str, str], work: Work, place: Place) -> _Running:
        task = asyncio.create_task(self._answer(work, place))
        running = self._running[key] = _Running(work.fingerprint, task)
        task.add_done_callback(lambda _: self._running.pop(key, None))
        task.add_done_callback(self.watch.report_if_failed)
        return running

    async def _answer(self, work: Work, place: Place) -> Answer:
        try:
            async with asyncio.timeout(self.limits.turn_seconds) as clock, place:
                if work.accepted:
                    await self._answer_earlier(work.message, clock)
                return await self._answer_in_turn(_Progress(work, clock))
        except TimeoutError as error:
            raise TurnTimedOut from error

    async def _answer_all(self, messages: Sequence[UserMessage], place: Place) -> Answers:
        try:
            async with asyncio.timeout(self.limits.turn_seconds) as waiting, place:
                waiting.reschedule(None)
                return [await self._answer_unless_reused(message) for message in messages]
        except TimeoutError as error:
            raise TurnTimedOut from error

    async def _answer_unless_reused(self, message: UserMessage) -> Answer | MessageIdReused:
        try:
            return await self._answer_with_full_time(MessageWork(message))
        except MessageIdReused as error:
            self.watch.turn_failed(error)
            return error

    async def _answer_earlier(self, message: UserMessage, clock: asyncio.Timeout) -> None:
        """Answer what the conversation accepted earlier and whose turn failed, so that nothing overtakes it.

        If the store is still unavailable, this message waits, too; one that cannot be answered at all, or in time,
        delays the others by no more than its own time, and not at all while it is postponed.
        """
        earlier = await self.store.accepted_before(message)
        if not earlier:
            return
        clock.reschedule(None)
        for earlier_message in earlier:
            await self._backlog.try_again(earlier_message, self._answer_and_report)
        clock.reschedule(asyncio.get_running_loop().time() + self.limits.turn_seconds)

    async def _answer_and_report(self, work: Work) -> Answer:
        try:
            return await self._answer_with_full_time(work)
        except (Busy, StoreUnavailable):
            raise
        except Exception as error:
            self.watch.turn_failed(error)
            raise

    async def _answer_with_full_time(self, work: Work) -> Answer:
        async with asyncio.timeout(self.limits.turn_seconds) as clock:
            return await self._answer_in_turn(_Progress(work, clock))

    async def _answer_in_turn(self, progress: _Progress) -> Answer:
        message = progress.work.message
        deadline = progress.clock.when()
        with one_turn(progress.clock):
            for conflicts in range(CONFLICT_TRIES):
                async with self.store.hold(message.conversation, _known_id(message)) as fence:
                    if not conflicts:
                        await progress.work.begin(self.store)
                    try:
                        return await self._try_once(progress, fence)
                    except SequenceConflict:
                        self.watch.turn_conflicted()
                        if progress.clock.expired():
                            raise TurnTimedOut from None
                        progress.clock.reschedule(deadline)
        raise StoreUnavailable("another worker keeps changing this conversation")

    async def _try_once(self, progress: _Progress, fence: int) -> Answer:
        work = progress.work
        message = work.message
        if not await work.is_due(self.store):
            raise NoLongerDue
        loaded = await self.store.load(message.conversation, _known_id(message))
        if loaded.stored is not None:
            if loaded.stored.fingerprint != work.fingerprint:
                raise MessageIdReused("the message id was used for another message")
            if loaded.stored.body is not None:
                return Answer(message.conversation, loaded.stored.seq, message.message_id, loaded.stored.body)
        computed = await self._compute(work, loaded)
        computed.record.timings["waited_and_computed"] = perf_counter() - progress.started
        # We set no deadline for the commit: once handed over, only the store knows how it ends.
        if not progress.clock.expired():  # it has, if an action ignored it: then its turn is answered late
            progress.clock.reschedule(None)
        body = await self._commit(work, computed, loaded, fence)
        self.watch.report(computed.record)
        return Answer(message.conversation, computed.record.seq, message.message_id, body)

    async def _compute(self, work: Work, loaded: Loaded) -> _Computed:
        now = self._sources.now()
        seed = self._sources.seed()
        before = self._recent.get(work.message.conversation, loaded)
        turn = RunningTurn(
            self.agent,
            before.tracker,
            before.addressed(work.message, background=work.background),
            now=now,
            random=Chance(seed),
            new_id=self._sources.new_id,
            times=before.times,
            effects=self.effects,
            action_seconds=self.limits.action_seconds,
            watch=self.watch,
            channel=before.channel if work.background else "",
        )
        await self._open_session(turn, work, before, loaded)
        await work.run(turn, self.limits.actions_per_turn)
        record = TurnRecord(
            seq=loaded.seq + 1,
            message=work.message,
            events=tuple(turn.events),
            steps=tuple(turn.steps),
            now=now,
            seed=seed,
            content=turn.agent.fingerprint,
            timings=turn.timings,
            given_times=turn.given_times,
        )
        after = snapshot_after(record, turn.trimmed(), before, background=work.background)
        return _Computed(record, after, work.effects + turn.effects)

    async def _open_session(self, turn: RunningTurn, work: Work, before: Snapshot, loaded: Loaded) -> None:
        """Start a session when the last one is over; a new login carries nothing over from the one before it.

        A message that is being given up starts none (that may be what crashes the process); the next message does.
        """
        if work.background:
            return
        login = work.message.principal.login or ""
        new_login = loaded.seq > 0 and login != before.login
        if new_login:
            turn.apply([ActiveLoop(None), AllSlotsReset()])
        config = turn.agent.content.domain.session
        if not work.given_up and (new_login or session_is_over(before, loaded.last_turn_at, turn.now, config)):
            await turn.start_session()

    async def _commit(self, work: Work, computed: _Computed, loaded: Loaded, fence: int) -> bytes:
        record, message = computed.record, computed.record.message
        body = answer_body(message.conversation, record.seq, message.message_id, record.replies)
        addressing = self.addressing.get(computed.snapshot.channel if work.replies_to is None else work.replies_to)
        reminders = tuple([e for e in record.events if isinstance(e, (ReminderScheduled, ReminderCancelled))])
        commit = TurnCommit(
            conversation=message.conversation,
            seq=record.seq,
            message_id=message.message_id,
            fingerprint=work.fingerprint,
            record=record_to_json(record),
            snapshot=computed.snapshot.to_json(),
            body=body,
            at=record.now,
            fence=fence,
            session=None if work.background else message.principal.session,
            session_idle_until=record.now + self._idle,
            outbox=addressing(replace(message, sender=computed.snapshot.sender), record) if addressing else (),
            reminders=reminders,
            user_spoke=not work.background,
            fired=work.fired,
            had_reminders=loaded.has_reminders,
            effects=computed.effects,
        )
        started = perf_counter()
        await self.store.commit(commit)
        self._recent.keep(commit.conversation, commit.snapshot, computed.snapshot)
        record.timings["commit"] = perf_counter() - started
        if reminders:
            self.reminders_changed.set()
        if commit.outbox:
            self.outbox_changed.set()
        return body


def _known_id(message: UserMessage) -> str | None:
    """The id under which the message may have arrived before; None for an id that we generated."""
    return None if message.id_is_ours else message.message_id
