"""The plugin author's view: the turn that an action reads, and the methods that append events to it."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import FrameType, TracebackType
from typing import Any, Protocol, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import asdict, replace

from bot.actions.unknown import Slip, UnfilledPlaceholder, UnknownEffect, UnknownResponse, UnknownSlot
from bot.content import Domain
from bot.content.names import DEFAULT_SLOTS
from bot.dialogue.effects import EffectError, EffectResult
from bot.dialogue.events import BotUttered, EffectPrepared, EffectSettled, Event, SlotSet
from bot.dialogue.evolve import evolve
from bot.dialogue.responses import choose_response
from bot.dialogue.slots import typed
from bot.dialogue.times import Times
from bot.dialogue.tracker import Tracker
from bot.encoding import copied
from bot.errors import PluginError
from bot.messages import Customer, Reply, UserMessage
from bot.sources import Chance

T = TypeVar("T")

Action: TypeAlias = Callable[["Turn"], Awaitable[None]]
"""An action: `async def run(turn: Turn) -> None`."""

_NO_PARTS = asdict(Reply())


class Resources:
    """Values by name that plugins open for the life of the bot and actions use; each name is provided once."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def provide(self, name: str, value: object) -> None:
        """Offer `value` under `name`; raises PluginError when the name is taken."""
        if name in self._values:
            raise PluginError(f"the resource {name!r} is provided twice; let one plugin provide it")
        self._values[name] = value

    def get(self, name: str, kind: type[T]) -> T:
        """The value under `name`; raises PluginError if there is none or it is not a `kind`."""
        if name not in self._values:
            raise PluginError(f"nothing provides the resource {name!r}; is the plugin that opens it loaded?")
        value = self._values[name]
        if not isinstance(value, kind):
            raise PluginError(f"the resource {name!r} is a {type(value).__name__}, not a {kind.__name__}")
        return value

    def find(self, name: str, kind: type[T]) -> T | None:
        """The value under `name`, or None if nothing provides it."""
        return self.get(name, kind) if name in self._values else None


class RunAction(Protocol):
    """Runs another action on a tracker inside the same turn and returns its events."""

    def __call__(self, name: str, tracker: Tracker) -> Awaitable[tuple[Event, ...]]:
        """Run action `name`; raises whatever it raises."""


