"""The two-stage fallback, as in Rasa: ask whether the likeliest intent was meant, ask to rephrase, give up."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from bot.actions.say import say_if_there
from bot.actions.turn import Turn
from bot.dialogue import names
from bot.dialogue.events import ActionExecuted, ActiveLoop, Event, Restarted, UserUtteranceReverted, UserUttered
from bot.dialogue.tracker import Tracker

_NOT_UNDERSTOOD = (names.NLU_FALLBACK, names.OUT_OF_SCOPE)
_TWO_FALLBACKS = [names.NLU_FALLBACK, names.NLU_FALLBACK]
_DENIED_TWICE = [names.OUT_OF_SCOPE, names.NLU_FALLBACK, names.OUT_OF_SCOPE]


async def affirm(turn: Turn) -> None:
    """Ask whether the likeliest intent was meant, with buttons for yes and no."""
    parse = turn.tracker.parse
    intent = parse.intent_name if parse else None
    if parse and intent == names.NLU_FALLBACK:
        others = [score.name for score in parse.ranking if score.name != names.NLU_FALLBACK]
        intent = others[0] if others else intent
    buttons = [{"title": "Yes", "payload": f"/{intent}"}, {"title": "No", "payload": f"/{names.OUT_OF_SCOPE}"}]
    turn.say_text(f"Did you mean '{intent}'?", buttons=buttons)


async def ask_rephrase(turn: Turn) -> None:
    """Ask the user to rephrase."""
    say_if_there(turn, "utter_ask_rephrase")


async def two_stage_fallback(turn: Turn) -> None:
    """Run a loop that ends when the user is understood, or with the default fallback after two failures."""
    begins = turn.tracker.active_loop != names.TWO_STAGE_FALLBACK
    if begins:
        turn.emit(ActiveLoop(names.TWO_STAGE_FALLBACK))
    intents = list(_latest_intents(turn.tracker))
    gave_up = intents[:2] == _TWO_FALLBACKS or intents[:3] == _DENIED_TWICE
    if not gave_up and intents and intents[0] in _NOT_UNDERSTOOD:
        asks_affirmation = begins or intents[0] == names.NLU_FALLBACK
        await _run_and_emit(turn, names.ASK_AFFIRMATION if asks_affirmation else names.ASK_REPHRASE)
        return
    turn.emit(ActiveLoop(None))
    if gave_up:
        await _run_and_emit(turn, names.DEFAULT_FALLBACK)
        return
    message = turn.tracker.latest_message
    turn.emit(UserUtteranceReverted())
    if message:
        turn.emit(ActionExecuted(names.LISTEN))
        turn.emit(_with_full_confidence(message))


async def revert_fallback(turn: Turn) -> None:
    """Revert a fallback's questions and the answers to them, so that stories need not mention them."""
    actions = [name for name in _latest_actions(turn.tracker) if name != names.LISTEN]
    message = turn.tracker.latest_message
    if message is None or not actions:
        return
    if actions[0] == names.ASK_REPHRASE:
        _revert(turn, 3)
    elif actions[0] == names.ASK_AFFIRMATION:
        _revert(turn, 2)
        if actions[1:2] == [names.ASK_REPHRASE]:
            turn.emit(UserUtteranceReverted())
            _revert(turn, 2)
        message = _with_full_confidence(message)
    else:
        return
    turn.emit(message)


async def _run_and_emit(turn: Turn, action: str) -> None:
    for event in await turn.run(action):
        turn.emit(event)


def _revert(turn: Turn, times: int) -> None:
    for _ in range(times):
        turn.emit(UserUtteranceReverted())
    turn.emit(ActionExecuted(names.LISTEN))


def _with_full_confidence(message: UserUttered) -> UserUttered:
    parse = message.parse
    if parse.intent is None:
        return message
    return replace(message, parse=replace(parse, intent=replace(parse.intent, confidence=1.0)))


def _latest_intents(tracker: Tracker) -> Iterator[str | None]:
    """The intents of the messages since the last restart, newest first, back to the latest reverted message."""
    for event in _since_restart(tracker):
        if isinstance(event, UserUtteranceReverted):
            return
        if isinstance(event, UserUttered):
            yield event.parse.intent_name


def _latest_actions(tracker: Tracker) -> Iterator[str]:
    return (event.name for event in reversed(tracker.applied) if isinstance(event, ActionExecuted))


def _since_restart(tracker: Tracker) -> Iterator[Event]:
    for event in reversed(tracker.events):
        if isinstance(event, Restarted):
            return
        yield event
