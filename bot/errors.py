"""The exceptions of the framework.

BotError
├── ConfigurationError     the start is refused; lists every problem
│   └── StoreAway          the database is not there now, or is locked
├── ContentError           content could not be read; carries its diagnostics
├── PluginError            a plugin is wrong; names it and its owner
├── TurnError              a message was not answered, and nothing was said
│   ├── Busy               too many are waiting (429 for a conversation, 503 in all)
│   ├── MessageIdReused    the id came before with another payload (422)
│   ├── TurnTimedOut       the turn outlived its deadline (503)
│   └── StoreUnavailable   nothing can be made durable now (503)
│       ├── KeyMissing     a code was hashed with a key that this machine's pepper file lacks
│       └── ConversationGone   the conversation was deleted meanwhile; the next try begins another
├── AuthError              who is asking is not known, or may not
│   ├── NotAuthenticated   no credentials, or credentials that are not (or no longer) good (401)
│   ├── LoginRefused       account and code do not match, for whatever reason (401)
│   ├── LoginThrottled     too many attempts; carries when to try again (429)
│   │   └── LoginsThrottled    too many of everybody's
│   └── Forbidden          known, and not allowed (403)
├── SequenceConflict       another worker committed this turn's number first
├── CallFailed             an outside service did not give a usable answer (see bot.http)
└── ActionRejected         an action refuses to run now; another may be predicted
"""

from __future__ import annotations

import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

PLUGIN_FAILURES: Final = (Exception, SystemExit, BaseExceptionGroup)
"""What code of a plugin may raise: an exit, and a group of whatever came together, end neither a turn nor the bot."""

_OTHERS: Final = (f"{Path(__file__).parent}/", f"{sysconfig.get_path('stdlib')}/", "<")


def is_a_projects(file: str) -> bool:
    """Whether an error went through a project's own code there: neither ours, nor Python's, nor a package's."""
    return not file.startswith(_OTHERS) and "/site-packages/" not in file


class BotError(Exception):
    """The root of all that the framework raises on purpose."""


class ConfigurationError(BotError):
    """The configuration cannot be used. `problems` lists all of it, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class StoreAway(ConfigurationError):
    """The store cannot be opened now; it may be there again later."""


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


class KeyMissing(StoreUnavailable):
    """A customer's code was hashed with a key that this machine's pepper file lacks: nobody can say if it is right."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"a code was hashed with the key {key_id!r}, which is not in this machine's pepper file; "
            "copy the file of the machine where `bot customers rotate-pepper` ran"
        )


class ConversationGone(StoreUnavailable):
    """The conversation was deleted while this was under way; whoever tries again begins another."""

    def __init__(self) -> None:
        super().__init__("the conversation was deleted meanwhile")


class SequenceConflict(BotError):
    """Another writer committed this sequence number of the conversation first."""


CallFailure: TypeAlias = Literal[
    "timeout", "refused", "unavailable", "too_large", "invalid", "rejected", "unknown_outcome"
]
"""Why a call failed: its deadline passed; it was not sent (no connection, breaker open, too many calls); the service
could not serve it; its answer is too long; its answer is not what was agreed; the service refused it (4xx); or it
changes something and nobody knows whether it did."""


class CallFailed(BotError):
    """An outside service gave no usable answer.

    `service` and `call` name what was called, `kind` why it failed, `status`
    the HTTP status if there was one. `retry_after` is what the service asked
    for, in seconds. Neither the message nor any attribute holds a body, a
    token or an account number.
    """

    def __init__(
        self,
        kind: CallFailure,
        *,
        service: str,
        call: str,
        reason: str,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{service}: {call}: {reason}")
        self.kind = kind
        self.service = service
        self.call = call
        self.reason = reason
        self.status = status
        self.retry_after = retry_after

    @property
    def may_have_happened(self) -> bool:
        """Whether the call may have changed something on the other side; False is certain."""
        return self.kind == "unknown_outcome"


class ActionRejected(BotError):
    """Raised by an action that refuses to run now (Rasa's ActionExecutionRejection)."""

    def __init__(self, action: str, message: str = "") -> None:
        super().__init__(message or f"action {action} refused to run")
        self.action = action


class AuthError(BotError):
    """Who is asking is not known, or may not do what was asked."""


class NotAuthenticated(AuthError):
    """No credentials came (`given` is False), or what came is unknown, expired or ended."""

    def __init__(self, *, given: bool) -> None:
        super().__init__("the credentials are not valid (any more)" if given else "credentials are needed")
        self.given = given


class LoginRefused(AuthError):
    """Account and code do not match. Unknown, wrong and disabled are one and the same to the outside."""

    def __init__(self) -> None:
        super().__init__("account number or code is wrong")


class LoginThrottled(AuthError):
    """Too many login attempts; `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("too many login attempts")
        self.retry_after = retry_after


class LoginsThrottled(LoginThrottled):
    """Too many login attempts of everybody's: nobody can log in for so long whose address is new."""


class Forbidden(AuthError):
    """The credentials are good, but not for this."""
