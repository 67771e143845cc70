"""Retries: pauses with full jitter, or as long as the service asks for."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import backoff

from bot.errors import CallFailed
from bot.sources import Chance


class Retryable(Exception):
    """A failed try that may be repeated; `failure` is what to raise if it is not."""

    def __init__(self, failure: CallFailed) -> None:
        super().__init__()
        self.failure = failure


def waits(chance: Chance, first: float, longest: float) -> Generator[float, Any, None]:
    """Seconds between tries: what Retry-After says, or else a random share of a doubling time.

    "Full jitter" of Brooker, *Exponential Backoff And Jitter* (AWS, 2015).
    """
    bounds = backoff.expo(base=2, factor=first, max_value=longest)
    next(bounds)  # backoff's generators yield an empty value first
    tried = yield 0.0
    while True:
        asked = tried.failure.retry_after
        bound = next(bounds)
        tried = yield bound * chance.share() if asked is None else asked


def retrying(call: Any, *, tries: int, seconds: float, chance: Chance, first: float, longest: float) -> Any:
    """`call`, repeated while it raises Retryable: at most `tries` times and for `seconds`."""
    decorate = backoff.on_exception(
        waits,
        Retryable,
        max_tries=tries,
        max_time=seconds,
        jitter=None,
        logger=None,
        chance=chance,
        first=first,
        longest=longest,
    )
    return decorate(call)


def retry_after(header: str | None, now: Callable[[], datetime], cap: float) -> float | None:
    """Retry-After (RFC 9110, 10.2.3) in seconds, from 0 to `cap`: a number or an HTTP date. None if it is neither."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), cap)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a year of twenty digits
        return None
    if moment.tzinfo is None:
        return None
    return min(max((moment - now()).total_seconds(), 0.0), cap)
