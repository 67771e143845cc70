"""The aiohttp application: every route of the table, and one middleware."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import HttpVersion11, web

from bot.config import Settings
from bot.encoding import encode
from bot.server import auth_routes, chat_routes, page_routes, rasa_routes, schemas, status_routes
from bot.server.openapi import document
from bot.server.parts import Parts
from bot.server.routing import PUBLIC, Answers, Call, Route, canonical_path, json_bytes
from bot.server.serving import Serving

PARTS = web.AppKey("parts", Parts)
ROUTES = web.AppKey("routes", tuple)
SERVING = web.AppKey("serving", Serving)


def make_app(parts: Parts) -> web.Application:
    """The application that serves a bot; raises ConfigurationError for invalid proxy addresses."""
    serving = Serving(parts)
    app = web.Application(middlewares=[serving.middleware], client_max_size=parts.settings.server.max_body_bytes)
    table = route_table(parts.settings, parts.version, parts.channel_routes)
    parts.metrics.know_channels(parts.channels)
    app[PARTS] = parts
    app[SERVING] = serving
    app[ROUTES] = table
    for route in table:
        _add_route(app, route, serving)
    return app


def _add_route(app: web.Application, route: Route, serving: Serving) -> None:
    """Serve a route, with and without a final slash."""
    endpoint = serving.endpoint(route)
    path = canonical_path(route.path)
    for spelling in dict.fromkeys((path, f"{path.rstrip('/')}/")):
        if route.method == "GET":
            # This adds HEAD too, as RFC 9110, 9.1, requires.
            app.router.add_get(spelling, endpoint, expect_handler=_go_on)
        else:
            app.router.add_route(route.method, spelling, endpoint, expect_handler=_go_on)


async def _go_on(request: web.Request) -> None:
    """Tell a waiting client to send its body; any other expectation may be ignored (RFC 9110, 10.1.1)."""
    if request.headers["Expect"].lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the response itself has not begun


def route_table(settings: Settings, version: str, channels: Sequence[Route]) -> tuple[Route, ...]:
    """Every route, including the channels', in the order of the document."""
    longest = settings.server.max_message_characters
    table = (
        *auth_routes.routes(),
        *chat_routes.routes(longest),
        *channels,
        *rasa_routes.routes(longest),
        *status_routes.routes(),
        *page_routes.routes(),
    )
    return (*table, _document_route(table, settings.title, version))


def _document_route(table: Sequence[Route], title: str, version: str) -> Route:
    """The route of the document, which describes this route too: so its body is made after it."""
    body = b""

    async def openapi(call: Call) -> web.Response:
        return json_bytes(body)

    answers = Answers(200, "this document", schemas.OBJECT)
    route = Route("GET", "/openapi.json", openapi, PUBLIC, "All routes, as OpenAPI 3.1", answers, tag="monitoring")
    body = encode(document((*table, route), title=title, version=version))
    return route
