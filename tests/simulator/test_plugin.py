from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

import simulator
from bot import Commands, ConfigurationError, HttpClient, Resources, Settings, Sources, Startup
from bot.config import Server
from simulator.accounts import CUSTOMERS
from simulator.demo import DEMO_CUSTOMERS
from simulator.embedded import serving
from simulator.keys import read_key, read_or_make_key
from simulator.settings import Endpoint, SimulatorSettings
from simulator.standalone import run
from tests.simulator.kit import NOON, Bank
from tests.simulator.test_payments import AMARA, books, order, pay


def startup(project: Path, **options: Any) -> tuple[Startup, list[Any], list[str]]:
    customers: list[Any] = []
    lines: list[str] = []

    async def add_customer(account_number: str, code: str, bank_customer_id: str) -> None:
        customers.append((account_number, code, bank_customer_id))

    made = Startup(
        settings=Settings(project=project, options=options),
        resources=Resources(),
        sources=Sources(now=lambda: NOON),
        add_customer=add_customer,
        announce=lines.append,
        add_check=lambda name, check: None,
    )
    return made, customers, lines


async def test_plugin_embeds_a_bank_that_answers_and_stops(tmp_path: Path) -> None:
    given, customers, _ = startup(tmp_path)
    async with simulator.lifespan(given):
        endpoint = given.resources.get("bank-endpoint", dict)
        async with HttpClient(endpoint["url"], service="bank") as http:
            assert (await http.call("GET", "/health", name="health")).data == {"status": "ok"}
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", int(endpoint["url"].rpartition(":")[2]))
    assert customers == []


async def test_embedded_bank_without_demo_is_announced_as_simulated(tmp_path: Path) -> None:
    given, _, lines = startup(tmp_path)
    async with simulator.lifespan(given):
        assert given.resources.get("bank-endpoint", dict)["note"] == "simulated"
    assert "The bank is simulated" in "\n".join(lines)
    demo, _, lines = startup(tmp_path, demo=True)
    async with simulator.lifespan(demo):
        assert "note" not in demo.resources.get("bank-endpoint", dict)
    assert "simulated" not in "\n".join(lines)


async def test_store_with_demo_logins_is_rejected_on_a_reachable_address(tmp_path: Path) -> None:
    known = DEMO_CUSTOMERS[1]

    async def is_there(account_number: str, bank_customer_id: str) -> bool:
        return (account_number, bank_customer_id) == (known.account_number, known.bank_customer_id)

    given, _, _ = startup(tmp_path)
    given = replace(given, has_customer=is_there)
    async with simulator.lifespan(given):
        pass
    reachable = replace(given, settings=replace(given.settings, server=Server(host="0.0.0.0")))
    with pytest.raises(ConfigurationError, match=f"login {known.account_number}: it is served on 127.0.0.1"):
        async with simulator.lifespan(reachable):
            pass


async def test_demo_adds_its_customers_and_announces_their_logins(tmp_path: Path) -> None:
    given, customers, lines = startup(tmp_path, demo=True)
    async with simulator.lifespan(given):
        assert customers == [(c.account_number, c.code, c.bank_customer_id) for c in DEMO_CUSTOMERS]
    told = "\n".join(lines)
    assert all(f"{c.account_number} / {c.code}" in told for c in DEMO_CUSTOMERS)
    assert {c.bank_customer_id for c in DEMO_CUSTOMERS} == set(CUSTOMERS)


async def test_bank_url_is_used_with_the_key_in_the_private_folder(tmp_path: Path) -> None:
    given, _, _ = startup(tmp_path, bank_url="http://bank.test:5010")
    key = read_or_make_key(given.settings.data / "bank.key")
    async with simulator.lifespan(given):
        endpoint = given.resources.get("bank-endpoint", dict)
    assert endpoint == {"url": "http://bank.test:5010", "client_id": "teller", "secret": key}


async def test_bank_url_can_be_set_in_config_yml(tmp_path: Path) -> None:
    given, _, _ = startup(tmp_path)
    configured = {"bank": {"url": "http://bank.test:5010"}}
    given = replace(given, settings=replace(given.settings, plugin_settings=configured))
    read_or_make_key(given.settings.data / "bank.key")
    async with simulator.lifespan(given):
        assert given.resources.get("bank-endpoint", dict)["url"] == "http://bank.test:5010"


def test_several_workers_need_a_shared_bank() -> None:
    configure = next(option.configure for option in added().options if option.option.name == "bank_url")
    assert configure is not None
    several = replace(Settings(), workers=2)
    assert configure(several, "http://bank.test") == several
    with pytest.raises(ConfigurationError, match="bot simulator"):
        configure(several, None)


