"""Checkpoints and `or`: the ways through the stories, one after another.

Where checkpoints and choices multiply, every way is followed as long as that
can be learned in seconds. Beyond that, two ways that are alike in their latest
parts go on as one, so that all parts that may stand in a row still do on some
way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from msgspec import Struct

from bot.content import ANY, CheckpointStep, Domain, Step, Story, UserStep
from bot.dialogue.slots import initial_slots
from bot.dialogue.story_parts import Part, asked_slots, joined, parts_of

MAX_STEPS: Final = 50_000
"""No more steps than these are followed on all ways through stories that checkpoints join; they are learned in seconds.

Where every part is on one way only, they may be more: so many are written.
"""

ROWS: Final = (8, 5, 3, 2)
"""How many parts in a row tell ways apart where there are too many of them: the most that MAX_STEPS allows."""


class Way(Struct, frozen=True):
    """One way: the stories it goes through, and their steps without checkpoints and choices.

    `listens`: at its end the bot waits for the user, because the story ends or the user goes on with it on other ways.
    """

    stories: tuple[Story, ...]
    steps: tuple[Step, ...]
    listens: bool = True


class Walked(Struct, frozen=True):
    """The ways through stories that checkpoints join.

    `row` is None where these are all that come to nothing a second time; else so many parts stand in a row on them in
    every order that there is. No way leads to the `unreached` checkpoints.
    """

    stories: tuple[Story, ...]
    ways: tuple[Way, ...]
    row: int | None
    unreached: tuple[CheckpointStep, ...]


def ways(stories: Sequence[Story], domain: Domain) -> list[Way]:
    """The ways from the stories' beginnings to an end, in the order in which the stories are written."""
    position = {id(story): number for number, story in enumerate(stories)}
    found = [way for walked in walk(stories, domain) for way in walked.ways]
    return sorted(found, key=lambda way: position[id(way.stories[0])])


def walk(stories: Sequence[Story], domain: Domain, max_steps: int = MAX_STEPS) -> Iterator[Walked]:
    """The ways through each group of stories that checkpoints join, of no more than `max_steps` steps if possible."""
    for group in joined(stories):
        parts, asked = parts_of(group, domain), asked_slots(group)
        slots = {name: value for name, value in initial_slots(domain).items() if name in asked}
        walks, row = _within(max_steps, [_Walk(part, None, slots) for part in parts if part.is_start])
        paths = sorted(map(_path, walks), key=lambda path: ([p.piece for p in path], [p.option for p in path]))
        yield Walked(tuple(group), tuple(map(_way, paths)), row, tuple(_unreached(parts, paths)))


def _way(path: Sequence[Part]) -> Way:
    stories = {id(part.story): part.story for part in path}
    steps = tuple(step for part in path for step in part.steps)
    return Way(tuple(stories.values()), steps, path[-1].is_end or _is_the_users(path[-1].after))


def _is_the_users(parts: Sequence[Part]) -> bool:
    """Whether the user begins each of these parts, and there are any."""
    return bool(parts) and all(part.steps and isinstance(part.steps[0], UserStep) for part in parts)


# --- walking -----------------------------------------------------------------


class _Walk(Struct, eq=False):
    """A way up to some part of it: the part, what is before it, the slots that checkpoints ask for, and all steps."""

    part: Part
    before: _Walk | None
    slots: Mapping[str, Any]
    steps: int = 0

    def __post_init__(self) -> None:
        self.steps = (len(self.part.steps) or 1) + (self.before.steps if self.before else 0)
        if self.part.fills:
            self.slots = {**self.slots, **dict(self.part.fills)}

    def onwards(self) -> list[_Walk]:
        """The walk with each part after it, where the slots are as its checkpoint asks."""
        return [_Walk(part, self, self.slots) for part in self.part.after if _is_met(part.begin, self.slots)]

    def backwards(self) -> Iterator[Part]:
        """The parts, the latest first."""
        at: _Walk | None = self
        while at is not None:
            yield at.part
            at = at.before


