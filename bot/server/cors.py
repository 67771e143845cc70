"""Cross-origin requests (the Fetch standard's CORS protocol) from the origins in config.yml, and no others."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Correlation-ID",
    "Access-Control-Max-Age": "600",
}


class Cors:
    """Lets pages from `origins` call; `*` allows any page. No cookies are used, so none are allowed."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def preflight(self, request: web.Request) -> web.Response | None:
        """The response to a preflight request from an allowed origin; None for any other request."""
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
            return None
        return web.Response(status=204, headers=_ALLOWED) if self._allows(request) else None

    def allow(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the calling page read the response, if its origin is allowed."""
        if self._origins and self._allows(request):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Expose-Headers"] = "X-Correlation-ID, X-Message-ID, Retry-After"
            response.headers.add("Vary", "Origin")

    def _allows(self, request: web.Request) -> bool:
        origin = request.headers.get("Origin")
        return origin is not None and ("*" in self._origins or origin in self._origins)
