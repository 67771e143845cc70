"""Checkpoints and `or`: every way through the stories, one after another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Final

from msgspec import Struct

from bot.content import ANY, CheckpointStep, OrStep, SlotStep, Step, Story

MAX_WAYS: Final = 5000
"""Stories can multiply without end through checkpoints; no more ways than these are followed."""


class Way(Struct, frozen=True):
    """One way: the stories it goes through, and their steps without checkpoints and choices.

    `complete` is False where it ends at a checkpoint that no story goes on from.
    """

    stories: tuple[Story, ...]
    steps: tuple[Step, ...]
    complete: bool = True


class _Piece(Struct, frozen=True, eq=False):
    """A stretch of a story between two checkpoints (None: the story's own beginning or end)."""

    story: Story
    begin: CheckpointStep | None
    steps: tuple[Step, ...]
    end: CheckpointStep | None


def ways(stories: Sequence[Story]) -> list[Way]:
    """Every way from a beginning to an end; no piece is walked twice on one way, so that circles end."""
    pieces = [piece for story in stories for piece in _pieces(story)]
    following: dict[str, list[_Piece]] = defaultdict(list)
    for piece in pieces:
        if piece.begin:
            following[piece.begin.name].append(piece)
    walks = (walk for piece in pieces if piece.begin is None for walk in _walks((piece,), following))
    found = (Way(_stories(walk), steps, complete) for walk, complete in walks for steps in _choices(walk))
    return list(islice(found, MAX_WAYS))


def _pieces(story: Story) -> Iterator[_Piece]:
    begin: CheckpointStep | None = None
    steps: list[Step] = []
    for i, step in enumerate(story.steps):
        if not isinstance(step, CheckpointStep):
            steps.append(step)
            continue
        if i:
            yield _Piece(story, begin, tuple(steps), step)
        begin, steps = step, []
    if steps or not story.steps or not isinstance(story.steps[-1], CheckpointStep):
        yield _Piece(story, begin, tuple(steps), None)


def _walks(way: tuple[_Piece, ...], following: dict[str, list[_Piece]]) -> Iterator[tuple[tuple[_Piece, ...], bool]]:
    end = way[-1].end
    if end is None:
        yield way, True
        return
    after = [piece for piece in following[end.name] if piece not in way]
    if not after:
        yield way, False
    for piece in after:
        yield from _walks((*way, piece), following)


def _stories(way: Sequence[_Piece]) -> tuple[Story, ...]:
    return tuple({id(piece.story): piece.story for piece in way}.values())


def _choices(way: Sequence[_Piece]) -> Iterator[tuple[Step, ...]]:
    """Every choice of steps on this way whose slots are as the checkpoints ask."""
    steps: list[Step] = []
    for piece in way:
        steps += (piece.begin,) if piece.begin else ()
        steps += piece.steps
    options = [step.options if isinstance(step, OrStep) else (step,) for step in steps]
    for chosen in product(*options):
        if _checkpoints_hold(chosen):
            yield tuple(step for step in chosen if not isinstance(step, CheckpointStep))


def _checkpoints_hold(steps: Sequence[Step]) -> bool:
    slots: dict[str, object] = {}
    for step in steps:
        if isinstance(step, SlotStep):
            slots[step.name] = step.value
        elif isinstance(step, CheckpointStep) and not all(_is(slots.get(s.name), s.value) for s in step.slots):
            return False
    return True


def _is(have: object, wanted: object) -> bool:
    return have is not None if wanted is ANY else have == wanted
