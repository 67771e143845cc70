"""The pepper file: created once, private, checked, rotated."""

from __future__ import annotations

import base64
import re
import shutil
import stat
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.auth.codes import CodeHasher
from bot.auth.opening import Auth, open_auth, pepper_file
from bot.auth.pepper import Pepper, open_pepper, rotate_pepper
from bot.config import Settings
from bot.errors import ConfigurationError, KeyMissing, LoginRefused, LoginThrottled
from bot.server.problems import problem_of
from bot.sources import Sources
from bot.stores.database import Database

from .conftest import BOTH


def test_first_start_creates_a_file_readable_only_by_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "data" / "pepper.json"
    first = open_pepper(path, {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_pepper(path, first.check_values()) == first
    assert [file.name for file in path.parent.iterdir()] == ["pepper.json"]


def test_concurrent_first_starts_agree_on_one_pepper(tmp_path: Path) -> None:
    path = tmp_path / "pepper.json"
    with ThreadPoolExecutor(8) as threads:
        peppers = list(threads.map(lambda _: open_pepper(path, {}), range(16)))
    assert all(pepper == peppers[0] for pepper in peppers)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_file_readable_by_others_is_rejected(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pepper.json"
    open_pepper(path, {})
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        open_pepper(path, {})


def test_lost_file_is_not_replaced_if_the_store_knows_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "pepper.json"
    known = open_pepper(path, {}).check_values()
    path.unlink()
    with pytest.raises(ConfigurationError, match="lost"):
        open_pepper(path, known)
    assert not path.exists()


def test_file_of_another_store_is_rejected(tmp_path: Path) -> None:
    known = open_pepper(tmp_path / "mine.json", {}).check_values()
    open_pepper(tmp_path / "other.json", {})
    with pytest.raises(ConfigurationError, match="does not belong"):
        open_pepper(tmp_path / "other.json", known)


def file_of(current: str, size: int) -> bytes:
    """A pepper file with one key, `a`, of a given number of bytes."""
    return b'{"current": "%b", "keys": {"a": "%b"}}' % (current.encode(), base64.b64encode(b"k" * size))


def test_file_with_a_32_byte_key_can_be_read_and_rotated(tmp_path: Path) -> None:
    path = tmp_path / "pepper.json"
    path.write_bytes(file_of("a", 32))
    path.chmod(0o600)
    assert open_pepper(path, {}) == Pepper("a", {"a": b"k" * 32})
    assert [len(key) for key in rotate_pepper(path).keys.values()] == [32, 32]


DAMAGED = [b"", b"{", b"[]", b'{"current": 1}', file_of("a", 31), file_of("a", 33), file_of("b", 32)]


@pytest.mark.parametrize("text", DAMAGED)
def test_damaged_file_is_rejected(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "pepper.json"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="damaged"):
        open_pepper(path, {})


async def test_code_is_hashed_as_argon2id_with_owasp_costs_and_its_own_salt() -> None:
    """OWASP's choice: 19 MiB, two passes, one lane; 16 bytes of salt and 32 of hash, in base64 without padding."""
    hasher = CodeHasher(Pepper("a", {"a": b"k" * 32}))
    try:
        kept = [await hasher.hash("12345678", "135790") for _ in range(2)]
    finally:
        hasher.close()
    assert kept[0] != kept[1]
    for one in kept:
        assert re.fullmatch(r"a:\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}", one)


def test_pseudonym_survives_a_rotation_and_differs_between_peppers() -> None:
    before = Pepper("a", {"a": b"1" * 32})
    after = Pepper("b", {"a": b"1" * 32, "b": b"2" * 32})
    assert before.pseudonym("07700900123") == after.pseudonym("07700900123") != before.pseudonym("07700900124")
    assert before.pseudonym("x") != Pepper("a", {"a": b"3" * 32}).pseudonym("x")


def test_repr_shows_no_key(tmp_path: Path) -> None:
    pepper = open_pepper(tmp_path / "pepper.json", {})
    assert pepper.keys[pepper.current].hex() not in repr(pepper)
    assert "keys" not in repr(pepper)


@BOTH
async def test_old_codes_log_in_after_a_rotation_and_are_rehashed(
    database: Database, settings: Settings, sources: Sources
) -> None:
    before = await open_auth(database, settings, sources)
    await before.customers.add("00123456", "000042", "c-3")
    before.close()
    rotated = rotate_pepper(pepper_file(settings))

    after = await open_auth(database, settings, sources)
    try:
        with pytest.raises(LoginRefused):
            await after.login.login("00123456", "000043", "127.0.0.1")
        await after.login.login("00123456", "000042", "127.0.0.1")
        renewed = await after.customers.find("00123456")
        assert renewed is not None
        assert renewed.code_hash.startswith(f"{rotated.current}:")
        await after.login.login("00123456", "000042", "127.0.0.1")
    finally:
        after.close()


def test_file_from_before_a_rotation_is_rejected_with_its_own_message(tmp_path: Path) -> None:
    open_pepper(tmp_path / "first.json", {})
    shutil.copy(tmp_path / "first.json", tmp_path / "second.json")
    known = rotate_pepper(tmp_path / "first.json").check_values()
    with pytest.raises(ConfigurationError, match=r"older than the store .*; copy the file from the machine"):
        open_pepper(tmp_path / "second.json", known)
    shutil.copy(tmp_path / "first.json", tmp_path / "second.json")
    assert open_pepper(tmp_path / "second.json", known).check_values() == known


class Machines:
    """Two machines on one store, with a pepper file each; the first one rotated its own and was restarted."""

    def __init__(self, first: Settings, second: Settings) -> None:
        self._first, self._second = first, second

    @asynccontextmanager
    async def rotated(self, database: Database, sources: Sources) -> AsyncIterator[tuple[Auth, Auth]]:
        before = await open_auth(database, self._first, sources)
        await before.customers.add("00123456", "000042", "c-3")
        before.close()
        self.copy()
        second = await open_auth(database, self._second, sources)
        rotate_pepper(pepper_file(self._first))
        first = await open_auth(database, self._first, sources)
        yield first, second
        first.close()
        second.close()

    def copy(self) -> None:
        pepper_file(self._second).parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(pepper_file(self._first), pepper_file(self._second))


@pytest.fixture
def machines(settings: Settings, tmp_path: Path) -> Machines:
    return Machines(settings, replace(settings, project=tmp_path / "second", private=None))


@BOTH
async def test_running_machine_uses_the_rotated_file_without_a_restart(
    database: Database, sources: Sources, machines: Machines
) -> None:
    async with machines.rotated(database, sources) as (first, second):
        machines.copy()
        await first.login.login("00123456", "000042", "127.0.0.1")
        await second.login.login("00123456", "000042", "127.0.0.1")
        with pytest.raises(LoginRefused):
            await second.login.login("00123456", "000043", "127.0.0.1")


@BOTH
async def test_machine_without_the_rotated_file_reports_it_and_counts_no_failure(
    database: Database, sources: Sources, machines: Machines
) -> None:
    async with machines.rotated(database, sources) as (first, second):
        await first.login.login("00123456", "000042", "127.0.0.1")
        for _ in range(20):
            with pytest.raises(KeyMissing, match="copy the file from the machine"):
                await second.login.login("00123456", "000042", "127.0.0.1")
        await first.login.login("00123456", "000042", "127.0.0.1")


@BOTH
async def test_failures_count_together_on_machines_with_old_and_new_pepper(
    database: Database, sources: Sources, machines: Machines, settings: Settings
) -> None:
    async with machines.rotated(database, sources) as (first, second):
        for number in range(settings.login.failures):
            with pytest.raises(LoginRefused):
                await (first, second)[number % 2].login.login("00123456", "000043", "127.0.0.1")
        for auth in (first, second):
            with pytest.raises(LoginThrottled):
                await auth.login.login("00123456", "000042", "127.0.0.1")


def test_missing_key_is_a_503_that_does_not_blame_the_store() -> None:
    told = problem_of(KeyMissing("k"))
    assert told is not None
    assert (told.status, told.code, told.headers["Retry-After"]) == (503, "unavailable", "1")
    assert "codes cannot be checked here" in str(told)


@BOTH
async def test_customers_whose_codes_need_an_older_key_are_counted(
    database: Database, sources: Sources, machines: Machines
) -> None:
    async with machines.rotated(database, sources) as (first, _):
        assert await first.customers.count_of_older_keys() == 1
        await first.login.login("00123456", "000042", "127.0.0.1")
        assert await first.customers.count_of_older_keys() == 0
