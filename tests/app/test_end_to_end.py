"""`bot test --e2e`: everything runs, as the customer who is named; one who is not there is said to be not there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.app.testing import run_end_to_end_tests
from bot.reading.template import write_template
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


def test_the_customer_who_is_named_is_logged_in(test: Test) -> None:
    done = test("--e2e", "--as", "cust-3f8a41")
    assert (done.returncode, done.stdout) == (0, "2 passed, 0 failed\n"), done.stdout


def test_nothing_of_the_project_changes_by_it(test: Test, bank: Path) -> None:
    """A simulated bank, say, whose money would be somewhere else at the next run."""
    kept = {file.name for file in (bank / ".teller").iterdir()}
    assert test("--e2e", "--as", "cust-3f8a41").returncode == 0
    assert {file.name for file in (bank / ".teller").iterdir()} == kept


def test_a_customer_whom_the_bank_does_not_have_is_refused_and_those_it_has_are_named(test: Test) -> None:
    done = test("--e2e", "--as", "nosuch")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'nosuch'" in done.stderr
    assert "cust-3f8a41, cust-6d15e0, cust-b20c97" in done.stderr


def test_a_customer_without_anything_executed_is_refused(test: Test) -> None:
    done = test("--as", "cust-3f8a41")
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


async def test_a_plugin_reads_its_project_s_files_and_writes_into_a_private_folder_that_goes(tmp_path: Path) -> None:
    bakery = tmp_path / "bakery"
    write_template(bakery)
    (bakery / "prices.txt").write_text("a loaf: 3", encoding="utf-8")
    (bakery / "actions" / "prices.py").write_text(READER, encoding="utf-8")
    assert not (await run_end_to_end_tests(bakery)).stories.failed
    assert {file.name for file in (bakery / ".teller").iterdir()} == {".gitignore", "models"}


def test_what_goes_wrong_in_an_action_is_told_in_full(faulty_bakery: Path, tmp_path: Path) -> None:
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


async def test_a_form_counts_as_it_is_at_the_end_of_a_turn_and_as_often_as_it_ran(form_project: Path) -> None:
    report = await run_end_to_end_tests(form_project, None)
    assert [step for step in report.stories.steps if not step.passed] == []
    assert [step.predicted for step in report.stories.steps if step.predicted.startswith("active_loop")] == [
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
        ("{bot: Bye.}", [("Bye.", "Hello."), ("(nothing)", "utter_greet")]),
        ("{bot: Hello.}, {bot: Bye.}", [("Bye.", "Hello.")]),
        ("{action: utter_done}, {bot: Hello.}", [("utter_done", "utter_greet")]),
    ],
)
async def test_a_text_in_a_story_stands_for_the_action_that_says_it(
    form_project: Path, steps: str, failing: list[tuple[str, str]]
) -> None:
    story = f"stories: [{{story: greeted, steps: [{{user: /greet, intent: greet}}, {steps}]}}]\n"
    (form_project / "tests" / "test_form.yml").write_text(story)
    report = await run_end_to_end_tests(form_project, None)
    assert [(step.expected, step.predicted) for step in report.stories.steps if not step.passed] == failing


async def test_the_texts_of_several_actions_are_theirs(form_project: Path) -> None:
    steps = '{user: \'/order{"cake": "x"}\', intent: order}, {action: order_form}, {active_loop: null}, {bot: Done.}'
    (form_project / "tests" / "test_form.yml").write_text(f"stories: [{{story: ordered, steps: [{steps}]}}]\n")
    report = await run_end_to_end_tests(form_project, None)
    assert [step for step in report.stories.steps if not step.passed] == []
