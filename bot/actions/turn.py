"""What a plugin author sees: the turn that an action reads, and the verbs that append to it in order."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from types import FrameType, TracebackType
from typing import Any, Protocol, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bot.actions.unknown import UnknownResponse, UnknownSlot
from bot.content import Domain
from bot.content.names import DEFAULT_SLOTS
from bot.dialogue.effects import EffectError, EffectResult
from bot.dialogue.events import BotUttered, EffectPrepared, EffectSettled, Event, SlotSet
from bot.dialogue.evolve import evolve
from bot.dialogue.responses import choose_response
from bot.dialogue.slots import typed
from bot.dialogue.times import Times
from bot.dialogue.tracker import Tracker
from bot.errors import PluginError
from bot.messages import Customer, Reply, UserMessage
from bot.sources import Chance

T = TypeVar("T")

Action: TypeAlias = Callable[["Turn"], Awaitable[None]]
"""An action: `async def run(turn: Turn) -> None`."""


class Resources:
    """What plugins open for the life of the bot and actions use: values by name, given once."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def provide(self, name: str, value: object) -> None:
        """Offer `value` under `name`; raises PluginError when the name is taken."""
        if name in self._values:
            raise PluginError(f"the resource {name!r} is provided twice; let one plugin provide it")
        self._values[name] = value

    def get(self, name: str, kind: type[T]) -> T:
        """The value under `name`; raises PluginError when there is none or it is no `kind`."""
        if name not in self._values:
            raise PluginError(f"nothing provides the resource {name!r}; is the plugin that opens it loaded?")
        value = self._values[name]
        if not isinstance(value, kind):
            raise PluginError(f"the resource {name!r} is a {type(value).__name__}, not a {kind.__name__}")
        return value

    def find(self, name: str, kind: type[T]) -> T | None:
        """The value under `name`, or None when nothing provides it."""
        return self.get(name, kind) if name in self._values else None


class RunAction(Protocol):
    """Runs another action on a tracker inside the same turn and gives back its events."""

    def __call__(self, name: str, tracker: Tracker) -> Awaitable[tuple[Event, ...]]:
        """Run action `name`; raises what it raises."""


class TurnContext(Struct, frozen=True):
    """What all actions of one turn share.

    `tell` is told of what went wrong and does not end the action: where, and the error.
    `times` say when the events before this turn happened. `before` is the conversation as the message found it.
    """

    message: UserMessage
    domain: Domain
    now: datetime
    random: Chance
    resources: Resources
    run_action: RunAction
    has_action: Callable[[str], bool]
    new_id: Callable[[], str]
    spend: Callable[[str, str, str, Mapping[str, Any]], Awaitable[EffectResult]] | None = None
    tell: Callable[[str, BaseException], None] = lambda where, error: None
    times: Times = ()
    before: Tracker = Tracker()


class Turn:
    """One action's view of the turn.

    It reads `tracker`, `message`, `customer`, `now` (UTC) and `resources`, and
    appends with `say`, `set` and `emit`, in order. `tracker` already includes
    what was appended. When the action raises, what it appended is dropped.
    """

    def __init__(self, tracker: Tracker, context: TurnContext) -> None:
        self.tracker = tracker
        self.context = context
        self._events: list[Event] = []

    @property
    def events(self) -> tuple[Event, ...]:
        """What this action appended so far."""
        return tuple(self._events)

    @property
    def message(self) -> UserMessage:
        """The message that this turn answers."""
        return self.context.message

    @property
    def customer(self) -> Customer | None:
        """The customer who is logged in; None for a channel key's users."""
        return self.context.message.customer

    @property
    def domain(self) -> Domain:
        """The domain of the content that this turn runs on."""
        return self.context.domain

    @property
    def now(self) -> datetime:
        """The turn's time (UTC)."""
        return self.context.now

    @property
    def resources(self) -> Resources:
        """What the plugins' lifespans opened."""
        return self.context.resources

    def slot(self, name: str) -> Any:
        """The slot's value now, None when it has none."""
        return self.tracker.slot(name)

    def slot_before(self, name: str) -> Any:
        """The slot's value as it was when the message came, however long ago it was set; None when it had none.

        What the message itself filled, and what the actions of this turn set, is not in it.
        """
        return self.context.before.slot(name)

    def emit(self, event: Event) -> None:
        """Append any event."""
        self._events.append(event)
        self.tracker = evolve(event, self.tracker)

    def set(self, slot: str, value: Any) -> None:
        """Set a slot; None empties it. A value that is no list becomes one in a slot of type list.

        A slot that the domain lacks is set all the same, and the log tells of it.
        """
        known = self.context.domain.slots.get(slot)
        if known is not None:
            value = typed(known, value)
        elif slot not in DEFAULT_SLOTS:
            error = UnknownSlot(slot, self.domain).with_traceback(_place_of(sys._getframe(1)))
            self.context.tell("turn.set", error)
        self.emit(SlotSet(slot, value))

    def say(
        self, response: str, *, buttons: Sequence[Mapping[str, Any]] = (), custom: Any = None, **values: Any
    ) -> None:
        """Say a response of the domain, filled from `values` first and slots second.

        `buttons` (`title`, `payload`) are added to the response's own; `custom`, a structured payload
        such as a table, stands in for its own. Where none of its variations applies now (their channels and
        conditions), nothing is said. Raises UnknownResponse for a response that the domain lacks, so that a
        typo never falls silent.
        """
        reply = choose_response(
            self.domain, response, self.tracker, channel=self.message.channel, random=self.context.random, values=values
        )
        if reply is None:
            if response not in self.domain.responses:
                raise UnknownResponse(response, self.domain)
            return
        if buttons or custom is not None:
            reply = replace(
                reply,
                buttons=(*reply.buttons, *buttons),
                custom=reply.custom if custom is None else custom,
            )
        self.emit(BotUttered(reply))

    def say_text(self, text: str, *, buttons: Sequence[Mapping[str, Any]] = (), custom: Any = None) -> None:
        """Say a text as it is, with buttons (`title`, `payload`) or a structured payload beside it."""
        self.emit(BotUttered(Reply(text=text, buttons=tuple(buttons), custom=custom)))

    def prepare(self, kind: str, parameters: Mapping[str, Any]) -> None:
        """Fix an outside change before its confirmation is asked: one key stands for it from here on."""
        self.emit(EffectPrepared(kind, self.context.new_id(), dict(parameters)))

    async def spend(self) -> EffectResult:
        """Make the prepared change, once: a repeat gives what the first one came to.

        Raises EffectError when nothing was prepared.
        """
        effect = self.tracker.effect
        if effect is None or self.context.spend is None:
            raise EffectError("nothing was prepared; call turn.prepare when the confirmation is asked")
        result = await self.context.spend(self.message.conversation, effect.kind, effect.key, effect.parameters)
        self.emit(EffectSettled(effect.key, result.outcome))
        return result

    def drop_effect(self) -> None:
        """Forget the prepared change, if there is one: the user said no."""
        if self.tracker.effect is not None:
            self.emit(EffectSettled(self.tracker.effect.key, "dropped"))

    async def run(self, action: str) -> tuple[Event, ...]:
        """Run another action on the state as it is now and return its events, which are not appended."""
        return await self.context.run_action(action, self.tracker)


def _place_of(frame: FrameType) -> TracebackType:
    """What says that this frame is where something went wrong, for an error that is not raised."""
    return TracebackType(None, frame, frame.f_lasti, frame.f_lineno)