def _path(walk: _Walk) -> list[Part]:
    return [*walk.backwards()][::-1]


def _is_met(checkpoint: CheckpointStep | None, slots: Mapping[str, Any]) -> bool:
    return checkpoint is None or all(_is(slots.get(slot.name), slot.value) for slot in checkpoint.slots)


def _is(have: object, wanted: object) -> bool:
    return have is not None if wanted is ANY else have == wanted


def _within(max_steps: int, starts: Sequence[_Walk]) -> tuple[list[_Walk], int | None]:
    """Walks from these starts to an end, and how many parts in a row tell them apart (None: all)."""
    found = _walks(starts, _comes_again, max_steps, close_all=True)
    if found is not None:
        return found, None
    for row in ROWS:
        found = _walks(starts, _each_row_once(row), max_steps)
        if found is not None:
            return found, row
    return _walks(starts, _each_row_once(1), None) or [], 1


_IsRepeat: TypeAlias = Callable[[_Walk], bool]
"""Whether a walk does not go on because it has come to something again."""


def _walks(
    starts: Sequence[_Walk], is_repeat: _IsRepeat, limit: int | None, *, close_all: bool = False
) -> list[_Walk] | None:
    """Walks from these starts as far as they come to something new; None where all have more steps than the limit.

    The repeat that a walk comes to is its last part, so that what is before it is followed by something: each repeat,
    on a walk of its own, with `close_all`, else one where there is nothing new.
    """
    found: list[_Walk] = []
    under_way = deque(starts)
    steps = sum(start.steps for start in starts)
    while under_way and (limit is None or steps <= limit):
        walk = under_way.popleft()
        new: list[_Walk] = []
        again: list[_Walk] = []
        for onwards in walk.onwards():
            (again if is_repeat(onwards) else new).append(onwards)
        last = again if close_all else [] if new else again[:1]
        steps += sum(one.steps for one in (*new, *last)) - (walk.steps if new or last else 0)
        under_way += new
        found += last if new or last else [walk]
    return None if under_way else found


def _comes_again(walk: _Walk) -> bool:
    """Whether the piece that the walk goes on with is on it already."""
    piece = walk.part.piece
    return walk.part.begin is not None and any(part.piece == piece for part in islice(walk.backwards(), 1, None))


def _each_row_once(length: int) -> _IsRepeat:
    """A test whether the latest parts of a walk have been in this row before, with the slots as they are.

    Of single parts the slots do not count, so that no more walks come of them than there are parts.
    """
    seen: set[tuple[tuple[Part, ...], str]] = set()

    def is_repeat(walk: _Walk) -> bool:
        row = (tuple(islice(walk.backwards(), length)), repr(sorted(walk.slots.items())) if length > 1 else "")
        known = row in seen
        seen.add(row)
        return known

    return is_repeat


# --- what no way leads to ----------------------------------------------------


def _unreached(parts: Sequence[Part], paths: Sequence[Sequence[Part]]) -> list[CheckpointStep]:
    """The checkpoints that no way leads to, though a story ends with them; nor those that only come after them."""
    reached = {part for path in paths for part in path}
    beside = {part for known in reached for part in known.after} - reached
    led_to = {part for known in parts for part in known.after}
    explained = _from(part for part in parts if part.begin and part not in led_to)
    found: dict[int, CheckpointStep] = {}
    for part in sorted(parts, key=lambda part: part not in beside):
        if part.begin and part not in reached and (part in beside or part not in explained):
            found[id(part.begin)] = part.begin
            explained |= _from([part])
    return list(found.values())


def _from(parts: Iterable[Part]) -> set[Part]:
    """These parts and all that may come after them."""
    found: set[Part] = set()
    open_ = [*parts]
    while open_:
        part = open_.pop()
        if part not in found:
            found.add(part)
            open_ += part.after
    return found
