"""What a message answers to the form of a transfer: a yes, a no, a change of what was asked, or one of the buttons."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot import BotUttered, Entity, Turn, UserUttered

from .amounts import MONEY, bare_amount
from .bank import CustomerBank
from .changes import changed_amounts, changed_payees, changed_payment, says_nothing_more, says_only, swaps
from .consent import consents
from .request import amounts
from .said import minor, whole_pence
from .sides import mentions
from .transfer_checks import take_payees, take_sides
from .transfer_slots import CHECKED_SLOTS, REQUESTED_SLOT, asked_about, checked, if_there, message

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


def is_yes(turn: Turn) -> bool:
    """Whether the form asked for a yes, and the message is nothing else: whatever its intent is."""
    amount, source, target = (asked_about(turn, slot) for slot in CHECKED_SLOTS)
    if turn.slot(REQUESTED_SLOT) != "confirmed" or not (amount and source and target):
        return False
    shown = turn.tracker.effect.parameters if turn.tracker.effect else {}
    if [shown.get(name) for name in ("minor", "debtor", "creditor")] != [amount["minor"], source["id"], target["id"]]:
        return False  # the question was of another transfer
    text = message(turn).text
    for entity in message(turn).entities:
        if entity.entity == MONEY and not text.startswith("/") and minor(entity) == amount["minor"]:
            text = text[: entity.start] + " " * (entity.end - entity.start) + text[entity.end :]
    return consents(text, source, target)


async def hear_change(turn: Turn) -> bool:
    """Take another amount, account or payee for the one that was asked about; tells whether there is one."""
    parse = message(turn)
    if parse.text.startswith("/"):
        return False
    changed = await _hear_payment(turn) or _hear_amount(turn)
    if turn.slot(REQUESTED_SLOT) != "confirmed" or parse.intent_name not in _MAY_CHANGE or changed:
        return changed
    return await _hear_accounts(turn)


def hear_button(turn: Turn) -> bool:
    """Take "the first one" for what the first of the buttons shown last would say; tells whether it is one."""
    match = _NTH.fullmatch(message(turn).text)
    buttons = _buttons_shown(turn)
    slot = turn.slot(REQUESTED_SLOT)
    if match is None or slot not in ("from_account", "to_account"):
        return False
    at = _ORDINALS[match.group(1).casefold()]
    said = _said_by(buttons[at]) if -1 <= at < len(buttons) and buttons else None
    if said is not None:
        turn.set(slot, said)
    return said is not None


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
    """Take an amount alone, whatever its intent, or another one beside a yes or a no."""
    parse, asked = message(turn), turn.slot(REQUESTED_SLOT)
    if asked == "confirmed":
        found = changed_amounts(parse) or (_other_amounts(turn) if parse.intent_name in ("affirm", "deny") else [])
    else:
        bare = bare_amount(parse, turn.now, numbers=asked == "amount")
        found = [bare] if bare else []
    _take_amount(turn, found)
    return bool(found)


def _take_amount(turn: Turn, found: Sequence[Entity]) -> None:
    if len({_pence(entity) for entity in found}) > 1:
        turn.say("utter_one_payment")
        turn.set("amount", None)
    elif found:
        turn.set("amount", found[0].value)


def _other_amounts(turn: Turn) -> list[Entity]:
    asked = checked(turn, "amount") or {}
    return [entity for entity in amounts(message(turn)) if minor(entity) != asked.get("minor")]


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
    found = changed_payees(await if_there(turn, CustomerBank.payees), parse.text)
    if found:
        take_payees(turn, found)
    return bool(found)


def _buttons_shown(turn: Turn) -> list[Mapping[str, Any]]:
    """The buttons beside the last question, before the message."""
    said = [at for at, event in enumerate(turn.tracker.events) if isinstance(event, UserUttered)]
    before = turn.tracker.events[: said[-1]] if said else ()
    last = next((event.reply for event in reversed(before) if isinstance(event, BotUttered)), None)
    return list(last.buttons) if last else []


def _said_by(button: Mapping[str, Any]) -> str | None:
    """The account or payee in a button's payload."""
    _, _, entities = str(button.get("payload", "")).partition("{")
    try:
        given = json.loads("{" + entities)
    except ValueError:
        return None
    return next((value for value in given.values() if isinstance(value, str)), None)
