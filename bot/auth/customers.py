"""The bot's customers: who may log in, and which customer of the bank each one is."""

from __future__ import annotations

from collections.abc import Sequence

from bot.auth.codes import CodeHasher
from bot.auth.pepper import Pepper
from bot.sources import Sources
from bot.stores.customers import CustomerRow, CustomerStore

_LONGEST = 64  # characters, as in the login's schema


def _check(name: str, value: str) -> None:
    """Raise ValueError if nobody could log in with the value; never quote it, as it may be a secret."""
    if not 0 < len(value) <= _LONGEST or not value.isprintable() or value != value.strip():
        raise ValueError(f"the {name} must have 1 to {_LONGEST} printable characters, without spaces around them")


class Customers:
    """Adds, lists and disables customers, and resets their codes."""

    def __init__(self, store: CustomerStore, hasher: CodeHasher, pepper: Pepper, sources: Sources) -> None:
        self._store = store
        self._hasher = hasher
        self._pepper = pepper
        self._sources = sources

    async def add(self, account: str, code: str, bank_customer_id: str) -> CustomerRow:
        """Add a customer; raises ValueError if no login could send these values, or the account number is taken."""
        row = await self._new_row(account, code, bank_customer_id)
        if not await self._store.add(row):
            raise ValueError("a customer with this account number already exists")
        return row

    async def put(self, account_number: str, code: str, bank_customer_id: str) -> None:
        """Add a customer, unless the account number exists: then nothing changes, not even the code.

        The code is not compared, as that takes as long as a login. Raises ValueError if no login could send these
        values.
        """
        if await self._store.by_account(account_number) is None:  # another worker may be first: it added the same
            await self._store.add(await self._new_row(account_number, code, bank_customer_id))

    async def find(self, account: str) -> CustomerRow | None:
        """The customer with this account number, if any."""
        return await self._store.by_account(account)

    async def is_known(self, account: str, bank_customer_id: str) -> bool:
        """Whether a customer with this account number and bank customer id can log in."""
        row = await self.find(account)
        return row is not None and row.bank_customer_id == bank_customer_id and not row.disabled

    async def list(self) -> Sequence[CustomerRow]:
        """All customers, by account number."""
        return await self._store.list()

    async def disable(self, account: str) -> bool:
        """Block logins to the account and end its sessions, in one step and immediately; False if there is none."""
        return await self._store.disable(account)

    async def enable(self, account: str) -> bool:
        """Allow logins again, immediately even if wrong codes had locked the account; False if there is none."""
        return await self._store.enable(account, self._pepper.throttle_name(account))

    async def reset_code(self, account: str, code: str) -> bool:
        """Give the account a new code, end its sessions and unlock it; False if there is no such account."""
        _check("code", code)
        code_hash = await self._hasher.hash(account, code)
        return await self._store.reset_code(account, code_hash, self._pepper.throttle_name(account))

    async def erase(self, account: str) -> None:
        """Delete the customer, whose conversations are already deleted, and their record of failed logins."""
        await self._store.erase(account, self._pepper.throttle_name(account))

    async def count_of_older_keys(self) -> int:
        """How many customers have not logged in since the pepper's newest key was added, and so need an older one."""
        return await self._store.count_of_other_keys(self._pepper.current)

    async def _new_row(self, account: str, code: str, bank_customer_id: str) -> CustomerRow:
        if not bank_customer_id:
            raise ValueError("a customer needs the bank's customer id")
        _check("account number", account)
        _check("code", code)
        code_hash = await self._hasher.hash(account, code)
        return CustomerRow(self._sources.new_id(), account, bank_customer_id, code_hash, False, self._sources.now())
