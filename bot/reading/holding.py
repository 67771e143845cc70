"""Findings that may follow from what could not be read, and are held back until it can be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bot.content import Diagnostic, Place
from bot.reading.tree import Map

_MAY_FOLLOW: Final = frozenset(
    {
        "few-examples",
        "loose-checkpoint",
        "missing-question",
        "missing-response",
        "nothing-to-learn",
        "no-content",
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
"""Findings that something is nowhere: it may stand in what could not be read."""


def unread(tree: object, problems: Iterable[Diagnostic]) -> list[Place]:
    """Where a file that was read into `tree` (None: not at all) has sections that were not; empty where all were."""
    wrong = [problem for problem in problems if problem.severity == "error"]
    if not isinstance(tree, Map):
        return [problem.place for problem in wrong[:1]]
    edge, places = tree.place.column, {problem.place for problem in wrong}
    lost = [key for key in tree.key_nodes if key not in tree]
    wrong_in = {_section(tree, place) for place in places}
    said = [tree.key_place(key) for key in lost if tree.key_place(key) in wrong_in]
    repeated = [d.place for d in wrong if d.code == "duplicate-key" and d.place.column == edge]
    return said + repeated + [d.place for d in wrong if d.code == "misplaced-section"]


def _section(tree: Map, place: Place) -> Place | None:
    """Where the section begins that a place is in."""
    return max((begin for key in tree.key_nodes if (begin := tree.key_place(key)) <= place), default=None)


def hold_back(found: Sequence[Diagnostic], places: Iterable[Place]) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """The findings to tell, and those held back because of what could not be read at the places.

    Where any are held back, a note at the first of the places is told for all of them.
    """
    first = min(places, default=None)
    held = [finding for finding in found if finding.code in _MAY_FOLLOW]
    if first is None or not held:
        return list(found), []
    message = f"{_counted(len(held))} held back: what is missing there may stand here, where it could not be read."
    note = Diagnostic("note", first, message, "Mend this first, then look again.", "held-back")
    return [*(finding for finding in found if finding.code not in _MAY_FOLLOW), note], held


def _counted(number: int) -> str:
    return "One finding about a name is" if number == 1 else f"{number} findings about names are"
