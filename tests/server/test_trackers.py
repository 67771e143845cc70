"""Conversations as Rasa's clients see them, from their events."""

from __future__ import annotations

from bot.dialogue.events import ActionExecuted, Event, SlotSet, UserUtteranceReverted, UserUttered
from bot.dialogue.evolve import evolve_all, trim
from bot.dialogue.tracker import Tracker
from bot.messages import IntentScore, Parse
from bot.server.trackers import Conversation, story_of


def listen() -> ActionExecuted:
    """A separate event object, as every event read from the store is."""
    return ActionExecuted("action_listen")


def said(intent: str) -> UserUttered:
    return UserUttered(Parse(intent, IntentScore(intent, 1.0)))


def conversation(*turns: tuple[float, tuple[Event, ...]]) -> Conversation:
    """A conversation of these turns, each with its time; its tracker is trimmed to the last of them."""
    events = [(event, at) for at, turn in turns for event in turn]
    return Conversation(trim(evolve_all([event for event, _ in events], Tracker()), 1), events)


def test_applied_events_keep_their_times() -> None:
    talk = conversation(
        (100.0, (listen(), said("greet"), ActionExecuted("utter_greet"), listen())),
        (200.0, (said("wrong"), ActionExecuted("utter_what"), listen())),
        (300.0, (UserUtteranceReverted(), listen(), said("bye"), SlotSet("a", 1))),
    )
    shown = talk.json("ann", (), "APPLIED")["events"]
    assert [(event["event"], event["timestamp"]) for event in shown] == [
        *[("action", 100.0), ("user", 100.0), ("action", 100.0)],
        *[("action", 300.0), ("user", 300.0), ("slot", 300.0)],
    ]
    assert shown[1]["parse_data"]["intent"]["name"] == "greet"


def test_end_to_end_bot_text_is_shown_in_events_and_stories() -> None:
    text = ActionExecuted("I am Teller.", action_text="I am Teller.")
    talk = conversation((100.0, (listen(), said("ask"), text, listen())))
    actions = [event for event in talk.json("ann", ())["events"] if event["event"] == "action"]
    assert [(event["name"], event["action_text"]) for event in actions][1:2] == [(None, "I am Teller.")]
    assert "  - bot: I am Teller." in story_of(talk, "ann", all_sessions=True)
