"""Responses: choosing a variation and filling its `{slot}`s."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from bot.content import Domain, Variation
from bot.content.names import PLACEHOLDER
from bot.dialogue.tracker import Tracker
from bot.messages import Reply

T = TypeVar("T")


class Chooses(Protocol):
    """A random choice among several items, such as `random.Random`."""

    def choice(self, seq: Sequence[T], /) -> T:
        """Return one of the items."""


_NAME = re.compile(r"\{([^{}\n]+)\}")
_NAME_OR_DOUBLED = re.compile(r"\{\{|\}\}|" + _NAME.pattern)


def choose_response(
    domain: Domain,
    name: str,
    tracker: Tracker,
    *,
    channel: str,
    random: Chooses,
    values: Mapping[str, Any],
    unfilled: Callable[[str], object] = lambda name: None,
) -> Reply | None:
    """The reply for response `name` now, filled in; None if none of its variations can be said.

    Of the variations whose conditions hold, Rasa's order of preference is:
    those for this channel with a condition, those for this channel without,
    those for no channel with a condition, those without either. From the
    first group that has any, `random` chooses one. `{name}` is filled from
    `values`, then from the slots; a name that neither fills stays as it is
    written, and `unfilled` is called with it.
    """
    group = _best_group(domain.responses.get(name, ()), tracker.slots, channel)
    if not group:
        return None
    chosen = group[0] if len(group) == 1 else random.choice(group)
    if chosen.is_final:  # it has no placeholders, so all conversations share it
        return _reply(chosen, name, lambda template: template)
    return _reply(chosen, name, partial(fill, values={**tracker.slots, **values}, unfilled=unfilled))


def _best_group(variations: Sequence[Variation], slots: Mapping[str, Any], channel: str) -> list[Variation]:
    """The variations that can be said now and that no other of these is preferred to."""
    possible = [v for v in variations if v.channel in (None, channel) and _holds(v, slots)]
    if len(possible) < 2:
        return possible
    best = min(map(_rank, possible))
    return [variation for variation in possible if _rank(variation) == best]


def _rank(variation: Variation) -> tuple[bool, bool]:
    """Lower is preferred: for this channel before any, with a condition before without."""
    return variation.channel is None, not variation.conditions


def _holds(variation: Variation, slots: Mapping[str, Any]) -> bool:
    return all(_same(slots.get(condition.name), condition.value) for condition in variation.conditions)


def _same(have: Any, want: Any) -> bool:
    """Whether the values are equal, with strings compared without regard to case, as in Rasa."""
    if isinstance(have, str) and isinstance(want, str):
        return have.casefold() == want.casefold()
    return bool(have == want)


def _reply(variation: Variation, name: str, fill_in: Callable[[Any], Any]) -> Reply:
    return Reply(
        text=fill_in(variation.text),
        buttons=tuple(fill_in(variation.buttons)),
        quick_replies=tuple(fill_in(variation.quick_replies)),
        elements=tuple(fill_in(variation.elements)),
        image=fill_in(variation.image),
        attachment=fill_in(variation.attachment),
        custom=fill_in(variation.custom),
        metadata=fill_in(variation.metadata),
        response=name,
    )


def fill(template: Any, values: Mapping[str, Any], unfilled: Callable[[str], object] = lambda name: None) -> Any:
    """`template` with every `{name}` of `values` replaced in its strings, in one pass; keys of mappings are unchanged.

    A name whose value is None (an empty slot) is not filled; `unfilled` is
    called with each unfilled name. In a string with `{{`, doubled braces
    become literal single ones, as in Rasa. Names are looked up as written:
    `{a.b}` and `{a[0]}` are names like any other, never attributes or indices,
    and a value that contains braces is not filled again.
    """
    if isinstance(template, str):
        if "{" not in template:
            return template
        names = _NAME_OR_DOUBLED if "{{" in template else _NAME
        return names.sub(lambda match: _value(match, values, unfilled), template)
    if not template:  # most fields of most variations are empty
        return template
    if isinstance(template, (dict, Mapping)):  # dict first: checking against an ABC is slower
        return {key: fill(value, values, unfilled) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [fill(value, values, unfilled) for value in template]
    return template


def _value(match: re.Match[str], values: Mapping[str, Any], unfilled: Callable[[str], object]) -> str:
    if match[1] is None:  # doubled braces
        return match[0][0]
    value = values.get(match[1])
    if value is None:
        if PLACEHOLDER.fullmatch(match[0]):
            unfilled(match[1])
        return match[0]
    return isolated(str(value))


_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


def isolated(text: str) -> str:
    """The text, in a bidi isolate if it has bidi controls, so that it cannot reorder its surroundings.

    See Unicode annex 9. Isolates inside it are removed, so that it cannot close ours.
    """
    if text.isascii() or not _BIDI.search(text):
        return text
    inner = "".join(character for character in text if not "\u2066" <= character <= "\u2069")
    return f"\u2068{inner}\u2069"
