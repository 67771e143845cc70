"""A circuit breaker, which stops calls to a failing service for a while."""

from __future__ import annotations

from collections.abc import Callable


class Breaker:
    """A circuit breaker (Nygard, *Release It!*).

    After `failures` failed tries in a row it lets nothing through for `seconds`, then a single probe, whose outcome
    closes it or opens it again. `monotonic` returns seconds.
    """

    def __init__(self, failures: int, seconds: float, monotonic: Callable[[], float]) -> None:
        self._limit = failures
        self._seconds = seconds
        self._monotonic = monotonic
        self._failures = 0
        self._opened: float | None = None
        self._probe: object = None

    @property
    def is_open(self) -> bool:
        """Whether the next try would be turned away."""
        return self._opened is not None and (self._probe is not None or self._wait_left() > 0)

    def _wait_left(self) -> float:
        return 0.0 if self._opened is None else self._opened + self._seconds - self._monotonic()

    def retry_after(self) -> float:
        """Seconds until a try can be let through."""
        return max(self._wait_left(), 0.0)

    def enter(self) -> object:
        """Ask for one try: None, or a token for it, to pass to exactly one of `succeeded`, `failed` and `left`."""
        if self.is_open:
            return None
        entered = object()
        if self._opened is not None:
            self._probe = entered
        return entered

    def succeeded(self, entered: object) -> None:
        """The service answered."""
        self._failures, self._opened, self._probe = 0, None, None

    def failed(self, entered: object) -> None:
        """The service did not answer, or said it could not."""
        self._failures += 1
        if self._failures >= self._limit:
            self._opened = self._monotonic()
        self.left(entered)

    def left(self, entered: object) -> None:
        """The caller gave up the try, which says nothing about the service."""
        if entered is self._probe:  # an earlier try must not allow another probe
            self._probe = None
