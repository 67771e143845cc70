"""Comparing two periods: both figures and the difference match the ledger, and an unfinished period is named."""

from __future__ import annotations

from typing import Any

import pytest

from bot.app.opening import Bot
from tests.assistant.conftest import talk_to
from tests.assistant.ledger_oracle import Oracle, figures, pounds

AMARA, NUMBER = "cust-3f8a41", "12345678"
AUGUST = ("2026-08-01", "2026-09-01")
SEPTEMBER = ("2026-09-01", "2026-10-01")
OCTOBER = ("2026-10-01", "2026-11-01")
NOVEMBER = ("2026-11-01", "2026-12-01")
pytestmark = pytest.mark.asyncio(loop_scope="module")


def sum_of(days: tuple[str, str], **wanted: Any) -> int:
    """The ledger's sum in pence."""
    return Oracle(AMARA).total({"direction": "out", "from": days[0], "to": days[1], **wanted})


def compared(one: tuple[str, str], other: tuple[str, str], **wanted: Any) -> list[str]:
    """Both sums and their difference, as figures; a period without transactions has none."""
    first, second = sum_of(one, **wanted), sum_of(other, **wanted)
    return [pounds(minor) for minor in (first, second, first - second) if minor]


async def answered(assistant: Bot, *said: str) -> str:
    """The reply to the last of these messages."""
    talk = talk_to(assistant, NUMBER)
    return [(await talk.say(text)).said for text in said][-1]


@pytest.mark.parametrize(
    ("said", "one", "other", "wanted"),
    [
        ("Did I spend more on groceries in October than in September?", OCTOBER, SEPTEMBER, {"category": "groceries"}),
        ("did I spend less in october on transport than september", OCTOBER, SEPTEMBER, {"category": "transport"}),
        ("what's the difference between what I spent in September and October", SEPTEMBER, OCTOBER, {}),
        ("what's the difference between what I spent in September and what I spent in October", SEPTEMBER, OCTOBER, {}),
        ("difference between september and october", SEPTEMBER, OCTOBER, {}),
        ("compare my spending in september and october", SEPTEMBER, OCTOBER, {}),
        ("compare october to september", OCTOBER, SEPTEMBER, {}),
        ("compare groceries in october and september", OCTOBER, SEPTEMBER, {"category": "groceries"}),
        ("compared with September, how much did I spend in October", OCTOBER, SEPTEMBER, {}),
        ("groceries october vs september", OCTOBER, SEPTEMBER, {"category": "groceries"}),
        ("was october more expensive than the month before", OCTOBER, SEPTEMBER, {}),
        ("compare october with the month before", OCTOBER, SEPTEMBER, {}),
        ("did I earn more in september than in october", SEPTEMBER, OCTOBER, {"direction": "in"}),
        ("compare my card spending in september and october", SEPTEMBER, OCTOBER, {"account": "credit card"}),
        ("did I spend more in august or september", AUGUST, SEPTEMBER, {}),
        ("show me october against september", OCTOBER, SEPTEMBER, {}),
        ("was last month more expensive than the one before", OCTOBER, SEPTEMBER, {}),
        ("by how much did my spending go up from september to october", SEPTEMBER, OCTOBER, {}),
        ("how much less did I spend in october", OCTOBER, SEPTEMBER, {}),
        ("did more money come in in october than in september", OCTOBER, SEPTEMBER, {"direction": "in"}),
        (
            "did I spend more on groceries in october than last year",
            OCTOBER,
            ("2025-10-01", "2025-11-01"),
            {"category": "groceries"},
        ),
    ],
)
async def test_comparison_gives_both_sums_and_their_difference(
    assistant: Bot, said: str, one: tuple[str, str], other: tuple[str, str], wanted: dict[str, Any]
) -> None:
    answer = await answered(assistant, said)
    assert figures(answer) == compared(one, other, **wanted)
    more = sum_of(one, **wanted) > sum_of(other, **wanted)
    assert ("more in" if more else "less in") in answer
    assert "isn't over" not in answer


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("compare this month with last month", {}),
        ("this month vs last month", {}),
        ("is this month cheaper than last", {}),
        ("how does my spending at Tesco compare to last month", {"merchant": "Tesco"}),
        ("am I spending more on eating out than last month", {"category": "eating out"}),
        ("am I spending more on eating out this month", {"category": "eating out"}),
        ("is my spending up on last month", {}),
        ("have my bills gone up since last month", {"category": "bills"}),
    ],
)
async def test_comparison_with_an_unfinished_month_says_so(assistant: Bot, said: str, wanted: dict[str, Any]) -> None:
    answer = await answered(assistant, said)
    so_far = sum_of(("2026-10-01", "2026-10-04"), **wanted)
    assert figures(answer) == [*compared(NOVEMBER, OCTOBER, **wanted), pounds(so_far)]
    assert "so far in November 2026" in answer
    assert "isn't over yet. Over as many days, from 1 Oct 2026 to 3 Oct 2026, the earlier one came to" in answer


