"""`bot test --e2e`: everything runs as the named customer; an unknown customer is reported."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.app.testing import run_core_tests, run_end_to_end_tests
from bot.reading import read_project
from bot.reading.template import write_template
from bot.testing.reporting import failed_stories_yaml
from tests.app.test_run import command

STORIES = """version: "3.1"
stories:
- story: savings
  steps:
  - user: |-
      what is my savings balance?
    intent: ask_balance
  - action: action_balance
  - bot: Your savings account has £12,469.87.
- story: more savings
  steps:
  - user: |-
      move £5 from current to savings
    intent: transfer_money
  - action: transfer_form
  - user: |-
      yes
    intent: affirm
  - action: transfer_form
  - action: action_transfer
"""

Test = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def bank(bank_project: Callable[[str], Path]) -> Path:
    return bank_project("e2e")


@pytest.fixture
def test(bank: Path, tmp_path: Path) -> Test:
    """Runs the stories with the bank assistant: `test("--e2e", …)`."""
    stories = tmp_path / "test_savings.yml"
    stories.write_text(STORIES, encoding="utf-8")

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        out = str(tmp_path / "results")
        return command(bank, "test", "core", "--stories", str(stories), "--out", out, *options)

    return run


def test_as_option_logs_the_customer_in(test: Test) -> None:
    done = test("--e2e", "--as", "12345678")
    assert (done.returncode, done.stdout) == (0, "2 passed, 0 failed\n"), done.stdout


def test_failed_stories_without_a_login_hint_at_the_as_option_once(test: Test) -> None:
    done = test("--e2e")
    assert done.stdout.count("Nobody is logged in; use `--as 00123456`") == 1
    assert done.stdout.endswith("0 passed, 2 failed\n")


def test_end_to_end_tests_leave_the_project_unchanged(test: Test, bank: Path) -> None:
    """Otherwise, for example, the simulated bank would have other balances in the next run."""
    kept = {file.name for file in (bank / ".teller").iterdir()}
    assert test("--e2e", "--as", "12345678").returncode == 0
    assert {file.name for file in (bank / ".teller").iterdir()} == kept


def test_unknown_account_number_is_rejected_with_the_known_ones(test: Test) -> None:
    done = test("--e2e", "--as", "nosuch")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'nosuch'" in done.stderr
    assert "00123456, 12345678, 87654321" in done.stderr


def test_as_option_without_e2e_is_rejected(test: Test) -> None:
    done = test("--as", "12345678")
    assert done.returncode == 2
    assert "--e2e" in done.stderr


READER = """
from contextlib import asynccontextmanager

from bot import Startup, hookimpl


@hookimpl
@asynccontextmanager
async def lifespan(startup: Startup):
    settings = startup.settings
    assert (settings.project / "prices.txt").read_text() == "a loaf: 3"
    (settings.data / "sold.txt").write_text("a loaf")
    yield
"""


async def test_plugin_reads_project_files_and_writes_to_a_temporary_private_folder(tmp_path: Path) -> None:
    bakery = tmp_path / "bakery"
    write_template(bakery)
    (bakery / "prices.txt").write_text("a loaf: 3", encoding="utf-8")
    (bakery / "actions" / "prices.py").write_text(READER, encoding="utf-8")
    assert not (await run_end_to_end_tests(bakery)).stories.failed
    assert {file.name for file in (bakery / ".teller").iterdir()} == {".gitignore", "models"}


@pytest.mark.parametrize("name", ["what?", "100%41"])
async def test_temporary_folder_can_have_special_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    temporary = tmp_path / name
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    bakery = tmp_path / "bakery"
    write_template(bakery)
    assert not (await run_end_to_end_tests(bakery)).stories.failed
    assert {path.name for path in tmp_path.iterdir()} == {name, "bakery"}


def test_action_errors_are_shown_in_full(faulty_bakery: Path, tmp_path: Path) -> None:
    stories = tmp_path / "test_faulty.yml"
    steps = "[{user: /misspell, intent: misspell}, {action: action_misspell}, {user: /break, intent: break}]"
    stories.write_text(f'version: "3.1"\nstories:\n- story: faulty\n  steps: {steps}\n', encoding="utf-8")
    done = command(faulty_bakery, "test", "core", "--e2e", "--stories", str(stories), "--out", str(tmp_path / "out"))
    assert "Did you mean `utter_open`?" in done.stderr
    assert "KeyError: 'no bread for /break'" in done.stderr


FORM = """version: "3.1"
intents: [greet, order, give]
entities: [cake]
slots:
  cake: {type: text, mappings: [{type: from_entity, entity: cake}]}
