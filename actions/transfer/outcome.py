"""Moving money: the transfer that was confirmed, and what became of it."""

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
"""What is kept of a transfer, by the names of its effect's parameters, so that it can be asked for again."""

_SAID: Final = {"done": "utter_transfer_done", "unknown": "utter_transfer_unknown"}
_REFUSED: Final = {
    "insufficient_funds": "utter_transfer_refused_insufficient_funds",
    "too_late": "utter_transfer_refused_too_late",
    "unreachable": "utter_transfer_refused_unreachable",
}

_TELL: Final = (
    *_SAID.values(),
    "utter_transfer_went_through",
    "utter_transfer_already_done",
    "utter_cannot_undo",
)
"""What is said of a transfer that may have been made: a "stop" right after it means that one."""

_TRANSFER: Final = pattern(r"\btransfer|\bmoved?\b")
_FINDS_FAULT: Final = pattern(
    r"\b(?:wrong|incorrect|mistake|false)\b"
    r"|\b(?:is|are|was|does|ca|could|do)\s*n['’]?t\s+(?:that|it|this|be|look|seem|right|true|what)\b"
    r"|\b(?:not|n['’]?t)\s+(?:be\s+)?(?:right|correct|true|what\s+I|it\s*\?)|\bis\s+it\s+not\b"
)
"""Says of an answer that it is wrong, or asks whether it is: no no."""

_DECLINES: Final = pattern(
    r"\b(?:thanks?|thank you|thx|cheers|ta|nothing|no more|that['’]?s (?:all|it|everything|fine|ok)"
    r"|i['’]?m (?:fine|good|ok|done)|all (?:good|done))\b"
)
"""A no to whatever else could be done, and not to what was done."""


async def run(turn: Turn) -> None:
    """Make the transfer that was confirmed, or drop it. A form that ended early has said why itself."""
    confirmed, effect = turn.slot("confirmed"), turn.tracker.effect
    for slot in FORM_SLOTS:
        turn.set(slot, None)
    if confirmed is False:
        turn.drop_effect()
        turn.say("utter_transfer_not_made")
    elif confirmed and effect and _is_theirs(turn, effect.parameters):
        tell(turn, effect.parameters, await turn.spend())
    elif confirmed and effect:
        turn.drop_effect()
        turn.say("utter_please_log_in")


async def status(turn: Turn) -> None:
    """Say what became of the payment asked about: of the last transfer, or else list those that are meant."""
    if _is_of_the_past(turn):
        await for_customers(_list_payments)(turn)
    else:
        await _tell_last(turn)


async def _tell_last(turn: Turn) -> None:
    """Say what became of the last transfer; one whose outcome is unknown is looked up again, never sent again."""
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
        tell(turn, effect.parameters, await turn.spend())
    elif last["outcome"] == "done":
        turn.say("utter_transfer_went_through", **_details(last))
    else:
        _say(turn, last)


async def nothing_to_confirm(turn: Turn) -> None:
    """A yes that nothing asked for; right after a transfer it is most likely the same yes, sent again.

    After a warning of a fraud, it asks whether to pay all the same.
    """
    if _has_just_said(turn, ("utter_fraud", "utter_maybe_fraud")):
        turn.say("utter_fraud")
    elif not _just_made_one(turn):
        turn.say("utter_nothing_to_confirm")
    elif turn.slot("transfer")["outcome"] == "done":
        turn.say("utter_transfer_already_done", **_details(turn.slot("transfer")))
    else:
        await _tell_last(turn)


async def nothing_to_stop(turn: Turn) -> None:
    """A wish to stop what is not under way; right after a transfer, it is that which comes too late."""
    if not await _comes_too_late(turn):
        turn.say("utter_nothing_to_stop")


async def nothing_to_deny(turn: Turn) -> None:
    """A no that nothing asked for: to a payment that the bot named, to the transfer just made, or to anything else."""
    text = whole(turn).text
    if disowns(text):
        turn.say("utter_fraud")
    elif _DECLINES.search(text) or not await _comes_too_late(turn):
        turn.say("utter_answer_doubted" if _FINDS_FAULT.search(text) else "utter_ok")


async def no_way_back(turn: Turn) -> None:
    """A wish to go back, which right after a transfer is one to undo it."""
    if not await _comes_too_late(turn):
        turn.say("utter_no_way_back")


