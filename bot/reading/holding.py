"""Findings that may follow from what could not be read, and are held back until it can be."""

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
"""Findings that something is nowhere: it may stand in what could not be read."""

OF_QUESTIONS: Final = frozenset({"mapping-never-asked", "unused-response"})
"""Those that a form's list of slots may settle."""

OF_FORMS: Final = frozenset({*OF_QUESTIONS, "unknown-action", "unknown-form"})
"""Those that a form may settle."""

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
"""Those that somebody's actions may settle."""

SUPPLIED: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "config": {
        "imports": MAY_FOLLOW,
        "plugins": _OF_PLUGINS,
        "policies": frozenset({"unused-response"}),  # which one of Rasa 2's may fall back to
    },
    "endpoints": {"action_endpoint": frozenset({"unimplemented-action"})},
    "credentials": {},
}
"""What the sections of the configuration files may supply, as the findings that would follow without it.

A section that is not named here supplies nothing that content could lack.
"""


class Gap(Struct, frozen=True):
    """Where something could not be read, and the findings that may follow from it."""

    place: Place
    codes: frozenset[str] = MAY_FOLLOW


def unread(
    tree: object, problems: Iterable[Diagnostic], supplied: Mapping[str, frozenset[str]] | None = None
) -> list[Gap]:
    """Where a file that was read into `tree` (None: not at all) has sections that were not; empty where all were.

    `supplied` says what may follow from each section; None: anything from any.
    """
    wrong = [problem for problem in problems if problem.severity == "error"]
    if not isinstance(tree, Map):
        codes = MAY_FOLLOW if supplied is None else frozenset[str]().union(*supplied.values())
        return [Gap(problem.place, codes) for problem in wrong[:1]]
    edge, wrong_in = tree.place.column, {_section(tree, problem.place) for problem in wrong}
    lost = [(place, key) for key in tree.key_nodes if key not in tree and (place := tree.key_place(key)) in wrong_in]
    lost += [(d.place, d.name) for d in wrong if d.code == "duplicate-key" and d.place.column == edge]
    lost += [(d.place, d.name) for d in wrong if d.code == "misplaced-section"]
    return [Gap(place, MAY_FOLLOW if supplied is None else _meant(key, supplied)) for place, key in lost]


def _meant(key: str, supplied: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """What a key supplies that may be misspelt."""
    meant = (codes for name, codes in supplied.items() if key == name or is_misspelt(key, (name,)))
    return frozenset[str]().union(*meant)


def _section(tree: Map, place: Place) -> Place | None:
    """Where the section begins that a place is in."""
    return max((begin for key in tree.key_nodes if (begin := tree.key_place(key)) <= place), default=None)


def hold_back(found: Sequence[Diagnostic], gaps: Sequence[Gap]) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """The findings to tell, and those held back because of what could not be read.

    Where any are held back, a warning is told for all of them, at the first gap that they may follow from.
    """
    codes = frozenset[str]().union(*(gap.codes for gap in gaps))
    held = [finding for finding in found if finding.code in codes]
    if not held:
        return list(found), []
    first = min(gap.place for gap in gaps if gap.codes & {finding.code for finding in held})
    message = f"{_counted(len(held))} held back: what is missing there may stand here, where it could not be read."
    told = Diagnostic("warning", first, message, "Mend this first, then look again.", "held-back")
    return [*(finding for finding in found if finding.code not in codes), told], held


def _counted(number: int) -> str:
    return "One finding about a name is" if number == 1 else f"{number} findings about names are"
