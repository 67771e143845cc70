"""Days with hours, ranges of either, and days counted from other days, seen from Sunday 22 November 2026, 10:30."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.nlu.entities.grammar import DIMENSIONS, GrammarExtractor, Habits
from tests.nlu.entities.test_grammar_times import FUTURE, NOW, TELLER, only, said

ALL = GrammarExtractor("g", DIMENSIONS, Habits())


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("between 1st May 2025 and today", "2025-05-01..2026-11-23"),
        ("from January 2025 to now", "2025-01-01..2026-11-22T10:30:01"),
        ("from 2024 to today", "2024-01-01..2026-11-23"),
        ("between January 2025 and this month", "2025-01-01..2026-12-01"),
        ("between May 2025 and May this year", "2025-05-01..2026-06-01"),
        ("from 1 May 2025 until yesterday", "2025-05-01..2026-11-22"),
        ("Jan to Mar 2025", "2025-01-01..2025-04-01"),
        ("Jan-Mar 2025", "2025-01-01..2025-04-01"),
        ("from Friday to yesterday", "2026-11-20..2026-11-22"),
        ("april to june", "2026-04-01..2026-07-01"),
        ("mon-fri", "2026-11-16..2026-11-21"),
        ("from 3 to 4pm", "2026-11-22T15:00:00..2026-11-22T17:00:00"),
        ("10 to 11am", "2026-11-22T10:00:00..2026-11-22T12:00:00"),
        ("from 9 to 5pm", "2026-11-22T09:00:00..2026-11-22T18:00:00"),
        ("at 5 to 4pm", "2026-11-22T15:55:00 minute"),
        ("ten to three in the afternoon", "2026-11-22T14:50:00 minute"),
        ("tomorrow from 3 to 4pm", "2026-11-23T15:00:00..2026-11-23T17:00:00"),
        ("Friday morning from 9 to 11am", "2026-11-20T09:00:00..2026-11-20T12:00:00"),
        ("tomorrow between 3 and 5pm", "2026-11-23T15:00:00..2026-11-23T18:00:00"),
        ("on Friday 5-7pm", "2026-11-20T17:00:00..2026-11-20T20:00:00"),
        ("Thursday between 9:30 and 11:00", "2026-11-19T09:30:00..2026-11-19T11:01:00"),
        ("tomorrow after 3pm", "2026-11-23T15:00:00..2026-11-24"),
        ("tomorrow before 3pm", "2026-11-23..2026-11-23T15:00:00"),
        ("on Saturday from 8pm till 2am", "2026-11-21T20:00:00..2026-11-22T03:00:00"),
        ("from 9 to 5 tomorrow", "2026-11-23T09:00:00..2026-11-23T18:00:00"),
        ("tonight between 7 and 9", "2026-11-22T19:00:00..2026-11-22T22:00:00"),
        ("between 7 and 9 tonight", "2026-11-22T19:00:00..2026-11-22T22:00:00"),
        ("tonight at midnight", "2026-11-23 hour"),
        ("midnight tonight", "2026-11-23 hour"),
        ("tonight at 12", "2026-11-23 hour"),
        ("tonight at 1am", "2026-11-23T01:00:00 hour"),
        ("tonight at 8", "2026-11-22T20:00:00 hour"),
        ("tomorrow at half 6", "2026-11-23T18:30:00 minute"),
        ("in 1 hour and 30 minutes", "2026-11-22T12:00:00 second"),
        ("in 1h30", "2026-11-22T12:00:00 second"),
        ("in 2 days at 5pm", "2026-11-24T17:00:00 hour"),
        ("in three quarters of an hour", "2026-11-22T11:15:00 second"),
        ("in 2 weeks and 3 days", "2026-12-09 day"),
        ("in 2 days and 3 hours", "2026-11-24T13:30:00 second"),
        ("sat at 6pm", "2026-11-21T18:00:00 hour"),
        ("wed 3pm", "2026-11-18T15:00:00 hour"),
        ("the day before christmas", "2025-12-24 day"),
        ("3 days before christmas", "2025-12-22 day"),
        ("two weeks from Friday", "2026-12-11 day"),
        ("a week on Friday", "2026-12-04 day"),
        ("a week from tomorrow", "2026-11-30 day"),
        ("21-Dec-2026", "2026-12-21 day"),
        ("Dec-2026", "2026-12-01 month"),
        ("21/Dec/2026", "2026-12-21 day"),
        ("5-May", "2026-05-05 day"),
        ("2026-12-21T14:00:00+01:00", "2026-12-21T13:00:00 second"),
        ("2026-12-21T14:00Z", "2026-12-21T14:00:00 minute"),
        ("29 feb 2028", "2028-02-29 day"),
    ],
)
def test_a_phrase_is_read_whole(phrase: str, expected: str) -> None:
    entity = only(TELLER, phrase)
    assert (entity.start, entity.end) == (0, len(phrase))
    assert said(entity) == expected


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("from today until 5 January 2027", "2026-11-22..2027-01-06"),
        ("from Monday to 3 May 2028", "2026-11-23..2028-05-04"),
        ("8am to 9am", "2026-11-23T08:00:00..2026-11-23T10:00:00"),
        ("on the 1st of the month", "2026-12-01 day"),
        ("this coming weekend", "2026-11-21..2026-11-23"),
        ("on the 5th of every month", "2026-12-05 day"),
    ],
)
def test_what_is_over_is_not_to_come(phrase: str, expected: str) -> None:
    entity = only(FUTURE, phrase)
    assert (entity.start, entity.end) == (0, len(phrase))
    assert said(entity) == expected


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("my mortgage at 4.5%", [("number", "4.5")]),
        ("at 5%", [("number", "5")]),
        ("at 10,000 pounds", [("amount-of-money", "10,000 pounds")]),
        ("at 5€", [("amount-of-money", "5€")]),
        ("at 21°", [("number", "21")]),
        ("at 5-star hotels", []),
        ("table for two tonight", [("number", "two"), ("time", "tonight")]),
        ("table for 6 tomorrow at 7pm", [("number", "6"), ("time", "tomorrow at 7pm")]),
        ("a transfer of 20 tomorrow", [("number", "20"), ("time", "tomorrow")]),
        ("at 7 remind me to eat", [("time", "at 7")]),
        ("between 4 and 5", [("number", "4"), ("number", "5")]),
        ("lunch wed 12:30", [("time", "wed 12:30")]),
        ("I sat at 6pm", [("time", "at 6pm")]),
        ("the sun at noon", [("time", "at noon")]),
        ("march on", []),
        ("the pound is at 1.17 today", [("number", "1.17"), ("time", "today")]),
        ("cancel the 2nd transfer", [("ordinal", "2nd")]),
        ("re 2 days ago", [("time", "2 days ago")]),
        ("account 123 500 pounds", [("number", "123"), ("amount-of-money", "500 pounds")]),
        ("raise my limit today by 5", [("time", "today"), ("number", "5")]),
        ("today between 10 and 20", [("time", "today"), ("number", "10"), ("number", "20")]),
        ("freeze it for 2 weeks from monday", [("duration", "2 weeks"), ("time", "monday")]),
        ("minus " * 1000, []),
        ("I will march into your branch", []),
        ("show my march statement", [("time", "march")]),
        ("30 Feb", [("number", "30")]),
        ("29 feb 2027", [("number", "29"), ("number", "2027")]),
        ("on 2024-02-30", []),
        ("open 24/7", []),
        ("3/5 stars", []),
        ("a 3-day trip", [("duration", "3-day")]),
        ("£10 to 20 May", [("amount-of-money", "£10 to 20"), ("time", "May")]),
    ],
)
def test_what_stands_beside_a_number_says_what_it_is(text: str, read: list[tuple[str, str]]) -> None:
    found = ALL.extend(text, NOW, [])
    assert [(entity.entity, text[entity.start : entity.end]) for entity in found] == read


@pytest.mark.parametrize(
    ("now", "phrase", "expected"),
    [
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "in 3 hours", "2026-03-29T03:00:00.000+01:00"),
        (datetime(2026, 10, 24, 23, 30, tzinfo=UTC), "in 2 hours", "2026-10-25T01:30:00.000+00:00"),
        (datetime(2026, 10, 25, 1, 15, tzinfo=UTC), "10 minutes ago", "2026-10-25T01:05:00.000+00:00"),
        (datetime(2026, 10, 25, 0, 15, tzinfo=UTC), "in 10 minutes", "2026-10-25T01:25:00.000+01:00"),
    ],
)
def test_hours_pass_over_changes_of_the_clock(now: datetime, phrase: str, expected: str) -> None:
    london = GrammarExtractor("g", frozenset({"time"}), Habits(timezone="Europe/London"))
    assert only(london, phrase, now).value == expected


def test_an_offset_is_taken_into_the_zone_of_the_habits() -> None:
    london = GrammarExtractor("g", frozenset({"time"}), Habits(timezone="Europe/London"))
    assert only(london, "2026-07-21T14:00Z").value == "2026-07-21T15:00:00.000+01:00"
