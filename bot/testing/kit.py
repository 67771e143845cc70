"""A kit to test one action, or another part of a plugin: create by hand what it is given, and look at what it did.

    turn = make_turn("what's my balance?", intent="ask_balance", domain=domain, customer=CUSTOMER)
    await run_action(turn, run)
    assert texts(turn) == ["Your current account has £10.00."]
    assert SlotSet("question", ...) in turn.events

Nothing here needs a server, a store or a trained model. What would be an error
or a log line in a bot fails the test: `run_action` applies the bot's rules, and
with a domain that has slots (`load_domain`), an unknown slot is an error.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from bot.actions.turn import Action, Resources, Turn, TurnContext
from bot.actions.unknown import UnknownSlot
from bot.config import Limits, Settings
from bot.content import Domain, Variation
from bot.dialogue.effects import EffectResult
from bot.dialogue.events import ActionExecuted, BotUttered, Event, SlotSet, UserUttered
from bot.dialogue.evolve import evolve_all
from bot.dialogue.slots import initial_slots
from bot.dialogue.tracker import Tracker
from bot.engine.codec import storable
from bot.engine.deadline import held_up
from bot.engine.record import Step, TurnRecord
from bot.engine.running import run_alone
from bot.errors import ContentError
from bot.messages import Customer, Entity, IntentScore, JsonObject, Parse, Principal, Reply, UserMessage
from bot.plugins import Startup
from bot.reading import read_project
from bot.sources import Chance, Sources

NOW: Final = datetime(2026, 11, 3, 10, 0, tzinfo=UTC)
"""The default time of turns created by hand."""

CUSTOMER: Final = Customer("customer-1", "cust-1")
"""A customer to log in as."""

_NEEDS_WHOLE_BOT: Final = frozenset({"unknown-action", "unset-variable"})
"""Errors that can only be found knowing the project's actions or the environment that it runs in."""

Spend = Callable[[str, str, str, Mapping[str, Any]], Awaitable[EffectResult]]


def make_domain(responses: Mapping[str, str]) -> Domain:
    """Return a domain with these responses, each with one text."""
    return Domain(responses={name: (Variation(text=text),) for name, text in responses.items()})


def load_domain(project: Path | str = ".") -> Domain:
    """Return the domain of the project in this folder. Raises ContentError if the project's files have errors."""
    result = read_project(Path(project))
    if errors := [error for error in result.errors if error.code not in _NEEDS_WHOLE_BOT]:
        raise ContentError(errors)
    return result.content.domain


def make_parse(
    text: str, *, intent: str | None = None, confidence: float = 1.0, ranking: Sequence[str] = (), entities: Any = ()
) -> Parse:
    """Return a parse as the matcher might return it for `text`; `ranking` names intents, best first."""
    scores = tuple(IntentScore(name, confidence / rank) for rank, name in enumerate(ranking, 1))
    if intent:
        best = IntentScore(intent, confidence)
        return Parse(text, best, scores or (best,), tuple(entities))
    return Parse(text, scores[0] if scores else None, scores, tuple(entities))


def make_entity(text: str, part: str, entity: str, value: Any = None, **more: Any) -> Entity:
    """Return the entity at the first `part` in `text`; its value defaults to `part`.

    Raises ValueError if `part` is not in `text`.
    """
    start = text.index(part)
    return Entity(entity, part if value is None else value, start, start + len(part), **more)


class SpentEffects(Struct):
    """A fake of the engine's journal: answers every effect with `result`, and records what it was asked to spend."""

    result: EffectResult = field(default_factory=lambda: EffectResult("done"))
    spent: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)

    async def __call__(self, conversation: str, kind: str, key: str, parameters: Mapping[str, Any]) -> EffectResult:
        """Record kind, key and parameters, and return `result`."""
        self.spent.append((kind, key, parameters))
        return self.result


def make_turn(
    message: str | Parse = "",
    *,
    intent: str | None = None,
    entities: Iterable[Entity] = (),
    slots: Mapping[str, Any] | None = None,
    filled: Mapping[str, Any] | None = None,
    before: Iterable[Event] = (),
    customer: Customer | None = None,
    domain: Domain | None = None,
    now: datetime = NOW,
    resources: Mapping[str, object] | None = None,
    actions: Mapping[str, Action] | None = None,
    spend: Spend | None = None,
    channel: str = "rest",
    metadata: JsonObject | None = None,
    seed: int = 0,
) -> Turn:
    """Return a turn that an action can be run on.

    `message` is what the user said, as text or parsed. The conversation begins with the initial values of the domain's
    slots; `before` are its earlier events, `slots` are set before the message arrives, and `filled` are those that the
    message itself fills, as a form's or a mapping's would be. `resources` are what lifespans would have opened, by
    name; `actions` are those that `turn.run` finds. `spend` is called by `turn.spend`: pass a SpentEffects. `metadata`
    are the message's: for an effect's `settled_action`, its outcome, under `effect`.
    """
    parse = message if isinstance(message, Parse) else make_parse(message, intent=intent, entities=entities)
    principal = Principal("customer", f"customer:{customer.id}", customer) if customer else Principal("key", "key:test")
    user_message = UserMessage(
        parse.text, "conversation-1", "message-1", now, principal, channel, metadata=metadata or {}
    )
    domain = domain or Domain()
    initial = initial_slots(domain)
    start = Tracker("conversation-1", initial, initial_slots=initial)
    tracker = evolve_all([*before, *_set(slots)], replace(start, base=start))
    context = _context(user_message, domain, spend, seed, resources, tracker)
    said = UserUttered(parse, "message-1", channel, user_message.metadata)
    turn = Turn(evolve_all([said, *_set(filled)], tracker), context)
    return _with_actions(turn, actions) if actions else turn


