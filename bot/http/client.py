"""The HTTP client for every outside service: a call ends within its deadline, or fails with CallFailed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Protocol

import httpx
from msgspec import Struct

from bot.encoding import encode
from bot.errors import CallFailed, CallFailure
from bot.http.body import ResponseSchema, TooLarge, Unusable, parse_body, read_body
from bot.http.breaker import Breaker
from bot.http.certificates import Certificates, distrust
from bot.http.lanes import Lanes, TooManyCalls, connections
from bot.http.retry import Retryable, retry_after, retrying
from bot.sources import Chance, Sources, granted_until

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110, 9.2.1
_IDEMPOTENT = _SAFE | {"PUT", "DELETE"}  # RFC 9110, 9.2.2
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_NO_PARAMETERS: Mapping[str, str] = {}
_CUT_SHORT: Final = "no answer in what was left of the action's time (`limits.action_seconds`)"
_TO_REPORT: Final = 0.1
"""The share of an action's remaining time that is reserved for it to report a failed call."""
_MOST_TO_REPORT: Final = 0.25  # seconds


class HttpLimits(Struct, frozen=True):
    """The limits of one client. Times in seconds, sizes in bytes.

    `deadline_seconds` covers a whole call: waiting for a slot, every try and
    every pause; `try_seconds` covers one try. A call in an action also ends
    a little before the action's own time does.
    """

    deadline_seconds: float = 3.0
    try_seconds: float = 1.5
    connect_seconds: float = 1.0
    tries: int = 3
    first_pause_seconds: float = 0.05
    longest_pause_seconds: float = 1.0
    connections: int = 32
    waiting: int = 128
    max_bytes: int = 1_048_576
    max_depth: int = 32
    breaker_failures: int = 8
    breaker_seconds: float = 5.0
    longest_retry_after_seconds: float = 3_600.0


class Answer(Struct, frozen=True):
    """What the service answered: the HTTP status and the checked JSON value."""

    status: int
    data: Any


class OnCall(Protocol):
    """Called after every call; `startup.observe_call` is one."""

    def __call__(
        self, service: str, outcome: str, seconds: float, tries: int, /, *, call: str, status: int | None, reason: str
    ) -> None:
        """Record a call: the client's `service`, the call's name, and `ok`, `cancelled` or the kind of failure.

        `status` (None if there was none) and `reason` are the failure's, else None and empty. Must not raise.
        """


class _Call(Struct):
    """One call in progress: how often it was tried, and whether any try may have had an effect.

    `is_cut_short` says that it `ends` before its deadline, because its action's time does.
    """

    method: str
    url: httpx.URL
    name: str
    headers: list[tuple[str, str]]
    content: bytes
    schema: ResponseSchema | None
    accept: frozenset[int]
    idempotent: bool
    effect: bool
    ends: float
    is_cut_short: bool = False
    tries: int = 0
    may_have_happened: bool = False


