"""Stories split at their checkpoints and choices, each part with those that can come after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct, field

from bot.content import CheckpointStep, Domain, OrStep, SlotStep, Step, Story, UserStep
from bot.dialogue.events import SlotSet
from bot.dialogue.story_entities import slots_of_entities, step_entities


class Part(Struct, eq=False):
    """Steps of a story with no checkpoint or choice among them.

    `begin` is the checkpoint that it continues from, if any. Parts between the same two checkpoints have the same
    `piece`, and `option` is the number of the option of a choice. `fills` are the slots that it sets, if checkpoints
    ask for them. `is_start` and `is_end` mark a story's first and last parts; `after` are those that can come next.
    """

    story: Story
    steps: tuple[Step, ...]
    piece: int
    option: int
    begin: CheckpointStep | None = None
    is_start: bool = False
    is_end: bool = False
    fills: tuple[tuple[str, Any], ...] = ()
    after: list[Part] = field(default_factory=list)


class _Piece(Struct, frozen=True, eq=False):
    """The steps between two checkpoints of a story (None: its own beginning or end)."""

    story: Story
    begin: CheckpointStep | None
    steps: tuple[Step, ...]
    end: CheckpointStep | None


def connected(stories: Sequence[Story]) -> list[list[Story]]:
    """The stories in groups connected by checkpoints, all in the order in which they are written."""
    parent: dict[str, str] = {}  # a forest of the checkpoints' names, with a tree for each group

    def root(name: str) -> str:
        while name in parent:
            name = parent[name]
        return name

    checkpoints = [[step.name for step in story.steps if isinstance(step, CheckpointStep)] for story in stories]
    for names in checkpoints:
        for name in names:
            if root(name) != root(names[0]):
                parent[root(name)] = root(names[0])
    groups: dict[str | int, list[Story]] = defaultdict(list)
    for number, (story, names) in enumerate(zip(stories, checkpoints, strict=True)):
        groups[root(names[0]) if names else number].append(story)
    return list(groups.values())


def asked_slots(stories: Sequence[Story]) -> frozenset[str]:
    """The slots that checkpoints of these stories ask for."""
    checkpoints = (step for story in stories for step in story.steps if isinstance(step, CheckpointStep))
    return frozenset(slot.name for checkpoint in checkpoints for slot in checkpoint.slots)


def parts_of(stories: Sequence[Story], domain: Domain) -> list[Part]:
    """The parts of these stories, in the order in which they are written."""
    asked = asked_slots(stories)
    found: list[Part] = []
    following: dict[str, list[Part]] = defaultdict(list)
    for number, piece in enumerate(piece for story in stories for piece in _pieces(story)):
        layers = [_layer(piece, number, options, asked, domain) for options in _layers(piece.steps)]
        for part in layers[0]:
            part.begin, part.is_start = piece.begin, piece.begin is None
        for layer, after in pairwise(layers):
            _set_after(layer, after)
        for part in layers[-1]:
            part.is_end = piece.end is None
        if piece.begin:
            following[piece.begin.name] += layers[0]
        if piece.end:
            _set_after(layers[-1], following[piece.end.name])
        found += (part for layer in layers for part in layer)
    return found


def _set_after(parts: Collection[Part], after: list[Part]) -> None:
    """Set what comes after these parts; the list can still grow."""
    for part in parts:
        part.after = after


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


def _layers(steps: Sequence[Step]) -> list[list[tuple[Step, ...]]]:
    """The steps split before each choice: those before the first, if any, then its options with the steps after it."""
    layers: list[list[tuple[Step, ...]]] = [[()]]
    for step in steps:
        if isinstance(step, OrStep):
            layers.append([(option,) for option in step.options])
        else:
            layers[-1] = [(*before, step) for before in layers[-1]]
    begins_with_choice = layers[0] == [()] and len(layers) > 1
    return layers[1:] if begins_with_choice else layers


def _layer(
    piece: _Piece, number: int, options: Sequence[tuple[Step, ...]], asked: Collection[str], domain: Domain
) -> list[Part]:
    return [
        Part(piece.story, steps, number, option, fills=tuple(_fills(steps, asked, domain)))
        for option, steps in enumerate(options)
    ]


def _fills(steps: Sequence[Step], asked: Collection[str], domain: Domain) -> Iterator[tuple[str, Any]]:
    """The slots that these steps set, if they are asked for."""
    if not asked:
        return
    for step in steps:
        filled: Iterable[SlotStep | SlotSet] = ()
        if isinstance(step, SlotStep):
            filled = [step]
        elif isinstance(step, UserStep):
            filled = slots_of_entities(step_entities(step), domain)
        for slot in filled:
            if slot.name in asked:
                yield slot.name, slot.value
