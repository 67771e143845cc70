"""The pepper: the secret that makes stolen code hashes worthless without the server's own file.

The file is JSON, `{"current": id, "keys": {id: base64 of 32 bytes}}`. It is
rotated by adding a key: new hashes use the current one, old hashes name theirs
and are renewed at the next login. All machines on one store have the same file.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.encoding import decode, encode
from bot.errors import ConfigurationError

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Pepper:
    """The pepper's keys by id, and the id of the one that new hashes use. Its repr shows no key."""

    current: str
    keys: Mapping[str, bytes]

    @property
    def oldest(self) -> str:
        """The id of the first key, which all machines on the store have, before and after a rotation."""
        return next(iter(self.keys))

    def mac(self, key_id: str, message: bytes) -> bytes:
        """HMAC-SHA256 (RFC 2104) of the message under this key; raises KeyError if there is no such key."""
        return hmac.digest(self.keys[key_id], message, hashlib.sha256)

    def throttle_name(self, account: str) -> str:
        """The name that an account's failures count under: a keyed hash, so that no mistyped input is stored.

        It uses the oldest key, which all machines have while a new one is being distributed.
        """
        return f"account:{self.mac(self.oldest, account.encode()).hex()}"

    def pseudonym(self, name: str) -> str:
        """Twelve hex digits for a name or address: the same on all machines, and not reversible by trying a list."""
        return self.mac(self.oldest, b"name:" + name.encode()).hex()[:12]

    def check_values(self) -> dict[str, str]:
        """A value per key that identifies the key without revealing it; the store keeps these."""
        return {key_id: self.mac(key_id, b"teller pepper check").hex() for key_id in self.keys}


def open_pepper(path: Path, known: Mapping[str, str]) -> Pepper:
    """The pepper from this file, created at the first start; `known` are the store's check values by key id.

    Raises ConfigurationError if the file is lost, wrong, older than the store, damaged, or readable by others.
    """
    if not path.exists():
        if known:
            raise ConfigurationError(
                [
                    f"{path}: the pepper file is lost; restore it from a backup, or copy it from another "
                    "machine on this store: without it no customer can log in"
                ]
            )
        _create(path, _with_new_key({}))
    pepper = read_pepper(path)
    _check_belongs(path, pepper.check_values(), known)
    return pepper


def _check_belongs(path: Path, values: Mapping[str, str], known: Mapping[str, str]) -> None:
    wrong = [key_id for key_id, value in known.items() if not hmac.compare_digest(values.get(key_id, ""), value)]
    if not wrong:
        return
    keys = f"key {', '.join(wrong)}"
    if values.keys().isdisjoint(wrong) and len(wrong) < len(known):
        cure = "copy the file from the machine where `bot customers rotate-pepper` ran"
        raise ConfigurationError([f"{path}: this pepper file is older than the store (it lacks {keys}); {cure}"])
    raise ConfigurationError([f"{path}: this pepper file does not belong to the store ({keys}); restore the right one"])


def rotate_pepper(path: Path) -> Pepper:
    """Add a new current key to the file, in one atomic step; hashes under the old keys stay valid."""
    pepper = _with_new_key(read_pepper(path).keys)
    new = _write_private(path, pepper)
    new.replace(path)
    _sync_folder(path.parent)
    return pepper


def _with_new_key(keys: Mapping[str, bytes]) -> Pepper:
    current = secrets.token_hex(4)
    return Pepper(current, {**keys, current: secrets.token_bytes(_KEY_BYTES)})


def _create(path: Path, pepper: Pepper) -> None:
    """Create the file atomically; if another process was first, its file is kept."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = _write_private(path, pepper)
    try:
        os.link(new, path)
    except FileExistsError:
        pass
    finally:
        new.unlink()
    _sync_folder(path.parent)


def _write_private(path: Path, pepper: Pepper) -> Path:
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    keys = {key_id: base64.b64encode(key).decode() for key_id, key in pepper.keys.items()}
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(encode({"current": pepper.current, "keys": keys}))
        file.flush()
        os.fsync(file.fileno())
    return new


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_pepper(path: Path) -> Pepper:
    """The pepper from this file; raises ConfigurationError if it is damaged, or others can read it."""
    descriptor = os.open(path, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise ConfigurationError([f"{path}: others can read the pepper file; run: chmod 600 {path}"])
        text = file.read()
    try:
        content = decode(text)
        keys = {str(key_id): base64.b64decode(key, validate=True) for key_id, key in content["keys"].items()}
        current = str(content["current"])
        if current not in keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise ValueError("no current key, or one of another length")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError([f"{path}: the pepper file is damaged; restore it from a backup"]) from None
    return Pepper(current, keys)
