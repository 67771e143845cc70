from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any

import aiohttp
import httpx
import pytest
from msgspec.structs import asdict, replace

from actions.bank import BankClient, PaymentOrder
from actions.transfer.payment import Transfer
from bot import CallFailed, Customer
from simulator.settings import Endpoint
from tests.bank.kit import AMARA, CURRENT, JONAS, NOON, SAVINGS, ScriptedBank, refused
from tests.bank.test_faults import inject_fault, short_deadline

PAYMENTS = "*/domestic-payments"
LATER = NOON + timedelta(minutes=10)


async def order(bank: BankClient, minor: int = 5_000, customer: Customer = AMARA, **changes: Any) -> PaymentOrder:
    current, savings, _ = await bank.of(customer).accounts()
    given: dict[str, Any] = {"debtor": current.id, "creditor": savings.id, "payee": "Rainy day", "not_after": LATER}
    return PaymentOrder(**given | changes, minor=minor, currency="GBP")


def parameters_of(order: PaymentOrder) -> dict[str, Any]:
    given = asdict(order) | {"not_after": order.not_after.isoformat()}
    return given | {"customer": AMARA.bank_customer_id, "source": "current", "target": "savings"}


async def balances(bank: BankClient) -> list[int]:
    return [balance.minor for balance in await bank.of(AMARA).balances()]


async def read_books(endpoint: Endpoint) -> Any:
    headers = {"Authorization": f"Bearer {endpoint.admin_key}"}
    async with aiohttp.ClientSession(endpoint.url) as http, http.get("/admin/books", headers=headers) as answer:
        return await answer.json()


async def test_repeated_payment_with_one_key_is_made_once(bank: BankClient) -> None:
    before, ordered = await balances(bank), await order(bank)
    made = [await bank.of(AMARA).pay("k-1", ordered) for _ in range(3)]
    assert made[0].made
    assert made == [made[0]] * 3
    after = await balances(bank)
    assert after == [before[0] - 5_000, before[1] + 5_000, before[2]]


async def test_credit_card_can_receive_but_not_make_payments(bank: BankClient) -> None:
    card = (await bank.of(AMARA).accounts())[2]
    assert (await bank.of(AMARA).pay("k-1", await order(bank, creditor=card.id))).made
    with refused("403", "rejected"):
        await bank.of(AMARA).pay("k-2", await order(bank, debtor=card.id))


async def test_payment_to_a_payee_leaves_the_account(bank: BankClient) -> None:
    anna = (await bank.of(AMARA).payees())[0]
    before = await balances(bank)
    ordered = await order(bank, creditor=anna.id, payee=anna.name)
    made = await bank.of(AMARA).pay("k-1", ordered)
    assert made.made
    assert await balances(bank) == [before[0] - 5_000, *before[1:]]
    assert await bank.of(AMARA).find_payment("k-1", ordered) == made


async def test_payment_to_a_payee_of_another_customer_is_rejected_before_it_is_sent(bank: BankClient) -> None:
    of_jonas = (await bank.of(JONAS).payees())[0]
    with refused("no payee"):
        await bank.of(AMARA).pay("k-1", await order(bank, creditor=of_jonas.id))


async def test_payment_above_the_balance_is_refused_for_insufficient_funds(bank: BankClient) -> None:
    payment = await bank.of(AMARA).pay("k-1", await order(bank, 99_999_900))
    assert (payment.made, payment.refusal) == (False, "insufficient_funds")


async def test_payment_from_an_account_of_another_customer_is_rejected_before_it_is_sent(bank: BankClient) -> None:
    with refused("not the customer's"):
        await bank.of(JONAS).pay("k-1", await order(bank))


async def test_payment_is_found_by_its_key(bank: BankClient) -> None:
    ordered = await order(bank)
    assert await bank.of(AMARA).find_payment("k-1", ordered) is None
    made = await bank.of(AMARA).pay("k-1", ordered)
    assert await bank.of(AMARA).find_payment("k-1", ordered) == made
    with refused("not the one"):
        await bank.of(AMARA).find_payment("k-1", await order(bank, 6_000))


