"""Checks of training data: examples, synonyms and patterns."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator

from bot.content.diagnostics import Diagnostic
from bot.content.known import Known, steps_of, unknown, unknown_part
from bot.content.names import DEFAULT_INTENTS
from bot.content.shorthand import read_shorthand
from bot.content.suggest import is_misspelt
from bot.content.types import NOWHERE, Example, NluData, UserStep

_LOOSE_MARK = re.compile(
    r"\[[^][]+\]\s*(?:\(\s*[\w-]+\s*\)|\{[^}{[]*\})"  # a space between the brackets
    r"|\[[^][]+\](?:\([^)[]*|\{[^}[]*)$"  # never closed
    r"|\[\s*\](?:\([\w:-]+\)|\{[^}{[]*\})"  # no text is marked
    r"|\[[^][)}]+[)}](?:\([\w:-]+\)|\{[^}{[]*\})"  # closed by the wrong kind of bracket
    r"|(?<!\S)\([^][()]+\)\[[^\W\d][\w-]*\]"  # the two kinds of brackets swapped
    r"|\[\w[^][]*(?=\[|$)"  # opened and never closed
    r"|\]\([^][()]*\)?"  # closed and never opened, or without an entity
)
"""None of these scans the text between two `[` more than once, so lines of thousands of characters stay fast."""


def check_nlu(known: Known) -> Iterator[Diagnostic]:
    """Everything wrong or odd in the training data."""
    nlu = known.content.nlu
    yield from _repeated_examples(nlu)
    yield from _doubtful_patterns(nlu)
    yield from _misspelt_tables(known)
    yield from _synonym_conflicts(nlu)
    yield from _marks(known)
    yield from _unlisted_parts(known)
    yield from _unmapped_parts(known)
    if nlu.examples:
        yield from _few_examples(known)
    elif not known.trained:
        yield from _nothing_to_learn(known)
    yield from _missing_answers(known)


def _repeated_examples(nlu: NluData) -> Iterator[Diagnostic]:
    """The same words as examples of two intents."""
    first: dict[str, Example] = {}
    for example in nlu.examples:
        earlier = first.setdefault(" ".join(example.text.casefold().split()), example)
        if earlier.intent != example.intent:
            both = f"of `{example.intent}` and of `{earlier.intent}` (at {earlier.place})"
            cure = "Keep it in only one of them: the matcher cannot tell them apart."
            yield Diagnostic("warning", example.place, f"`{example.text}` is an example {both}.", cure, "same-example")


def _doubtful_patterns(nlu: NluData) -> Iterator[Diagnostic]:
    for regex in nlu.regexes:
        cure = "Write a backslash (\\) before special characters that are meant literally."
        try:
            doubts = _pattern_warnings(regex.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            message = f"The pattern of `{regex.name}` is not a valid regular expression: {error}."
            yield Diagnostic("error", regex.place, message, cure, "bad-regex")
            continue
        for doubt in doubts:
            message = f"The pattern of `{regex.name}` may not match what is meant: {doubt[:1].lower()}{doubt[1:]}."
            yield Diagnostic("warning", regex.place, message, cure, "doubtful-regex")


def _pattern_warnings(pattern: str) -> list[str]:
    """The warnings that `re` gives about a pattern; raises the same errors as `re.compile`."""
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always")
        re.purge()  # it does not warn again about a cached pattern
        re.compile(pattern)
    return [str(doubt.message) for doubt in doubts]


def _misspelt_tables(known: Known) -> Iterator[Diagnostic]:
    """Lookup tables and patterns whose name misspells an entity's; any other name is meant as a feature."""
    nlu, entities = known.content.nlu, known.content.domain.entities
    named = {item.name: ("regex", item.place) for item in reversed(nlu.regexes)}
    named |= {item.name: ("lookup", item.place) for item in reversed(nlu.lookups)}
    for name, (kind, place) in named.items():
        if name not in entities and is_misspelt(name, entities):
            where, add = f"The {kind} is called", f"Add `- {name}` to `entities:`."
            yield unknown("warning", place, "entity", name, known=entities, where=where, add=add)


def _synonym_conflicts(nlu: NluData) -> Iterator[Diagnostic]:
    first: dict[str, tuple[str, str]] = {}
    for synonym in (*nlu.synonyms, *nlu.marked_synonyms):
        value, place = first.setdefault(synonym.text, (synonym.value, str(synonym.place)))
        if value != synonym.value:
            message = f"`{synonym.text}` means `{synonym.value}` here and `{value}` elsewhere (at {place})."
            yield Diagnostic("warning", synonym.place, message, "Keep one of the two.", "synonym-conflict")


