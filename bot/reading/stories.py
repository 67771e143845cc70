"""The `stories:` and `rules:` sections, and test stories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from bot.content import (
    ANY,
    ActionStep,
    Annotation,
    BotStep,
    CheckpointStep,
    LoopStep,
    OrStep,
    Place,
    SlotStep,
    Step,
    StepEntity,
    Story,
    UserStep,
)
from bot.content.shorthand import Shorthand, read_shorthand
from bot.reading.annotations import read_annotations
from bot.reading.draft import Draft
from bot.reading.tree import Map, Seq, plain

_WORDS = ("checkpoint", "or", "action", "bot", "active_loop", "form", "slot_was_set")


def read_stories(items: Seq, draft: Draft, kind: Literal["story", "test"]) -> None:
    """Read every story of a `stories:` section into the draft."""
    stories = draft.tests if kind == "test" else draft.stories
    for item in items:
        steps = _read_steps(item, f"{'test ' if kind == 'test' else ''}story `{item['story']}`", draft)
        stories.append(Story(item["story"], steps, kind, metadata=_metadata(item), place=item.place))


def read_rules(items: Seq, draft: Draft, *, are_tests: bool = False) -> None:
    """Read every rule of a `rules:` section into the draft."""
    for item in items:
        steps = _read_steps(item, f"rule `{item['rule']}`", draft, is_rule=not are_tests)
        if are_tests:
            draft.tests.append(Story(item["rule"], steps, "test", metadata=_metadata(item), place=item.place))
            continue
        draft.rules.append(
            Story(
                item["rule"],
                steps,
                "rule",
                condition=tuple(_condition(item.get("condition") or [])),
                conversation_start=item.get("conversation_start", False),
                wait_for_user_input=item.get("wait_for_user_input", True),
                metadata=_metadata(item),
                place=item.place,
            )
        )


def _metadata(item: Map) -> dict[str, Any]:
    metadata = item.get("metadata")
    return plain(metadata) if isinstance(metadata, Map) else {}


def _condition(items: Iterable[Map]) -> Iterator[LoopStep | SlotStep]:
    for item in items:
        if "active_loop" in item:
            yield LoopStep(item["active_loop"], item.place)
        if "slot_was_set" in item:
            yield from _slots(item)


def _read_steps(item: Map, what: str, draft: Draft, *, is_rule: bool = False) -> tuple[Step, ...]:
    """Return a story's steps; if nothing else was reported about them, report missing ones."""
    written, reported = item["steps"], len(draft.diagnostics)
    steps = tuple(_steps(written or (), draft))
    is_whole = written is None or not (written.has_lost or any(step.lost for step in written))
    if not is_whole or len(draft.diagnostics) > reported:
        return steps
    if not steps:
        cure = "Write `- intent: …` and `- action: …` under `steps:`, or remove it."
        draft.report("warning", item.place, f"The {what} has no steps.", cure, "empty-story")
    elif is_rule and all(isinstance(step, UserStep) for step in steps):
        message, cure = f"The {what} runs no action, so the bot stays silent.", "End it with `- action: …`."
        draft.report("warning", item.place, message, cure, "rule-without-action")
    return steps


def _steps(items: Iterable[Map], draft: Draft) -> Iterator[Step]:
    for item in items:
        kinds = _kinds(item)
        if kinds in (["checkpoint"], ["checkpoint", "slot_was_set"]):
            yield CheckpointStep(item["checkpoint"], tuple(_slots(item)), item.place)
        elif len(kinds) != 1:
            draft.report("error", item.place, *_not_one(kinds), "story-step")
        elif kinds == ["intent"]:
            yield _user_step(item, draft)
        else:
            yield from _steps_of_kind(item, kinds[0], draft)


def _kinds(item: Map) -> list[str]:
    """Return the kinds of step that an item is by its keys: `intent` for what the user does, with or without text."""
    is_user = "intent" in item or "user" in item
    return [*(["intent"] if is_user else []), *(word for word in _WORDS if word in item)]


