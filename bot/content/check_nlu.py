"""Training data: examples, synonyms and patterns."""

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
    r"|\[\s*\](?:\([\w:-]+\)|\{[^}{[]*\})"  # nothing is marked
    r"|\[[^][)}]+[)}](?:\([\w:-]+\)|\{[^}{[]*\})"  # closed by another bracket
    r"|(?<!\S)\([^][()]+\)\[[^\W\d][\w-]*\]"  # the brackets the wrong way round
    r"|\[\w[^][]*(?=\[|$)"  # opened and never closed
    r"|\]\([^][()]*\)?"  # closed and never opened, or nothing is said of it
)
"""None of these looks at a text between two `[` more than once, so that a line of thousands is no matter."""


def check_nlu(known: Known) -> Iterator[Diagnostic]:
    """Everything that is wrong or odd with the training data."""
    nlu = known.content.nlu
    yield from _repeated(nlu)
    yield from _patterns(nlu)
    yield from _tables(known)
    yield from _synonyms(nlu)
    yield from _marks(known)
    yield from _parts(known)
    yield from _unmapped(known)
    if nlu.examples:
        yield from _counts(known)
    elif not known.trained:
        yield from _nothing(known)
    yield from _retrieval(known)


def _repeated(nlu: NluData) -> Iterator[Diagnostic]:
    """The same words as examples of two intents."""
    first: dict[str, Example] = {}
    for example in nlu.examples:
        earlier = first.setdefault(" ".join(example.text.casefold().split()), example)
        if earlier.intent != example.intent:
            yield Diagnostic(
                "warning",
                example.place,
                f"`{example.text}` is an example of `{example.intent}` and of `{earlier.intent}` (at {earlier.place}).",
                "Keep it in one of them: the matcher cannot tell them apart.",
                "same-example",
            )


