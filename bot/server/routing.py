"""Routes as data: one table says what is served, to whom, and what comes in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, TypeAlias

from aiohttp import web
from msgspec import Struct

from bot.encoding import encode
from bot.messages import Principal
from bot.server.parts import Parts
from bot.stores.sessions import SessionRow

Who: TypeAlias = Literal["customer", "channel", "operator", "metrics"]
Schema: TypeAlias = Mapping[str, Any]

PUBLIC: frozenset[Who] = frozenset()
CUSTOMER: frozenset[Who] = frozenset({"customer"})
CHANNEL: frozenset[Who] = frozenset({"channel"})
OPERATOR: frozenset[Who] = frozenset({"operator"})
METRICS: frozenset[Who] = frozenset({"operator", "metrics"})


class Call(Struct):
    """One request for a handler: the caller (on protected routes) and the checked body."""

    request: web.Request
    parts: Parts
    correlation_id: str
    address: str
    identity: Principal | None = None
    session: SessionRow | None = None
    body: Any = None

    @property
    def principal(self) -> Principal:
        """The caller; always known on a protected route."""
        assert self.identity is not None
        return self.identity


Handler: TypeAlias = Callable[[Call], Awaitable[web.StreamResponse]]


class Parameter(Struct, frozen=True):
    """A query or path parameter, for the document; handlers read the values themselves."""

    name: str
    about: str
    schema: Schema
    place: Literal["query", "path"] = "query"


class Header(Struct, frozen=True):
    """A header of a response."""

    name: str
    about: str


class Answers(Struct, frozen=True):
    """A successful response: its status, what it is, its JSON's schema or another content type, and its own headers."""

    status: int
    about: str
    schema: Schema | None = None
    content_type: str = "application/json"
    headers: tuple[Header, ...] = ()


class Route(Struct, frozen=True):
    """One operation. `access` lists who may call it (empty: anybody); `problems` are its additional error statuses.

    `extends_session` is False if a customer's request must not keep the
    session alive (polling), or does so in its own transaction (turns). If it
    `takes_turn`, it is refused before any work when too much is waiting.
    """

    method: str
    path: str
    handler: Handler
    access: frozenset[Who]
    summary: str
    answers: Answers
    body: Schema | None = None
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()
    tag: str = "bot"
    extends_session: bool = True
    takes_turn: bool = False
    other_answers: tuple[Answers, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether the route is our own: it refuses unknown parameters, which Rasa's routes ignore."""
        return self.tag in ("auth", "chat")


def canonical_path(path: str) -> str:
    """The path without a final slash, which is optional, as in Rasa."""
    return path.rstrip("/") or "/"


def json_response(value: Any, status: int = 200) -> web.Response:
    """A JSON response."""
    return json_bytes(encode(value), status)


def json_bytes(body: bytes, status: int = 200) -> web.Response:
    """A response whose body is JSON text already."""
    return web.Response(status=status, body=body, content_type="application/json")