class HttpClient:
    """Calls one service; open it with `async with`.

    It has bounded lanes (a bulkhead), a circuit breaker, retries of idempotent calls, one deadline, a size cap and
    checked answers. `transport` replaces the network in tests.
    `cafile` names the authorities whose certificates are trusted, instead of the public ones (or those of the
    environment's `SSL_CERT_FILE`); `certfile` and `keyfile` are the client's own certificate and its key. All are PEM
    files; raises ConfigurationError for one that cannot be read.
    """

    def __init__(
        self,
        base_url: str,
        *,
        service: str,
        limits: HttpLimits | None = None,
        sources: Sources | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        on_call: OnCall | None = None,
        correlation_header: str = "X-Correlation-ID",
        cafile: str | None = None,
        certfile: str | None = None,
        keyfile: str | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._service = service
        self._limits = limits = limits or HttpLimits()
        self._sources = sources or Sources()
        self._on_call = on_call
        self._correlation_header = correlation_header
        certificates = None if base_url[:5].lower() == "http:" else Certificates(cafile, certfile, keyfile)
        open_transport = connections(certificates) if transport is None else lambda: transport
        self._lanes = Lanes(limits.connections, limits.waiting, open_transport)
        self._breaker = Breaker(limits.breaker_failures, limits.breaker_seconds, self._sources.monotonic)
        self._timeout = {"timeout": {"connect": limits.connect_seconds, "read": None, "write": None, "pool": None}}
        self._parse_url = lru_cache(maxsize=256)(httpx.URL)  # parsing a URL costs more than sending it
        self._try_repeatedly = retrying(
            self._try,
            tries=limits.tries,
            seconds=limits.deadline_seconds,
            chance=Chance(self._sources.seed()),
            first=limits.first_pause_seconds,
            longest=limits.longest_pause_seconds,
        )

    async def __aenter__(self) -> HttpClient:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._lanes.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        name: str,
        schema: ResponseSchema | None = None,
        params: Mapping[str, str] = _NO_PARAMETERS,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] = _NO_PARAMETERS,
        correlation_id: str = "",
        idempotent: bool | None = None,
        effect: bool | None = None,
        accept: frozenset[int] = frozenset(),
    ) -> Answer:
        """Call `path` (below the base URL) and return the checked answer; raises CallFailed.

        `name` identifies the call in errors and metrics, and must be constant:
        no ids. Statuses outside 200–299 are failures unless `accept` lists them.
        `schema` checks every answer that is returned. `idempotent` says
        whether a repeat does no harm (default: by the method); if not, a try is
        repeated only if its request was certainly not sent. `effect` says
        whether the call changes something (default: by the method); if it is
        not known whether it did, the failure's kind is `unknown_outcome`.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        ends, is_cut_short = self._end(started)
        content_type, content = _encoded(json, form)
        call = _Call(
            method=method,
            url=self._address(path, params),
            name=name,
            headers=self._headers(headers, correlation_id, content_type),
            content=content,
            schema=schema,
            accept=accept,
            idempotent=method in _IDEMPOTENT if idempotent is None else idempotent,
            effect=method not in _SAFE if effect is None else effect,
            ends=ends,
            is_cut_short=is_cut_short,
        )
        outcome, status, reason = "cancelled", None, ""
        try:
            answer = await self._within_deadline(call)
            outcome = "ok"
            return answer
        except CallFailed as failure:
            outcome, status, reason = failure.kind, failure.status, failure.reason
            raise
        finally:
            if self._on_call is not None:
                seconds = loop.time() - started
                self._on_call(self._service, outcome, seconds, call.tries, call=name, status=status, reason=reason)

    async def _within_deadline(self, call: _Call) -> Answer:
        try:
            async with asyncio.timeout_at(call.ends), self._lanes.lane() as transport:
                answer: Answer = await self._try_repeatedly(call, transport)
                return answer
        except Retryable as last:
            raise last.failure from last.__cause__
        except TimeoutError:
            reason = _CUT_SHORT if call.is_cut_short else "no answer within the deadline"
            raise self._failed(call, "timeout", reason) from None
        except TooManyCalls:
            raise self._failed(call, "refused", "too many calls are waiting for this service") from None

    async def _try(self, call: _Call, transport: httpx.AsyncBaseTransport) -> Answer:
        """Make one try: report to the breaker whether the service works, and return the answer or raise the failure."""
        entered = self._breaker.enter()
        if entered is None:
            raise self._not_let_through(call)
        call.tries += 1
        happened_before = call.may_have_happened
        call.may_have_happened = True  # until the answer says otherwise
        try:
            status, headers, body = await self._exchange(call, transport)
        except (httpx.HTTPError, TimeoutError) as error:
            self._breaker.failed(entered)
            if isinstance(error, _NOT_SENT):
                call.may_have_happened = happened_before
            raise self._unanswered(call, error) from None
        except TooLarge:
            self._breaker.succeeded(entered)
            raise self._failed(call, "too_large", f"the answer is over {self._limits.max_bytes} bytes") from None
        except BaseException:  # cancelled from outside: by the caller, or because the call's own time is over
            if _is_over(call) and not call.is_cut_short:
                self._breaker.failed(entered)
            else:
                self._breaker.left(entered)
            raise
        if status >= 500:
            self._breaker.failed(entered)
        else:
            self._breaker.succeeded(entered)
        if 400 <= status < 500:
            call.may_have_happened = happened_before
        return await self._checked(call, status, headers, body)

    async def _exchange(self, call: _Call, transport: httpx.AsyncBaseTransport) -> tuple[int, httpx.Headers, bytes]:
        request = httpx.Request(
            call.method, call.url, headers=call.headers, content=call.content or None, extensions=self._timeout
        )
        async with asyncio.timeout(self._limits.try_seconds):
            try:
                response = await transport.handle_async_request(request)
                try:
                    return response.status_code, response.headers, await read_body(response, self._limits.max_bytes)
                finally:
                    await response.aclose()
            except BaseException:
                # A cancelled request leaves its connection in use forever (httpcore 1.0), and this transport has
                # no other one, so the connection is closed after any failure.
                await transport.aclose()
                raise

    def _not_let_through(self, call: _Call) -> CallFailed:
        failure = self._failed(call, "refused", "the service failed too often; it is left alone for a while")
        failure.retry_after = self._breaker.retry_after()
        return failure

    def _unanswered(self, call: _Call, error: Exception) -> Exception:
        """The failure of a try that got no answer."""
        if isinstance(error, _NOT_SENT):
            return Retryable(self._failed(call, "unavailable", distrust(error) or "no connection"))
        if isinstance(error, (TimeoutError, httpx.TimeoutException)):
            failure = self._failed(call, "timeout", "no answer in time")
        else:
            failure = self._failed(call, "unavailable", "the connection broke")
        return Retryable(failure) if call.idempotent else failure

    async def _checked(self, call: _Call, status: int, headers: httpx.Headers, body: bytes) -> Answer:
        """The answer, if its status and body are good; raises CallFailed or Retryable."""
        if 200 <= status < 300 or status in call.accept:
            return await self._parsed(call, status, headers, body)
        if 300 <= status < 400:
            raise self._failed(call, "invalid", "the service redirects, which is not followed", status=status)
        if status != 429 and status < 500:
            raise self._failed(call, "rejected", f"the service refused it with {status}", status=status)
        failure = self._failed(call, "unavailable", f"the service answered {status}", status=status)
        failure.retry_after = retry_after(
            headers.get("retry-after"), self._sources.now, self._limits.longest_retry_after_seconds
        )
        worth_waiting = failure.retry_after is None or not _is_over(call, failure.retry_after)
        raise Retryable(failure) if call.idempotent and worth_waiting else failure

    async def _parsed(self, call: _Call, status: int, headers: httpx.Headers, body: bytes) -> Answer:
        try:
            data = parse_body(headers, body, self._limits.max_depth)
            if call.schema is not None:
                await call.schema.check_without_blocking(data, len(body))
        except Unusable as problem:
            raise self._failed(call, "invalid", str(problem), status=status) from None
        return Answer(status, data)

    def _failed(self, call: _Call, kind: CallFailure, reason: str, *, status: int | None = None) -> CallFailed:
        """The failure; its kind is `unknown_outcome` if an effect may have happened, whatever broke."""
        if call.may_have_happened and call.effect:
            kind = "unknown_outcome"
        return CallFailed(kind, service=self._service, call=call.name, reason=reason, status=status)

    def _end(self, started: float) -> tuple[float, bool]:
        """When a call ends, and whether that is before its deadline, to leave its action time to report a failure."""
        deadline = started + self._limits.deadline_seconds
        action_ends = granted_until()
        last_moment = action_ends - min(_TO_REPORT * (action_ends - started), _MOST_TO_REPORT)
        return min(deadline, last_moment), last_moment < deadline

    def _address(self, path: str, params: Mapping[str, str]) -> httpx.URL:
        url: httpx.URL = self._parse_url(self._base + path)
        return url.copy_merge_params(dict(params)) if params else url

    def _headers(self, headers: Mapping[str, str], correlation_id: str, content_type: str) -> list[tuple[str, str]]:
        sent = [("Accept", "application/json"), ("Accept-Encoding", "identity"), *headers.items()]
        if correlation_id:
            sent.append((self._correlation_header, correlation_id))
        if content_type:
            sent.append(("Content-Type", content_type))
        return sent


def _is_over(call: _Call, after: float = 0.0) -> bool:
    """Whether the call's deadline has passed, or will have in `after` seconds."""
    return asyncio.get_running_loop().time() + after >= call.ends


def _encoded(json: Any, form: Mapping[str, str] | None) -> tuple[str, bytes]:
    """The type and the bytes of a request's body; both empty if it has none."""
    if json is not None:
        return "application/json", encode(json)
    if form is not None:
        return "application/x-www-form-urlencoded", str(httpx.QueryParams(form)).encode()
    return "", b""
