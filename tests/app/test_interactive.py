"""`bot interactive`: predictions are confirmed or corrected, and what was taught becomes content that is read back."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.app.checking import check_project
from bot.app.lessons import lesson_of
from bot.content import Content, Domain, NluData, Slot
from bot.dialogue.events import ActionExecuted, ActionReverted, Event, SlotSet, UserUttered
from bot.dialogue.names import LISTEN
from bot.messages import Entity, IntentScore, Parse
from bot.reading import read_project
from bot.reading.template import write_template
from tests.app.terminals import Terminal


@pytest.fixture(scope="module")
def trained_bakery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interactive") / "bakery"
    write_template(folder)
    teach(folder, "")
    return folder


@pytest.fixture
def bakery(trained_bakery: Path, tmp_path: Path) -> Path:
    """The starter bot, with a copy of its trained model."""
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / ".teller").symlink_to(trained_bakery / ".teller")
    return folder


def teach(project: Path, typed: str, *options: str) -> str:
    words = [sys.executable, "-m", "bot", "interactive", "--project", str(project), *options]
    done = subprocess.run(words, input=typed, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def lines(*typed: str) -> str:
    return "".join(f"{line}\n" for line in typed)


GREETED = ("hello", "", "", "")
"""A greeting, whose intent, reply and listening are confirmed."""


def taught(bakery: Path, number: int = 1) -> str:
    return (bakery / f"stories/interactive_{number}.yml").read_text()


def test_confirmed_conversation_is_saved_as_a_valid_story(bakery: Path) -> None:
    shown = teach(bakery, lines(*GREETED, "/stop", "a greeting"))
    assert "intent: greet (0.9" in shown
    assert "next: utter_greet, because of RulePolicy: greet → utter_greet (intents/smalltalk.yml:8:11)" in shown
    assert "Hello! What would you like?" in shown
    assert taught(bakery) == lines(
        'version: "3.1"', "stories:", "- story: a greeting", "  steps:", "  - intent: greet", "  - action: utter_greet"
    )
    assert not [d for d in check_project(bakery) if d.severity == "error"]


def test_corrected_intent_makes_the_message_an_example(bakery: Path) -> None:
    shown = teach(bakery, lines("I fancy something sweet", "order_cake", "", "", "/stop", "sweet"))
    assert "Which cake would you like?" in shown
    examples = [e for e in read_project(bakery).content.nlu.examples if e.text == "I fancy something sweet"]
    assert [e.intent for e in examples] == ["order_cake"]


def test_marked_entity_fills_its_slot_and_is_learned(bakery: Path) -> None:
    shown = teach(bakery, lines("one Sachertorte", "order_cake: one [Sachertorte](cake)", "", "", "/stop", "torte"))
    assert "And your name, please?" in shown
    (example,) = [e for e in read_project(bakery).content.nlu.examples if e.text == "one Sachertorte"]
    assert [(a.entity, a.value) for a in example.annotations] == [("cake", "Sachertorte")]
    assert "- intent: order_cake\n    entities:\n    - cake\n" in taught(bakery)


def test_known_example_is_not_saved_again(bakery: Path) -> None:
    assert "and 0 examples in" in teach(bakery, lines("Hello", "", "", "", "/stop", "a greeting"))


@pytest.mark.parametrize(
    ("correction", "told"),
    [
        ("order_cke", "is neither an intent nor your message with its entities marked"),
        ("order_cke", "Did you mean `order_cake`?"),
        ("order_cake: another message", "`another message` is not your message; repeat it, with its entities marked"),
        ('[hello]{"entity"}', 'The mark `[hello]{"entity"}` cannot be read; write `[Leeds](city)`.'),
        ("[hello](cke)", "The domain has no entity `cke`. Did you mean `cake`?"),
    ],
)
def test_invalid_correction_of_a_message_is_explained_and_asked_again(bakery: Path, correction: str, told: str) -> None:
    shown = teach(bakery, lines("hello", correction, "", "", "", "/stop"))
    assert told in shown
    assert "Hello! What would you like?" in shown


def test_unknown_action_is_explained_and_asked_again(bakery: Path) -> None:
    shown = teach(bakery, lines("hello", "", "utter_gret", "", "", "/stop"))
    assert "There is no action `utter_gret`. Did you mean `utter_greet`?" in shown
    assert shown.count("Hello! What would you like?") == 1


def test_chosen_action_runs_instead_of_the_predicted_one(bakery: Path) -> None:
    shown = teach(bakery, lines("hello", "", "utter_rephrase", "action_listen", "/stop", "odd"))
    assert "Hello! What would you like?" not in shown
    assert taught(bakery).endswith("  - intent: greet\n  - action: utter_rephrase\n")
    (error,) = [d for d in check_project(bakery) if d.severity == "error"]
    assert error.code == "contradiction"


def test_undo_removes_the_last_message_and_its_actions(bakery: Path) -> None:
    shown = teach(bakery, lines(*GREETED, "one cake please", "", "/undo", "/stop", "a greeting"))
    assert "Taken back." in shown
    assert taught(bakery).endswith("- story: a greeting\n  steps:\n  - intent: greet\n  - action: utter_greet\n")


def test_undo_before_a_message_is_confirmed_leaves_the_earlier_ones(bakery: Path) -> None:
    teach(bakery, lines(*GREETED, "one cake please", "/undo", "/stop", "a greeting"))
    assert taught(bakery).endswith("  - intent: greet\n  - action: utter_greet\n")


def test_story_command_shows_what_would_be_saved(bakery: Path) -> None:
    shown = teach(bakery, lines("/story", "/undo", *GREETED, "/story"))
    assert shown.count("Nothing has been said yet.") == 2
    assert "- story: what was taught\n  steps:\n  - intent: greet\n" in shown


def test_numbered_button_sends_its_payload_and_is_no_example(bakery: Path) -> None:
    shown = teach(bakery, lines(*GREETED, "1", "", "", "", "/stop", "by button"))
    assert "Which cake would you like?" in shown
    assert "nlu:" not in taught(bakery)


@pytest.mark.parametrize("typed", [lines("/stop"), "", lines(*GREETED), lines(*GREETED, "/stop", "")])
def test_nothing_is_saved_without_a_message_or_a_name(bakery: Path, typed: str) -> None:
    teach(bakery, typed)
    assert not list(bakery.glob("stories/interactive_*"))


def test_each_conversation_is_saved_in_a_new_file(bakery: Path, tmp_path: Path) -> None:
    for _ in range(2):
        teach(bakery, lines(*GREETED, "/stop", "a greeting"), "--out", str(tmp_path / "taught"))
    assert sorted(file.name for file in (tmp_path / "taught").iterdir()) == ["interactive_1.yml", "interactive_2.yml"]


def test_conversation_in_the_guide_happens_as_written(bakery: Path, project: Path) -> None:
    guide = (project / "docs/how-to/write-stories.md").read_text()
    transcript = guide[guide.index("you> I fancy") :].split("```")[0].splitlines()
    typed = [line.partition("> ")[2] for line in transcript if re.match(r"(you|right\?.*)>", line)]
    shown = [line for line in transcript if not re.match(r"(you|right\?.*)>", line)]
    written = teach(bakery, lines(*typed)).splitlines()
    at = [written.index(line) for line in shown]
    assert len(at) == 3
    assert at == sorted(at)


def test_customer_is_logged_in_with_the_options_of_the_shell(bank_project: Callable[[str], Path]) -> None:
    project = bank_project("interactive")
    typed = lines("how much is in my savings?", "", "", "")
    shown = teach(project, typed, "--demo", "--as", "12345678")
    assert "how much is in my [savings]" in shown
    assert "Your savings account has £12,469.87." in shown


def add(bakery: Path, content: str) -> None:
    (bakery / "intents/added.yml").write_text(f'version: "3.1"\n{content}')


RETRIEVAL = """nlu:
- intent: faq/parking
  examples: |
    - where can I park my car
    - is there parking for bicycles
