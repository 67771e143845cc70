"""How the grammar reads numbers, money, durations and addresses."""

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


def find(text: str, *dimensions: str) -> list[Entity]:
    extractor = GrammarExtractor("g", frozenset(dimensions), Habits()) if dimensions else ALL
    return extractor.extend(text, NOW, [])


def find_only(text: str, phrase: str, *dimensions: str) -> Entity:
    """Return the only entity of the text, after checking that it is `phrase`."""
    entities = find(text, *dimensions)
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
        ("hundred and one", 101),
        ("half a hundred", 50),
        ("half a dozen", 6),
        ("half a million", 500000),
        ("two and a half", 2.5),
        ("two and a half thousand", 2500),
        ("one point five", 1.5),
        ("two point oh five million", 2050000),
        ("٣", 3),
        (".5", 0.5),
        ("2 1/2", 2.5),
        ("1½", 1.5),
        ("three quarters of a million", 750000),
        ("quarter of a million", 250000),
        ("nought point five", 0.5),
    ],
)
def test_numbers_are_read_in_digits_and_words(phrase: str, value: float) -> None:
    assert find_only(f"so {phrase} please", phrase, "number").value == value


@pytest.mark.parametrize(
    ("text", "phrase", "value"),
    [
        ("point one", "point one", 0.1),
        ("by point five percent", "point five", 0.5),
        ("point two five % more", "point two five", 0.25),
        ("at this point two cards", "two", 2),
    ],
)
def test_number_can_begin_with_point(text: str, phrase: str, value: float) -> None:
    assert find_only(text, phrase, "number").value == value


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
def test_codes_and_pronouns_are_not_numbers(text: str) -> None:
    assert find(text, "number") == []


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
        ("£5k", 500000, "GBP"),
        ("£2.5m", 250000000, "GBP"),
        ("$1.2 bn", 120000000000, "USD"),
        ("£2 grand", 200000, "GBP"),
        ("1 000 euros", 100000, "EUR"),
        ("£1 000", 100000, "GBP"),
        ("2 500\u202f€", 250000, "EUR"),
        ("£500\u00a0000", 50000000, "GBP"),
        ("£1'000", 100000, "GBP"),
        ("1 250,50 euros", 125050, "EUR"),
        ("£.50", 50, "GBP"),
        ("a couple of hundred dollars", 20000, "USD"),
        ("a couple hundred pounds", 20000, "GBP"),
        ("a few hundred pounds", 30000, "GBP"),
        ("half a grand", 50000, "GBP"),
        ("a grand and a half", 150000, "GBP"),
        ("a quarter of a million pounds", 25000000, "GBP"),
        ("100 us dollars", 10000, "USD"),
        ("50 canadian dollars", 5000, "CAD"),
        ("Rs. 500", 50000, "INR"),
        ("1 lakh rupees", 10000000, "INR"),
        ("minus £50", -5000, "GBP"),
        ("minus fifty pounds", -5000, "GBP"),
        ("ninety nine p", 99, "GBP"),
        ("quarter of a million pounds", 25000000, "GBP"),
        ("20 British pounds", 2000, "GBP"),
        ("20 british pounds sterling", 2000, "GBP"),
        ("20 Swiss francs", 2000, "CHF"),
        ("20 Indian rupees", 2000, "INR"),
        ("20 Japanese yen", 20, "JPY"),
        ("20 New Zealand dollars", 2000, "NZD"),
        ("20 yuan", 2000, "CNY"),
        ("20 Danish kroner", 2000, "DKK"),
        ("hundred and fifty pounds", 15000, "GBP"),
        ("hundred fifty pounds", 15000, "GBP"),
        ("hundred thousand pounds", 10000000, "GBP"),
    ],
)
def test_amounts_of_money_are_read_with_their_currency(phrase: str, minor: int, currency: str) -> None:
    entity = find_only(f"so {phrase} please", phrase, "amount-of-money", "number")
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
        ("£20k-£30k", 20000, 30000),
        ("£10k-20k", 10000, 20000),
        ("between 1 and 2 thousand pounds", 1000, 2000),
        ("£1-2k", 1000, 2000),
        ("2 to 3 million pounds", 2000000, 3000000),
        ("one to two hundred pounds", 100, 200),
        ("10-15 grand", 10000, 15000),
        ("five to five hundred pounds", 5, 500),
        ("one to one hundred and fifty pounds", 1, 150),
        ("£500-2k", 500, 2000),
        ("not over £100", None, 100),
        ("no higher than £100", None, 100),
        ("nothing above £100", None, 100),
        ("not exceeding £100", None, 100),
        ("not more than £100", None, 100),
        ("no less than £100", 100, None),
        ("never under £100", 100, None),
        ("£100 max", None, 100),
        ("£100 at most", None, 100),
        ("£100 minimum", 100, None),
        ("£100 at least", 100, None),
    ],
)
def test_limits_and_ranges_of_money_are_intervals(phrase: str, low: float | None, high: float | None) -> None:
    entity = find_only(f"so {phrase} please", phrase, "amount-of-money")
    assert entity.value == {"to": high, "from": low}
    assert entity.details["type"] == "interval"


