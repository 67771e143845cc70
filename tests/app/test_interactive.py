"""`bot interactive`: predictions are confirmed or corrected, and what was taught becomes content that is read back."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.app.checking import check_project
from bot.reading import read_project
from bot.reading.template import write_template


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
    assert "examples: 0" in teach(bakery, lines("Hello", "", "", "", "/stop", "a greeting"))


@pytest.mark.parametrize(
    ("correction", "told"),
    [
        ("order_cke", "is neither an intent nor your message with its entities marked"),
        ("order_cke", "Did you mean `order_cake`?"),
        ("order_cake: another message", "`another message` is neither an intent nor your message"),
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
