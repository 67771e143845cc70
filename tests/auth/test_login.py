"""Login against a real store: refusals, throttling, and what an outsider can tell apart."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from bot.auth import login as login_module
from bot.auth.codes import CodeHasher, Verified
from bot.auth.customers import Customers
from bot.auth.login import _network
from bot.auth.opening import Auth, open_auth, pepper_file
from bot.auth.pepper import Pepper, open_pepper, rotate_pepper
from bot.config import Login, Settings
from bot.errors import AuthError, Busy, LoginRefused, LoginThrottled, NotAuthenticated
from bot.sources import Sources
from bot.stores.customers import CustomerStore
from bot.stores.database import Database

from .conftest import BOTH, Clock

ACCOUNT, CODE = "00123456", "000042"


@pytest.fixture
async def customer(auth: Auth) -> str:
    return (await auth.customers.add(ACCOUNT, CODE, "bank-3")).id


async def attempt_logins(
    auth: Auth, account: str, times: int, code: str = "999999", address: str = "127.0.0.1"
) -> list[str]:
    kinds = []
    for _ in range(times):
        try:
            await auth.login.login(account, code, address)
            kinds.append("ok")
        except AuthError as error:
            kinds.append(type(error).__name__)
    return kinds


async def test_right_code_opens_a_session_of_the_customer(auth: Auth, customer: str) -> None:
    logged_in = await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    principal = (await auth.authenticator.identify(f"Bearer {logged_in.token}")).principal
    assert principal.customer is not None
    assert (principal.id, principal.customer.bank_customer_id) == (f"customer:{customer}", "bank-3")
    assert logged_in.idle_seconds == 300


@pytest.mark.parametrize(("account", "code"), [("123456", CODE), (ACCOUNT, "42"), (ACCOUNT, ""), ("", CODE)])
async def test_login_without_leading_zeros_or_with_empty_values_is_refused(
    auth: Auth, customer: str, account: str, code: str
) -> None:
    with pytest.raises(LoginRefused):
        await auth.login.login(account, code, "127.0.0.1")


@BOTH
async def test_unknown_and_known_accounts_are_refused_and_throttled_alike(auth: Auth, customer: str) -> None:
    expected = ["LoginRefused"] * 5 + ["LoginThrottled"]
    assert await attempt_logins(auth, ACCOUNT, 6) == expected
    assert await attempt_logins(auth, "99999999", 6) == expected


async def test_unknown_account_costs_the_same_hashing_work(auth: Auth, customer: str) -> None:
    stored = (await auth.customers.find(ACCOUNT)).code_hash  # type: ignore[union-attr]
    dummy = auth.hasher._dummy
    assert dummy.rsplit("$", 2)[0].split(":")[1] == stored.rsplit("$", 2)[0].split(":")[1]
    assert [len(part) for part in dummy.split("$")] == [len(part) for part in stored.split("$")]


async def test_locked_account_refuses_the_right_code_until_the_lock_ends(
    auth: Auth, customer: str, clock: Clock
) -> None:
    await attempt_logins(auth, ACCOUNT, 5)
    with pytest.raises(LoginThrottled) as locked:
        await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    assert 0 < locked.value.retry_after <= 30
    clock.advance(30)
    await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    assert await attempt_logins(auth, ACCOUNT, 4) == ["LoginRefused"] * 4  # success had reset the count


async def test_account_lock_survives_a_restart(
    auth: Auth, customer: str, database: Database, settings: Settings, sources: Sources
) -> None:
    await attempt_logins(auth, ACCOUNT, 5)
    again = await open_auth(database, settings, sources)
    with pytest.raises(LoginThrottled):
        await again.login.login(ACCOUNT, CODE, "127.0.0.1")
    again.close()


@BOTH
async def test_concurrent_logins_get_five_guesses(auth: Auth, customer: str) -> None:
    outcomes = await asyncio.gather(
        *(auth.login.login(ACCOUNT, f"{n:06}", f"10.0.0.{n}") for n in range(100, 140)), return_exceptions=True
    )
    kinds = [type(outcome).__name__ for outcome in outcomes]
    assert kinds.count("LoginRefused") == 5
    assert kinds.count("LoginThrottled") == 35


async def test_attempts_per_address_are_limited_across_accounts(
    database: Database, settings: Settings, sources: Sources, clock: Clock
) -> None:
    limited = replace(settings, login=Login(attempts_per_address=3))
    auth = await open_auth(database, limited, sources)
    try:
        for n in range(3):
            with pytest.raises(LoginRefused):
                await auth.login.login(f"1000000{n}", "1", "192.0.2.1")
        with pytest.raises(LoginThrottled):
            await auth.login.login("10000009", "1", "192.0.2.1")
        with pytest.raises(LoginRefused):
            await auth.login.login("10000009", "1", "192.0.2.2")
        clock.advance(60)
        with pytest.raises(LoginRefused):
            await auth.login.login("10000008", "1", "192.0.2.1")
    finally:
        auth.close()


@BOTH
async def test_attempts_in_all_are_limited_without_counting_successes(
    database: Database, settings: Settings, sources: Sources
) -> None:
    auth = await open_auth(database, replace(settings, login=Login(attempts_in_all=2)), sources)
    try:
        await auth.customers.add(ACCOUNT, CODE, "bank-3")
        for _ in range(3):
            await auth.login.login(ACCOUNT, CODE, "192.0.2.1")
        for n in range(2):
            with pytest.raises(LoginRefused):
                await auth.login.login(f"1000000{n}", "1", f"192.0.2.{n}")
        with pytest.raises(LoginThrottled):
            await auth.login.login(ACCOUNT, CODE, "192.0.2.9")
    finally:
        auth.close()


def test_ipv6_clients_count_by_their_64_network_and_mapped_ones_as_ipv4() -> None:
    assert _network("2001:db8::1") == _network("2001:db8::ffff:2") != _network("2001:db8:0:1::1")
    assert _network("::ffff:192.0.2.1") == _network("192.0.2.1")
    assert _network("fe80::1%eth0") == _network("fe80::2%eth0")
    assert _network("not an address\n") == _network("not an address\n")


@BOTH
async def test_disabling_a_customer_ends_sessions_and_logins_at_once(auth: Auth, customer: str) -> None:
    logged_in = await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    assert await auth.customers.disable(ACCOUNT)
    with pytest.raises(NotAuthenticated):
        await auth.authenticator.identify(f"Bearer {logged_in.token}")
    with pytest.raises(LoginRefused):
        await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    assert await auth.customers.enable(ACCOUNT)
    await auth.login.login(ACCOUNT, CODE, "127.0.0.1")


async def test_resetting_a_code_ends_sessions_and_replaces_the_old_code(auth: Auth, customer: str) -> None:
    logged_in = await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    assert await auth.customers.reset_code(ACCOUNT, "111111")
    with pytest.raises(NotAuthenticated):
        await auth.authenticator.identify(f"Bearer {logged_in.token}")
    with pytest.raises(LoginRefused):
        await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    await auth.login.login(ACCOUNT, "111111", "127.0.0.1")


@BOTH
@pytest.mark.parametrize("cure", ["reset-code", "enable"])
async def test_operator_can_unlock_an_account(auth: Auth, customer: str, settings: Settings, cure: str) -> None:
    for _ in range(settings.login.failures):
        with pytest.raises(LoginRefused):
            await auth.login.login(ACCOUNT, "999999", "127.0.0.1")
    with pytest.raises(LoginThrottled):
        await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    if cure == "enable":
        assert await auth.customers.enable(ACCOUNT)
    else:
        assert await auth.customers.reset_code(ACCOUNT, CODE)
    await auth.login.login(ACCOUNT, CODE, "127.0.0.1")


async def test_putting_an_existing_customer_changes_nothing(auth: Auth) -> None:
    await auth.customers.put(ACCOUNT, CODE, "bank-3")
    logged_in = await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    await auth.customers.put(ACCOUNT, "111111", "bank-9")
    await auth.authenticator.identify(f"Bearer {logged_in.token}")
    await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    assert [customer.bank_customer_id for customer in await auth.customers.list()] == ["bank-3"]


@BOTH
async def test_concurrent_puts_create_one_customer(auth: Auth) -> None:
    await asyncio.gather(*(auth.customers.put(ACCOUNT, CODE, "bank-3") for _ in range(4)))
    assert len(await auth.customers.list()) == 1
    await auth.login.login(ACCOUNT, CODE, "127.0.0.1")


@BOTH
async def test_duplicate_account_number_is_rejected(auth: Auth, customer: str) -> None:
    with pytest.raises(ValueError, match="already"):
        await auth.customers.add(ACCOUNT, "1", "bank-9")


@pytest.mark.parametrize("wrong", ["", " 12345678", "1" * 65, "12\x0034"])
async def test_unusable_account_or_code_is_rejected_without_being_quoted(auth: Auth, customer: str, wrong: str) -> None:
    for attempt in (
        auth.customers.add(wrong, "123456", "bank-9"),
        auth.customers.add("87654321", wrong, "bank-9"),
        auth.customers.put("87654321", wrong, "bank-9"),
        auth.customers.reset_code(ACCOUNT, wrong),
    ):
        with pytest.raises(ValueError, match="1 to 64 printable") as refused:
            await attempt
        assert not wrong.strip() or wrong not in str(refused.value)


async def test_neither_code_nor_token_is_in_the_database_file(auth: Auth, settings: Settings) -> None:
    code = "correct horse battery staple"
    await auth.customers.add(ACCOUNT, code, "bank-3")
    logged_in = await auth.login.login(ACCOUNT, code, "127.0.0.1")
    written = b"".join(path.read_bytes() for path in settings.data.glob("teller.db*"))
    assert ACCOUNT.encode() in written  # the positive control: customers are in it
    assert code.encode() not in written
    assert logged_in.token.encode() not in written


async def test_verifications_beyond_the_hasher_queue_are_refused_as_busy() -> None:
    hasher = CodeHasher(Pepper("a", {"a": b"k" * 32}), workers=1, waiting=1)
    try:
        outcomes = await asyncio.gather(*(hasher.verify("a", "b", None) for _ in range(4)), return_exceptions=True)
        assert [type(outcome).__name__ for outcome in outcomes] == ["Verified", "Verified", "Busy", "Busy"]
        assert not (await hasher.verify("a", "b", None)).right  # the place is free again
    finally:
        hasher.close()


async def test_attempt_refused_as_busy_does_not_count_as_a_failure(auth: Auth, customer: str) -> None:
    free, auth.hasher._free = auth.hasher._free, 0
    for _ in range(7):
        with pytest.raises(Busy):
            await auth.login.login(ACCOUNT, CODE, "127.0.0.1")
    auth.hasher._free = free
    await auth.login.login(ACCOUNT, CODE, "127.0.0.1")


class Resetting(CodeHasher):
    """Verifies codes; before it returns, the account's code is reset."""

    async def verify(self, account: str, code: str, stored: str | None) -> Verified:
        verified = await super().verify(account, code, stored)
        await self.customers.reset_code(account, "111111")
        return verified

    customers: Customers