@pytest.mark.parametrize("text", ["the £100 minimum payment", "send £100 at least once", "pay £100 Max Miller"])
def test_limit_word_inside_another_phrase_does_not_limit_the_amount(text: str) -> None:
    assert find_only(text, "£100", "amount-of-money").value == 100


@pytest.mark.parametrize(
    ("text", "amount", "number"),
    [
        ("send account 12345678 £50", "£50", 12345678),
        ("withdraw two £20 notes", "£20", 2),
        ("I sent 2 £50 payments", "£50", 2),
        ("3 $5 vouchers", "$5", 3),
    ],
)
def test_currency_sign_between_numbers_belongs_to_the_second(text: str, amount: str, number: int) -> None:
    entities = [(e.entity, e.value) for e in find(text, "amount-of-money", "number")]
    assert entities == [("number", number), ("amount-of-money", int(amount[1:]))]


def test_currency_sign_directly_after_digits_belongs_to_them() -> None:
    assert [e.value for e in find("20£ 30£ or 40 €", "amount-of-money")] == [20, 30, 40]


@pytest.mark.parametrize("text", ["I have a grand piano", "it was a grand day out", "a quid pro quo", "a pound coin"])
def test_idioms_are_not_amounts(text: str) -> None:
    assert find(text, "amount-of-money", "number") == []


@pytest.mark.parametrize(
    "text", ["8/10 would recommend", "I live in flat 12/3", "up by 1/5 of a percent", "5/10 stars"]
)
def test_fractions_ratings_and_flat_numbers_are_not_dates(text: str) -> None:
    assert find(text, "time", "number") == []


@pytest.mark.parametrize(
    ("text", "phrase", "value"),
    [
        ("send £5k.", "£5k", 5000),
        ("(£2k)", "£2k", 2000),
        ("$100k/yr", "$100k", 100000),
        ("£2.5m!", "£2.5m", 2500000),
    ],
)
def test_scale_suffix_is_read_before_punctuation(text: str, phrase: str, value: float) -> None:
    assert find_only(text, phrase, "amount-of-money").value == value


@pytest.mark.parametrize(
    "text",
    [
        "£12,34,567",
        "room 2b",
        "221b",
        "a timer for 20m",
        "£15O",
        "£5oo",
        "£2O0",
        "£1e3",
        "£1_000",
        "£1/2",
        "£1^3",
        "£2x50",
        "£10*5",
        "£10+5",
        "£5l",
        "£1k2",
        "£1//2",
        "£1.000",
        "£10.500",
        "1.000 pounds",
        "1.000 euros",
        "15O pounds",
        "1e3 pounds",
        "1_000 pounds",
        "1/2 pounds",
        "2x50 pounds",
    ],
)
def test_malformed_amount_is_not_read_in_part(text: str) -> None:
    assert find(text, "amount-of-money", "number") == []


