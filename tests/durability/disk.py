"""A recorded disk: records what a program does to its files, and creates the files a power cut could leave."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

OPENED, WRITTEN, TRUNCATED, SYNCED, REMOVED, MARK, READ = range(1, 8)
_HEAD = struct.Struct("=IIQQ")
_SECTOR = 512
PROJECT = Path(__file__).resolve().parent.parent.parent


def build(folder: Path) -> Path | None:
    """Compile the recorder; None if there is no compiler (or this is not Linux)."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    library = folder / "disk.so"
    source = Path(__file__).with_name("disk.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl", "-lpthread"], check=True
    )
    return library


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder in memory, where thousands of small files cost nothing; on disk if there is no such place."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def run_on_disk(library: Path, module: str, *arguments: str, folder: Path, log: Path | None = None) -> str:
    """Run one of our modules with the recorder between it and `folder`; return what it prints."""
    environment = {**os.environ, "LD_PRELOAD": str(library), "DISK_FOLDER": f"{folder}/"}
    if log is not None:
        environment["DISK_LOG"] = str(log)
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that happened to a file (`name`), or a mark (`name` is its text)."""

    kind: int
    name: str
    offset: int
    data: bytes


def read_log(log: Path) -> list[Operation]:
    """What was recorded, in order."""
    content, at, operations = log.read_bytes(), 0, []
    while at < len(content):
        kind, name_length, offset, length = _HEAD.unpack_from(content, at)
        at += _HEAD.size
        name = content[at : at + name_length].decode()
        at += name_length
        operations.append(Operation(kind, name, offset, content[at : at + length]))
        at += length
    return operations


@dataclass
class _File:
    durable: bytearray | None = None
    """What a cut cannot take; None for a file whose very name was never synced."""
    pending: list[Operation] = field(default_factory=list)


class Disk:
    """The state of a disk after each operation.

    A sync makes a file's earlier changes durable, and all earlier removals
    (as journalling file systems do); everything else is up to chance.
    """

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._removed: dict[str, _File] = {}

    def apply(self, operation: Operation) -> None:
        """Apply the operation."""
        name = operation.name
        if operation.kind == REMOVED:
            self._removed[name] = self._files.pop(name, _File())
        elif operation.kind == SYNCED:
            self._removed.clear()
            if name in self._files:
                file = self._files[name]
                file.durable = _with(file.durable, file.pending)
                file.pending = []
        elif operation.kind != MARK:
            self._removed.pop(name, None)
            self._files.setdefault(name, _File()).pending.append(operation)

    def lost(self) -> dict[str, bytes]:
        """Only what was synced is left."""
        files = {**self._removed, **self._files}
        return {name: bytes(file.durable) for name, file in files.items() if file.durable is not None}

    def kept(self) -> dict[str, bytes]:
        """Everything made it, as after the end of the process alone."""
        return {name: bytes(_with(file.durable, file.pending)) for name, file in self._files.items()}

    def torn(self, chance: random.Random) -> dict[str, bytes]:
        """Any of the unsynced sectors made it, in any order."""
        return {
            name: bytes(_with(file.durable, [part for part in _sectors(file.pending) if chance.random() < 0.5]))
            for name, file in self._files.items()
            if file.durable is not None or chance.random() < 0.5
        }


def cuts(operations: Sequence[Operation], seed: int = 0) -> Iterator[tuple[int, str, dict[str, bytes]]]:
    """Every state that a cut is tried with, as (how many operations happened, how it went, the files)."""
    disk, chance = Disk(), random.Random(seed)
    for happened, operation in enumerate(operations, start=1):
        disk.apply(operation)
        if operation.kind == MARK:
            yield happened, "lost", disk.lost()
        elif operation.kind != OPENED:
            yield happened, "lost", disk.lost()
            yield happened, "kept", disk.kept()
            yield happened, "torn", disk.torn(chance)


def _with(durable: bytearray | None, changes: Sequence[Operation]) -> bytearray:
    content = bytearray(durable or b"")
    for change in changes:
        if change.kind == WRITTEN:
            content.extend(bytes(max(0, change.offset - len(content))))
            content[change.offset : change.offset + len(change.data)] = change.data
        elif change.kind == TRUNCATED:
            content[change.offset :] = bytes(max(0, change.offset - len(content)))
        elif change.offset:  # opened with O_TRUNC
            content.clear()
    return content


def _sectors(changes: Sequence[Operation]) -> Iterator[Operation]:
    for change in changes:
        if change.kind != WRITTEN:
            yield change
            continue
        at = 0
        while at < len(change.data):
            length = min(len(change.data) - at, _SECTOR - (change.offset + at) % _SECTOR)
            yield Operation(WRITTEN, change.name, change.offset + at, change.data[at : at + length])
            at += length
