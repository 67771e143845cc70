"""Parses are cached, except those that depend on the day, and only up to a limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.messages import Entity, Parse
from bot.nlu.cache import CachedParses
from bot.nlu.entities import EntityModel
from bot.nlu.entities.grammar import GrammarExtractor, Habits
from bot.nlu.features import Features
from bot.nlu.model import Model
from bot.nlu.tfidf import Tfidf

NOW = datetime(2026, 11, 3, tzinfo=UTC)


class CountingParser:
    """Records the texts that it parses; finds a time in those with `yesterday`."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def parse(self, text: str, now: datetime) -> Parse:
        self.asked.append(text)
        day = (now - timedelta(days=1)).date().isoformat()
        found = (Entity("time", day, 0, len(text), details={"grain": "day"}),) if "yesterday" in text else ()
        return Parse(text, entities=found)


def test_same_text_is_parsed_once_within_a_quarter_of_an_hour() -> None:
    matcher = CountingParser()
    cached = CachedParses(matcher)
    assert cached.parse("hello", NOW) is cached.parse("hello", NOW + timedelta(minutes=14))
    assert matcher.asked == ["hello"]


def test_parse_without_a_time_expires_when_the_day_changes() -> None:
    """No fifth week begins in October, and its last day ends in Kathmandu at 18:15 UTC."""
    habits = Habits(prefer="future", timezone="Asia/Kathmandu")
    entities = EntityModel((GrammarExtractor("grammar", frozenset({"time"}), habits),))
    cached = CachedParses(Model("", "en", Features(Tfidf.fit(["hello"])), entities))
    text = "in the fifth week of the month"
    last = datetime(2026, 10, 31, 18, 14, tzinfo=UTC)
    assert cached.parse(text, last).entities == ()
    assert [e.value[:10] for e in cached.parse(text, last + timedelta(minutes=1)).entities] == ["2026-11-30"]


def test_parse_with_a_relative_date_is_not_cached() -> None:
    cached = CachedParses(CountingParser())
    first, later = (cached.parse("since yesterday", NOW + timedelta(days=days)) for days in (0, 5))
    assert [e.value for e in first.entities] == ["2026-11-02"]
    assert [e.value for e in later.entities] == ["2026-11-07"]


def test_least_recently_used_text_is_evicted_and_long_texts_are_not_cached() -> None:
    matcher = CountingParser()
    cached = CachedParses(matcher, most=2, longest=10)
    for text in ("a", "b", "a", "c", "a", "b", "much too long a text", "much too long a text"):
        cached.parse(text, NOW)
    assert matcher.asked == ["a", "b", "c", "b", "much too long a text", "much too long a text"]


def test_reparsed_text_counts_as_recently_used() -> None:
    matcher = CountingParser()
    cached = CachedParses(matcher, most=2)
    for text, minutes in (("a", 0), ("b", 0), ("a", 20), ("c", 20), ("a", 20)):
        cached.parse(text, NOW + timedelta(minutes=minutes))
    assert matcher.asked == ["a", "b", "a", "c"]
