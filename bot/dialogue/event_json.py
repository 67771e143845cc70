"""Events to and from Rasa's JSON, as exchanged with action servers and clients that read trackers or send events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from msgspec.structs import astuple, replace

from bot.dialogue import events as e
from bot.dialogue.fields import mapping, mappings, number, optional_text, text, whole
from bot.encoding import fingerprint, round_trip
from bot.messages import DOUBTS, Entity, IntentScore, JsonObject, Nearest, Parse, Reply

Fields: TypeAlias = dict[str, Any]


def event_types() -> list[str]:
    """The names of all events that `event_from_json` reads."""
    return sorted(_READERS)


def event_to_json(event: e.Event, timestamp: float | None = None) -> Fields:
    """The event as Rasa writes it; `timestamp` in seconds since 1970 (UTC)."""
    name, fields = _WRITERS[type(event)]
    return {"event": name, "timestamp": timestamp, **fields(event)}


def event_from_json(data: JsonObject) -> e.Event:
    """Read an event from Rasa's JSON, without its timestamp; raises ValueError if it is not a valid event.

    Every field is checked, and also that the store can save the event: a name
    that is not a text would stay in the conversation, and each later message
    would fail on it.
    """
    reader = _READERS.get(str(data.get("event")))
    if reader is None:
        raise ValueError(f"there is no event of type {data.get('event')!r}")
    try:
        return _as_stored(reader(data))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"the {data['event']!r} event has a missing or invalid field: {error}") from error


_as_stored: Callable[[e.Event], e.Event] = round_trip(e.Event)  # type: ignore[arg-type] # a union is not a class


def parse_to_json(parse: Parse) -> Fields:
    """A parse as Rasa's `parse_data`."""
    best = parse.intent
    data: Fields = {
        "text": parse.text,
        "intent": {"name": best.name, "confidence": best.confidence} if best else {"name": None, "confidence": 0.0},
        "entities": [entity_to_json(entity) for entity in parse.entities],
        "intent_ranking": [{"name": score.name, "confidence": score.confidence} for score in parse.ranking],
    }
    if parse.response_selector:
        data["response_selector"] = parse.response_selector
    if parse.nearest:
        data["nearest"] = [
            {"text": n.text, "intent": n.intent, "place": n.place, "similarity": n.similarity} for n in parse.nearest
        ]
    if parse.doubt:
        data["doubt"] = parse.doubt
    return data


def parse_from_json(data: JsonObject) -> Parse:
    """A parse from Rasa's `parse_data`."""
    intent = mapping(data, "intent")
    return Parse(
        text=optional_text(data, "text") or "",
        intent=_intent_from_json(intent) if intent.get("name") else None,
        ranking=tuple([_intent_from_json(score) for score in data.get("intent_ranking") or ()]),
        entities=tuple([entity_from_json(entity) for entity in data.get("entities") or ()]),
        response_selector=mapping(data, "response_selector"),
        nearest=tuple(
            [Nearest(n["text"], n["intent"], n["place"], n["similarity"]) for n in data.get("nearest") or ()]
        ),
        doubt=data["doubt"] if data.get("doubt") in DOUBTS else "",
    )


def entity_to_json(entity: Entity) -> Fields:
    """An entity as Rasa writes it, without fields that it lacks."""
    optional = {
        "role": entity.role,
        "group": entity.group,
        "extractor": entity.extractor or None,
        "confidence_entity": entity.confidence,
        "additional_info": entity.details,
    }
    data = {"entity": entity.entity, "start": entity.start, "end": entity.end, "value": entity.value}
    return data | {key: value for key, value in optional.items() if value is not None}


def entity_from_json(data: JsonObject) -> Entity:
    """An entity of Rasa's JSON."""
    return Entity(
        text(data, "entity"),
        data.get("value"),
        whole(data, "start"),
        whole(data, "end"),
        optional_text(data, "role"),
        optional_text(data, "group"),
        optional_text(data, "extractor") or "",
        number(data, "confidence_entity"),
        data.get("additional_info"),
    )


def _intent_from_json(data: JsonObject) -> IntentScore:
    confidence = number(data, "confidence")
    return IntentScore(text(data, "name"), 1.0 if confidence is None else confidence)


# --- messages ----------------------------------------------------------------


def _user(event: e.UserUttered) -> Fields:
    parse = parse_to_json(event.parse)
    parse |= {"message_id": event.message_id or None, "metadata": event.metadata}
    return {
        "text": event.parse.text,
        "parse_data": parse,
        "input_channel": event.channel or None,
        "message_id": event.message_id or None,
        "metadata": event.metadata,
    }


