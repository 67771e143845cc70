"""What leaves a sick service alone: a circuit breaker."""

from __future__ import annotations

from collections.abc import Callable


class Breaker:
    """A circuit breaker (Nygard, *Release It!*): after `failures` failed tries in a row it lets nothing through for
    `seconds`, then a single probe, whose outcome closes it or opens it again. `monotonic` gives seconds."""

    def __init__(self, failures: int, seconds: float, monotonic: Callable[[], float]) -> None:
        self._limit = failures
        self._seconds = seconds
        self._monotonic = monotonic
        self._failures = 0
        self._opened: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether the next try would be turned away."""
        return self._opened is not None and (self._probing or self._wait_left() > 0)

    def _wait_left(self) -> float:
        return 0.0 if self._opened is None else self._opened + self._seconds - self._monotonic()

    def retry_after(self) -> float:
        """Seconds until a try may be let through."""
        return max(self._wait_left(), 0.0)

    def enter(self) -> bool:
        """Ask for one try; after True, exactly one of `succeeded`, `failed` and `left` must follow."""
        if self.is_open:
            return False
        self._probing = self._opened is not None
        return True

    def succeeded(self) -> None:
        """The service answered."""
        self._failures, self._opened, self._probing = 0, None, False

    def failed(self) -> None:
        """The service did not answer, or said it could not."""
        self._failures += 1
        if self._probing or self._failures >= self._limit:
            self._opened = self._monotonic()
        self._probing = False

    def left(self) -> None:
        """The try was given up by the caller and says nothing about the service."""
        self._probing = False
