"""The domain's sections: intents, entities, slots, responses, forms, actions and the session's configuration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.content import (
    ActionStep,
    EntityType,
    Form,
    Intent,
    MappingCondition,
    Place,
    ResponseCondition,
    SessionConfig,
    Slot,
    SlotMapping,
    UserStep,
    Variation,
)
from bot.content.suggest import did_you_mean
from bot.reading.draft import Draft
from bot.reading.holding import OF_FORMS, OF_QUESTIONS, Gap
from bot.reading.schema import load_schema
from bot.reading.tree import Map, Seq, plain

_SLOT_CLASSES = "rasa.shared.core.slots."
_VARIATION_KEYS = frozenset(
    {
        "text",
        "image",
        "buttons",
        "quick_replies",
        "elements",
        "attachment",
        "custom",
        "channel",
        "condition",
        "metadata",
        "id",
    }
)


def read_domain(file: Map, draft: Draft) -> None:
    """Read every domain section of a file into the draft."""
    is_old = str(file.get("version") or "").startswith("2")
    named = (file[key] for key in ("slots", "responses", "forms") if isinstance(file.get(key), Map))
    draft.broken.update(name for section in named for name in section.lost)
    for item, place in _placed(file, "intents"):
        _intent(item, place, draft)
    for item, place in _placed(file, "entities"):
        _entity(item, place, draft)
    for name, slot in (file.get("slots") or {}).items():
        _slot(name, slot, file["slots"].key_place(name), draft, is_old)
    for name, variations in (file.get("responses") or {}).items():
        _response(name, variations, file["responses"].key_place(name), draft)
    _forms(file, draft)
    for item, place in _placed(file, "actions"):
        _action(item, place, draft)
    draft.e2e_actions += file.get("e2e_actions") or []
    if file.get("session_config"):
        _session(file["session_config"], file.key_place("session_config"), draft)
    if file.get("config"):
        draft.store_entities_as_slots &= file["config"].get("store_entities_as_slots", True)


def _placed(file: Map, key: str) -> Any:
    items = file.get(key)
    return items.placed() if isinstance(items, Seq) else ()


def _named(item: str | Map) -> tuple[str, Map | dict[str, Any]]:
    """Return the name and the options of an item that is a name, or a name with options."""
    if isinstance(item, str):
        return item, {}
    name, options = next(iter(item.items()))
    return name, options or {}


def _names(value: Any) -> tuple[str, ...]:
    """Return one name, a list of names or nothing as a tuple of names."""
    if isinstance(value, str):
        return (value,)
    return tuple(value or ())


def _intent(item: str | Map, place: Place, draft: Draft) -> None:
    name, options = _named(item)
    use = options.get("use_entities", options.get("used_entities", True))
    only = frozenset[str](() if isinstance(use, bool) else use or ())
    intent = Intent(name, None if use is True else only, frozenset(options.get("ignore_entities") or ()), place)
    draft.add("intent", draft.intents, name, intent, place)
    if isinstance(options, Map) and options.get("triggers") is not None:  # Rasa 2's
        action = ActionStep(options["triggers"], options.place_of("triggers"))
        draft.add_rule(UserStep(name, place=place), action, options.key_place("triggers"))


def _entity(item: str | Map, place: Place, draft: Draft) -> None:
    name, options = _named(item)
    influence = bool(options.get("influence_conversation", True))
    entity = EntityType(name, _names(options.get("roles")), _names(options.get("groups")), influence, place)
    draft.add("entity", draft.entities, name, entity, place)


def _slot(name: str, item: Map, place: Place, draft: Draft, is_old: bool) -> None:
    kind, influence = _slot_type(item["type"])
    mappings = item.get("mappings")
    slot = Slot(
        name,
        kind,
        initial_value=plain(item.get("initial_value")),
        influence_conversation=bool(item.get("influence_conversation", influence)),  # empty is false, as in Rasa
        mappings=tuple(slot_mapping(m) for m in mappings or ()),
        values=tuple(item.get("values") or ()),
        min_value=float(item.get("min_value", 0.0)),
        max_value=float(item.get("max_value", 1.0)),
        place=place,
    )
    _check_keys(slot, item, draft)
    if name not in draft.slots:
        may_be_lost = "mappings" in item.lost or (mappings is not None and mappings.has_lost)
        if not mappings and not may_be_lost and not is_old:
            draft.unmapped.add(name)
        if is_old and item.get("auto_fill", True):
            draft.auto_filled.add(name)
    draft.add("slot", draft.slots, name, slot, place)


def _check_keys(slot: Slot, item: Map, draft: Draft) -> None:
    """Report keys that belong to slots of another type; a custom slot class may read any key."""
    for key, kind in (("min_value", "float"), ("max_value", "float"), ("values", "categorical")):
        if key in item and slot.type != kind and "." not in slot.type:
            message = f"The slot `{slot.name}` has `{key}`, which has no meaning for the type `{slot.type}`."
            cure = f"Write `type: {kind}`, or remove `{key}`."
            draft.report("warning", item.key_place(key), message, cure, "slot-key")
    if "." in item["type"]:
        return
    known = load_schema("content")["$defs"]["slot"]["properties"]
    for key in item:
        if key not in known and not key.startswith(("x-", "_")):
            message = f"The key `{key}` is not known in the slot `{slot.name}`; it is ignored."
            cure = did_you_mean(key, known, f"Known keys: {', '.join(known)}.")
            draft.report("warning", item.key_place(key), message, cure, "unknown-key")


def _slot_type(written: str) -> tuple[str, bool]:
    """Return Rasa's slot type, and whether it influences the conversation by default."""
    kind = written
    if written.startswith(_SLOT_CLASSES) and written.endswith("Slot"):
        kind = written.removeprefix(_SLOT_CLASSES).removesuffix("Slot").lower()
        kind = "bool" if kind == "boolean" else kind
    if kind == "unfeaturized":  # Rasa 1 and 2
        return "any", False
    return kind, kind != "any"


