"""The cache of trained models: what an edit retrains, which models are kept, and how damage is handled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import time

import pytest
from msgspec.structs import replace

from bot.app.learning import MODELS_KEPT, Trained, learn
from bot.app.projects import load_project
from bot.app.training import train_project
from bot.content import NluData
from bot.dialogue import train_dialogue
from bot.dialogue.train import save_dialogue
from bot.errors import ContentError
from bot.reading import read_project

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
CONTENT = """version: "3.1"
intents: [greet, bye]
responses:
  utter_greet: [{text: hello}]
  utter_bye: [{text: bye}]
nlu:
- {intent: greet, examples: "- hello\\n- good day\\n- hi there"}
- {intent: bye, examples: "- bye\\n- see you\\n- farewell"}
stories:
- story: greets
  steps: [{intent: greet}, {action: utter_greet}, {intent: bye}, {action: utter_bye}]
"""
CONFIG = "language: en\npolicies: [{name: MemoizationPolicy}, {name: TEDPolicy}]\n"


class Bot:
    """A small project and its models."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models = folder / ".teller" / "models"
        (folder / "config.yml").write_text(CONFIG)
        self.write()

    def write(self, old: str = "", new: str = "") -> None:
        """Write the content, with a piece of it replaced."""
        assert old in CONTENT
        (self.folder / "domain.yml").write_text(CONTENT.replace(old, new) if old else CONTENT)

    def learn(self) -> Trained:
        return learn(load_project(self.folder))

    def kept(self, kind: str) -> set[str]:
        """The names of the models of a kind (`nlu`, `dialogue`) in the cache."""
        return {model.name for model in self.models.glob(f"{kind}-*")}


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(tmp_path)


RULES = """rules:
- {rule: one, steps: [{intent: greet}, {action: utter_greet}]}
- {rule: two, steps: [{intent: greet}, {action: utter_bye}]}
- {rule: long, steps: [{intent: bye}, {action: utter_bye}, {intent: greet}, {action: utter_greet}]}
"""


def test_content_with_errors_is_not_trained_and_all_errors_are_reported(bot: Bot) -> None:
    bot.learn()
    (bot.folder / "config.yml").write_text("pipeline: [{name: DIETClasifier}]\npolicies: [{name: RulePolicy}]\n")
    (bot.folder / "data").mkdir()
    (bot.folder / "data/rules.yml").write_text(RULES)
    kept = bot.kept("nlu") | bot.kept("dialogue")
    for _ in range(2):
        with pytest.raises(ContentError) as refused:
            bot.learn()
        codes = ["unknown-component", "contradiction", "contradiction", "rule-too-long"]
        assert [found.code for found in refused.value.diagnostics] == codes
    assert bot.kept("nlu") | bot.kept("dialogue") == kept


def test_unknown_component_with_a_module_does_not_prevent_training(bot: Bot) -> None:
    (bot.folder / "config.yml").write_text("pipeline: [{name: DIETClassifier}, {name: components.mood.Mood}]\n")
    assert not bot.learn().cached


MOOD = """from bot import hookimpl


class Mood:
    def process(self, parse, now):
        return parse


@hookimpl
def register_nlu_components(register):
    register("Mood", lambda options: Mood())
"""


def test_component_offered_later_by_a_plugin_causes_a_retraining(bot: Bot) -> None:
    (bot.folder / "config.yml").write_text("pipeline: [{name: DIETClassifier}, {name: components.mood.Mood}]\n")
    bot.learn()
    (bot.folder / "actions").mkdir()
    (bot.folder / "actions/mood.py").write_text(MOOD)
    learned, again = bot.learn(), bot.learn()
    assert (learned.model.components, learned.cached) == (("components.mood.Mood",), False)
    assert (again.model.components, again.cached) == (("components.mood.Mood",), True)