@BOTH
async def test_code_reset_during_its_check_opens_no_session(
    auth: Auth, customer: str, database: Database, settings: Settings, sources: Sources
) -> None:
    pepper = open_pepper(pepper_file(settings), {})
    hasher = Resetting(pepper)
    hasher.customers = auth.customers
    login = login_module.Login(
        customers=CustomerStore(database),
        throttles=auth.throttles,
        sessions=auth.sessions,
        hasher=hasher,
        pepper=pepper,
        limits=settings.login,
        sources=sources,
    )
    with pytest.raises(LoginRefused):
        await login.login(ACCOUNT, CODE, "127.0.0.1")
    hasher.close()
    assert not await auth.sessions.list()


@BOTH
async def test_concurrent_logins_that_renew_an_old_hash_all_succeed(
    auth: Auth, customer: str, database: Database, settings: Settings, sources: Sources
) -> None:
    rotate_pepper(pepper_file(settings))
    again = await open_auth(database, settings, sources)
    try:
        await asyncio.gather(*(again.login.login(ACCOUNT, CODE, f"10.0.0.{n}") for n in range(4)))
    finally:
        again.close()
    assert len(await auth.sessions.list()) == 4


@BOTH
async def test_throttled_attempts_store_no_rows(database: Database, settings: Settings, sources: Sources) -> None:
    auth = await open_auth(database, replace(settings, login=Login(attempts_per_address=2, attempts_in_all=5)), sources)

    async def rows() -> int:
        return int(await database.read(lambda c: c.one("SELECT COUNT(*) FROM throttles")[0]))  # type: ignore[index]

    try:
        for n in range(2):
            await attempt_logins(auth, f"1000000{n}", 1)
        before = await rows()
        for n in range(20):
            assert await attempt_logins(auth, f"2000000{n}", 1) == ["LoginThrottled"]
        assert await rows() == before  # the address had its attempts
        for n in range(3):
            await attempt_logins(auth, f"3000000{n}", 1, address=f"192.0.2.{n}")
        before = await rows()
        for n in range(20):
            assert await attempt_logins(auth, f"4000000{n}", 1, address=f"198.51.100.{n}") == ["LoginsThrottled"]
        assert await rows() == before  # everybody had theirs
    finally:
        auth.close()


