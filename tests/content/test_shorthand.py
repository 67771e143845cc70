"""`/intent@0.9{"entity": "value"}`."""

from __future__ import annotations

import timeit
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.shorthand import read_shorthand


@pytest.mark.parametrize(
    ("text", "intent", "confidence", "entities"),
    [
        ("/greet", "greet", 1.0, {}),
        (" /greet\n", "greet", 1.0, {}),
        ("/faq/hours", "faq/hours", 1.0, {}),
        ("/greet@0.9", "greet", 0.9, {}),
        ("/greet@1.0", "greet", 1.0, {}),
        ('/inform{"city": "Leeds", "n": [1, null]}', "inform", 1.0, {"city": "Leeds", "n": [1, None]}),
        ('/inform@.5 {"city": "Leeds"}', "inform", 0.5, {"city": "Leeds"}),
        ('/inform{{"city": "Leeds"}}', "inform", 1.0, {"city": "Leeds"}),
        ('/inform{{"at": {{"city": "Leeds"}}}}', "inform", 1.0, {"at": {"city": "Leeds"}}),
        ('/inform{"at": {"city": "Leeds"}}', "inform", 1.0, {"at": {"city": "Leeds"}}),
        ("/inform{city}", "inform", 1.0, None),
        ("/inform{{city}}", "inform", 1.0, None),
        ("/inform{}'", "inform", 1.0, {}),
        ('/inform{"city": "Leeds"}\'', "inform", 1.0, {"city": "Leeds"}),
        ('/inform {{"city": "Leeds"}} now', "inform", 1.0, {"city": "Leeds"}),
        ("/inform{", "inform", 1.0, None),
        ('/inform{"n": NaN}', "inform", 1.0, None),
        ('/inform{"n": 1e400}', "inform", 1.0, None),
        ('/inform{"n": "\\ud800"}', "inform", 1.0, None),
        ('/inform{"n": 18446744073709551615}', "inform", 1.0, {"n": 2**64 - 1}),
        ('/inform{"n": 18446744073709551616}', "inform", 1.0, None),
        ('/inform{"n": [-9223372036854775809]}', "inform", 1.0, None),
    ],
)
def test_shorthand_is_parsed(text: str, intent: str, confidence: float, entities: dict[str, Any] | None) -> None:
    parsed = read_shorthand(text)
    assert parsed is not None
    assert (parsed.intent, parsed.confidence, parsed.entities) == (intent, confidence, entities)


@pytest.mark.parametrize("text", ["", "/", "greet", "/two words", "/greet@", "/greet@2", "//greet", "hello /greet"])
def test_ordinary_text_is_not_a_shorthand(text: str) -> None:
    assert read_shorthand(text) is None


def test_span_of_the_entities_is_returned() -> None:
    parsed = read_shorthand('/a {"b": 1}')
    assert parsed is not None
    assert (parsed.start, parsed.end) == (3, 11)


def test_text_after_the_entities_is_returned_as_rest() -> None:
    text = ' /a {"b": 1} now '
    parsed = read_shorthand(text)
    assert parsed is not None
    assert (text[parsed.start : parsed.end], parsed.rest) == ('{"b": 1}', "now")


@pytest.mark.parametrize("before", ["/a", "/", "/a@0.5", "/a{"])
@pytest.mark.parametrize("long", [" ", "a", "0", "/", "{", "}"])
def test_parsing_time_does_not_grow_quadratically(before: str, long: str) -> None:
    def seconds(length: int) -> float:
        text = f"{before}{long * length}x"
        return min(timeit.repeat(lambda: read_shorthand(text), number=1, repeat=9))

    assert seconds(8_000) < 32 * seconds(1_000)


@given(st.text(alphabet='/a@0.9{}[]":, \\', max_size=40))
def test_parsing_any_text_never_raises(text: str) -> None:
    read_shorthand(text)


def test_deeply_nested_entities_are_rejected() -> None:
    parsed = read_shorthand("/a{" + '"a":{' * 100_000)
    assert parsed is not None
    assert parsed.entities is None
