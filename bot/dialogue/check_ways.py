"""Stories that cannot be learned as they are written: checkpoints that no way leads to, and ways beyond number."""

from __future__ import annotations

from collections.abc import Iterator

from bot.content import ANY, CheckpointStep, Content, Diagnostic, SlotStep
from bot.dialogue.story_graph import Walked, walk


def check_ways(content: Content) -> tuple[Diagnostic, ...]:
    """What of the content's stories and rules is not learned, or only in part, because of checkpoints and choices."""
    groups = [content.stories, *((rule,) for rule in content.rules)]
    walked = (found for stories in groups for found in walk(stories, content.domain))
    return tuple(diagnostic for found in walked for diagnostic in _findings(found))


def _findings(walked: Walked) -> Iterator[Diagnostic]:
    yield from map(_unreached, walked.unreached)
    if walked.row is not None:
        yield _too_many(walked, walked.row)


def _unreached(checkpoint: CheckpointStep) -> Diagnostic:
    message = f"No way through the stories leads to the checkpoint `{checkpoint.name}`"
    cure = f"Begin a story without a checkpoint, and end it with `- checkpoint: {checkpoint.name}`."
    if checkpoint.slots:
        message += f" with {' and '.join(map(_wanted, checkpoint.slots))}"
        cure = "Set it in a story that leads here (`- slot_was_set:`), or take the condition out."
    message += ", so what follows it is not learned."
    return Diagnostic("warning", checkpoint.place, message, cure, "unreached-checkpoint")


def _wanted(slot: SlotStep) -> str:
    value = "set" if slot.value is ANY else "not set" if slot.value is None else f"`{slot.value}`"
    return f"the slot `{slot.name}` {value}"


def _too_many(walked: Walked, row: int) -> Diagnostic:
    first, others = walked.stories[0], len(walked.stories) - 1
    joined = f" and the {others} that checkpoints join to it" if others else ""
    kept = f"every {row} parts that may follow each other are, in a row" if row > 1 else "each part is, once"
    message = f"There are too many ways through the {first.kind} `{first.name}`{joined} to learn all; {kept}."
    cure = "Write fewer `or:` into one story, or lead fewer stories through the same checkpoints."
    return Diagnostic("warning", first.place, message, cure, "many-ways")
