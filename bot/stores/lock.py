"""Locks that end with their process: one server per SQLite file, and a note of a server's store on PostgreSQL."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from bot.errors import ConfigurationError
from bot.stores.owning import open_private

_TAKEN = "a server (process {holder}) is using {database}; stop it first"
_OR_BESIDE = (
    ", or start another beside it with `--port 5006 --store sqlite:///.teller/second.db` "
    "(several processes on one store need PostgreSQL: --store postgresql+psycopg://…)"
)
_NOTE = "server.store"
_TRIES = 5


class FileLock:
    """An exclusive lock beside a database file, held until `release` or the end of the process.

    Raises ConfigurationError, with the other process's number, if it is taken; `or_else` is the advice's end.
    """

    def __init__(self, database: Path, *, or_else: str = _OR_BESIDE) -> None:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = _open(Path(f"{database}.lock"))
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            taken = _TAKEN.format(database=database, holder=holder)
            raise ConfigurationError([taken + or_else]) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Release the lock."""
        os.close(self._file)


def check_not_served(database: Path) -> None:
    """Raise ConfigurationError, with its process's number, if any process has the lock of this database file.

    Not to be called by the holder. The number does not identify it: two containers may both be process 1.
    """
    lock = Path(f"{database}.lock")
    if lock.exists() and _is_held(lock):
        holder = lock.read_text(encoding="ascii", errors="replace").strip() or "unknown"
        raise ConfigurationError([_TAKEN.format(database=database, holder=holder)])


def held_files(folder: Path) -> list[Path]:
    """The database files in `folder` that a server holds now."""
    return [lock.with_suffix("") for lock in sorted(folder.glob("*.lock")) if _is_held(lock)]


def _is_held(lock: Path) -> bool:
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextlib.contextmanager
def noted(folder: Path, url: str) -> Iterator[None]:
    """Within the block, keep a note in `folder` that a server uses the store at `url` (which has no password)."""
    file = _open(folder / _NOTE)
    try:
        fcntl.flock(file, fcntl.LOCK_SH)  # workers share it
        os.ftruncate(file, 0)
        os.pwrite(file, url.encode(), 0)
        yield
    finally:
        os.close(file)


def noted_store(folder: Path) -> str | None:
    """The store that a running server has noted in `folder`, or None."""
    for _ in range(_TRIES):
        try:
            with (folder / _NOTE).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return None
        except FileNotFoundError:
            return None
        except BlockingIOError:  # a server, or another process that checks
            time.sleep(random.uniform(0.0, 0.02))  # noqa: S311 - to fall out of step with them
    return (folder / _NOTE).read_text(encoding="utf-8")


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the lock of a database file within the block; raises ConfigurationError if a server has it."""
    lock = FileLock(database, or_else="")
    try:
        yield
    finally:
        lock.release()


def _open(file: Path) -> int:
    try:
        return open_private(file)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ConfigurationError([f"{file} is a symbolic link, which is not allowed here; remove it"]) from error
        raise
