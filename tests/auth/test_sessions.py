"""Sessions: idle and absolute expiry, rotation with its grace, ends."""

from __future__ import annotations

import asyncio

import pytest

from bot.auth.opening import Auth
from bot.auth.sessions import LoggedIn, token_hash
from bot.errors import NotAuthenticated

from .conftest import BOTH, Clock


@pytest.fixture
async def customer(auth: Auth) -> str:
    return (await auth.customers.add("00123456", "000042", "bank-3")).id


@pytest.fixture
async def session(auth: Auth, customer: str) -> LoggedIn:
    return await auth.sessions.open(customer)


async def lives(auth: Auth, session: LoggedIn) -> bool:
    try:
        await auth.authenticator.identify(f"Bearer {session.token}")
    except NotAuthenticated:
        return False
    return True


async def test_session_expires_after_five_idle_minutes(auth: Auth, session: LoggedIn, clock: Clock) -> None:
    clock.advance(299.9)
    assert await lives(auth, session)
    clock.advance(0.1)
    assert not await lives(auth, session)


async def test_reads_extend_a_session_rarely_and_never_beyond_twelve_hours(
    auth: Auth, session: LoggedIn, clock: Clock
) -> None:
    row = await auth.sessions.find(session.token)
    clock.advance(30)
    await auth.sessions.keep_alive(row)
    assert (await auth.sessions.find(session.token)).idle_until == row.idle_until
    clock.advance(1)
    await auth.sessions.keep_alive(row)
    assert (await auth.sessions.find(session.token)).idle_until > row.idle_until
    for _ in range(12 * 3600 // 240 - 1):
        clock.advance(240)
        await auth.sessions.keep_alive(await auth.sessions.find(session.token))
    clock.advance(240)
    assert not await lives(auth, session)


@BOTH
async def test_first_use_of_the_new_token_ends_the_old_one(auth: Auth, session: LoggedIn) -> None:
    new = await auth.sessions.rotate(await auth.sessions.find(session.token))
    assert new.expires_at == session.expires_at
    assert await lives(auth, session)
    assert await lives(auth, new)
    assert not await lives(auth, session)
    assert await lives(auth, new)


async def test_old_token_ends_after_the_grace_even_if_the_new_one_is_unused(
    auth: Auth, session: LoggedIn, clock: Clock
) -> None:
    new = await auth.sessions.rotate(await auth.sessions.find(session.token))
    clock.advance(9.9)
    assert await lives(auth, session)
    clock.advance(0.2)
    assert not await lives(auth, session)
    assert await lives(auth, new)


async def test_second_rotation_replaces_the_successor_without_extending_the_grace(
    auth: Auth, session: LoggedIn, clock: Clock
) -> None:
    lost = await auth.sessions.rotate(await auth.sessions.find(session.token))
    clock.advance(6)
    again = await auth.sessions.rotate(await auth.sessions.find(session.token))
    assert not await lives(auth, lost)
    clock.advance(5)
    assert not await lives(auth, session)
    assert await lives(auth, again)


@BOTH
async def test_concurrent_rotations_leave_one_successor(auth: Auth, session: LoggedIn) -> None:
    row = await auth.sessions.find(session.token)
    tokens = await asyncio.gather(*(auth.sessions.rotate(row) for _ in range(8)))
    assert len(await auth.sessions.list()) == 1
    assert sum([await lives(auth, token) for token in tokens]) == 1


async def test_ended_session_cannot_be_rotated(auth: Auth, session: LoggedIn) -> None:
    row = await auth.sessions.find(session.token)
    assert await auth.sessions.end(row.id)
    with pytest.raises(NotAuthenticated):
        await auth.sessions.rotate(row)


async def test_session_is_found_by_its_stored_hash_until_it_ends(auth: Auth, session: LoggedIn) -> None:
    row = await auth.sessions.find(session.token)
    assert await auth.sessions.get(row.token) == row
    await auth.sessions.end(row.id)
    with pytest.raises(NotAuthenticated):
        await auth.sessions.get(row.token)


@BOTH
async def test_ending_a_session_ends_old_and_new_token(auth: Auth, session: LoggedIn) -> None:
    row = await auth.sessions.find(session.token)
    new = await auth.sessions.rotate(row)
    assert await auth.sessions.end(row.id)
    assert not await lives(auth, session)
    assert not await lives(auth, new)
    assert not await auth.sessions.end(row.id)


@BOTH
async def test_list_returns_live_sessions_of_one_customer_or_all(auth: Auth, customer: str, clock: Clock) -> None:
    other = await auth.customers.add("87654321", "024680", "bank-2")
    first = await auth.sessions.open(customer)
    clock.advance(200)
    await auth.sessions.open(other.id)
    assert [row.customer for row in await auth.sessions.list()] == [other.id, customer]
    assert [row.token for row in await auth.sessions.list(customer=customer)] == [token_hash(first.token)]
    clock.advance(150)
    assert [row.customer for row in await auth.sessions.list()] == [other.id]
    assert await auth.sessions.active() == 1


@BOTH
async def test_clear_deletes_expired_sessions_and_replaced_tokens(auth: Auth, customer: str, clock: Clock) -> None:
    await auth.sessions.open(customer)
    clock.advance(301)
    kept = await auth.sessions.open(customer)
    assert await auth.sessions.clear() == 1
    assert await lives(auth, kept)
    new = await auth.sessions.rotate(await auth.sessions.find(kept.token))
    assert await auth.sessions.clear() == 0
    clock.advance(11)
    assert await auth.sessions.clear() == 1, "the token that was replaced"
    assert await lives(auth, new)


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Basic YTpi", "Bearer " + "x" * 600, "Bearer tökén", "nonsense", "Bearer tk_unknown"],
)
async def test_invalid_or_unknown_bearer_token_is_refused(auth: Auth, header: str) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        await auth.authenticator.identify(header)
    assert refused.value.given


@pytest.mark.parametrize("header", [None, ""])
async def test_missing_credentials_are_distinguished_from_wrong_ones(auth: Auth, header: str | None) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        await auth.authenticator.identify(header)
    assert not refused.value.given


@BOTH
async def test_key_works_until_it_is_revoked(auth: Auth) -> None:
    key = await auth.keys.create(["channel"], label="helpline")
    principal = (await auth.authenticator.identify(f"bearer {key.secret}")).principal
    assert (principal.kind, principal.id, principal.scopes) == ("key", f"key:{key.id}", frozenset({"channel"}))
    assert principal.customer is None
    assert [row.label for row in await auth.keys.list()] == ["helpline"]
    assert await auth.keys.revoke(key.id)
    with pytest.raises(NotAuthenticated):
        await auth.authenticator.identify(f"Bearer {key.secret}")
    assert not await auth.keys.revoke(key.id)


@pytest.mark.parametrize("scopes", [[], ["root"], ["channel", "admin"]])
async def test_key_without_known_scopes_is_rejected(auth: Auth, scopes: list[str]) -> None:
    with pytest.raises(ValueError, match="channel, operator"):
        await auth.keys.create(scopes)
