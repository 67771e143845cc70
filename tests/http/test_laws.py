from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import httpx
from hypothesis import given, settings
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
def test_any_answer_is_an_answer_or_a_failure(status: int, given_headers: dict[bytes, bytes], body: bytes) -> None:
    async def ask() -> None:
        http = client(Script([(status, body, list(given_headers.items()))]), limits={"deadline_seconds": 5.0})
        with suppress(CallFailed):
            assert 200 <= (await http.call("GET", "/x", name="x")).status < 300

    asyncio.run(ask())


@given(st.lists(st.sampled_from(["enter", "succeeded", "failed", "left", "wait"]), max_size=60))
@settings(max_examples=200)
def test_a_breaker_lets_nothing_through_while_it_is_open_and_then_one_probe(steps: list[str]) -> None:
    clock = Clock()
    breaker = Breaker(2, 5.0, clock)
    under_way, failures, opened, probing = 0, 0, None, False
    for step in steps:
        if step == "wait":
            clock.seconds += 2.5
        elif step == "enter":
            shut = opened is not None and (probing or clock.seconds < opened + 5.0)
            assert breaker.is_open == shut
            assert breaker.enter() == (not shut)
            under_way += not shut
            probing = probing or (not shut and opened is not None)
        elif under_way:
            under_way -= 1
            getattr(breaker, step)()
            if step == "succeeded":
                failures, opened = 0, None
            elif step == "failed":
                failures += 1
                opened = clock.seconds if probing or failures >= 2 else opened
            probing = False


def test_the_script_repeats_its_last_step() -> None:
    """The double that these tests stand on does what it says."""

    async def ask() -> list[int]:
        script = Script([httpx.ConnectError("no"), (200, b"1", {"Content-Type": "application/json"})])
        return [(await client(script).call("GET", "/x", name="x")).data for _ in range(2)]

    answers: Any = asyncio.run(ask())
    assert answers == [1, 1]
