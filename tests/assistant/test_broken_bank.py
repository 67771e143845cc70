"""A bank that is broken in every possible way: never a failed action, an invented figure or another customer's data."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from bot.app.opening import Bot, open_bot
from bot.app.running import parts_of
from bot.server.app import make_app
from simulator.accounts import CUSTOMERS
from simulator.embedded import embedded
from simulator.faults import KINDS
from simulator.settings import Endpoint
from tests.assistant.conftest import NOW, SOURCES, Exchange, load_assistant, talk_to
from tests.assistant.ledger_oracle import Oracle, figures
from tests.assistant.test_held_out import mistakes

pytestmark = pytest.mark.asyncio(loop_scope="module")

AMARA, JONAS, PRIYA = "12345678", "87654321", "00123456"
AMARAS_ID, JONAS_ID = "cust-3f8a41", "cust-b20c97"
OCTOBER = {"from": "2026-10-01", "to": "2026-11-01"}

QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("what's my balance?", {"balance": "all"}),
    ("how much is in my savings?", {"balance": "savings"}),
    ("am I overdrawn?", {"overdrawn": "all"}),
    ("show my last 5 transactions", {"list": {"count": 5}}),
    ("payments over £100 last month", {"list": {"over": 100, "direction": "out", **OCTOBER}}),
    (
        "how much did I spend on groceries in October?",
        {"sum": {"category": "groceries", "direction": "out", **OCTOBER}},
    ),
)
UNAVAILABLE = "I can't reach the bank"


class Clock:
    """A clock that tests can move forward."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.passed


@dataclass
class BrokenBank:
    """An assistant with a bank that can be broken and repaired on demand."""

    bot: Bot
    endpoint: Endpoint
    clock: Clock
    amara: Oracle

    async def break_it(self, **fault: Any) -> None:
        await self._admin("POST", fault)
        if fault["kind"] != "latency":
            self._patience(0.5)  # how long a hanging bank keeps a test waiting

    async def mend_it(self) -> None:
        """Remove the faults, and let enough time pass for the circuit breaker to try again."""
        await self._admin("DELETE", None)
        self._patience(3.0)
        self.clock.passed += 3_600

    def _patience(self, seconds: float) -> None:
        client: Any = self.bot.resources.get("bank", object)
        client.seconds = seconds

    async def _admin(self, method: str, body: dict[str, Any] | None) -> None:
        headers = {"Authorization": f"Bearer {self.endpoint.admin_key}"}
        async with (
            aiohttp.ClientSession(self.endpoint.url) as http,
            http.request(method, "/admin/faults", json=body, headers=headers) as response,
        ):
            assert response.status < 300, await response.text()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(project: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BrokenBank]:
    folder, clock = tmp_path_factory.mktemp("broken"), Clock()
    async with embedded(folder / "bank", now=lambda: NOW) as endpoint:
        data = load_assistant(project, folder, {}).settings.data
        data.mkdir(parents=True)
        (data / "bank.key").touch(0o600)
        (data / "bank.key").write_text(endpoint.secret)
        sources = replace(SOURCES, monotonic=clock)
        async with open_bot(
            load_assistant(project, folder, {"bank_url": endpoint.url, "demo": True}), sources=sources
        ) as bot:
            yield BrokenBank(bot, endpoint, clock, Oracle(AMARAS_ID))


@pytest_asyncio.fixture(loop_scope="module")
async def bank(opened: BrokenBank) -> BrokenBank:
    await opened.mend_it()
    return opened


@pytest.mark.parametrize("kind", KINDS)
async def test_broken_bank_yields_true_figures_or_none(bank: BrokenBank, kind: str) -> None:
    knows = talk_to(bank.bot, AMARA)
    before = await knows.say("what's my balance?")
    assert not list(mistakes(before, bank.amara.expected({"balance": "all"})))
    await bank.break_it(kind=kind, seconds=0.05 if kind == "latency" else 5)
    for text, figure in QUESTIONS:
        exchange = await knows.say(text)
        assert not unfounded(exchange, figure, bank.amara), exchange.said
    other = talk_to(bank.bot, JONAS)
    for text, figure in QUESTIONS:
        exchange = await other.say(text)
        assert not unfounded(exchange, figure, Oracle(JONAS_ID)), exchange.said
        assert not [account for account in CUSTOMERS[AMARAS_ID].accounts if account.nickname in exchange.said]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "latency"])
async def test_customer_without_a_known_balance_sees_no_figures(bank: BrokenBank, kind: str) -> None:
    await bank.break_it(kind=kind, seconds=5)
    exchange = await talk_to(bank.bot, PRIYA).say("what's my balance?")
    assert UNAVAILABLE in exchange.said
    assert not figures(exchange.said)


@pytest.mark.parametrize("kind", ["500", "wrong_types", "other_customer", "reset"])
async def test_conversation_goes_on_without_the_bank(bank: BrokenBank, kind: str) -> None:
    await bank.break_it(kind=kind)
    talk = talk_to(bank.bot, AMARA)
    for text in ("hello", "what can you do?", "show my transactions", "savings", "move some money", "thanks", "bye"):
        exchange = await talk.say(text)
        assert exchange.replies, text
        assert not exchange.failed, text


