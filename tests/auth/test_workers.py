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


class Two:
    """Two workers on one database: the first one's COMMITs can be held back."""

    def __init__(self, gate: Gate, databases: tuple[Database, Database], auths: tuple[Auth, Auth]) -> None:
        self.gate = gate
        self.databases = databases
        self.first, self.second = auths

    async def while_held(self, held: Awaitable[Any], other: Callable[[], Awaitable[Any]]) -> tuple[Any, Any]:
        """The result of `held`, which the first worker is about to commit while the second one's `other` waits."""
        first = await self.gate.hold(held)
        second = asyncio.ensure_future(other())
        await self._somebody_waits()
        self.gate.open.set()
        async with asyncio.timeout(20):
            outcomes = await asyncio.gather(first, second, return_exceptions=True)
        return outcomes[0], outcomes[1]

    async def _somebody_waits(self) -> None:
        sql = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted"
        async with asyncio.timeout(20):
            while not await self.databases[0].read(lambda c: c.one(sql)[0]):  # type: ignore[index]
                await asyncio.sleep(0.005)


@asynccontextmanager
async def _two(url: str, settings: Settings, sources: Sources) -> AsyncIterator[Two]:
    gate = Gate()
    async with AsyncExitStack() as stack:
        databases = (Database.open(url, wrap=gate.wrap), Database.open(url))
        for database in databases:
            stack.push_async_callback(database.close)
        auths = (await open_auth(databases[0], settings, sources), await open_auth(databases[1], settings, sources))
        for auth in auths:
            stack.callback(auth.close)
        yield Two(gate, databases, auths)
        gate.open.set()


@pytest.fixture
async def two(cluster: Cluster, settings: Settings, sources: Sources) -> AsyncIterator[Two]:
    async with _two(cluster.new_database(), settings, sources) as two:
        yield two


async def lives(auth: Auth, token: str) -> bool:
    try:
        await auth.sessions.find(token)
    except NotAuthenticated:
        return False
    return True


async def test_a_logout_ends_the_token_that_another_worker_rotates_to_at_the_same_moment(two: Two) -> None:
    customer = await two.first.customers.add(ACCOUNT, CODE, "bank-3")
    session = await two.first.sessions.open(customer.id)
    row = await two.first.sessions.find(session.token)
    new, ended = await two.while_held(two.first.sessions.rotate(row), lambda: two.second.sessions.end(row.id))
    assert ended
    assert not await lives(two.second, new.token)
    assert not await lives(two.second, session.token)


@pytest.mark.parametrize("what", ["disable", "reset"])
async def test_a_closed_account_has_no_token_that_another_worker_rotates_to_at_the_same_moment(
    two: Two, what: str
) -> None:
    customer = await two.first.customers.add(ACCOUNT, CODE, "bank-3")
    session = await two.first.sessions.open(customer.id)
    row = await two.first.sessions.find(session.token)
    customers = two.second.customers
    close = {"disable": lambda: customers.disable(ACCOUNT), "reset": lambda: customers.reset_code(ACCOUNT, "111111")}
    new, closed = await two.while_held(two.first.sessions.rotate(row), close[what])
    assert closed
    await customers.enable(ACCOUNT)
    assert not await lives(two.second, new.token)


async def test_a_login_with_the_code_that_another_worker_resets_at_the_same_moment_is_refused(two: Two) -> None:
    await two.first.customers.add(ACCOUNT, CODE, "bank-3")
    done, login = await two.while_held(
        two.first.customers.reset_code(ACCOUNT, "111111"), lambda: two.second.login.login(ACCOUNT, CODE, "127.0.0.1")
    )
    assert done
    assert isinstance(login, LoginRefused)
    assert not await two.first.sessions.list()


async def test_a_reset_ends_the_session_that_another_worker_is_about_to_begin(two: Two) -> None:
    customer = await two.first.customers.add(ACCOUNT, CODE, "bank-3")
    opening = two.first.sessions.open(customer.id, code_hash=customer.code_hash)
    session, done = await two.while_held(opening, lambda: two.second.customers.reset_code(ACCOUNT, "111111"))
    assert done
    assert not await lives(two.first, session.token)


LIMITS = Login(attempts_in_all=10**6, attempts_per_address=10**6, failures=10**6)


_IS_FREE = "SELECT name FROM throttles WHERE name = 'account:2' FOR UPDATE NOWAIT"


async def test_a_worker_that_waits_for_the_throttles_holds_nothing_of_them(two: Two, sources: Sources) -> None:
    """The second worker asks first for everybody's row, which the first one has, so nobody waits for the second."""
    first, second = (ThrottleStore(database) for database in two.databases)
    mine, same = (ThrottleNames(f"account:{n}", "address:1", f"account:{n}@1") for n in (1, 2))
    await first.reserve(same, sources.now(), LIMITS)
    for wanted in (
        lambda: second.reserve(same, sources.now(), LIMITS),
        lambda: second.settle(same, sources.now(), LIMITS, right=False),
        lambda: second.settle(same, sources.now(), LIMITS, right=True),
        lambda: second.release(same, sources.now()),
    ):
        held = await two.gate.hold(first.reserve(mine, sources.now(), LIMITS))
        waiting = asyncio.ensure_future(wanted())
        await two._somebody_waits()
        assert await two.databases[0].read(lambda c: c.one(_IS_FREE)) == ("account:2",)
        two.gate.open.set()
        async with asyncio.timeout(20):
            await asyncio.gather(held, waiting)
