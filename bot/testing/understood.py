"""The matcher's parse of what the user says in a test story, compared with what the story expects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from bot.content import ANY, UserStep
from bot.dialogue.names import NLU_FALLBACK, UTTER
from bot.dialogue.story_entities import step_entities
from bot.messages import Entity, Nearest, Parse
from bot.testing.results import StepResult

GRAMMARS: Final = frozenset({"TellerEntityExtractor", "DucklingEntityExtractor", "DucklingHTTPExtractor"})
"""The extractors that recognise entities by a grammar, by their names in config.yml."""


def understood(step: UserStep, parse: Parse, *, with_entities: bool) -> StepResult:
    """Compare the parse of a step's text with the step: its intent, if it names one, and its entities."""
    intent = predicted_intent(parse, step.intent or "")
    expected = step_entities(step) if with_entities else ()
    found = compared_entities(parse.entities, expected) if with_entities else ()
    return StepResult(
        "user",
        step.place,
        step.intent or intent,
        intent,
        step.text,
        filled_in(expected, found),
        found,
        confidence=parse.intent.confidence if parse.intent else None,
        attracted_by=_attracted_by(parse, intent) if step.intent not in (None, intent) else None,
    )


def predicted_intent(parse: Parse, expected: str) -> str:
    """Return the intent as test stories name it: a retrieval intent in full, unless its plain name is expected."""
    intent = parse.intent_name or ""
    if intent == expected:
        return intent
    selector = parse.response_selector.get(intent) or parse.response_selector.get("default") or {}
    full = (selector.get("response") or {}).get("intent_response_key") or ""
    return str(full) if full.startswith(f"{intent}/") else intent


def named_action(action: str, expected: str, parse: Parse | None, responses: Collection[str]) -> str:
    """Return the action as test stories name it: a retrieval action in full, unless its plain name is expected.

    `parse` belongs to the message that the action answers, and `responses` are the domain's.
    """
    if action == expected or parse is None or action in responses:
        return action
    full = f"{UTTER}{predicted_intent(parse, expected='')}"
    return full if full.startswith(f"{action}/") else action


def compared_entities(predicted: Iterable[Entity], expected: Iterable[Entity]) -> tuple[Entity, ...]:
    """Return the predicted entities that are compared with the story.

    What a grammar recognises (dates, amounts, numbers) is not learned, and "last month" means another time on
    another day: it counts only if an entity of that name is marked in the message.
    """
    marked = {entity.entity for entity in expected}
    return tuple(e for e in predicted if e.extractor not in GRAMMARS or e.entity in marked)


def filled_in(expected: Iterable[Entity], found: Sequence[Entity]) -> tuple[Entity, ...]:
    """Return the expected entities; what a story leaves open (position, role, group) is filled in as it was found.

    An entity that is listed, not marked, can be anywhere in the text.
    """
    left = list(found)
    filled: list[Entity] = []
    for entity in expected:
        match = next((other for other in left if _matches(entity, other)), None)
        if match is not None:
            left.remove(match)
        filled.append(match or entity)
    return tuple(filled)


def _matches(expected: Entity, found: Entity) -> bool:
    """Whether an entity is what the story expects, which may leave open its position, role, group and value."""
    is_there = expected.start == expected.end or (expected.start, expected.end) == (found.start, found.end)
    is_part = expected.role in (None, found.role) and expected.group in (None, found.group)
    is_value = expected.value is ANY or str(expected.value) == str(found.value)
    return expected.entity == found.entity and is_there and is_part and is_value


def _attracted_by(parse: Parse, intent: str) -> Nearest | None:
    """Return the nearest example of the intent; on a fallback, of the likeliest intent."""
    if intent == NLU_FALLBACK:
        intent = next((score.name for score in parse.ranking if score.name != NLU_FALLBACK), "")
    name = intent.partition("/")[0]
    return next((near for near in parse.nearest if near.intent.partition("/")[0] == name), None)