- intent: faq/seats
  examples: |
    - can I sit down with you
    - how many seats are there
responses:
  utter_faq/parking:
  - text: In the yard.
  utter_faq/seats:
  - text: Twelve.
rules:
- rule: answer
  steps:
  - intent: faq
  - action: utter_faq
"""


def test_retrieval_intent_is_shown_and_chosen_in_full(bakery: Path) -> None:
    add(bakery, RETRIEVAL)
    shown = teach(bakery, lines("where can I put my old bicycle", "faq", "faq/parking", "", "", "/stop", "bicycles"))
    assert "`faq` has several answers; write one of faq/parking, faq/seats." in shown
    assert "In the yard." in shown
    (example,) = [e for e in read_project(bakery).content.nlu.examples if e.text == "where can I put my old bicycle"]
    assert example.intent == "faq/parking"


def test_lesson_after_a_restart_is_a_second_story(bakery: Path) -> None:
    shown = teach(bakery, lines(*GREETED, "/restart", "", "", "", *GREETED, "/stop", "twice"))
    assert "Saved 2 stories and 0 examples in " in shown
    assert "- story: twice, part 1\n" in taught(bakery)
    assert taught(bakery).endswith("- story: twice, part 2\n  steps:\n  - intent: greet\n  - action: utter_greet\n")
    assert not [d for d in check_project(bakery) if d.severity == "error"]


def test_story_of_a_text_keeps_the_text(bakery: Path) -> None:
    add(bakery, "stories:\n- story: weather\n  steps:\n  - user: what is the weather like\n  - bot: Sunny as ever\n")
    assert "Sunny as ever" in teach(bakery, lines("what is the weather like", "", "", "", "/stop", "weather again"))
    assert taught(bakery).endswith("  - user: what is the weather like\n  - bot: Sunny as ever\n")
    assert not [d for d in check_project(bakery) if d.severity == "error"]


def add_action(bakery: Path, intent: str, examples: str, code: str, *, then: str = "") -> None:
    """An action for an intent, and what follows it."""
    add(
        bakery,
        f"""actions: [action_added]
