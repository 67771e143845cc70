from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import Domain, Slot
from bot.dialogue.event_json import event_from_json, event_to_json
from bot.dialogue.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionFailed,
    ActionReverted,
    ActiveLoop,
    AgentUttered,
    AllSlotsReset,
    BotUttered,
    ConversationPaused,
    ConversationResumed,
    EffectPrepared,
    EffectSettled,
    EntitiesAdded,
    Event,
    FollowupAction,
    LoopInterrupted,
    ReminderCancelled,
    ReminderScheduled,
    Restarted,
    SessionStarted,
    SlotSet,
    StoryExported,
    UserFeaturization,
    UserUtteranceReverted,
    UserUttered,
)
from bot.dialogue.evolve import evolve, evolve_all, trim
from bot.dialogue.packing import PackedTracker, pack, unpack
from bot.dialogue.states import States
from bot.dialogue.tracker import Tracker
from bot.dialogue.tracker_json import rasa_tracker_json
from bot.encoding import decode, encode, reader, write
from bot.messages import Entity, IntentScore, Nearest, Parse, Reply
from tests.dialogue.making import uttered

LISTEN = ActionExecuted("action_listen")


def after(*events: Event) -> Tracker:
    return evolve_all(events, Tracker("c"))


def test_new_session_keeps_only_its_initial_slots() -> None:
    tracker = after(
        LISTEN, uttered("greet"), SlotSet("a", 1), ActiveLoop("form"), SessionStarted({"b": 2}), SlotSet("c", 3)
    )
    assert tracker.slots == {"b": 2, "c": 3}
    assert tracker.loop is None
    assert tracker.latest_message is None
    assert tracker.followup_action == "action_listen"
    assert len(tracker.events) == 6
    assert tracker.applied == (SlotSet("c", 3),)


def test_restart_and_slot_reset_restore_the_initial_slots() -> None:
    for event in (Restarted(), AllSlotsReset()):
        assert after(SessionStarted({"a": 1}), SlotSet("a", 2), SlotSet("b", 3), event).slots == {"a": 1}
    assert after(Restarted()).followup_action == "action_session_start"


def test_action_or_message_clears_the_followup() -> None:
    assert after(FollowupAction("next")).followup_action == "next"
    assert after(FollowupAction("next"), ActionExecuted("next")).followup_action is None
    assert after(FollowupAction("next"), uttered("greet")).followup_action is None


def test_only_rejection_of_the_followup_action_clears_the_followup() -> None:
    refused = [ActionExecutionRejected("other"), ActionExecutionRejected("next")]
    assert after(FollowupAction("next"), refused[0]).followup_action == "next"
    assert after(FollowupAction("next"), *refused).followup_action is None


def test_reverting_a_message_undoes_everything_since_the_listen_before_it() -> None:
    before = after(LISTEN, uttered("greet"), ActionExecuted("utter_greet"), LISTEN)
    reverted = evolve_all(
        [uttered("ask"), SlotSet("a", 1), ActionExecuted("utter_what"), UserUtteranceReverted()], before
    )
    assert reverted.applied == before.applied[:-1]
    assert reverted.slots == {}
    assert reverted.latest_message == uttered("greet")
    assert reverted.latest_action == "utter_greet"


def test_reverting_an_action_undoes_it_and_everything_after_it() -> None:
    tracker = after(LISTEN, uttered("greet"), ActionExecuted("utter_greet"), SlotSet("a", 1), ActionReverted())
    assert (tracker.latest_action, tracker.slots) == ("action_listen", {})


def test_loop_records_its_trigger_message_and_rejection() -> None:
    tracker = after(LISTEN, uttered("order"), ActionExecuted("form"), ActiveLoop("form"))
    assert tracker.loop is not None
    assert tracker.loop.trigger_message == uttered("order").parse
    refused = evolve(ActionExecutionRejected("form"), tracker)
    assert refused.loop is not None
    assert refused.loop.rejected
    again = evolve(ActionExecuted("form"), refused)
    assert again.loop is not None
    assert not again.loop.rejected


def test_rejection_of_another_action_does_not_reject_the_loop() -> None:
    tracker = after(ActiveLoop("form"), ActionExecutionRejected("other"))
    assert tracker.loop is not None
    assert not tracker.loop.rejected


def test_loop_interruption_ends_with_the_next_action() -> None:
    tracker = after(ActiveLoop("form"), LoopInterrupted(True))
    assert tracker.loop is not None
    assert tracker.loop.is_interrupted
    tracker = evolve(LISTEN, tracker)
    assert tracker.loop is not None
    assert not tracker.loop.is_interrupted


