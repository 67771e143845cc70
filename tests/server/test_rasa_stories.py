"""Conversations as stories: what `bot test` reads again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.app.lessons import lesson_of
from bot.app.testing import run_core_tests
from bot.content import Content, Domain, NluData
from bot.dialogue.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from bot.dialogue.tracker import Tracker
from bot.messages import IntentScore, Parse
from bot.server.trackers import Conversation, story_of
from bot.testing.reporting import failed_stories_yaml

from .conftest import Running
from .test_rasa_api import Api

LISTEN = ActionExecuted("action_listen")
BEGINS: tuple[Event, ...] = (ActionExecuted("action_session_start"), SessionStarted(), LISTEN)
GREETED: tuple[Event, ...] = (
    UserUttered(Parse("hello", IntentScore("greet", 1.0))),
    ActionExecuted("utter_greet"),
    LISTEN,
)


def told(events: Sequence[Event]) -> str:
    return story_of(Conversation(Tracker(), [(event, 0.0) for event in events]), "ann", all_sessions=True)


@pytest.mark.parametrize(
    "opening",
    [
        (),
        (SlotSet("session_started_metadata", {"a": 1}),),
        (ActiveLoop(None), AllSlotsReset()),
        (ActiveLoop(None), AllSlotsReset(), SlotSet("session_started_metadata", {"a": 1})),
    ],
)
def test_sessions_are_told_without_the_events_that_begin_them(opening: tuple[Event, ...]) -> None:
    one = told([*opening, *BEGINS, *GREETED])
    assert (one.count("- story: "), "- story: ann\n" in one, "session" in one, "active_loop" in one) == (
        1,
        True,
        False,
        False,
    )
    assert told([*BEGINS, *GREETED, *opening, *BEGINS, *GREETED]) == one.replace(
        "- story: ann\n", "- story: ann, story 1\n"
    ) + one[one.index("- story: ") :].replace("- story: ann\n", "- story: ann, story 2\n")


def test_lesson_ends_with_its_session() -> None:
    lesson = lesson_of([*BEGINS, *GREETED, *BEGINS, *GREETED], "hello", Content(Domain(), NluData()))
    assert lesson is not None
    assert [story.name for story in lesson.stories] == ["hello, part 1", "hello, part 2"]
    assert lesson.stories[0].steps == lesson.stories[1].steps


async def test_story_of_a_conversation_with_several_sessions_passes_the_test(
    real: Running, small_project: Path, tmp_path: Path
) -> None:
    api, customer = Api(real.client, await real.key("operator")), await real.login()
    for number, text in enumerate(("hello", "my colour is blue", "/restart", "I like red", "goodbye now", "hello")):
        if number == 4:
            customer = await real.login()
        said = await real.client.post("/chat", json={"message": text, "metadata": {"a": 1}}, headers=customer)
        conversation = (await said.json())["conversationId"]
    story = await api("GET", f"/conversations/{conversation}/story?all_sessions=true")
    assert (story.count("- story: "), "action_session_start" in story) == (3, False)
    (tmp_path / "test_told.yml").write_text(story, encoding="utf-8")
    report = run_core_tests(small_project, tmp_path / "test_told.yml").stories
    assert not report.failed, failed_stories_yaml(report.failed)
