"""The bank assistant as separate processes: the bank, and a server that is killed and started again."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60


def link_project(folder: Path, callback: str) -> Path:
    """The bank assistant's project, with its own private folder; replies to callback messages go to this URL."""
    folder.mkdir(parents=True)
    for name in ("actions", "intents", "stories", "simulator", "config.yml"):
        (folder / name).symlink_to(PROJECT / name)
    (folder / "credentials.yml").write_text(f"callback:\n  url: {callback}\n", encoding="utf-8")
    return folder


def free_port() -> int:
    """A free port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def bot(project: Path, *words: str, may_fail: bool = False) -> str:
    """What one of our commands prints, errors included."""
    command = [sys.executable, "-m", "bot", *words, "--project", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS, cwd=PROJECT)
    assert may_fail or done.returncode == 0, done.stdout + done.stderr
    return done.stderr + done.stdout


class Process:
    """One of our commands, which runs until it is stopped or killed, with all processes that it started."""

    def __init__(self, project: Path, ready: str, log: Path, *words: str) -> None:
        command = [sys.executable, "-m", "bot", *words, "--project", str(project)]
        self._log = log.open("a")
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=PROJECT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.url = self._wait_for(ready)

    def kill(self) -> None:
        """SIGKILL to the process and all it started: nothing of them runs on for one instruction."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._end()

    def stop(self) -> int:
        """SIGTERM, as an operator stops it; the exit status."""
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(30)
        self._end()
        return status

    def _end(self) -> None:
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()

    def _wait_for(self, ready: str) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = re.match(rf"{ready} (\S+)", line)
            if found:
                return found[1]
        raise AssertionError(f"it did not start; see {self._log.name}")


class Server:
    """A process that is started again after it was killed."""

    def __init__(self, project: Path, ready: str, log: Path, *words: str) -> None:
        self._start = lambda: Process(project, ready, log, *words)
        self._process = self._start()

    def kill(self) -> None:
        """SIGKILL, wherever it is."""
        self._process.kill()

    def start_again(self) -> None:
        """Start the same command; returns when it is ready."""
        self._process = self._start()


@contextlib.contextmanager
def running(project: Path, ready: str, log: Path, *words: str) -> Iterator[Process]:
    """A process for the length of the `with`."""
    process = Process(project, ready, log, *words)
    try:
        yield process
    finally:
        process.kill()
