"""What a message answers to the form of a transfer: a yes, a no, a change of what was asked, or one of the buttons."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot import BotUttered, Entity, Turn

from .amounts import MONEY, said_amount
from .bank import CustomerBank
from .changes import adds_another, changed_payment, says_nothing_more, says_only, swaps
from .consent import consents
from .conversation import REQUESTED_SLOT, before_message
from .said import minor, whole_pence
from .sides import mentions, sides
from .text import blanked
from .transfer_checks import answered_amounts, take_sides
from .transfer_payees import hear_payee, named, take_payees
from .transfer_slots import CHECKED_SLOTS, asked_about, checked, if_there, message

_MAY_CHANGE: Final = ("affirm", "deny", "inform", "nlu_fallback", "transfer_money")
_ORDINALS: Final = {
    "first": 0,
    "1st": 0,
    "second": 1,
    "2nd": 1,
    "third": 2,
    "3rd": 2,
    "fourth": 3,
    "4th": 3,
    "last": -1,
}
_NTH: Final = re.compile(
    rf"\W*(?:(?:to|from|and|please|yes|ok|i mean)\s+)*(?:the\s+)?({'|'.join(_ORDINALS)})(?:\s+(?:one|account|person))?"
    r"(?:\s+please)?\W*",
    re.IGNORECASE,
)
_OTHER_ONE: Final = re.compile(r"\bthe\s+other(?:\s+(?:one|account|person))?\W*\Z", re.IGNORECASE)


def is_yes(turn: Turn) -> bool:
    """Whether the form asked for a yes, and the message is nothing else: whatever its intent is."""
    amount, source, target = (asked_about(turn, slot) for slot in CHECKED_SLOTS)
    if turn.slot(REQUESTED_SLOT) != "confirmed" or not (amount and source and target):
        return False
    shown = turn.tracker.effect.parameters if turn.tracker.effect else {}
    if [shown.get(name) for name in ("minor", "debtor", "creditor")] != [amount["minor"], source["id"], target["id"]]:
        return False  # the question was of another transfer
    text = message(turn).text
    again = [e for e in message(turn).entities if e.entity == MONEY and minor(e) == amount["minor"]]
    said = text if text.startswith("/") else blanked(text, [(e.start, e.end) for e in again])
    return consents(said, source, target)


async def adds_payment(turn: Turn) -> bool:
    """Whether the message puts another payment beside the one that waits: "yes, and also pay Tom £20"."""
    parse, asked = message(turn), turn.slot(REQUESTED_SLOT)
    if parse.intent_name not in _MAY_CHANGE or not asked_about(turn, "amount") or not adds_another(parse.text):
        return False
    if any(entity.entity == MONEY for entity in parse.entities) or said_amount(parse):
        return True
    if asked != "confirmed":
        return False
    targets = sides(mentions(parse, await if_there(turn, CustomerBank.accounts)), None)
    return "to_account" in targets or bool(named(turn, await if_there(turn, CustomerBank.payees)))


async def hear_change(turn: Turn) -> bool:
    """Take another amount, account or payee for the one that was asked about; tells whether there is one."""
    parse = message(turn)
    if parse.text.startswith("/"):
        return False
    if await _hear_payment(turn) or _hear_amount(turn):
        return True
    if parse.intent_name not in _MAY_CHANGE:
        return False
    return await (_hear_accounts(turn) if turn.slot(REQUESTED_SLOT) == "confirmed" else hear_payee(turn))


def hear_button(turn: Turn) -> bool:
    """Take "the first one" for what the first of the buttons shown last would say; tells whether one is meant."""
    slot = turn.slot(REQUESTED_SLOT)
    if slot not in ("from_account", "to_account"):
        return False
    button = _button_meant(message(turn).text, _buttons_shown(turn))
    said = _said_by(button) if button else None
    if said is not None:
        turn.set(slot, said)
    return said is not None


def _button_meant(text: str, buttons: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The one that is counted to; of two, the other one than that whose words are said: "not Okafor, the other one"."""
    match = _NTH.fullmatch(text)
    if match:
        at = _ORDINALS[match.group(1).casefold()]
        return buttons[at] if buttons and -1 <= at < len(buttons) else None
    words = set(re.findall(r"\w+", text.casefold()))
    others = [b for b in buttons if not words & set(re.findall(r"\w+", str(b.get("title", "")).casefold()))]
    return others[0] if _OTHER_ONE.search(text) and len(buttons) == 2 and len(others) == 1 else None


async def _hear_payment(turn: Turn) -> bool:
    """Take another amount and another payee that are said at once: "£6 to Jonas"."""
    parse = message(turn)
    if turn.slot(REQUESTED_SLOT) != "confirmed" or not any(entity.entity == MONEY for entity in parse.entities):
        return False
    found, payees = changed_payment(await if_there(turn, CustomerBank.payees), parse)
    if found:
        _take_amount(turn, found)
        take_payees(turn, payees)
    return bool(found)


def _hear_amount(turn: Turn) -> bool:
    found = answered_amounts(turn)
    _take_amount(turn, found)
    return bool(found)


def _take_amount(turn: Turn, found: Sequence[Entity]) -> None:
    if len({_pence(entity) for entity in found}) > 1:
        turn.say("utter_one_payment")
        turn.set("amount", None)
    elif found:
        turn.set("amount", found[0].value)


def _pence(entity: Entity) -> int | None:
    return minor(entity) if entity.entity == MONEY else whole_pence(entity.value)


async def _hear_accounts(turn: Turn) -> bool:
    parse = message(turn)
    source, target = checked(turn, "from_account"), checked(turn, "to_account")
    if swaps(parse.text) and source and target and not target.get("payee"):
        turn.set("from_account", target["nickname"])
        turn.set("to_account", source["nickname"])
        return True
    if says_nothing_more(parse.text):
        return False
    accounts = await if_there(turn, CustomerBank.accounts)
    if take_sides(turn, accounts):
        return True
    if says_only(parse.text, mentions(parse, accounts)):
        turn.say("utter_only_a_yes")
        turn.set("confirmed", None)
        return True
    return await hear_payee(turn)


def _buttons_shown(turn: Turn) -> list[Mapping[str, Any]]:
    """The buttons beside the last question, before the message."""
    before = reversed(before_message(turn.tracker.events))
    last = next((event.reply for event in before if isinstance(event, BotUttered)), None)
    return list(last.buttons) if last else []


def _said_by(button: Mapping[str, Any]) -> str | None:
    """The account or payee in a button's payload."""
    _, _, entities = str(button.get("payload", "")).partition("{")
    try:
        given = json.loads("{" + entities)
    except ValueError:
        return None
    return next((value for value in given.values() if isinstance(value, str)), None)