async def undo(turn: Turn) -> None:
    """A wish to have a payment back: the last transfer is told of, since it may mean that; else who can help is."""
    if turn.slot("transfer"):
        await _tell_too_late(turn)
    else:
        turn.say("utter_wrong_payment")


async def stop(turn: Turn) -> None:
    """Drop the transfer that waits for its yes; one that was made before is told of, since the wish may mean that."""
    last = turn.slot("transfer")
    turn.say("utter_not_moving" if last else "utter_transfer_not_made")
    if last:
        await _tell_too_late(turn)
    elif tells_of_payment(whole(turn).text):
        turn.say("utter_wrong_payment")


async def settled(turn: Turn) -> None:
    """Tell of a transfer whose outcome became known later: a turn of its own, with the effect in its metadata."""
    effect = turn.message.metadata["effect"]
    turn.say("utter_transfer_news")
    _say(turn, _note(turn, effect["key"], effect["parameters"], EffectResult(effect["outcome"], effect["result"])))


def _is_of_the_past(turn: Turn) -> bool:
    """Whether the payment asked about is none of this chat's: to a shop, for a purpose, by card, or "my pay"."""
    filters, of_transfer = said(turn).filters, _TRANSFER.search(whole(turn).text)
    none_here = not (turn.slot("transfer") or turn.slot(REQUESTED_SLOT) in FORM_SLOTS)
    by_kind = filters.category or (filters.account and none_here)
    return bool(filters.merchant or filters.by or (by_kind and not of_transfer))


async def _list_payments(turn: Turn, bank: CustomerBank) -> None:
    await transactions(turn, bank, Question("transactions", said(turn).filters))


def _is_theirs(turn: Turn, parameters: Mapping[str, Any]) -> bool:
    """Whether the transfer is of the customer who is logged in: events may also come from outside a conversation."""
    return turn.customer is not None and parameters.get("customer") == turn.customer.bank_customer_id


def tell(turn: Turn, parameters: Mapping[str, Any], result: EffectResult) -> None:
    """Say how the transfer went, and remember it."""
    effect = turn.tracker.effect
    _say(turn, _note(turn, effect.key if effect else "", parameters, result))


def _note(turn: Turn, key: str, parameters: Mapping[str, Any], result: EffectResult) -> dict[str, Any]:
    details = result.result if isinstance(result.result, Mapping) else {}
    note = {
        "key": key,
        "outcome": result.outcome,
        "reason": str(details.get("reason", "other")),
        "amount": format_money(parameters["minor"], parameters["currency"]),
        "source": parameters["source"],
        "target": parameters["target"],
        "order": {name: parameters[name] for name in _ORDER},
    }
    turn.set("transfer", note)
    return note


async def _comes_too_late(turn: Turn) -> bool:
    """Say that the transfer just spoken of was made, and is not taken back; whether there is one."""
    too_late = _just_made_one(turn) or (bool(turn.slot("transfer")) and _has_just_said(turn, _TELL))
    if too_late:
        await _tell_too_late(turn)
    return too_late


async def _tell_too_late(turn: Turn) -> None:
    """Say what became of the last transfer and, unless the bank refused it, that it is not taken back."""
    await _tell_last(turn)
    if turn.slot("transfer")["outcome"] != "refused":
        turn.say("utter_cannot_undo")


def _has_just_said(turn: Turn, responses: Container[str | None]) -> bool:
    """Whether the bot said one of these to the message before the latest one."""
    return any(isinstance(e, BotUttered) and e.reply.response in responses for e in events_before(turn.tracker.events))


def _just_made_one(turn: Turn) -> bool:
    before = events_before(turn.tracker.events)
    return bool(turn.slot("transfer")) and any(
        isinstance(e, SlotSet) and e.name == "transfer" and e.value for e in before
    )


def _say(turn: Turn, note: Mapping[str, Any]) -> None:
    refused = _REFUSED.get(note["reason"], "utter_transfer_refused_other")
    turn.say(refused if note["outcome"] == "refused" else _SAID[note["outcome"]], **_details(note))


def _details(note: Mapping[str, Any]) -> dict[str, Any]:
    return {name: note[name] for name in ("amount", "source", "target")}