@pytest.mark.parametrize(
    ("text", "phrase", "value"),
    [
        ("£50ish", "£50", 50),
        ("£1200pcm", "£1200", 1200),
        ("£5/month", "£5", 5),
        ("£10each", "£10", 10),
        ("£20to Anna", "£20", 20),
        ("£5GBP", "£5", 5),
        ("£5bn", "£5bn", 5e9),
        ("£1½", "£1½", 1.5),
        ("£1'000", "£1'000", 1000),
        ("£0.125", "£0.125", 0.125),
        ("¥1.000", "¥1.000", 1),
    ],
)
def test_amount_is_read_before_a_word_or_sign_without_a_gap(text: str, phrase: str, value: float) -> None:
    assert find_only(text, phrase, "amount-of-money", "number").value == value


@given(st.integers(1, 999), st.text(st.sampled_from("0OolIxeE_/^*1.,"), min_size=1, max_size=4), st.booleans())
def test_mistyped_amount_is_never_read_in_part(pounds: int, rest: str, signed: bool) -> None:
    amount = f"{pounds}{rest}"
    for entity in find(f"£{amount}" if signed else f"{amount} pounds", "amount-of-money"):
        amount_read = amount[: entity.end - entity.start - 1] if signed else amount[entity.start :]
        assert amount_read.startswith(str(pounds))
        assert re.fullmatch(r"[.,/*^_]*|[.,/]+[a-zA-Z_*^].*", amount[len(amount_read) :]), "what is left belongs to it"


@pytest.mark.parametrize(
    "text", ["one fifty pounds", "few hundred pounds", "several hundred dollars", "two fifty quid"]
)
def test_amount_after_another_number_word_is_not_read_alone(text: str) -> None:
    assert [e.entity for e in find(f"send {text}", "amount-of-money", "number") if e.value != 2] == []


@pytest.mark.parametrize(
    "text",
    [
        "999999999999999 trillion",
        "40 million trillion",
        "999999999999999bn",
        "minus 10 million billion",
        "£999999999999999 billion",
        "90071992547410 pounds",
    ],
)
def test_numbers_beyond_exact_json_integers_are_rejected(text: str) -> None:
    assert find(text) == []


def test_largest_numbers_are_exact() -> None:
    assert find_only("9 thousand trillion", "9 thousand trillion", "number").value == 9 * 10**15
    assert find_only("£90071992547409.92", "£90071992547409.92", "amount-of-money").details["minor"] == 2**53
    assert find_only("200 million years", "200 million years", "duration").details["unit"] == "year"
    assert find("999999999999999 years", "duration") == []


def test_pence_after_pounds_are_read_only_at_the_end_of_the_phrase() -> None:
    assert find_only("pay five pounds 20 times", "five pounds", "amount-of-money").value == 5


def test_details_name_currencies_as_duckling_does() -> None:
    assert find_only("£5", "£5").details["unit"] == "£"
    assert find_only("5 euros", "5 euros").details["unit"] == "EUR"


@given(st.integers(0, 10**9), st.sampled_from(["£{}", "£ {}", "{} GBP", "GBP {}", "{} pounds", "{} quid"]))
def test_written_amount_is_read_back_unchanged(pence: int, form: str) -> None:
    written = form.format(f"{Decimal(pence) / 100:,.2f}")
    assert find_only(f"send {written} now", written, "amount-of-money").details["minor"] == pence


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
def test_spoken_number_is_read_back_unchanged(number: int) -> None:
    assert find_only(f"number {in_words(number)}!", in_words(number), "number").value == number


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
        ("a quarter of an hour", 900, "hour", 0.25),
        ("three quarters of an hour", 2700, "hour", 0.75),
        ("1½ hours", 5400, "hour", 1.5),
        ("1 1/2 hours", 5400, "hour", 1.5),
        ("1h30", 5400, "minute", 90),
        ("1h 30m", 5400, "minute", 90),
        ("2h15min", 8100, "minute", 135),
        ("1,5 hours", 5400, "hour", 1.5),
        ("1 000 days", 86400000, "day", 1000),
    ],
)
def test_durations_are_read_with_unit_and_seconds(phrase: str, seconds: int, unit: str, value: float) -> None:
    details = find_only(f"so {phrase} please", phrase, "duration").details
    assert (details["normalized"]["value"], details["unit"], details["value"]) == (seconds, unit, value)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [("yes,3 days", "3 days"), ("duration:3 weeks", "3 weeks"), ("wait...2 hours", "2 hours"), ("no,2 days", "2 days")],
)
def test_punctuation_after_a_word_is_not_part_of_the_next_number(text: str, phrase: str) -> None:
    find_only(text, phrase, "duration")


