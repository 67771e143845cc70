"""Matching patterns of states against the end of a conversation, with an index to find candidates quickly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from bot.dialogue.states import NOT_SET, SET, Feature, State, User


class Patterns(Struct):
    """Patterns of states, indexed by the action and intent of their last state; the longest key comes first."""

    all: Sequence[tuple[tuple[State, ...], str, Any]]
    _by_last: dict[tuple[str | None, str | None], list[tuple[tuple[State, ...], str, Any]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _sorted: dict[tuple[str | None, str | None], list[tuple[tuple[State, ...], str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for pattern in self.all:
            last = pattern[0][-1]
            self._by_last[last.action, last.user.intent].append(pattern)

    def matching(self, states: Sequence[State]) -> Iterator[Any]:
        """The values of the patterns that hold at the end of `states`, the most specific first."""
        last = states[-1]
        where = (last.action, last.user.intent)
        candidates = self._sorted.get(where)
        if candidates is None:
            keys = {where, (last.action, None)}
            found = [pattern for key in keys for pattern in self._by_last.get(key, ())]
            candidates = self._sorted[where] = sorted(found, key=lambda p: (-len(p[1]), p[1]))
        return (value for pattern, _, value in candidates if holds(pattern, states))


def holds(pattern: Sequence[State], states: Sequence[State]) -> bool:
    """Whether the pattern's states hold at the end of `states`."""
    if len(pattern) > len(states):
        return False
    return all(map(_fits, reversed(pattern), reversed(states)))


def _fits(wanted: State, state: State) -> bool:
    if wanted.action is None or state.action is None:
        # At the start of a conversation, slots have their initial values on both sides.
        return wanted.action is state.action
    return (
        wanted.action == state.action
        and _user_fits(wanted.user, state.user)
        and _loop_fits(wanted.loop, state.loop)
        and (not wanted.slots or _slots_fit(wanted.slots, dict(state.slots)))
    )


def _user_fits(wanted: User, user: User) -> bool:
    return (
        (wanted.intent is None or wanted.intent == user.intent)
        and (wanted.text is None or wanted.text == user.text)
        and (not wanted.entities or wanted.entities == user.entities)
    )


def _loop_fits(wanted: str | None, loop: str | None) -> bool:
    if wanted == NOT_SET:
        return loop in (None, NOT_SET)
    return wanted is None or wanted == loop


def _slots_fit(wanted: Sequence[tuple[str, Feature]], slots: Mapping[str, Feature]) -> bool:
    for name, feature in wanted:
        have = slots.get(name)
        if feature == NOT_SET:
            if have not in (None, NOT_SET):
                return False
        elif feature == SET:
            if have in (None, NOT_SET):
                return False
        elif have != feature:
            return False
    return True
