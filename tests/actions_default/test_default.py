from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from bot.actions.default import default_actions
from bot.actions.turn import Turn
from bot.content import (
    ActionStep,
    BotStep,
    Content,
    Domain,
    Intent,
    SessionConfig,
    Slot,
    SlotMapping,
    Story,
    UserStep,
    Variation,
)
from bot.content.names import DEFAULT_ACTIONS
from bot.dialogue.events import (
    ActionExecuted,
    ActionFailed,
    ConversationPaused,
    ConversationResumed,
    FollowupAction,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from bot.dialogue.evolve import evolve
from bot.errors import ActionRejected, StoreUnavailable

Talk = Callable[..., Any]


def said(**responses: str) -> dict[str, tuple[Variation, ...]]:
    return {f"utter_{name}": (Variation(text=text),) for name, text in responses.items()}


def rule(name: str, intent: str, *actions: str) -> Story:
    return Story(name, (UserStep(intent), *(ActionStep(action) for action in actions)), "rule")


DOMAIN = Domain(
    intents={name: Intent(name) for name in ("greet", "name", "bye")},
    slots={
        "name": Slot("name", mappings=(SlotMapping("from_entity", entity="name"),)),
        "mood": Slot("mood", initial_value="fine"),
    },
    responses=said(greet="Hello.", bye="Bye.", default="Sorry?", restart="From the start.", back="Back."),
)
CONTENT = Content(domain=DOMAIN, rules=(rule("greet", "greet", "utter_greet"), rule("bye", "bye", "utter_bye")))


def test_every_default_action_name_has_an_action() -> None:
    assert set(default_actions()) == DEFAULT_ACTIONS - {"..."}


async def test_session_starts_with_initial_slot_values(talk_to: Talk) -> None:
    talk = talk_to(CONTENT)
    await talk.say("greet")
    assert talk.tracker.slots["mood"] == "fine"
    assert [type(event) for event in talk.events[:2]] == [ActionExecuted, SessionStarted]


@pytest.mark.parametrize(("carry_over", "kept"), [(True, "Ann"), (False, None)])
async def test_new_session_keeps_slots_only_if_the_domain_says_so(
    talk_to: Talk, carry_over: bool, kept: str | None
) -> None:
    domain = replace(DOMAIN, session=SessionConfig(carry_over_slots=carry_over))
    talk = talk_to(replace(CONTENT, domain=domain))
    await talk.say("greet name=Ann")
    await talk.say("session_start")
    assert talk.tracker.slots.get("name") == kept
    assert talk.tracker.slots["mood"] == "fine"


async def test_restart_clears_the_slots_and_starts_a_session(talk_to: Talk) -> None:
    talk = talk_to(CONTENT)
    await talk.say("greet name=Ann")
    assert await talk.say("restart") == ["From the start."]
    assert "name" not in talk.tracker.slots
    executed = [event.name for event in talk.events if isinstance(event, ActionExecuted)]
    assert executed[:2] == ["action_restart", "action_session_start"]
    assert await talk.say("greet") == ["Hello."]


async def test_default_fallback_reverts_the_message(talk_to: Talk) -> None:
    talk = talk_to(CONTENT)
    await talk.say("greet")
    before = talk.tracker.applied
    assert await talk.say("mumble") == ["Sorry?"]
    assert [e for e in talk.tracker.applied if isinstance(e, UserUttered)] == [
        e for e in before if isinstance(e, UserUttered)
    ]
    assert await talk.say("bye") == ["Bye."]


async def test_back_reverts_two_messages(talk_to: Talk) -> None:
    talk = talk_to(CONTENT)
    await talk.say("greet")
    await talk.say("bye name=Ann")
    assert await talk.say("back") == ["Back."]
    assert talk.tracker.parse.intent_name == "greet"
    assert "name" not in talk.tracker.slots


async def test_plugin_replaces_a_default_action(talk_to: Talk) -> None:
    async def fallback(turn: Turn) -> None:
        turn.say_text("Mine.")

    assert await talk_to(CONTENT, action_default_fallback=fallback).say("mumble") == ["Mine."]


TWO_STAGE = replace(
    CONTENT,
    domain=replace(DOMAIN, responses={**DOMAIN.responses, **said(ask_rephrase="Say it again?")}),
    rules=(*CONTENT.rules, rule("not understood", "nlu_fallback", "action_two_stage_fallback")),
)


async def test_two_stage_fallback_asks_whether_the_likeliest_intent_was_meant(talk_to: Talk) -> None:
    talk = talk_to(TWO_STAGE)
    assert await talk.say("nlu_fallback") == ["Did you mean 'greet'?"]
    assert await talk.say("greet") == ["Hello."]
    assert talk.tracker.active_loop is None
    intents = [e.parse.intent_name for e in talk.tracker.applied if isinstance(e, UserUttered)]
    assert intents == ["greet"]


async def test_denial_asks_to_rephrase_and_the_rephrased_message_counts(talk_to: Talk) -> None:
    talk = talk_to(TWO_STAGE)
    await talk.say("nlu_fallback")
    assert await talk.say("out_of_scope") == ["Say it again?"]
    assert await talk.say("bye name=Ann") == ["Bye."]
    assert talk.tracker.slots["name"] == "Ann"


async def test_two_fallbacks_in_a_row_give_up(talk_to: Talk) -> None:
    talk = talk_to(TWO_STAGE)
    await talk.say("nlu_fallback")
    assert await talk.say("nlu_fallback") == ["Sorry?"]
    assert talk.tracker.active_loop is None


async def test_second_denial_gives_up(talk_to: Talk) -> None:
    talk = talk_to(TWO_STAGE)
    await talk.say("nlu_fallback")
    await talk.say("out_of_scope")
    assert await talk.say("nlu_fallback") == ["Did you mean 'greet'?"]
    assert await talk.say("out_of_scope") == ["Sorry?"]
    assert talk.tracker.active_loop is None


async def test_slot_validation_changes_a_filled_slot(talk_to: Talk) -> None:
    async def validate(turn: Turn) -> None:
        if turn.slot("name"):
            turn.set("name", turn.slot("name").title())

    talk = talk_to(CONTENT, action_validate_slot_mappings=validate)
    await talk.say("greet name=ann")
    assert talk.tracker.slots["name"] == "Ann"
    assert SlotSet("name", "ann") not in talk.events


async def test_custom_mapping_runs_its_action(talk_to: Talk) -> None:
    async def measure(turn: Turn) -> None:
        turn.set("length", len(turn.message.text))
        turn.emit(ActionExecuted("not allowed here"))

    slot = Slot("length", "float", mappings=(SlotMapping("custom", action="action_measure"),))
    domain = replace(DOMAIN, slots={**DOMAIN.slots, "length": slot})
    talk = talk_to(replace(CONTENT, domain=domain), action_measure=measure)
    await talk.say("greet")
    assert talk.tracker.slots["length"] == 5
    assert ActionExecuted("not allowed here") not in talk.events


async def test_slot_filled_after_a_custom_mapping_keeps_what_the_user_said(talk_to: Talk) -> None:
    async def guess(turn: Turn) -> None:
        turn.set("name", "guessed")

    guessed = Slot("guessed", mappings=(SlotMapping("custom", action="action_guess"),))
    domain = replace(DOMAIN, slots={"guessed": guessed, **DOMAIN.slots})
    talk = talk_to(replace(CONTENT, domain=domain), action_guess=guess)
    await talk.say("greet name=Ann")
    assert talk.tracker.slots["name"] == "Ann"
    await talk.say("greet")
    assert talk.tracker.slots["name"] == "guessed"


async def test_failed_slot_validation_keeps_the_slots_and_says_nothing(
    talk_to: Talk,
) -> None:
    async def fail(turn: Turn) -> None:
        raise OSError("the action server is away")

    slots = {"mood": Slot("mood", mappings=(SlotMapping("from_intent", intent=("greet",), value="good"),))}
    domain = replace(DOMAIN, slots={**DOMAIN.slots, **slots})
    talk = talk_to(replace(CONTENT, domain=domain), action_validate_slot_mappings=fail)
    assert await talk.say("greet name=Ann", failing=["action_validate_slot_mappings"]) == ["Hello."]
    assert (talk.tracker.slot("name"), talk.tracker.slot("mood")) == ("Ann", "good")
    assert ActionFailed("action_validate_slot_mappings", "OSError") in talk.events


async def test_turn_with_several_failures_apologises_once(talk_to: Talk) -> None:
    async def fail(turn: Turn) -> None:
        raise OSError("the action server is away")

    failing = {"action_session_start": fail, "action_validate_slot_mappings": fail, "utter_greet": fail}
    domain = replace(DOMAIN, responses=DOMAIN.responses | said(action_failed="Not now."))
    talk = talk_to(replace(CONTENT, domain=domain), **failing)
    assert await talk.say("greet name=Ann", failing=list(failing)) == ["Not now."]
    assert await talk.say("greet name=Ann", failing=list(failing)[1:]) == ["Not now."]


async def test_bot_text_of_an_end_to_end_story_is_said_and_recorded_as_text(talk_to: Talk) -> None:
    story = Story("told", (UserStep("name"), BotStep("How do you do?"), ActionStep("utter_greet")))
    talk = talk_to(replace(CONTENT, stories=(story,)))
    assert await talk.say("name") == ["How do you do?", "Hello."]
    recorded = [(event.name, event.action_text) for event in talk.events if isinstance(event, ActionExecuted)]
    assert recorded[-3:] == [("How do you do?", "How do you do?"), ("utter_greet", None), ("action_listen", None)]


async def test_failing_custom_mapping_loses_no_other_slot_and_says_nothing(talk_to: Talk) -> None:
    async def fail(turn: Turn) -> None:
        raise OSError("the mood service is away")

    async def measure(turn: Turn) -> None:
        turn.set("length", len(turn.message.text))

    slots = {
        "mood": Slot("mood", mappings=(SlotMapping("custom", action="action_mood"),)),
        "length": Slot("length", "float", mappings=(SlotMapping("custom", action="action_measure"),)),
    }
    domain = replace(DOMAIN, slots={**DOMAIN.slots, **slots})
    talk = talk_to(replace(CONTENT, domain=domain), action_mood=fail, action_measure=measure)
    assert await talk.say("greet name=Ann", failing=["action_mood"]) == ["Hello."]
    assert (talk.tracker.slot("name"), talk.tracker.slot("length")) == ("Ann", 14)
    assert ActionFailed("action_mood", "OSError") in talk.events


async def test_unavailable_store_in_a_custom_mapping_ends_the_turn(talk_to: Talk) -> None:
    async def ask_the_store(turn: Turn) -> None:
        raise StoreUnavailable("no disk")

    slot = Slot("mood", mappings=(SlotMapping("custom", action="action_mood"),))
    talk = talk_to(replace(CONTENT, domain=replace(DOMAIN, slots={"mood": slot})), action_mood=ask_the_store)
    with pytest.raises(StoreUnavailable):
        await talk.say("greet")


async def test_default_fallback_without_a_response_for_the_channel_reverts_the_message(talk_to: Talk) -> None:
    responses = {**DOMAIN.responses, "utter_default": (Variation(text="Sorry?", channel="slack"),)}
    talk = talk_to(replace(CONTENT, domain=replace(DOMAIN, responses=responses)))
    await talk.say("greet")
    assert await talk.say("name") == []
    assert UserUtteranceReverted() in talk.events
    assert talk.tracker.parse.intent_name == "greet"


async def pause(turn: Turn) -> None:
    turn.emit(ConversationPaused())


async def test_bot_paused_by_an_action_runs_no_actions_until_resumed_or_restarted(talk_to: Talk) -> None:
    rules = (*CONTENT.rules, rule("hand over", "name", "action_pause", "utter_bye"))
    talk = talk_to(replace(CONTENT, rules=rules), action_pause=pause)
    assert await talk.say("name") == []
    assert talk.actions == ["action_pause"]
    assert await talk.say("greet") == []
    talk.tracker = evolve(ConversationResumed(), talk.tracker)
    assert await talk.say("greet") == ["Hello."]
    assert await talk.say("name") == []
    assert await talk.say("restart") == ["From the start."]
    assert await talk.say("greet") == ["Hello."]


async def test_rejected_followup_is_not_run_again(talk_to: Talk) -> None:
    tries: list[None] = []

    async def first(turn: Turn) -> None:
        turn.emit(FollowupAction("action_second"))

    async def second(turn: Turn) -> None:
        tries.append(None)
        raise ActionRejected("action_second")

    rules = (rule("go", "greet", "action_first", "utter_bye"),)
    talk = talk_to(replace(CONTENT, rules=rules), action_first=first, action_second=second)
    assert await talk.say("greet") == ["Bye."]
    assert len(tries) == 1


async def test_unknown_followup_is_reported_and_the_policies_continue(talk_to: Talk) -> None:
    async def first(turn: Turn) -> None:
        turn.emit(FollowupAction("action_nope"))

    talk = talk_to(replace(CONTENT, rules=(rule("go", "greet", "action_first", "utter_bye"),)), action_first=first)
    assert await talk.say("greet", failing=["action_nope"]) == ["Bye."]
    assert talk.actions == ["action_first", "utter_bye"]
    assert ActionFailed("action_nope", "UnknownAction") in talk.events


async def test_followup_that_runs_an_unknown_action_fails(talk_to: Talk) -> None:
    async def first(turn: Turn) -> None:
        turn.emit(FollowupAction("action_second"))

    async def second(turn: Turn) -> None:
        await turn.run("action_nope")

    rules = (rule("go", "greet", "action_first", "utter_bye"),)
    talk = talk_to(replace(CONTENT, rules=rules), action_first=first, action_second=second)
    [sorry] = await talk.say("greet", failing=["action_second"])
    assert sorry.startswith("Sorry")


async def test_slot_removed_from_the_domain_is_carried_over_without_an_error(talk_to: Talk) -> None:
    talk = talk_to(CONTENT)
    await talk.say("greet")
    talk.tracker = evolve(SlotSet("of old", 1), talk.tracker)
    await talk.say("session_start")
    assert talk.tracker.slot("of old") == 1
