"""How the grammar reads times, as seen from Sunday 22 November 2026, 10:30."""

from datetime import UTC, datetime

import pytest

from bot.messages import Entity
from bot.nlu.entities.grammar import DIMENSIONS, GrammarExtractor, Habits

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
TELLER = GrammarExtractor("TellerEntityExtractor", frozenset({"time"}), Habits())
FUTURE = GrammarExtractor("TellerEntityExtractor", frozenset({"time"}), Habits(prefer="future"))
DUCKLING = GrammarExtractor("DucklingEntityExtractor", frozenset({"time"}), Habits.of_duckling({}, "en"))


def find_only(extractor: GrammarExtractor, text: str, now: datetime = NOW) -> Entity:
    found = extractor.extend(text, now, [])
    assert len(found) == 1, found
    return found[0]


def short_date(iso: str) -> str:
    return iso.removesuffix(".000+00:00").removesuffix("T00:00:00")


def in_short(entity: Entity) -> str:
    """Write a time in short form: `2026-11-22 day`, or `2026-11-01..2026-11-23` with open sides left out."""
    if isinstance(entity.value, dict):
        return f"{short_date(entity.value['from'] or '')}..{short_date(entity.value['to'] or '')}"
    return f"{short_date(entity.value)} {entity.details['grain']}"


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("today", "2026-11-22 day"),
        ("yesterday", "2026-11-21 day"),
        ("the day before yesterday", "2026-11-20 day"),
        ("tomorrow", "2026-11-23 day"),
        ("the day after tomorrow", "2026-11-24 day"),
        ("this month", "2026-11-01 month"),
        ("last month", "2026-10-01 month"),
        ("the month before last", "2026-09-01 month"),
        ("next week", "2026-11-23 week"),
        ("the week after next", "2026-11-30 week"),
        ("this year", "2026-01-01 year"),
        ("last year", "2025-01-01 year"),
        ("last quarter", "2026-07-01 quarter"),
        ("3 days ago", "2026-11-19 day"),
        ("a fortnight ago", "2026-11-08 day"),
        ("two years ago", "2024-11-01 month"),
        ("two weeks from now", "2026-12-06 day"),
        ("in half an hour", "2026-11-22T11:00:00 second"),
        ("on Friday", "2026-11-20 day"),
        ("last Friday", "2026-11-20 day"),
        ("next Friday", "2026-11-27 day"),
        ("Friday week", "2026-12-04 day"),
        ("Friday after next", "2026-12-04 day"),
        ("the Friday before last", "2026-11-13 day"),
        ("Tuesday last", "2026-11-17 day"),
        ("Wednesday of last week", "2026-11-11 day"),
        ("in October", "2026-10-01 month"),
        ("in December", "2025-12-01 month"),
        ("last October", "2026-10-01 month"),
        ("last November", "2025-11-01 month"),
        ("next March", "2027-03-01 month"),
        ("Oct 2025", "2025-10-01 month"),
        ("october last year", "2025-10-01 month"),
        ("Oct '25", "2025-10-01 month"),
        ("3 May", "2026-05-03 day"),
        ("the 3rd of May 2025", "2025-05-03 day"),
        ("May 3rd, 2025", "2025-05-03 day"),
        ("25 December", "2025-12-25 day"),
        ("Sat 3 Jan 2026", "2026-01-03 day"),
        ("the 5th", "2026-11-05 day"),
        ("the 30th", "2026-10-30 day"),
        ("the 5th of last month", "2026-10-05 day"),
        ("3/11/2026", "2026-11-03 day"),
        ("13/11/2026", "2026-11-13 day"),
        ("03.11.26", "2026-11-03 day"),
        ("2026-11-03", "2026-11-03 day"),
        ("11/2026", "2026-11-01 month"),
        ("in 2025", "2025-01-01 year"),
        ("Q3", "2026-07-01 quarter"),
        ("Q4 2025", "2025-10-01 quarter"),
        ("the third quarter of last year", "2025-07-01 quarter"),
        ("christmas", "2025-12-25 day"),
        ("Easter Monday 2026", "2026-04-06 day"),
        ("the end of last month", "2026-10-31 day"),
        ("the first day of March 2025", "2025-03-01 day"),
        ("the last Friday of the month", "2026-11-27 day"),
        ("the first Tuesday of October", "2026-10-06 day"),
        ("the week of 7 October", "2026-10-05 week"),
        ("3pm", "2026-11-22T15:00:00 hour"),
        ("at 6", "2026-11-22T18:00:00 hour"),
        ("at 10.30 pm", "2026-11-22T22:30:00 minute"),
        ("15:30", "2026-11-22T15:30:00 minute"),
        ("half past six", "2026-11-22T18:30:00 minute"),
        ("half past six in the morning", "2026-11-22T06:30:00 minute"),
        ("a quarter to noon", "2026-11-22T11:45:00 minute"),
        ("at 12 noon", "2026-11-22T12:00:00 hour"),
        ("noon on Friday", "2026-11-20T12:00:00 hour"),
        ("next Friday at half past six", "2026-11-27T18:30:00 minute"),
        ("2026-11-03T10:15", "2026-11-03T10:15:00 minute"),
        ("tomorrow at 9am", "2026-11-23T09:00:00 hour"),
        ("8 tonight", "2026-11-22T20:00:00 hour"),
        ("tomorrow evening at 8", "2026-11-23T20:00:00 hour"),
    ],
)
def test_single_units_of_time_are_read(phrase: str, expected: str) -> None:
    entity = find_only(TELLER, f"so {phrase} please")
    assert in_short(entity) == expected
    assert f"so {phrase} please"[entity.start : entity.end] == phrase


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("the last 3 weeks", "2026-11-01..2026-11-23"),
        ("past 10 days", "2026-11-12..2026-11-23"),
        ("the last month", "2026-10-22..2026-11-23"),
        ("year to date", "2026-01-01..2026-11-23"),
        ("the weekend before last", "2026-11-07..2026-11-09"),
        ("the past month", "2026-10-22..2026-11-23"),
        ("the last 24 hours", "2026-11-21T10:30:00..2026-11-22T10:30:00"),
        ("next 3 days", "2026-11-22..2026-11-26"),
        ("since Tuesday", "2026-11-17.."),
        ("since the start of the year", "2026-01-01.."),
        ("from Monday onwards", "2026-11-16.."),
        ("until the 5th", "..2026-11-06"),
        ("before May", "..2026-05-01"),
        ("after Tuesday", "2026-11-18.."),
        ("after 3pm", "2026-11-22T15:00:00.."),
        ("by Friday", "2026-11-22T10:30:00..2026-11-28"),
        ("since 3 May until 10 June", "2026-05-03..2026-06-11"),
        ("between 3 and 5 May", "2026-05-03..2026-05-06"),
        ("between 28 and 3 May", "2026-04-28..2026-05-04"),
        ("from 13th to 15th July", "2026-07-13..2026-07-16"),
        ("July 13-15", "2026-07-13..2026-07-16"),
        ("3 May - 5 June 2025", "2025-05-03..2025-06-06"),
        ("from March to June", "2026-03-01..2026-07-01"),
        ("from November to January", "2026-11-01..2027-02-01"),
        ("from Jan to Mar 2024", "2024-01-01..2024-04-01"),
        ("from Jan to Mar 2027", "2027-01-01..2027-04-01"),
        ("3 May 2024 - 5 June", "2024-05-03..2024-06-06"),
        ("28 Dec to 3 Jan", "2025-12-28..2026-01-04"),
        ("mid October", "2026-10-11..2026-10-21"),
        ("Monday to Friday", "2026-11-16..2026-11-21"),
        ("1/10/2026 to 31/10/2026", "2026-10-01..2026-11-01"),
        ("3-5pm tomorrow", "2026-11-23T15:00:00..2026-11-23T18:00:00"),
        ("this morning", "2026-11-22T04:00:00..2026-11-22T12:00:00"),
        ("yesterday evening", "2026-11-21T18:00:00..2026-11-22"),
        ("last night", "2026-11-21T18:00:00..2026-11-22"),
        ("this weekend", "2026-11-21..2026-11-23"),
        ("last summer", "2026-06-01..2026-09-01"),
    ],
)
def test_intervals_exclude_their_end(phrase: str, expected: str) -> None:
    entity = find_only(TELLER, f"so {phrase} please")
    assert in_short(entity) == expected
    assert f"so {phrase} please"[entity.start : entity.end] == phrase


