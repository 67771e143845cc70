"""Making the confirmed transfer, and reporting its outcome."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Final

from bot import BotUttered, EffectResult, SlotSet, Turn

from ..bank import CustomerBank
from ..banking import for_customers
from ..conversation import REQUESTED_SLOT, events_before, said, whole
from ..formatting import format_money
from ..questions.question import Question
from ..signs.disowned import disowns
from ..text import pattern
from ..transactions import transactions
from .request import tells_of_payment
from .slots import FORM_SLOTS

_ORDER: Final = ("customer", "debtor", "creditor", "minor")
"""The effect's parameters that are kept of a transfer, so that it can be repeated."""

_MOVED: Final = {
    "done": "utter_transfer_done",
    "unknown": "utter_transfer_unknown",
    "refused_insufficient_funds": "utter_transfer_refused_insufficient_funds",
    "refused_too_late": "utter_transfer_refused_too_late",
    "refused_unreachable": "utter_transfer_refused_unreachable",
    "refused_other": "utter_transfer_refused_other",
    "went_through": "utter_transfer_went_through",
    "already_done": "utter_transfer_already_done",
    "news": "utter_transfer_news",
}
"""Responses about a transfer between the customer's own accounts, by what they say."""

_PAID: Final = {
    "done": "utter_payment_done",
    "unknown": "utter_payment_unknown",
    "refused_insufficient_funds": "utter_payment_refused_insufficient_funds",
    "refused_too_late": "utter_payment_refused_too_late",
    "refused_unreachable": "utter_payment_refused_unreachable",
    "refused_other": "utter_payment_refused_other",
    "went_through": "utter_payment_went_through",
    "already_done": "utter_payment_already_done",
    "news": "utter_payment_news",
}
"""The same about a payment to a payee."""

_MAYBE_MADE: Final = ("done", "unknown", "went_through", "already_done")
_TELL: Final = tuple(responses[news] for responses in (_MOVED, _PAID) for news in _MAYBE_MADE)
"""Responses about a transfer that may have been made: a "stop" right after one of them refers to it."""

_TRANSFER: Final = pattern(r"\btransfer|\bmoved?\b")
_FINDS_FAULT: Final = pattern(
    r"\b(?:wrong|incorrect|mistake|false)\b"
    r"|\b(?:is|are|was|does|ca|could|do)\s*n['’]?t\s+(?:that|it|this|be|look|seem|right|true|what)\b"
    r"|\b(?:not|n['’]?t)\s+(?:be\s+)?(?:right|correct|true|what\s+I|it\s*\?)|\bis\s+it\s+not\b"
)
"""Says that an answer is wrong, or asks whether it is, so that it is not a plain "no"."""

_DECLINES: Final = pattern(
    r"\b(?:thanks?|thank you|thx|cheers|ta|nothing|no more|that['’]?s (?:all|it|everything|fine|ok)"
    r"|i['’]?m (?:fine|good|ok|done)|all (?:good|done))\b"
)
"""A no to anything further, not to what was done."""


async def run(turn: Turn) -> None:
    """Make the transfer if it was confirmed, or else drop it. A form that ended early has said why itself."""
    confirmed, effect = turn.slot("confirmed"), turn.tracker.effect
    for slot in FORM_SLOTS:
        turn.set(slot, None)
    if confirmed is False:
        turn.drop_effect()
        turn.say("utter_transfer_not_made")
    elif confirmed and effect and _is_theirs(turn, effect.parameters):
        _say_outcome(turn, _note(turn, effect.key, effect.parameters, await turn.spend()))
    elif confirmed and effect:
        turn.drop_effect()
        turn.say("utter_please_log_in")


async def status(turn: Turn) -> None:
    """Report the status of the last transfer or, if other payments are asked about, list those."""
    if _is_of_the_past(turn):
        await for_customers(_list_payments)(turn)
    else:
        await _tell_last(turn)


async def _tell_last(turn: Turn) -> None:
    """Report the outcome of the last transfer; if it is unknown, it is looked up again but never sent again."""
    if turn.customer is None:
        turn.say("utter_please_log_in")
        return
    last, effect = turn.slot("transfer"), turn.tracker.effect
    if not last:
        waits = turn.slot(REQUESTED_SLOT) in FORM_SLOTS
        turn.say("utter_transfer_waits" if waits else "utter_no_transfer")
    elif last["outcome"] == "unknown" and effect is not None and effect.key == last["key"]:
        if not _is_theirs(turn, effect.parameters):
            turn.say("utter_please_log_in")
            return
        _say_outcome(turn, _note(turn, effect.key, effect.parameters, await turn.spend()))
    elif last["outcome"] == "done":
        _say(turn, last, "went_through")
    else:
        _say_outcome(turn, last)


async def nothing_to_confirm(turn: Turn) -> None:
    """Answer a yes without a question; right after a transfer it is most likely the same yes, sent again.

    After a warning about fraud, it is treated as a wish to pay all the same, and the warning is repeated.
    """
    if _has_just_said(turn, ("utter_fraud", "utter_maybe_fraud")):
        turn.say("utter_fraud")
    elif not _just_made_one(turn):
        turn.say("utter_nothing_to_confirm")
    elif turn.slot("transfer")["outcome"] == "done":
        _say(turn, turn.slot("transfer"), "already_done")
    else:
        await _tell_last(turn)


