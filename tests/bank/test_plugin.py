from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import actions.bank
from actions.bank import BankClient
from actions.bank.settings import BankSettings, read_bank_settings
from bot import CallFailed, ConfigurationError, HttpClient, Resources, Settings, Sources, Startup
from simulator.settings import Endpoint
from tests.bank.kit import AMARA, NOON

CALLED = ("token", "accounts", "balances", "token")


async def fail_to_add_customer(account_number: str, code: str, bank_customer_id: str) -> None:
    raise AssertionError


def startup(endpoint: Endpoint, calls: list[Any], checks: dict[str, Any], **bank: Any) -> Startup:
    given = Startup(
        settings=Settings(project=Path("nowhere"), plugin_settings={"bank": bank} if bank else {}),
        resources=Resources(),
        sources=Sources(now=lambda: NOON),
        add_customer=fail_to_add_customer,
        announce=lambda line: None,
        add_check=checks.__setitem__,
        observe_call=lambda service, outcome, seconds, tries, **more: calls.append((service, outcome, tries, more)),
    )
    secrets = {"url": endpoint.url, "client_id": endpoint.client_id, "secret": endpoint.secret}
    given.resources.provide("bank-endpoint", secrets)
    return given


async def test_plugin_opens_the_bank_and_observes_all_calls_except_good_checks(endpoint: Endpoint) -> None:
    calls: list[Any] = []
    checks: dict[str, Callable[[], Awaitable[None]]] = {}
    given = startup(endpoint, calls, checks)
    async with actions.bank.lifespan(given):
        await given.resources.get("bank", BankClient).of(AMARA).balances()
        await checks["bank"]()
    well = [("bank", "ok", 1, {"call": name, "status": None, "reason": ""}) for name in CALLED]
    assert calls == well  # a successful check is not reported


async def test_check_fails_while_the_bank_is_unreachable(endpoint: Endpoint) -> None:
    calls: list[Any] = []
    checks: dict[str, Any] = {}
    away = Endpoint("http://127.0.0.1:9", "teller", "secret")
    async with actions.bank.lifespan(startup(away, calls, checks, seconds=0.5)):
        with pytest.raises(CallFailed):
            await checks["bank"]()
    assert [outcome for _, outcome, *_ in calls] == ["unavailable"]


async def test_check_fails_when_the_bank_rejects_the_credentials(endpoint: Endpoint) -> None:
    calls: list[Any] = []
    checks: dict[str, Any] = {}
    async with actions.bank.lifespan(startup(Endpoint(endpoint.url, "teller", "rotated"), calls, checks)):
        for _ in range(2):
            with pytest.raises(CallFailed, match="bank: token: the service refused it with 401"):
                await checks["bank"]()
    outcome, more = calls[0][1], calls[0][-1]
    assert (outcome, more) == (
        "rejected",
        {"call": "token", "status": 401, "reason": "the service refused it with 401"},
    )


async def test_accepted_credentials_are_not_checked_again_each_time(endpoint: Endpoint) -> None:
    calls: list[Any] = []
    checks: dict[str, Any] = {}
    async with actions.bank.lifespan(startup(endpoint, calls, checks)):
        for _ in range(3):
            assert await checks["bank"]() is None
    assert [more["call"] for *_, more in calls] == ["token"]


async def test_check_returns_the_note_of_the_endpoint(endpoint: Endpoint) -> None:
    checks: dict[str, Any] = {}
    given = startup(endpoint, [], checks)
    given.resources.get("bank-endpoint", dict)["note"] = "simulated"
    async with actions.bank.lifespan(given):
        assert await checks["bank"]() == "simulated"


async def test_data_of_another_customer_is_observed_as_grave(endpoint: Endpoint) -> None:
    calls: list[Any] = []
    given = startup(endpoint, calls, {})
    fault = {"kind": "other_customer", "path": "*/accounts"}
    async with actions.bank.lifespan(given), HttpClient(endpoint.url, service="bank") as http:
        headers = {"Authorization": f"Bearer {endpoint.admin_key}"}
        await http.call("POST", "/admin/faults", name="faults", json=fault, headers=headers)
        with pytest.raises(CallFailed):
            await given.resources.get("bank", BankClient).of(AMARA).accounts()
    reason = "an account belongs to another customer"
    assert calls[-1] == ("bank", "invalid", 1, {"call": "accounts", "reason": reason, "is_grave": True})


def test_call_times_out_before_its_question() -> None:
    for settings in (BankSettings(), BankSettings(seconds=60.0), BankSettings(seconds=0.1)):
        limits = settings.limits
        assert limits.connect_seconds < limits.try_seconds < limits.deadline_seconds < settings.seconds
        assert 2 * limits.try_seconds <= limits.deadline_seconds


def test_settings_are_read_from_the_configuration() -> None:
    given = {"seconds": 2, "tries": 1, "connections": 5, "url": "https://bank.example"}
    assert read_bank_settings({"bank": given, "other": 1}) == BankSettings(2, 1, 5, "https://bank.example")
    assert read_bank_settings({}) == BankSettings()


def test_all_invalid_settings_are_reported_together() -> None:
    wrong = {"seconds": 0, "tries": True, "connections": 1.5, "url": "bank.example", "colour": "red"}
    with pytest.raises(ConfigurationError) as refused:
        read_bank_settings({"bank": wrong})
    assert len(refused.value.problems) == 5
    assert all(key in str(refused.value) for key in wrong)
    with pytest.raises(ConfigurationError, match="write keys"):
        read_bank_settings({"bank": "https://bank.example"})
