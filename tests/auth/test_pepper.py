"""The pepper file: made once, private, checked, rotated."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.auth.opening import open_auth, pepper_file
from bot.auth.pepper import open_pepper, rotate_pepper
from bot.config import Settings
from bot.errors import ConfigurationError, LoginRefused
from bot.sources import Sources
from bot.stores.database import Database

from .conftest import BOTH


def test_first_start_makes_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "data" / "pepper.json"
    first = open_pepper(path, {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_pepper(path, first.check_values()) == first
    assert [file.name for file in path.parent.iterdir()] == ["pepper.json"]


def test_racing_first_starts_agree_on_one_pepper(tmp_path: Path) -> None:
    path = tmp_path / "pepper.json"
    with ThreadPoolExecutor(8) as threads:
        peppers = list(threads.map(lambda _: open_pepper(path, {}), range(16)))
    assert all(pepper == peppers[0] for pepper in peppers)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pepper.json"
    open_pepper(path, {})
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        open_pepper(path, {})


def test_a_lost_file_is_not_replaced_while_the_store_knows_one(tmp_path: Path) -> None:
    path = tmp_path / "pepper.json"
    known = open_pepper(path, {}).check_values()
    path.unlink()
    with pytest.raises(ConfigurationError, match="lost"):
        open_pepper(path, known)
    assert not path.exists()


def test_another_stores_file_is_refused(tmp_path: Path) -> None:
    known = open_pepper(tmp_path / "mine.json", {}).check_values()
    open_pepper(tmp_path / "other.json", {})
    with pytest.raises(ConfigurationError, match="does not belong"):
        open_pepper(tmp_path / "other.json", known)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"current": "a", "keys": {"b": "AAAA"}}', b'{"current": 1}'])
def test_a_damaged_file_is_refused_with_a_sentence(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "pepper.json"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="damaged"):
        open_pepper(path, {})


def test_no_key_is_shown_by_repr(tmp_path: Path) -> None:
    pepper = open_pepper(tmp_path / "pepper.json", {})
    assert pepper.keys[pepper.current].hex() not in repr(pepper)
    assert "keys" not in repr(pepper)


@BOTH
async def test_after_a_rotation_old_codes_log_in_and_are_renewed(
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