def _user_from(data: JsonObject) -> e.UserUttered:
    parse = {"text": data.get("text"), **mapping(data, "parse_data")}
    return e.UserUttered(
        parse_from_json(parse),
        optional_text(data, "message_id") or "",
        optional_text(data, "input_channel") or "",
        mapping(data, "metadata"),
    )


_BOT_DATA: Final = ("elements", "quick_replies", "buttons", "attachment", "image", "custom")


def _bot(event: e.BotUttered) -> Fields:
    reply = event.reply
    metadata = dict(reply.metadata)
    if reply.response:
        metadata["utter_action"] = reply.response
    return {
        "text": reply.text,
        "data": {key: getattr(reply, key) or None for key in _BOT_DATA},
        "metadata": metadata,
    }


def _bot_from(data: JsonObject) -> e.BotUttered:
    parts = mapping(data, "data")
    metadata = dict(mapping(data, "metadata"))
    response = optional_text(metadata, "utter_action")
    metadata.pop("utter_action", None)
    return e.BotUttered(
        Reply(
            text=optional_text(data, "text"),
            buttons=mappings(parts, "buttons"),
            quick_replies=mappings(parts, "quick_replies"),
            elements=mappings(parts, "elements"),
            image=optional_text(parts, "image"),
            attachment=parts.get("attachment"),
            custom=parts.get("custom"),
            metadata=metadata,
            response=response,
        )
    )


# --- actions -----------------------------------------------------------------


def _action(event: e.ActionExecuted) -> Fields:
    return {
        "name": None if event.action_text else event.name,  # as Rasa writes texts of end-to-end stories
        "policy": event.policy,
        "confidence": event.confidence,
        "action_text": event.action_text,
        "hide_rule_turn": event.hide_rule_turn,
    }


def _action_from(data: JsonObject) -> e.ActionExecuted:
    said = optional_text(data, "action_text")
    return e.ActionExecuted(
        optional_text(data, "name") or said or "",
        optional_text(data, "policy"),
        number(data, "confidence"),
        bool(data.get("hide_rule_turn")),
        said,
    )


def _rejected(event: e.ActionExecutionRejected) -> Fields:
    return {"name": event.name, "policy": event.policy, "confidence": event.confidence}


def _rejected_from(data: JsonObject) -> e.ActionExecutionRejected:
    return e.ActionExecutionRejected(text(data, "name"), optional_text(data, "policy"), number(data, "confidence"))


# --- reminders ---------------------------------------------------------------


def _reminder(event: e.ReminderScheduled) -> Fields:
    return {
        "intent": event.intent,
        "entities": list(event.entities) or None,
        "date_time": _time_with_zone(event.at),
        "name": event.name,
        "kill_on_user_msg": event.kill_on_user_message,
    }


def _reminder_from(data: JsonObject) -> e.ReminderScheduled:
    name = optional_text(data, "name")
    reminder = e.ReminderScheduled(
        text(data, "intent"),
        _stored_time(text(data, "date_time")),
        name or "",
        _reminder_entities(data),
        bool(data.get("kill_on_user_msg", True)),
    )
    # A reminder without a name replaces no other. Its name is a hash of it, so that a recomputed turn gives the same.
    return reminder if name is not None else replace(reminder, name=fingerprint(astuple(reminder)))


def _stored_time(at: str) -> str:
    """A reminder's time as we store it. One without a time zone is in this machine's, as for Rasa's scheduler."""
    time = datetime.fromisoformat(at)  # raises ValueError if it is not a time
    try:
        utc = time.astimezone(UTC).isoformat()
    except (OverflowError, ValueError) as error:  # in the first or last year; which type varies between Pythons
        raise ValueError(f"the time {at}") from error
    return at if time.tzinfo else utc


def _time_with_zone(at: str) -> str:
    """A reminder's time for others: stored times without a time zone are in UTC."""
    time = datetime.fromisoformat(at)
    return at if time.tzinfo else time.replace(tzinfo=UTC).isoformat()


def _cancel(event: e.ReminderCancelled) -> Fields:
    entities = None if event.entities is None else list(event.entities)
    return {"name": event.name, "intent": event.intent, "entities": entities}


def _cancel_from(data: JsonObject) -> e.ReminderCancelled:
    entities = None if data.get("entities") is None else _reminder_entities(data)
    return e.ReminderCancelled(optional_text(data, "name"), optional_text(data, "intent"), entities)


def _reminder_entities(data: JsonObject) -> tuple[JsonObject, ...]:
    """Entities as Rasa accepts them for reminders: a list, or a mapping from entity to value."""
    entities = data.get("entities")
    if isinstance(entities, Mapping):
        return tuple([{"entity": name, "value": value} for name, value in entities.items()])
    return _entities(data)


