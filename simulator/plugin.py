"""The bank for the life of a bot: embedded, or another process that `--bank-url` names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bot import Startup

from .commands import bank_url
from .demo import DEMO_CUSTOMERS, DemoCustomer
from .keys import CLIENT_ID, KEY_FILE, read_key
from .settings import Endpoint


@asynccontextmanager
async def bank_lifespan(startup: Startup) -> AsyncIterator[None]:
    """Provide the resource `bank-endpoint`, a dict of `url`, `client_id` and `secret`, and add the demo customers."""
    async with AsyncExitStack() as stack:
        endpoint = await _endpoint(startup, stack)
        startup.resources.provide(
            "bank-endpoint", {"url": endpoint.url, "client_id": endpoint.client_id, "secret": endpoint.secret}
        )
        if startup.settings.options.get("demo"):
            await _add_demo_customers(startup)
        yield


async def _endpoint(startup: Startup, stack: AsyncExitStack) -> Endpoint:
    data, url = startup.settings.data, bank_url(startup.settings)
    if url:
        return Endpoint(url, CLIENT_ID, read_key(data / KEY_FILE))
    from .accounts import CUSTOMERS  # a bot whose bank is elsewhere need not load this one
    from .embedded import embedded

    startup.test_customers.extend(CUSTOMERS)
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
    """A login, a question and the history, for a shell."""
    login = f'{{"accountNumber": "{customer.account_number}", "code": "{customer.code}"}}'
    as_json = "-H 'Content-Type: application/json'"
    pick = """python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])'"""
    bearer = '-H "Authorization: Bearer $TOKEN"'
    return (
        f"TOKEN=$(curl -s {{url}}/auth {as_json} -d '{login}' | {pick})",
        f"""curl -s {{url}}/chat {as_json} {bearer} -d '{{"message": "what is my balance?"}}'""",
        f"curl -s {{url}}/chat/history {bearer}",
    )