def slot_mapping(item: Map) -> SlotMapping:
    """Return one entry of `mappings:`."""
    return SlotMapping(
        item["type"],
        entity=item.get("entity"),
        role=item.get("role"),
        group=item.get("group"),
        intent=_names(item.get("intent")),
        not_intent=_names(item.get("not_intent")),
        value=plain(item.get("value")),
        action=item.get("action"),
        conditions=tuple(
            MappingCondition(c["active_loop"], c.get("requested_slot")) for c in item.get("conditions") or ()
        ),
        place=item.place,
    )


def _response(name: str, items: Seq, place: Place, draft: Draft) -> None:
    variations = tuple(_variation(item, place) for item, place in items.placed())
    _report_silent(name, items, variations, draft)
    _report_texts(items, draft)
    for item in items:
        if isinstance(item, Map):
            _report_extra(name, item, draft)
    draft.add("response", draft.responses, name, variations, place)


def _variation(item: str | Map, place: Place) -> Variation:
    if isinstance(item, str):
        return Variation(item, is_final="{" not in item, place=place)
    return Variation(
        text=item.get("text"),
        image=item.get("image"),
        buttons=tuple(plain(item.get("buttons") or [])),
        quick_replies=tuple(plain(item.get("quick_replies") or [])),
        elements=tuple(plain(item.get("elements") or [])),
        attachment=plain(item.get("attachment")),
        custom=plain(item.get("custom")),
        channel=item.get("channel"),
        conditions=tuple(ResponseCondition(c["name"], plain(c["value"])) for c in item.get("condition") or ()),
        metadata=plain(item["metadata"]) if isinstance(item.get("metadata"), Map) else {},
        id=item.get("id"),
        extra={key: plain(value) for key, value in item.items() if key not in _VARIATION_KEYS},
        is_final=not _has_brace(item),
        place=place,
    )


