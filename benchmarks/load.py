"""A load generator with little overhead: prebuilt HTTP/1.1 requests over kept-alive connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from time import perf_counter

from msgspec import Struct, field

WARMUP = 0.5
"""Seconds before counting begins."""

Request = Callable[[int, int], bytes]
"""Returns the bytes of client i's n-th request."""


def post(path: str, body: object, *, token: str, host: str = "bench") -> bytes:
    """A POST request with a JSON body, as bytes."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


class Result(Struct):
    """The result of a load run. Latencies are in seconds; `statuses` counts HTTP statuses."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Successful requests per second."""
        return self.statuses.get(200, 0) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency (seconds) that this share of requests stayed under."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


async def load(port: int, clients: int, seconds: float, request: Request, *, warmup: float = WARMUP) -> Result:
    """Let `clients` send one request after another for `seconds`, after a warm-up that is not counted.

    A client that is told when to retry (`Retry-After`) waits until then.
    """
    started = perf_counter() + warmup
    result = Result(seconds)
    ended = started + seconds
    await asyncio.gather(*(_client(port, index, started, ended, request, result) for index in range(clients)))
    return result


async def _client(port: int, index: int, start: float, end: float, request: Request, result: Result) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    while (now := perf_counter()) < end:
        writer.write(request(index, number))
        number += 1
        status, wait = await read_answer(reader)
        done = perf_counter()
        if now >= start and done <= end:
            result.latencies.append(done - now)
            result.statuses[status] = result.statuses.get(status, 0) + 1
        if wait:
            await asyncio.sleep(min(wait, max(0.0, end - done)))
    writer.close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, int]:
    """Read one answer to its end: the status, and how long to wait before the next request (seconds)."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(header_number(head, b"content-length:"))
    return int(head[9:12]), header_number(head, b"retry-after:")


def header_number(head: bytes, header: bytes) -> int:
    """The value of a header in an answer's lower-case head; 0 if it is missing."""
    return int(head.partition(header)[2].partition(b"\r\n")[0] or 0)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows as a table: the first column aligned to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in [columns, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for first, *others in cells:
        padded = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *padded]))
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
