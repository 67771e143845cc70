"""How a message answers the transfer form: with a yes, a no, a change, or one of the buttons."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from msgspec.structs import replace

from bot import BotUttered, Turn

from ..bank import Account, CustomerBank
from ..banking import if_there
from ..conversation import REQUESTED_SLOT, before_message, kept, message, whole
from ..formatting import format_money
from ..questions.accounts import find_accounts
from ..questions.amounts import MONEY, pence
from ..text import blanked, is_payload, pattern, spans
from .amounts import amounts, refusal
from .changes import Change, adds_another, begins_with_yes, read_change, wants_other, wants_share
from .checks import keep_amount, keep_sides, said_sides
from .consent import consents
from .recipient import MAY_CHANGE, ORDINALS, named, other_of_that_name, take_payees
from .request import is_no_order
from .sides import SIDES, Side, mentions, sides
from .slots import CHECKED_SLOTS, asked_about, checked, drop_said, refuse

Answer: TypeAlias = Literal["change", "unclear", "no change", "no"]
"""How an answer was understood: as a change that was made, only in part, as changing nothing, or as a "no"."""

_NTH: Final = pattern(
    rf"\W*(?:(?:to|from|and|please|yes|ok|i mean)\s+)*(?:the\s+)?({'|'.join(ORDINALS)})(?:\s+(?:one|account|person))?"
    r"(?:\s+please)?\W*"
)
_END: Final = re.compile(r"(?<![£\d.,])\d{4,}")
"""A number that may be the end of a payee's account, in an answer to the question for a payee."""

_OTHER_ONE: Final = pattern(r"\bthe\s+other(?:\s+(?:one|account|person))?\W*\Z")


def is_yes(turn: Turn) -> bool:
    """Whether the form asked for a "yes" and the message is nothing but one, whatever its intent."""
    amount, source, target = (asked_about(turn, slot) for slot in CHECKED_SLOTS)
    if turn.slot(REQUESTED_SLOT) != "confirmed" or not (amount and source and target):
        return False
    shown = turn.tracker.effect.parameters if turn.tracker.effect else {}
    if [shown.get(name) for name in ("minor", "debtor", "creditor")] != [amount["minor"], source["id"], target["id"]]:
        return False  # the question was about another transfer
    text = whole(turn).text
    if not is_payload(text):
        repeated = [e for e in whole(turn).entities if e.entity == MONEY and pence(e) == amount["minor"]]
        text = blanked(text, spans(repeated))
    return consents(text, source, target)


async def adds_payment(turn: Turn) -> bool:
    """Whether the message asks for another payment on top of the pending one: "yes, and also pay Tom £20"."""
    parse = whole(turn)
    if parse.intent_name not in MAY_CHANGE or not asked_about(turn, "amount") or not adds_another(parse.text):
        return False
    if amounts(parse):
        return True
    if turn.slot(REQUESTED_SLOT) != "confirmed":
        return False
    targets = sides(mentions(parse, await if_there(turn, CustomerBank.accounts)), None)
    return "to_account" in targets or bool(named(turn, await if_there(turn, CustomerBank.payees)))


async def hear_change(turn: Turn) -> Answer:
    """Make every change that the message asks for to the transfer in question, or none of them; says nothing itself."""
    parse, asked = message(turn), turn.slot(REQUESTED_SLOT)
    if is_payload(parse.text):
        return "no change"
    may_change = parse.intent_name in MAY_CHANGE
    accounts = await if_there(turn, CustomerBank.accounts) if may_change else ()
    change = read_change(parse, accounts, (), turn.now)
    if change.rest and may_change:
        change = read_change(parse, accounts, await if_there(turn, CustomerBank.payees), turn.now)
    if not change.says_any() or (asked == "to_account" and _END.search(parse.text)):
        return _hear_share(turn) or await _hear_other(turn)
    if change.rest or is_no_order(parse.text):
        return _hear_in_part(turn, change) if may_change else "no change"
    return _hear_whole(turn, change, accounts)


def _hear_whole(turn: Turn, change: Change, accounts: Sequence[Account]) -> Answer:
    """Make the change unless its accounts and payees contradict each other."""
    confirming, target = turn.slot(REQUESTED_SLOT) == "confirmed", checked(turn, "to_account")
    person = bool(change.payees or (confirming and target.get("payee") and not change.swaps))
    known = said_sides(turn, change.accounts, accounts, person=person)
    pays_account = "to_account" in known or any(not (m.side or m.denied) for m in change.accounts)
    if change.payees and pays_account:
        return "unclear"  # "to Anna and savings"
    lacks_side = bool(change.accounts) and not known
    cannot_swap = change.swaps and bool(known or target.get("payee"))
    if lacks_side or cannot_swap:
        return "unclear" if confirming else "no change"
    _make_change(turn, change, known, accounts)
    return "change"


