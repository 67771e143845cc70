"""The bank that a bot uses while it runs: embedded, or another process that `--bank-url` names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bot import ConfigurationError, Startup

from .commands import bank_url, is_loopback
from .demo import DEMO_CUSTOMERS, DemoCustomer
from .keys import CLIENT_ID, KEY_FILE, read_key
from .settings import Endpoint


@asynccontextmanager
async def bank_lifespan(startup: Startup) -> AsyncIterator[None]:
    """Provide the resource `bank-endpoint` and add the demo customers.

    The resource is a dict of `url`, `client_id` and `secret`, with a `note` if the bank is embedded without `--demo`.
    Raises ConfigurationError if other machines could use the demo's logins, which are public.
    """
    await _refuse_known_logins(startup)
    async with AsyncExitStack() as stack:
        endpoint = await _endpoint(startup, stack)
        provided = {"url": endpoint.url, "client_id": endpoint.client_id, "secret": endpoint.secret}
        if startup.settings.options.get("demo"):
            await _add_demo_customers(startup)
        elif not bank_url(startup.settings):
            if startup.testing:
                await _add_demo_customers(startup)
            startup.announce(_SIMULATED)
            provided["note"] = "simulated"
        startup.resources.provide("bank-endpoint", provided)
        yield


_SIMULATED = (
    "The bank is simulated: accounts and money are invented. To use a real one, name it with --bank-url, or with "
    "`url:` below `plugin_settings: bank:` in config.yml."
)
_REACHABLE = (
    "the store holds the demo's well-known login {account}: it is served on 127.0.0.1 only, not on {host}; "
    "name another store, or disable the login with `bot customers disable {account}`"
)


async def _refuse_known_logins(startup: Startup) -> None:
    host = startup.settings.server.host
    if is_loopback(host):
        return
    for customer in DEMO_CUSTOMERS:
        if await startup.has_customer(customer.account_number, customer.bank_customer_id):
            raise ConfigurationError([_REACHABLE.format(account=customer.account_number, host=host)])


async def _endpoint(startup: Startup, stack: AsyncExitStack) -> Endpoint:
    data, url = startup.settings.data, bank_url(startup.settings)
    if url:
        return Endpoint(url, CLIENT_ID, read_key(data / KEY_FILE))
    from .embedded import embedded  # a bot with another bank need not load this one

    return await stack.enter_async_context(embedded(data, now=startup.sources.now))


async def _add_demo_customers(startup: Startup) -> None:
    startup.announce("Demo customers (account number / code):")
    for customer in DEMO_CUSTOMERS:
        await startup.add_customer(customer.account_number, customer.code, customer.bank_customer_id)
        startup.show_login(customer.account_number, customer.code, customer.name)
        startup.announce(f"  {customer.account_number} / {customer.code}   {customer.name}")
    startup.announce("Open {url} in a browser, or paste:")
    for line in _lines_to_paste(DEMO_CUSTOMERS[0]):
        startup.announce(f"  {line}")


def _lines_to_paste(customer: DemoCustomer) -> tuple[str, ...]:
    """Shell commands that log in, ask a question and show the history."""
    login = f'{{"accountNumber": "{customer.account_number}", "code": "{customer.code}"}}'
    as_json = "-H 'Content-Type: application/json'"
    pick = """python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])'"""
    bearer = '-H "Authorization: Bearer $TOKEN"'
    return (
        f"TOKEN=$(curl -s {{url}}/auth {as_json} -d '{login}' | {pick})",
        f"""curl -s {{url}}/chat {as_json} {bearer} -d '{{"message": "what is my balance?"}}'""",
        f"curl -s {{url}}/chat/history {bearer}",
    )
