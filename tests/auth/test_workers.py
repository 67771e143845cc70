"""What workers that share a PostgreSQL do to sessions and throttles at the same moment."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from bot.auth.opening import Auth, open_auth
from bot.config import Login, Settings
from bot.errors import LoginRefused, NotAuthenticated
from bot.sources import Sources
from bot.stores.database import Database
from bot.stores.throttles import ThrottleNames, ThrottleStore
from tests.stores.cluster import Cluster

ACCOUNT, CODE = "00123456", "000042"


class Gate:
    """Holds transactions back just before their COMMIT, while it is closed."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def wrap(self, raw: Any) -> Any:
        return _Gated(raw, self)

    async def hold(self, work: Awaitable[Any]) -> asyncio.Task[Any]:
        """Start the work and return when it is about to COMMIT."""
        self.open.clear()
        self.reached.clear()
        task = asyncio.ensure_future(work)
        assert await asyncio.to_thread(self.reached.wait, 20)
        return task  # type: ignore[return-value]


class _Gated:
    def __init__(self, raw: Any, gate: Gate) -> None:
        self._raw, self._gate = raw, gate

    def execute(self, sql: str, parameters: Any) -> Any:
        if sql == "COMMIT" and not self._gate.open.is_set():
            self._gate.reached.set()
            self._gate.open.wait(20)
        return self._raw.execute(sql, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


class TwoWorkers:
    """Two workers on one database: the first one's COMMITs can be held back."""

    def __init__(self, gate: Gate, databases: tuple[Database, Database], auths: tuple[Auth, Auth]) -> None:
        self.gate = gate
        self.databases = databases
        self.first, self.second = auths

    async def while_held(self, held: Awaitable[Any], other: Callable[[], Awaitable[Any]]) -> tuple[Any, Any]:
        """The result of `held`, which the first worker is about to commit while the second one's `other` waits."""
        first = await self.gate.hold(held)
        second = asyncio.ensure_future(other())
        await self.until_somebody_waits()
        self.gate.open.set()
        async with asyncio.timeout(20):
            outcomes = await asyncio.gather(first, second, return_exceptions=True)
        return outcomes[0], outcomes[1]

    async def until_somebody_waits(self) -> None:
        sql = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted"
        async with asyncio.timeout(20):
            while not await self.databases[0].read(lambda c: c.one(sql)[0]):  # type: ignore[index]
                await asyncio.sleep(0.005)


@asynccontextmanager
async def _open_workers(url: str, settings: Settings, sources: Sources) -> AsyncIterator[TwoWorkers]:
    gate = Gate()
    async with AsyncExitStack() as stack:
        databases = (Database.open(url, wrap=gate.wrap), Database.open(url))
        for database in databases:
            stack.push_async_callback(database.close)
        auths = (await open_auth(databases[0], settings, sources), await open_auth(databases[1], settings, sources))
        for auth in auths:
            stack.callback(auth.close)
        yield TwoWorkers(gate, databases, auths)
        gate.open.set()


@pytest.fixture
async def workers(cluster: Cluster, settings: Settings, sources: Sources) -> AsyncIterator[TwoWorkers]:
    async with _open_workers(cluster.new_database(), settings, sources) as workers:
        yield workers


async def lives(auth: Auth, token: str) -> bool:
    try:
        await auth.sessions.find(token)
    except NotAuthenticated:
        return False
    return True


async def test_logout_ends_the_token_of_a_concurrent_rotation(workers: TwoWorkers) -> None:
    customer = await workers.first.customers.add(ACCOUNT, CODE, "bank-3")
    session = await workers.first.sessions.open(customer.id)
    row = await workers.first.sessions.find(session.token)
    new, ended = await workers.while_held(
        workers.first.sessions.rotate(row), lambda: workers.second.sessions.end(row.id)
    )
    assert ended
    assert not await lives(workers.second, new.token)
    assert not await lives(workers.second, session.token)


@pytest.mark.parametrize("what", ["disable", "reset"])
async def test_closing_an_account_ends_the_token_of_a_concurrent_rotation(workers: TwoWorkers, what: str) -> None:
    customer = await workers.first.customers.add(ACCOUNT, CODE, "bank-3")
    session = await workers.first.sessions.open(customer.id)
    row = await workers.first.sessions.find(session.token)
    customers = workers.second.customers
    close = {"disable": lambda: customers.disable(ACCOUNT), "reset": lambda: customers.reset_code(ACCOUNT, "111111")}
    new, closed = await workers.while_held(workers.first.sessions.rotate(row), close[what])
    assert closed
    await customers.enable(ACCOUNT)
    assert not await lives(workers.second, new.token)


async def test_login_during_a_concurrent_code_reset_is_refused(workers: TwoWorkers) -> None:
    await workers.first.customers.add(ACCOUNT, CODE, "bank-3")
    done, login = await workers.while_held(
        workers.first.customers.reset_code(ACCOUNT, "111111"),
        lambda: workers.second.login.login(ACCOUNT, CODE, "127.0.0.1"),
    )
    assert done
    assert isinstance(login, LoginRefused)
    assert not await workers.first.sessions.list()


async def test_code_reset_ends_the_session_of_a_concurrent_login(workers: TwoWorkers) -> None:
    customer = await workers.first.customers.add(ACCOUNT, CODE, "bank-3")
    opening = workers.first.sessions.open(customer.id, code_hash=customer.code_hash)
    session, done = await workers.while_held(opening, lambda: workers.second.customers.reset_code(ACCOUNT, "111111"))
    assert done
    assert not await lives(workers.first, session.token)


LIMITS = Login(attempts_in_all=10**6, attempts_per_address=10**6, failures=10**6)


_IS_FREE = "SELECT name FROM throttles WHERE name = 'account:2' FOR UPDATE NOWAIT"


async def test_worker_waiting_for_throttles_holds_no_throttle_lock(workers: TwoWorkers, sources: Sources) -> None:
    """The second worker asks first for everybody's row, which the first one has, so nobody waits for the second."""
    first, second = (ThrottleStore(database) for database in workers.databases)
    mine, same = (ThrottleNames(f"account:{n}", "address:1", f"account:{n}@1") for n in (1, 2))
    await first.reserve(same, sources.now(), LIMITS)
    for wanted in (
        lambda: second.reserve(same, sources.now(), LIMITS),
        lambda: second.settle(same, sources.now(), LIMITS, right=False),
        lambda: second.settle(same, sources.now(), LIMITS, right=True),
        lambda: second.release(same, sources.now()),
    ):
        held = await workers.gate.hold(first.reserve(mine, sources.now(), LIMITS))
        waiting = asyncio.ensure_future(wanted())
        await workers.until_somebody_waits()
        assert await workers.databases[0].read(lambda c: c.one(_IS_FREE)) == ("account:2",)
        workers.gate.open.set()
        async with asyncio.timeout(20):
            await asyncio.gather(held, waiting)
