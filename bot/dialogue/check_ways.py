"""Stories that cannot be learned as written: checkpoints that no path leads to, and too many paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bot.content import ANY, CheckpointStep, Content, Diagnostic, SlotStep, Story
from bot.dialogue.story_graph import Walked, walk


def check_ways(content: Content, tests: Sequence[Story] = ()) -> tuple[Diagnostic, ...]:
    """Find stories and rules that are not learned, or only in part, because of checkpoints and choices.

    Likewise the parts of the test stories `tests` that are not run.
    """
    groups = (content.stories, content.rules, tests)
    return tuple(
        diagnostic for stories in groups for walked in walk(stories, content.domain) for diagnostic in _findings(walked)
    )


def _findings(walked: Walked) -> Iterator[Diagnostic]:
    for checkpoint in walked.unreached:
        yield _unreached(checkpoint, walked.stories[0])
    if walked.row is not None:
        yield _too_many_paths(walked.stories, walked.row)


_WORDS: Final = {
    "story": ("story", "stories", "learn", "learned"),
    "rule": ("rule", "rules", "learn", "learned"),
    "test": ("test story", "test stories", "run", "run"),
}
"""The words for one and several stories of each kind, and for what is done with them (verb and participle)."""


def _unreached(checkpoint: CheckpointStep, story: Story) -> Diagnostic:
    one, several, _, learned = _WORDS[story.kind]
    message = f"No path through the {several} leads to the checkpoint `{checkpoint.name}`"
    cure = f"Begin a {one} without a checkpoint, and end it with `- checkpoint: {checkpoint.name}`."
    if checkpoint.slots:
        message += f" with {' and '.join(map(_wanted, checkpoint.slots))}"
        cure = f"Set it in a {one} that leads here (`- slot_was_set:`), or remove the condition."
    message += f", so what follows it is not {learned}."
    return Diagnostic("warning", checkpoint.place, message, cure, "unreached-checkpoint")


def _wanted(slot: SlotStep) -> str:
    if slot.value is ANY:
        return f"the slot `{slot.name}` set"
    if slot.value is None:
        return f"the slot `{slot.name}` not set"
    return f"the slot `{slot.name}` `{slot.value}`"


def _too_many_paths(stories: Sequence[Story], row: int) -> Diagnostic:
    first, *others = stories
    one, several, learn, learned = _WORDS[first.kind]
    through = f"the {one} `{first.name}`"
    if others:
        through += f" and {len(others)} {'other' if len(others) == 1 else 'others'} connected to it by checkpoints"
    kept = f"every possible sequence of {row} parts is {learned}" if row > 1 else f"each part is {learned} once"
    message = f"There are too many paths through {through} to {learn} them all; {kept}."
    cure = f"Use fewer `or:` in one {one}, or connect fewer {several} by the same checkpoints."
    return Diagnostic("warning", first.place, message, cure, "many-ways")
