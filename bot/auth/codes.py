"""Hashes codes as argon2id (RFC 9106) of HMAC-SHA256(pepper, account ‖ code), off the event loop and bounded."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret, verify_secret
from msgspec import Struct

from bot.auth.pepper import Pepper
from bot.errors import Busy, ConfigurationError, KeyMissing

T = TypeVar("T")

_TIME_COST = 2
_MEMORY_KIB = 19_456  # 19 MiB, OWASP's choice beside t=2, p=1
_PARALLELISM = 1
_HASH_BYTES = 32
_SALT_BYTES = 16
_PARAMETERS = f"$argon2id$v=19$m={_MEMORY_KIB},t={_TIME_COST},p={_PARALLELISM}$"


class Verified(Struct, frozen=True):
    """Whether the code is right, and whether its hash should be renewed (old key or old parameters)."""

    right: bool
    outdated: bool = False


class CodeHasher:
    """Hashes and verifies codes in its own executor.

    At most `workers` hashes run and `waiting` more wait (each takes 19 MiB and
    about 25 ms); beyond that `Busy` is raised, so that logins cannot starve
    turns. One worker handles about 40 logins per second; a second one would
    take a core from turns, and 19 MiB more while both hash (returned to the
    system afterwards, if `bot.app.memory` has set that up).
    """

    def __init__(
        self, pepper: Pepper, *, reread: Callable[[], Pepper] | None = None, workers: int = 1, waiting: int = 64
    ) -> None:
        """`reread` returns the current pepper: another machine may already hash with a newer key than ours."""
        self._pepper = pepper
        self._reread = reread
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="codes")
        self._free = workers + waiting
        self._dummy = _unmatchable(pepper.current)

    async def hash(self, account: str, code: str) -> str:
        """The stored form of an account's code: `key id : argon2 string`."""
        return await self._run(self._hash, account, code)

    async def verify(self, account: str, code: str, stored: str | None) -> Verified:
        """Whether the code is the stored one; with None the same work is done, so that the time reveals nothing.

        Raises KeyMissing if the stored code was hashed with a key that is not in the pepper file.
        """
        return await self._run(self._verify, account, code, stored or self._dummy)

    def close(self) -> None:
        """Let running hashes finish and stop the threads."""
        self._executor.shutdown(cancel_futures=True)

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        if self._free == 0:
            raise Busy(whole=True, retry_after=1.0)
        self._free -= 1
        future = asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
        future.add_done_callback(self._release)
        return await asyncio.shield(future)

    def _release(self, future: asyncio.Future[T]) -> None:
        self._free += 1
        if not future.cancelled():
            future.exception()  # retrieved here too, as the caller may be gone

    def _hash(self, account: str, code: str) -> str:
        key_id = self._pepper.current
        salt = secrets.token_bytes(_SALT_BYTES)
        secret = self._secret(key_id, account, code)
        encoded = hash_secret(secret, salt, _TIME_COST, _MEMORY_KIB, _PARALLELISM, _HASH_BYTES, Type.ID)
        return f"{key_id}:{encoded.decode()}"

    def _verify(self, account: str, code: str, stored: str) -> Verified:
        key_id, _, encoded = stored.partition(":")
        self._ensure_key(key_id)
        try:
            verify_secret(encoded.encode(), self._secret(key_id, account, code), Type.ID)
        except (VerificationError, InvalidHashError):
            return Verified(right=False)
        is_current = key_id == self._pepper.current and encoded.startswith(_PARAMETERS)
        return Verified(right=True, outdated=not is_current)

    def _ensure_key(self, key_id: str) -> None:
        """Read the pepper again if it lacks this key; raises KeyMissing if it still does."""
        if key_id not in self._pepper.keys and self._reread is not None:
            with contextlib.suppress(ConfigurationError, OSError):
                pepper = self._reread()
                self._pepper = Pepper(pepper.current, {**self._pepper.keys, **pepper.keys})
        if key_id not in self._pepper.keys:
            raise KeyMissing(key_id)

    def _secret(self, key_id: str, account: str, code: str) -> bytes:
        return self._pepper.mac(key_id, f"{account}\0{code}".encode())


def _unmatchable(key_id: str) -> str:
    """A hash that costs as much to verify as any other and that no code matches (its value is random)."""
    salt = _base64(secrets.token_bytes(_SALT_BYTES))
    value = _base64(secrets.token_bytes(_HASH_BYTES))
    return f"{key_id}:{_PARAMETERS}{salt}${value}"


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")
