"""The slots of the transfer form: which ones exist, which are checked, and how an answer is refused.

A checked slot holds a mapping; one that was only just filled holds what was said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from bot import BotUttered, Turn

from ..conversation import message

Refusal: TypeAlias = str
"""The response that says why an answer is not accepted."""

FORM: Final = "transfer_form"
FORM_SLOTS: Final = ("amount", "from_account", "to_account", "confirmed")
CHECKED_SLOTS: Final = ("amount", "from_account", "to_account")


def is_unchecked(turn: Turn, slot: str) -> bool:
    """Whether the slot holds something that was not checked. A mapping alone proves nothing: an interval is one, too.

    So can be an entity in a button's payload; therefore nothing that comes with the message counts as checked.
    """
    value = turn.slot(slot)
    if value is None:
        return False
    comes_now = any(entity.value == value for entity in message(turn).entities)
    return comes_now or not _is_kept(value)


def checked(turn: Turn, slot: str) -> Mapping[str, Any]:
    """The slot's value if it was checked; an empty mapping otherwise."""
    return {} if is_unchecked(turn, slot) else turn.slot(slot) or {}


def asked_about(turn: Turn, slot: str) -> Mapping[str, Any] | None:
    """The checked value of the slot before the message, which may name it again: "yes, to savings"."""
    value = turn.slot_before(slot)
    return value if _is_kept(value) else None


def drop_said(turn: Turn, values: Sequence[Any]) -> None:
    """Restore the checked values from before the message in the slots that entities with these values filled."""
    for slot in CHECKED_SLOTS:
        if turn.slot(slot) in values:
            turn.set(slot, asked_about(turn, slot))


def refuse(turn: Turn, slot: str, refusal: Refusal) -> None:
    """Empty the slot, so that the form asks again, and say why, but only once per turn."""
    if not any(isinstance(e, BotUttered) and e.reply.response == refusal for e in turn.events):
        turn.say(refusal)
    turn.set(slot, None)


def _is_kept(value: Any) -> bool:
    return isinstance(value, Mapping) and ("minor" in value or "id" in value)
