"""Exports all that the store has about one customer, as JSON objects: the data that the law entitles them to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from bot.encoding import decode
from bot.messages import JsonObject
from bot.stores import history
from bot.stores.connection import Connection
from bot.stores.customers import CustomerRow
from bot.stores.database import Database
from bot.stores.erasing import conversations_of
from bot.stores.times import moment

_SESSIONS = "SELECT id, created_at, idle_until, absolute_until FROM sessions WHERE customer = :of ORDER BY created_at"
_CONVERSATION = "SELECT id, channel, sender, created_at, last_turn_at FROM conversations WHERE id = :of"
_KEPT_BESIDE = {
    "message": "SELECT message_id, arrived_at, payload FROM inbox "
    "WHERE conversation = :of AND status = 'accepted' ORDER BY number",
    "reply": "SELECT id, channel, target, body, status, created_at, sent_at FROM outbox "
    "WHERE conversation = :of ORDER BY number",
    "effect": "SELECT key, kind, parameters, status, at, result FROM effects WHERE conversation = :of ORDER BY at",
    "reminder": "SELECT name, intent, reminder, due_at FROM reminders WHERE conversation = :of ORDER BY due_at",
}
_TIMES = {"at", "idle_until", "absolute_until", "created_at", "last_turn_at", "arrived_at", "sent_at", "due_at"}


async def customers_data(database: Database, customer: CustomerRow, principal: str) -> AsyncIterator[JsonObject]:
    """Everything stored about a customer and the conversations of `principal`, the customer's name in those.

    Each object has its kind in `what`; hashes of codes and tokens are left out. Times are ISO 8601, UTC.
    """
    yield {
        "what": "customer",
        "id": customer.id,
        "account_number": customer.account_number,
        "bank_customer_id": customer.bank_customer_id,
        "disabled": customer.disabled,
        "created_at": _time(customer.created_at),
    }
    for row in await database.scan(partial(_rows, sql=_SESSIONS, of=customer.id)):
        yield {"what": "session", **row}
    for conversation in await conversations_of(database, principal):
        for row in await database.scan(partial(_rows, sql=_CONVERSATION, of=conversation)):
            yield {"what": "conversation", **row}
        async for turn in history.all_turns(database, conversation):
            shown = {"seq": turn.seq, "at": _time(turn.at), "record": decode(turn.record)}
            yield {"what": "turn", "conversation": conversation, **shown}
        for what, sql in _KEPT_BESIDE.items():
            for row in await database.scan(partial(_rows, sql=sql, of=conversation)):
                yield {"what": what, "conversation": conversation, **row}


def _rows(connection: Connection, sql: str, of: str) -> Sequence[Mapping[str, Any]]:
    rows = connection.all(sql, of=of)
    return [{name: _plain(name, value) for name, value in row._asdict().items()} for row in rows]


def _plain(name: str, value: Any) -> Any:
    if name in _TIMES and value is not None:
        return _time(moment(value))
    return decode(value) if isinstance(value, bytes) else value


def _time(at: datetime) -> str:
    return at.isoformat()