def _entities(data: JsonObject) -> tuple[JsonObject, ...]:
    """The entities as given; raises if one of them cannot be read."""
    entities = mappings(data, "entities")
    for entity in entities:
        entity_from_json(entity)
    return entities


# --- all of them -------------------------------------------------------------

_Writer: TypeAlias = Callable[[Any], Fields]
_Reader: TypeAlias = Callable[[JsonObject], e.Event]


def _nothing(event: e.Event) -> Fields:
    return {}


def _session(event: e.SessionStarted) -> Fields:
    return {"metadata": {"initial_slots": dict(event.initial_slots)}} if event.initial_slots else {}


_WRITERS: Final[Mapping[type, tuple[str, _Writer]]] = {
    e.UserUttered: ("user", _user),
    e.BotUttered: ("bot", _bot),
    e.SlotSet: ("slot", lambda x: {"name": x.name, "value": x.value}),
    e.ActionExecuted: ("action", _action),
    e.ActionExecutionRejected: ("action_execution_rejected", _rejected),
    e.ActionFailed: ("action_failed", lambda x: {"name": x.name, "kind": x.kind}),
    e.SessionStarted: ("session_started", _session),
    e.ActiveLoop: ("active_loop", lambda x: {"name": x.name}),
    e.LoopInterrupted: ("loop_interrupted", lambda x: {"is_interrupted": x.is_interrupted}),
    e.FollowupAction: ("followup", lambda x: {"name": x.name}),
    e.Restarted: ("restart", _nothing),
    e.AllSlotsReset: ("reset_slots", _nothing),
    e.ConversationPaused: ("pause", _nothing),
    e.ConversationResumed: ("resume", _nothing),
    e.UserUtteranceReverted: ("rewind", _nothing),
    e.ActionReverted: ("undo", _nothing),
    e.StoryExported: ("export", _nothing),
    e.AgentUttered: ("agent", lambda x: {"text": x.text, "data": x.data}),
    e.ReminderScheduled: ("reminder", _reminder),
    e.ReminderCancelled: ("cancel_reminder", _cancel),
    e.EntitiesAdded: ("entities", lambda x: {"entities": list(x.entities)}),
    e.UserFeaturization: ("user_featurization", lambda x: {"use_text_for_featurization": x.use_text}),
    e.EffectPrepared: ("effect_prepared", lambda x: {"kind": x.kind, "key": x.key, "parameters": x.parameters}),
    e.EffectSettled: ("effect_settled", lambda x: {"key": x.key, "outcome": x.outcome}),
}

_READERS: Final[Mapping[str, _Reader]] = {
    "user": _user_from,
    "bot": _bot_from,
    "slot": lambda d: e.SlotSet(text(d, "name"), d.get("value")),
    "action": _action_from,
    "action_execution_rejected": _rejected_from,
    "action_failed": lambda d: e.ActionFailed(text(d, "name"), text(d, "kind")),
    "session_started": lambda d: e.SessionStarted(mapping(mapping(d, "metadata"), "initial_slots")),
    "active_loop": lambda d: e.ActiveLoop(optional_text(d, "name")),
    "form": lambda d: e.ActiveLoop(optional_text(d, "name")),  # Rasa 1's names
    "loop_interrupted": lambda d: e.LoopInterrupted(bool(d["is_interrupted"])),
    "form_validation": lambda d: e.LoopInterrupted(not d["validate"]),
    "followup": lambda d: e.FollowupAction(text(d, "name")),
    "restart": lambda d: e.Restarted(),
    "reset_slots": lambda d: e.AllSlotsReset(),
    "pause": lambda d: e.ConversationPaused(),
    "resume": lambda d: e.ConversationResumed(),
    "rewind": lambda d: e.UserUtteranceReverted(),
    "undo": lambda d: e.ActionReverted(),
    "export": lambda d: e.StoryExported(),
    "agent": lambda d: e.AgentUttered(optional_text(d, "text"), mapping(d, "data")),
    "reminder": _reminder_from,
    "cancel_reminder": _cancel_from,
    "entities": lambda d: e.EntitiesAdded(_entities(d)),
    "user_featurization": lambda d: e.UserFeaturization(bool(d.get("use_text_for_featurization"))),
    "effect_prepared": lambda d: e.EffectPrepared(text(d, "kind"), text(d, "key"), mapping(d, "parameters")),
    "effect_settled": lambda d: e.EffectSettled(text(d, "key"), text(d, "outcome")),
}
