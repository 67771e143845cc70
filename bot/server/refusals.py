"""Who came with credentials that are not valid: counted each time, told once a minute of each address."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from bot.auth.authenticator import credential_kind
from bot.logs import Log
from bot.server.metrics import Metrics

_TOLD_EVERY = 60.0
_MOST_ADDRESSES = 10_000


class _Told(Struct):
    """Until when an address is not told of again, and how often it came since it was."""

    silent_until: float
    since: int = 0


class Refusals:
    """Tells the log of the first refusal of an address, then of how many more there were; `clock` gives seconds."""

    def __init__(self, metrics: Metrics, log: Log, clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._log = log
        self._clock = clock
        self._told: dict[str, _Told] = {}

    def note(self, header: str | None, address: str, route: str) -> None:
        """Somebody at `address` came to this route with this Authorization header (None: with `?token=`)."""
        kind, now = credential_kind(header), self._clock()
        self._metrics.credentials_refused(kind)
        told = self._told.get(address)
        if told is not None and now < told.silent_until:
            told.since += 1
            return
        if len(self._told) >= _MOST_ADDRESSES:
            self._told.clear()
        self._told[address] = _Told(now + _TOLD_EVERY)
        more = {"since_last": told.since} if told is not None and told.since else {}
        self._log.warning("credentials_refused", kind=kind, address=address, route=route, **more)