@pytest.mark.parametrize("text", ["1e3 km", "1.5.3 days", "A5 days", "A5 km", "24/7/2 hours", "1e3 weeks ago"])
def test_part_of_a_code_is_not_a_quantity(text: str) -> None:
    assert find(text, "time", "duration", "distance") == []


def test_ordinals_and_distances_are_read() -> None:
    assert find_only("1,5 km away", "1,5 km", "distance").value == 1.5
    assert find_only("the twenty-first one", "twenty-first", "ordinal").value == 21
    assert find_only("the 3rd one", "3rd", "ordinal").value == 3
    assert find_only("5 km away", "5 km", "distance").details == {"type": "value", "value": 5, "unit": "kilometre"}
    assert find_only("three quarters of a mile", "three quarters of a mile", "distance").value == 0.75


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
        ("on +447700900123", "+447700900123", "phone-number", "(+44) 7700900123"),
        ("on +353 1 234 5678", "+353 1 234 5678", "phone-number", "(+353) 12345678"),
        ("call 1-800-555-1234", "1-800-555-1234", "phone-number", "18005551234"),
        ("at https://x.org/Foo_(bar)", "https://x.org/Foo_(bar)", "url", "https://x.org/Foo_(bar)"),
        ("(see https://x.org/a)", "https://x.org/a", "url", "https://x.org/a"),
        ("email=a@b.com", "a@b.com", "email", "a@b.com"),
        ("on +44 (0)7700 900123", "+44 (0)7700 900123", "phone-number", "(+44) 7700900123"),
        ("on +44(0)7700 900123", "+44(0)7700 900123", "phone-number", "(+44) 7700900123"),
        ("on 0151/12345678", "0151/12345678", "phone-number", "015112345678"),
        ("on 01-23-45-67-89", "01-23-45-67-89", "phone-number", "0123456789"),
        ("on (11) 91234-5678", "(11) 91234-5678", "phone-number", "11912345678"),
    ],
)
def test_addresses_and_phone_numbers_are_read(text: str, phrase: str, dimension: str, value: str) -> None:
    entity = next(entity for entity in find(text) if entity.entity == dimension)
    assert (text[entity.start : entity.end], entity.value) == (phrase, value)


@pytest.mark.parametrize(
    "text",
    [
        "12345678",
        "12-34-56",
        "2026-11-03",
        "03/11/2026",
        "4929123456789012",
        "£0123456789",
        "0.8432156",
        "08-92-99 12345678",
        "account number 01234567",
        "card 4000 0000 1111 2222",
        "4000-0123-4567-8901",
        "0123 4567 8901 2345",
        "(1234567)",
    ],
)
def test_codes_dates_and_amounts_are_not_phone_numbers(text: str) -> None:
    assert find(text, "phone-number") == []


def test_slash_separates_two_phone_numbers() -> None:
    assert [e.value for e in find("07700900123/07700900124", "phone-number")] == ["07700900123", "07700900124"]


def test_words_inside_an_address_are_not_read() -> None:
    assert [entity.entity for entity in find("write to may.5@two.example.com")] == ["email"]


