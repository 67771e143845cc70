"""Secrets in separate files: created once, readable by their owner only."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from bot import ConfigurationError

CLIENT_ID = "teller"
"""The bot's client id at the bank."""

KEY_FILE = "bank.key"
"""The bot's secret, in the project's private folder."""

ADMIN_KEY_FILE = "bank-admin.key"
"""The secret for injecting faults, in the same folder."""


def read_or_make_key(path: Path) -> str:
    """The secret in the file, which is created (mode 0600) if missing; raises ConfigurationError as `read_key` does.

    Its folder is created for its owner only and git-ignored, as the bot does it: the simulator may start first.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignored = path.parent / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", encoding="utf-8")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_key(path)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    return read_key(path)


def read_key(path: Path) -> str:
    """The secret in the file; raises ConfigurationError when it is missing, empty or readable by others."""
    if not path.is_file():
        raise ConfigurationError(
            [
                f"{path}: the bot's secret for the bank is missing; copy it from a machine whose bot already has it "
                "(`bot simulator`, the bank to try things with, creates one here at its first start)"
            ]
        )
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigurationError([f"{path}: others can read this secret; run `chmod 600 {path}`"])
    key = path.read_text().strip()
    if not key:
        raise ConfigurationError([f"{path}: the file is empty; delete it and start `bot simulator` again"])
    return key
