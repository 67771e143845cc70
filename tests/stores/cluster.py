"""A private PostgreSQL server for tests: in a temporary folder, on a unix socket, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def binaries() -> Path | None:
    """The folder with initdb and postgres, of the newest version there is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class Cluster:
    """A running server."""

    def __init__(self, folder: Path, bin_folder: Path, *, fsync: bool) -> None:
        self.folder = folder
        self._bin = bin_folder
        self._fsync = fsync
        self._made = 0

    def as_postgres(self, *command: str) -> list[str]:
        """A command line, run as the user postgres if we are root, because the server refuses to run as root."""
        return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)

    def start(self) -> None:
        options = (
            f"-k {self.folder} -c listen_addresses='' -c fsync={'on' if self._fsync else 'off'} -c max_connections=200"
        )
        self._control("start", "-w", "-o", options, "-l", str(self.folder / "log"))

    def stop(self, mode: str = "immediate") -> None:
        self._control("stop", "-m", mode)

    def init(self) -> None:
        command = [str(self._bin / "initdb"), "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", "-N"]
        subprocess.run(self.as_postgres(*command), check=True, capture_output=True, timeout=60, cwd="/")

    @property
    def url(self) -> str:
        """The URL of the one database there is."""
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}"

    def new_database(self) -> str:
        """The URL of an empty store: a separate schema, which is created faster than a database."""
        import psycopg

        self._made += 1
        name = f"store{self._made}"
        with psycopg.connect(f"host={self.folder} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"{self.url}&options=-csearch_path%3D{name}"

    def _control(self, *arguments: str) -> None:
        command = self.as_postgres(str(self._bin / "pg_ctl"), "-D", str(self.folder / "data"), *arguments)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60, cwd="/")


@contextlib.contextmanager
def running_cluster(*, fsync: bool = False) -> Iterator[Cluster]:
    """Start a cluster, or skip the test, saying why."""
    pytest.importorskip("psycopg", reason="psycopg is not installed (teller-bot[postgres])")
    bin_folder = binaries()
    if bin_folder is None:
        pytest.skip("there are no PostgreSQL server programs on this machine (apt install postgresql)")
    memory = "/dev/shm"
    place = memory if Path(memory).is_dir() and not fsync else "/tmp"
    with tempfile.TemporaryDirectory(prefix="pg-", dir=place, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        cluster = Cluster(folder, bin_folder, fsync=fsync)
        cluster.init()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
