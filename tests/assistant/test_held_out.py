"""The held-out phrasings and conversations, run end to end: what is understood, and every money figure in replies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
import pytest_asyncio

from bot.app.opening import Bot
from bot.app.projects import Project
from bot.content import ActionStep, Story, UserStep
from simulator.demo import DEMO_CUSTOMERS
from tests.assistant.conftest import NOW, Exchange, Talk, talk_to
from tests.assistant.ledger_oracle import Expected, Oracle, figures

pytestmark = pytest.mark.asyncio(loop_scope="module")

BANKING = ("ask_balance", "ask_overdrawn", "ask_transactions", "ask_spending", "transfer_money", "ask_transfer")
DEFAULT_CUSTOMER = "12345678"
TWO_YEARS_AGO = "2024-11-04"
_BANK_IDS = {customer.account_number: customer.bank_customer_id for customer in DEMO_CUSTOMERS}


@dataclass(frozen=True)
class Replayed:
    """A story and the conversation that results from its user steps."""

    story: Story
    talk: Talk


async def replay(bot: Bot, stories: list[Story]) -> list[Replayed]:
    """Every story's user steps, sent one after the other."""
    replayed = [Replayed(story, talk_to(bot, customer_of(story))) for story in stories]
    for one in replayed:
        for step in user_steps(one.story):
            await one.talk.say(step.text or "")
    return replayed


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def replayed_phrasings(assistant: Bot, assistant_project: Project) -> list[Replayed]:
    return await replay(assistant, phrasings(assistant_project))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def replayed_conversations(assistant: Bot, assistant_project: Project) -> list[Replayed]:
    return await replay(assistant, conversations(assistant_project))


def phrasings(project: Project) -> list[Story]:
    return [story for story in project.tests if story.place.file == "stories/test_phrasings.yml"]


def conversations(project: Project) -> list[Story]:
    return [story for story in project.tests if story.place.file == "stories/test_conversations.yml"]


def user_steps(story: Story) -> list[UserStep]:
    return [step for step in story.steps if isinstance(step, UserStep)]


def expected_actions(story: Story) -> list[tuple[str, ...]]:
    """The actions after each user step."""
    found: list[list[str]] = []
    for step in story.steps:
        if isinstance(step, UserStep):
            found.append([])
        elif isinstance(step, ActionStep):
            found[-1].append(step.name)
    return [tuple(actions) for actions in found]


def customer_of(story: Story) -> str | None:
    who: str | None = story.metadata.get("customer", DEFAULT_CUSTOMER)
    return who


async def test_there_are_enough_held_out_phrasings_and_none_is_trained_on(assistant_project: Project) -> None:
    for intent in BANKING:
        assert sum(user_steps(s)[0].intent == intent for s in phrasings(assistant_project)) >= 15
    assert len(conversations(assistant_project)) >= 40
    trained = {example.text.casefold() for example in assistant_project.content.nlu.examples}
    assert not [t for s in phrasings(assistant_project) if (t := user_steps(s)[0].text) and t.casefold() in trained]


async def test_nine_in_ten_phrasings_are_understood(replayed_phrasings: list[Replayed]) -> None:
    wrong = [reason for replayed in replayed_phrasings for reason in misunderstood(replayed)]
    assert len(wrong) <= 0.1 * len(replayed_phrasings), "\n".join(wrong)


async def test_figures_of_every_phrasing_match_the_question_slot(replayed_phrasings: list[Replayed]) -> None:
    wrong, oracle = [], Oracle(_BANK_IDS[DEFAULT_CUSTOMER])
    for replayed in replayed_phrasings:
        exchange = replayed.talk.exchanges[0]
        if exchange.intent == "transfer_money":
            continue  # repeats the amount from the message; the conversations check it
        expected = oracle.expected(figure_of(exchange))
        wrong += [f"{replayed.story.name}: {reason}" for reason in mistakes(exchange, expected)]
    assert not wrong, "\n".join(wrong)


async def test_nine_in_ten_conversations_follow_their_story(replayed_conversations: list[Replayed]) -> None:
    wrong = [
        f"{replayed.story.name}: {reason}"
        for replayed in replayed_conversations
        for reason in list(differences(replayed))[:1]
    ]
    assert len(wrong) <= 0.1 * len(replayed_conversations), "\n".join(wrong)


async def test_every_figure_in_the_conversations_is_right(replayed_conversations: list[Replayed]) -> None:
    wrong = []
    oracles = {number: Oracle(bank_id) for number, bank_id in _BANK_IDS.items()}
    for replayed in replayed_conversations:
        oracle = oracles[customer_of(replayed.story) or DEFAULT_CUSTOMER]
        wanted = replayed.story.metadata.get("figures") or [None] * len(replayed.talk.exchanges)
        for exchange, figure in zip(replayed.talk.exchanges, wanted, strict=True):
            if figure and "moves" in figure and "action_transfer" in exchange.actions:
                oracle.move(figure["transfer"], *figure["moves"])
            wrong += [f"{replayed.story.name}: {reason}" for reason in mistakes(exchange, oracle.expected(figure))]
    assert not wrong, "\n".join(wrong)


