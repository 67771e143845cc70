"""Login: checks an account and its code against the store, throttled before any work is done."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from ipaddress import ip_network

from msgspec.structs import replace

from bot import config
from bot.auth.addresses import address_of
from bot.auth.codes import CodeHasher
from bot.auth.pepper import Pepper
from bot.auth.sessions import LoggedIn, Sessions
from bot.errors import Busy, KeyMissing, LoginRefused, LoginsThrottled, LoginThrottled
from bot.sources import Sources
from bot.stores.customers import CustomerRow, CustomerStore
from bot.stores.throttles import ThrottleNames, ThrottleStore


class Login:
    """Logs customers in. `outcome` is called with the result of every completed attempt.

    It is `ok`, `refused`, `throttled`, or `all_throttled` while nobody can log in from a new address.
    """

    def __init__(
        self,
        *,
        customers: CustomerStore,
        throttles: ThrottleStore,
        sessions: Sessions,
        hasher: CodeHasher,
        pepper: Pepper,
        limits: config.Login,
        sources: Sources,
        outcome: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._customers = customers
        self._throttles = throttles
        self._sessions = sessions
        self._hasher = hasher
        self._pepper = pepper
        self._limits = limits
        self._sources = sources
        self._outcome = outcome

    async def login(self, account: str, code: str, address: str) -> LoggedIn:
        """A session for the customer with this account number.

        Raises LoginThrottled (too many attempts; LoginsThrottled for too many
        overall), before the customer is looked up; LoginRefused (unknown, wrong
        or disabled, all with the same work and message); Busy (too many logins
        are being checked); and KeyMissing (the code cannot be checked here).
        """
        names = self._names(account, _network(address))
        wait = await self._throttles.reserve(names, self._sources.now(), self._limits)
        if wait.seconds > 0 and wait.everybody:
            self._outcome("all_throttled")
            raise LoginsThrottled(wait.seconds)
        if wait.seconds > 0:
            self._outcome("throttled")
            raise LoginThrottled(wait.seconds)
        try:
            logged_in = await self._open_session(account, code)
        except (Busy, KeyMissing):
            await self._throttles.release(names, self._sources.now())
            raise
        await self._throttles.settle(names, self._sources.now(), self._limits, right=logged_in is not None)
        if logged_in is None:
            self._outcome("refused")
            raise LoginRefused
        self._outcome("ok")
        return logged_in

    def _names(self, account: str, network: str) -> ThrottleNames:
        name = self._pepper.throttle_name(account)
        return ThrottleNames(name, f"address:{network}", known=f"{name}@{self._pepper.pseudonym(network)}")

    async def _open_session(self, account: str, code: str) -> LoggedIn | None:
        """A session if the code is right, and still is when the session begins.

        If the hash changed in between, the code is checked once more: another login may just have renewed the hash.
        """
        for _ in range(2):
            customer = await self._verified_customer(account, code)
            if customer is None:
                return None
            with contextlib.suppress(LoginRefused):
                return await self._sessions.open(customer.id, code_hash=customer.code_hash)
        return None

    async def _verified_customer(self, account: str, code: str) -> CustomerRow | None:
        """The customer whose code this is, with the hash it was checked against (renewed if that was outdated)."""
        customer = await self._customers.by_account(account)
        verified = await self._hasher.verify(account, code, customer.code_hash if customer else None)
        if customer is None or not verified.right or customer.disabled:
            return None
        if not verified.outdated:
            return customer
        renewed = await self._hasher.hash(account, code)
        await self._customers.set_code_hash(customer.id, renewed, instead_of=customer.code_hash)
        return replace(customer, code_hash=renewed)


def _network(address: str) -> str:
    """The address or network to count attempts by: an IPv6 client owns at least a /64."""
    parsed = address_of(address)
    if parsed is None:
        return hashlib.sha256(address.encode()).hexdigest()
    if parsed.version == 6:
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
