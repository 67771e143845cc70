"""Gives files that root creates in a service's folder to the service, which could not start if it cannot open one.

Existing files keep their owner, and root changes a new one only through its descriptor: whoever owns the folder
can replace it with a link to any other file at any moment.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


def make_private(file: Path) -> None:
    """Create the file, readable only by its owner, if it does not exist."""
    with contextlib.suppress(FileExistsError):
        os.close(_make(file))


def open_private(file: Path) -> int:
    """A descriptor to read and write the file, created as by `make_private`; raises OSError if it is a link."""
    try:
        return _make(file)
    except FileExistsError:
        return os.open(file, _FLAGS)


def _make(file: Path) -> int:
    made = os.open(file, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
    if os.geteuid() == 0:
        folder = file.parent.stat()
        os.fchown(made, folder.st_uid, folder.st_gid)
    return made
