"""Export and deletion of everything stored about a customer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from bot.auth.authenticator import customer_principal
from bot.auth.opening import Auth
from bot.errors import BotError
from bot.messages import JsonObject
from bot.stores.customers import CustomerRow
from bot.stores.database import Database
from bot.stores.erasing import delete_all_of
from bot.stores.exporting import customers_data
from bot.stores.history import ConversationRow, listed

UNKNOWN = "there is no customer with this account number; `bot customers list` shows all"

_STILL_OPEN = (
    "conversation {conversation} has a turn under way, or an outside change whose outcome is not known yet; "
    "the customer is disabled and logged out: erase them again once the bot has found out the outcome"
)


async def conversations_of(database: Database, auth: Auth, account: str | None) -> AsyncIterator[ConversationRow]:
    """The conversations of the customer with this account number (None: all conversations), by id.

    Raises BotError if there is no such customer.
    """
    principal = None if account is None else customer_principal((await _customer(auth, account)).id)
    last = ""
    while page := await database.scan(partial(listed, last=last, principal=principal)):
        for row in page:
            yield row
        last = page[-1].id


async def export_customer(database: Database, auth: Auth, account: str) -> AsyncIterator[JsonObject]:
    """Everything the store has about the customer with this account number; raises BotError if there is none."""
    row = await _customer(auth, account)
    async for part in customers_data(database, row, customer_principal(row.id)):
        yield part


async def erase_customer(database: Database, auth: Auth, account: str, *, patience: float) -> int:
    """Delete the customer with this account number and all their conversations; return the number of conversations.

    The customer is disabled and logged out first, so that nothing new begins; turns under way get up to `patience`
    seconds to finish. Raises BotError if there is no such customer, or if a conversation still has a turn or an outside
    change open: then the customer stays, disabled.
    """
    row = await _customer(auth, account)
    await auth.customers.disable(account)
    count, still_open = await delete_all_of(database, customer_principal(row.id), patience=patience)
    if still_open:
        raise BotError(_STILL_OPEN.format(conversation=still_open[0]))
    await auth.customers.erase(account)
    return count


async def _customer(auth: Auth, account: str) -> CustomerRow:
    row = await auth.customers.find(account)
    if row is None:
        raise BotError(UNKNOWN)
    return row
