"""Checkpoints and `or`: the paths ("ways") through the stories.

If checkpoints and choices multiply, every way is followed as long as the
result can be learned in seconds. Beyond that, two ways whose latest parts are
the same continue as one, so that every possible sequence of a few parts still
occurs on some way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from msgspec import Struct

from bot.content import ANY, CheckpointStep, Domain, Step, Story, UserStep
from bot.dialogue.slots import initial_slots
from bot.dialogue.story_parts import Part, asked_slots, connected, parts_of

MAX_STEPS: Final = 50_000
"""The maximum number of steps on all ways through connected stories; these are learned in seconds.

There may be more if each part is on one way only, because that many are written.
"""

ROWS: Final = (8, 5, 3, 2)
"""If there are too many ways, they are distinguished by this many latest parts: the first that MAX_STEPS allows."""


class Way(Struct, frozen=True):
    """One way: the stories it goes through, and their steps without checkpoints and choices.

    `listens`: at its end the bot waits for the user, because the story ends or the user continues it on other ways.
    """

    stories: tuple[Story, ...]
    steps: tuple[Step, ...]
    listens: bool = True


class Walked(Struct, frozen=True):
    """The ways through stories that checkpoints connect.

    `row` is None if these are all ways without repetition; otherwise every possible sequence of `row` parts occurs on
    one of them. No way leads to the `unreached` checkpoints.
    """

    stories: tuple[Story, ...]
    ways: tuple[Way, ...]
    row: int | None
    unreached: tuple[CheckpointStep, ...]


def ways(stories: Sequence[Story], domain: Domain) -> list[Way]:
    """The ways from a story's beginning to an end, in the order in which the stories are written."""
    position = {id(story): number for number, story in enumerate(stories)}
    found = [way for walked in walk(stories, domain) for way in walked.ways]
    return sorted(found, key=lambda way: position[id(way.stories[0])])


def walk(stories: Sequence[Story], domain: Domain, max_steps: int = MAX_STEPS) -> Iterator[Walked]:
    """The ways through each group of connected stories, with at most `max_steps` steps in all if possible."""
    for group in connected(stories):
        parts, asked = parts_of(group, domain), asked_slots(group)
        slots = {name: value for name, value in initial_slots(domain).items() if name in asked}
        walks, row = _walks_within(max_steps, [_Walk(part, None, slots) for part in parts if part.is_start])
        paths = [walk.path() for walk in walks]
        paths.sort(key=lambda path: ([part.piece for part in path], [part.option for part in path]))
        yield Walked(tuple(group), tuple(map(_way, paths)), row, tuple(_unreached(parts, paths)))


def _way(path: Sequence[Part]) -> Way:
    stories = {id(part.story): part.story for part in path}
    steps = tuple(step for part in path for step in part.steps)
    return Way(tuple(stories.values()), steps, path[-1].is_end or _all_begin_with_user(path[-1].after))


def _all_begin_with_user(parts: Sequence[Part]) -> bool:
    """Whether there are any parts, and each begins with a user message (an empty one does not)."""
    return bool(parts) and all(part.steps and isinstance(part.steps[0], UserStep) for part in parts)


# --- walking -----------------------------------------------------------------


class _Walk(Struct, eq=False):
    """A way so far: its latest part, the walk before it, the slots that checkpoints ask for, and the step count."""

    part: Part
    before: _Walk | None
    slots: Mapping[str, Any]
    steps: int = 0

    def __post_init__(self) -> None:
        self.steps = (len(self.part.steps) or 1) + (self.before.steps if self.before else 0)
        if self.part.fills:
            self.slots = {**self.slots, **dict(self.part.fills)}

    def onwards(self) -> list[_Walk]:
        """The walk extended by each possible next part whose checkpoint accepts the slots."""
        return [_Walk(part, self, self.slots) for part in self.part.after if _is_met(part.begin, self.slots)]

    def backwards(self) -> Iterator[Part]:
        """The parts, latest first."""
        at: _Walk | None = self
        while at is not None:
            yield at.part
            at = at.before

    def path(self) -> list[Part]:
        """The parts, earliest first."""
        return list(self.backwards())[::-1]


