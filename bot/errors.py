"""The exceptions of the framework.

    BotError
    ├── ConfigurationError     the start is refused; lists every problem
    ├── ContentError           content could not be read; carries its diagnostics
    ├── PluginError            a plugin is wrong; names it and its owner
    ├── TurnError              a message was not answered, and nothing was said
    │   ├── Busy               too many are waiting (429 for a conversation, 503 in all)
    │   ├── MessageIdReused    the id came before with another payload (422)
    │   ├── TurnTimedOut       the turn outlived its deadline (503)
    │   └── StoreUnavailable   nothing can be made durable now (503)
    ├── SequenceConflict       another worker committed this turn's number first
    ├── CallFailed             an outside service (see bot.http)
    └── ActionRejected         an action refuses to run now; another may be predicted
"""

from __future__ import annotations

from collections.abc import Sequence


class BotError(Exception):
    """The root of all that the framework raises on purpose."""


class ConfigurationError(BotError):
    """The configuration cannot be used. `problems` lists all of it, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class ContentError(BotError):
    """Content has errors. `diagnostics` are `bot.content.Diagnostic` values."""

    def __init__(self, diagnostics: Sequence[object]) -> None:
        super().__init__("\n".join(str(d) for d in diagnostics))
        self.diagnostics = tuple(diagnostics)


class PluginError(BotError):
    """A plugin is wrong; the message names it, its owner and the cure."""


class TurnError(BotError):
    """A message was not answered; nothing was said and nothing was stored for it."""


class Busy(TurnError):
    """Too many messages are waiting. `whole` tells a full server from a full conversation."""

    def __init__(self, *, whole: bool, retry_after: float) -> None:
        super().__init__("the server is busy" if whole else "too many messages of this conversation are waiting")
        self.whole = whole
        self.retry_after = retry_after


class MessageIdReused(TurnError):
    """The message id was used before in this conversation with another text or metadata."""


class TurnTimedOut(TurnError):
    """The turn outlived its deadline."""


class StoreUnavailable(TurnError):
    """The store cannot make anything durable at the moment."""


class SequenceConflict(BotError):
    """Another writer committed this sequence number of the conversation first."""


class ActionRejected(BotError):
    """Raised by an action that refuses to run now (Rasa's ActionExecutionRejection)."""

    def __init__(self, action: str, message: str = "") -> None:
        super().__init__(message or f"action {action} refused to run")
        self.action = action
