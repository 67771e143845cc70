"""A whole bot in virtual time: workers that crash, a store and a bank that fail, clients that try again; all by seed.

The engine, the turn store's SQL and the effects are the real ones; simulated are time, the disk's and the network's
delays and faults, and the bank. A run is a pure function of its settings: `trace` tells two runs apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from bot.actions.turn import Turn
from bot.app.verifying import TurnFold
from bot.config import Limits
from bot.dialogue.effects import EffectResult
from bot.engine.background import Background
from bot.engine.codec import read_record
from bot.engine.effects import Effects
from bot.engine.engine import Engine
from bot.errors import BotError, StoreUnavailable
from bot.messages import Principal, UserMessage
from bot.sources import Sources
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.dialects import Sqlite
from bot.stores.schema import migrate
from bot.stores.turns import SqlTurns
from bot.stores.verifying import verify
from tests.durability.history import Seen, counting_engine, say_count, violations
from tests.durability.virtual_time import run_virtually

T = TypeVar("T")
START = datetime(2026, 11, 3, tzinfo=UTC)
KEY = Principal("key", "key:simulation")
CONFIRM_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Settings:
    """A simulation's settings; chances are per call.

    Two controls: `careless` creates a new key per attempt, which pays twice; a `hasty` store acknowledges a turn before
    it is durable, and loses those that fail then.
    """

    seed: int
    conversations: int = 20
    transfers: int = 3
    workers: int = 2
    crashes: int = 3
    store_fails: float = 0.03
    bank_fails: float = 0.2
    careless: bool = False
    hasty: bool = False


@dataclass
class Result:
    """A simulation's result: everything wrong with it, and a hash of what happened."""

    problems: list[str]
    trace: str
    turns: int
    payments: int
    crashes: int


@dataclass
class World:
    """What all parts of one simulation share."""

    settings: Settings
    chance: random.Random
    events: list[str] = field(default_factory=list)
    ids: int = 0
    calm: bool = False

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    def new_id(self) -> str:
        self.ids += 1
        return f"{self.ids:032x}"

    def sources(self) -> Sources:
        return Sources(now=self.now, new_id=self.new_id, seed=lambda: self.chance.getrandbits(64))

    def note(self, what: str) -> None:
        self.events.append(f"{asyncio.get_running_loop().time():.6f} {what}")

    async def delay(self, mean: float) -> None:
        await asyncio.sleep(self.chance.expovariate(1 / mean))

    def fails(self, chance: float) -> bool:
        return not self.calm and self.chance.random() < chance