def _patterns(nlu: NluData) -> Iterator[Diagnostic]:
    for regex in nlu.regexes:
        cure = "Write a backslash (\\) before characters that are meant literally."
        try:
            doubts = _doubts(regex.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            message = f"The pattern of `{regex.name}` is no regular expression: {error}."
            yield Diagnostic("error", regex.place, message, cure, "bad-regex")
            continue
        for doubt in doubts:
            message = f"The pattern of `{regex.name}` may not match what is meant: {doubt[:1].lower()}{doubt[1:]}."
            yield Diagnostic("warning", regex.place, message, cure, "doubtful-regex")


def _doubts(pattern: str) -> list[str]:
    """What `re` warns of in a pattern; raises what `re.compile` does."""
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always")
        re.purge()  # of a pattern that it remembers it does not warn again
        re.compile(pattern)
    return [str(doubt.message) for doubt in doubts]


def _tables(known: Known) -> Iterator[Diagnostic]:
    """Lookup tables and patterns called nearly like an entity; one called like none is meant to be a feature."""
    nlu, entities = known.content.nlu, known.content.domain.entities
    named = {item.name: ("regex", item.place) for item in reversed(nlu.regexes)}
    named |= {item.name: ("lookup", item.place) for item in reversed(nlu.lookups)}
    for name, (kind, place) in named.items():
        if name not in entities and is_misspelt(name, entities):
            where, add = f"The {kind} is called", f"Add `- {name}` to `entities:`."
            yield unknown("warning", place, "entity", name, known=entities, where=where, add=add)


def _synonyms(nlu: NluData) -> Iterator[Diagnostic]:
    first: dict[str, tuple[str, str]] = {}
    for synonym in (*nlu.synonyms, *nlu.marked_synonyms):
        value, place = first.setdefault(synonym.text, (synonym.value, str(synonym.place)))
        if value != synonym.value:
            yield Diagnostic(
                "warning",
                synonym.place,
                f"`{synonym.text}` means `{synonym.value}` here and `{value}` elsewhere (at {place}).",
                "Let it mean one thing.",
                "synonym-conflict",
            )


def _marks(known: Known) -> Iterator[Diagnostic]:
    """Marks that are not read, or not as they were meant, in examples and in what users say in stories."""
    steps = (step for story in (*known.trained, *known.tests) for step in steps_of(story))
    said = (step for step in steps if isinstance(step, UserStep) and read_shorthand(step.text or "") is None)
    marked: tuple[Example | UserStep, ...] = (*known.content.nlu.examples, *said)
    for example in marked:
        yield from _marks_of(example)


def _marks_of(example: Example | UserStep) -> Iterator[Diagnostic]:
    text = example.text or ""
    loose = _LOOSE_MARK.search(text)
    if loose:
        yield Diagnostic(
            "warning",
            example.place,
            f"`{_shortened(loose[0])}` looks like an entity mark, but is not read as one.",
            "Write `[text](entity)`: no space between the brackets, something in them, and each of them closed.",
            "loose-entity-mark",
        )
    for mark in example.annotations:
        marked = text[mark.start : mark.end]
        if marked != marked.strip():
            yield Diagnostic(
                "warning",
                example.place,
                f"The entity mark `[{marked}]` begins or ends with a space.",
                f"Write `[{marked.strip()}]`.",
                "entity-mark-space",
            )


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def _parts(known: Known) -> Iterator[Diagnostic]:
    """Roles and groups that the domain does not give an entity; one that it does not list is told elsewhere."""
    places = {example.place for example in known.content.nlu.examples}
    listed = {name: e for name, e in known.content.domain.entities.items() if e.place not in places}
    told: set[tuple[str, str, str]] = set()
    for example in known.content.nlu.examples:
        for mark in example.annotations:
            entity = listed.get(mark.entity)
            if entity is None:
                continue
            for kind, name, names in (("role", mark.role, entity.roles), ("group", mark.group, entity.groups)):
                if name is None or name in names or (mark.entity, kind, name) in told:
                    continue
                told.add((mark.entity, kind, name))
                yield unknown_part(example.place, mark.entity, kind, name, names)


def _unmapped(known: Known) -> Iterator[Diagnostic]:
    """Roles and groups from which no slot is filled, of entities from which some are: a mapping takes its own alone."""
    mappings = [mapping for slot in known.content.domain.slots.values() for mapping in slot.mappings]
    taken = {(m.entity, m.role, m.group) for m in mappings if m.type == "from_entity"}
    filling = {entity for entity, _, _ in taken}
    for example in known.content.nlu.examples:
        for mark in example.annotations:
            part = (mark.entity, mark.role, mark.group)
            if mark.entity not in filling or part in taken or not (mark.role or mark.group):
                continue
            taken.add(part)
            named = [f"{kind}: {name}" for kind, name in (("role", mark.role), ("group", mark.group)) if name]
            message = f"No slot is filled from `{mark.entity}` with `{', '.join(named)}`, as it is marked here."
            cure = f"Write `{', '.join(named)}` in a mapping `from_entity`, unless an action reads it."
            yield Diagnostic("warning", example.place, message, cure, "unmapped-part")


def _counts(known: Known) -> Iterator[Diagnostic]:
    count = Counter(example.intent.split("/")[0] for example in known.content.nlu.examples)
    for name, intent in known.content.domain.intents.items():
        if name in DEFAULT_INTENTS or name in known.mentioned or count[name] > 1:
            continue
        only = "only one example" if count[name] else "no examples"
        yield Diagnostic(
            "warning",
            intent.place,
            f"The intent `{name}` has {only}.",
            f"Add examples below `- intent: {name}` in an `nlu:` section, unless only buttons send it.",
            "few-examples",
        )


def _nothing(known: Known) -> Iterator[Diagnostic]:
    """Intents with nothing that says what they mean, or what to do then."""
    listed = [intent.place for intent in known.content.domain.intents.values() if intent.place != NOWHERE]
    if listed:
        message = "Intents are listed, and there is no example, story or rule: there is nothing to learn."
        cure = "Write them in YAML below `data/`, and look for files that are not read among these findings."
        yield Diagnostic("error", listed[0], message, cure, "nothing-to-learn")


def _retrieval(known: Known) -> Iterator[Diagnostic]:
    """Sub-intents without their response."""
    responses = known.content.domain.responses
    missing: set[str] = set()
    for example in known.content.nlu.examples:
        name = f"utter_{example.intent}"
        if "/" in name and name not in responses and name not in missing:
            missing.add(name)
            yield Diagnostic(
                "warning",
                example.place,
                f"The retrieval intent `{example.intent}` has no response.",
                f"Add `{name}:` to `responses:`.",
                "missing-response",
            )