def test_answers_to_a_running_loop_stay_in_events_but_not_in_applied() -> None:
    start = [LISTEN, uttered("order"), ActionExecuted("form"), ActiveLoop("form")]
    answer = [LISTEN, uttered("inform"), SlotSet("a", 1), ActionExecuted("form")]
    tracker = after(*start, *answer)
    assert tracker.applied == (*start, SlotSet("a", 1))
    assert tracker.events == (*start, *answer)


def test_detour_from_a_loop_stays_applied() -> None:
    start = [LISTEN, uttered("order"), ActionExecuted("form"), ActiveLoop("form")]
    detour = [LISTEN, uttered("greet"), ActionExecutionRejected("form"), ActionExecuted("utter_greet")]
    tracker = after(*start, *detour, ActionExecuted("form"))
    assert tracker.applied == tracker.events


def test_loop_run_after_its_own_rejection_stays_applied() -> None:
    start = [LISTEN, uttered("order"), ActionExecuted("form"), ActiveLoop("form")]
    tracker = after(*start, LISTEN, uttered("greet"), ActionExecutionRejected("form"), ActionExecuted("form"))
    assert tracker.applied == tracker.events


def test_second_activation_of_a_loop_stays_applied() -> None:
    once = [LISTEN, uttered("order"), ActionExecuted("form"), ActiveLoop("form"), LISTEN, ActiveLoop(None)]
    tracker = after(*once, *once)
    assert tracker.applied == tracker.events


def test_conversation_stays_paused_until_resumed() -> None:
    assert after(ConversationPaused()).paused
    assert not after(ConversationPaused(), ConversationResumed()).paused


def test_added_entities_belong_to_the_latest_message() -> None:
    tracker = after(uttered("greet", "a"), EntitiesAdded(({"entity": "b", "value": 1},)))
    assert tracker.parse is not None
    assert [entity.entity for entity in tracker.parse.entities] == ["a", "b"]


def test_prepared_effect_stays_until_its_outcome_is_known() -> None:
    prepared = EffectPrepared("transfer", "key", {"amount": 1})
    assert after(prepared, EffectSettled("key", "unknown")).effect == prepared
    assert after(prepared, EffectSettled("other", "done")).effect == prepared
    assert after(prepared, EffectSettled("key", "done")).effect is None


# --- laws --------------------------------------------------------------------

names = st.sampled_from(["form", "other_form", "utter_a", "utter_b", "action_listen"])
json = st.sampled_from([None, True, False, 0, -1, 1.5, "", "a{b}", [], [0, ""], {}, {"x": {"y": [None]}}])
objects = st.sampled_from([{}, {"x": 1}, {"x": None, "y": ["a"]}, {"": {"z": False}}])
scores = st.builds(IntentScore, st.sampled_from(["greet", "ask"]), st.sampled_from([0.25, 1.0]))
entities = st.builds(
    Entity,
    names,
    json,
    st.integers(0, 3),
    st.integers(4, 9),
    st.none() | st.just("role"),
    st.none() | st.just("group"),
    st.sampled_from(["", "X"]),
    st.none() | st.just(0.5),
    st.none() | objects,
)
parses = st.builds(
    Parse,
    st.text("ab ", max_size=4),
    st.none() | scores,
    st.lists(scores, max_size=2).map(tuple),
    st.lists(entities, max_size=2).map(tuple),
    st.just({}) | st.just({"default": {"response": {"intent_response_key": "faq/x"}}}),
    st.just(()) | st.just((Nearest("a", "b", "c:1:2", 0.5),)),
    st.sampled_from(["", "out_of_scope", "ambiguous"]),
)
button = st.just({"title": "Yes", "payload": "/yes"})
replies = st.builds(
    Reply,
    text=st.none() | st.text(max_size=3),
    buttons=st.just(()) | st.tuples(button),
    custom=st.none() | objects.filter(bool),
    metadata=objects,
    response=st.none() | names,
)
slots = st.sampled_from(["s", "t"])
plain: st.SearchStrategy[Event] = st.one_of(
    st.builds(UserUttered, parses, st.sampled_from(["", "m"]), st.sampled_from(["", "rest"]), objects),
    st.builds(BotUttered, replies),
    st.builds(ActionExecuted, names, st.none() | names, st.none() | st.just(0.5), st.booleans()),
    st.builds(lambda text: ActionExecuted(text, action_text=text), st.text(min_size=1, max_size=3)),
)
"""The events of a conversation without slots and forms."""
events: st.SearchStrategy[Event] = st.one_of(
    plain,
    st.builds(SlotSet, slots, json),
    st.builds(ActionExecutionRejected, names, st.none() | names, st.none() | st.just(0.5)),
    st.builds(ActionFailed, names, st.just("ValueError")),
    st.builds(SessionStarted, objects),
    st.builds(ActiveLoop, st.none() | names),
    st.builds(LoopInterrupted, st.booleans()),
    st.builds(FollowupAction, names),
    st.sampled_from([Restarted(), AllSlotsReset(), ConversationPaused(), ConversationResumed(), StoryExported()]),
    st.sampled_from([UserUtteranceReverted(), ActionReverted()]),
    st.builds(AgentUttered, st.none() | st.text(max_size=3), objects),
    st.builds(ReminderScheduled, names, st.just("2026-11-03T10:00:00+00:00"), names, st.just(({"entity": "a"},))),
    st.builds(ReminderCancelled, st.none() | names, st.none() | names, st.none() | st.just(({"entity": "a"},))),
    st.builds(EntitiesAdded, st.just(()) | st.just(({"entity": "a", "value": 1},))),
    st.builds(UserFeaturization, st.booleans()),
    st.builds(EffectPrepared, names, st.just("k"), objects),
    st.builds(EffectSettled, st.just("k"), st.sampled_from(["done", "unknown"])),
)
histories = st.lists(events, max_size=25)
read = reader(PackedTracker)
SEEN = Domain(slots={name: Slot(name) for name in ("s", "t")})


