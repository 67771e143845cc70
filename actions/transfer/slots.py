"""The slots of a transfer's form: which there are, which were checked, and what the bank says to fill them.

A slot that was checked holds a mapping; one that was only just filled holds what was said.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from bot import BotUttered, CallFailed, Turn

from ..bank import CustomerBank
from ..banking import bank_of
from ..conversation import message

T = TypeVar("T")

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


def checked(turn: Turn, slot: str) -> Mapping[str, Any] | None:
    """What the slot holds, if it was checked."""
    return None if is_unchecked(turn, slot) else turn.slot(slot)


def asked_about(turn: Turn, slot: str) -> Mapping[str, Any] | None:
    """What was checked in the slot before the message came, which may name it again: "yes, to savings"."""
    value = turn.slot_before(slot)
    return value if _is_kept(value) else None


def drop_said(turn: Turn, values: Sequence[Any]) -> None:
    """Put what was checked before the message back into the slots that entities with these values filled."""
    for slot in CHECKED_SLOTS:
        if turn.slot(slot) in values:
            turn.set(slot, asked_about(turn, slot))


async def if_there(turn: Turn, ask: Callable[[CustomerBank], Awaitable[Sequence[T]]]) -> Sequence[T]:
    """What the bank says; nothing when it is away, where what it says is only of help: for buttons, say."""
    bank = bank_of(turn)
    try:
        return await ask(bank) if bank else ()
    except CallFailed:
        return ()


def keep_or_refuse(turn: Turn, slot: str, value: Mapping[str, Any] | None, refusal: Refusal | None) -> None:
    """Keep a checked value, or say why not, once, and empty the slot, so that the form asks again."""
    if refusal and not any(isinstance(e, BotUttered) and e.reply.response == refusal for e in turn.events):
        turn.say(refusal)
    turn.set(slot, None if refusal else value)


def _is_kept(value: Any) -> bool:
    return isinstance(value, Mapping) and ("minor" in value or "id" in value)
