"""The default actions, the same as Rasa's; a plugin's or action server's action of the same name replaces one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.actions.fallback import affirm, ask_rephrase, revert_fallback, two_stage_fallback
from bot.actions.say import say_if_there
from bot.actions.turn import Action, Turn
from bot.content.names import REQUESTED_SLOT
from bot.dialogue import names
from bot.dialogue.events import (
    ActionExecuted,
    ActionFailed,
    ActiveLoop,
    BotUttered,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
)
from bot.dialogue.evolve import evolve_all
from bot.dialogue.slots import fill_slots, initial_slots
from bot.errors import PLUGIN_FAILURES, ActionRejected, StoreUnavailable


def default_actions() -> Mapping[str, Action]:
    """The default actions by name."""
    return {
        names.LISTEN: listen,
        names.RESTART: restart,
        names.SESSION_START: start_session,
        names.DEFAULT_FALLBACK: default_fallback,
        names.DEACTIVATE_LOOP: deactivate_loop,
        names.REVERT_FALLBACK_EVENTS: revert_fallback,
        names.ASK_AFFIRMATION: affirm,
        names.ASK_REPHRASE: ask_rephrase,
        names.TWO_STAGE_FALLBACK: two_stage_fallback,
        names.UNLIKELY_INTENT: unlikely_intent,
        names.BACK: back,
        names.EXTRACT_SLOTS: extract_slots,
        names.SEND_TEXT: send_text,
    }


async def listen(turn: Turn) -> None:
    """Wait for the user; does nothing."""


async def unlikely_intent(turn: Turn) -> None:
    """Do nothing: its execution tells the policies that the intent was not expected here."""


async def restart(turn: Turn) -> None:
    """Forget everything; a new session starts next."""
    say_if_there(turn, "utter_restart")
    turn.emit(Restarted())


async def start_session(turn: Turn) -> None:
    """Start a session, with slots at their initial values, or carried over if the domain says so."""
    domain = turn.domain
    before = dict(turn.tracker.slots)
    turn.emit(SessionStarted(initial_slots(domain)))
    if domain.session.carry_over_slots:
        for name, value in before.items():
            if turn.tracker.slot(name) != value and name != REQUESTED_SLOT:
                turn.emit(SlotSet(name, value))
    turn.emit(ActionExecuted(names.LISTEN))


async def default_fallback(turn: Turn) -> None:
    """Say `utter_default` and revert the message, so that the next one is handled as if it had never been sent."""
    say_if_there(turn, "utter_default")
    turn.emit(UserUtteranceReverted())


async def deactivate_loop(turn: Turn) -> None:
    """End the running loop."""
    turn.emit(ActiveLoop(None))
    turn.set(REQUESTED_SLOT, None)


async def back(turn: Turn) -> None:
    """Revert this message and the one before it."""
    say_if_there(turn, "utter_back")
    turn.emit(UserUtteranceReverted())
    turn.emit(UserUtteranceReverted())


async def send_text(turn: Turn) -> None:
    """Say the text given in the message's metadata (`message: {text}`)."""
    message = turn.message.metadata.get("message")
    text = message.get("text") if isinstance(message, Mapping) else None
    turn.say_text(str(text or ""))


async def extract_slots(turn: Turn) -> None:
    """Fill slots from the message by their mappings; `action_validate_slot_mappings`, if it exists, validates them.

    If an action called for this fails, that is reported, and the slots filled without it are kept.
    """
    found: list[Event] = []
    for step in fill_slots(turn.tracker, turn.domain):
        if isinstance(step, SlotSet):
            found.append(step)
        elif turn.context.has_action(step):
            found += await _slots_and_replies(turn, step, ())
    if turn.context.has_action(names.VALIDATE_SLOT_MAPPINGS):
        found = await _validated(turn, found)
    for event in found:
        turn.emit(event)


async def _validated(turn: Turn, found: list[Event]) -> list[Event]:
    """The events found, with slots as validation decides; slots that it does not mention are kept."""
    slots = [event for event in found if isinstance(event, SlotSet)]
    others = [event for event in found if not isinstance(event, SlotSet)]
    validated = await _slots_and_replies(turn, names.VALIDATE_SLOT_MAPPINGS, slots)
    decided = {event.name for event in validated if isinstance(event, SlotSet)}
    undecided = [event for event in slots if event.name not in decided]
    return [*others, *validated, *undecided]


async def _slots_and_replies(turn: Turn, action: str, candidates: Iterable[SlotSet]) -> list[Event]:
    """The slot and bot events of an action, which may emit no others here; an ActionFailed event if it fails."""
    try:
        events = await turn.context.run_action(action, evolve_all(candidates, turn.tracker))
    except ActionRejected:
        return []
    except StoreUnavailable:
        raise
    except PLUGIN_FAILURES as error:  # the action is a plugin's
        turn.context.report(action, error)
        return [ActionFailed(action, type(error).__name__)]
    return [event for event in events if isinstance(event, SlotSet | BotUttered)]
