"""The store against a model of a few dictionaries, under any order of calls, conflicts and restarts."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from msgspec.structs import replace

from bot.engine.protocols import EffectEntry, Outgoing, TurnCommit
from bot.errors import MessageIdReused, SequenceConflict
from bot.stores.database import Database
from bot.stores.turns import SqlTurns
from tests.stores.examples import NOW, Clock, begin_conversation_of_entries, entry, message, turn

SENDERS = st.sampled_from(["a", "b", "c"])
IDS = st.sampled_from([f"m{n}" for n in range(6)])
FINGERPRINTS = st.sampled_from(["f1", "f2"])
STATUSES = ["spending", "unknown", "done", "refused"]


class Model:
    """What the store must know."""

    def __init__(self) -> None:
        self.turns: dict[str, list[TurnCommit]] = {}
        self.answers: dict[tuple[str, str], tuple[str, bytes | None]] = {}
        self.accepted: list[tuple[str, str]] = []
        self.outbox: dict[str, list[str]] = {}
        self.effects: dict[str, EffectEntry] = {}


class StoreMachine(RuleBasedStateMachine):
    """One store, restarted now and then; every call is made on the model too."""

    conversations = Bundle("conversations")
    kind: type[SqlTurns] = SqlTurns

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        self.folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.model = Model()
        self.names: dict[str, str] = {}
        self.outgoing = 0
        self.open()
        self.do(self.store.database.write(begin_conversation_of_entries))

    def open(self) -> None:
        self.store = self.kind(
            Database.open("sqlite:///t.db", project=Path(self.folder.name), readers=1), self.clock.sources()
        )

    def do(self, call: Any) -> Any:
        return self.runner.run(call)

    def teardown(self) -> None:
        self.do(self.store.database.close())
        self.runner.close()
        self.folder.cleanup()

    @rule(target=conversations, sender=SENDERS)
    def begin(self, sender: str) -> str:
        conversation = self.do(self.store.conversation_id("p", "chat", sender))
        assert self.names.setdefault(sender, conversation) == conversation
        self.model.turns.setdefault(conversation, [])
        self.model.outbox.setdefault(conversation, [])
        return conversation

    @rule(
        conversation=conversations,
        ahead=st.sampled_from([1, 1, 1, 0, 2]),
        message_id=IDS,
        fingerprint=FINGERPRINTS,
        replies=st.integers(0, 2),
    )
    def commit(self, conversation: str, ahead: int, message_id: str, fingerprint: str, replies: int) -> None:
        done = self.model.turns[conversation]
        outbox = tuple(Outgoing(f"o{self.outgoing + n}", "c", "u", b"b") for n in range(replies))
        self.outgoing += replies
        commit = turn(conversation, len(done) + ahead, message_id=message_id, fingerprint=fingerprint, outbox=outbox)
        commit = replace(commit, body=b"%d" % self.outgoing)
        before = self.model.answers.get((conversation, message_id))
        if ahead != 1 or (before is not None and before != (fingerprint, None)):
            try:
                self.do(self.store.commit(commit))
            except SequenceConflict:
                return
            raise AssertionError("the store took a turn that is not the next, or an answered message")
        self.do(self.store.commit(commit))
        done.append(commit)
        self.model.answers[conversation, message_id] = (fingerprint, commit.body)
        self.model.outbox[conversation] += [reply.id for reply in outbox]
        if before is not None:
            self.model.accepted.remove((conversation, message_id))

    @rule(conversation=conversations, message_id=IDS, fingerprint=FINGERPRINTS)
    def accept(self, conversation: str, message_id: str, fingerprint: str) -> None:
        before = self.model.answers.get((conversation, message_id))
        try:
            new = self.do(self.store.accept(message(conversation, message_id), fingerprint))
        except MessageIdReused:
            assert before is not None
            assert before[0] != fingerprint
            return
        assert new == (before is None)
        if new:
            self.model.answers[conversation, message_id] = (fingerprint, None)
            self.model.accepted.append((conversation, message_id))

    @rule(key=st.sampled_from(["k1", "k2"]), status=st.sampled_from(STATUSES))
    def journal(self, key: str, status: str) -> None:
        mine = entry(key, status, result=status.encode())
        before = self.model.effects.get(key)
        rank = {"spending": 0, "unknown": 1, "done": 2, "refused": 2}
        stands = mine if before is None or rank[status] > rank[before.status] else before
        result = self.do(self.store.journal(mine))
        assert result == stands
        assert (result is mine) == (stands is mine)
        self.model.effects[key] = stands

    @rule(sent=st.booleans())
    def send_out(self, sent: bool) -> None:
        self.clock.now += timedelta(hours=1)
        due = self.do(self.store.due_outgoing())
        heads = sorted(line[0] for line in self.model.outbox.values() if line)
        assert sorted(d.outgoing.id for d in due) == heads
        for one in due:
            if sent:
                self.do(self.store.mark_sent(one.outgoing.id))
                self.model.outbox[one.conversation].pop(0)
            else:
                self.do(self.store.retry_at(one.outgoing.id, self.clock.now))

    @rule(seconds=st.integers(0, 6))
    def archive(self, seconds: int) -> None:
        self.do(self.store.archive(NOW + timedelta(seconds=seconds)))

    @rule()
    def restart(self) -> None:
        self.do(self.store.database.close())
        self.open()

    @rule(conversation=conversations, before=st.none() | st.integers(0, 8), limit=st.integers(1, 4))
    def page_back(self, conversation: str, before: int | None, limit: int) -> None:
        page = self.do(self.store.turns(conversation, before=before, limit=limit))
        known = [c.seq for c in self.model.turns[conversation] if before is None or c.seq < before]
        assert [t.seq for t in page] == known[-limit:]

    @rule(conversation=conversations, after=st.integers(0, 8), limit=st.integers(1, 4))
    def page_on(self, conversation: str, after: int, limit: int) -> None:
        page = self.do(self.store.turns(conversation, after=after, limit=limit))
        assert [t.seq for t in page] == [c.seq for c in self.model.turns[conversation] if c.seq > after][:limit]

    @rule(conversation=conversations, message_id=IDS)
    def load(self, conversation: str, message_id: str) -> None:
        loaded = self.do(self.store.load(conversation, message_id))
        done = self.model.turns[conversation]
        assert loaded.seq == len(done)
        assert loaded.snapshot == (done[-1].snapshot if done else None)
        answer = self.model.answers.get((conversation, message_id))
        assert (loaded.stored and (loaded.stored.fingerprint, loaded.stored.body)) == answer

    @invariant()
    def accepted_messages_wait_in_order(self) -> None:
        assert [(m.conversation, m.message_id) for m in self.do(self.store.accepted())] == self.model.accepted

    @invariant()
    def open_effects_are_found(self) -> None:
        open_ones = {key for key, e in self.model.effects.items() if e.status in ("spending", "unknown")}
        assert {e.key for e in self.do(self.store.unsettled_effects())} == open_ones


TestStoreModel = StoreMachine.TestCase
TestStoreModel.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


class SpendsAgain(SqlTurns):
    """A store that lets an effect be spent any number of times."""

    async def journal(self, entry: EffectEntry) -> EffectEntry:
        await super().journal(entry)
        return entry


class SpendsAgainMachine(StoreMachine):
    kind = SpendsAgain


def test_model_detects_a_store_that_spends_twice():
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            SpendsAgainMachine,
            settings=settings(
                max_examples=200, stateful_step_count=30, deadline=None, phases=[Phase.generate], print_blob=False
            ),
        )
