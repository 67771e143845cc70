"""Events as Rasa's JSON, and back: what action servers, trackers' readers and snapshots exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from bot.dialogue import events as e
from bot.messages import Entity, IntentScore, JsonObject, Nearest, Parse, Reply

Fields: TypeAlias = dict[str, Any]


def event_to_json(event: e.Event, timestamp: float | None = None) -> Fields:
    """The event as Rasa writes it; `timestamp` in seconds since 1970 (UTC)."""
    name, fields = _WRITERS[type(event)]
    return {"event": name, "timestamp": timestamp, **fields(event)}


def event_from_json(data: JsonObject) -> e.Event:
    """The event of Rasa's JSON, its timestamp left out; raises ValueError where it is no event."""
    reader = _READERS.get(str(data.get("event")))
    if reader is None:
        raise ValueError(f"there is no event of type {data.get('event')!r}")
    try:
        return reader(data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the {data['event']!r} event lacks or misshapes {error}") from error


def parse_to_json(parse: Parse) -> Fields:
    """A parse as Rasa's `parse_data`."""
    data: Fields = {
        "text": parse.text,
        "intent": _intent_to_json(parse.intent) if parse.intent else {"name": None, "confidence": 0.0},
        "entities": [entity_to_json(entity) for entity in parse.entities],
        "intent_ranking": [_intent_to_json(score) for score in parse.ranking],
    }
    if parse.response_selector:
        data["response_selector"] = parse.response_selector
    if parse.nearest:
        data["nearest"] = [
            {"text": n.text, "intent": n.intent, "place": n.place, "similarity": n.similarity} for n in parse.nearest
        ]
    return data


def parse_from_json(data: JsonObject) -> Parse:
    """A parse from Rasa's `parse_data`."""
    intent = data.get("intent") or {}
    return Parse(
        text=data.get("text") or "",
        intent=_intent_from_json(intent) if intent.get("name") else None,
        ranking=tuple([_intent_from_json(score) for score in data.get("intent_ranking") or ()]),
        entities=tuple([entity_from_json(entity) for entity in data.get("entities") or ()]),
        response_selector=data.get("response_selector") or {},
        nearest=tuple(
            [Nearest(n["text"], n["intent"], n["place"], n["similarity"]) for n in data.get("nearest") or ()]
        ),
    )


def entity_to_json(entity: Entity) -> Fields:
    """An entity as Rasa writes it; what it lacks is left out."""
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
    get = data.get
    return Entity(
        data["entity"],
        get("value"),
        get("start") or 0,
        get("end") or 0,
        get("role"),
        get("group"),
        get("extractor") or "",
        get("confidence_entity"),
        get("additional_info"),
    )


def _intent_to_json(score: IntentScore) -> Fields:
    return {"name": score.name, "confidence": score.confidence}


def _intent_from_json(data: JsonObject) -> IntentScore:
    return IntentScore(data["name"], data.get("confidence", 1.0))


# --- messages ----------------------------------------------------------------


def _user(event: e.UserUttered) -> Fields:
    parse = parse_to_json(event.parse)
    return {
        "text": event.parse.text,
        "parse_data": parse | {"message_id": event.message_id or None, "metadata": event.metadata},
        "input_channel": event.channel or None,
        "message_id": event.message_id or None,
        "metadata": event.metadata,
    }


def _user_from(data: JsonObject) -> e.UserUttered:
    parse = {"text": data.get("text"), **(data.get("parse_data") or {})}
    return e.UserUttered(
        parse_from_json(parse),
        data.get("message_id") or "",
        data.get("input_channel") or "",
        data.get("metadata") or {},
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
    parts = data.get("data") or {}
    metadata = dict(data.get("metadata") or {})
    response = metadata.pop("utter_action", None)
    return e.BotUttered(
        Reply(
            text=data.get("text"),
            buttons=tuple(parts.get("buttons") or ()),
            quick_replies=tuple(parts.get("quick_replies") or ()),
            elements=tuple(parts.get("elements") or ()),
            image=parts.get("image"),
            attachment=parts.get("attachment"),
            custom=parts.get("custom"),
            metadata=metadata,
            response=response,
        )
    )


# --- actions -----------------------------------------------------------------


def _action(event: e.ActionExecuted) -> Fields:
    return {
        "name": event.name,
        "policy": event.policy,
        "confidence": event.confidence,
        "action_text": event.action_text,
        "hide_rule_turn": event.hide_rule_turn,
    }


def _action_from(data: JsonObject) -> e.ActionExecuted:
    text = data.get("action_text")
    return e.ActionExecuted(
        data.get("name") or text or "",
        data.get("policy"),
        data.get("confidence"),
        bool(data.get("hide_rule_turn")),
        text,
    )


def _rejected(event: e.ActionExecutionRejected) -> Fields:
    return {"name": event.name, "policy": event.policy, "confidence": event.confidence}


def _rejected_from(data: JsonObject) -> e.ActionExecutionRejected:
    return e.ActionExecutionRejected(data["name"], data.get("policy"), data.get("confidence"))


# --- reminders ---------------------------------------------------------------


def _reminder(event: e.ReminderScheduled) -> Fields:
    return {
        "intent": event.intent,
        "entities": list(event.entities) or None,
        "date_time": event.at,
        "name": event.name,
        "kill_on_user_msg": event.kill_on_user_message,
    }


def _reminder_from(data: JsonObject) -> e.ReminderScheduled:
    return e.ReminderScheduled(
        data["intent"],
        data["date_time"],
        data.get("name") or "",
        tuple(_entity_maps(data.get("entities"))),
        bool(data.get("kill_on_user_msg", True)),
    )


def _cancel(event: e.ReminderCancelled) -> Fields:
    entities = None if event.entities is None else list(event.entities)
    return {"name": event.name, "intent": event.intent, "entities": entities}


def _cancel_from(data: JsonObject) -> e.ReminderCancelled:
    entities = data.get("entities")
    found = None if entities is None else tuple(_entity_maps(entities))
    return e.ReminderCancelled(data.get("name"), data.get("intent"), found)


def _entity_maps(entities: Any) -> list[Mapping[str, Any]]:
    """Entities as Rasa takes them for reminders: a list of them, or a mapping from entity to value."""
    if isinstance(entities, Mapping):
        return [{"entity": name, "value": value} for name, value in entities.items()]
    return list(entities or ())


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
    "slot": lambda d: e.SlotSet(d["name"], d.get("value")),
    "action": _action_from,
    "action_execution_rejected": _rejected_from,
    "action_failed": lambda d: e.ActionFailed(d["name"], d["kind"]),
    "session_started": lambda d: e.SessionStarted((d.get("metadata") or {}).get("initial_slots") or {}),
    "active_loop": lambda d: e.ActiveLoop(d.get("name")),
    "form": lambda d: e.ActiveLoop(d.get("name")),  # the names of Rasa 1
    "loop_interrupted": lambda d: e.LoopInterrupted(bool(d["is_interrupted"])),
    "form_validation": lambda d: e.LoopInterrupted(not d["validate"]),
    "followup": lambda d: e.FollowupAction(d["name"]),
    "restart": lambda d: e.Restarted(),
    "reset_slots": lambda d: e.AllSlotsReset(),
    "pause": lambda d: e.ConversationPaused(),
    "resume": lambda d: e.ConversationResumed(),
    "rewind": lambda d: e.UserUtteranceReverted(),
    "undo": lambda d: e.ActionReverted(),
    "export": lambda d: e.StoryExported(),
    "agent": lambda d: e.AgentUttered(d.get("text"), d.get("data") or {}),
    "reminder": _reminder_from,
    "cancel_reminder": _cancel_from,
    "entities": lambda d: e.EntitiesAdded(tuple(d.get("entities") or ())),
    "user_featurization": lambda d: e.UserFeaturization(bool(d.get("use_text_for_featurization"))),
    "effect_prepared": lambda d: e.EffectPrepared(d["kind"], d["key"], d["parameters"]),
    "effect_settled": lambda d: e.EffectSettled(d["key"], d["outcome"]),
}
