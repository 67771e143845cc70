"""Stories that cannot be learned as written: checkpoints that no path leads to, and too many paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.content import ANY, CheckpointStep, Content, Diagnostic, SlotStep, Story
from bot.dialogue.story_graph import Walked, walk


def check_ways(content: Content, tests: Sequence[Story] = ()) -> tuple[Diagnostic, ...]:
    """Find stories and rules that are not learned, or only in part, because of checkpoints and choices.

    Likewise the parts of the test stories `tests` that are not run.
    """
    groups = (content.stories, content.rules, tests)
    walked = (found for stories in groups for found in walk(stories, content.domain))
    return tuple(diagnostic for found in walked for diagnostic in _findings(found))


def _findings(walked: Walked) -> Iterator[Diagnostic]:
    yield from (_unreached(checkpoint, walked.stories[0]) for checkpoint in walked.unreached)
    if walked.row is not None:
        yield _too_many(walked, walked.row)


def _unreached(checkpoint: CheckpointStep, story: Story) -> Diagnostic:
    one, several, _, learned = _words(story)
    message = f"No path through the {several} leads to the checkpoint `{checkpoint.name}`"
    cure = f"Begin a {one} without a checkpoint, and end it with `- checkpoint: {checkpoint.name}`."
    if checkpoint.slots:
        message += f" with {' and '.join(map(_wanted, checkpoint.slots))}"
        cure = f"Set it in a {one} that leads here (`- slot_was_set:`), or remove the condition."
    message += f", so what follows it is not {learned}."
    return Diagnostic("warning", checkpoint.place, message, cure, "unreached-checkpoint")


def _words(story: Story) -> tuple[str, str, str, str]:
    """The words for stories of this kind, singular and plural, and for what is done with them, verb and participle."""
    if story.kind == "test":
        return "test story", "test stories", "run", "run"
    return story.kind, {"story": "stories", "rule": "rules"}[story.kind], "learn", "learned"


def _wanted(slot: SlotStep) -> str:
    value = "set" if slot.value is ANY else "not set" if slot.value is None else f"`{slot.value}`"
    return f"the slot `{slot.name}` {value}"


def _too_many(walked: Walked, row: int) -> Diagnostic:
    first, others = walked.stories[0], len(walked.stories) - 1
    one, several, learn, learned = _words(first)
    joined = f" and {others} other{'s' * (others > 1)} connected to it by checkpoints" if others else ""
    kept = f"every possible sequence of {row} parts is {learned}" if row > 1 else f"each part is {learned} once"
    message = f"There are too many paths through the {one} `{first.name}`{joined} to {learn} them all; {kept}."
    cure = f"Use fewer `or:` in one {one}, or connect fewer {several} by the same checkpoints."
    return Diagnostic("warning", first.place, message, cure, "many-ways")
