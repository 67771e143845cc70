"""Days with hours, ranges of either, and days counted from other days, as seen from Sunday 22 November 2026, 10:30."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import nlu
from bot.nlu.entities.grammar import DIMENSIONS, GrammarExtractor, Habits
from bot.nlu.entities.grammar.slips import LONGEST, SHORTEST, spelt
from bot.nlu.vocabulary import Vocabulary
from tests.nlu.entities.test_grammar_times import FUTURE, NOW, TELLER, find_only, in_short

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
        ("21-Dec-95", "1995-12-21 day"),
        ("3 May '95", "1995-05-03 day"),
        ("May '95", "1995-05-01 month"),
        ("3 Sep 25", "2025-09-03 day"),
        ("2025 Q2", "2025-04-01 quarter"),
        ("the year 2025", "2025-01-01 year"),
        ("summer 2025", "2025-06-01..2025-09-01"),
        ("in the summer", "2026-06-01..2026-09-01"),
        ("the first half of 2025", "2025-01-01..2025-07-01"),
        ("the second half of last month", "2026-10-16..2026-11-01"),
        ("the end of 2025", "2025-12-31 day"),
        ("last day in October 2015", "2015-10-31 day"),
        ("July 13 thru 15", "2026-07-13..2026-07-16"),
        ("Jul 18, Fri", "2025-07-18 day"),
        ("by EOM", "2026-11-22T10:30:00..2026-12-01"),
        ("quarter to one am", "2026-11-22T00:45:00 minute"),
        ("at 10 to 1am", "2026-11-22T00:50:00 minute"),
        ("quarter to 1 in the morning", "2026-11-22T00:45:00 minute"),
        ("quarter to one", "2026-11-22T12:45:00 minute"),
        ("at 10 to 6", "2026-11-22T17:50:00 minute"),
        ("20 to 6 tomorrow", "2026-11-23T17:40:00 minute"),
        ("3:18a", "2026-11-22T03:18:00 minute"),
        ("330 p.m.", "2026-11-22T15:30:00 minute"),
        ("at 17h30", "2026-11-22T17:30:00 minute"),
        ("1730h", "2026-11-22T17:30:00 minute"),
        ("at 0900", "2026-11-22T09:00:00 minute"),
        ("at 930 tomorrow", "2026-11-23T09:30:00 minute"),
        ("tomorrow at 9.30", "2026-11-23T09:30:00 minute"),
        ("at 12 at night", "2026-11-22 hour"),
        ("at 3 at night", "2026-11-22T03:00:00 hour"),
        ("at 11 at night", "2026-11-22T23:00:00 hour"),
        ("in the evening at eight", "2026-11-22T20:00:00 hour"),
        ("monday early in the morning", "2026-11-16T04:00:00..2026-11-16T09:00:00"),
        ("at about 8", "2026-11-22T08:00:00 hour"),
        ("4pm CET", "2026-11-22T15:00:00 hour"),
        ("4pm EST tomorrow", "2026-11-23T21:00:00 hour"),
        ("2026-07-03T10:15:00.000Z", "2026-07-03T10:15:00 second"),
        ("2026-07-03T10:15:05+0200", "2026-07-03T08:15:05 second"),
        ("2026-07-03 10:15:00+02:00", "2026-07-03T08:15:00 second"),
        ("2026-07-03T10:15:00.5-05:00", "2026-07-03T15:15:00 second"),
        ("2 hours and 15 minutes ago", "2026-11-22T08:15:00 second"),
        ("1 day 3 hours ago", "2026-11-21T07:30:00 second"),
        ("a week today", "2026-11-29 day"),
        ("two weeks tomorrow", "2026-12-07 day"),
        ("tomorrow week", "2026-11-30 day"),
        ("a week ago on Friday", "2026-11-13 day"),
        ("in about 10 minutes", "2026-11-22T10:40:00 second"),
        ("in 1/2 hour", "2026-11-22T11:00:00 second"),
        ("in a half hour", "2026-11-22T11:00:00 second"),
        ("in three-quarters of an hour", "2026-11-22T11:15:00 second"),
        ("in a week's time", "2026-11-29 day"),
        ("the last fortnight", "2026-11-08..2026-11-23"),
        ("a week on Friday at 3pm", "2026-12-04T15:00:00 hour"),
        ("a week today at 10am", "2026-11-29T10:00:00 hour"),
        ("3 days before christmas at 5pm", "2025-12-22T17:00:00 hour"),
        ("a week on Friday in the morning", "2026-12-04T04:00:00..2026-12-04T12:00:00"),
        ("in 2 days in the morning", "2026-11-24T04:00:00..2026-11-24T12:00:00"),
        ("in 1,5 hours", "2026-11-22T12:00:00 second"),
        ("1,5 hours ago", "2026-11-22T09:00:00 second"),
        ("since 11pm", "2026-11-21T23:00:00.."),
        ("since 9am", "2026-11-22T09:00:00.."),
        ("since half past six", "2026-11-22T06:30:00.."),
        ("since 11pm on Friday", "2026-11-20T23:00:00.."),
        ("last half hour", "2026-11-22T10:00:00..2026-11-22T10:30:00"),
        ("now", "2026-11-22T10:30:00 second"),
    ],
)
def test_whole_phrase_is_read_as_one_time(phrase: str, expected: str) -> None:
    entity = find_only(TELLER, phrase)
    assert (entity.start, entity.end) == (0, len(phrase))
    assert in_short(entity) == expected


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
def test_time_leaning_to_the_future_is_not_over(phrase: str, expected: str) -> None:
    entity = find_only(FUTURE, phrase)
    assert (entity.start, entity.end) == (0, len(phrase))
    assert in_short(entity) == expected


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
def test_neighbouring_words_decide_the_meaning_of_a_number(text: str, read: list[tuple[str, str]]) -> None:
    found = ALL.extend(text, NOW, [])
    assert [(entity.entity, text[entity.start : entity.end]) for entity in found] == read


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("not before 3 May", "2026-05-03.."),
        ("no earlier than 3 May", "2026-05-03.."),
        ("on or after 1 October", "2026-10-01.."),
        ("from and including 3 May", "2026-05-03.."),
        ("starting 1 September", "2026-09-01.."),
        ("later than 3 May", "2026-05-04.."),
        ("not after 3 May", "..2026-05-04"),
        ("on or before 3 May", "..2026-05-04"),
        ("up to and including Friday", "..2026-11-21"),
        ("no later than Friday", "..2026-11-21"),
        ("prior to September", "..2026-09-01"),
        ("from 1 October", "2026-10-01.."),
        ("from yesterday", "2026-11-21.."),
        ("from 9am tomorrow", "2026-11-23T09:00:00.."),
        ("tomorrow before midnight", "2026-11-23..2026-11-24"),
        ("tomorrow by midnight", "2026-11-23..2026-11-24"),
        ("Friday until midnight", "2026-11-20..2026-11-21"),
        ("tomorrow until 3pm", "2026-11-23..2026-11-23T15:00:00"),
    ],
)
def test_bounds_are_on_the_named_side_and_include_days_as_worded(phrase: str, expected: str) -> None:
    entity = find_only(TELLER, phrase)
    assert (entity.start, entity.end) == (0, len(phrase))
    assert in_short(entity) == expected


@pytest.mark.parametrize("text", ["last zero weeks", "within zero seconds"])
def test_interval_of_zero_length_is_not_read(text: str) -> None:
    assert not [entity for entity in TELLER.extend(text, NOW, []) if isinstance(entity.value, dict)]


OCTOBER = datetime(2026, 10, 7, 16, 40, tzinfo=UTC)
NEW_YEARS_EVE = datetime(2026, 12, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("extractor", "now", "phrase", "expected"),
    [
        (TELLER, OCTOBER, "between 1 October and 31 October", "2026-10-01..2026-11-01"),
        (TELLER, OCTOBER, "from 1 to 31 October", "2026-10-01..2026-11-01"),
        (TELLER, OCTOBER, "1/10 to 31/10", "2026-10-01..2026-11-01"),
        (TELLER, OCTOBER, "from 5 to 9 October", "2026-10-05..2026-10-10"),
        (TELLER, OCTOBER, "from the 1st to the 31st", "2026-10-01..2026-11-01"),
        (TELLER, OCTOBER, "between the 1st and the 10th", "2026-10-01..2026-10-11"),
        (TELLER, OCTOBER, "from 8 to 31 October", "2025-10-08..2025-11-01"),
        (TELLER, OCTOBER, "from September to December", "2026-09-01..2027-01-01"),
        (FUTURE, OCTOBER, "from 1 October to 31 October", "2026-10-01..2026-11-01"),
        (FUTURE, OCTOBER, "from 5 October to 9 October", "2026-10-05..2026-10-10"),
        (FUTURE, OCTOBER, "from 1 October to 6 October", "2027-10-01..2027-10-07"),
        (FUTURE, OCTOBER, "August 27th - 29th", "2027-08-27..2027-08-30"),
        (FUTURE, OCTOBER, "Monday to Friday", "2026-10-12..2026-10-17"),
        (FUTURE, NEW_YEARS_EVE, "30 Dec - 2 Jan", "2026-12-30..2027-01-03"),
    ],
)
def test_range_containing_today_keeps_its_year(
    extractor: GrammarExtractor, now: datetime, phrase: str, expected: str
) -> None:
    entity = find_only(extractor, phrase, now)
    assert (entity.start, entity.end) == (0, len(phrase))
    assert in_short(entity) == expected


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("this winter", "2025-12-01..2026-03-01"),
        ("last winter", "2024-12-01..2025-03-01"),
        ("next winter", "2026-12-01..2027-03-01"),
        ("this summer", "2026-06-01..2026-09-01"),
    ],
)
def test_this_winter_in_january_began_last_year(phrase: str, expected: str) -> None:
    assert in_short(find_only(TELLER, phrase, datetime(2026, 1, 31, 12, 0, tzinfo=UTC))) == expected


def test_weekday_with_day_of_month_is_nearest_or_in_the_preferred_direction() -> None:
    february = datetime(2013, 2, 12, 4, 30, tzinfo=UTC)
    assert in_short(find_only(FUTURE, "Thu 15th", february)) == "2013-08-15 day"
    assert in_short(find_only(TELLER, "Wed 7th", OCTOBER)) == "2026-10-07 day"
    assert in_short(find_only(TELLER, "Thu 8th", OCTOBER)) == "2026-10-08 day"


@pytest.mark.parametrize(
    "text",
    [
        *("show me june", "what about june?", "my april statement", "april's statement", "JAN STATEMENT", "May please"),
        *("show me may", "april vs may"),
    ],
)
def test_ambiguous_month_names_are_months_in_questions_about_a_month(text: str) -> None:
    found = TELLER.extend(text, NOW, [])
    assert {entity.details["grain"] for entity in found} == {"month"}


@pytest.mark.parametrize("text", ["april owes me a drink", "send it to june", "what's my apr?", "as you may", "in 61"])
def test_personal_names_and_other_words_are_not_months(text: str) -> None:
    assert TELLER.extend(text, NOW, []) == []


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("tommorrow", "tomorrow"),
        ("tomoz", "tomorrow"),
        ("on wensday", "on wednesday"),
        ("on thursady", "on thursday"),
        ("in febuary", "in february"),
        ("yesturday", "yesterday"),
        ("3 Septembre", "3 September"),
        ("on tusday", "on tuesday"),
        ("on fridday", "on friday"),
        ("on firday", "on friday"),
        ("on wednessday", "on wednesday"),
        ("on saterday", "on saturday"),
        ("in janurary", "in january"),
        ("in novemeber", "in november"),
    ],
)
def test_misspelt_days_and_months_are_read(misspelt: str, meant: str) -> None:
    assert in_short(find_only(TELLER, misspelt)) == in_short(find_only(TELLER, meant))


@pytest.mark.parametrize(
    "text", ["pay Sundar", "pay Mondal", "Mrs Munday", "to Fridah", "pay Augusta", "Mr Octobor", "atoday"]
)
def test_personal_names_are_not_misspelt_days_or_months(text: str) -> None:
    assert ALL.extend(text, NOW, []) == []


@pytest.mark.parametrize("text", ["sonday", "munday", "tursday", "thuesday"])
def test_misspelling_of_two_possible_days_is_not_corrected(text: str) -> None:
    assert spelt(text) == text


def test_vocabulary_words_are_never_corrected() -> None:
    (folder,) = {path.parent for path in Path(nlu.__file__).parent.rglob("vocabulary.txt")}
    known = [word for word in Vocabulary(folder) if SHORTEST <= len(word) <= LONGEST]
    assert [word for word in known if spelt(word) != word] == []


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("1/2 hour", "duration", 0.5),
        ("half hour", "duration", 0.5),
        ("three-quarters of an hour", "duration", 0.75),
        ("quarter of an hour", "duration", 0.25),
        ("for 3/4 hour", "duration", 0.75),
        ("1/2 mile", "distance", 0.5),
        ("1/2 a million", "number", 500_000),
    ],
)
def test_fractions_of_a_unit_are_read(text: str, dimension: str, value: float) -> None:
    (entity,) = ALL.extend(text, NOW, [])
    assert (entity.entity, entity.value, entity.end) == (dimension, value, len(text))


@pytest.mark.parametrize(
    ("text", "value"), [("half a dozen", 6), ("half dozen", 6), ("quarter to a dozen", 12), ("at dozen", 12)]
)
def test_dozen_is_not_an_hour(text: str, value: int) -> None:
    (entity,) = ALL.extend(text, NOW, [])
    assert (entity.entity, entity.value) == ("number", value)


@pytest.mark.parametrize("day", [23, 30])
def test_since_a_time_of_day_means_its_latest_occurrence(day: int) -> None:
    now = datetime(2026, 11, day, 12, 45, tzinfo=UTC)
    for grammar in (TELLER, FUTURE):
        assert in_short(find_only(grammar, "since 11pm", now)) == f"2026-11-{day - 1}T23:00:00.."


@pytest.mark.parametrize(
    ("phrase", "now", "past", "future"),
    [
        ("the 31st of the month", datetime(2026, 11, 23), "2026-10-31", "2026-12-31"),
        ("the 31st of the month", datetime(2026, 12, 15), "2026-12-31", "2026-12-31"),
        ("the 30th of every month", datetime(2026, 1, 31), "2026-01-30", "2026-03-30"),
        ("the 20th of the month", datetime(2026, 11, 23), "2026-11-20", "2026-12-20"),
    ],
)
def test_day_missing_from_this_month_falls_in_the_nearest_month_with_it(
    phrase: str, now: datetime, past: str, future: str
) -> None:
    found = [in_short(find_only(grammar, phrase, now.replace(tzinfo=UTC))) for grammar in (TELLER, FUTURE)]
    assert found == [f"{past} day", f"{future} day"]


def test_rates_and_sums_are_not_times_of_day() -> None:
    for text in ("the pound is at 1.30", "set the limit at 1500", "my mortgage at 4.49", "I sent 20 to 6 people"):
        assert not [entity for entity in ALL.extend(text, NOW, []) if entity.entity == "time"], text


def test_hours_before_a_range_of_days_do_not_split_it() -> None:
    text = "9am to 5pm Monday to Friday"
    assert [text[e.start : e.end] for e in TELLER.extend(text, NOW, [])] == ["9am to 5pm", "Monday to Friday"]


@pytest.mark.parametrize(
    ("now", "phrase", "hours"),
    [
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "next 3 hours", 3),
        (datetime(2026, 10, 24, 23, 30, tzinfo=UTC), "next 3 hours", 3),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "the last 2 hours", 2),
    ],
)
def test_intervals_of_hours_keep_their_length_across_clock_changes(now: datetime, phrase: str, hours: int) -> None:
    london = GrammarExtractor("g", frozenset({"time"}), Habits(timezone="Europe/London"))
    sides = [datetime.fromisoformat(find_only(london, phrase, now).value[side]) for side in ("from", "to")]
    assert sides[1] - sides[0] == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("now", "phrase", "expected"),
    [
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "in 3 hours", "2026-03-29T03:00:00.000+01:00"),
        (datetime(2026, 10, 24, 23, 30, tzinfo=UTC), "in 2 hours", "2026-10-25T01:30:00.000+00:00"),
        (datetime(2026, 10, 25, 1, 15, tzinfo=UTC), "10 minutes ago", "2026-10-25T01:05:00.000+00:00"),
        (datetime(2026, 10, 25, 0, 15, tzinfo=UTC), "in 10 minutes", "2026-10-25T01:25:00.000+01:00"),
    ],
)
def test_relative_times_count_elapsed_time_across_clock_changes(now: datetime, phrase: str, expected: str) -> None:
    london = GrammarExtractor("g", frozenset({"time"}), Habits(timezone="Europe/London"))
    assert find_only(london, phrase, now).value == expected


def test_time_with_offset_is_converted_to_the_configured_zone() -> None:
    london = GrammarExtractor("g", frozenset({"time"}), Habits(timezone="Europe/London"))
    assert find_only(london, "2026-07-21T14:00Z").value == "2026-07-21T15:00:00.000+01:00"