def _make_change(turn: Turn, change: Change, known: Mapping[Side, str | None], accounts: Sequence[Account]) -> None:
    """Fill the slots that are changed; restore those that an entity filled although the words do not say so."""
    drop_said(turn, [entity.value for entity in whole(turn).entities])
    source, target = asked_about(turn, "from_account"), asked_about(turn, "to_account")
    agrees = begins_with_yes(message(turn).text)  # and if it names another account, ask which one pays
    if source and target and (change.swaps or (not agrees and _is_turned(known, source, target, accounts))):
        known = {"from_account": target["nickname"], "to_account": source["nickname"]}
    keep_sides(turn, known)
    if change.payees:
        take_payees(turn, change.payees)
    if change.amounts:
        keep_amount(turn, change.amounts)


def say_new_amount(turn: Turn) -> None:
    """Say which amount took the place of another, unless all is known: the question for the "yes" says it then."""
    before, amount = asked_about(turn, "amount"), checked(turn, "amount")
    waits = any(turn.slot(slot) is None for slot in SIDES)
    if before and amount and amount != before and waits:
        turn.say("utter_amount_changed", amount=format_money(amount["minor"]))


def _is_turned(
    known: Mapping[Side, str | None], source: Mapping[str, Any], target: Mapping[str, Any], accounts: Sequence[Account]
) -> bool:
    """Whether one side is given only the other side's account: "no, from savings" about a move to savings."""
    if target.get("payee"):
        return False
    said = {side: [account.id for account in find_accounts(accounts, name)] for side, name in known.items() if name}
    return said in ({"from_account": [target["id"]]}, {"to_account": [source["id"]]})


def _hear_in_part(turn: Turn, change: Change) -> Answer:
    """Decide whether an answer that was read in part is a change: other words may stand beside a plain answer."""
    asked = turn.slot(REQUESTED_SLOT)
    if change.amounts and refusal(message(turn), change.amounts, turn.now, changes=True) == "utter_no_share":
        _make_change(turn, replace(change, accounts=(), swaps=False), {}, ())
        return "change"
    if asked == "amount" and not change.accounts:
        return "no change"
    if asked != "confirmed" and not change.amounts and not change.swaps:
        return "no change"
    about_payment = change.accounts or change.swaps or amounts(message(turn)) or kept(turn) is None
    return "unclear" if about_payment else "no change"


def hear_button(turn: Turn) -> bool:
    """Take "the first one" as pressing the first of the buttons shown last; return whether a button was meant."""
    slot = turn.slot(REQUESTED_SLOT)
    if slot not in ("from_account", "to_account"):
        return False
    button = _button_meant(message(turn).text, _buttons_shown(turn))
    value = _value_of(button) if button else None
    if value is None:
        return False
    turn.set(slot, value)
    return True


def _button_meant(text: str, buttons: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The button with that ordinal or, of two, the one whose words are not said: "not Okafor, the other one"."""
    if match := _NTH.fullmatch(text):
        at = ORDINALS[match.group(1).casefold()]
        return buttons[at] if buttons and at < len(buttons) else None
    if len(buttons) != 2 or not _OTHER_ONE.search(text):
        return None
    unsaid = [b for b in buttons if _plain_words(text).isdisjoint(_plain_words(str(b.get("title", ""))))]
    return unsaid[0] if len(unsaid) == 1 else None


def _plain_words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _hear_share(turn: Turn) -> Answer | None:
    """Refuse a share or a multiple of the amount in question, and ask for the amount; None if it wants neither."""
    if not asked_about(turn, "amount") or not wants_share(message(turn).text):
        return None
    refuse(turn, "amount", "utter_no_share")
    return "change"


async def _hear_other(turn: Turn) -> Answer:
    """Take "the other one" as the other payee with the same first name as the one in question.

    While something else is asked than the "yes", only "the other Tom" means a payee.
    """
    target, text = checked(turn, "to_account"), message(turn).text
    name = target.get("nickname", "")
    names_payee = turn.slot(REQUESTED_SLOT) == "confirmed" or not _plain_words(text).isdisjoint(_plain_words(name))
    if not (names_payee and wants_other(text, name)):
        return "no change"
    payees = await if_there(turn, CustomerBank.payees) if target.get("payee") else ()
    others = other_of_that_name(payees, target)
    if not others:
        return "unclear"
    take_payees(turn, others)
    return "change"


def _buttons_shown(turn: Turn) -> list[Mapping[str, Any]]:
    """The buttons of the last reply before the message."""
    for event in reversed(before_message(turn.tracker.events)):
        if isinstance(event, BotUttered):
            return list(event.reply.buttons)
    return []


def _value_of(button: Mapping[str, Any]) -> str | None:
    """The account or payee in a button's payload."""
    _, _, entities = str(button.get("payload", "")).partition("{")
    try:
        given = json.loads("{" + entities)
    except ValueError:
        return None
    return next((value for value in given.values() if isinstance(value, str)), None)
