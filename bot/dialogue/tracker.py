"""The tracker: the current state of a conversation, as the fold of its events.

`evolve` depends only on events and the tracker, so a fold stays valid when
content is edited; what the content contributes at the start of a session
(initial slot values) is recorded as events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from bot.dialogue.events import EffectPrepared, Event, UserUttered
from bot.messages import Parse


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
