"""Findings that may only follow from unreadable parts of the project, and are held back until those can be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from bot.content import Diagnostic, Place
from bot.content.suggest import is_misspelt
from bot.reading.tree import Map

MAY_FOLLOW: Final = frozenset(
    {
        "few-examples",
        "form-without-slots",
        "loose-checkpoint",
        "mapping-never-asked",
        "missing-question",
        "missing-response",
        "nothing-to-learn",
        "no-content",
        "nothing-follows",
        "slot-without-mappings",
        "unimplemented-action",
        "unknown-action",
        "unknown-entity",
        "unknown-form",
        "unknown-group",
        "unknown-intent",
        "unknown-placeholder",
        "unknown-response",
        "unknown-role",
        "unknown-slot",
        "unlisted-entity",
        "unlisted-intent",
        "unmapped-part",
        "unused-form",
        "unused-intent",
        "unused-response",
    }
)
"""Findings that something is missing: it may be in a part that could not be read."""

OF_QUESTIONS: Final = frozenset({"form-without-slots", "mapping-never-asked", "unused-response"})
"""Those that a form's list of slots may resolve."""

OF_FORMS: Final = frozenset({*OF_QUESTIONS, "unknown-action", "unknown-form"})
"""Those that a form may resolve."""

_OF_PLUGINS: Final = frozenset(
    {
        "missing-question",
        "unimplemented-action",
        "unknown-action",
        "unknown-form",
        "unknown-placeholder",
        "unused-response",
    }
)
"""Those that a plugin's actions may resolve."""

SUPPLIED: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "config": {
        "imports": MAY_FOLLOW,
        "plugins": _OF_PLUGINS,
        "policies": frozenset({"unused-response"}),  # a fallback policy of Rasa 2 may use a response
    },
    "endpoints": {"action_endpoint": frozenset({"unimplemented-action"})},
    "credentials": {},
}
"""The findings that may follow if a section of a configuration file cannot be read.

A section that is not named here supplies nothing that content could lack.
"""


class Gap(Struct, frozen=True):
    """A place that could not be read, and the codes of the findings that may follow from it."""

    place: Place
    codes: frozenset[str] = MAY_FOLLOW


def unread(
    tree: object, problems: Iterable[Diagnostic], supplied: Mapping[str, frozenset[str]] | None = None
) -> list[Gap]:
    """Return the places of unread sections in a file that was read into `tree` (None: the file as a whole is unread).

    `supplied` says which findings may follow from each section; None: any finding from any section.
    """
    errors = [problem for problem in problems if problem.severity == "error"]
    if not isinstance(tree, Map):
        codes = MAY_FOLLOW if supplied is None else frozenset[str]().union(*supplied.values())
        return [Gap(error.place, codes) for error in errors[:1]]
    sections = {_section(tree, error.place) for error in errors}
    removed = [key for key in tree.key_nodes if key not in tree]
    lost = {tree.key_place(key): key for key in removed if tree.key_place(key) in sections}
    for error in errors:
        is_repeated = error.code == "duplicate-key" and error.place.column == tree.place.column
        if is_repeated or error.code == "misplaced-section":
            lost[error.place] = error.name
    return [Gap(place, MAY_FOLLOW if supplied is None else _supplied_by(key, supplied)) for place, key in lost.items()]


def _supplied_by(key: str, supplied: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the findings that may follow from a key, which may be misspelt."""
    codes = (codes for name, codes in supplied.items() if key == name or is_misspelt(key, (name,)))
    return frozenset[str]().union(*codes)


def _section(tree: Map, place: Place) -> Place | None:
    """Return where the section that contains a place begins."""
    return max((begin for key in tree.key_nodes if (begin := tree.key_place(key)) <= place), default=None)


def hold_back(found: Sequence[Diagnostic], gaps: Sequence[Gap]) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Return the findings to report, and those held back because of what could not be read.

    If any are held back, one warning stands for all of them, at the first gap that they may follow from.
    """
    codes = frozenset[str]().union(*(gap.codes for gap in gaps))
    held = [finding for finding in found if finding.code in codes]
    if not held:
        return list(found), []
    reported = [finding for finding in found if finding.code not in codes]
    first = min(gap.place for gap in gaps if gap.codes & {finding.code for finding in held})
    message = f"{_counted(len(held))} held back: what they miss may be here, in what could not be read."
    notice = Diagnostic("warning", first, message, "Fix this first, then check again.", "held-back")
    return [*reported, notice], held


def _counted(number: int) -> str:
    return "One finding about a name is" if number == 1 else f"{number} findings about names are"
