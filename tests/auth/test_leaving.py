"""Exporting what is stored about a customer, and deleting it when they leave."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from bot.app.leaving import conversations_of, erase_customer, export_customer
from bot.app.verifying import TurnFold
from bot.auth.authenticator import customer_principal
from bot.auth.opening import Auth
from bot.config import Settings
from bot.engine.protocols import EffectEntry, TurnCommit
from bot.errors import BotError, ConversationGone, LoginRefused, NotAuthenticated
from bot.sources import Sources
from bot.stores.database import Database
from bot.stores.turns import SqlTurns, open_turns
from bot.stores.verifying import verify
from tests.auth.conftest import BOTH, Clock

ACCOUNT, CODE = "00123456", "000042"


async def _talk(store: SqlTurns, conversation: str, text: str, clock: Clock) -> None:
    record = b'{"text": "%s"}' % text.encode()
    await store.commit(TurnCommit(conversation, 1, "m", "f", record, b"{}", b"{}", clock.now()))


@pytest.fixture
async def store(database: Database, sources: Sources) -> SqlTurns:
    return open_turns(database, sources)


@pytest.fixture
async def conversation(auth: Auth, store: SqlTurns, clock: Clock) -> str:
    """The conversation of the customer of ACCOUNT; another customer has one too."""
    for account, said in ((ACCOUNT, "swordfish"), ("87654321", "other words")):
        row = await auth.customers.add(account, CODE, f"bank-{account}")
        name = await store.conversation_id(customer_principal(row.id), "customer", "")
        await _talk(store, name, said, clock)
    (found,) = [row.id async for row in conversations_of(store.database, auth, ACCOUNT)]
    return found


@BOTH
async def test_export_contains_all_data_of_one_customer_only(
    auth: Auth, store: SqlTurns, conversation: str, clock: Clock
) -> None:
    await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    await store.archive(clock.now() + timedelta(days=1))
    entry = EffectEntry("k", conversation, "transfer", b'{"amount": 5}', "done", clock.now(), b"[1]")
    await store.journal(entry)
    parts = [part async for part in export_customer(store.database, auth, ACCOUNT)]
    assert [part["what"] for part in parts] == ["customer", "session", "conversation", "turn", "effect"]
    assert parts[0]["account_number"] == ACCOUNT
    assert parts[3]["record"] == {"text": "swordfish"}
    assert parts[3]["at"] == clock.now().isoformat()
    assert parts[4]["parameters"] == {"amount": 5}
    assert not {"code_hash", "token_hash"} & {name for part in parts for name in part}
    with pytest.raises(BotError, match="no customer with this account number"):
        [part async for part in export_customer(store.database, auth, "11111111")]


@BOTH
async def test_erasing_a_customer_deletes_all_their_data(
    auth: Auth, store: SqlTurns, conversation: str, settings: Settings, clock: Clock
) -> None:
    logged_in = await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    with pytest.raises(LoginRefused):
        await auth.login.login(ACCOUNT, "000043", "127.0.0.1")
    assert await erase_customer(store.database, auth, ACCOUNT, patience=0) == 1
    with pytest.raises(NotAuthenticated):
        await auth.authenticator.identify(f"Bearer {logged_in.token}")
    assert await auth.customers.find(ACCOUNT) is None
    assert [c.account_number for c in await auth.customers.list()] == ["87654321"]
    names = await store.database.read(lambda c: c.all("SELECT name FROM throttles WHERE name LIKE 'account:%'"))
    assert names == []
    report = await verify(store.database, TurnFold)
    assert (report.counts["conversations"], report.counts["turns"], report.counts["customers"]) == (1, 1, 1)
    assert not any("missing" in problem or "beyond" in problem for problem in report.problems)
    if store.database.dialect.name == "sqlite":
        written = b"".join(path.read_bytes() for path in settings.data.glob("teller.db*"))
        assert b"other words" in written, "the positive control"
        assert b"swordfish" not in written
    row = await auth.customers.add(ACCOUNT, CODE, "bank-again")
    assert await store.conversation_id(customer_principal(row.id), "customer", "") != conversation


@BOTH
async def test_customer_with_an_unsettled_effect_is_disabled_and_erased_later(
    auth: Auth, store: SqlTurns, conversation: str, clock: Clock
) -> None:
    await store.journal(EffectEntry("k", conversation, "transfer", b"{}", "spending", clock.now()))
    with pytest.raises(BotError, match="outcome is not known yet"):
        await erase_customer(store.database, auth, ACCOUNT, patience=0)
    with pytest.raises(LoginRefused):
        await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    assert (await store.load(conversation)).seq == 1
    await store.journal(EffectEntry("k", conversation, "transfer", b"{}", "done", clock.now()))
    assert await erase_customer(store.database, auth, ACCOUNT, patience=0) == 1


@BOTH
async def test_disabled_or_erased_customer_cannot_begin_a_conversation(auth: Auth, store: SqlTurns) -> None:
    row = await auth.customers.add(ACCOUNT, CODE, "bank")
    begin = partial(store.conversation_id, customer_principal(row.id), "customer", "", customer=row.id)
    await auth.customers.disable(ACCOUNT)
    with pytest.raises(ConversationGone):
        await begin()
    await auth.customers.enable(ACCOUNT)
    begun = await begin()
    await auth.customers.disable(ACCOUNT)
    assert await begin() == begun
    assert await erase_customer(store.database, auth, ACCOUNT, patience=0) == 1
    again = open_turns(store.database, Sources())  # which has no conversation cached
    with pytest.raises(ConversationGone):
        await again.conversation_id(customer_principal(row.id), "customer", "", customer=row.id)
    assert (await verify(store.database, TurnFold)).counts["conversations"] == 0