def _marks(known: Known) -> Iterator[Diagnostic]:
    """Entity marks that are not read, or not as intended, in examples and in user messages of stories."""
    for example in known.content.nlu.examples:
        yield from _marks_of(example)
    for story in (*known.trained, *known.tests):
        for step in steps_of(story):
            if isinstance(step, UserStep) and read_shorthand(step.text or "") is None:
                yield from _marks_of(step)


def _marks_of(example: Example | UserStep) -> Iterator[Diagnostic]:
    text = example.text or ""
    loose = _LOOSE_MARK.search(text)
    if loose:
        message = f"`{_shortened(loose[0])}` looks like an entity mark, but is not read as one."
        cure = "Write `[text](entity)`: without a space between the brackets, with text in both, and with both closed."
        yield Diagnostic("warning", example.place, message, cure, "loose-entity-mark")
    for mark in example.annotations:
        marked = text[mark.start : mark.end]
        if marked != marked.strip():
            message, cure = f"The entity mark `[{marked}]` begins or ends with a space.", f"Write `[{marked.strip()}]`."
            yield Diagnostic("warning", example.place, message, cure, "entity-mark-space")


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def _unlisted_parts(known: Known) -> Iterator[Diagnostic]:
    """Roles and groups that the domain does not list for an entity; unlisted entities are reported elsewhere."""
    places = {example.place for example in known.content.nlu.examples}  # also those of unlisted entities
    listed = {name: e for name, e in known.content.domain.entities.items() if e.place not in places}
    reported: set[tuple[str, str, str]] = set()
    for example in known.content.nlu.examples:
        for mark in example.annotations:
            entity = listed.get(mark.entity)
            if entity is None:
                continue
            for kind, name, names in (("role", mark.role, entity.roles), ("group", mark.group, entity.groups)):
                if name is None or name in names or (mark.entity, kind, name) in reported:
                    continue
                reported.add((mark.entity, kind, name))
                yield unknown_part(example.place, mark.entity, kind, name, names)


def _unmapped_parts(known: Known) -> Iterator[Diagnostic]:
    """Roles and groups that fill no slot, of entities that fill some: a mapping takes only its own role and group."""
    mappings = [mapping for slot in known.content.domain.slots.values() for mapping in slot.mappings]
    mapped = {(m.entity, m.role, m.group) for m in mappings if m.type == "from_entity"}
    filling = {entity for entity, _, _ in mapped}
    reported: set[tuple[str, str | None, str | None]] = set()
    for example in known.content.nlu.examples:
        for mark in example.annotations:
            part = (mark.entity, mark.role, mark.group)
            is_part = mark.role or mark.group
            if not is_part or mark.entity not in filling or part in mapped or part in reported:
                continue
            reported.add(part)
            parts = (("role", mark.role), ("group", mark.group))
            named = ", ".join(f"{kind}: {name}" for kind, name in parts if name)
            message = f"No slot mapping uses `{mark.entity}` with `{named}`, as it is marked here."
            cure = f"Add `{named}` to a `from_entity` mapping, unless an action reads it."
            yield Diagnostic("warning", example.place, message, cure, "unmapped-part")


def _few_examples(known: Known) -> Iterator[Diagnostic]:
    count = Counter(example.intent.split("/")[0] for example in known.content.nlu.examples)
    for name, intent in known.content.domain.intents.items():
        if name in DEFAULT_INTENTS or name in known.mentioned or count[name] > 1:
            continue
        message = f"The intent `{name}` has {'only one example' if count[name] else 'no examples'}."
        cure = f"Add examples below `- intent: {name}` in an `nlu:` section, unless only buttons send it."
        yield Diagnostic("warning", intent.place, message, cure, "few-examples")


def _nothing_to_learn(known: Known) -> Iterator[Diagnostic]:
    """Intents without any examples, stories or rules in the project."""
    listed = [intent.place for intent in known.content.domain.intents.values() if intent.place != NOWHERE]
    if listed:
        message = "Intents are listed, but there are no examples, stories or rules to learn from."
        cure = "Write them in YAML files in `data/`, and check the other findings for files that are not read."
        yield Diagnostic("error", listed[0], message, cure, "nothing-to-learn")


def _missing_answers(known: Known) -> Iterator[Diagnostic]:
    """Sub-intents without their response."""
    responses = known.content.domain.responses
    missing: set[str] = set()
    for example in known.content.nlu.examples:
        name = f"utter_{example.intent}"
        if "/" in name and name not in responses and name not in missing:
            missing.add(name)
            message, cure = (
                f"The retrieval intent `{example.intent}` has no response.",
                f"Add `{name}:` to `responses:`.",
            )
            yield Diagnostic("warning", example.place, message, cure, "missing-response")