async def test_bank_url_without_a_key_stops_the_start(tmp_path: Path) -> None:
    given, _, _ = startup(tmp_path, bank_url="http://bank.test:5010")
    with pytest.raises(ConfigurationError, match="bot simulator"):
        async with simulator.lifespan(given):
            pass


def test_key_is_created_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "bank.key"
    key = read_or_make_key(path)
    assert (read_or_make_key(path), read_key(path)) == (key, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (path.parent / ".gitignore").read_text() == "*\n"
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_key(path)


def added() -> Commands:
    commands = Commands()
    simulator.register_commands(commands)
    return commands


def test_plugin_adds_its_command_and_options() -> None:
    assert [command.name for command in added().commands] == ["simulator"]
    assert {(option.command, option.option.name) for option in added().options} == {
        (command, name) for command in ("run", "shell") for name in ("bank_url", "demo")
    }


def test_demo_has_its_own_store_on_loopback_only() -> None:
    configure = next(option.configure for option in added().options if option.option.name == "demo")
    assert configure is not None
    settings = Settings()
    assert configure(settings, False) == settings
    assert "demo" in configure(settings, True).store.url
    chosen = replace(settings, store=replace(settings.store, url="sqlite:///.teller/customers.db"))
    assert configure(chosen, False) == chosen
    assert configure(chosen, True).store.url == configure(settings, True).store.url, "config.yml's is the customers'"
    for host in ("127.0.0.1", "::1", "localhost", "127.1.2.3"):
        configure(replace(settings, server=replace(settings.server, host=host)), True)
    for host in ("0.0.0.0", "::", "10.0.0.1", "bank.example"):
        reached = replace(settings, server=replace(settings.server, host=host))
        with pytest.raises(ConfigurationError, match=r"served on 127\.0\.0\.1 only"):
            configure(reached, True)
        assert configure(reached, False) == reached
        with pytest.raises(ConfigurationError, match="the demo's well-known logins"):
            configure(replace(reached, store=configure(settings, True).store), False)


async def test_requests_over_the_customers_limit_are_told_to_wait(tmp_path: Path) -> None:
    settings = SimulatorSettings("teller", "s", "a", tmp_path / "bank.db", now=lambda: NOON, requests_per_minute=2)
    async with serving(settings, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        bank = Bank(Endpoint(url, "teller", "s"), http)
        await bank.log_in(AMARA.id)
        await bank.get("/accounts")
        await bank.log_in(AMARA.id)  # another token shares the same limit
        await bank.get("/accounts")
        status, body, headers = await bank.call("GET", "/open-banking/v4.0/aisp/accounts")
        assert (status, headers["Retry-After"]) == (429, "61")
        assert body["Errors"]
        await bank.log_in("cust-b20c97")
        await bank.get("/accounts")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_url_of_an_ipv6_address_can_be_called(tmp_path: Path) -> None:
    settings = SimulatorSettings("teller", "secret", "admin", tmp_path / "bank.db")
    async with serving(settings, "::1", 0) as url, HttpClient(url, service="bank") as bank:
        assert (await bank.call("GET", "/health", name="health")).data == {"status": "ok"}


def test_used_port_is_reported_as_a_configuration_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port} .*--port"):
            run(tmp_path, host="127.0.0.1", port=port, seed=7)


def test_unopenable_bank_file_is_not_reported_as_a_port_error(tmp_path: Path) -> None:
    (tmp_path / "bank.db").symlink_to(tmp_path / "gone" / "bank.db")
    with pytest.raises(FileNotFoundError, match=r"bank\.db"):
        run(tmp_path, host="127.0.0.1", port=0, seed=7)


async def test_standalone_bank_keeps_its_payments_when_killed(tmp_path: Path, project: Path) -> None:
    async def start() -> tuple[asyncio.subprocess.Process, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from simulator.commands import simulator; simulator()"),
            *("--port", "0", "--project", str(tmp_path)),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(project)},
        )
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        assert line.startswith("bank ready http://127.0.0.1:")
        return process, line.split()[-1]

    async def paid(url: str) -> Any:
        keys = next(tmp_path.rglob("bank.key")), next(tmp_path.rglob("bank-admin.key"))
        async with aiohttp.ClientSession(url) as http:
            bank = Bank(Endpoint(url, "teller", read_key(keys[0]), read_key(keys[1])), http)
            await bank.log_in(AMARA.id)
            return (await pay(bank, order()))[1]["Data"], await books(bank)

    process, url = await start()
    before = await paid(url)
    process.kill()
    await process.wait()
    process, url = await start()
    assert await paid(url) == before
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