def test_start_from_the_cache_does_not_load_the_checks(bot: Bot) -> None:
    bot.learn()
    program = (
        "import sys; from pathlib import Path; from bot.app.projects import load_project; "
        "from bot.app.learning import learn; print(learn(load_project(Path(sys.argv[1]))).cached, "
        "'bot.app.checking' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program, str(bot.folder)], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "False"]


def test_second_start_takes_the_models_from_the_cache(bot: Bot) -> None:
    trained, again = bot.learn(), bot.learn()
    assert (trained.cached, again.cached) == (False, True)
    assert again.model.parse("good day", NOW) == trained.model.parse("good day", NOW)


@pytest.mark.parametrize(
    ("old", "new", "trains"),
    [
        ("text: hello", "text: good morning", set()),
        ("- hi there", "- hey there", {"nlu"}),
        ("{intent: greet}, {action: utter_greet}, ", "", {"dialogue"}),
        ("intents: [greet, bye]", "intents: [greet, bye, help]", {"nlu", "dialogue"}),
        ("{action: utter_bye}]", "{action: utter_bye}]\nslots: {name: {type: text, mappings: []}}", {"dialogue"}),
    ],
    ids=["response", "example", "story", "intent", "slot"],
)
def test_edit_retrains_only_the_models_that_depend_on_it(bot: Bot, old: str, new: str, trains: set[str]) -> None:
    bot.learn()
    before = {kind: bot.kept(kind) for kind in ("nlu", "dialogue")}
    bot.write(old, new)
    assert bot.learn().cached == (not trains)
    assert {kind for kind in before if bot.kept(kind) != before[kind]} == trains
    bot.write()
    assert bot.learn().cached, "the version before is still there"


def test_training_report_counts_intents_with_examples(bot: Bot) -> None:
    bot.write("intents: [greet, bye]", "intents: [greet, bye, help]")
    assert train_project(bot.folder)[0].startswith("6 examples of 2 intents, 0 rules, 1 stories: trained in ")
    assert train_project(bot.folder)[0].endswith("found in the cache.")


def test_policies_do_not_depend_on_texts_left_out_of_their_cache_key(project: Path, tmp_path: Path) -> None:
    content = read_project(project).content
    domain = replace(content.domain, responses=dict.fromkeys(content.domain.responses, ()))
    for name, lessons in (("whole", content), ("less", replace(content, nlu=NluData(), domain=domain))):
        save_dialogue(train_dialogue(lessons), tmp_path / name)
    whole, less = (
        {f.name: f.read_bytes() for f in (tmp_path / name).iterdir() if f.is_file()} for name in ("whole", "less")
    )
    assert whole == less


def test_least_recently_used_models_of_each_kind_are_removed(bot: Bot) -> None:
    bot.learn()
    (first,), policies = bot.kept("nlu"), bot.kept("dialogue")
    for number in range(MODELS_KEPT):
        for age, model in enumerate(sorted(bot.models.iterdir(), key=lambda f: f.stat().st_mtime, reverse=True)):
            os.utime(model, (time() - 60 * (age + 1),) * 2)
        bot.write("- hi there", f"- hi number {number}")
        bot.learn()
        bot.write()
        assert bot.learn().cached
    assert len(bot.kept("nlu")) == MODELS_KEPT
    assert first in bot.kept("nlu"), "it was used each time"
    assert bot.kept("dialogue") == policies


def test_half_written_model_is_removed_after_a_day(bot: Bot) -> None:
    left, new = bot.models / ".training-left", bot.models / ".training-new"
    for draft in (left, new):
        draft.mkdir(parents=True)
    os.utime(left, (time() - 100_000,) * 2)
    bot.learn()
    assert (left.exists(), new.exists()) == (False, True)


def test_model_removed_during_the_clean_up_does_no_harm(bot: Bot) -> None:
    bot.models.mkdir(parents=True)
    (bot.models / "nlu-gone").symlink_to(bot.models / "nowhere")
    bot.learn()
    assert bot.learn().cached


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:20])


def change(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) * 2 // 3] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("damage", [Path.unlink, cut, change])
def test_damaged_model_is_retrained_and_saved(bot: Bot, damage: Callable[[Path], None]) -> None:
    meant = bot.learn().model.parse("good day", NOW)
    whole = bot.folder / "whole"
    shutil.copytree(bot.models, whole)
    files = [file.relative_to(whole) for file in whole.rglob("*.json")]
    assert {file.parts[0].partition("-")[0] for file in files} == {"nlu", "dialogue"}
    for file in files:
        damage(bot.models / file)
        trained = bot.learn()
        assert not trained.cached, file
        assert trained.model.parse("good day", NOW) == meant
        assert bot.learn().cached


def test_two_concurrent_starts_both_keep_their_models(bot: Bot) -> None:
    others: list[Trained] = []

    def tell(stage: str, share: float) -> None:
        if not others:
            others.append(bot.learn())

    trained = learn(load_project(bot.folder), progress=tell)
    assert [(one.cached, one.kept) for one in (*others, trained)] == [(False, True), (False, True)]
    assert bot.learn().cached


@pytest.mark.parametrize("linked", ["", "models"])
def test_forced_training_works_when_a_folder_is_a_symlink(bot: Bot, linked: str) -> None:
    elsewhere, link = bot.folder / "elsewhere", bot.models.parent / linked
    elsewhere.mkdir()
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    assert "found in the cache" not in train_project(bot.folder)[0]
    assert "found in the cache" not in train_project(bot.folder, force=True)[0]
    assert "found in the cache" in train_project(bot.folder)[0]


def test_bot_is_trained_when_the_cache_cannot_be_written(bot: Bot) -> None:
    bot.models.parent.mkdir()
    bot.models.write_text("no folder")
    assert not bot.learn().cached
    assert bot.learn().model.parse("good day", NOW).intent_name == "greet"
