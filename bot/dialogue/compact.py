"""Events as short arrays, for snapshots: a type's name and its fields in order, what is as always left out at the end.

Written and read at every turn, so that it is made for speed; `event_json` is
for the rest of the world. The order of an event's fields is part of the
format of what is stored: new fields come last and have a default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import astuple

from bot.dialogue import events as e
from bot.messages import Entity, IntentScore, Nearest, Parse, Reply

Values = Sequence[Any]


def pack(event: e.Event) -> list[Any]:
    """The event as a JSON array."""
    name, spec = _KINDS[type(event)]
    if isinstance(event, e.UserUttered):
        values = _values(event, spec)
        values[0] = pack_parse(event.parse)
        return [name, *values]
    return [name, *_values(event.reply if isinstance(event, e.BotUttered) else event, spec)]


def unpack(values: Values) -> e.Event:
    """The event of a JSON array; raises ValueError where it is none."""
    try:
        return _READERS[values[0]](values[1:])
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"{values!r} is no event") from error


def pack_parse(parse: Parse) -> list[Any]:
    """A parse as a JSON array."""
    intent = parse.intent
    values: list[Any] = [
        parse.text,
        [intent.name, intent.confidence] if intent else None,
        [[score.name, score.confidence] for score in parse.ranking],
        [_values(entity, _ENTITY) for entity in parse.entities],
        parse.response_selector,
        [[near.text, near.intent, near.place, near.similarity] for near in parse.nearest],
        parse.doubt,
    ]
    while len(values) > 1 and not values[-1]:
        values.pop()
    return values


def unpack_parse(values: Values) -> Parse:
    """The parse of a JSON array."""
    text, intent, ranking, entities, selector, nearest, doubt = (*values, *_EMPTY_PARSE[len(values) :])
    return Parse(
        text,
        IntentScore(*intent) if intent else None,
        tuple([IntentScore(*score) for score in ranking]) if ranking else (),
        tuple([Entity(*entity) for entity in entities]) if entities else (),
        selector or {},
        tuple([Nearest(*near) for near in nearest]) if nearest else (),
        doubt,
    )


_EMPTY_PARSE: Final[tuple[Any, ...]] = ("", None, None, None, None, None, "")


Spec = tuple[tuple[str, Any], ...]
"""A type's fields in order, with their defaults (`_REQUIRED` where there is none)."""

_REQUIRED: Final = object()


def _spec(kind: type[Struct]) -> Spec:
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    required = len(names) - len(defaults)
    return tuple(zip(names, (*[_REQUIRED] * required, *map(_default, defaults)), strict=True))


def _default(default: Any) -> Any:
    """The value of a default, which may be a factory of it (`dict`)."""
    return default.factory() if hasattr(default, "factory") else default


def _values(source: Struct, spec: Spec) -> list[Any]:
    """The fields' values up to the last one that is not as always."""
    values = list(astuple(source))
    while values:
        last, default = values[-1], spec[len(values) - 1][1]
        if last != default or type(last) is not type(default):
            break
        values.pop()
    return values


_ENTITY: Final = _spec(Entity)
_REPLY: Final = _spec(Reply)
_REPLY_TUPLES: Final = frozenset(i for i, (_, default) in enumerate(_REPLY) if default == ())


def _unpack_user(values: Values) -> e.Event:
    parse, *more = values
    return e.UserUttered(unpack_parse(parse), *more)


def _unpack_bot(values: Values) -> e.Event:
    given: list[Any] = [tuple(v) if i in _REPLY_TUPLES else v for i, v in enumerate(values)]
    return e.BotUttered(Reply(*given))


def _unpack_reminder(values: Values) -> e.Event:
    given: list[Any] = [tuple(v) if isinstance(v, list) else v for v in values]
    return e.ReminderScheduled(*given)


def _unpack_cancel(values: Values) -> e.Event:
    given: list[Any] = [tuple(v) if isinstance(v, list) else v for v in values]
    return e.ReminderCancelled(*given)


_NAMES: Final[Mapping[type[Any], str]] = {
    e.UserUttered: "user",
    e.BotUttered: "bot",
    e.SlotSet: "slot",
    e.ActionExecuted: "action",
    e.ActionExecutionRejected: "rejected",
    e.ActionFailed: "failed",
    e.SessionStarted: "session",
    e.ActiveLoop: "loop",
    e.LoopInterrupted: "interrupted",
    e.FollowupAction: "followup",
    e.Restarted: "restart",
    e.AllSlotsReset: "reset",
    e.ConversationPaused: "pause",
    e.ConversationResumed: "resume",
    e.UserUtteranceReverted: "rewind",
    e.ActionReverted: "undo",
    e.StoryExported: "export",
    e.AgentUttered: "agent",
    e.ReminderScheduled: "reminder",
    e.ReminderCancelled: "cancel",
    e.EntitiesAdded: "entities",
    e.UserFeaturization: "featurization",
    e.EffectPrepared: "effect",
    e.EffectSettled: "settled",
}
_KINDS: Final = {kind: (name, _REPLY if kind is e.BotUttered else _spec(kind)) for kind, name in _NAMES.items()}


def _reader(kind: type[Any]) -> Callable[[Values], e.Event]:
    return lambda values: kind(*values)


_READERS: Final[Mapping[str, Callable[[Values], e.Event]]] = {
    **{name: _reader(kind) for kind, name in _NAMES.items()},
    "user": _unpack_user,
    "bot": _unpack_bot,
    "reminder": _unpack_reminder,
    "cancel": _unpack_cancel,
    "entities": lambda values: e.EntitiesAdded(*[tuple(v) for v in values]),
}