async def test_same_time_last_month_is_as_many_days_of_it(assistant: Bot) -> None:
    answer = await answered(assistant, "spending this month compared to the same time last month")
    assert figures(answer) == compared(NOVEMBER, ("2026-10-01", "2026-10-04"))
    assert "from 1 Oct 2026 to 3 Oct 2026" in answer


async def test_unfinished_month_may_be_named_second(assistant: Bot) -> None:
    answer = await answered(assistant, "compare last month to this month")
    assert figures(answer)[:3] == compared(OCTOBER, NOVEMBER)
    assert "isn't over yet" in answer


async def test_comparison_with_today_says_that_it_is_not_over(assistant: Bot) -> None:
    assert "isn't over yet." in await answered(assistant, "did I spend more today than yesterday")


@pytest.mark.parametrize(
    "said",
    [
        "how does that compare with september",
        "is that more than the month before",
        "was it less than in september",
        "compare it with september",
        "how does that compare to last month",
    ],
)
async def test_comparison_keeps_the_filters_of_the_last_question(assistant: Bot, said: str) -> None:
    answer = await answered(assistant, "how much did I spend on groceries in october", said)
    assert figures(answer) == compared(OCTOBER, SEPTEMBER, category="groceries")


async def test_follow_up_continues_or_ends_a_comparison(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    await talk.say("Did I spend more on groceries in October than in September?")
    assert figures((await talk.say("and on transport?")).said) == compared(OCTOBER, SEPTEMBER, category="transport")
    assert figures((await talk.say("and in August?")).said) == [pounds(sum_of(AUGUST, category="transport"))]


@pytest.mark.parametrize("said", ["show me those payments", "list them", "what was the biggest one"])
async def test_list_after_a_comparison_shows_the_first_period(assistant: Bot, said: str) -> None:
    answer = await answered(assistant, "Did I spend more on groceries in October than in September?", said)
    assert "on groceries in October 2026" in answer
    assert "less" not in answer


async def test_comparison_by_category_is_a_table(assistant: Bot) -> None:
    talk = talk_to(assistant, NUMBER)
    exchange = await talk.say("compare my spending by category in september and october")
    assert figures(exchange.said)[:3] == compared(SEPTEMBER, OCTOBER)
    (table,) = [reply["custom"] for reply in exchange.replies if "custom" in reply]
    assert [column["title"] for column in table["columns"]] == [
        "Category",
        "In September 2026",
        "In October 2026",
        "Difference",
    ]
    rows = {row[0]: row[1:] for row in table["rows"]}
    assert rows["groceries"][:2] == [pounds(sum_of(days, category="groceries")) for days in (SEPTEMBER, OCTOBER)]
    assert rows["housing"][2] == "the same"


async def test_equal_sums_are_said_to_be_the_same(assistant: Bot) -> None:
    answer = await answered(assistant, "did I spend more on rent in october than in september")
    assert "That is the same in October 2026 as in September 2026." in answer


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("how does October compare to September and August", "one of “October”, “September” and “August”"),
        ("compare my spending on groceries and transport", "one of “groceries” and “transport”"),
        ("did I spend more in 2019 than in 2025", "in 2019 or before"),
        ("compare this month with next month", "still to come"),
        ("am I spending more than usual", "“than usual”"),
    ],
)
async def test_impossible_comparison_gets_no_figure(assistant: Bot, said: str, part: str) -> None:
    answer = await answered(assistant, said)
    assert part in answer
    assert not figures(answer)


async def test_balances_of_two_times_are_not_compared(assistant: Bot) -> None:
    assert "I can only tell you what is in your accounts now" in await answered(
        assistant, "what's my balance compared to last month"
    )


async def test_second_question_after_a_comparison_is_named(assistant: Bot) -> None:
    answer = await answered(assistant, "compare what I spent in september with october and show my balance")
    assert figures(answer) == compared(SEPTEMBER, OCTOBER)
    assert "“show my balance” next" in answer


async def test_more_since_a_month_is_a_sum_and_not_a_comparison(assistant: Bot) -> None:
    answer = await answered(assistant, "have I spent more since october")
    assert figures(answer) == [pounds(sum_of(("2026-10-01", "2026-11-04")))]


@pytest.mark.parametrize("said", ["did I spend more than £50 in October", "payments of more than 50 in october"])
async def test_more_than_an_amount_is_not_a_comparison(assistant: Bot, said: str) -> None:
    answer = await answered(assistant, said)
    assert "September" not in answer
    assert "October 2026" in answer