async def run_action(turn: Turn, action: Action) -> None:
    """Run an action on the turn under the bot's rules; what it appended is in `turn.events`.

    Raises what the action raises and what a bot would log: TypeError if it returns something, ValueError for events
    that cannot be stored, TimeoutError if it takes longer than the default `limits.action_seconds` or blocks the event
    loop.
    """
    await run_alone(action, turn, Limits().action_seconds, _holds_up)


def _holds_up(seconds: float) -> None:
    raise held_up(seconds)


def replies(turn: Turn) -> list[Reply]:
    """Return what the action said, in order; raises ValueError if its events cannot be stored, as a bot does."""
    return [event.reply for event in storable(turn.events) if isinstance(event, BotUttered)]


def texts(turn: Turn) -> list[str]:
    """Return the texts that the action said, in order; raises ValueError as `replies` does."""
    return [reply.text for reply in replies(turn) if reply.text is not None]


def make_startup(
    *,
    channels: Mapping[str, Mapping[str, Any]] | None = None,
    plugin_settings: Mapping[str, Any] | None = None,
    resources: Mapping[str, object] | None = None,
    now: datetime = NOW,
    testing: bool = False,
) -> Startup:
    """Return what the class of a channel or observer, or a lifespan, is given.

    `channels` are the entries of credentials.yml and `plugin_settings` the sections of config.yml, by name;
    `resources` are what lifespans would have opened. `now` is the time of `startup.sources`. Customers, checks and
    announcements are accepted and ignored; what a lifespan provides and offers is in `resources` and `effects`.
    """
    return Startup(
        settings=Settings(channels=channels or {}, plugin_settings=plugin_settings or {}),
        resources=_resources(resources),
        sources=Sources(now=lambda: now),
        add_customer=_add_nobody,
        announce=lambda line: None,
        add_check=lambda name, check: None,
        testing=testing,
    )


def make_record(turn: Turn, *actions: str) -> TurnRecord:
    """Return the record of a turn that ended like this one, as observers get it; `actions` are the names of what ran.

    Its events are the message, those actions and what was appended to the turn.
    """
    message = turn.message
    said = UserUttered(
        turn.tracker.parse or make_parse(message.text), message.message_id, message.channel, message.metadata
    )
    ran = (ActionExecuted(name, _POLICY, 1.0) for name in actions)
    steps = tuple(Step(name, _POLICY, 1.0, because=(), seconds=0.0) for name in actions)
    return TurnRecord(1, message, (said, *ran, *turn.events), steps, turn.now, seed=0, content="")


_POLICY: Final = "RulePolicy"


async def _add_nobody(account_number: str, code: str, bank_customer_id: str) -> None:
    """Do nothing: there is no store."""


def _set(slots: Mapping[str, Any] | None) -> list[Event]:
    return [SlotSet(name, value) for name, value in (slots or {}).items()]


def _resources(given: Mapping[str, object] | None) -> Resources:
    resources = Resources()
    for name, value in (given or {}).items():
        resources.provide(name, value)
    return resources


def _context(
    message: UserMessage,
    domain: Domain,
    spend: Spend | None,
    seed: int,
    resources: Mapping[str, object] | None,
    before: Tracker,
) -> TurnContext:
    numbers = count(1)
    return TurnContext(
        message=message,
        domain=domain,
        now=message.arrived,
        random=Chance(seed),
        resources=_resources(resources),
        run_action=_no_action,
        has_action=lambda name: False,
        new_id=lambda: f"id-{next(numbers)}",
        spend=spend,
        warn=partial(_fail, domain),
        before=before,
    )


def _fail(domain: Domain, mistake: BaseException) -> None:
    """Fail the test because of a mistake; but a domain created by hand may have no slots at all."""
    if domain.slots or not isinstance(mistake, UnknownSlot):
        raise mistake


async def _no_action(name: str, tracker: Tracker) -> tuple[Event, ...]:
    raise KeyError(f"give make_turn the action {name!r} in `actions`")


def _with_actions(turn: Turn, actions: Mapping[str, Action]) -> Turn:
    """Return the turn, with these actions for `turn.run` to find."""

    async def run_action(name: str, tracker: Tracker) -> tuple[Event, ...]:
        if name not in actions:
            return await _no_action(name, tracker)
        nested = Turn(tracker, context)
        return await run_alone(actions[name], nested, Limits().action_seconds, _holds_up)

    context = replace(turn.context, run_action=run_action, has_action=actions.__contains__)
    return Turn(turn.tracker, context)
