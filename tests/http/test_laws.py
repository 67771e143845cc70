from __future__ import annotations

import asyncio
from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.errors import CallFailed
from bot.http.breaker import Breaker
from tests.http.kit import Clock, Script, client

headers = st.dictionaries(
    st.sampled_from([b"Content-Type", b"Content-Length", b"Content-Encoding", b"Retry-After", b"Location", b"X-A"]),
    st.one_of(
        st.sampled_from(
            [b"application/json", b"application/vnd.x+json; charset=utf-8", b"text/html", b"gzip", b"0", b"-1"]
        ),
        st.binary(max_size=12).filter(lambda value: not set(value) & {0, 10, 13}),
    ),
)
bodies = st.one_of(st.binary(max_size=40), st.sampled_from([b"{}", b"[1]", b'"a"', b"null", b"1e999", b"[" * 5_000]))


@given(st.integers(100, 599), headers, bodies)
def test_any_response_is_an_answer_or_a_call_failure(
    status: int, given_headers: dict[bytes, bytes], body: bytes
) -> None:
    async def ask() -> None:
        http = client(Script([(status, body, list(given_headers.items()))]), limits={"deadline_seconds": 5.0})
        with suppress(CallFailed):
            assert 200 <= (await http.call("GET", "/x", name="x")).status < 300

    asyncio.run(ask())


@given(st.lists(st.tuples(st.sampled_from(["enter", "succeeded", "failed", "left", "wait"]), st.integers(0, 9))))
@settings(max_examples=500)
@example([(step, 0) for step in ("enter", *["enter", "failed"] * 2, "wait", "wait", "enter", "left", "enter")])
def test_breaker_blocks_while_open_and_then_allows_one_probe(steps: list[tuple[str, int]]) -> None:
    clock = Clock()
    breaker = Breaker(2, 5.0, clock)
    under_way: list[object] = []
    failures, opened, probe = 0, None, None
    for step, which in steps:
        if step == "wait":
            clock.seconds += 2.5
        elif step == "enter":
            shut = opened is not None and (probe is not None or clock.seconds < opened + 5.0)
            assert breaker.is_open == shut
            entered = breaker.enter()
            assert (entered is None) == shut
            if not shut:
                under_way.append(entered)
                probe = entered if opened is not None else None
        elif under_way:
            entered = under_way.pop(which % len(under_way))
            getattr(breaker, step)(entered)
            if step == "succeeded":
                failures, opened, probe = 0, None, None
            elif step == "failed":
                failures += 1
                opened = clock.seconds if entered is probe or failures >= 2 else opened
            probe = None if entered is probe else probe