def bare(tracker: Tracker) -> tuple[Any, ...]:
    """The state without its history."""
    t = tracker
    return (t.slots, t.loop, t.latest_message, t.latest_action, t.followup_action, t.paused, t.effect)


def written_and_read(tracker: Tracker) -> Tracker:
    return unpack(read(write(pack(tracker))))


@given(events)
def test_every_event_round_trips_through_rasa_json(event: Event) -> None:
    data = decode(encode(event_to_json(event, 12.5)))
    assert data["timestamp"] == 12.5
    assert event_from_json(data) == event


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"event": "nothing"},
        {"event": "slot"},
        {"event": "followup", "name_": 1},
        {"event": "action", "name": "utter_greet", "confidence": True},
        {"event": "effect_settled", "key": "k", "outcome": None},
        {"event": "entities", "entities": [{"entity": "city", "start": True}]},
        {"event": "followup", "name": "half a surrogate pair: \ud83d"},
    ],
)
def test_invalid_event_json_is_rejected(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="event"):
        event_from_json(data)


def reminder_from(**data: Any) -> ReminderScheduled:
    event = event_from_json({"event": "reminder", "intent": "nudge", "date_time": "2026-11-03T10:00:00Z", **data})
    assert isinstance(event, ReminderScheduled)
    return event


def test_unnamed_reminder_gets_a_stable_name_from_its_content() -> None:
    other_time = {"date_time": "2026-11-03T10:01:00Z"}
    said = [{}, {"intent": "call"}, other_time, {"entities": {"who": "Ann"}}, {"kill_on_user_msg": False}]
    names = [reminder_from(name=None, **differs).name for differs in said]
    assert len(set(names)) == len(said)
    assert all(names)
    assert names == [reminder_from(**differs).name for differs in said]
    assert reminder_from(name="").name == "", "one that was set before keeps its name"


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine is in New York."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("new_york")
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("2026-11-03T10:00:00", "2026-11-03T15:00:00+00:00"),
        ("2026-07-03T10:00:00.5", "2026-07-03T14:00:00.500000+00:00"),
        ("2026-11-03T10:00:00+01:00", "2026-11-03T10:00:00+01:00"),
        ("2026-11-03T10:00:00Z", "2026-11-03T10:00:00Z"),
    ],
)
def test_reminder_time_without_a_zone_is_read_as_local_time(said: str, kept: str) -> None:
    assert reminder_from(date_time=said).at == kept


@pytest.mark.usefixtures("new_york")
def test_stored_reminder_time_without_a_zone_is_written_as_utc() -> None:
    event = ReminderScheduled("nudge", "2026-11-03T10:00:00", "n")
    assert event_to_json(event)["date_time"] == "2026-11-03T10:00:00+00:00"


