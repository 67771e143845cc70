"""Requests with invalid credentials: each is counted, and logged once a minute per address."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from bot.auth.authenticator import credential_kind
from bot.logs import Log
from bot.server.metrics import Metrics

_LOGGED_EVERY = 60.0  # seconds
_MOST_ADDRESSES = 10_000


class _Logged(Struct):
    """Until when an address is not logged again, and how often it has come since it was."""

    silent_until: float
    since: int = 0


class Refusals:
    """Logs an address's first refusal, then how many more there were; `clock` returns seconds."""

    def __init__(self, metrics: Metrics, log: Log, clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._log = log
        self._clock = clock
        self._logged: dict[str, _Logged] = {}

    def note(self, header: str | None, address: str, route: str) -> None:
        """Record a refused request from `address` to this route with this Authorization header (None: `?token=`)."""
        kind, now = credential_kind(header), self._clock()
        self._metrics.credentials_refused(kind)
        logged = self._logged.get(address)
        if logged is not None and now < logged.silent_until:
            logged.since += 1
            return
        if len(self._logged) >= _MOST_ADDRESSES:
            self._logged.clear()
        self._logged[address] = _Logged(now + _LOGGED_EVERY)
        more = {"since_last": logged.since} if logged is not None and logged.since else {}
        self._log.warning("credentials_refused", kind=kind, address=address, route=route, **more)
