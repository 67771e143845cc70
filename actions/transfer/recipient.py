"""Whom a message about a transfer names: the payee to keep, or the reply if there is none of that name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot import BotUttered, Parse, Turn

from ..bank import CustomerBank, Payee
from ..banking import if_there
from ..conversation import REQUESTED_SLOT, events_before, message
from ..questions.amounts import MONEY
from ..text import blanked, is_payload, pattern, words
from .payees import (
    find_payees,
    full_name,
    named_payees,
    names_several,
    nearest_payees,
    paid_first,
    said_name,
    spoken_payee,
)
from .request import not_meant
from .slots import is_unchecked, refuse

MAY_NAME: Final = ("transfer_money", "inform", "nlu_fallback")
"""The intents of messages that may name accounts and payees; a bare name resembles no intent."""

MAY_CHANGE: Final = (*MAY_NAME, "affirm", "deny")
ORDINALS: Final = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "last": -1}
_COUNTED: Final = pattern(
    rf"\b(?:pay|to|send|give)\s+(?:the\s+)?({'|'.join(ORDINALS)})(?:\s+(?:one|person|payee|name))?\b"
)
_SOMEBODY: Final = pattern(
    r"\b(?:pay|to|send|give)\s+(?:(?:some|any)(?:one|body)|(?:a|another)\s+(?:person|friend|payee)"
    r"|my\s+(?:friend|mate|mum|dad|brother|sister|landlord|wife|husband|son|daughter))\b"
)
_NO_NAMES: Final = ("time", MONEY, "number", "account")
"""The entities that are never the name of a payee."""


def may_name(parse: Parse) -> bool:
    """Whether a message with this intent may name accounts and payees in its words; a button names them by entities."""
    return parse.intent_name in MAY_NAME and not is_payload(parse.text)


def may_name_payee(turn: Turn) -> bool:
    """Whether the message may say whom to pay, and no slot says yet where the money goes.

    If that was asked, the intent does not matter, as a bare name may get any: "Okafor" looks like an okay.
    """
    if turn.slot("to_account") is not None or turn.tracker.parse is None:
        return False
    return turn.slot(REQUESTED_SLOT) == "to_account" or may_name(message(turn))


def named(turn: Turn, payees: Sequence[Payee]) -> Sequence[Payee]:
    """The payees that the message names, in a sentence, as the whole message, or as an entity."""
    parse = message(turn)
    if parse.intent_name in MAY_CHANGE:
        asked = turn.slot(REQUESTED_SLOT) == "to_account"
        if found := named_payees(payees, _text_of_names(turn), answer=asked):
            return found
    marked = [_full_name(turn, str(entity.value)) for entity in parse.entities if entity.entity == "payee"]
    for said in (parse.text, *marked):
        if found := find_payees(payees, said):
            return found
    return _counted(turn, payees)


def other_of_that_name(payees: Sequence[Payee], target: Mapping[str, Any]) -> Sequence[Payee]:
    """The other payees with the same first name as the payee kept as `target`."""
    first = target["nickname"].casefold().split()[:1]
    return [p for p in payees if p.id != target["id"] and p.name.casefold().split()[:1] == first]


def names_two(turn: Turn, payees: Sequence[Payee]) -> bool:
    """Whether the message names two people to be paid, rather than one name that several share."""
    return names_several(payees, _text_of_names(turn), answer=turn.slot(REQUESTED_SLOT) == "to_account")


def take_payees(turn: Turn, found: Sequence[Payee]) -> None:
    """Keep the payee; if several are meant, ask next which of them."""
    if len(found) == 1:
        payee = found[0]
        target = {"id": payee.id, "nickname": payee.name, "spoken": spoken_payee(payee), "payee": True}
        turn.set("to_account", target)
    else:
        turn.set("to_account", None)
        turn.set(REQUESTED_SLOT, "to_account")


async def check_payee(turn: Turn, bank: CustomerBank) -> None:
    """Keep the payee that the message names; if several could be meant, ask next which of them.

    Raises CallFailed when the bank does not answer.
    """
    said = turn.slot("to_account") if is_unchecked(turn, "to_account") else None
    wanted = _name_to_pay(turn)
    if not (said or wanted):
        if _SOMEBODY.search(message(turn).text) and not await bank.payees():
            turn.say("utter_no_payees")
            turn.set(REQUESTED_SLOT, None)
            return
        if not may_name_payee(turn):
            return
    payees = await bank.payees() if said else await if_there(turn, CustomerBank.payees)
    filled = _full_name(turn, str(said)) if said else ""
    _take_named(turn, payees, filled, wanted)


def _take_named(turn: Turn, payees: Sequence[Payee], filled: str, wanted: str | None) -> None:
    """Keep the payee that is named, or say why not; `filled` is the name in the slot, `wanted` the one in the order."""
    found = named(turn, payees) or find_payees(payees, filled)
    stranger = _stranger(turn, payees)
    name = filled or wanted
    if names_two(turn, payees):
        refuse(turn, "to_account", "utter_one_payment")
    elif found and not stranger:
        take_payees(turn, found)
    elif name:
        unknown = stranger if found and stranger else name
        _say_no_such(turn, payees, unknown, wanted or name)


async def pays_person(turn: Turn) -> bool:
    """Whether the message asks to pay a person, so that an account of the customer cannot be paid as well."""
    wanted = _name_to_pay(turn)
    if wanted is None:
        return False
    return bool(paid_first(_text_of_names(turn)) or find_payees(await if_there(turn, CustomerBank.payees), wanted))


def _name_to_pay(turn: Turn) -> str | None:
    """The name, known or not, of whom an order wants to pay."""
    return said_name(_text_of_names(turn)) if message(turn).intent_name == "transfer_money" else None


def _stranger(turn: Turn, payees: Sequence[Payee]) -> str | None:
    """Somebody who is not a payee but is paid by the verb, whoever is named after "to": "pay Bob £20 to Anna"."""
    name = paid_first(_text_of_names(turn))
    known = {word for payee in payees for word in words(payee.name)}
    return name if name and known.isdisjoint(words(name)) else None


def _say_no_such(turn: Turn, payees: Sequence[Payee], name: str, wanted: str) -> None:
    """Say that there is no payee of that name, and ask next who should be paid."""
    turn.set("to_account", None)
    turn.set(REQUESTED_SLOT, "to_account")
    near = " or ".join(payee.name for payee in nearest_payees(payees, wanted))
    turn.say("utter_near_payee" if near else "utter_no_such_payee", said=name, near=near)


def _counted(turn: Turn, payees: Sequence[Payee]) -> Sequence[Payee]:
    """The payee that the message picks from the list shown last: "pay the first one"."""
    match = _COUNTED.search(message(turn).text)
    replies = [e.reply.response for e in events_before(turn.tracker.events) if isinstance(e, BotUttered)]
    if match is None or "utter_payees" not in replies:
        return ()
    at = ORDINALS[match.group(1).casefold()]
    return [payees[at]] if payees and at < len(payees) else ()


def _text_of_names(turn: Turn) -> str:
    """The text without what is not meant, and with "0" in place of other entities, so that none looks like a name."""
    parse = message(turn)
    if is_payload(parse.text):
        return parse.text
    text = blanked(parse.text, not_meant(parse.text))
    for entity in parse.entities:
        if entity.entity in _NO_NAMES:
            text = text[: entity.start] + "0".ljust(entity.end - entity.start) + text[entity.end :]
    return text


def _full_name(turn: Turn, said: str) -> str:
    """The name as it stands in the message, with the part of it that the entity does not cover."""
    text = message(turn).text
    if is_payload(text) or said not in text:
        return said
    start = text.index(said)
    return full_name(text, start, start + len(said))
