"""docs/reference/http.md, made from the table of routes: `python -m bot.server.reference` writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bot
from bot.config import Settings
from bot.server.app import route_table
from bot.server.openapi import problem_statuses
from bot.server.routing import Route

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "http.md"

_INTRODUCTION = """# HTTP

*This page is made from the table of routes by `python -m bot.server.reference`. A running bot serves the same
as OpenAPI 3.1 at `/openapi.json`.*

**Who may.** A customer's requests carry the token of `POST /auth`, a backend's or an operator's a key made by
`bot keys create`: `Authorization: Bearer …`. A route for customers shows a customer their own things only. A key
of the scope `channel` talks for its own users, whom it names by `sender`; `operator` is for everything else.

**Errors** are `application/problem+json` (RFC 9457): `type`, `title`, `status`, `detail`, `code` for programs,
`correlationId` for finding the request in the log, and `errors` with a JSON pointer each where a body is wrong.
429 and 503 carry `Retry-After`; 401 carries `WWW-Authenticate`.

**Ids.** A message with an id of its own is answered once: a repeat gets the stored answer, byte for byte, and
the same id with another message is refused with 422. Send `X-Correlation-ID` to find a request in the log;
every answer carries one.

**Histories** are paged by cursors. `before` of one page, given back as `before`, gets the page before it;
`after`, given back as `after`, gets what was said since. A turn's number will do for either. Polling with
`after` keeps nobody logged in.
"""

_TAGS = {
    "auth": "Logging in",
    "chat": "Talking, as a customer",
    "rasa": "Rasa's channels and API",
    "monitoring": "Monitoring",
    "page": "The page",
}


def http_page() -> str:
    """The page as Markdown."""
    table = route_table(Settings(), bot.__version__, callback=True)
    parts = [_INTRODUCTION]
    for tag, title in _TAGS.items():
        parts.append(f"## {title}\n")
        parts += [_route(route) for route in table if route.tag == tag]
    return "\n".join(parts)


def _route(route: Route) -> str:
    who = " or ".join(f"`{who}`" for who in sorted(route.access)) or "anybody"
    lines = [f"### `{route.method} {route.path}`", "", f"{route.summary}. For {who}.", ""]
    lines += [f"- `{p.name}` ({p.place}): {p.about}" for p in route.parameters]
    if route.body is not None:
        lines += [f"- body: {_keys(route.body)}"]
    for answer in (route.answers, *route.other_answers):
        shape = f": {_keys(answer.schema)}" if answer.schema else f" ({answer.content_type})"
        lines.append(f"- {answer.status}: {answer.about}{'' if answer.status in (204, 304) else shape}")
    lines += [f"- problems: {', '.join(map(str, problem_statuses(route)))}", ""]
    return "\n".join(lines)


def _keys(schema: Mapping[str, Any]) -> str:
    """A schema in a line: its keys, `?` behind those that may be left out."""
    if "oneOf" in schema:
        return " or ".join(_keys(choice) for choice in schema["oneOf"])
    if schema.get("type") == "array":
        return f"[{_keys(schema['items'])}, …]"
    if "properties" not in schema:
        return f"`{json.dumps(schema)}`" if schema else "anything"
    required: Sequence[str] = schema.get("required", ())
    names = (f"{name}" if name in required else f"{name}?" for name in schema["properties"])
    return f"`{{{', '.join(names)}}}`"


if __name__ == "__main__":
    PAGE.write_text(http_page(), "utf-8")
