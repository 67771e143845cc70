"""Past facts of a conversation. A tracker is the fold of these; their JSON is Rasa's (`bot.dialogue.event_json`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bot.messages import Parse, Reply


@dataclass(frozen=True, slots=True)
class UserUttered:
    """The user said something; `parse` is what the matcher made of it."""

    parse: Parse
    message_id: str = ""
    channel: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BotUttered:
    """The bot said something."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class SlotSet:
    """A slot took a value (None empties it)."""

    name: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class ActionExecuted:
    """An action ran, because a policy predicted it."""

    name: str
    policy: str | None = None
    confidence: float | None = None
    hide_rule_turn: bool = False
    action_text: str | None = None


@dataclass(frozen=True, slots=True)
class ActionExecutionRejected:
    """An action was predicted and refused to run."""

    name: str
    policy: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class ActionFailed:
    """An action raised, timed out or emitted invalid events; what it appended was dropped. `kind` never holds data."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A new session of the conversation began; `initial_slots` are the slot values that content gave it then."""

    initial_slots: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActiveLoop:
    """A loop (a form) became active, or, with None, ended."""

    name: str | None


@dataclass(frozen=True, slots=True)
class LoopInterrupted:
    """The active loop was interrupted by an unhappy path, or returned to."""

    is_interrupted: bool


@dataclass(frozen=True, slots=True)
class FollowupAction:
    """The next action is this one, whatever the policies say."""

    name: str


@dataclass(frozen=True, slots=True)
class Restarted:
    """All that went before counts no more."""


@dataclass(frozen=True, slots=True)
class AllSlotsReset:
    """Every slot is back at its initial value."""


@dataclass(frozen=True, slots=True)
class ConversationPaused:
    """The bot stays silent until the conversation is resumed."""


@dataclass(frozen=True, slots=True)
class ConversationResumed:
    """The bot answers again."""


@dataclass(frozen=True, slots=True)
class UserUtteranceReverted:
    """The last user message and all since count no more (Rasa's `rewind`)."""


@dataclass(frozen=True, slots=True)
class ActionReverted:
    """The last action and all since count no more (Rasa's `undo`)."""


@dataclass(frozen=True, slots=True)
class StoryExported:
    """The story was exported."""


@dataclass(frozen=True, slots=True)
class AgentUttered:
    """A human agent said something."""

    text: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReminderScheduled:
    """At `at` (UTC, ISO 8601) the conversation gets intent `intent` with these entities."""

    intent: str
    at: str
    name: str
    entities: tuple[Mapping[str, Any], ...] = ()
    kill_on_user_message: bool = True


@dataclass(frozen=True, slots=True)
class ReminderCancelled:
    """Reminders of this name (and intent, and entities; None: any) will not fire."""

    name: str | None = None
    intent: str | None = None
    entities: tuple[Mapping[str, Any], ...] | None = None


@dataclass(frozen=True, slots=True)
class EntitiesAdded:
    """A policy added entities to the last user message."""

    entities: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class UserFeaturization:
    """Whether the policies look at the last message's text instead of its intent."""

    use_text: bool = False


@dataclass(frozen=True, slots=True)
class EffectPrepared:
    """A confirmation was asked for an outside change: its key and parameters are fixed from here on."""

    kind: str
    key: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EffectSettled:
    """The prepared effect of this key is over: `done`, `refused`, `unknown` (being checked) or `dropped`."""

    key: str
    outcome: str


Event: TypeAlias = (
    UserUttered
    | BotUttered
    | SlotSet
    | ActionExecuted
    | ActionExecutionRejected
    | ActionFailed
    | SessionStarted
    | ActiveLoop
    | LoopInterrupted
    | FollowupAction
    | Restarted
    | AllSlotsReset
    | ConversationPaused
    | ConversationResumed
    | UserUtteranceReverted
    | ActionReverted
    | StoryExported
    | AgentUttered
    | ReminderScheduled
    | ReminderCancelled
    | EntitiesAdded
    | UserFeaturization
    | EffectPrepared
    | EffectSettled
)
