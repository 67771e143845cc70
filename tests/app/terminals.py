"""A command in a terminal of its own, as a person has it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Self


class Terminal:
    """A `bot` command that works on a project, in its own terminal."""

    def __init__(self, command: str, project: Path) -> None:
        self.person, self.its_end = pty.openpty()
        words = [sys.executable, "-m", "bot", command, "--project", str(project)]
        its_own = {"stdin": self.its_end, "stdout": self.its_end, "start_new_session": True}
        utf8 = {**os.environ, "LC_ALL": "C.UTF-8"}
        self.child = subprocess.Popen(words, stderr=subprocess.PIPE, env=utf8, **its_own)  # type: ignore[call-overload]
        self.seen = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.child.kill()
        self.child.communicate()
        os.close(self.person)
        os.close(self.its_end)

    def until(self, text: bytes) -> None:
        """Wait for the text, after the one waited for before."""
        while text not in self.seen:
            self.seen += os.read(self.person, 1024)
        self.seen = self.seen.partition(text)[2]

    def type(self, keys: bytes) -> None:
        os.write(self.person, keys)

    def errors(self) -> bytes:
        """The whole standard error output, once the command has ended."""
        errors: bytes = self.child.communicate(timeout=30)[1]
        return errors
