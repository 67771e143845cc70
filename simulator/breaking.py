"""How each fault breaks a request, and the admin calls that set faults."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from .accounts import ACCOUNTS, CUSTOMERS
from .faults import Fault, Faults, read_fault
from .service import Handler, Problem, act_as, answer, check_admin, customer_of_request, read_json

FAULTS = web.AppKey("faults", Faults)
CLOSING = web.AppKey("closing", asyncio.Event)

_RST_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, 0 seconds


@web.middleware
async def faulty(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Carry out the request, subject to the faults that are set."""
    if request.path.startswith("/admin/"):
        return await handler(request)
    fault = request.app[FAULTS].strike(request.method, request.path)
    if fault is None:
        return await handler(request)
    if fault.kind in {"500", "503", "429", "reset", "hang"}:
        return await _unanswered(request, handler, fault)
    if fault.kind == "latency":
        await _pause(request, fault.seconds)
    if fault.kind == "other_customer":
        _act_as_another_customer(request)
    return await _corrupted(request, await handler(request), fault)


async def _unanswered(request: web.Request, handler: Handler, fault: Fault) -> web.StreamResponse:
    """Give no proper answer; with `after`, the request itself is carried out."""
    if fault.when == "after":
        await handler(request)
    if fault.kind in {"500", "503", "429"}:
        headers = {} if fault.kind == "500" else {"Retry-After": str(int(fault.seconds))}
        raise Problem(int(fault.kind), "U019", "The bank cannot answer now", headers)
    if fault.kind == "hang":
        await _pause(request, fault.seconds)
    return _reset(request)


async def _corrupted(request: web.Request, response: web.StreamResponse, fault: Fault) -> web.StreamResponse:
    """The proper answer, corrupted on its way."""
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response
    body = response.body
    if fault.kind == "malformed":
        return web.Response(body=body[:-1] + b",,}", status=response.status, headers=response.headers)
    if fault.kind == "wrong_types":
        return answer(_with_wrong_types(json.loads(body)), response.status)
    if fault.kind == "truncated":
        sent = await _send(request, response, _pieces(request, body[: len(body) // 2], 0))
        if request.transport is not None:
            request.transport.close()
        return sent
    if fault.kind == "slow_drip":
        return await _send(request, response, _pieces(request, body, fault.seconds / max(len(body), 1)))
    return response


async def _send(request: web.Request, response: web.Response, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
    """Send the pieces as if they were the whole body of `response`."""
    sent = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
    assert isinstance(response.body, bytes)
    sent.content_length = len(response.body)
    await sent.prepare(request)
    try:
        async for piece in pieces:
            await sent.write(piece)
    except ConnectionError:
        pass  # the client has hung up
    return sent


async def _pieces(request: web.Request, body: bytes, pause: float) -> AsyncIterator[bytes]:
    """The body: all at once, or byte by byte with a pause (seconds) after each, until the bank stops."""
    if not pause:
        yield body
        return
    for number in range(len(body)):
        yield body[number : number + 1]
        if await _pause(request, pause):
            return


async def _pause(request: web.Request, seconds: float) -> bool:
    """Wait; True if the bank stops meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            return await request.app[CLOSING].wait()
    except TimeoutError:
        return False


def _reset(request: web.Request) -> web.Response:
    """Break the connection with a RST; the returned response is never received."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
        transport.abort()
    return web.Response()


def _act_as_another_customer(request: web.Request) -> None:
    """Let the handler answer with another customer's data, for the account of the same kind."""
    other = next(customer for customer in CUSTOMERS.values() if customer.id != customer_of_request())
    act_as(other.id)
    account = ACCOUNTS.get(request.match_info.get("account", ""))
    if account is not None:
        twin = next(theirs for theirs in other.accounts if theirs.kind == account.kind)
        request.match_info["account"] = twin.id


def _with_wrong_types(value: Any) -> Any:
    """The same JSON with numbers for strings, such as amounts and ids, and strings for numbers."""
    if isinstance(value, dict):
        return {key: _with_wrong_types(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_wrong_types(inner) for inner in value]
    if isinstance(value, str):
        return len(value)
    return str(value)


async def set_fault(request: web.Request) -> web.Response:
    """POST /admin/faults: set a fault (see `Fault`)."""
    check_admin(request)
    try:
        fault = read_fault(read_json(await request.read()))
    except ValueError as error:
        raise Problem(400, "U002", str(error)) from None
    request.app[FAULTS].add(fault)
    return answer({"faults": request.app[FAULTS].describe()}, 201)


async def list_faults(request: web.Request) -> web.Response:
    """GET /admin/faults: the faults that are set."""
    check_admin(request)
    return answer({"faults": request.app[FAULTS].describe()})


async def clear_faults(request: web.Request) -> web.Response:
    """DELETE /admin/faults: remove all faults."""
    check_admin(request)
    request.app[FAULTS].clear()
    return answer({"faults": []})


async def _close(app: web.Application) -> None:
    app[CLOSING].set()


def add_faults(app: web.Application) -> None:
    """Add faults, and the calls that set them, to the application."""
    app[FAULTS] = Faults()
    app[CLOSING] = asyncio.Event()
    app.on_shutdown.append(_close)
    app.add_routes(
        [
            web.post("/admin/faults", set_fault),
            web.get("/admin/faults", list_faults),
            web.delete("/admin/faults", clear_faults),
        ]
    )
