"""Writes the HTTP reference from the table of routes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.server.openapi import problem_statuses
from bot.server.routing import Route

_HEAD = """# HTTP

Written by `python -m bot.app.routes`; a test keeps it in step with the routes. The
same table is served as an OpenAPI 3.1 document at `/openapi.json`.

Requests carry `Authorization: Bearer …` with a customer's token (`POST /auth`) or a key (`bot keys create`). Every
response has the header `X-Correlation-ID`, taken from the request if it has one of 1 to 64 letters, digits, dots,
hyphens and underscores, and nothing in it like an account number, a token or a key (a random UUID may have digits). A
path may end with a slash. Only the page's own files may be cached.

Bodies are JSON. `POST /auth` and `POST /chat` refuse any other `Content-Type` with 415; on Rasa's routes it is not
looked at.

Errors are `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail`, `code` and `correlationId`;
429 and 503 have a `Retry-After` header. Besides the statuses below, any route may answer 500; an unknown path gets 404,
and a wrong method 405 with `Allow`. Anything that is not HTTP gets a 400, and the connection is closed.

A message with a client-supplied id is answered once: a repeat gets the stored answer, byte for byte, and the same id
with a different message is refused with 422.

Histories are paged by cursors. Pass a page's `before` as `before` to get the page before it, or its `after` as `after`
to get what has been said since. A turn's number works for either. Polling with `after` does not extend the session.
"""

_ON_EVERY_ROUTE = {500}


def reference(table: Iterable[Route]) -> str:
    """The document of these routes."""
    parts = [_HEAD]
    tag = ""
    for route in sorted(table, key=lambda route: route.tag):
        if route.tag != tag:
            tag = route.tag
            parts.append(f"## {tag}\n")
        parts += _section(route)
    return "\n".join(parts)


def _section(route: Route) -> Iterator[str]:
    yield f"### `{route.method} {route.path}`\n\n{route.summary}.\n"
    rows = [("who", ", ".join(sorted(route.access)) or "anybody")]
    rows += [(f"`{p.name}` ({p.place})", p.about) for p in route.parameters]
    if route.body is not None:
        rows.append(("body", _shape(route.body)))
    for answer in (route.answers, *route.other_answers):
        rows.append((str(answer.status), answer.about + _shape_after_colon(answer.schema)))
        rows += [(f"`{header.name}`", header.about) for header in answer.headers]
    rows.append(
        ("errors", ", ".join(str(status) for status in problem_statuses(route) if status not in _ON_EVERY_ROUTE))
    )
    yield "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {_cell(value)} |" for name, value in rows), ""])


def _shape_after_colon(schema: Mapping[str, Any] | None) -> str:
    shape = _shape(schema) if schema else ""
    return f": {shape}" if shape else ""


def _shape(schema: Mapping[str, Any]) -> str:
    """The keys of an object, with `?` after those that may be missing."""
    if schema.get("type") == "array":
        return f"a list of {_shape(schema['items'])}" if schema.get("items") else "a list"
    required = set(schema.get("required", ()))
    keys = [f"`{key}`{'' if key in required else '?'}" for key in schema.get("properties", {})]
    return ", ".join(keys)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