def _report_silent(name: str, items: Seq, variations: Iterable[Variation], draft: Draft) -> None:
    """Report variations that say nothing, except those with an invalid part, which may be what they should say."""
    for item, v in zip(items, variations, strict=True):
        is_whole = isinstance(item, str) or not item.lost
        parts = ((v.text or "").strip(), v.image, v.custom, v.attachment, v.buttons, v.elements, v.quick_replies)
        if is_whole and not any(parts):
            message, cure = f"A variation of `{name}` says nothing.", "Write `text:`, or remove it."
            draft.report("warning", v.place, message, cure, "empty-response")


def _report_texts(items: Seq, draft: Draft) -> None:
    """Report texts of variations and titles of buttons that are cut off."""
    for index, item in enumerate(items):
        if not isinstance(item, Map):
            draft.report_cut_off(items, index)
            continue
        for part, key in ((item, "text"), *((button, "title") for button in item.get("buttons") or ())):
            if part.get(key) is not None:
                draft.report_cut_off(part, key)


def _report_extra(name: str, item: Map, draft: Draft) -> None:
    """Report unknown keys of a variation; only an action server receives them, as in Rasa."""
    for key in item:
        if key not in _VARIATION_KEYS and key != "button_type" and not key.startswith(("x-", "_")):
            message = f"The key `{key}` is not known in this item of `{name}`; it is ignored."
            cure = did_you_mean(key, _VARIATION_KEYS, "Put data for a custom channel under `custom:`.")
            if key.startswith("utter_"):
                cure = "Remove the `- ` before it and indent it like the name above: it is a separate response."
            draft.report("warning", item.key_place(key), message, cure, "unknown-key")


def _has_brace(value: Any) -> bool:
    """Whether any text in the value may contain a `{name}`."""
    if isinstance(value, str):
        return "{" in value
    if isinstance(value, Map):
        return any(map(_has_brace, value.values()))
    return isinstance(value, Seq) and any(map(_has_brace, value))


def _forms(file: Map, draft: Draft) -> None:
    forms = file.get("forms")
    if isinstance(forms, Seq):
        for name, place in forms.placed():
            draft.add("form", draft.forms, name, Form(name, place=place), place)
        if forms.has_lost:
            draft.unread.append(Gap(forms.place, OF_FORMS))
    elif isinstance(forms, Map):
        for name, form in forms.items():
            _form(name, {} if form is None else form, forms.key_place(name), draft)


def _form(name: str, item: Map | dict[str, Any], place: Place, draft: Draft) -> None:
    """Read a form; in Rasa 2 it contains the slots' mappings, under `required_slots` or (2.0) directly."""
    is_direct = "required_slots" not in item
    if is_direct and isinstance(item, Map) and item.lost:
        draft.unread.append(Gap(place, OF_QUESTIONS))
    slots: Any = item if is_direct else item["required_slots"]
    if isinstance(slots, Seq):
        asked = list(slots.placed())
    else:
        names = (name for name in slots or () if not (is_direct and name == "ignored_intents"))
        asked = [(name, slots.key_place(name)) for name in names]
    if name not in draft.forms and isinstance(slots, Map):
        for slot, _ in asked:
            written = [slot_mapping(mapping) for mapping in slots[slot] or ()]
            for mapping in written or [SlotMapping("from_entity", entity=slot, place=place)]:
                draft.form_mappings.append((name, slot, mapping))
    required, places = tuple(slot for slot, _ in asked), tuple(place for _, place in asked)
    draft.add(
        "form", draft.forms, name, Form(name, required, _names(item.get("ignored_intents")), place, places), place
    )


def _action(item: str | Map, place: Place, draft: Draft) -> None:
    name, options = _named(item)
    draft.add("action", draft.actions, name, place, place)
    if options.get("send_domain"):
        draft.actions_sending_domain.add(name)


def _session(item: Map, place: Place, draft: Draft) -> None:
    read = SessionConfig(
        float(item.get("session_expiration_time", 60.0)), item.get("carry_over_slots_to_new_session", True)
    )
    if draft.session not in (None, read):
        message = "This `session_config` differs from an earlier one; the first one counts."
        draft.report("warning", place, message, "Keep one of the two.", "duplicate-definition")
    draft.session = draft.session or read