class TurnContext(Struct, frozen=True):
    """What all actions of one turn share.

    `report` gets an action that failed without ending this one (its name and the error), and `warn` a mistake in this
    one. `effects` are the kinds of outside changes that plugins offer, None if unknown. `times` are the times of the
    events before this turn. `before` is the conversation before the message, only to be read. `channel` is where
    replies go, empty for the message's own channel.
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
    effects: Collection[str] | None = None
    report: Callable[[str, BaseException], None] = lambda action, error: None
    warn: Callable[[BaseException], None] = lambda slip: None
    times: Times = ()
    before: Tracker = Tracker()
    channel: str = ""


class Turn:
    """One action's view of the turn.

    An action reads `tracker`, `message`, `customer`, `now` (UTC) and `resources`,
    and appends events with `say`, `set` and `emit`. `tracker` already includes
    the appended events. If the action raises, they are dropped.
    """

    def __init__(self, tracker: Tracker, context: TurnContext) -> None:
        self.tracker = tracker
        self.context = context
        self._events: list[Event] = []

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that this action has appended so far."""
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
    def channel(self) -> str:
        """Where replies go: the message's channel, or the one last used if nobody sent a message (a reminder)."""
        return self.context.channel or self.context.message.channel

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
        """The resources that the plugins' lifespans opened."""
        return self.context.resources

    def slot(self, name: str) -> Any:
        """The slot's current value, None if it has none. A slot that the domain lacks is logged.

        A list or dict is a copy: changing it changes nothing until it is `set`.
        """
        return self._slot_of(self.tracker, name)

    def slot_before(self, name: str) -> Any:
        """The slot's value when the message arrived, however long ago it was set; None if it had none.

        Values filled from the message itself or set by this turn's actions do not count. A slot that the domain lacks
        is logged.
        """
        return self._slot_of(self.context.before, name)

    def emit(self, event: Event) -> None:
        """Append any event."""
        self._events.append(event)
        self.tracker = evolve(event, self.tracker)

    def set(self, slot: str, value: Any) -> None:
        """Set a slot; None empties it. In a slot of type list, a value that is not a list becomes a list of one.

        A slot that the domain lacks is still set, and logged.
        """
        known = self.context.domain.slots.get(slot)
        if known is not None:
            value = typed(known, value)
        elif slot not in DEFAULT_SLOTS:
            self._warn(UnknownSlot(slot, self.domain), sys._getframe(1))
        self.emit(SlotSet(slot, value))

    def say(
        self, response: str, *, buttons: Sequence[Mapping[str, Any]] = (), custom: Any = None, **values: Any
    ) -> None:
        """Say a response of the domain, filled from `values` first and slots second.

        `buttons` (`title`, `payload`) are added to the response's own; `custom`, a structured payload such as a table,
        replaces its own. If no variation applies now (because of its channel or condition), nothing is said. Raises
        UnknownResponse for a response that the domain lacks, so that a typo never goes unnoticed. A `{name}` that
        nothing fills is logged.
        """
        here = sys._getframe(1)
        reply = reply_of(self, response, values, lambda slip: self._warn(slip, here))
        if reply is None:
            return
        if buttons or custom is not None:
            reply = joined(reply, Reply(buttons=tuple(buttons), custom=custom))
        self.emit(BotUttered(reply))

    def say_text(self, text: str, *, buttons: Sequence[Mapping[str, Any]] = (), custom: Any = None) -> None:
        """Say a text as it is, with optional buttons (`title`, `payload`) and a structured payload."""
        self.emit(BotUttered(Reply(text=text, buttons=tuple(buttons), custom=custom)))

    def prepare(self, kind: str, parameters: Mapping[str, Any]) -> None:
        """Record an outside change before asking the user to confirm it; from now on one key identifies it.

        Raises EffectError for a kind that no plugin offers.
        """
        offered = self.context.effects
        if offered is not None and kind not in offered:
            raise UnknownEffect(kind, offered)
        self.emit(EffectPrepared(kind, self.context.new_id(), dict(parameters)))

    async def spend(self) -> EffectResult:
        """Make the prepared change, once; a repeated call returns the first one's result.

        Raises EffectError if nothing was prepared.
        """
        effect = self.tracker.effect
        if effect is None:
            raise EffectError("nothing was prepared; call turn.prepare before asking for confirmation")
        if self.context.spend is None:
            raise EffectError("this turn cannot make changes; in a test, pass `spend=SpentEffects()` to make_turn")
        result = await self.context.spend(self.message.conversation, effect.kind, effect.key, effect.parameters)
        self.emit(EffectSettled(effect.key, result.outcome))
        return result

    def drop_effect(self) -> None:
        """Forget the prepared change, if there is one, because the user said no."""
        if self.tracker.effect is not None:
            self.emit(EffectSettled(self.tracker.effect.key, "dropped"))

    async def run(self, action: str) -> tuple[Event, ...]:
        """Run another action on the current state and return its events, which are not appended."""
        return await self.context.run_action(action, self.tracker)

    def _slot_of(self, tracker: Tracker, name: str) -> Any:
        value = tracker.slots.get(name)
        if value is None and name not in self.context.domain.slots and name not in DEFAULT_SLOTS:
            self._warn(UnknownSlot(name, self.domain), sys._getframe(2))
        return copied(value) if isinstance(value, (dict, list)) else value

    def _warn(self, slip: Slip, frame: FrameType) -> None:
        """Report a slip at the frame's current line."""
        self.context.warn(slip.with_traceback(_place_of(frame)))


def reply_of(turn: Turn, response: str, values: Mapping[str, Any], warn: Callable[[Slip], None]) -> Reply | None:
    """The reply for a response, filled from `values` first and slots second; None if no variation applies now.

    `warn` is called for each `{name}` that nothing fills. Raises UnknownResponse for a response that the domain lacks.
    """
    reply = choose_response(
        turn.domain,
        response,
        turn.tracker,
        channel=turn.channel,
        random=turn.context.random,
        values=values,
        unfilled=lambda name: warn(UnfilledPlaceholder(response, name, {*values, *turn.tracker.slots})),
    )
    if reply is None and response not in turn.domain.responses:
        raise UnknownResponse(response, turn.domain)
    return reply


def joined(reply: Reply, added: Reply) -> Reply:
    """The reply with the buttons of `added` after its own, and the other parts of `added` in place of its own."""
    parts = {name: value for name, value in asdict(added).items() if value != _NO_PARTS[name]}
    return replace(reply, **parts | {"buttons": (*reply.buttons, *added.buttons)})


def _place_of(frame: FrameType) -> TracebackType:
    """A traceback that points to this frame, for an error that is not raised."""
    return TracebackType(None, frame, frame.f_lasti, frame.f_lineno)