async def nothing_to_stop(turn: Turn) -> None:
    """Answer a wish to stop when nothing is under way; right after a transfer, it comes too late for that one."""
    if not await _comes_too_late(turn):
        turn.say("utter_nothing_to_stop")


async def nothing_to_deny(turn: Turn) -> None:
    """Answer a no without a question: to a payment that the bot named, to the last transfer, or to anything else.

    Once it was said that the transfer cannot be taken back, there is nothing more to say about that.
    """
    text = whole(turn).text
    if disowns(text):
        turn.say("utter_fraud")
    elif _DECLINES.search(text) or _has_just_said(turn, ("utter_cannot_undo",)) or not await _comes_too_late(turn):
        turn.say("utter_answer_doubted" if _FINDS_FAULT.search(text) else "utter_ok")


async def no_way_back(turn: Turn) -> None:
    """Answer a wish to go back; right after a transfer, it is a wish to undo it."""
    if not await _comes_too_late(turn):
        turn.say("utter_no_way_back")


async def undo(turn: Turn) -> None:
    """Answer a wish to undo a payment: report the last transfer, which it may mean, or else say who can help."""
    if turn.slot("transfer"):
        await _tell_too_late(turn)
    else:
        turn.say("utter_wrong_payment")


async def stop(turn: Turn) -> None:
    """Drop the transfer that waits for its yes; also report an earlier one, since that may be the one meant."""
    last = turn.slot("transfer")
    turn.say("utter_not_moving" if last else "utter_transfer_not_made")
    if last:
        await _tell_too_late(turn)
    elif tells_of_payment(whole(turn).text):
        turn.say("utter_wrong_payment")


async def settled(turn: Turn) -> None:
    """Report a transfer whose outcome became known later; runs in its own turn, with the effect in its metadata."""
    effect = turn.message.metadata["effect"]
    note = _note(turn, effect["key"], effect["parameters"], EffectResult(effect["outcome"], effect["result"]))
    _say(turn, note, "news")
    _say_outcome(turn, note)


def _is_of_the_past(turn: Turn) -> bool:
    """Whether the payment asked about was not made in this chat: to a shop, for a purpose, by card, or "my pay"."""
    filters = said(turn).filters
    if filters.merchant or filters.by:
        return True
    if _TRANSFER.search(whole(turn).text):
        return False
    none_here = not turn.slot("transfer") and turn.slot(REQUESTED_SLOT) not in FORM_SLOTS
    return bool(filters.category or (filters.account and none_here))


async def _list_payments(turn: Turn, bank: CustomerBank) -> None:
    await transactions(turn, bank, Question("transactions", said(turn).filters))


def _is_theirs(turn: Turn, parameters: Mapping[str, Any]) -> bool:
    """Whether the transfer belongs to the logged-in customer: events can also come from outside a conversation."""
    return turn.customer is not None and parameters.get("customer") == turn.customer.bank_customer_id


def _note(turn: Turn, key: str, parameters: Mapping[str, Any], result: EffectResult) -> dict[str, Any]:
    """Keep how the transfer went in the slot `transfer`; returns what is kept."""
    details = result.result if isinstance(result.result, Mapping) else {}
    note = {
        "key": key,
        "outcome": result.outcome,
        "reason": str(details.get("reason", "other")),
        "amount": format_money(parameters["minor"], parameters["currency"]),
        "source": parameters["source"],
        "target": parameters["target"],
        "to_payee": parameters.get("to_payee", False),
        "order": {name: parameters[name] for name in _ORDER},
    }
    turn.set("transfer", note)
    return note


async def _comes_too_late(turn: Turn) -> bool:
    """If a transfer was just made or reported, say that it cannot be taken back; return whether there was one."""
    too_late = _just_made_one(turn) or (bool(turn.slot("transfer")) and _has_just_said(turn, _TELL))
    if too_late:
        await _tell_too_late(turn)
    return too_late


async def _tell_too_late(turn: Turn) -> None:
    """Report the outcome of the last transfer and, unless the bank refused it, say that it cannot be taken back."""
    await _tell_last(turn)
    if turn.slot("transfer")["outcome"] != "refused":
        turn.say("utter_cannot_undo")


def _has_just_said(turn: Turn, responses: Container[str | None]) -> bool:
    """Whether the bot gave one of these responses to the previous message."""
    before = events_before(turn.tracker.events)
    return any(isinstance(event, BotUttered) and event.reply.response in responses for event in before)


def _just_made_one(turn: Turn) -> bool:
    """Whether the outcome of a transfer was noted in answer to the previous message."""
    if not turn.slot("transfer"):
        return False
    before = events_before(turn.tracker.events)
    return any(isinstance(event, SlotSet) and event.name == "transfer" and event.value for event in before)


def _say_outcome(turn: Turn, note: Mapping[str, Any]) -> None:
    """Say that the transfer was made, that it was refused and why, or that nobody knows."""
    news = note["outcome"]
    if news == "refused":
        refused = f"refused_{note['reason']}"
        news = refused if refused in _MOVED else "refused_other"
    _say(turn, note, news)


def _say(turn: Turn, note: Mapping[str, Any], news: str) -> None:
    """Give the response with this news: a key of `_MOVED` and `_PAID`."""
    responses = _PAID if note.get("to_payee") else _MOVED
    turn.say(responses[news], amount=note["amount"], source=note["source"], target=note["target"])
