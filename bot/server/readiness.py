"""Whether the bot can do its work: checked in the background, answered from memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal, TypeAlias

from bot.errors import PLUGIN_FAILURES

Check: TypeAlias = Callable[[], Awaitable[str | None]]
"""Returns if the thing works, optionally with a note to show instead of `ok`; raises if it does not."""

State: TypeAlias = Literal["starting", "ready", "degraded", "unavailable"]


@dataclass(slots=True)
class Readiness:
    """The latest result of every check.

    A failing `needed` check (the store) makes the bot unavailable; any other
    (the bank) makes it degraded: it answers, and says what it cannot do.
    """

    needed: dict[str, Check] = field(default_factory=dict)
    others: dict[str, Check] = field(default_factory=dict)
    first_seconds: float = 0.5
    every_seconds: float = 5.0
    soon_seconds: float = 0.5
    """Between two needed checks while one fails or somebody asks for them, so that they cannot be asked for too often.
    """
    timeout_seconds: float = 2.0
    results: dict[str, bool] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    tell: Callable[[str, BaseException], None] = lambda name, error: None
    """Called with the error when a check starts to fail."""
    tell_back: Callable[[str, float], None] = lambda name, seconds: None
    """Called when a check works again, with the seconds that it failed for."""
    tell_note: Callable[[str, str], None] = lambda name, note: None
    """Called with a check's note, if it is new."""

    _failing_since: dict[str, float] = field(default_factory=dict, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)
    _asked: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _needed_lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """One run of these checks at a time, so that an older run cannot overwrite newer results."""
    _others_lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """As `_needed_lock`, for the others."""

    @property
    def state(self) -> State:
        """The overall state."""
        if not self.results:
            return "starting"
        if not self._has_what_it_needs():
            return "unavailable"
        return "ready" if all(self.results.values()) else "degraded"

    def shown(self) -> dict[str, str]:
        """Each check's note, `ok` or `failing`."""
        return {name: self.notes.get(name, "ok") if good else "failing" for name, good in self.results.items()}

    def _has_what_it_needs(self) -> bool:
        return all(self.results.get(name, False) for name in self.needed)

    async def run(self) -> None:
        """Check indefinitely; not immediately, so that what the first check loads does not delay the first message."""
        await asyncio.sleep(self.first_seconds)
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as both:
            both.create_task(self._keep_checking_needed())
            both.create_task(self._keep_checking_others())

    async def _keep_checking_needed(self) -> None:
        while True:
            self._asked.clear()
            await self.check_needed()
            await asyncio.sleep(self.soon_seconds)
            if self._has_what_it_needs():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.every_seconds - self.soon_seconds):
                        await self._asked.wait()

    async def _keep_checking_others(self) -> None:
        while True:
            await self._check_others()
            await asyncio.sleep(self.every_seconds)

    def check_soon(self) -> None:
        """Ask `run` for the needed checks now: something happened that may change their results. For any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._asked.set)

    async def check(self) -> None:
        """Run every check once, concurrently, and keep the results."""
        await asyncio.gather(self.check_needed(), self._check_others())

    async def check_needed(self) -> None:
        """Run only the needed checks, which do not wait for a slow bank."""
        async with self._needed_lock:
            await self._run(self.needed)

    async def _check_others(self) -> None:
        async with self._others_lock:
            await self._run(self.others)

    async def _run(self, checks: dict[str, Check]) -> None:
        results = await self._results(checks)
        self.results = self.results | results

    async def _results(self, checks: dict[str, Check]) -> dict[str, bool]:
        """Whether each check works, run in its own task: a cancelled one has failed, and cancels nothing else."""
        outcomes = await asyncio.gather(*map(self._outcome, checks.values()), return_exceptions=True)
        return {name: self._record(name, outcome) for name, outcome in zip(checks, outcomes, strict=True)}

    async def _outcome(self, check: Check) -> BaseException | str | None:
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await check()
        except PLUGIN_FAILURES as error:  # whatever a check raises means that it failed
            return error

    def _record(self, name: str, outcome: BaseException | str | None) -> bool:
        """Record and report a check's outcome; return whether it works."""
        with contextlib.suppress(Exception):  # a log that cannot be written must not end the checks
            if isinstance(outcome, BaseException):
                self._failed(name, outcome)
            else:
                self._worked(name, outcome)
        return not isinstance(outcome, BaseException)

    def _failed(self, name: str, error: BaseException) -> None:
        if name not in self._failing_since:
            self._failing_since[name] = monotonic()
            self.tell(name, error)

    def _worked(self, name: str, note: str | None) -> None:
        since = self._failing_since.pop(name, None)
        known = self.notes.pop(name, "")
        if isinstance(note, str) and note:  # a plugin's check may return anything
            self.notes[name] = note
            if note != known:
                self.tell_note(name, note)
        if since is not None:
            self.tell_back(name, monotonic() - since)