forms:
  order_form: {required_slots: [cake]}
responses:
  utter_greet: [{text: Hello.}]
  utter_ask_cake: [{text: Which cake?}]
  utter_done: [{text: Done.}]
nlu:
- {intent: greet, examples: "- hello\n- good day"}
- {intent: order, examples: "- one cake\n- I want something"}
- {intent: give, examples: "- the [plain](cake) one\n- a [round](cake) one"}
rules:
- {rule: greet, steps: [{intent: greet}, {action: utter_greet}]}
- {rule: start, steps: [{intent: order}, {action: order_form}, {active_loop: order_form}]}
- rule: submit
  condition: [{active_loop: order_form}]
  steps: [{action: order_form}, {active_loop: null}, {action: utter_done}]
"""
FORM_STORIES = """version: "3.1"
stories:
- story: at once
  steps:
  - {user: '/order{"cake": "round"}', intent: order}
  - {action: order_form}
  - {active_loop: order_form}
  - {active_loop: null}
  - {action: utter_done}
- story: interrupted
  steps:
  - {user: /order, intent: order}
  - {action: order_form}
  - {active_loop: order_form}
  - {user: /greet, intent: greet}
  - {action: utter_greet}
  - {action: order_form}
  - {active_loop: order_form}
"""


@pytest.fixture
def form_project(tmp_path: Path) -> Path:
    (tmp_path / "config.yml").write_text("language: en\n")
    (tmp_path / "domain.yml").write_text(FORM)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_form.yml").write_text(FORM_STORIES)
    return tmp_path


async def test_form_is_compared_at_the_end_of_a_turn_and_as_often_as_it_ran(form_project: Path) -> None:
    report = await run_end_to_end_tests(form_project, None)
    assert [step for step in report.stories.steps if not step.passed] == []
    assert [step.predicted for step in report.stories.steps if step.predicted.startswith("active_loop")] == [
        "active_loop: order_form",
        "active_loop: None",
        "active_loop: order_form",
        "active_loop: order_form",
    ]


@pytest.mark.parametrize(
    ("steps", "failing"),
    [
        ("{bot: Hello.}", []),
        ("{action: utter_greet}, {bot: Hello.}", []),
        ("{bot: Hello.}, {action: utter_greet}", [("utter_greet", "(nothing)")]),
        ("{bot: Bye.}", [("Bye.", "Hello.")]),
        ("{bot: Hello.}, {bot: Bye.}", [("Bye.", "Hello.")]),
        ("{action: utter_done}, {bot: Hello.}", [("utter_done", "utter_greet")]),
    ],
)
async def test_bot_text_in_a_story_matches_the_action_that_says_it(
    form_project: Path, steps: str, failing: list[tuple[str, str]]
) -> None:
    story = f"stories: [{{story: greeted, steps: [{{user: /greet, intent: greet}}, {steps}]}}]\n"
    (form_project / "tests" / "test_form.yml").write_text(story)
    report = await run_end_to_end_tests(form_project, None)
    assert [(step.expected, step.predicted) for step in report.stories.steps if not step.passed] == failing


async def test_bot_texts_are_attributed_to_the_actions_that_said_them(form_project: Path) -> None:
    steps = '{user: \'/order{"cake": "x"}\', intent: order}, {action: order_form}, {active_loop: null}, {bot: Done.}'
    (form_project / "tests" / "test_form.yml").write_text(f"stories: [{{story: ordered, steps: [{steps}]}}]\n")
    report = await run_end_to_end_tests(form_project, None)
    assert [step for step in report.stories.steps if not step.passed] == []


async def failing(project: Path, steps: str) -> list[tuple[str, str]]:
    """The differences of a story of these steps: (expected, predicted)."""
    (project / "tests" / "test_form.yml").write_text(f"stories: [{{story: told, steps: [{steps}]}}]\n")
    report = await run_end_to_end_tests(project, None)
    return [(step.expected, step.predicted) for step in report.stories.steps if not step.passed]


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ("{action: utter_done}, {user: /greet, intent: greet}, {action: utter_greet}", [("utter_done", "(nothing)")]),
        ("{bot: Done.}, {user: /greet, intent: greet}, {action: utter_greet}", [("Done.", "(nothing)")]),
        ("{action: utter_greet}", [("utter_greet", "(nothing)")]),
        ("{action: action_session_start}, {user: /greet, intent: greet}, {action: utter_greet}", []),
        ("{slot_was_set: [cake]}, {intent: greet}, {action: utter_greet}", [("cake: (any)", "cake: null")]),
    ],
)  # fmt: skip
async def test_steps_before_the_first_message_are_compared(
    form_project: Path, steps: str, wrong: list[tuple[str, str]]
) -> None:
    assert await failing(form_project, steps) == wrong


async def test_story_starts_with_its_initial_slots_and_loop(form_project: Path) -> None:
    at_once = "{user: /order, intent: order}, {action: order_form}, {active_loop: null}, {action: utter_done}"
    assert await failing(form_project, "{slot_was_set: [{cake: plain}]}, " + at_once) == []
    given = "{active_loop: order_form}, {slot_was_set: [{requested_slot: cake}]}"
    answer = '{user: \'/give{"cake": "plain"}\', intent: give}, {action: order_form}, {active_loop: null}'
    assert await failing(form_project, f"{given}, {answer}, {{action: utter_done}}") == []


async def test_initial_slots_are_set_for_the_logged_in_customer(form_project: Path) -> None:
    steps = "{slot_was_set: [{cake: plain}]}, {user: /greet, intent: greet}, {action: utter_greet}"
    story = f"stories: [{{story: told, steps: [{steps}, {{slot_was_set: [{{cake: plain}}]}}]}}]\n"
    (form_project / "tests" / "test_form.yml").write_text(story)
    add = [sys.executable, "-m", "bot", "customers", "add", "55667788", "--bank-id", "anna"]
    subprocess.run([*add, "--project", str(form_project)], input="135790", check=True, text=True, timeout=60)
    report = await run_end_to_end_tests(form_project, None, "55667788")
    assert [step for step in report.stories.steps if not step.passed] == []


LISTS = FORM.replace(
    "{type: text, mappings: [{type: from_entity, entity: cake}]}",
    "{type: list, mappings: [{type: from_entity, entity: cake}]}",
).replace("entities: [cake]", "entities: [{cake: {roles: [big]}}]")


async def test_repeated_entities_are_sent_and_a_role_without_a_text_fails(form_project: Path) -> None:
    (form_project / "domain.yml").write_text(LISTS)
    several = "{intent: greet, entities: [{cake: plain}, {cake: round}]}, {action: utter_greet}"
    assert await failing(form_project, several + ", {slot_was_set: [{cake: [plain, round]}]}") == []
    role = "{intent: greet, entities: [{cake: plain, role: big}]}, {action: utter_greet}"
    [(expected, came)] = await failing(form_project, role)
    assert expected == "the entity cake with the role big"
    assert "`user:`" in came


@pytest.mark.parametrize(
    ("written", "wrong"),
    [("5", []), ("5.0", []), ("'5'", [('cake: "5"', "cake: 5")]), ("true", [("cake: true", "cake: 5")])],
)
async def test_slots_are_compared_by_value(form_project: Path, written: str, wrong: list[tuple[str, str]]) -> None:
    said = "{user: '/greet{\"cake\": 5}', intent: greet}, {action: utter_greet}"
    assert await failing(form_project, f"{said}, {{slot_was_set: [{{cake: {written}}}]}}") == wrong


async def test_story_from_an_unreachable_checkpoint_fails(form_project: Path) -> None:
    lost = "[{checkpoint: k}, {user: /greet, intent: greet}, {action: utter_greet}]"
    fine = "[{user: /greet, intent: greet}, {action: utter_greet}]"
    stories = f"stories: [{{story: fine, steps: {fine}}}, {{story: lost, steps: {lost}}}]\n"
    (form_project / "tests" / "test_form.yml").write_text(stories)
    for report in (await run_end_to_end_tests(form_project), run_core_tests(form_project)):
        [failed] = report.stories.failed
        assert (report.stories.passed, failed.name) == (1, "lost")
        assert [(step.expected, step.predicted) for step in failed.steps] == [("checkpoint: k", "(no way leads here)")]


FORGETS = """
from bot import RegisterAction, Turn, hookimpl


