"""Serves a route: correlation id, authentication, the body, the handler, errors as problems, log and metrics."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from time import perf_counter

from aiohttp import web
from aiohttp.typedefs import Middleware

from bot.errors import Busy, ConversationGone, Forbidden, NotAuthenticated
from bot.logs import correlation_id, mask
from bot.messages import Principal
from bot.server.address import TrustedProxies
from bot.server.body import BodySchema, ClientGone, read_json
from bot.server.cors import Cors
from bot.server.parts import Parts
from bot.server.problems import Problem, problem_of
from bot.server.query import refuse_unknown
from bot.server.rasa_absent import absent_route
from bot.server.refusals import Refusals
from bot.server.routing import Call, Route, canonical_path

CORRELATION = "X-Correlation-ID"
CLIENT_GONE = 499
"""The status in the metrics of a request whose client disconnected before it was complete (nginx's)."""

_VALID_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_RANDOM_ID = re.compile(
    r"(?i)(?<![0-9a-z])(?![0-9a-f-]*0{8})(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-z])"
)
"""A UUID or trace id: half of them have six digits in a row by chance. With eight zeros, it is a number filled up."""
_TOKEN = re.compile(r"[\w-]{43}", re.ASCII)
"""What may be a session's token, which no log may contain."""

Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Serving:
    """Serves routes with the parts they need."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._proxies = TrustedProxies(parts.settings.server.trusted_proxies, self._warn_unreadable)
        self._cors = Cors(parts.settings.server.cors_origins)
        self._refusals = Refusals(parts.metrics, parts.log, parts.sources.monotonic)
        self._messages_in_work = 0

    def in_work(self) -> int:
        """How many messages are in progress, from the first look at their request to its response."""
        return max(self._messages_in_work, self._parts.engine.waiting)

    def endpoint(self, route: Route) -> Endpoint:
        """The aiohttp handler of a route."""
        limits = self._parts.settings.server
        schema = BodySchema(route.body) if route.body is not None else None
        known = frozenset(parameter.name for parameter in route.parameters) if route.is_ours else None

        async def serve_turn(request: web.Request) -> web.StreamResponse:
            if self.in_work() >= self._parts.settings.limits.waiting:
                raise Busy(whole=True, retry_after=1.0)
            self._messages_in_work += 1
            try:
                return await serve(request)
            except ConversationGone:  # its cached id is dropped now: a caller who still may begins another
                return await serve(request)
            finally:
                self._messages_in_work -= 1

        async def serve(request: web.Request) -> web.StreamResponse:
            call = Call(request, self._parts, correlation_id.get(), self._proxies.client(request))
            if route.access:
                await self._admit(route, call)
            if known is not None and request.query_string:
                refuse_unknown(request, known)
            if schema is not None:
                call.body = await read_json(
                    request,
                    max_bytes=limits.max_body_bytes,
                    max_depth=limits.max_json_depth,
                    any_type=bool(route.access) and not route.is_ours,
                )
                schema.check(call.body)
            return await route.handler(call)

        return serve_turn if route.takes_turn else serve

    @property
    def middleware(self) -> Middleware:
        """The one middleware, around every request, whether its route exists or not."""

        @web.middleware
        async def around(request: web.Request, handler: Endpoint) -> web.StreamResponse:
            started = perf_counter()
            identifier = self._identifier(request)
            token = correlation_id.set(identifier)
            try:
                response = self._cors.preflight(request) or await self._answer(request, handler, identifier)
                response.headers[CORRELATION] = identifier
                response.headers["X-Content-Type-Options"] = "nosniff"
                response.headers.setdefault("Cache-Control", "no-store")  # a cacheable route sets its own
                response.headers["Server"] = "Teller"  # without any versions
                self._cors.allow(request, response)
                self._parts.metrics.http(_method(request), _pattern(request), response.status, perf_counter() - started)
                return response
            finally:
                correlation_id.reset(token)

        return around

    async def _answer(self, request: web.Request, handler: Endpoint, identifier: str) -> web.StreamResponse:
        try:
            return await handler(request)
        except ClientGone:
            self._parts.log.debug("client gone", route=_pattern(request))
            return web.Response(status=CLIENT_GONE)  # which nobody receives
        except Exception as error:
            problem = absent_route(request) if isinstance(error, web.HTTPNotFound) else None
            problem = problem or problem_of(error)
            if problem is None and isinstance(error, web.HTTPException):
                return error
            if problem is None:
                self._parts.log.error("request_failed", route=_pattern(request), exc_info=error)
                problem = Problem(500, "internal", "something went wrong here; the correlation id names this request")
            elif problem.status >= 500 and problem.code != "busy":  # busy is counted: a flood must not flood the log
                self._parts.log.warning("request_refused", route=_pattern(request), problem=problem.code)
            return problem.response(identifier)

    async def _admit(self, route: Route, call: Call) -> None:
        header = _credentials(call.request)
        query_token = call.request.query.get("token") if call.request.query_string else None
        try:
            identified = await self._parts.auth.authenticator.identify(header, query_token)
        except NotAuthenticated as refused:
            if refused.given:
                self._refusals.note(header, call.address, _pattern(call.request))
            raise
        if not _is_allowed(identified.principal, route, call.request):
            raise Forbidden
        call.identity, call.session = identified.principal, identified.session
        if call.session is not None and route.extends_session:
            await self._parts.auth.sessions.keep_alive(call.session)

    def _warn_unreadable(self, proxy: str) -> None:
        self._parts.log.warning("X-Forwarded-For cannot be read", proxy=proxy)

    def _identifier(self, request: web.Request) -> str:
        given = request.headers.get(CORRELATION)
        return given if given and _may_be_logged(given) else self._parts.sources.new_id()


def _may_be_logged(identifier: str) -> bool:
    """Whether a client's correlation id has the right form, and nothing like an account number, a token or a key."""
    if not _VALID_CORRELATION_ID.fullmatch(identifier):
        return False
    rest = _RANDOM_ID.sub("-", identifier)
    return mask(rest) == rest and not _TOKEN.search(rest)


def _credentials(request: web.Request) -> str | None:
    """The Authorization header; raises Problem 400 if there are several, as a proxy might go by another one."""
    given = request.headers.getall("Authorization", ())
    if len(given) > 1:
        raise Problem(400, "bad_request", "send one Authorization header, not several")
    return given[0] if given else None


def _is_allowed(principal: Principal, route: Route, request: web.Request) -> bool:
    if principal.kind == "customer":
        return "customer" in route.access
    if not route.access.isdisjoint(principal.scopes):
        return True
    # The user of a Rasa JWT may access their own conversation, by their name.
    return route.path.startswith("/conversations/{id}/") and f"sender:{request.match_info['id']}" in principal.scopes


def _pattern(request: web.Request) -> str:
    """The route's pattern: a label that clients cannot multiply."""
    resource = request.match_info.route.resource
    return canonical_path(resource.canonical) if resource is not None else "none"


_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})


def _method(request: web.Request) -> str:
    return request.method if request.method in _METHODS else "other"
