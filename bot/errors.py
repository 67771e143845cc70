"""The exceptions of the framework.

BotError
├── ConfigurationError     the start is refused; lists every problem
│   └── StoreAway          the database is unreachable or locked for now
├── ContentError           content could not be read; carries its diagnostics
├── PluginError            a plugin is faulty; names it and its owner
├── TurnError              a message was not answered, and nothing was said
│   ├── Busy               too many are waiting (429 for a conversation, 503 for the server)
│   ├── MessageIdReused    the id was used before with another payload (422)
│   ├── TurnTimedOut       the turn exceeded its deadline (503)
│   └── StoreUnavailable   nothing can be made durable now (503)
│       ├── KeyMissing     a code was hashed with a key that this machine's pepper file lacks
│       └── ConversationGone   the conversation was deleted meanwhile; a retry starts a new one
├── AuthError              the caller is unknown, or not allowed to do this
│   ├── NotAuthenticated   no credentials, or invalid, expired or revoked ones (401)
│   ├── LoginRefused       account and code do not match, for whatever reason (401)
│   ├── LoginThrottled     too many attempts; carries when to try again (429)
│   │   └── LoginsThrottled    too many attempts in total
│   └── Forbidden          known, but not allowed (403)
├── SequenceConflict       another worker committed this turn's number first
├── CallFailed             an outside service did not return a usable answer (see bot.http)
├── Undeliverable          a channel's platform will never accept these replies
└── ActionRejected         an action refuses to run now; another may be predicted
"""

from __future__ import annotations

import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

PLUGIN_FAILURES: Final = (Exception, SystemExit, BaseExceptionGroup)
"""What is caught from plugins' code: neither an exit nor an exception group may end a turn or the bot."""

_FRAMEWORK_AND_PYTHON: Final = (f"{Path(__file__).parent}/", f"{sysconfig.get_path('stdlib')}/", "<")


def is_project_code(file: str) -> bool:
    """Whether a traceback's file is a project's own code: not the framework's, Python's or an installed package's."""
    return not file.startswith(_FRAMEWORK_AND_PYTHON) and "/site-packages/" not in file


class BotError(Exception):
    """The base class of everything that the framework raises on purpose."""


class ConfigurationError(BotError):
    """The configuration cannot be used. `problems` lists what is wrong, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class StoreAway(ConfigurationError):
    """The store cannot be opened now, but perhaps later."""


class ContentError(BotError):
    """Content has errors. `diagnostics` are `bot.content.Diagnostic` values."""

    def __init__(self, diagnostics: Sequence[object]) -> None:
        super().__init__("\n".join(str(d) for d in diagnostics))
        self.diagnostics = tuple(diagnostics)


class PluginError(BotError):
    """A plugin is faulty; the message names it, its owner and the fix."""


class TurnError(BotError):
    """A message was not answered; nothing was said and nothing was stored for it."""


class Busy(TurnError):
    """Too many messages are waiting: in the whole server if `whole`, else in the conversation."""

    def __init__(self, *, whole: bool, retry_after: float) -> None:
        super().__init__("the server is busy" if whole else "too many messages of this conversation are waiting")
        self.whole = whole
        self.retry_after = retry_after


class MessageIdReused(TurnError):
    """The message id was used before in this conversation with another text or metadata."""


class TurnTimedOut(TurnError):
    """The turn exceeded its deadline."""

    def __init__(self, message: str = "the turn took too long") -> None:
        super().__init__(message)


class StoreUnavailable(TurnError):
    """The store cannot make anything durable at the moment."""


class KeyMissing(StoreUnavailable):
    """A customer's code was hashed with a key that this machine's pepper file lacks, so it cannot be checked."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"a code was hashed with the key {key_id!r}, which is not in this machine's pepper file; "
            "copy the file from the machine where `bot customers rotate-pepper` ran"
        )


class ConversationGone(StoreUnavailable):
    """The conversation was deleted while this was under way; a retry starts a new one."""

    def __init__(self) -> None:
        super().__init__("the conversation was deleted meanwhile")


class SequenceConflict(BotError):
    """Another writer committed this sequence number of the conversation first."""


CallFailure: TypeAlias = Literal[
    "timeout", "refused", "unavailable", "too_large", "invalid", "rejected", "unknown_outcome"
]
"""Why a call failed, in this order: its deadline passed; it was not sent (no connection, breaker open, too many calls);
the service could not serve it; its answer is too long; its answer does not match the schema; the service refused it
(4xx); or it changes something and it is unknown whether it did."""


class CallFailed(BotError):
    """An outside service returned no usable answer.

    `service` and `call` name what was called, `kind` says why it failed, `status`
    is the HTTP status if there was one. `retry_after` is the delay that the service
    asked for, in seconds. Neither the message nor any attribute contains a body, a
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
        """Whether the call may have changed something in the service; if False, it certainly has not."""
        return self.kind == "unknown_outcome"


class Undeliverable(BotError):
    """Raised by a channel's `send`: the platform will never accept these replies, so they are given up.

    Its message is logged, so it must not quote anybody.
    """


class ActionRejected(BotError):
    """Raised by an action that refuses to run now (Rasa's ActionExecutionRejection)."""

    def __init__(self, action: str, message: str = "") -> None:
        super().__init__(message or f"action {action} refused to run")
        self.action = action


class AuthError(BotError):
    """The caller is unknown, or not allowed to do what was asked."""


class NotAuthenticated(AuthError):
    """No credentials were given (`given` is False), or they are unknown, expired or revoked."""

    def __init__(self, *, given: bool) -> None:
        super().__init__("the credentials are invalid or no longer valid" if given else "credentials are needed")
        self.given = given


class LoginRefused(AuthError):
    """Account and code do not match. From outside, unknown, wrong and disabled look the same."""

    def __init__(self) -> None:
        super().__init__("account number or code is wrong")


class LoginThrottled(AuthError):
    """Too many login attempts; `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("too many login attempts")
        self.retry_after = retry_after


class LoginsThrottled(LoginThrottled):
    """Too many login attempts in total: until `retry_after` is over, nobody can log in from a new address."""


class Forbidden(AuthError):
    """The credentials are valid, but not for this."""
