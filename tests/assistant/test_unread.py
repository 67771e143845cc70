"""What looks like a filter but was not read as one: corrected if it is misspelt, otherwise asked about."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.questions.names import nearest
from actions.questions.periods import Period
from actions.questions.times import impossible_date, misspelt_month, misspelt_time
from actions.questions.unread import unread_owners, unread_phrases
from bot import Entity, Parse
from bot.app.opening import Bot
from tests.assistant.conftest import talk_to
from tests.assistant.ledger_oracle import Oracle, figures

TODAY = date(2026, 11, 3)
AMARA = "cust-3f8a41"
conversation = pytest.mark.asyncio(loop_scope="module")


def parse(text: str, **marked: str) -> Parse:
    entities = [
        Entity(name, words, text.index(words), text.index(words) + len(words)) for name, words in marked.items()
    ]
    return Parse(text, entities=tuple(entities))


@pytest.mark.parametrize(
    ("text", "marked", "unread"),
    [
        ("what did I spend on lottery tickets", {}, ["lottery tickets"]),
        ("what did I spend on groceries", {"category": "groceries"}, []),
        ("show what I paid at Zebra Crossing, please", {}, ["Zebra Crossing"]),
        ("what did I spend in total on my account", {}, []),
        ("how much is that for everything", {}, []),
        ("spending on fishing in October", {"time": "in October"}, ["fishing"]),
        ("I'd like to see my transactions", {}, []),
        ("show my zumba payments", {}, ["zumba"]),
        ("and fishing?", {}, ["fishing"]),
        ("how much did I spend on betting", {}, ["betting"]),
        ("what did I spend on learning", {}, ["learning"]),
        ("what did I pay for courses", {}, ["courses"]),
        ("what did I spend on my ballance", {}, []),
        ("balance of the account ending 6819", {"number": "6819"}, []),
        ("overall spending in October", {"time": "in October"}, []),
        ('/ask_spending{"time": {"from": "2026-10-01"}}', {}, []),
    ],
)
def test_unread_phrase_in_the_place_of_a_filter_is_found(text: str, marked: dict[str, str], unread: list[str]) -> None:
    assert unread_phrases(parse(text, **marked)) == unread


@pytest.mark.parametrize(
    ("text", "owners"),
    [
        ("how much is in my ISA", ["ISA"]),
        ("what's my joint account balance", ["joint"]),
        ("balance of my holiday fund", ["holiday fund"]),
        ("what is Jonas's balance", ["Jonas"]),
        ("whats my bal", []),
        ("do I have enough money", []),
        ("do I have enough for a hotel", []),
        ("what's my closing balance", []),
    ],
)
def test_unknown_account_in_a_balance_question_is_found(text: str, owners: list[str]) -> None:
    assert unread_owners(parse(text)) == owners


@pytest.mark.parametrize(
    ("text", "impossible"),
    [
        ("on 31 february", "31 february"),
        ("on the 31st of April", "31st of April"),
        ("February 30th, 2026", "February 30th, 2026"),
        ("29 February 2025", "29 February 2025"),
        ("on 2026-02-31", "2026-02-31"),
        ("31/02/2026", "31/02/2026"),
        ("on 0 May", "0 May"),
        ("29 February", None),
        ("29 February 2024", None),
        ("12 October", None),
        ("over £50 march", None),
        ("in May 2026", None),
        ("between 3 and 10 October", None),
    ],
)
def test_impossible_date_is_found(text: str, impossible: str | None) -> None:
    assert impossible_date(text) == impossible


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("in octobr", "october"),
        ("last mnth", "month"),
        ("yesterdy", "yesterday"),
        ("my monthly spending", None),
        ("how much money", None),
        ("what came in this month", None),
    ],
)
def test_misspelt_word_of_time_is_found(text: str, near: str | None) -> None:
    slip = misspelt_time(parse(text))
    assert (slip and slip.near) == near


def test_misspelt_month_is_the_last_one_unless_a_number_or_word_says_more() -> None:
    for text, month in (
        ("in octobr", Period(date(2026, 10, 1), date(2026, 11, 1), "month")),
        ("in decembr", Period(date(2025, 12, 1), date(2026, 1, 1), "month")),
        ("on 3 octobr", None),
        ("octobr 2024", None),
        ("last mnth", None),
        ("since octobr", None),
    ):
        slip = misspelt_time(parse(text))
        assert slip is not None
        assert misspelt_month(slip, text, TODAY) == month


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("grocries", "groceries"),
        ("netflx", "Netflix"),
        ("costa", "Costa Coffee"),
        ("Sainsbrys", "Sainsbury's"),
        ("BP", "BP"),
        ("fishing", None),
        ("", None),
    ],
)
def test_misspelt_or_shortened_name_has_a_nearest_one(said: str, name: str | None) -> None:
    assert nearest(said, ["groceries", "Netflix", "Costa Coffee", "Sainsbury's", "BP"]) == name


@given(st.text(max_size=80))
def test_search_for_unread_phrases_accepts_any_text(text: str) -> None:
    found = unread_phrases(Parse(text))
    assert all(phrase in text for phrase in found)
    impossible_date(text)
    misspelt_time(Parse(text))


# --- in conversation: figures match the ledger, or there are none --------------


@conversation
@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (
            "how mcuh did i spnd on grocries in octobr",
            {"category": "groceries", "direction": "out", "from": "2026-10-01", "to": "2026-11-01"},
        ),
        (
            "how much did I spend at netflx this year",
            {"merchant": "Netflix", "direction": "out", "from": "2026-01-01", "to": "2026-11-04"},
        ),
    ],
)
async def test_misspelt_filter_is_corrected_and_read_back(assistant: Bot, said: str, wanted: dict[str, str]) -> None:
    exchange = await talk_to(assistant, "12345678").say(said)
    expected = Oracle(AMARA).expected({"sum": wanted})
    assert set(figures(exchange.said)) == expected.must
    assert "I read “" in exchange.said


@conversation
@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("what did I spend on 3 octobr", "on 3 Oct 2026"),
        ("how much did I spend at Amazon since septembr", "since 1 Sep 2026"),
        ("what did I spend on groceries in septembr", "in September 2026"),
    ],
)
async def test_misspelt_month_is_corrected_and_the_reply_names_the_days(assistant: Bot, said: str, named: str) -> None:
    assert named in (await talk_to(assistant, "12345678").say(said)).said


@conversation
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("how much did I spend on lottery tickets last month", "“lottery tickets”"),
        ("show me my transactions at Zebra Crossing", "“Zebra Crossing”"),
        ("how much did I spend on 31 february", "no 31 february"),
        ("how much did I spend on groceries in february 2020", "no transactions in February 2020"),
        ("how much will I spend next month", "still to come"),
        ("how much is my rent going to be", "still to come"),
        ("what's my phone bill going to cost", "still to come"),
        ("transactions for tomorrow", "still to come"),
        ("how much did I spend last mnth", "“month”"),
        ("how much did I spend at Halifax", "Halifax”"),
        ("how much did I spend on groceries and transport in october", "“groceries” and “transport”"),
        ("how much did I spend on groceries at tesco and lidl in october", "“tesco” and “lidl”"),
        ("how much did I spend at Tesco in August and in September", "one of"),
        ("spending excluding rent last month", "“excluding”"),
        ("how much did I spend on groceries not at tesco in october", "“not at”"),
        ("how much did I spend on average per month on groceries", "average"),
        ("show me my zumba payments", "“zumba”"),
        ("how much did I spend on grocries and transprt", "“grocries” and “transprt”"),
        ("how much did I spend on groceries and transprt", "“groceries” and “transprt”"),
    ],
)
async def test_question_that_is_not_fully_understood_gets_no_figure(assistant: Bot, said: str, answer: str) -> None:
    exchange = await talk_to(assistant, "12345678").say(said)
    assert answer in exchange.said
    assert not figures(exchange.said)
    assert "nothing" not in exchange.said


@conversation
async def test_misspelt_filter_continues_the_last_question(assistant: Bot) -> None:
    talk = talk_to(assistant, "12345678")
    await talk.say("how much did I spend on groceries in October?")
    shops = await talk.say("and at tesko?")
    wanted = {"merchant": "Tesco", "direction": "out", "from": "2026-10-01", "to": "2026-11-01"}
    assert set(figures(shops.said)) == Oracle(AMARA).expected({"sum": wanted}).must
    unknown = await talk.say("and at Zebra Crossing?")
    assert not figures(unknown.said)


@conversation
async def test_sum_that_starts_before_the_records_says_so(assistant: Bot) -> None:
    exchange = await talk_to(assistant, "12345678").say("how much did I spend at Tesco since 2015")
    assert "begin on" in exchange.said