async def test_last_known_balance_is_shown_with_its_time(bank: BrokenBank) -> None:
    talk = talk_to(bank.bot, AMARA)
    await talk.say("what's my balance?")
    await bank.break_it(kind="500")
    exchange = await talk.say("how much is in my savings?")
    assert "3 Nov 2026, 12:00" in exchange.said
    assert not unfounded(exchange, {"balance": "savings"}, bank.amara)


async def test_transfer_with_a_lost_answer_is_checked_and_made_once(bank: BrokenBank) -> None:
    talk, oracle = talk_to(bank.bot, AMARA), bank.amara
    assert "Shall I move" in (await talk.say("move £50 from my current account to savings")).said
    await bank.break_it(kind="reset", path="*/domestic-payments", when="after")
    assert "I am checking that" in (await talk.say("yes")).said
    assert "I am checking that" in (await talk.say("yes")).said, "a second yes pays nothing"
    await bank.mend_it()
    assert "Done: I've moved £50.00" in (await talk.say("did my transfer go through?")).said
    oracle.move(50, "current", "savings")
    assert not list(mistakes(await talk.say("what's my balance?"), oracle.expected({"balance": "all"})))


async def test_outcome_of_a_checked_transfer_is_reported_once_it_is_known(bank: BrokenBank) -> None:
    talk = talk_to(bank.bot, AMARA)
    assert "Shall I move" in (await talk.say("move £20 from savings to current")).said
    await bank.break_it(kind="reset", path="*/domestic-payments", when="after")
    assert "I am checking that" in (await talk.say("yes")).said
    await bank.mend_it()
    assert await bank.bot.background.settle_effects() == 1
    bank.amara.move(20, "savings", "current")
    (news,) = await bank.bot.engine.store.turns(await talk.conversation(), limit=1)
    assert "Done: I've moved £20.00 from your savings account" in news.record.decode()
    assert await bank.bot.background.settle_effects() == 0
    assert "went through: £20.00" in (await talk.say("did my transfer go through?")).said
    assert "Done: I've moved" not in (await talk.say("yes")).said, "nothing is prepared any more"
    assert not list(mistakes(await talk.say("what's my balance?"), bank.amara.expected({"balance": "all"})))


async def test_transfer_that_never_arrived_moves_nothing(bank: BrokenBank) -> None:
    talk = talk_to(bank.bot, AMARA)
    assert "Shall I move" in (await talk.say("move £50 from my current account to savings")).said
    await bank.break_it(kind="500", path="*/domestic-payments")
    said = (await talk.say("yes")).said
    assert "Nothing has moved" in said or "I am checking that" in said
    await bank.mend_it()
    assert not list(mistakes(await talk.say("what's my balance?"), bank.amara.expected({"balance": "all"})))


async def test_own_accounts_can_be_paid_while_the_list_of_payees_is_unavailable(
    bank: BrokenBank,
) -> None:
    talk = talk_to(bank.bot, AMARA)
    assert UNAVAILABLE not in (await talk.say("what's my balance?")).said, "no breaker is open from a test before"
    await bank.break_it(kind="500", path="*/beneficiaries", seconds=0)
    assert UNAVAILABLE in (await talk.say("send £5 to Anna from current")).said
    await talk.say("transfer £5")
    asked = await talk.say("from current")
    assert [button["title"] for button in asked.replies[0]["buttons"]][:1] == ["Rainy day (savings account)"]
    assert (await talk.say("savings")).said.startswith("Shall I move £5.00")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def page(opened: BrokenBank) -> AsyncIterator[TestClient[Any, Any]]:
    """Amara over HTTP. The server checks the bank's health from time to time, and a late failure of that may open the
    breaker again, so tests that need a partly working bank come before those that use this fixture."""
    async with TestClient(TestServer(make_app(parts_of(opened.bot)))) as client:
        async with client.post("/auth", json={"accountNumber": AMARA, "code": "135790"}) as response:
            token = (await response.json())["token"]
        client.session.headers["Authorization"] = f"Bearer {token}"
        yield client


@pytest.mark.parametrize("kind", KINDS)
async def test_chat_endpoint_answers_while_the_bank_is_broken(
    bank: BrokenBank, page: TestClient[Any, Any], kind: str
) -> None:
    await bank.break_it(kind=kind, seconds=0.05 if kind == "latency" else 5)
    for text in ("what's my balance?", "what did I spend last month?", "bye"):
        async with page.post("/chat", json={"message": text}) as response:
            body = await response.text()
            assert response.status == 200, body
            assert "Traceback" not in body
            assert (await response.json())["replies"]
    async with page.get("/health") as response:
        assert response.status == 200


def unfounded(exchange: Exchange, figure: dict[str, Any], oracle: Oracle) -> list[str]:
    """What is wrong with a reply under a fault: figures may be missing, but those given must be true."""
    if exchange.failed:
        return [f"{exchange.text!r}: an action failed"]
    if not figures(exchange.said):
        return [] if UNAVAILABLE in exchange.said else [f"{exchange.text!r} says neither figures nor why"]
    expected = oracle.expected(figure)
    if UNAVAILABLE in exchange.said:  # the last known value, announced as such
        expected = replace(expected, begins=UNAVAILABLE)
    return list(mistakes(exchange, expected))