def _is_met(checkpoint: CheckpointStep | None, slots: Mapping[str, Any]) -> bool:
    return checkpoint is None or all(_fits(slots.get(slot.name), slot.value) for slot in checkpoint.slots)


def _fits(have: object, wanted: object) -> bool:
    return have is not None if wanted is ANY else have == wanted


def _walks_within(max_steps: int, starts: Sequence[_Walk]) -> tuple[list[_Walk], int | None]:
    """Walks from these starts to an end, and the number of latest parts that distinguish them (None: all)."""
    found = _walks(starts, _comes_again, max_steps, close_all=True)
    if found is not None:
        return found, None
    for row in ROWS:
        found = _walks(starts, _each_row_once(row), max_steps)
        if found is not None:
            return found, row
    return _walks(starts, _each_row_once(1), None) or [], 1


_IsRepeat: TypeAlias = Callable[[_Walk], bool]
"""Whether a walk ends because it repeats something."""


def _walks(
    starts: Sequence[_Walk], is_repeat: _IsRepeat, limit: int | None, *, close_all: bool = False
) -> list[_Walk] | None:
    """Walks from these starts, as far as they reach something new; None if they have more steps than the limit in all.

    A walk ends with the repeated part that it reaches, so that the part before it has a successor. With `close_all`,
    each repeat ends a separate walk; otherwise only one does, and only if there is nothing new.
    """
    found: list[_Walk] = []
    under_way = deque(starts)
    steps = sum(start.steps for start in starts)
    while under_way and (limit is None or steps <= limit):
        walk = under_way.popleft()
        new: list[_Walk] = []
        repeats: list[_Walk] = []
        for longer in walk.onwards():
            if is_repeat(longer):
                repeats.append(longer)
            else:
                new.append(longer)
        if not close_all:
            repeats = [] if new else repeats[:1]
        if not new and not repeats:
            found.append(walk)
            continue
        steps += sum(longer.steps for longer in (*new, *repeats)) - walk.steps
        under_way += new
        found += repeats
    return None if under_way else found


def _comes_again(walk: _Walk) -> bool:
    """Whether the walk's latest piece is already on it."""
    piece = walk.part.piece
    return walk.part.begin is not None and any(part.piece == piece for part in islice(walk.backwards(), 1, None))


def _each_row_once(length: int) -> _IsRepeat:
    """A test whether this sequence of a walk's latest parts has occurred before, with the same slots.

    For single parts the slots are ignored, so that there are no more walks than parts.
    """
    seen: set[tuple[tuple[Part, ...], str]] = set()

    def is_repeat(walk: _Walk) -> bool:
        latest = tuple(islice(walk.backwards(), length))
        slots = repr(sorted(walk.slots.items())) if length > 1 else ""
        known = (latest, slots) in seen
        seen.add((latest, slots))
        return known

    return is_repeat


# --- checkpoints that no path leads to ----------------------------------------


def _unreached(parts: Sequence[Part], paths: Sequence[Sequence[Part]]) -> list[CheckpointStep]:
    """The checkpoints that no way leads to although a story ends with them, without those that only follow them."""
    reached = {part for path in paths for part in path}
    blocked = {part for before in reached for part in before.after} - reached
    led_to = {part for before in parts for part in before.after}
    explained = _with_all_after(part for part in parts if part.begin and part not in led_to)
    found: dict[int, CheckpointStep] = {}
    for part in sorted(parts, key=lambda part: part not in blocked):
        if part.begin and part not in reached and (part in blocked or part not in explained):
            found[id(part.begin)] = part.begin
            explained |= _with_all_after([part])
    return list(found.values())


def _with_all_after(parts: Iterable[Part]) -> set[Part]:
    """These parts and all that can come after them."""
    found: set[Part] = set()
    pending = [*parts]
    while pending:
        part = pending.pop()
        if part not in found:
            found.add(part)
            pending += part.after
    return found
