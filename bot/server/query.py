"""Query parameters, read strictly: a wrong one is a 400 that names it."""

from __future__ import annotations

import re

from aiohttp import web

from bot.server.problems import Problem, not_found
from bot.server.schemas import is_plain

_LONGEST_ID = 256


def integer(request: web.Request, name: str, *, default: int, low: int, high: int) -> int:
    """A whole number within bounds; raises Problem 400."""
    given = _single(request, name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) <= 18 and low <= int(given) <= high):
        raise Problem(400, "invalid_parameter", f"{name} must be a whole number from {low} to {high}")
    return int(given)


def text(request: web.Request, name: str, *, longest: int) -> str | None:
    """A text that is not empty and has no control characters, or None if it is not given; raises Problem 400."""
    given = _single(request, name)
    if given is not None and not 0 < len(given) <= longest:
        raise Problem(400, "invalid_parameter", f"{name} must have 1 to {longest} characters")
    if given is not None and not is_plain(given):
        raise Problem(400, "invalid_parameter", f"{name} must have no control characters")
    return given


def path_id(request: web.Request) -> str:
    """The id in the path; raises Problem 404 for an impossible one: too long, or with control characters."""
    given = request.match_info["id"]
    if len(given) > _LONGEST_ID or not is_plain(given):
        raise not_found()
    return given


def choice(request: web.Request, name: str, choices: tuple[str, ...], *, default: str) -> str:
    """One of the choices; raises Problem 400."""
    given = _single(request, name)
    if given is not None and given not in choices:
        raise Problem(400, "invalid_parameter", f"{name} must be one of {', '.join(choices)}")
    return given or default


def number(request: web.Request, name: str, *, high: int) -> float | None:
    """A number from 0 to `high`, or None if it is not given; raises Problem 400."""
    given = _single(request, name)
    if given is None:
        return None
    if not (_NUMBER.fullmatch(given) and 0 <= float(given) <= high):
        raise Problem(400, "invalid_parameter", f"{name} must be a number from 0 to {high}")
    return float(given)


_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?([eE][+-]?\d{1,3})?", re.ASCII)


def refuse_unknown(request: web.Request, known: frozenset[str]) -> None:
    """Raise Problem 400 for parameters that the route does not know: a misspelt one would silently do nothing."""
    if not known.issuperset(name for name in request.query if name != "token"):
        allowed = ", ".join(sorted(known)) or "none"
        raise Problem(400, "invalid_parameter", f"only these query parameters are known here: {allowed}")


def _single(request: web.Request, name: str) -> str | None:
    values = request.query.getall(name, [])
    if len(values) > 1:
        raise Problem(400, "invalid_parameter", f"{name} is given more than once")
    return values[0] if values else None