@BOTH
async def test_failures_of_others_do_not_lock_out_a_customer_at_a_known_address(
    auth: Auth, customer: str, database: Database, settings: Settings, sources: Sources, clock: Clock
) -> None:
    few = await open_auth(database, replace(settings, login=Login(attempts_in_all=2)), sources)

    async def fill() -> None:
        for n in range(2):
            await attempt_logins(few, f"1000000{n}", 1, address=f"192.0.2.{n}")

    try:
        await few.login.login(ACCOUNT, CODE, "198.51.100.1")
        clock.advance(29 * 86_400)
        await few.clear()
        await fill()
        assert await attempt_logins(few, ACCOUNT, 1, address="198.51.100.2") == ["LoginsThrottled"]
        assert await attempt_logins(few, "10000009", 1, address="198.51.100.1") == ["LoginsThrottled"]
        assert await attempt_logins(few, ACCOUNT, 4, address="198.51.100.1") == ["LoginRefused"] * 4
        await few.login.login(ACCOUNT, CODE, "198.51.100.1")
        await few.customers.reset_code(ACCOUNT, CODE)
        assert await attempt_logins(few, ACCOUNT, 1, address="198.51.100.1") == ["LoginsThrottled"]
        clock.advance(60)
        await few.login.login(ACCOUNT, CODE, "198.51.100.1")
        clock.advance(31 * 86_400)
        await fill()
        assert await attempt_logins(few, ACCOUNT, 1, address="198.51.100.1") == ["LoginsThrottled"]
    finally:
        few.close()


@BOTH
async def test_throttles_unchanged_for_a_day_are_cleared(auth: Auth, clock: Clock) -> None:
    await attempt_logins(auth, ACCOUNT, 1)
    clock.advance(86_300)
    assert await auth.throttles.clear(clock.now()) == 0
    clock.advance(200)
    assert await auth.throttles.clear(clock.now()) == 2  # the account and the address; everybody's stays