def _not_one(kinds: list[str]) -> tuple[str, str]:
    """Return message and cure for a step that is not of exactly one kind."""
    if kinds:
        return f"This step is several at once: {', '.join(kinds)}.", "Begin each of them with `- ` on its own line."
    message = "This step says neither what the user does nor what the bot does."
    return message, "Write `- intent: …` or `- action: …`."


def _steps_of_kind(item: Map, word: str, draft: Draft) -> Iterator[Step]:
    place = item.place
    match word:
        case "action":
            yield ActionStep(item["action"], place)
        case "bot":
            yield BotStep(item["bot"].strip(), place)
        case "slot_was_set":
            yield from _slots(item)
        case "or":
            yield OrStep(tuple(_options(item["or"], draft)), place)
        case _:
            yield LoopStep(item[word], place)


def _options(items: Seq, draft: Draft) -> Iterator[UserStep | SlotStep]:
    for item in items:
        if "slot_was_set" in item:
            yield from _slots(item)
        elif "intent" in item or "user" in item:
            yield _user_step(item, draft)
        else:
            draft.report("error", item.place, *_not_one([]), "story-step")


def _slots(item: Map) -> Iterator[SlotStep]:
    """Yield the slots of a `slot_was_set`, given as a list, a mapping or one name."""
    given = item.get("slot_was_set")
    if isinstance(given, str):
        yield SlotStep(given, ANY, item.place_of("slot_was_set"))
    elif isinstance(given, Map):
        yield from _slot_values(given)
    elif isinstance(given, Seq):
        for entry, place in given.placed():
            if isinstance(entry, Map):
                yield from _slot_values(entry)
            else:
                yield SlotStep(entry, ANY, place)


def _slot_values(given: Map) -> Iterator[SlotStep]:
    for name, value in given.items():
        yield SlotStep(name, plain(value), given.key_place(name))


def _user_step(item: Map, draft: Draft) -> UserStep:
    """Return a user step, with the intent and entities of the shorthand or the marks in its text."""
    text, annotations = _user_text(item, draft)
    intent = item.get("intent")
    entities = tuple(_entities(item.get("entities") or []))
    if not entities:
        entities = tuple(StepEntity(a.entity, a.value, a.role, a.group) for a in annotations)
    shorthand = read_shorthand(text or intent or "")
    if shorthand is not None:
        _report_shorthand(shorthand, text or item["intent"], item.place, draft)
        intent = intent.removeprefix("/") if text and intent is not None else shorthand.intent
        entities = entities or tuple(_payload_entities(shorthand))
    return UserStep(intent, text, entities, annotations, item.place)


def _user_text(item: Map, draft: Draft) -> tuple[str | None, tuple[Annotation, ...]]:
    """Return what the user says, without marks, and the entities marked in it."""
    written = item.get("user")
    if not written:
        return None, ()
    draft.report_cut_off(item, "user")
    text, annotations, problems = read_annotations(written.strip())
    draft.report_marks(problems, item.place)
    return text, annotations


def _payload_entities(shorthand: Shorthand) -> Iterator[StepEntity]:
    """Yield the entities of a payload; a list as value makes one entity per item."""
    for name, value in (shorthand.entities or {}).items():
        values = value if isinstance(value, list) else [value]
        yield from (StepEntity(name, item) for item in values)


def _report_shorthand(shorthand: Shorthand, written: str, place: Place, draft: Draft) -> None:
    if shorthand.entities is None:
        message, cure = (
            f"The entities of `{written}` are not a valid JSON object.",
            'Write `/intent{"entity": "value"}`.',
        )
        draft.report("error", place, message, cure, "shorthand")
    if shorthand.rest:
        message = f"`{shorthand.rest}` at the end of `{written}` is ignored."
        draft.report("warning", place, message, "Remove it.", "shorthand")


def _entities(items: Iterable[str | Map]) -> Iterator[StepEntity]:
    for item in items:
        if isinstance(item, str):
            yield StepEntity(item)
            continue
        for name, value in item.items():
            if name not in ("role", "group"):
                yield StepEntity(name, ANY if value is None else plain(value), item.get("role"), item.get("group"))
