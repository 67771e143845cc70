"""Events: facts about a conversation, of which a tracker is the fold.

The store keeps each as an array of its tag and its fields in order, so new
fields must come last and have a default. Everywhere else events are Rasa's
JSON (`bot.dialogue.event_json`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from msgspec import Struct, field

from bot.messages import Parse, Reply


class UserUttered(Struct, frozen=True, array_like=True, tag="user"):
    """The user said something; `parse` is the matcher's result."""

    parse: Parse
    message_id: str = ""
    channel: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


class BotUttered(Struct, frozen=True, array_like=True, tag="bot"):
    """The bot said something."""

    reply: Reply


class SlotSet(Struct, frozen=True, array_like=True, tag="slot"):
    """A slot was set to a value (None clears it)."""

    name: str
    value: Any = None


class ActionExecuted(Struct, frozen=True, array_like=True, tag="action"):
    """An action ran because a policy predicted it."""

    name: str
    policy: str | None = None
    confidence: float | None = None
    hide_rule_turn: bool = False
    action_text: str | None = None


class ActionExecutionRejected(Struct, frozen=True, array_like=True, tag="rejected"):
    """An action was predicted and refused to run."""

    name: str
    policy: str | None = None
    confidence: float | None = None


class ActionFailed(Struct, frozen=True, array_like=True, tag="failed"):
    """An action raised, timed out or emitted invalid events, which were dropped. `kind` never contains user data."""

    name: str
    kind: str


class SessionStarted(Struct, frozen=True, array_like=True, tag="session"):
    """A new session of the conversation began; `initial_slots` are the content's initial slot values at that time."""

    initial_slots: Mapping[str, Any] = field(default_factory=dict)


class ActiveLoop(Struct, frozen=True, array_like=True, tag="loop"):
    """A loop (a form) became active or, if None, ended."""

    name: str | None


class LoopInterrupted(Struct, frozen=True, array_like=True, tag="interrupted"):
    """The active loop was interrupted by an unhappy path, or resumed."""

    is_interrupted: bool


class FollowupAction(Struct, frozen=True, array_like=True, tag="followup"):
    """The next action is this one, whatever the policies say."""

    name: str


class Restarted(Struct, frozen=True, array_like=True, tag="restart"):
    """Everything before this is forgotten."""


class AllSlotsReset(Struct, frozen=True, array_like=True, tag="reset"):
    """Every slot is back at its initial value."""


class ConversationPaused(Struct, frozen=True, array_like=True, tag="pause"):
    """The bot stays silent until the conversation is resumed."""


class ConversationResumed(Struct, frozen=True, array_like=True, tag="resume"):
    """The bot answers again."""


class UserUtteranceReverted(Struct, frozen=True, array_like=True, tag="rewind"):
    """The last user message and everything after it are taken back (Rasa's `rewind`)."""


class ActionReverted(Struct, frozen=True, array_like=True, tag="undo"):
    """The last action and everything after it are taken back (Rasa's `undo`)."""


class StoryExported(Struct, frozen=True, array_like=True, tag="export"):
    """The story was exported."""


class AgentUttered(Struct, frozen=True, array_like=True, tag="agent"):
    """A human agent said something."""

    text: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class ReminderScheduled(Struct, frozen=True, array_like=True, tag="reminder"):
    """At `at` (ISO 8601; UTC if it has no time zone) the conversation receives intent `intent` with these entities."""

    intent: str
    at: str
    name: str
    entities: tuple[Mapping[str, Any], ...] = ()
    kill_on_user_message: bool = True

    @property
    def due(self) -> datetime:
        """The due time; raises ValueError if `at` is not a valid time."""
        at = datetime.fromisoformat(self.at)
        return at if at.tzinfo else at.replace(tzinfo=UTC)


class ReminderCancelled(Struct, frozen=True, array_like=True, tag="cancel"):
    """Reminders with this name, intent and entities (None: any) will not fire."""

    name: str | None = None
    intent: str | None = None
    entities: tuple[Mapping[str, Any], ...] | None = None


class EntitiesAdded(Struct, frozen=True, array_like=True, tag="entities"):
    """A policy added entities to the last user message."""

    entities: tuple[Mapping[str, Any], ...] = ()


class UserFeaturization(Struct, frozen=True, array_like=True, tag="featurization"):
    """Whether the policies look at the last message's text instead of its intent."""

    use_text: bool = False


class EffectPrepared(Struct, frozen=True, array_like=True, tag="effect"):
    """The user was asked to confirm an outside change; its key and parameters are fixed from now on."""

    kind: str
    key: str
    parameters: Mapping[str, Any]


class EffectSettled(Struct, frozen=True, array_like=True, tag="settled"):
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
