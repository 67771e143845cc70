"""Rasa's routes that are not served: what to use instead, for their 404 and the guide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from aiohttp import web

from bot.server.problems import Problem

_NO_MODEL: Final = "models are trained from the project's content: restart `bot run`"

ROUTES: Final[Mapping[str, str]] = {
    "POST /model/train": _NO_MODEL,
    "PUT /model": _NO_MODEL,
    "DELETE /model": _NO_MODEL,
    "POST /model/test/stories": "`bot test`",
    "POST /model/test/intents": "`bot test nlu`",
    "POST /model/predict": "`POST /conversations/{id}/tracker/events`, then `POST /conversations/{id}/predict`",
}
"""The equivalents of routes that only Rasa has."""


def absent_route(request: web.Request) -> Problem | None:
    """The 404 that says what to use instead, if the request is for a route that only Rasa has; otherwise None."""
    route = f"{request.method} {request.path.rstrip('/')}"
    instead = ROUTES.get(route)
    return Problem(404, "not_found", f"`{route}` is Rasa's; here: {instead}") if instead else None


def table() -> Iterator[str]:
    """Yield the lines of the guide's table."""
    yield "| Rasa | here |"
    yield "| --- | --- |"
    yield from (f"| `{route}` | {instead} |" for route, instead in ROUTES.items())


if __name__ == "__main__":
    print("\n".join(table()))  # to paste into the guide
