"""What the grammar makes of numbers, money, durations and addresses."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Entity
from bot.nlu.entities.grammar import DIMENSIONS, GrammarExtractor, Habits

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
ALL = GrammarExtractor("TellerEntityExtractor", DIMENSIONS, Habits())


def found(text: str, *dimensions: str) -> list[Entity]:
    extractor = GrammarExtractor("g", frozenset(dimensions), Habits()) if dimensions else ALL
    return extractor.extend(text, NOW, [])


def only(text: str, phrase: str, *dimensions: str) -> Entity:
    """Give the one entity of the text, after looking that it is `phrase`."""
    entities = found(text, *dimensions)
    assert [text[entity.start : entity.end] for entity in entities] == [phrase]
    return entities[0]


@pytest.mark.parametrize(
    ("phrase", "value"),
    [
        ("5", 5),
        ("1,234.56", 1234.56),
        ("1.2k", 1200),
        ("2 million", 2000000),
        ("2.5 million", 2500000),
        ("-5", -5),
        ("minus five", -5),
        ("five", 5),
        ("twenty-five", 25),
        ("twenty five", 25),
        ("a hundred", 100),
        ("two hundred and five", 205),
        ("nineteen hundred", 1900),
        ("one thousand two hundred and thirty four", 1234),
        ("one hundred and one thousand and two", 101002),
        ("one million two hundred thousand", 1200000),
        ("a dozen", 12),
        ("half a dozen", 6),
        ("half a million", 500000),
        ("two and a half", 2.5),
        ("two and a half thousand", 2500),
        ("one point five", 1.5),
        ("two point oh five million", 2050000),
        ("٣", 3),
    ],
)
def test_numbers(phrase: str, value: float) -> None:
    assert only(f"so {phrase} please", phrase, "number").value == value


@pytest.mark.parametrize(
    "text",
    [
        "A380",
        "12-34-56",
        "1.2.3.4",
        "this one",
        "send one",
        "one of them",
        "b12",
        "0070",
        "4x4",
        "9" * 5000,
        "a",
        "half",
    ],
)
def test_codes_and_pronouns_are_no_numbers(text: str) -> None:
    assert found(text, "number") == []


@pytest.mark.parametrize(
    ("phrase", "minor", "currency"),
    [
        ("£50", 5000, "GBP"),
        ("£ 50", 5000, "GBP"),
        ("-£50", -5000, "GBP"),
        ("£1,250.50", 125050, "GBP"),
        ("£12,50", 1250, "GBP"),
        ("£1.2k", 120000, "GBP"),
        ("£2 million", 200000000, "GBP"),
        ("50p", 50, "GBP"),
        ("fifty pence", 50, "GBP"),
        ("1 penny", 1, "GBP"),
        ("twenty quid", 2000, "GBP"),
        ("a couple of quid", 200, "GBP"),
        ("a pound", 100, "GBP"),
        ("a fiver", 500, "GBP"),
        ("two grand", 200000, "GBP"),
        ("five pounds twenty", 520, "GBP"),
        ("five pounds and twenty pence", 520, "GBP"),
        ("£5 and 20p", 520, "GBP"),
        ("half a million pounds", 50000000, "GBP"),
        ("a hundred and fifty pounds sterling", 15000, "GBP"),
        ("EUR 12.50", 1250, "EUR"),
        ("12.50 EUR", 1250, "EUR"),
        ("12,50 €", 1250, "EUR"),
        ("GBP3.01", 301, "GBP"),
        ("US$ 3.14", 314, "USD"),
        ("$10K", 1000000, "USD"),
        ("20 dollars 43 cents", 2043, "USD"),
        ("¥500", 500, "JPY"),
    ],
)
def test_money(phrase: str, minor: int, currency: str) -> None:
    entity = only(f"so {phrase} please", phrase, "amount-of-money", "number")
    assert entity.entity == "amount-of-money"
    assert (entity.details["minor"], entity.details["currency"]) == (minor, currency)
    assert entity.value == entity.details["value"]


@pytest.mark.parametrize(
    ("phrase", "low", "high"),
    [
        ("between £10 and £20", 10, 20),
        ("from £10 to £20", 10, 20),
        ("£10-£20", 10, 20),
        ("£10-20", 10, 20),
        ("10-20 pounds", 10, 20),
        ("between ten and twenty quid", 10, 20),
        ("under £15", None, 15),
        ("less than fifty pounds", None, 50),
        ("up to a hundred quid", None, 100),
        ("over fifty pounds", 50, None),
        ("at least $1.42", 1.42, None),
        ("£50 or more", 50, None),
        ("ten quid or less", None, 10),
        ("more than a tenner", 10, None),
    ],
)
def test_intervals_of_money(phrase: str, low: float | None, high: float | None) -> None:
    entity = only(f"so {phrase} please", phrase, "amount-of-money")
    assert entity.value == {"to": high, "from": low}
    assert entity.details["type"] == "interval"


def test_five_pounds_twenty_needs_the_end_of_the_phrase() -> None:
    assert only("pay five pounds 20 times", "five pounds", "amount-of-money").value == 5


def test_ducklings_units() -> None:
    assert only("£5", "£5").details["unit"] == "£"
    assert only("5 euros", "5 euros").details["unit"] == "EUR"


@given(st.integers(0, 10**9), st.sampled_from(["£{}", "£ {}", "{} GBP", "GBP {}", "{} pounds", "{} quid"]))
def test_amounts_survive_being_written(pence: int, form: str) -> None:
    written = form.format(f"{Decimal(pence) / 100:,.2f}")
    assert only(f"send {written} now", written, "amount-of-money").details["minor"] == pence


SMALL = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
)
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int) -> str:
    """Write a number as it is spoken in Britain."""
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand")):
        if number >= size:
            rest = number % size
            joint = " and " if 0 < rest < 100 else " "
            return f"{in_words(number // size)} {name}" + (joint + in_words(rest) if rest else "")
    if number >= 100:
        return f"{SMALL[number // 100]} hundred" + (f" and {in_words(number % 100)}" if number % 100 else "")
    if number < 20:
        return SMALL[number]
    return TENS[number // 10] + (f"-{SMALL[number % 10]}" if number % 10 else "")


@given(st.integers(0, 10**12 - 1))
def test_numbers_survive_being_spoken(number: int) -> None:
    assert only(f"number {in_words(number)}!", in_words(number), "number").value == number


@pytest.mark.parametrize(
    ("phrase", "seconds", "unit", "value"),
    [
        ("3 weeks", 3 * 604800, "week", 3),
        ("a month", 2592000, "month", 1),
        ("an hour and a half", 5400, "hour", 1.5),
        ("half an hour", 1800, "hour", 0.5),
        ("two and a half hours", 9000, "hour", 2.5),
        ("2 hours and 15 minutes", 8100, "minute", 135),
        ("2h", 7200, "hour", 2),
        ("a fortnight", 2 * 604800, "week", 2),
        ("a few days", 3 * 86400, "day", 3),
    ],
)
def test_durations(phrase: str, seconds: int, unit: str, value: float) -> None:
    details = only(f"so {phrase} please", phrase, "duration").details
    assert (details["normalized"]["value"], details["unit"], details["value"]) == (seconds, unit, value)


def test_ordinals_and_distances() -> None:
    assert only("the twenty-first one", "twenty-first", "ordinal").value == 21
    assert only("the 3rd one", "3rd", "ordinal").value == 3
    assert only("5 km away", "5 km", "distance").details == {"type": "value", "value": 5, "unit": "kilometre"}


@pytest.mark.parametrize(
    ("text", "phrase", "dimension", "value"),
    [
        ("mail bob.smith+x@example.co.uk.", "bob.smith+x@example.co.uk", "email", "bob.smith+x@example.co.uk"),
        ("(ann@example.org)", "ann@example.org", "email", "ann@example.org"),
        ("see https://example.com/a?b=1.", "https://example.com/a?b=1", "url", "https://example.com/a?b=1"),
        ("on www.example.com, today", "www.example.com", "url", "www.example.com"),
        ("at Example.com!", "Example.com", "url", "Example.com"),
        ("on +44 20 7946 0958", "+44 20 7946 0958", "phone-number", "(+44) 2079460958"),
        ("on 07700 900123 then", "07700 900123", "phone-number", "07700900123"),
        ("on (020) 7946 0958", "(020) 7946 0958", "phone-number", "02079460958"),
        ("on 650-701-8887", "650-701-8887", "phone-number", "6507018887"),
    ],
)
def test_addresses(text: str, phrase: str, dimension: str, value: str) -> None:
    entity = next(entity for entity in found(text) if entity.entity == dimension)
    assert (text[entity.start : entity.end], entity.value) == (phrase, value)


@pytest.mark.parametrize(
    "text", ["12345678", "12-34-56", "2026-11-03", "03/11/2026", "4929123456789012", "£0123456789"]
)
def test_codes_dates_and_amounts_are_no_telephone_numbers(text: str) -> None:
    assert found(text, "phone-number") == []


def test_nothing_is_read_inside_of_an_address() -> None:
    assert [entity.entity for entity in found("write to may.5@two.example.com")] == ["email"]


def test_the_longest_phrase_wins_over_all_dimensions_asked_for() -> None:
    assert [entity.entity for entity in found("£50", "number", "amount-of-money")] == ["amount-of-money"]
    assert [entity.entity for entity in found("£50", "number")] == ["number"]
    assert [entity.entity for entity in found("3 weeks ago", "time", "duration", "number")] == ["time"]
    assert [entity.entity for entity in found("3 weeks", "time", "duration", "number")] == ["duration"]