rules:
- rule: added
  steps:
  - intent: {intent}
  - action: action_added
{then}
nlu:
- intent: {intent}
  examples: |
{examples}
""",
    )
    (bakery / "actions/added.py").write_text(f"""from bot import ConversationPaused, RegisterAction, Turn, hookimpl


async def added(turn: Turn) -> None:
    {code}


@hookimpl
def register_actions(register: RegisterAction) -> None:
    register("action_added", added)
""")


def test_bot_listens_after_an_action_that_fails(bakery: Path) -> None:
    examples = "    - break it now\n    - do break it"
    add_action(bakery, "break_it", examples, "raise KeyError(turn)", then="  - action: utter_greet")
    shown = teach(bakery, lines("break it now", "", "", "/stop", "broken"))
    assert "Sorry" in shown
    assert "next: utter_greet" not in shown
    assert taught(bakery).endswith("  - intent: break_it\n  - action: action_added\n")


def test_paused_bot_stays_silent_until_it_is_restarted(bakery: Path) -> None:
    examples = "    - be quiet please\n    - do be quiet"
    add_action(bakery, "be_quiet", examples, "turn.emit(ConversationPaused())")
    typed = lines("be quiet please", "", "", "hello", "", "/restart", "", "", "", *GREETED, "/stop", "quiet")
    shown = teach(bakery, typed)
    assert shown.count("the bot is paused") == 1
    assert shown.count("Hello! What would you like?") == 1
    assert "- intent: be_quiet\n  - action: action_added\n  - intent: restart\n" in taught(bakery)


def test_reverted_message_is_left_out_of_the_story(bakery: Path) -> None:
    teach(bakery, lines(*GREETED, "one cake please", "", "", "", "/back", "", "", "/stop", "a greeting"))
    assert taught(bakery).endswith("- story: a greeting\n  steps:\n  - intent: greet\n  - action: utter_greet\n")


def test_marks_of_a_person_are_saved_whatever_grammars_find_and_examples_say(bakery: Path) -> None:
    add(bakery, "entities: [time]\nnlu:\n- intent: order_cake\n  examples: |\n    - a cake for teatime\n")
    teach(bakery, lines("a cake for teatime", "a cake for [teatime](time)", "", "", "/stop", "teatime"))
    assert "    - a cake for [teatime](time)\n" in taught(bakery)


def test_marked_entity_gets_the_value_of_its_synonym(bakery: Path) -> None:
    add(bakery, "nlu:\n- synonym: carrot cake\n  examples: |\n    - orange slice\n")
    shown = teach(bakery, lines("one orange slice", "order_cake: one [orange slice](cake)", "", "", "/story"))
    assert "And your name, please?" in shown
    assert '    - one [orange slice]{"entity": "cake", "value": "carrot cake"}\n' in shown


def test_unfinished_answer_and_slots_without_influence_are_left_out(bakery: Path) -> None:
    shown = teach(bakery, lines(*GREETED, "one carrot cake please", "", "", "", "Ann", "", "/stop", "half"))
    assert "The last message is left out" in shown
    assert taught(bakery).endswith("  - action: order_form\n  - active_loop: order_form\n")


def test_question_mark_lists_what_can_be_chosen(bakery: Path) -> None:
    shown = teach(bakery, lines("hello", "?", "", "?", "/stop"))
    intents = shown[shown.index("intent: greet") : shown.index("next:")].splitlines()
    assert intents[1] == "greet"
    assert "order_cake" in intents
    assert "utter_rephrase" in shown.splitlines()


def test_buttons_before_an_undone_message_can_be_pressed_again(bakery: Path) -> None:
    shown = teach(bakery, lines(*GREETED, "one cake please", "", "/undo", "1", "", "/stop"))
    assert shown.count("intent: order_cake (1.00): /order_cake") == 1


@pytest.mark.parametrize("name", ["/stop", ""])
def test_command_is_no_name_of_a_story(bakery: Path, name: str) -> None:
    assert "Nothing was saved." in teach(bakery, lines(*GREETED, "/stop", "/undo", name))
    assert not list(bakery.glob("stories/interactive_*"))


def test_folder_that_cannot_be_written_is_refused_before_the_lesson(bakery: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "bot",
        "interactive",
        "--project",
        str(bakery),
        "--out",
        str(bakery / "config.yml/x"),
    ]
    done = subprocess.run(words, input="hello\n", capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert "name another folder with --out" in done.stderr


def test_folder_outside_the_content_is_pointed_out(bakery: Path, tmp_path: Path) -> None:
    shown = teach(bakery, lines(*GREETED, "/stop", "a greeting"), "--out", str(tmp_path / "elsewhere"))
    assert "Move it to the project's content" in shown


@pytest.fixture
def greeted(bakery: Path) -> Iterator[Terminal]:
    """A lesson in a terminal that has a greeting in it."""
    with Terminal("interactive", bakery) as terminal:
        for answer in GREETED:
            terminal.until(b"> ")
            terminal.type(answer.encode() + b"\r")
        terminal.until(b"you> ")
        yield terminal


def test_ctrl_c_ends_the_lesson_and_asks_for_a_name(bakery: Path, greeted: Terminal) -> None:
    greeted.child.send_signal(signal.SIGINT)
    greeted.until(b"save as a story named (Enter: do not save)> ")
    greeted.type(b"a greeting\r")
    greeted.until(b"Saved 1 story")
    assert b"Traceback" not in greeted.errors()
    assert greeted.child.returncode == 0
    assert "- story: a greeting\n" in taught(bakery)


def test_second_ctrl_c_leaves_without_saving(bakery: Path, greeted: Terminal) -> None:
    for shown in (b"save as a story named", b"Nothing was saved."):
        greeted.child.send_signal(signal.SIGINT)
        greeted.until(shown)
    assert b"Traceback" not in greeted.errors()
    assert greeted.child.returncode == 0
    assert not list(bakery.glob("stories/interactive_*"))


def test_lesson_without_a_finished_answer_is_not_saved(bakery: Path) -> None:
    shown = teach(bakery, lines("hello", "", "/stop", "half"))
    assert "The last message is left out" in shown
    assert "Nothing was saved." in shown
    assert not list(bakery.glob("stories/interactive_*"))


def test_overlapping_entities_leave_the_first_mark_in_the_example() -> None:
    entities = (Entity("cake", "apple pie", 0, 9), Entity("fruit", "pie please", 6, 16))
    parse = Parse("apple pie please", IntentScore("order", 1.0), entities=entities)
    lesson = lesson_of([UserUttered(parse), ActionExecuted(LISTEN)], "pie", Content(Domain(), NluData()))
    assert lesson is not None
    assert "    - [apple pie](cake) please\n" in lesson.to_yaml()


def test_action_that_was_taken_back_is_left_out_with_what_it_did() -> None:
    parse = Parse("hello", IntentScore("greet", 1.0))
    reverted: list[Event] = [ActionExecuted("action_wrong"), SlotSet("mood", "bad"), ActionReverted()]
    events = [UserUttered(parse), *reverted, ActionExecuted("utter_greet"), ActionExecuted(LISTEN)]
    lesson = lesson_of(events, "hello", Content(Domain(slots={"mood": Slot("mood")}), NluData()))
    assert lesson is not None
    assert lesson.to_yaml().endswith("  steps:\n  - intent: greet\n  - action: utter_greet\n")
