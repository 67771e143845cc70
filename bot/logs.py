"""Structured logs: one JSON object per line, with the correlation id.

Account numbers are masked and secrets never logged. Each bot has its own logger (`make_logger`); nothing global is
configured.
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
from bot.errors import BotError, CallFailed, PluginError, is_project_code

Log: TypeAlias = structlog.typing.FilteringBoundLogger
Event: TypeAlias = MutableMapping[str, Any]

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
"""The id of the current request; turns inherit it."""

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_SECRET_KEYS = frozenset({"token", "code", "authorization", "password", "secret", "pepper", "key", "cookie"})
_TEXT_KEYS = frozenset({"text", "message_text"})
_ACCOUNT = re.compile(r"(?<!\d)(?<!\d\.)\d{4,}(?=\d{2}(?!\d))")
"""All but the last two of six or more digits, whatever surrounds them, except after a decimal point."""
_GROUPED = re.compile(r"(?<!\d)(?<!\d[.-])(?!\d{4}-\d\d-\d\d(?!\d))\d{2,}(?:[ -]\d{2,})+")
"""Digits in groups, as people write card and phone numbers; dates do not match."""
_FEWEST_GROUPED = 8  # the length of an account number; fewer digits may be a time or a sort code
_TOKEN = re.compile(r"(?i)(bearer\s+)\S+|tk_[\w-]{20,}")
_GATHERED_SECONDS = 0.1
_MOST_PLACES = 12
_LONGEST = 2_000  # characters of one value, so that no single line fills the disk


def make_logger(
    settings: Logging,
    *,
    now: Callable[[], datetime],
    stream: TextIO | None = None,
    bot: str = "",
    lost: Callable[[], None] = lambda: None,
) -> Log:
    """The logger of one bot, writing to `stream` (default: standard error); `lost` is called for each lost line."""
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
        processors=[
            _RateLimit(now).limit,
            stamp,
            *_privacy_processors(settings.message_text),
            _renderer(settings.format, stream),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level]),
        context_class=dict,
        cache_logger_on_first_use=True,
        **first,
    )
    return logger


def _renderer(form: str, stream: TextIO) -> Any:
    """Renders an event as a line: JSON, or for people, in colours on a terminal unless NO_COLOR is set."""
    is_terminal = not stream.closed and stream.isatty()
    if form == "json" or (form == "auto" and not is_terminal):
        return _json
    colours = is_terminal and not os.environ.get("NO_COLOR")
    people = structlog.dev.ConsoleRenderer(colors=colours, timestamp_key="time")
    return lambda logger, level, event: people(logger, level, _shortened(level, event))


def _shortened(level: str, event: Event) -> Event:
    """The event for people: with the time of day only, and the correlation id only in warnings and errors."""
    event["time"] = event["time"][11:19]
    if level in ("debug", "info"):
        event.pop("correlation_id", None)
    return event


_MOST_A_SECOND = 100


class _RateLimit:
    """Lets a limited number of warnings of one kind per second through, so that an attack cannot fill the disk."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._second = 0
        self._seen: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()

    def limit(self, _: Any, level: str, event: Event) -> Event:
        """The event, with the number of its kind dropped before it; raises DropEvent if it exceeds the limit."""
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
    """Writes lines to a stream: at once, except debug and info on an event loop, which are batched for a moment.

    Each write lets other threads go first, so writing one line per turn would slow
    turns down; a crash loses at most a moment's lines, and no warnings or errors.
    If a line cannot be written (disk full, pipe closed), only the line is lost, and `lost` is called.
    """

    def __init__(self, stream: TextIO, lost: Callable[[], None] = lambda: None) -> None:
        self._stream = stream
        self._lost = lost
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._flushed_by: asyncio.AbstractEventLoop | None = None
        weakref.finalize(self, _write, self._lines, stream, self._lock, lost)  # also at the end of the process

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
        """Write a line, and those waiting before it, now."""
        self._lines.append(line)
        self.flush()

    def flush(self) -> None:
        """Write the waiting lines."""
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
        except (OSError, ValueError):  # ValueError if the stream is closed
            for _ in written:
                lost()


def mask(text: str) -> str:
    """The text with account numbers cut to their last two digits, and tokens removed."""
    without_tokens = _TOKEN.sub(lambda match: f"{match[1] or ''}[hidden]", text)
    ungrouped = _GROUPED.sub(_join_long_number, without_tokens)
    return _ACCOUNT.sub("****", ungrouped)


def _join_long_number(groups: re.Match[str]) -> str:
    """The groups as one number if they are long enough to be an account number."""
    digits = re.sub("[ -]", "", groups[0])
    return digits if len(digits) >= _FEWEST_GROUPED else groups[0]


def _privacy_processors(message_text: bool) -> tuple[Callable[[Any, str, Event], Event], ...]:
    """Processors that remove from an event what must not be logged; with `message_text`, message texts are kept."""

    def describe_error(_: Any, __: str, event: Event) -> Event:
        error = event.pop("exc_info", None)
        if isinstance(error, BaseException):
            event["error"] = described(error)
            places = _places(error)
            if isinstance(error, PluginError) and error.__cause__ is not None:
                event["cause"] = described(error.__cause__)
                places = [*places, *_places(error.__cause__)][-_MOST_PLACES:]
            if places:
                event["where"] = places
        return event

    def described(error: BaseException) -> str:
        name = type(error).__name__
        if message_text or isinstance(error, BotError):
            return f"{name}: {error}"
        if isinstance(error, OSError) and error.errno is not None:  # its text also has the file's name
            return f"{name}: [Errno {error.errno}] {error.strerror}"
        return name  # the text may quote what somebody said

    def mask_values(_: Any, __: str, event: Event) -> Event:
        for key, value in event.items():
            if key in _SECRET_KEYS:
                event[key] = "[hidden]"
            elif key in _TEXT_KEYS and not message_text:
                event[key] = "[not logged]"
            elif key not in _UNMASKED and type(value) not in _NUMBERS:
                event[key] = _masked(value)
        return event

    return describe_error, mask_values


_UNMASKED = frozenset(
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
"""Values that the framework writes itself: ids, hashes and fixed words, with nothing from a customer in them."""

_NUMBERS = frozenset({int, float, bool})
"""Counts and times; account numbers are strings."""


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
    """The lines of an error's traceback, from the first one in a project's own code on, if there is one.

    For a failed call of an outside service, the framework's own lines are left out, since nothing is wrong there.
    """
    lines = [(trace.tb_frame.f_code, trace.tb_lineno) for trace in _traces(error)]
    if isinstance(error, CallFailed):
        lines = [(code, line) for code, line in lines if not code.co_filename.startswith(_FRAMEWORK)]
    first = next((at for at, (code, _) in enumerate(lines) if is_project_code(code.co_filename)), 0)
    lines = lines[first:]
    if len(lines) > _MOST_PLACES:
        lines = [lines[0], *lines[1 - _MOST_PLACES :]]
    return [f"{'/'.join(code.co_filename.split('/')[-3:])}:{line} {code.co_qualname}" for code, line in lines]


_FRAMEWORK = f"{Path(__file__).parent}/"


def _traces(error: BaseException) -> Iterator[TracebackType]:
    trace = error.__traceback__
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _json(_: Any, __: str, event: Event) -> str:
    try:
        return encode(event).decode()
    except TypeError:  # half a surrogate pair, say: logging a fault must not cause another
        return encode({key: _writable(value) for key, value in event.items()}).decode()


def _writable(value: Any) -> Any:
    try:
        encode(value)
    except TypeError:
        return ascii(value)[:_LONGEST]
    return value