async def test_payment_to_a_deleted_payee_is_found(bank: BankClient) -> None:
    anna = (await bank.of(AMARA).payees())[0]
    made = await bank.of(AMARA).pay("k-1", await order(bank, creditor=anna.id, payee=anna.name))
    later = await order(bank, creditor="pe-deleted", payee=anna.name)
    assert await bank.of(AMARA).find_payment("k-1", later) == made
    result = await Transfer(bank, lambda: NOON).find("k-1", parameters_of(later))
    assert (result.outcome, result.result) == ("done", {"payment": made.id})


@pytest.mark.parametrize("changes", [{"payee": "Tom Reid"}, {"minor": 5_001}, {"currency": "EUR"}])
async def test_payment_that_differs_from_the_order_is_not_accepted_as_found(
    bank: BankClient, changes: dict[str, Any]
) -> None:
    anna = (await bank.of(AMARA).payees())[0]
    ordered = await order(bank, creditor=anna.id, payee=anna.name)
    await bank.of(AMARA).pay("k-1", ordered)
    other = replace(ordered, **changes)
    with refused("not the one"):
        await bank.of(AMARA).find_payment("k-1", other)
    assert (await Transfer(bank, lambda: NOON).find("k-1", parameters_of(other))).outcome == "unknown"
    assert await bank.of(AMARA).find_payment("k-2", ordered) is None


async def test_order_rejected_by_the_bank_is_refused_with_reason_other(bank: BankClient) -> None:
    current = (await bank.of(AMARA).accounts())[0]
    result = await Transfer(bank, lambda: NOON).perform("k-1", parameters_of(await order(bank, creditor=current.id)))
    assert (result.outcome, result.result) == ("refused", {"reason": "other"})


@pytest.mark.parametrize("status", [401, 429])
async def test_order_turned_away_with_401_or_429_is_refused_as_unreachable(
    scripted_bank: ScriptedBank, status: int
) -> None:
    scripted_bank.answers["/domestic-payments"] = httpx.Response(status)
    ordered = PaymentOrder(CURRENT, SAVINGS, 5_000, "GBP", "Rainy day", LATER)
    result = await Transfer(scripted_bank.client(), lambda: NOON).perform("k-1", parameters_of(ordered))
    assert (result.outcome, result.result) == ("refused", {"reason": "unreachable"})


@pytest.mark.parametrize("kind", ["500", "503", "reset", "hang", "truncated", "malformed", "wrong_types", "slow_drip"])
async def test_payment_with_a_lost_answer_is_unknown_and_can_be_found(
    bank: BankClient, endpoint: Endpoint, kind: str
) -> None:
    ordered = await order(bank)
    await inject_fault(endpoint, kind=kind, path=PAYMENTS, method="POST", when="after", seconds=600)
    with pytest.raises(CallFailed) as failed, short_deadline(bank, kind):
        await bank.of(AMARA).pay("k-1", ordered)
    assert failed.value.may_have_happened
    found = await bank.of(AMARA).find_payment("k-1", ordered)
    assert found is not None
    assert found.made
    assert len((await read_books(endpoint))["payments"]) == 1


async def test_order_stopped_by_429_certainly_did_not_happen(bank: BankClient, endpoint: Endpoint) -> None:
    ordered = await order(bank)
    await inject_fault(endpoint, kind="429", path=PAYMENTS, seconds=600)
    with pytest.raises(CallFailed) as failed:
        await bank.of(AMARA).pay("k-1", ordered)
    assert not failed.value.may_have_happened


