"""Errors as `application/problem+json` (RFC 9457): what a client is told, and nothing more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from aiohttp import web

from bot.encoding import encode
from bot.errors import (
    Busy,
    ConversationGone,
    Forbidden,
    KeyMissing,
    LoginRefused,
    LoginThrottled,
    MessageIdReused,
    NotAuthenticated,
    StoreUnavailable,
    TurnTimedOut,
)

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """An error response. `errors` lists what is wrong with a body: where (a JSON pointer) and what."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = list(errors)

    def response(self, correlation_id: str) -> web.Response:
        """The problem as an HTTP response."""
        body = self.body(correlation_id)
        return web.Response(status=self.status, body=body, content_type=CONTENT_TYPE, headers=self.headers)

    def body(self, correlation_id: str) -> bytes:
        """The problem's JSON."""
        body: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "correlationId": correlation_id,
        }
        if self.errors:
            body["errors"] = self.errors
        return encode(body)


def not_found() -> Problem:
    """The same problem for what does not exist and what is not the caller's."""
    return Problem(404, "not_found", "there is nothing here, or it is not yours")


def problem_of(error: Exception) -> Problem | None:
    """The problem for one of our exceptions; None if the exception is a bug."""
    match error:
        case Problem():
            return error
        case NotAuthenticated():
            return _unauthenticated(error)
        case LoginRefused():
            return Problem(401, "wrong_credentials", str(error), headers={"WWW-Authenticate": 'Bearer realm="bot"'})
        case LoginThrottled(retry_after=seconds):
            return _later(429, "too_many_attempts", str(error), seconds)
        case Forbidden():
            return Problem(403, "forbidden", "these credentials do not allow this", headers=_SCOPE)
        case Busy(whole=whole, retry_after=seconds):
            return _later(503 if whole else 429, "busy", str(error), seconds)
        case MessageIdReused():
            return Problem(422, "message_id_reused", "this message id was used before for another message")
        case TurnTimedOut():
            return _later(503, "timeout", "the turn took too long and nothing was said; try again", 1)
        case KeyMissing():
            return _later(503, "unavailable", "codes cannot be checked here at the moment; try again", 1)
        case ConversationGone():
            return _later(503, "unavailable", "the conversation was deleted meanwhile; try again", 1)
        case StoreUnavailable():
            return _later(503, "unavailable", "nothing can be stored at the moment; try again", 1)
        case web.HTTPException():
            return _of_aiohttp(error)
    return None


_SCOPE = {"WWW-Authenticate": 'Bearer realm="bot", error="insufficient_scope"'}


def _unauthenticated(error: NotAuthenticated) -> Problem:
    # RFC 6750, 3.1: no error code when the request lacks credentials.
    challenge = 'Bearer realm="bot", error="invalid_token"' if error.given else 'Bearer realm="bot"'
    code = "invalid_token" if error.given else "credentials_needed"
    return Problem(401, code, str(error), headers={"WWW-Authenticate": challenge})


def _later(status: int, code: str, detail: str, seconds: float) -> Problem:
    return Problem(status, code, detail, headers={"Retry-After": str(max(1, math.ceil(seconds)))})


_AIOHTTP = {
    404: ("not_found", "there is nothing here, or it is not yours"),
    405: ("method_not_allowed", "this method is not served here; see Allow"),
    413: ("too_large", "the body is larger than this server accepts"),
}


def _of_aiohttp(error: web.HTTPException) -> Problem | None:
    if error.status < 400:
        return None
    code, detail = _AIOHTTP.get(error.status, ("bad_request", "the request cannot be understood"))
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return Problem(error.status, code, detail, headers=headers)