def misunderstood(replayed: Replayed) -> Iterator[str]:
    """What the first message of a story was understood as, if that is wrong."""
    step, exchange = user_steps(replayed.story)[0], replayed.talk.exchanges[0]
    if exchange.intent != step.intent:
        yield f"{step.text!r}: {exchange.intent}, not {step.intent}"


def differences(replayed: Replayed) -> Iterator[str]:
    """The differences between the story and the actual intents and actions."""
    expected = expected_actions(replayed.story)
    for step, actions, exchange in zip(user_steps(replayed.story), expected, replayed.talk.exchanges, strict=True):
        ran = tuple(name for name in exchange.actions if name not in rejected_forms(exchange, actions))
        if exchange.intent != step.intent:
            yield f"{step.text!r} is {exchange.intent}, not {step.intent}"
        elif ran != actions:
            yield f"{step.text!r} runs {ran}, not {actions}"


def rejected_forms(exchange: Exchange, expected: tuple[str, ...]) -> set[str]:
    """Forms that ran but rejected their execution, which a story leaves out: it names what happened instead."""
    return {name for name in exchange.actions if name.endswith("_form") and name not in expected}


def mistakes(exchange: Exchange, expected: Expected) -> Iterator[str]:
    """What is wrong with the figures of one reply. A reply that admits to not understanding must not contain any."""
    said = figures(exchange.said)
    if "action_fallback" in exchange.actions and not said:
        return
    if missing := expected.must - set(said):
        yield f"{exchange.text!r} does not say {sorted(missing)}: {exchange.said}"
    if surplus := set(said) - expected.must - expected.may:
        yield f"{exchange.text!r} says {sorted(surplus)}: {exchange.said}"
    if expected.first and said[:1] != [expected.first]:
        yield f"{exchange.text!r} does not begin with {expected.first}: {exchange.said}"
    if not exchange.said.startswith(expected.begins):
        yield f"{exchange.text!r} does not begin with {expected.begins}: {exchange.said}"
    if expected.rows is not None and not newest(table_rows(exchange), list(expected.rows), expected.most):
        yield f"{exchange.text!r} lists other rows: {exchange.said}"


def table_rows(exchange: Exchange) -> list[tuple[date, int]]:
    """The days and amounts of the table's rows, from the structured payload."""
    tables = [r["custom"] for r in exchange.replies if (r.get("custom") or {}).get("type") == "table"]
    return [(read_day(row[0]), read_amount(row[-1])) for table in tables for row in table["rows"]]


def read_day(written: str) -> date:
    year = "" if written[-4:].isdigit() else f" {NOW.year}"  # left out where it is this one
    return datetime.strptime(written + year, "%d %b %Y").replace(tzinfo=UTC).date()


def read_amount(written: str) -> int:
    return int(written.replace("£", "").replace(",", "").replace(".", ""))


def newest(shown: list[tuple[date, int]], rows: list[tuple[date, int]], most: int) -> bool:
    """Whether `shown` are the `most` newest of `rows`; on the last day shown, any of that day will do."""
    if len(shown) != min(most, len(rows)) or Counter(shown) - Counter(rows):
        return False
    days = [day for day, _ in shown]
    return days == sorted(days, reverse=True) and not [r for r in rows if days and r[0] > days[-1] and r not in shown]


def figure_of(exchange: Exchange) -> dict[str, Any] | None:
    """The figure that the assistant's kept question asks for, in the format of the conversations' metadata."""
    question = exchange.slots.get("question")
    kinds = {"action_balance", "action_overdrawn", "action_spending", "action_transactions", "action_follow_up"}
    if not question or not kinds & set(exchange.actions):
        return None
    kind = question["kind"]
    if kind in ("balance", "overdrawn"):
        return {kind: question.get("account", "all")}
    names = ("account", "merchant", "category", "direction", "count")
    wanted: dict[str, Any] = {name: question[name] for name in names if name in question}
    for side, name in (("start", "from"), ("end", "to")):
        if side in question.get("period", {}):
            wanted[name] = question["period"][side]
    wanted |= {name: question[name] / 100 for name in ("at_least", "at_most") if name in question}
    if kind == "transactions" and "from" not in wanted:
        wanted |= {"from": TWO_YEARS_AGO, "count": wanted.get("count", 10)}
    return {"sum" if kind == "spending" else "list": wanted}
