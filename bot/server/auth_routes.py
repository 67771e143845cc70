"""Routes for login, token rotation and logout, the customer's own session, and the operator's view of sessions."""

from __future__ import annotations

from aiohttp import web

from bot.auth.sessions import LoggedIn
from bot.errors import BotError, KeyMissing, LoginsThrottled
from bot.server import schemas
from bot.server.problems import not_found
from bot.server.query import integer, path_id, text
from bot.server.routing import CUSTOMER, OPERATOR, PUBLIC, Answers, Call, Parameter, Route, json_response
from bot.stores.sessions import SessionRow

_MOST_SESSIONS = 1_000


async def login(call: Call) -> web.Response:
    """POST /auth."""
    log = call.parts.log
    account: str = call.body["accountNumber"]
    try:
        logged_in = await call.parts.auth.login.login(account, call.body["code"], call.address)
    except BotError as error:  # attempts that fail because the store is down, say, are logged too
        tell = log.error if isinstance(error, LoginsThrottled | KeyMissing) else log.warning
        tell("login", outcome=type(error).__name__, account=_masked(account), address=call.address)
        raise
    log.info("login", outcome="ok", account=_masked(account), address=call.address)
    return json_response(_login_json(logged_in))


async def rotate(call: Call) -> web.Response:
    """POST /auth/rotate."""
    assert call.session is not None
    logged_in = await call.parts.auth.sessions.rotate(call.session)
    call.parts.log.info("session_rotated", session=call.session.id)
    return json_response(_login_json(logged_in))


async def logout(call: Call) -> web.Response:
    """POST /auth/logout."""
    assert call.session is not None
    await call.parts.auth.sessions.end(call.session.id)
    call.parts.log.info("logout", session=call.session.id)
    return web.Response(status=204)


async def session(call: Call) -> web.Response:
    """GET /auth/session."""
    assert call.session is not None
    row = await call.parts.auth.sessions.get(call.session.token)
    idle = call.parts.settings.sessions.idle_seconds
    shown = {key: value for key, value in _session_json(row).items() if key != "customerId"}
    return json_response({**shown, "idleTimeoutSeconds": idle})


async def sessions(call: Call) -> web.Response:
    """GET /auth/sessions."""
    customer = text(call.request, "customer", longest=64)
    limit = integer(call.request, "limit", default=100, low=1, high=_MOST_SESSIONS)
    rows = await call.parts.auth.sessions.list(customer=customer, limit=limit)
    return json_response({"sessions": [_session_json(row) for row in rows]})


async def end_session(call: Call) -> web.Response:
    """DELETE /auth/sessions/{id}."""
    session_id = path_id(call.request)
    if not await call.parts.auth.sessions.end(session_id):
        raise not_found()
    call.parts.log.info("session_ended", session=session_id, by=call.principal.id)
    return web.Response(status=204)


def _masked(account: str) -> str:
    """The last two characters of the given account number, and nothing of a short one."""
    return f"****{account[-2:]}" if len(account) > 4 else "****"


def _login_json(result: LoggedIn) -> dict[str, object]:
    return {
        "token": result.token,
        "tokenType": "Bearer",
        "expiresAt": result.expires_at,
        "idleTimeoutSeconds": result.idle_seconds,
    }


def _session_json(row: SessionRow) -> dict[str, object]:
    return {
        "sessionId": row.id,
        "customerId": row.customer,
        "accountNumber": _masked(row.account_number),
        "createdAt": row.created_at,
        "expiresAt": row.absolute_until,
        "idleExpiresAt": min(row.idle_until, row.absolute_until),
    }


def routes() -> tuple[Route, ...]:
    """The routes of authentication."""
    limit = Parameter("limit", "how many at most", {"type": "integer", "minimum": 1, "maximum": _MOST_SESSIONS})
    customer = Parameter(
        "customer", "only this customer's, by `customerId` or the bank's customer id", schemas.plain(1, 64)
    )
    by_id = Parameter("id", "the session's id", schemas.plain(1, 256), "path")
    logged_in = Answers(200, "a session's token", schemas.LOGGED_IN)
    current = Answers(200, "the session", schemas.SESSION)
    listed = Answers(200, "a list", schemas.SESSIONS)
    done = Answers(204, "done")
    return (
        Route("POST", "/auth", login, PUBLIC, "Log in", logged_in, schemas.LOGIN, problems=(401, 429, 503), tag="auth"),
        Route("POST", "/auth/rotate", rotate, CUSTOMER, "Exchange the token for a new one", logged_in, tag="auth"),
        Route("POST", "/auth/logout", logout, CUSTOMER, "End the session", done, tag="auth"),
        Route("GET", "/auth/session", session, CUSTOMER, "The session", current, tag="auth"),
        Route(
            "GET",
            "/auth/sessions",
            sessions,
            OPERATOR,
            "Active sessions, newest first",
            listed,
            parameters=(customer, limit),
            problems=(400,),
            tag="auth",
        ),
        Route(
            "DELETE",
            "/auth/sessions/{id}",
            end_session,
            OPERATOR,
            "End a session",
            done,
            parameters=(by_id,),
            problems=(404,),
            tag="auth",
        ),
    )
