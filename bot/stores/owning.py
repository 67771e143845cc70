"""Files that root makes in a service's folder are the service's: it could not start with one that it cannot open.

Files that are there stay whose they are, and what root does to a new one goes by its descriptor: who owns the folder
may put a link to any other file in its place at any moment.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


def make_private(file: Path) -> None:
    """Make the file, readable by its owner alone, when it is not there."""
    with contextlib.suppress(FileExistsError):
        os.close(_make(file))


def open_private(file: Path) -> int:
    """A descriptor to read and write the file, made as `make_private` does; raises OSError where it is a link."""
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
