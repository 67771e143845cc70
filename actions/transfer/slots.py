"""The slots of a transfer's form: which there are, which were checked, and how one is refused.

A slot that was checked holds a mapping; one that was only just filled holds what was said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from bot import BotUttered, Turn

from ..conversation import message

Refusal: TypeAlias = str
"""The response that says why an answer is not taken."""

FORM: Final = "transfer_form"
FORM_SLOTS: Final = ("amount", "from_account", "to_account", "confirmed")
CHECKED_SLOTS: Final = ("amount", "from_account", "to_account")


def is_unchecked(turn: Turn, slot: str) -> bool:
    """Whether the slot holds something that was not checked: an interval of amounts is a mapping, too.

    So is whatever a button's payload makes of an entity: what comes with the message is never checked yet.
    """
    value = turn.slot(slot)
    if value is None:
        return False
    comes_now = any(entity.value == value for entity in message(turn).entities)
    return comes_now or not _is_kept(value)


def checked(turn: Turn, slot: str) -> Mapping[str, Any]:
    """What the slot holds, if it was checked; an empty mapping otherwise."""
    return {} if is_unchecked(turn, slot) else turn.slot(slot) or {}


def asked_about(turn: Turn, slot: str) -> Mapping[str, Any] | None:
    """What was checked in the slot before the message came, which may name it again: "yes, to savings"."""
    value = turn.slot_before(slot)
    return value if _is_kept(value) else None


def drop_said(turn: Turn, values: Sequence[Any]) -> None:
    """Put what was checked before the message back into the slots that entities with these values filled."""
    for slot in CHECKED_SLOTS:
        if turn.slot(slot) in values:
            turn.set(slot, asked_about(turn, slot))


def refuse(turn: Turn, slot: str, refusal: Refusal) -> None:
    """Empty the slot, so that the form asks again, and say why, once in a turn."""
    if not any(isinstance(e, BotUttered) and e.reply.response == refusal for e in turn.events):
        turn.say(refusal)
    turn.set(slot, None)


def _is_kept(value: Any) -> bool:
    return isinstance(value, Mapping) and ("minor" in value or "id" in value)