async def action_forget(turn: Turn) -> None:
    turn.set("cake", None)


@hookimpl
def register_actions(register: RegisterAction) -> None:
    register("action_forget", action_forget)
"""


async def test_slot_is_compared_at_the_step_that_mentions_it(form_project: Path) -> None:
    forget = "{rule: forget, steps: [{intent: give}, {action: action_forget}]}"
    (form_project / "domain.yml").write_text(f"{FORM}- {forget}\nactions: [action_forget]\n")
    (form_project / "actions.py").write_text(FORGETS)
    said = "{user: 'a [plain](cake) one', intent: give}"
    plain, none = "{slot_was_set: [{cake: plain}]}", "{slot_was_set: [{cake: null}]}"
    assert await failing(form_project, f"{said}, {plain}, {{action: action_forget}}, {none}") == []
    assert await failing(form_project, f"{said}, {{action: action_forget}}, {plain}, {none}") == []
    wrong = [('cake: "plain"', "cake: null")]
    assert await failing(form_project, f"{said}, {{action: action_forget}}, {plain}") == wrong
    assert await failing(form_project, f"{said}, {none}, {{action: action_forget}}") == [
        ("cake: null", 'cake: "plain"')
    ]


async def test_wrong_entity_fails_and_steps_after_a_wrong_action_are_skipped(form_project: Path) -> None:
    wrong = "{user: 'a [round](tin) one', intent: give}"
    (form_project / "tests" / "test_form.yml").write_text(f"stories: [{{story: told, steps: [{wrong}]}}]\n")
    [user, *_] = (await run_end_to_end_tests(form_project, None)).stories.steps
    assert ([entity.entity for entity in user.predicted_entities], user.passed) == (["cake"], False)
    cascade = "{user: /greet, intent: greet}, {action: utter_done}, {slot_was_set: [cake]}, {action: utter_more}"
    assert await failing(form_project, cascade) == [("utter_done", "utter_greet")]


async def test_written_failed_stories_can_be_run_again(form_project: Path) -> None:
    steps = """[{user: '/give{"cake": "round"}', intent: give}, {slot_was_set: [{cake: plain}, cake]},
        {active_loop: order_form}, {user: /greet, intent: greet}, {bot: Bye.}, {active_loop: null},
        {user: /greet, intent: greet}]"""
    (form_project / "tests" / "test_form.yml").write_text(f"stories: [{{story: told, steps: {steps}}}]\n")
    report = await run_end_to_end_tests(form_project, None)
    written = failed_stories_yaml(report.stories.failed)
    (form_project / "tests" / "test_form.yml").write_text(written)
    assert '{"cake": "plain"}  # predicted: cake: "round"' in written
    [story] = read_project(form_project).tests
    assert [type(step).__name__ for step in story.steps] == [
        "UserStep", "SlotStep", "SlotStep", "LoopStep", "UserStep", "BotStep", "LoopStep", "UserStep",
    ]  # fmt: skip


RETRIEVAL = """version: "3.1"
nlu:
- {intent: faq/ask_hours, examples: "- when are you open\\n- what are your hours"}
- {intent: faq/ask_place, examples: "- where are you\\n- what is your address"}
intents: [faq]
responses:
  utter_faq/ask_hours: [{text: At eight.}]
  utter_faq/ask_place: [{text: Here.}]
rules:
- {rule: faq, steps: [{intent: faq}, {action: utter_faq}]}
"""


async def test_retrieval_intents_and_actions_can_be_named_in_full(form_project: Path) -> None:
    (form_project / "domain.yml").write_text(RETRIEVAL)
    (form_project / "config.yml").write_text("pipeline: [DIETClassifier, ResponseSelector]\n")
    user = "{user: when are you open, intent: faq/ask_hours}"
    assert await failing(form_project, f"{user}, {{action: utter_faq/ask_hours}}") == []
    assert await failing(form_project, f"{user}, {{action: utter_faq}}") == []
    wrong = [("utter_faq/ask_place", "utter_faq/ask_hours")]
    assert await failing(form_project, f"{user}, {{action: utter_faq/ask_place}}") == wrong
