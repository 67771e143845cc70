"""Adding, changing and removing customers."""

from __future__ import annotations

from bot.auth.opening import Auth


async def test_enabled_customer_is_known_by_account_number_and_bank_id(auth: Auth) -> None:
    async def known() -> list[bool]:
        pairs = (("00123456", "bank-3"), ("00123456", "bank-4"), ("00123457", "bank-3"))
        return [await auth.customers.is_known(*pair) for pair in pairs]

    assert await known() == [False, False, False]
    await auth.customers.add("00123456", "000042", "bank-3")
    assert await known() == [True, False, False]
    await auth.customers.disable("00123456")
    assert await known() == [False, False, False]
    await auth.customers.enable("00123456")
    assert await known() == [True, False, False]