@pytest.mark.parametrize(
    "text",
    [
        "I may go",
        "bye for now",
        "it may be that this may do",
        "the current apr",
        "3/4 of it",
        "a quarter",
        "the sun sat low",
        "the first one",
        "the 21st transaction",
        "12-34-56",
        "32/13/2026",
        "1.2.3.4",
        "in 61",
        "3 30",
        "25",
        "at a few",
        "account 20251231",
        "the end of it",
    ],
)
def test_other_phrases_are_not_times(text: str) -> None:
    assert TELLER.extend(text, NOW, []) == []


@pytest.mark.parametrize(("text", "expected"), [("may", "2026-05-01 month"), ("Sat", "2026-11-21 day")])
def test_ambiguous_name_is_a_date_when_it_is_the_whole_message(text: str, expected: str) -> None:
    assert in_short(find_only(TELLER, text)) == expected


def test_in_is_not_part_of_a_relative_month() -> None:
    assert find_only(TELLER, "what came in last month").start == 13


def test_details_of_a_single_unit_have_both_bounds() -> None:
    details = find_only(TELLER, "last month").details
    assert details["from"] == {"value": "2026-10-01T00:00:00.000+00:00", "grain": "month"}
    assert details["to"] == {"value": "2026-11-01T00:00:00.000+00:00", "grain": "month"}


