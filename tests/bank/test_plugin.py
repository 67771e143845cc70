from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import actions.bank
from actions.bank import BankClient, CustomerBank
from actions.bank.settings import BankSettings, bank_schema, read_bank_settings
from actions.banking import for_customers
from bot import CallFailed, HttpClient, Resources, Settings, Sources, Startup, Turn
from bot.config import Limits
from bot.reading import read_plugin_settings
from bot.testing.kit import CUSTOMER, make_turn, run_action, texts
from simulator.settings import Endpoint
from tests.bank.kit import AMARA, NOON
from tests.durability.virtual_time import run_virtually

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


def checked(folder: Path, bank: str, limits: Limits | None = None) -> tuple[dict[str, Any], list[str]]:
    """The settings as plugins read them, and the findings with their places, for this section `bank`."""
    (folder / "config.yml").write_text(f"plugin_settings:\n  bank: {bank}\n")
    schema = bank_schema(Settings(limits=limits or Limits()))
    settings, found = read_plugin_settings(folder, {"bank": schema})
    return settings, [str(finding) for finding in sorted(found, key=lambda d: d.place)]


def test_wrong_settings_are_all_reported_with_their_places(tmp_path: Path) -> None:
    wrong = "{seconds: -3, tries: true, connections: 1.5, url: bank.example, colour: red}"
    _, found = checked(tmp_path, wrong)
    about = ("at least 0.1", "a whole number", "a whole number", "https://bank.example", "`colour` is not known")
    assert all(words in finding for words, finding in zip(about, found, strict=True))
    assert all(finding.startswith("config.yml:2:") for finding in found)
    assert "`bank` must be a mapping" in checked(tmp_path, "https://bank.example")[1][0]


def test_question_may_take_as_long_as_an_action_but_no_longer(tmp_path: Path) -> None:
    assert checked(tmp_path, "{seconds: 5}")[1] == []
    assert "at most 5.0. Write 0.1 to 5;" in checked(tmp_path, "{seconds: 6}")[1][0]
    assert checked(tmp_path, "{seconds: 59}", Limits(action_seconds=60.0))[1] == []


def test_numbers_from_the_environment_are_read_as_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_SECONDS", "2.5")
    settings, found = checked(tmp_path, "\n    seconds: ${BANK_SECONDS}")
    assert (found, read_bank_settings(settings).seconds) == ([], 2.5)


def test_action_may_ask_the_bank_for_as_long_as_actions_may_take() -> None:
    async def patient(turn: Turn, bank: CustomerBank) -> None:
        await asyncio.sleep(Limits().action_seconds - 0.1)
        turn.say_text("There you are.")

    async def asked() -> list[str]:
        client = BankClient(HttpClient("http://127.0.0.1:9", service="bank"), "teller", "secret", sources=Sources())
        turn = make_turn("balance", customer=CUSTOMER, resources={"bank": client})
        await run_action(turn, for_customers(patient))
        return texts(turn)

    assert run_virtually(asked()) == ["There you are."]
