from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from simulator.accounts import CUSTOMERS
from tests.simulator.kit import INFORMATION, Bank, basic

AMARA, JONAS = CUSTOMERS["cust-3f8a41"], CUSTOMERS["cust-b20c97"]


@pytest.fixture(scope="session")
def standard(shared_data: Path) -> Any:
    path = shared_data / "openbanking" / "account-info-openapi.json"
    if not path.is_file():
        pytest.skip("the account-information API's document is not on this machine")
    return json.loads(path.read_text())


def problems(standard: Any, name: str, body: Any) -> list[str]:
    schema = {"$ref": f"#/components/schemas/{name}", "components": standard["components"]}
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(body)]


@pytest.mark.parametrize("customer", sorted(CUSTOMERS))
async def test_every_answer_conforms_to_the_standard(bank: Bank, standard: Any, customer: str) -> None:
    await bank.log_in(customer)
    account = CUSTOMERS[customer].current.id
    assert problems(standard, "OBReadAccount6", await bank.get("/accounts")) == []
    assert problems(standard, "OBReadAccount6", await bank.get(f"/accounts/{account}")) == []
    assert problems(standard, "OBReadBalance1", await bank.get("/balances")) == []
    assert problems(standard, "OBReadBalance1", await bank.get(f"/accounts/{account}/balances")) == []
    assert problems(standard, "OBReadTransaction6", await bank.get(f"/accounts/{account}/transactions")) == []
    assert problems(standard, "OBReadBeneficiary5", await bank.get("/beneficiaries")) == []
    assert problems(standard, "OBReadBeneficiary5", await bank.get(f"/accounts/{account}/beneficiaries")) == []


async def test_standard_schema_rejects_a_wrong_answer(bank: Bank, standard: Any) -> None:
    await bank.log_in(AMARA.id)
    await bank.break_it(kind="wrong_types")
    assert problems(standard, "OBReadBalance1", await bank.get("/balances"))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/accounts/ac-nobody", 403),
        (f"/accounts/{JONAS.current.id}/balances", 403),
        (f"/accounts/{JONAS.current.id}/transactions", 403),
        (f"/accounts/{JONAS.current.id}/beneficiaries", 403),
        (f"/accounts/{AMARA.current.id}/transactions?fromBookingDateTime=soon", 400),
        (f"/accounts/{AMARA.current.id}/transactions?page=99", 400),
        (f"/accounts/{AMARA.current.id}/transactions?page=%C2%B2", 400),
        (f"/accounts/{AMARA.current.id}/transactions?toBookingDateTime=31 October", 400),
        ("/nothing", 404),
    ],
)
async def test_errors_have_the_standard_body(bank: Bank, standard: Any, path: str, status: int) -> None:
    await bank.log_in(AMARA.id)
    given, body, headers = await bank.call("GET", INFORMATION + path, headers={"x-fapi-interaction-id": "abc"})
    assert (given, problems(standard, "OBErrorResponse1", body)) == (status, [])
    assert headers["x-fapi-interaction-id"] == "abc"


async def test_request_without_a_valid_token_is_rejected(bank: Bank) -> None:
    status, body, headers = await bank.call("GET", f"{INFORMATION}/accounts")
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "Data" not in body


@pytest.mark.parametrize(
    ("secret", "form", "status", "error"),
    [
        ("wrong", {"grant_type": "client_credentials", "customer": AMARA.id}, 401, "invalid_client"),
        (None, {"grant_type": "password", "customer": AMARA.id}, 400, "unsupported_grant_type"),
        (None, {"grant_type": "client_credentials", "customer": "cust-nobody"}, 400, "invalid_grant"),
        (None, {"grant_type": "client_credentials"}, 400, "invalid_grant"),
    ],
)
async def test_invalid_token_request_is_rejected(
    bank: Bank, secret: str | None, form: dict[str, str], status: int, error: str
) -> None:
    headers = {"Authorization": basic(bank.endpoint.client_id, secret or bank.endpoint.secret)}
    async with bank.http.post("/token", data=form, headers=headers) as response:
        assert (response.status, await response.json()) == (status, {"error": error})


async def test_transactions_are_paged_newest_first_and_filtered_by_date(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    path = f"/accounts/{AMARA.current.id}/transactions"
    query = {"fromBookingDateTime": "2026-01-01T00:00:00+05:00", "toBookingDateTime": "2026-09-30"}
    first = await bank.get(path, params=query)
    pages, seen, link = first["Meta"]["TotalPages"], list(first["Data"]["Transaction"]), first["Links"].get("Next")
    while link:
        _, page, _ = await bank.call("GET", link.removeprefix(bank.endpoint.url))
        seen += page["Data"]["Transaction"]
        link = page["Links"].get("Next")
    assert pages > 1
    assert len(seen) > (pages - 1) * 100
    booked = [transaction["BookingDateTime"] for transaction in seen]
    assert booked == sorted(booked, reverse=True)
    assert booked[-1].startswith("2026-01-01")
    assert booked[0] < "2026-10-01"
    assert len({transaction["TransactionId"] for transaction in seen}) == len(seen)


@pytest.mark.parametrize(
    ("since", "first"),
    [("2026-09-01", "2026-09-01"), ("2026-09-01T00:00:00-08:00", "2026-09-01"), ("2026-09-01T00:00:01", "2026-09-02")],
)
async def test_time_in_a_filter_excludes_earlier_entries(bank: Bank, since: str, first: str) -> None:
    await bank.log_in(AMARA.id)
    path = f"/accounts/{AMARA.current.id}/transactions"
    query = {"fromBookingDateTime": since, "toBookingDateTime": "2026-09-07T00:00:00"}
    found = (await bank.get(path, params=query))["Data"]["Transaction"]
    assert [found[-1]["BookingDateTime"][:10], found[0]["BookingDateTime"][:10]] == [first, "2026-09-07"]


async def test_disallowed_method_gets_the_allowed_ones(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    status, body, headers = await bank.call("DELETE", f"{INFORMATION}/accounts")
    assert (status, body["Code"], headers["Allow"]) == (405, "405", "GET,HEAD")


async def test_only_purchases_of_the_last_two_days_are_pending(bank: Bank) -> None:
    await bank.log_in(AMARA.id)
    found = (await bank.get(f"/accounts/{AMARA.current.id}/transactions"))["Data"]["Transaction"]
    pending = [transaction for transaction in found if transaction["Status"] == "PDNG"]
    assert pending
    assert all(t["BookingDateTime"] >= "2026-11-02" and "MerchantDetails" in t for t in pending)


async def test_payees_belong_to_an_account(bank: Bank) -> None:
    await bank.log_in(JONAS.id)
    of_current = (await bank.get(f"/accounts/{JONAS.current.id}/beneficiaries"))["Data"]["Beneficiary"]
    assert [payee["CreditorAccount"]["Name"] for payee in of_current] == ["Amara Okafor", "Lena Fischer"]
    assert (await bank.get(f"/accounts/{JONAS.savings.id}/beneficiaries"))["Data"]["Beneficiary"] == []
    assert (await bank.get("/beneficiaries"))["Data"]["Beneficiary"] == of_current