def test_duckling_defaults_to_future_whole_weeks_and_month_first() -> None:
    assert find_only(DUCKLING, "in October").value == "2027-10-01T00:00:00.000-07:00"
    assert find_only(DUCKLING, "on 3/11/2026").value == "2026-03-11T00:00:00.000-07:00"
    assert find_only(DUCKLING, "last 2 weeks").value == {
        "to": "2026-11-16T00:00:00.000-08:00",
        "from": "2026-11-02T00:00:00.000-08:00",
    }


def test_values_and_details_have_duckling_shapes() -> None:
    entity = find_only(DUCKLING, "in January 2019")
    assert entity.value == "2019-01-01T00:00:00.000-08:00"
    assert (entity.entity, entity.extractor, entity.confidence) == ("time", "DucklingEntityExtractor", 1.0)
    assert entity.details["type"] == "value"
    assert entity.details["values"] == [{"type": "value", "value": entity.value, "grain": "month"}]
    interval = find_only(DUCKLING, "since yesterday")
    assert interval.value == {"to": None, "from": "2026-11-21T00:00:00.000-08:00"}
    assert interval.details["type"] == "interval"
    assert interval.details["from"] == {"value": interval.value["from"], "grain": "day"}


def test_future_preference_reads_ambiguous_times_as_upcoming() -> None:
    assert in_short(find_only(FUTURE, "on Friday")) == "2026-11-27 day"
    assert in_short(find_only(FUTURE, "25 December")) == "2026-12-25 day"
    assert in_short(find_only(FUTURE, "from November to January")) == "2026-11-01..2027-02-01"
    assert in_short(find_only(FUTURE, "at half past six")) == "2026-11-22T18:30:00 minute"
    assert in_short(find_only(FUTURE, "at 10 am")) == "2026-11-23T10:00:00 hour"


def test_time_zone_decides_the_current_day() -> None:
    auckland = GrammarExtractor("g", frozenset({"time"}), Habits(timezone="Pacific/Auckland"))
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert find_only(auckland, "today", late).value == "2026-11-23T00:00:00.000+13:00"


def test_unknown_time_zone_means_utc() -> None:
    nowhere = GrammarExtractor("g", frozenset({"time"}), Habits(timezone="Mars/Olympus"))
    assert find_only(nowhere, "today").value == "2026-11-22T00:00:00.000+00:00"


def test_ambiguous_clock_time_also_lists_the_other_hour() -> None:
    values = find_only(TELLER, "tomorrow at half past six").details["values"]
    assert [value["value"][11:16] for value in values] == ["18:30", "06:30"]


def test_weekday_with_date_determines_the_year() -> None:
    assert in_short(find_only(TELLER, "Friday 27 November")) == "2026-11-27 day"
    assert in_short(find_only(TELLER, "Thu, 27 Nov")) == "2025-11-27 day"


def test_missing_day_becomes_the_last_of_the_month_or_an_earlier_leap_day() -> None:
    assert in_short(find_only(TELLER, "a month ago", datetime(2026, 3, 31, tzinfo=UTC))) == "2026-02-28 day"
    assert in_short(find_only(TELLER, "29 February", NOW)) == "2024-02-29 day"


def test_other_languages_read_only_numbers_and_dates_in_digits() -> None:
    french = GrammarExtractor("g", DIMENSIONS, Habits(language="fr"))
    found = french.extend("le 3/11/2026, demain, 1.234,5 ou may 3", NOW, [])
    assert [(entity.entity, entity.start) for entity in found] == [("time", 3), ("number", 22), ("number", 37)]
    assert found[1].value == 1234.5


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("next week Thursday", "2026-11-26 day"),
        ("next week on Thursday", "2026-11-26 day"),
        ("last week, friday", "2026-11-13 day"),
        ("next week monday to friday", "2026-11-23..2026-11-28"),
        ("by close of business friday", "2026-11-22T10:30:00..2026-11-28"),
        ("by cob friday", "2026-11-22T10:30:00..2026-11-28"),
        ("by the end of friday", "2026-11-22T10:30:00..2026-11-28"),
    ],
)
def test_weekday_combines_with_the_week_or_end_phrase_before_it(phrase: str, expected: str) -> None:
    assert in_short(find_only(TELLER, phrase)) == expected


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("one o clock tomorrow", "2026-11-23T13:00:00 hour"),
        ("half 7", "2026-11-22T07:30:00 minute"),
        ("book it for half 8", "2026-11-22T08:30:00 minute"),
        ("at 6 30", "2026-11-22T18:30:00 minute"),
        ("6 30 pm", "2026-11-22T18:30:00 minute"),
        ("0730 hours", "2026-11-22T07:30:00 minute"),
        ("at 1800 hours", "2026-11-22T18:00:00 minute"),
        ("at 6 30 people", "2026-11-22T18:00:00 hour"),
    ],
)
def test_informal_spellings_of_clock_times_are_read(phrase: str, expected: str) -> None:
    assert in_short(find_only(TELLER, phrase)) == expected


@pytest.mark.parametrize("text", ["1800 hours", "split half 7 ways", "half 8 people"])
def test_numbers_resembling_a_time_of_day_are_not_read(text: str) -> None:
    assert TELLER.extend(text, NOW, []) == []
