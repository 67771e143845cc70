"""The draft of a project: the pieces of all files read so far, before they are merged into one content."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from bot.content import (
    ActionStep,
    Diagnostic,
    EntityType,
    Example,
    Form,
    Intent,
    Lookup,
    Place,
    Regex,
    SessionConfig,
    Severity,
    Slot,
    SlotMapping,
    Story,
    Synonym,
    UserStep,
    Variation,
)
from bot.content.suggest import did_you_mean, is_misspelt
from bot.reading.annotations import MARK_KEYS, Problem
from bot.reading.holding import Gap
from bot.reading.tree import Map, Seq

_SIGNS = {"#": ("a comment", "write two spaces before the comment"), "&": ("an anchor", "remove it")}


class Draft(Struct):
    """Collects the pieces of a project. The first definition of a name counts; a second is reported.

    `folder` is the project's folder, `files` the files read in addition to its content files, and `broken` the names
    of slots, responses and forms that are not valid (which is reported separately).
    """

    folder: Path = Path()
    files: list[str] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    synonyms: list[Synonym] = field(default_factory=list)
    regexes: list[Regex] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    intents: dict[str, Intent] = field(default_factory=dict)
    intents_without_examples: set[str] = field(default_factory=set)
    entities: dict[str, EntityType] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    responses: dict[str, tuple[Variation, ...]] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    actions: dict[str, Place] = field(default_factory=dict)
    e2e_actions: list[str] = field(default_factory=list)
    actions_sending_domain: set[str] = field(default_factory=set)
    session: SessionConfig | None = None
    stories: list[Story] = field(default_factory=list)
    rules: list[Story] = field(default_factory=list)
    tests: list[Story] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    unread: list[Gap] = field(default_factory=list)
    # For Rasa 2's formats, resolved after everything has been read:
    form_mappings: list[tuple[str, str, SlotMapping]] = field(default_factory=list)
    auto_filled: set[str] = field(default_factory=set)
    unmapped: set[str] = field(default_factory=set)
    store_entities_as_slots: bool = True

    def add_rule(self, user: UserStep, action: ActionStep, place: Place) -> None:
        """Add a rule of one step, as written next to an intent."""
        self.rules.append(Story(f"{user.intent} → {action.name}", (user, action), "rule", place=place))

    def report(self, severity: Severity, place: Place, message: str, cure: str = "", code: str = "") -> None:
        """Report something about the content."""
        self.diagnostics.append(Diagnostic(severity, place, message, cure, code))

    def report_marks(self, problems: Iterable[Problem], place: Place) -> None:
        """Report the entity marks of a text that cannot be read, or not completely."""
        for mark, key in problems:
            if key is None:
                cure = 'Write `[text](entity)` or `[text]{"entity": "name", "value": "…"}` (JSON, double quotes).'
                self.report("error", place, f"The entity mark `{mark}` cannot be read.", cure, "entity-mark")
                continue
            message = f"The key `{key}` is not known in the entity mark `{mark}`"
            cure = did_you_mean(key, MARK_KEYS) or f"Known keys: {', '.join(MARK_KEYS)}."
            if is_misspelt(key, MARK_KEYS):
                self.report("error", place, f"{message}.", cure, "unknown-key")
            else:
                self.report("warning", place, f"{message}; it is ignored.", cure, "unknown-key")

    def report_cut_off(self, item: Map | Seq, key: Any) -> None:
        """Report what YAML takes for a comment or an anchor although it may have been meant as text."""
        cut = item.cut_off(key)
        if cut:
            what, otherwise = _SIGNS[cut[0]]
            message = f"`{cut}` is not part of this text: without quotes, it is {what}."
            cure = f"Put the whole text in quotes, or {otherwise}."
            self.report("warning", item.place_of(key), message, cure, "cut-off")

    def add(self, kind: str, known: dict[str, Any], name: str, value: Any, place: Place) -> None:
        """Add a named piece; if the name is taken, report where it was defined first."""
        if name not in known:
            known[name] = value
            return
        message = (
            f"The {kind} `{name}` is defined a second time (first at {_place(known[name])}); the first one counts."
        )
        self.report("warning", place, message, "Keep one of the two.", "duplicate-definition")


def _place(piece: Any) -> Place:
    """Return where a named piece is written: an action is recorded as its place, a response as its variations."""
    first = piece[0] if isinstance(piece, tuple) else piece
    place: Place = first if isinstance(first, Place) else first.place
    return place
