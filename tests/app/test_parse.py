"""`bot parse`: for people in a terminal of any width, and for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bot.reading.template import write_template
from tests.app.conftest import at_terminal
from tests.app.test_run import command


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained project with a name long enough to need room."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "intents").mkdir()
    (folder / "config.yml").write_text("language: en\n")
    examples = {
        "ask_price": ["how much is a carrot cake", "what does bread cost", "the price of pies", "is it expensive"],
        "greet": ["hello", "hi there", "good morning", "hey"],
    }
    lines = [
        f"- intent: {name}\n  examples: |\n" + "".join(f"    - {e}\n" for e in said) for name, said in examples.items()
    ]
    (folder / "intents" / "everything_that_customers_ask.yml").write_text("nlu:\n" + "".join(lines))
    assert command(folder, "train").returncode == 0
    return folder


def test_parse_is_printed_as_json(shop: Path) -> None:
    parse = json.loads(command(shop, "parse", "what does a cake cost", "--json").stdout)
    assert parse["intent"]["name"] == "ask_price"
    assert {score["name"] for score in parse["intent_ranking"]} >= {"ask_price", "greet"}
    assert parse["nearest"][0]["place"].startswith("intents/everything_that_customers_ask.yml:")


TALKS = """from bot import hookimpl

print("imported")


class Talks:
    def __init__(self, options):
        print("made")

    def process(self, parse, now):
        print("asked")
        return parse


@hookimpl
def register_nlu_components(register):
    print("registered")
    register("Talks", Talks)
"""


def test_plugin_output_is_not_mixed_into_json(tmp_path: Path) -> None:
    write_template(tmp_path / "bakery")
    (tmp_path / "bakery/actions/talks.py").write_text(TALKS)
    (tmp_path / "bakery/config.yml").write_text("pipeline: [{name: DIETClassifier}, {name: Talks}]\n")
    parsed = command(tmp_path / "bakery", "parse", "hello", "--json")
    assert json.loads(parsed.stdout)["text"] == "hello"
    assert {"imported", "made", "asked", "registered"} <= set(parsed.stderr.splitlines())
    assert isinstance(json.loads(command(tmp_path / "bakery", "validate", "--json").stdout), list)


def test_misunderstood_message_is_explained(shop: Path) -> None:
    told = command(shop, "parse", "xyzzy plugh frobozz").stdout
    assert "nlu_fallback" in told
    assert "Not understood, since " in told
    assert "Not understood" not in command(shop, "parse", "hello").stdout


def test_empty_message_is_reported_in_one_sentence(shop: Path) -> None:
    for text in ("", " \n"):
        shown = command(shop, "parse", text)
        assert (shown.returncode, shown.stdout) == (0, "The message is empty, so there is nothing to parse.\n")
    assert json.loads(command(shop, "parse", "", "--json").stdout)["text"] == ""


@pytest.mark.parametrize("columns", [40, 80])
def test_narrow_terminal_wraps_places(shop: Path, columns: int) -> None:
    text = at_terminal(shop, "parse", "what does a cake cost", columns=columns)
    assert "…" not in text
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip()) for line in text.splitlines()) <= columns
    cells = [line.split("│")[4].strip() for line in text.splitlines() if line.count("│") == 5]
    assert "intents/everything_that_customers_ask.yml:" in "".join(cells)


def test_brackets_in_an_example_are_shown_unchanged(tmp_path: Path) -> None:
    (tmp_path / "intents").mkdir()
    (tmp_path / "config.yml").write_text("language: en\n")
    examples = "- show [/b] now\n    - show [red] then\n    - show me"
    (tmp_path / "intents" / "show.yml").write_text(f"nlu:\n- intent: show\n  examples: |\n    {examples}\n")
    text = at_terminal(tmp_path, "parse", "show [/b] now", columns=120)
    assert "show [/b] now" in text
    assert "show [red] then" in text


def test_roles_and_groups_are_shown_only_if_there_are_any(tmp_path: Path) -> None:
    marks = ['[Rome]{"entity": "city", "role": "to"}', "[Oslo](city)"]
    lines = "".join(f"    - fly {word} {mark}\n" for mark in marks for word in ("soon", "now", "then", "to"))
    (tmp_path / "intents").mkdir()
    (tmp_path / "config.yml").write_text("language: en\n")
    (tmp_path / "intents/fly.yml").write_text(f"nlu:\n- intent: fly\n  examples: |\n{lines}")
    shown = command(tmp_path, "parse", "fly now Rome").stdout
    assert "entity\trole\ttext" in shown
    assert "city\tto\tRome" in shown
    assert "entity\ttext" in command(tmp_path, "parse", "fly now Oslo").stdout
