"""Structured logs: one JSON object a line, with the correlation id, account numbers masked, secrets never.

Each bot has a logger of its own (`make_logger`); nothing global is configured.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO, TypeAlias

import structlog

from bot.config import Logging
from bot.encoding import encode
from bot.errors import BotError, CallFailed, PluginError, is_a_projects

Log: TypeAlias = structlog.typing.FilteringBoundLogger
Event: TypeAlias = MutableMapping[str, Any]

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
"""The id of the request at hand; turns inherit it."""

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_SECRET_KEYS = frozenset({"token", "code", "authorization", "password", "secret", "pepper", "key", "cookie"})
_TEXT_KEYS = frozenset({"text", "message_text"})
_ACCOUNT = re.compile(r"(?<!\d)(?<!\d\.)\d{4,}(?=\d{2}(?!\d))")
"""All but the last two of six digits and more, whatever stands around them, but for what is behind a decimal point."""
_GROUPED = re.compile(r"(?<!\d)(?<!\d[.-])(?!\d{4}-\d\d-\d\d(?!\d))\d{2,}(?:[ -]\d{2,})+")
"""Digits in groups, as people write cards' and phones' numbers; dates are none."""
_FEWEST_GROUPED = 8  # an account number has as many; what is shorter may be a time or a sort code
_TOKEN = re.compile(r"(?i)(bearer\s+)\S+|tk_[\w-]{20,}")
_GATHERED_SECONDS = 0.1
_MOST_PLACES = 12
_LONGEST = 2_000  # characters of one value, so that no single line floods the disk


def make_logger(
    settings: Logging,
    *,
    now: Callable[[], datetime],
    stream: TextIO | None = None,
    bot: str = "",
    lost: Callable[[], None] = lambda: None,
) -> Log:
    """The logger of one bot, writing to `stream` (standard error); `lost` is told of each line that cannot be."""
    stream = stream or sys.stderr
    first: dict[str, Any] = {"bot": bot} if bot else {}

    def stamp(_: Any, level: str, event: Event) -> Event:
        event["level"] = level
        event["time"] = now().isoformat(timespec="milliseconds")
        if identifier := correlation_id.get():
            event.setdefault("correlation_id", identifier)
        return event

    logger: Log = structlog.wrap_logger(
        LineWriter(stream, lost),
        processors=[_Limit(now).limit, stamp, *_hiding(settings.message_text), _renderer(settings.format, stream)],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level]),
        context_class=dict,
        cache_logger_on_first_use=True,
        **first,
    )
    return logger


def _renderer(form: str, stream: TextIO) -> Any:
    """What makes a line of an event: JSON, or for people, in colours on a terminal (without where NO_COLOR is set)."""
    is_terminal = not stream.closed and stream.isatty()
    if form == "json" or (form == "auto" and not is_terminal):
        return _json
    colours = is_terminal and not os.environ.get("NO_COLOR")
    people = structlog.dev.ConsoleRenderer(colors=colours, timestamp_key="time")
    return lambda logger, level, event: people(logger, level, _shortened(level, event))


def _shortened(level: str, event: Event) -> Event:
    """The event for people: of the time the clock's, and the correlation id only where it may be looked for."""
    event["time"] = event["time"][11:19]
    if level in ("debug", "info"):
        event.pop("correlation_id", None)
    return event


_MOST_A_SECOND = 100


class _Limit:
    """Lets through so many warnings of one kind a second and counts the rest: an attack is not to fill the disk."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._second = 0
        self._seen: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()

    def limit(self, _: Any, level: str, event: Event) -> Event:
        """The event, with how many of its kind were dropped before it; raises DropEvent when it is one too many."""
        if level in ("debug", "info"):
            return event
        second = int(self._now().timestamp())
        if second != self._second:
            self._second = second
            self._seen.clear()
        kind = str(event["event"])
        self._seen[kind] += 1
        if self._seen[kind] > _MOST_A_SECOND:
            self._dropped[kind] += 1
            raise structlog.DropEvent
        if dropped := self._dropped.pop(kind, 0):
            event["dropped_before"] = dropped
        return event


class LineWriter:
    """Writes lines to a stream: at once, but for debug and info on an event loop, which are gathered for a moment.

    Each write lets other threads go first, so that a line a turn would slow
    turns down; a crash loses a moment's lines at most, none that tells of a fault.
    A line that cannot be written (no room, nobody reads) is lost, and nothing else: `lost` is told of each.
    """

    def __init__(self, stream: TextIO, lost: Callable[[], None] = lambda: None) -> None:
        self._stream = stream
        self._lost = lost
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._flushed_by: asyncio.AbstractEventLoop | None = None
        weakref.finalize(self, _write, self._lines, stream, self._lock, lost)  # at the end of the process, too

    def debug(self, line: str) -> None:
        """Write a line soon."""
        self._lines.append(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no loop in this thread
            self.flush()
            return
        if loop is not self._flushed_by:
            self._flushed_by = loop
            loop.call_later(_GATHERED_SECONDS, self.flush)

    def error(self, line: str) -> None:
        """Write a line, and what waited before it, now."""
        self._lines.append(line)
        self.flush()

    def flush(self) -> None:
        """Write what waits."""
        self._flushed_by = None
        _write(self._lines, self._stream, self._lock, self._lost)

    info = msg = debug
    warning = critical = exception = error


def _write(lines: list[str], stream: TextIO, lock: threading.Lock, lost: Callable[[], None]) -> None:
    with lock:
        written = lines[:]
        del lines[: len(written)]
        text = "".join(f"{line}\n" for line in written)
        try:
            if text:
                stream.write(text)
                stream.flush()
        except (OSError, ValueError):  # the latter where it is closed
            for _ in written:
                lost()


def mask(text: str) -> str:
    """The text with account numbers cut to their last two digits, and tokens taken out."""
    hidden = _TOKEN.sub(lambda match: f"{match[1] or ''}[hidden]", text)
    return _ACCOUNT.sub("****", _GROUPED.sub(_joined, hidden))


def _joined(groups: re.Match[str]) -> str:
    """The groups as one number, where they are long enough to be an account's."""
    digits = re.sub("[ -]", "", groups[0])
    return digits if len(digits) >= _FEWEST_GROUPED else groups[0]