class SimulatedDatabase:
    """The real SQL on SQLite in memory; a write takes time before and after its COMMIT, and either may go wrong."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.dialect = Sqlite(cast("Any", None))
        self.connection = Connection(sqlite3.connect(":memory:", isolation_level=None), self.dialect)
        migrate(self.connection, self.dialect)

    async def read(self, work: Callable[[Connection], T]) -> T:
        await self._world.delay(0.0005)
        self._fail_sometimes()
        return work(self.connection)

    look = scan = read

    async def write(self, work: Callable[[Connection], T], *, order: str = "") -> T:
        await self._world.delay(0.002)
        self._fail_sometimes()
        self.connection.begin()
        try:
            result = work(self.connection)
        except Exception:
            self.connection.rollback()
            raise
        if self._world.settings.hasty and self._world.fails(self._world.settings.store_fails):
            self.connection.rollback()
            return result
        self.connection.run("COMMIT")
        await self._world.delay(0.002)
        self._fail_sometimes()
        return result

    async def write_together(
        self, work: Callable[[Connection, Sequence[Any]], Sequence[T]], item: Any, *, order: str = ""
    ) -> T:
        return (await self.write(lambda connection: work(connection, [item])))[0]

    def _fail_sometimes(self) -> None:
        if self._world.fails(self._world.settings.store_fails):
            raise StoreUnavailable("simulated")


class SimulatedBank:
    """The effect `transfer`: a bank that honours keys, loses answers and hangs. `paid` counts by what was meant."""

    settled_action = "action_settled"

    def __init__(self, world: World) -> None:
        self._world = world
        self.payments: dict[str, str] = {}
        self.paid: Counter[str] = Counter()

    async def perform(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        await self._world.delay(0.05)
        fate = self._world.chance.choice(["before", "after", "hang", "hang after"])
        if not self._world.fails(self._world.settings.bank_fails):
            fate = "fine"
        self._world.note(f"bank {key} {fate}")
        if fate in ("fine", "after", "hang after"):
            self._pay(key, parameters)
        if fate.startswith("hang"):
            await asyncio.sleep(60)
        return EffectResult("done") if fate == "fine" else EffectResult("unknown")

    async def find(self, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        await self._world.delay(0.05)
        if self._world.fails(self._world.settings.bank_fails):
            return EffectResult("unknown")
        if key in self.payments:
            return EffectResult("done")
        over = self._world.now() > datetime.fromisoformat(parameters["not_after"])
        return EffectResult("refused") if over else EffectResult("unknown")

    def _pay(self, key: str, parameters: Mapping[str, Any]) -> None:
        if key not in self.payments and self._world.now() <= datetime.fromisoformat(parameters["not_after"]):
            self.payments[key] = parameters["meant"]
            self.paid[parameters["meant"]] += 1


class Worker:
    """One process: an engine that may die at any moment, with all that it was doing."""

    def __init__(self, world: World, database: SimulatedDatabase, bank: SimulatedBank) -> None:
        self._world, self._database, self._bank = world, database, bank
        self.start()

    def start(self) -> None:
        sources = self._world.sources()
        store = SqlTurns(cast("Database", self._database), sources)
        effects = Effects(store, {"transfer": self._bank}, sources)
        actions = {"action_move": _move(self._world), "action_yes": _yes(self._world), "action_settled": _settled}
        self.engine: Engine = counting_engine(store, sources, actions=actions, effects=effects, limits=Limits())
        self._settling = asyncio.create_task(self._settle(Background(self.engine, sources)))

    def crash(self) -> None:
        self._settling.cancel()
        for running in list(self.engine._running.values()):
            running.task.cancel()

    async def _settle(self, background: Background) -> None:
        while True:
            await asyncio.sleep(5)
            with contextlib.suppress(BotError):
                await background.settle_effects()


def _move(world: World) -> Callable[[Turn], Any]:
    async def move(turn: Turn) -> None:
        """Ask for a confirmation; the message's second word names what is meant."""
        turn.prepare("transfer", _parameters(world, turn.message.text.split()[1]))
        say_count(turn, "sure?")

    return move


def _yes(world: World) -> Callable[[Turn], Any]:
    async def yes(turn: Turn) -> None:
        if world.settings.careless and turn.tracker.effect is not None:
            turn.prepare("transfer", turn.tracker.effect.parameters)
        outcome = (await turn.spend()).outcome if turn.tracker.effect is not None else "nothing to confirm"
        say_count(turn, outcome)

    return yes


async def _settled(turn: Turn) -> None:
    say_count(turn, f"news: {turn.message.metadata['effect']['outcome']}")


def _parameters(world: World, meant: str) -> dict[str, Any]:
    return {"meant": meant, "not_after": (world.now() + CONFIRM_WITHIN).isoformat()}


