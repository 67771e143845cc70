"""Whom a message about a transfer names: the payee that is kept, or what is said where there is none of that name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bot import Turn

from .amounts import MONEY
from .bank import CustomerBank, Payee
from .changes import changed_payees, may_be_name
from .conversation import REQUESTED_SLOT
from .payees import (
    find_payees,
    full_name,
    may_name_somebody,
    named_payees,
    names_several,
    nearest,
    said_name,
    spoken_payee,
)
from .request import without_denied
from .text import blanked, without
from .transfer_slots import if_there, is_unchecked, keep_or_refuse, message

MAY_NAME: Final = ("transfer_money", "inform", "nlu_fallback")
"""The intents of messages that may name accounts and payees among other words; a name alone is like no intent."""

_MAY_NAME_PAYEE: Final = (*MAY_NAME, "affirm", "deny")
_DENIED: Final = re.compile(r"\bnot\s[^,;.]*?(?:[,;.]|\bbut\b|\Z)", re.IGNORECASE)
_READ: Final = ("time", MONEY, "number", "account")


def may_name_payee(turn: Turn) -> bool:
    """Whether the message may say whom to pay, and no slot tells yet where the money goes.

    Where that was asked, a bare name may be taken for anything: "Okafor" for an okay.
    """
    if turn.slot("to_account") is not None or turn.tracker.parse is None:
        return False
    if turn.slot(REQUESTED_SLOT) == "to_account":
        return True
    return message(turn).intent_name in MAY_NAME and may_name_somebody(message(turn).text)


def named(turn: Turn, payees: Sequence[Payee]) -> Sequence[Payee]:
    """Whom the message names, in a sentence, as all of it, or as an entity."""
    parse = message(turn)
    asked = turn.slot(REQUESTED_SLOT) == "to_account"
    found = named_payees(payees, _read_aside(turn), answer=asked) if parse.intent_name in _MAY_NAME_PAYEE else ()
    marked = [_full_name(turn, str(entity.value)) for entity in parse.entities if entity.entity == "payee"]
    return found or next((some for said in [parse.text, *marked] if (some := find_payees(payees, said))), ())


def names_two(turn: Turn, payees: Sequence[Payee]) -> bool:
    """Whether the message names two people to be paid, and not one whose name several have."""
    return names_several(payees, _read_aside(turn))


def take_payees(turn: Turn, found: Sequence[Payee]) -> None:
    """Keep the payee; where several are meant, ask which of them next."""
    if len(found) == 1:
        payee = found[0]
        target = {"id": payee.id, "nickname": payee.name, "spoken": spoken_payee(payee), "payee": True}
        turn.set("to_account", target)
    else:
        turn.set("to_account", None)
        turn.set(REQUESTED_SLOT, "to_account")


async def hear_payee(turn: Turn) -> bool:
    """Take the payee whom the message names and says nothing else of; tells whether there is one."""
    parse = message(turn)
    text = blanked(parse.text, [(e.start, e.end) for e in parse.entities if e.entity == "account"])
    if not may_be_name(text):
        return False
    found = changed_payees(await if_there(turn, CustomerBank.payees), text)
    if found:
        take_payees(turn, found)
    return bool(found)


async def check_payee(turn: Turn, bank: CustomerBank) -> None:
    """Take whom the message names among the payees; where it names several, ask that next.

    Raises CallFailed when the bank does not answer.
    """
    said = turn.slot("to_account") if is_unchecked(turn, "to_account") else None
    wanted = said_name(_read_aside(turn)) if message(turn).intent_name == "transfer_money" else None
    if not (said or wanted or may_name_payee(turn)):
        return
    payees = await if_there(turn, CustomerBank.payees) if said is None else await bank.payees()
    name = wanted if said is None else _full_name(turn, str(said))
    found = named(turn, payees) or (find_payees(payees, name) if said and name else ())
    if names_two(turn, payees):
        keep_or_refuse(turn, "to_account", None, "utter_one_payment")
    elif found:
        take_payees(turn, found)
    elif name:
        turn.set("to_account", None)
        near = " or ".join(payee.name for payee in nearest(payees, wanted or name))
        turn.say("utter_near_payee" if near else "utter_no_such_payee", said=name, near=near)


def _read_aside(turn: Turn) -> str:
    """What is wanted, with a number in the place of whatever else was read, so that it is not taken for a name."""
    parse = message(turn)
    text = without(_DENIED, without_denied(parse.text))
    if text.startswith("/"):
        return text
    for entity in parse.entities:
        if entity.entity in _READ:
            text = text[: entity.start] + "0".ljust(entity.end - entity.start) + text[entity.end :]
    return text


def _full_name(turn: Turn, said: str) -> str:
    """The name as the message has it, with what was not read as a part of it."""
    text = message(turn).text
    at = -1 if text.startswith("/") else text.find(said)
    return said if at < 0 else full_name(text, at, at + len(said))
