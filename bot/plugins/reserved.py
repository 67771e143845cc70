"""The names that are Teller's own: nothing that a plugin registers may be called so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.content.names import PIPELINE_NAMES, POLICY_NAMES

ACTIONS: Final = frozenset({"action_listen", "..."})
"""The other default actions may be replaced."""

COMPONENTS: Final = PIPELINE_NAMES
POLICIES: Final = POLICY_NAMES

CHANNELS: Final = frozenset({"background", "callback", "chat", "customer", "key", "rest", "shell"})
"""Channels, what conversations of other kinds are kept under, and what stands for a channel where there is none."""

COMMANDS: Final = frozenset(
    {
        "conversations",
        "customers",
        "init",
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
    "shell": _EVERYWHERE | {"--as"},
}
"""The options of the commands that plugins may add options to."""