def _hiding(message_text: bool) -> tuple[Callable[[Any, str, Event], Event], ...]:
    """What takes out of an event what must not be read; with `message_text` the texts of messages may be."""

    def failure(_: Any, __: str, event: Event) -> Event:
        error = event.pop("exc_info", None)
        if isinstance(error, BaseException):
            event["error"] = told(error)
            places = _places(error)
            if isinstance(error, PluginError) and error.__cause__ is not None:
                event["cause"] = told(error.__cause__)
                places = [*places, *_places(error.__cause__)][-_MOST_PLACES:]
            if places:
                event["where"] = places
        return event

    def told(error: BaseException) -> str:
        name = type(error).__name__
        if message_text or isinstance(error, BotError):
            return f"{name}: {error}"
        if isinstance(error, OSError) and error.errno is not None:  # its text has the file's name, too
            return f"{name}: [Errno {error.errno}] {error.strerror}"
        return name  # whose text may quote what somebody said

    def masking(_: Any, __: str, event: Event) -> Event:
        for key, value in event.items():
            if key in _SECRET_KEYS:
                event[key] = "[hidden]"
            elif key in _TEXT_KEYS and not message_text:
                event[key] = "[not logged]"
            elif key not in _PLAIN and type(value) not in _NUMBERS:
                event[key] = _masked(value)
        return event

    return failure, masking


_PLAIN = frozenset(
    {
        "actions",
        "bot",
        "by",
        "content",
        "conversation",
        "correlation_id",
        "effect",
        "event",
        "level",
        "outcome",
        "reply",
        "route",
        "sender",
        "service",
        "session",
        "time",
    }
)
"""What we write ourselves: ids, hashes and words of our own, with nothing of a customer's in them."""

_NUMBERS = frozenset({int, float, bool})
"""Counts and times; account numbers are texts."""


def _masked(value: Any) -> Any:
    if value is None or type(value) in _NUMBERS:
        return value
    if isinstance(value, dict):
        return {_masked(key): "[hidden]" if key in _SECRET_KEYS else _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return mask(text[:_LONGEST])


def _places(error: BaseException) -> list[str]:
    """The lines that an error went through, from the first one of a project's own on, where there is one.

    Of a service that gives no answer not our own, where nothing is wrong.
    """
    passed = [(trace.tb_frame.f_code, trace.tb_lineno) for trace in _traces(error)]
    if isinstance(error, CallFailed):
        passed = [(code, line) for code, line in passed if not code.co_filename.startswith(_OURS)]
    passed = passed[next((at for at, (code, _) in enumerate(passed) if is_a_projects(code.co_filename)), 0) :]
    if len(passed) > _MOST_PLACES:
        passed = [passed[0], *passed[1 - _MOST_PLACES :]]
    return [f"{'/'.join(code.co_filename.split('/')[-3:])}:{line} {code.co_qualname}" for code, line in passed]


_OURS = f"{Path(__file__).parent}/"


def _traces(error: BaseException) -> Iterator[TracebackType]:
    trace = error.__traceback__
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _json(_: Any, __: str, event: Event) -> str:
    try:
        return encode(event).decode()
    except TypeError:  # half a surrogate pair, say: what is told of a fault must not make another
        return encode({key: _writable(value) for key, value in event.items()}).decode()


def _writable(value: Any) -> Any:
    try:
        encode(value)
    except TypeError:
        return ascii(value)[:_LONGEST]
    return value
