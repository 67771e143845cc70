"""Names reserved for Teller, which plugins may not register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.content.names import PIPELINE_NAMES, POLICY_NAMES

ACTIONS: Final = frozenset({"action_listen", "..."})
"""Plugins may replace the other default actions."""

COMPONENTS: Final = PIPELINE_NAMES
POLICIES: Final = POLICY_NAMES

CHANNELS: Final = frozenset({"background", "callback", "chat", "customer", "key", "rest", "shell"})
"""Channels, and the names used in place of a channel where there is none, or for conversations of other kinds."""

COMMANDS: Final = frozenset(
    {
        "conversations",
        "customers",
        "init",
        "interactive",
        "keys",
        "parse",
        "run",
        "sessions",
        "shell",
        "store",
        "test",
        "train",
        "validate",
        "visualize",
    }
)

_EVERYWHERE: Final = frozenset({"--help", "-h", "--project", "--store"})
OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    "run": _EVERYWHERE
    | {"--auth-token", "--host", "--interface", "--jwt-method", "--jwt-secret", "--port", "--worker", "--workers"}
    | {"-i", "-p", "-t"},
    "shell": _EVERYWHERE | {"--as", "--out"},
}
"""The options of the commands that plugins may add options to; those of `shell` are for `interactive`, too."""
