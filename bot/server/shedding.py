"""Load shedding: while the server is full, messages are refused before they are parsed, so that refusing costs little.

Refusing a request after aiohttp has parsed it takes about a quarter of a turn's
CPU time, so that at ten times the load nothing would be left for turns; here it
takes about a fiftieth, three quarters of which is system time for reading the
request and writing the answer (`benchmarks/overload.py`).
Only what is certainly one whole request on an idle connection is refused here;
everything else is passed on to aiohttp and refused there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiohttp import web

from bot.errors import Busy
from bot.server.problems import CONTENT_TYPE, problem_of

_MESSAGE = re.compile(rb"POST /(?:chat|webhooks/[\w/-]{1,64})(?:\?[^ ]*)? HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,9})\r\n")
_LEFT_TO_AIOHTTP = (b"\r\ntransfer-encoding:", b"\r\nexpect:", b"\r\nconnection:", b"\r\nupgrade:", b"\r\norigin:")
"""Headers that mean different framing, a different way to end, or an answer with more headers."""

_LONGEST_HEAD = 2_048
"""Bytes; longer heads are left to aiohttp, so that the cached ones stay small."""

_MOST_HEADS = 8
"""How many heads are cached per connection."""


class Gate:
    """Limits how many messages are in progress.

    `in_work` returns how many have reached their handlers, `most` is the limit.
    Those on their way there are tracked here, by their connections: hundreds
    may arrive in one iteration of the event loop, before a handler sees the
    first of them.
    """

    def __init__(self, in_work: Callable[[], int], most: int, refused: Callable[[], bytes]) -> None:
        """`refused` makes the answer to a message that is not admitted."""
        self.refused = refused
        self._in_work = in_work
        self._most = most
        self._on_their_way: set[object] = set()

    def admit(self, connection: object) -> bool:
        """Whether one more message is admitted; if so, it counts as on its way until `arrived`."""
        if self._in_work() + len(self._on_their_way) >= self._most:
            return False
        self._on_their_way.add(connection)
        return True

    def arrived(self, connection: object) -> None:
        """The connection's message reached its handler, or never will."""
        self._on_their_way.discard(connection)


class Shedder(asyncio.Protocol):
    """Sits in front of one connection's aiohttp protocol."""

    _transport: asyncio.Transport

    def __init__(self, inner: asyncio.Protocol, gate: Gate) -> None:
        self._inner = inner
        self._gate = gate
        self._all_whole = True
        self._held: bytes | None = None
        self._stopped_reading = False
        self._lengths: dict[bytes, int | None] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        self._transport = cast(asyncio.Transport, transport)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Refuse a message while the server is full, pass on everything else."""
        # After anything but a whole request, only aiohttp's parser knows where the next one begins.
        self._all_whole = self._all_whole and is_whole_message(data, self._lengths)
        if self._held is not None:  # two in a row stay in order
            self._release_held()
            self._inner.data_received(data)
        elif not self._all_whole:
            self._inner.data_received(data)
        elif self._is_idle():
            self._admit_or_refuse(data)
        else:
            # The answer to the last one may just have been sent; aiohttp finishes it in the loop's next iteration.
            self._held = data
            asyncio.get_running_loop().call_soon(self._release_held)

    def _release_held(self) -> None:
        data, self._held = self._held, None
        if data is None:
            return
        if self._all_whole and self._is_idle():
            self._admit_or_refuse(data)
        else:
            self._inner.data_received(data)

    def _admit_or_refuse(self, data: bytes) -> None:
        """Admit a whole message on an idle connection, or refuse it."""
        if self._gate.admit(self._inner):
            self._inner.data_received(data)
        else:
            self._transport.write(self._gate.refused())

    def eof_received(self) -> bool | None:
        """The client sends no more."""
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._held = None
        self._gate.arrived(self._inner)
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """The client reads too slowly; if it does not even read refusals, stop reading from it."""
        if self._is_idle():
            self._stopped_reading = True
            self._transport.pause_reading()
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """The client caught up."""
        if self._stopped_reading:
            self._stopped_reading = False
            self._transport.resume_reading()
        self._inner.resume_writing()

    def _is_idle(self) -> bool:
        """Whether every request was answered: aiohttp's protocol waits for the next one.

        There is no public way to ask; if a version keeps this elsewhere,
        nothing is refused here, and the test that expects refusals fails.
        """
        waiter: asyncio.Future[None] | None = getattr(self._inner, "_waiter", None)
        return waiter is not None and not waiter.done()


def is_whole_message(data: bytes, lengths: dict[bytes, int | None]) -> bool:
    """Whether these bytes are exactly one whole request with a message to the bot.

    `lengths` caches the body's length by head: a client's requests have few
    different heads. They contain its token, so each connection has its own cache.
    """
    head = data[: data.find(b"\r\n\r\n", 0, _LONGEST_HEAD) + 4]
    if head not in lengths:
        if len(lengths) >= _MOST_HEADS:
            lengths.clear()
        lengths[head] = _body_length(head)
    return lengths[head] == len(data) - len(head)


def _body_length(head: bytes) -> int | None:
    """How many bytes follow the head of a message to the bot; None if it is another head or leaves that unclear."""
    lower = head.lower()
    lengths = _LENGTH.findall(lower)
    if _MESSAGE.match(head) is None or len(lengths) != 1 or lower.count(b"content-length") != 1:
        return None
    return None if any(header in lower for header in _LEFT_TO_AIOHTTP) else int(lengths[0])


class BusyAnswers:
    """Makes answers to messages that are refused unread: the same bytes except for the correlation id."""

    def __init__(self, prefix: str, refused: Callable[[], None]) -> None:
        """`prefix` begins all their correlation ids, `refused` is called for each."""
        self._prefix = prefix.encode()
        self._refused = refused
        self._number = 0
        placeholder = "-" * len(self._next_id())
        self._before, self._between, self._after = busy_answer(placeholder).split(placeholder.encode())

    def __call__(self) -> bytes:
        """The next answer."""
        self._refused()
        identifier = self._next_id()
        return b"".join((self._before, identifier, self._between, identifier, self._after))

    def _next_id(self) -> bytes:
        self._number += 1
        return b"%b%010x" % (self._prefix, self._number)


def busy_answer(correlation_id: str) -> bytes:
    """The bytes of a 503 with `Retry-After`."""
    problem = problem_of(Busy(whole=True, retry_after=1))
    assert problem is not None
    body = problem.body(correlation_id)
    headers = {**problem.headers, "Content-Type": CONTENT_TYPE, "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 503 Service Unavailable\r\n{lines}X-Correlation-ID: {correlation_id}\r\n\r\n".encode() + body


class SheddingRunner(web.AppRunner):
    """An AppRunner with a Shedder in front of each connection's protocol, which `connect` makes."""

    def __init__(
        self,
        app: web.Application,
        gate: Gate,
        connect: Callable[[web.Server], asyncio.Protocol] = web.Server.__call__,
        **options: Any,
    ) -> None:
        super().__init__(app, **options)
        self._gate = gate
        self._connect = connect

    @property
    def server(self) -> Any:
        """The function that makes each connection's protocol; None before `setup`."""
        server = super().server
        return None if server is None else lambda: Shedder(self._connect(server), self._gate)

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        handle = server.request_handler

        def arrived(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
            self._gate.arrived(request.protocol)
            return handle(request)

        server.request_handler = arrived
        return server
