"""All metrics, in one table from which they are created and the reference is written."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Kind: TypeAlias = Literal["times", "counts", "gauge"]


class Metric(Struct, frozen=True):
    """A metric: its name (a counter is shown with `_total`), its help, and its labels.

    `known` are the label values that exist from the start, at zero, so that an alert on something that has not
    happened yet sees zero, not missing data.
    """

    kind: Kind
    name: str
    about: str
    labels: tuple[str, ...] = ()
    known: tuple[tuple[str, ...], ...] = ()


CHANNELS = ("rest", "chat", "callback", "background")
"""The channels that every bot has. Clients may name others, which must not create time series."""

_TURNS = ("committed", "Busy", "MessageIdReused", "TurnTimedOut", "StoreUnavailable")
_LOGINS = ("ok", "refused", "throttled", "all_throttled")
_CREDENTIALS = ("session", "key", "jwt", "query", "other")


def _one(*values: str) -> tuple[tuple[str, ...], ...]:
    return tuple((value,) for value in values)


TABLE = {
    "http": Metric("times", "bot_http_request_seconds", "HTTP requests", ("method", "route", "status")),
    "turn": Metric(
        "times", "bot_turn_seconds", "Turns, from arrival to commit", ("channel",), _one(*CHANNELS, "other")
    ),
    "matcher": Metric("times", "bot_matcher_seconds", "Understanding one message"),
    "action": Metric("times", "bot_action_seconds", "Running one action", ("action",)),
    "call": Metric("times", "bot_call_seconds", "Calls to outside services", ("service", "outcome")),
    "commit": Metric("times", "bot_store_commit_seconds", "Making one turn durable"),
    "outcomes": Metric("counts", "bot_turns", "Turns by how they ended", ("outcome",), _one(*_TURNS)),
    "conflicts": Metric("counts", "bot_turn_conflicts", "Turns computed again because another worker was first"),
    "failures": Metric("counts", "bot_action_failures", "Actions that failed", ("action", "kind")),
    "logins": Metric("counts", "bot_logins", "Login attempts by outcome", ("outcome",), _one(*_LOGINS)),
    "refused": Metric(
        "counts",
        "bot_credentials_refused",
        "Requests with credentials that are not valid",
        ("kind",),
        _one(*_CREDENTIALS),
    ),
    "deliveries": Metric(
        "counts",
        "bot_deliveries",
        "Deliveries to callbacks by outcome",
        ("outcome",),
        _one("sent", "failed", "refused"),
    ),
    "unread": Metric("counts", "bot_messages_refused_unread", "Messages refused unread because the bot was full"),
    "lines_lost": Metric("counts", "bot_log_lines_lost", "Log lines that could not be written"),
    "info": Metric("gauge", "bot_info", "1; its labels say what runs", ("version", "content")),
    "ready": Metric("gauge", "bot_ready", "Whether a readiness check works (1) or fails (0)", ("check",)),
    "sessions": Metric("gauge", "bot_active_sessions", "Active customer sessions"),
    "waiting": Metric("gauge", "bot_messages_waiting", "Messages in work or waiting for it"),
    "store_waiting": Metric(
        "gauge", "bot_store_waiting", "Jobs waiting for the store", ("kind",), _one("read", "write")
    ),
    "deliveries_waiting": Metric("gauge", "bot_deliveries_waiting", "Replies waiting to be delivered"),
    "effects_open": Metric("gauge", "bot_effects_open", "Outside changes (payments) whose outcome is not known yet"),
    "effects_oldest": Metric(
        "gauge", "bot_effects_oldest_seconds", "How long the oldest of those has been open; 0 if there is none"
    ),
}
