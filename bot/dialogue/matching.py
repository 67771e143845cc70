"""Matching patterns of states against the end of a conversation, with an index to find candidates quickly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

from bot.dialogue.states import NOT_SET, SET, Feature, State, User

T = TypeVar("T")
_ActionAndIntent: TypeAlias = tuple[str | None, str | None]


class Patterns(Generic[T]):
    """Patterns (each with a key and a value), indexed by the action and intent of their last state.

    The pattern with the longest key is the most specific. `longest` is the largest number of states in one.
    """

    def __init__(self, patterns: Iterable[tuple[tuple[State, ...], str, T]]) -> None:
        self.longest = 1
        self._by_last: dict[_ActionAndIntent, list[tuple[tuple[State, ...], str, T]]] = defaultdict(list)
        self._candidates: dict[_ActionAndIntent, list[tuple[tuple[State, ...], str, T]]] = {}
        for pattern in patterns:
            states, _, _ = pattern
            last = states[-1]
            self._by_last[last.action, last.user.intent].append(pattern)
            self.longest = max(self.longest, len(states))

    def matching(self, states: Sequence[State]) -> Iterator[T]:
        """The values of the patterns that hold at the end of `states`, the most specific first."""
        last = states[-1]
        candidates = self._candidates.get((last.action, last.user.intent))
        if candidates is None:
            candidates = self._sort_candidates(last)
        return (value for pattern, _, value in candidates if _holds(pattern, states))

    def _sort_candidates(self, last: State) -> list[tuple[tuple[State, ...], str, T]]:
        """Find and keep the patterns that may hold if this is the last state, the most specific first."""
        action, intent = last.action, last.user.intent
        found = [pattern for key in {(action, intent), (action, None)} for pattern in self._by_last.get(key, ())]
        found.sort(key=lambda pattern: (-len(pattern[1]), pattern[1]))
        self._candidates[action, intent] = found
        return found


def _holds(pattern: Sequence[State], states: Sequence[State]) -> bool:
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
        have = slots.get(name, NOT_SET)
        fits = have != NOT_SET if feature == SET else have == feature
        if not fits:
            return False
    return True