def test_longest_phrase_of_the_requested_dimensions_wins() -> None:
    assert [entity.entity for entity in find("£50", "number", "amount-of-money")] == ["amount-of-money"]
    assert [entity.entity for entity in find("£50", "number")] == ["number"]
    assert [entity.entity for entity in find("3 weeks ago", "time", "duration", "number")] == ["time"]
    assert [entity.entity for entity in find("3 weeks", "time", "duration", "number")] == ["duration"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("two hundred & fifty pounds", 250),
        ("two hundred n fifty pounds", 250),
        ("5 hundred and 20 pounds", 520),
        ("one hundred and 20 pounds", 120),
        ("one hundred and 20.50 pounds", 120.5),
        ("2 thousand 500 pounds", 2500),
        ("two million 500 thousand pounds", 2_500_000),
        ("12 thousand 3 hundred and 40 pounds", 12_340),
        ("£50 k", 50_000),
        ("ten k pounds", 10_000),
        ("five hunderd pounds", 500),
        ("5 thousend pounds", 5000),
        ("1 milion pounds", 1_000_000),
        ("sevnty pounds", 70),
    ],
)
def test_number_with_several_parts_is_read_whole(text: str, value: float) -> None:
    assert find_only(text, text, "amount-of-money").value == value


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("one hundred and 20p", ["one hundred", "20p"]),
        ("a hundred and 20% more", ["a hundred", "20"]),
        ("a hundred and 3rd", ["a hundred", "3rd"]),
        ("two hundred 50 times", ["two hundred", "50"]),
        ("special k", []),
        ("hundreds of pounds", []),
    ],
)
def test_number_does_not_absorb_the_quantity_after_it(text: str, phrases: list[str]) -> None:
    assert [text[e.start : e.end] for e in find(text)] == phrases


@pytest.mark.parametrize(
    "text", ["£20, 000", "£1, 250 to Bob", "send £20 .50", "£ 20 . 50", "£50 euros", "£50 usd", "US$50 CAD"]
)
def test_incomplete_or_contradictory_amount_is_not_read(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize("text", ["1, 250 pounds", "two hundred 50 pounds"])
def test_last_part_of_a_broken_number_is_not_an_amount(text: str) -> None:
    assert find(text, "amount-of-money") == []


@pytest.mark.parametrize("text", ["it was £20. 50 of us came", "£20, £30 and £40", "£50 try again", "£20, 30 times"])
def test_amount_ends_before_the_next_phrase(text: str) -> None:
    amount = find(text, "amount-of-money")[0]
    assert text[amount.start : amount.end] == re.findall(r"£\d+", text)[0]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("$50 CAD", "CAD"),
        ("$50 cad", "CAD"),
        ("$50 australian dollars", "AUD"),
        ("¥500 CNY", "CNY"),
        ("$50 USD", "USD"),
    ],
)
def test_name_after_the_amount_decides_a_shared_currency_sign(text: str, code: str) -> None:
    assert find(text, "amount-of-money")[0].details["currency"] == code


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (">£50", (50, None)),
        ("< £50", (None, 50)),
        (">= 50 pounds", (50, None)),
        ("<= £50", (None, 50)),
        ("£50+", (50, None)),
        ("£50 and over", (50, None)),
        ("in excess of £50", (50, None)),
        ("upwards of fifty quid", (50, None)),
        ("less than or equal to £50", (None, 50)),
        ("a maximum of £50", (None, 50)),
    ],
)
def test_limits_are_read_from_signs_and_words(text: str, value: tuple[int | None, int | None]) -> None:
    assert find_only(text, text, "amount-of-money").value == {"from": value[0], "to": value[1]}


@pytest.mark.parametrize("text", ["2-3 hours", "two or three weeks", "5 to 10 miles", "between 2 and 3 days"])
def test_two_alternative_quantities_are_not_read(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize("text", ["2-3 days ago", "in 2-3 days"])
def test_time_at_two_alternative_distances_is_not_read(text: str) -> None:
    assert find(text, "time") == []


@pytest.mark.parametrize(
    ("text", "months"), [("2 years and 3 months", 27), ("1 year 6 months", 18), ("half a year", 0.5)]
)
def test_year_counts_as_twelve_months(text: str, months: float) -> None:
    assert find_only(text, text, "duration").value == months


@pytest.mark.parametrize("text", ["2nd last", "the second to last payment", "third from the bottom", "3rd from last"])
def test_position_from_the_end_is_not_an_ordinal(text: str) -> None:
    assert find(text) == []