async def test_effect_reports_done_refused_and_unknown(bank: BankClient, endpoint: Endpoint) -> None:
    effect = Transfer(bank, lambda: NOON)
    done, too_much = await order(bank), await order(bank, 99_999_900)
    result = await effect.perform("k-1", parameters_of(done))
    assert (result.outcome, set(result.result)) == ("done", {"payment"})
    assert await effect.perform("k-1", parameters_of(done)) == result
    result = await effect.perform("k-2", parameters_of(too_much))
    assert (result.outcome, result.result) == ("refused", {"reason": "insufficient_funds"})
    late = await order(bank, not_after=NOON - timedelta(minutes=1))
    result = await effect.perform("k-3", parameters_of(late))
    assert (result.outcome, result.result) == ("refused", {"reason": "too_late"})
    await inject_fault(endpoint, kind="500", path=PAYMENTS)
    assert (await effect.perform("k-4", parameters_of(done))).outcome == "unknown"
    assert (await effect.find("k-4", parameters_of(done))).outcome == "unknown"


async def test_missing_payment_stays_unknown_until_its_cut_off_time(bank: BankClient) -> None:
    parameters = parameters_of(await order(bank))
    assert (await Transfer(bank, lambda: NOON).find("k-1", parameters)).outcome == "unknown"
    assert (await Transfer(bank, lambda: LATER + timedelta(minutes=3)).find("k-1", parameters)).outcome == "refused"


async def test_money_is_conserved_under_faults_and_retries(bank: BankClient, endpoint: Endpoint) -> None:
    """Many orders at once are retried until their outcome is known, with a bank that fails half the time."""
    effect, chance = Transfer(bank, lambda: NOON), random.Random(5)
    before = await balances(bank)
    for number, kind in enumerate(("500", "reset", "429", "malformed", "503")):
        when = "after" if number % 2 else "before"
        await inject_fault(endpoint, kind=kind, path=PAYMENTS, probability=0.2, when=when, seed=number, seconds=0)
    orders = {f"k-{number}": await order(bank, chance.randint(1, 900)) for number in range(30)}

    async def pay_until_known(key: str) -> int:
        parameters = parameters_of(orders[key])
        for _ in range(50):
            result = await effect.perform(key, parameters)
            if result.outcome == "done":
                return orders[key].minor
        raise AssertionError("no outcome")

    moved = sum(await asyncio.gather(*(pay_until_known(key) for key in orders)))
    after, kept = await balances(bank), await read_books(endpoint)
    assert after == [before[0] - moved, before[1] + moved, before[2]]
    assert kept["sum"] == 0
    assert sorted(payment["key"] for payment in kept["payments"]) == sorted(orders)


async def test_retry_under_a_new_key_would_pay_twice(bank: BankClient, endpoint: Endpoint) -> None:
    """The control for the test above: without one key per order, money moves twice."""
    ordered = await order(bank)
    await inject_fault(endpoint, kind="reset", path=PAYMENTS, method="POST", when="after", count=3)
    with pytest.raises(CallFailed):
        await bank.of(AMARA).pay("k-1", ordered)
    await bank.of(AMARA).pay("k-2", ordered)
    assert len((await read_books(endpoint))["payments"]) == 2


async def test_order_that_may_have_arrived_stays_unknown_when_the_retry_fails(scripted_bank: ScriptedBank) -> None:
    """Its answer is lost, the repetition meets an expired token, and there is no new one."""

    def post(request: httpx.Request) -> httpx.Response:
        scripted_bank.answers["/token"] = httpx.Response(503)
        if scripted_bank.paths().count("domestic-payments") == 1:
            raise httpx.ReadError("the connection broke", request=request)
        return httpx.Response(401)

    scripted_bank.answers["/domestic-payments"] = post
    ordered = PaymentOrder(CURRENT, SAVINGS, 5_000, "GBP", "Rainy day", LATER)
    with pytest.raises(CallFailed) as failed:
        await scripted_bank.client().of(AMARA).pay("k-1", ordered)
    assert scripted_bank.paths().count("domestic-payments") == 2
    assert failed.value.may_have_happened