@pytest.mark.usefixtures("new_york")
@pytest.mark.parametrize("at", ["9999-12-31T23:59:59", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
def test_reminder_time_outside_the_utc_range_is_rejected(at: str) -> None:
    with pytest.raises(ValueError, match="the time"):
        reminder_from(date_time=at)


@given(histories)
def test_state_is_the_fold_of_the_applied_events(history: list[Event]) -> None:
    history = [event for event in history if not isinstance(event, ActiveLoop)]  # whose answers no longer apply
    tracker = after(*history)
    start = tracker.base or Tracker("c")
    assert bare(evolve_all(tracker.applied, start)) == bare(tracker)
    assert tracker.events == tuple(history)


@given(histories, st.booleans(), st.integers(1, 4))
def test_last_states_equal_the_end_of_all_states(history: list[Event], trimmed: bool, last: int) -> None:
    tracker = trim(after(*history), 2) if trimmed else after(*history)
    states = States(SEEN)
    assert states.of(tracker, last=last) == states.of(tracker)[-last:]


@given(st.lists(plain, max_size=25), st.integers(1, 4))
def test_last_states_equal_the_end_of_all_states_without_slots_and_forms(history: list[Event], last: int) -> None:
    states = States(SEEN)
    assert states.of(after(*history), last=last) == states.of(after(*history))[-last:]


@given(histories)
def test_tracker_round_trips_through_a_snapshot(history: list[Event]) -> None:
    for tracker in (after(*history), trim(after(*history), 2)):
        assert written_and_read(tracker) == tracker


@pytest.mark.parametrize(
    "lost", [PackedTracker(Tracker(), (LISTEN,), (1,)), *[PackedTracker(Tracker(), (LISTEN,), None, i) for i in (0, 1)]]
)
def test_snapshot_with_an_invalid_event_index_is_rejected(lost: PackedTracker) -> None:
    with pytest.raises(ValueError, match="snapshot"):
        unpack(lost)


@given(histories, histories, st.integers(1, 3))
def test_trimming_does_not_change_the_current_or_later_states(
    past: list[Event], future: list[Event], turns: int
) -> None:
    reverts = (UserUtteranceReverted, ActionReverted)
    future = [event for event in future if not isinstance(event, reverts)]  # these look back as far as the history goes
    whole = after(*past)
    trimmed = trim(whole, turns)
    assert bare(trimmed) == bare(whole)
    assert bare(evolve_all(future, trimmed)) == bare(evolve_all(future, whole))


@given(histories, st.integers(1, 3))
def test_trimming_keeps_at_most_the_given_turns_without_old_explanations(history: list[Event], turns: int) -> None:
    trimmed = trim(after(*history), turns)
    for kept in (trimmed.events, trimmed.applied):
        assert sum(isinstance(event, UserUttered) for event in kept) <= turns
    older = [e for e in trimmed.applied if isinstance(e, UserUttered) and e is not trimmed.latest_message]
    assert all(not e.parse.ranking and not e.parse.nearest for e in older)


def test_trimming_keeps_the_ranking_of_the_latest_message_only() -> None:
    explained = Parse("hi", IntentScore("greet", 0.9), (IntentScore("greet", 0.9),))
    trimmed = trim(after(LISTEN, UserUttered(explained, "1"), LISTEN, UserUttered(explained, "2")), 2)
    first, second = (event for event in trimmed.events if isinstance(event, UserUttered))
    assert (first.parse.ranking, second.parse.ranking) == ((), explained.ranking)
    assert second is trimmed.latest_message


@given(histories, st.integers(0, 30))
def test_trimming_keeps_at_least_the_given_number_of_events(history: list[Event], least: int) -> None:
    kept = trim(after(*history), 1, min_events=least).events
    assert len(kept) >= min(least, len(history))
    assert [type(event) for event in kept] == [type(event) for event in history[len(history) - len(kept) :]]


@given(histories)
def test_tracker_can_be_rebuilt_from_the_events_in_its_rasa_json(history: list[Event]) -> None:
    tracker = after(*history)
    shown = decode(encode(rasa_tracker_json(tracker, [(event, 1.0) for event in history], slots={"unset": None})))
    again = evolve_all((event_from_json(event) for event in shown["events"]), Tracker("c"))
    assert again == tracker
    assert shown["slots"] == {"unset": None, **tracker.slots}


junk = st.sampled_from([None, True, 0, 1.5, "x", "", [], ["x"], [["x"]], {}, {"a": 1}, [{"entity": 1}], "2026-13-01"])


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value: its container and its key."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, part in inside for place in [(value, key), *places(part)]]


@given(histories, events, st.data())
def test_corrupted_event_json_is_rejected_or_leaves_a_usable_tracker(
    history: list[Event], event: Event, data: st.DataObject
) -> None:
    written = decode(encode(event_to_json(event)))
    container, key = data.draw(st.sampled_from(places(written)))
    container[key] = data.draw(junk)
    try:
        read = event_from_json(written)
    except ValueError:
        return
    tracker = evolve_all([*history, read, *history], Tracker("c"))
    assert written_and_read(tracker) == tracker
    assert States(Domain()).of(tracker)
    assert [event_from_json(shown) for shown in decode(encode(rasa_tracker_json(tracker)))["events"]]
