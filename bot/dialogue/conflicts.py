"""Find where stories disagree with each other: different actions follow what policies see as the same conversation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.content import Diagnostic, Place
from bot.dialogue.memoization import followers
from bot.dialogue.names import LISTEN
from bot.dialogue.training import Example


def conflicts(examples: Iterable[tuple[str, Example]], max_history: int | None) -> Iterator[Diagnostic]:
    """Warnings on examples (each with its story's name) that no story memory can tell apart, as Rasa's validator gives.

    `max_history` is the number of states that it looks back (None: all). Lines
    that disagree after several beginnings are reported once.
    """
    reported: set[Place] = set()
    for actions in followers(examples, max_history).values():
        lines = sorted((place, story, action) for action, named in actions.items() for story, place in named)
        places = dict.fromkeys(place for place, _, _ in lines)
        if len(actions) > 1 and not reported.issuperset(places):
            reported.update(places)
            yield _conflict(lines, max_history)


def _conflict(lines: list[tuple[Place, str, str]], max_history: int | None) -> Diagnostic:
    """The finding at the line that is written last, with one line for each other action."""
    place, story, action = lines[-1]
    others = {theirs: (where, name) for where, name, theirs in reversed(lines) if theirs != action}
    against = ", and ".join(
        f"the story `{name}` {_continued(theirs)} (at {where})" for theirs, (where, name) in others.items()
    )
    seen = f" as far as `max_history: {max_history}` looks back" if max_history else ""
    message = (
        f"The story `{story}` {_continued(action)} here, but {against}, although the conversation before is the "
        f"same{seen}: the bot cannot learn which is meant."
    )
    cure = "Make them continue alike, or let something before differ: the intent, an entity, or a slot that is set."
    if max_history:
        cure = f"{cure[:-1]}; or look further back."
    also = tuple(dict.fromkeys(where for where, _, _ in lines if where != place))
    return Diagnostic("warning", place, message, cure, "story-conflict", also=also)


def _continued(action: str) -> str:
    return "waits for the user" if action == LISTEN else f"continues with `{action}`"
