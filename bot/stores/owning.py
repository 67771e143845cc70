"""Files that root leaves in a service's folder are the service's: it could not start with one that it cannot open."""

from __future__ import annotations

import os
from pathlib import Path


def make_private(file: Path) -> None:
    """Make the file, readable by its owner alone, when it is not there."""
    file.touch(mode=0o600)
    give_to_folders_owner(file)


def give_to_folders_owner(file: Path) -> None:
    """Let the file belong to whom its folder belongs to, where root is at work; nothing for anybody else."""
    if os.geteuid() != 0:
        return
    owner = file.parent.stat()
    os.chown(file, owner.st_uid, owner.st_gid)
