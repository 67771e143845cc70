"""The tracker: the current state of a conversation, as the fold of its events.

`evolve` depends only on events and the tracker, so a fold stays valid when
content is edited; what the content contributes at the start of a session
(initial slot values) is recorded as events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bot.dialogue.events import EffectPrepared, Event, UserUttered
from bot.encoding import copied
from bot.messages import Entity, Parse


class LoopState(Struct, frozen=True, array_like=True):
    """The active loop, the message that started it, and whether it was last interrupted or rejected."""

    name: str
    is_interrupted: bool = False
    rejected: bool = False
    trigger_message: Parse | None = None


class Tracker(Struct, frozen=True, omit_defaults=True):
    """A conversation's state.

    `events` are the latest ones as they happened, oldest first: those of the
    last N user turns (see `trim`). `applied` are those that still apply,
    without reverted ones, and without the turns that merely answered an active
    loop, which policies never look at. `base` is the state before the first
    applied one (None: a new conversation), so the state is the fold of
    `applied` over `base`, except for answers to an active loop.
    `initial_slots` are the values that the session started with, which a reset
    restores.
    """

    conversation: str = ""
    slots: Mapping[str, Any] = field(default_factory=dict)
    loop: LoopState | None = None
    latest_message: UserUttered | None = None
    latest_action: str | None = None
    followup_action: str | None = None
    paused: bool = False
    effect: EffectPrepared | None = None
    events: tuple[Event, ...] = ()
    initial_slots: Mapping[str, Any] = field(default_factory=dict)
    applied: tuple[Event, ...] = ()
    base: Tracker | None = None

    @property
    def active_loop(self) -> str | None:
        """The name of the active loop, or None."""
        return self.loop.name if self.loop else None

    @property
    def parse(self) -> Parse | None:
        """The matcher's result for the latest user message."""
        return self.latest_message.parse if self.latest_message else None

    def slot(self, name: str) -> Any:
        """The slot's value, or None if it has none."""
        return self.slots.get(name)


def with_own_values(tracker: Tracker) -> Tracker:
    """The tracker for others' code: the lists and dicts in its state are copies, only those in its events are not."""
    message, effect, loop = tracker.latest_message, tracker.effect, tracker.loop
    trigger = loop and loop.trigger_message
    return replace(
        tracker,
        slots=copied(tracker.slots),
        initial_slots=copied(tracker.initial_slots),
        loop=loop and replace(loop, trigger_message=trigger and _own_parse(trigger)),
        latest_message=message and replace(message, parse=_own_parse(message.parse), metadata=copied(message.metadata)),
        effect=effect and replace(effect, parameters=copied(effect.parameters)),
    )


def _own_parse(parse: Parse) -> Parse:
    entities = tuple([_own_entity(entity) for entity in parse.entities])
    return replace(parse, entities=entities, response_selector=copied(parse.response_selector))


def _own_entity(entity: Entity) -> Entity:
    return replace(entity, value=copied(entity.value), details=copied(entity.details))