class Client:
    """Sends each message, under one id, to any worker, until one answers; says yes twice now and then."""

    def __init__(self, world: World, workers: list[Worker], number: int) -> None:
        self._world, self._workers, self._number = world, workers, number
        self.conversation = ""
        self.seen: list[Seen] = []

    async def run(self) -> None:
        self.conversation = await self._retry(
            lambda: self._workers[0].engine.store.conversation_id(KEY.id, "rest", str(self._number))
        )
        for transfer in range(self._world.settings.transfers):
            await self._world.delay(1.0)
            await self._say(f"move c{self._number}-{transfer}", f"{transfer}-move")
            yes = [self._say("yes", f"{transfer}-yes") for _ in range(self._world.chance.choice([1, 1, 2]))]
            await asyncio.gather(*yes)
            if self._world.fails(0.3):
                await self._say("yes", f"{transfer}-yes-again")

    async def _say(self, text: str, message_id: str) -> None:
        loop = asyncio.get_running_loop()
        sent = loop.time()
        message = UserMessage(text, self.conversation, message_id, START, KEY, "rest", str(self._number))

        async def once() -> Any:
            return await self._world.chance.choice(self._workers).engine.handle(message)

        answer = await self._retry(once)
        word = answer.replies[0]["text"].split()[0] if answer.replies else str(answer.seq)
        count = int(word) if word.isdigit() else answer.seq
        self._world.note(f"c{self._number} {message_id} {answer.body.decode()}")
        self.seen.append(Seen(sent, loop.time(), message_id, answer.seq, count))

    async def _retry(self, call: Callable[[], Any]) -> Any:
        while True:
            try:
                return await call()
            except (BotError, asyncio.CancelledError):
                current = asyncio.current_task()
                if current is not None and current.cancelling():
                    raise
            await self._world.delay(0.5)


def simulate(settings: Settings) -> Result:
    """Run one simulation; the same settings give the same result."""
    return run_virtually(_simulate(settings))


async def _simulate(settings: Settings) -> Result:
    world = World(settings, random.Random(settings.seed))
    database, bank = SimulatedDatabase(world), SimulatedBank(world)
    workers = [Worker(world, database, bank) for _ in range(settings.workers)]
    clients = [Client(world, workers, number) for number in range(settings.conversations)]
    talking = asyncio.gather(*[client.run() for client in clients])
    for _ in range(settings.crashes):
        await world.delay(1.0)
        worker = world.chance.choice(workers)
        world.note(f"crash of worker {workers.index(worker)}")
        worker.crash()
        worker.start()
    await talking
    world.calm = True  # whatever was in doubt must be known in the end
    # What was still unknown just before is retried after half as long as it has been open.
    await asyncio.sleep(1.5 * CONFIRM_WITHIN.total_seconds() + 300)
    for worker in workers:
        worker.crash()
    report = await verify(cast("Database", database), TurnFold)
    problems = report.problems + list(map(str, report.open_effects))
    connection = database.connection
    problems += [problem for client in clients for problem in _conversation_problems(connection, client)]
    problems += _money_problems(connection, bank)
    turns = connection.all("SELECT count(*) AS n FROM turns")[0].n
    trace = hashlib.sha256("\n".join(world.events).encode()).hexdigest()
    connection.close()
    return Result(problems, trace, turns, len(bank.payments), settings.crashes)


def _conversation_problems(connection: Connection, client: Client) -> list[str]:
    rows = connection.all("SELECT record FROM turns WHERE conversation = :c", c=client.conversation)
    ids = [read_record(row.record).message.message_id for row in rows]
    problems = [] if len(ids) == len(set(ids)) else ["a message was answered twice"]
    if not {seen.message for seen in client.seen} <= set(ids):
        problems.append("an answered message is lost")
    # Late outcomes are separate turns between those that the client knows: only the order of its own is checked.
    order = {seq: number for number, seq in enumerate(sorted({seen.turn for seen in client.seen}), start=1)}
    mine = [Seen(s.sent, s.answered, s.message, order[s.turn], order[s.turn]) for s in client.seen]
    return [f"{client.conversation}: {problem}" for problem in problems + violations(mine)]


def _money_problems(connection: Connection, bank: SimulatedBank) -> list[str]:
    effects = {row.key: row.status for row in connection.all("SELECT key, status FROM effects")}
    problems = [f"{meant} was paid {times} times" for meant, times in sorted(bank.paid.items()) if times > 1]
    done = {key for key, status in effects.items() if status == "done"}
    if done != set(bank.payments):
        problems.append(f"{len(done)} transfers are known, and {len(bank.payments)} were paid")
    return problems
