"""The chat page and its assets: read once, served from memory under a strict Content-Security-Policy."""

from __future__ import annotations

import hashlib
from importlib import resources

from aiohttp import web

from bot.server import schemas
from bot.server.routing import PUBLIC, Answers, Call, Handler, Route, json_response

# Only what this server itself sends: no inline scripts or styles, no frames, no other hosts.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_ASSETS = {
    "/": ("index.html", "text/html"),
    "/page/chat.js": ("chat.js", "text/javascript"),
    "/page/server.js": ("server.js", "text/javascript"),
    "/page/messages.js": ("messages.js", "text/javascript"),
    "/page/chat.css": ("chat.css", "text/css"),
    "/page/icon.svg": ("icon.svg", "image/svg+xml"),
}


async def page_config(call: Call) -> web.Response:
    """GET /page-config: the title, the bot's language, and the demo customers' logins if there are any."""
    demo = [
        {"accountNumber": login.account_number, "code": login.code, "name": login.name} for login in call.parts.demo
    ]
    settings = call.parts.settings
    return json_response(
        {
            "title": settings.title,
            "language": call.parts.engine.agent.content.language,
            "demo": demo,
            "maxMessageCharacters": settings.server.max_message_characters,
        }
    )


def routes() -> tuple[Route, ...]:
    """The routes of the page."""
    demo_login = schemas.obj(
        ("accountNumber", "code"), {"accountNumber": schemas.TEXT, "code": schemas.TEXT, "name": schemas.TEXT}
    )
    config = schemas.complete(
        {
            "title": schemas.TEXT,
            "language": schemas.TEXT,
            "demo": {"type": "array", "items": demo_login},
            "maxMessageCharacters": schemas.COUNT,
        }
    )
    described = Answers(200, "what the page shows", config)
    assets = (_asset_route(path, file, kind) for path, (file, kind) in _ASSETS.items())
    return (*assets, Route("GET", "/page-config", page_config, PUBLIC, "What the page shows", described, tag="page"))


def _asset_route(path: str, file: str, kind: str) -> Route:
    content = Answers(200, file, content_type=kind)
    same = Answers(304, "not changed since the given ETag")
    about = f"The page: {file}"
    return Route("GET", path, _asset(file, kind), PUBLIC, about, content, other_answers=(same,), tag="page")


def _asset(file: str, kind: str) -> Handler:
    content = resources.files("bot.server").joinpath("page", file).read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-cache",  # revalidated each time, with 304 while unchanged
        "ETag": tag,
    }

    async def serve(call: Call) -> web.Response:
        if call.request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=headers)

    return serve
