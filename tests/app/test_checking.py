"""`bot validate` on a project whose plugin cannot be loaded: the place of the mistake, and not what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.checking import check_project
from bot.app.projects import load_project
from bot.content import Component, Content, Diagnostic
from bot.content.names import PIPELINE_NAMES, POLICY_NAMES
from bot.dialogue import describe_policies
from bot.errors import ContentError
from bot.nlu import describe_pipeline
from bot.reading.template import write_template

PARTS = """
from bot import hookimpl


class Tagger:
    version = "1"

    def process(self, parse, now):
        return parse


class Ours:
    name, priority = "Ours", 2

    def predict(self, tracker):
        return None


@hookimpl
def register_nlu_components(register):
    register("Tagger", lambda options: Tagger())


@hookimpl
def register_policies(register):
    register("Ours", lambda content, entry: Ours())
"""
CONFIG = "pipeline:\n- name: IntentMatcher\n- name: Tagger\npolicies:\n- name: RulePolicy\n- name: Ours\n"
HELPER = "def half(number):\n    return number / 0\n"


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("OPENS = 8\ndef hours(:\n", "actions/extra.py:2:11"),
        ("from bot import Turn\n\nraise ValueError(1)\n", "actions/extra.py:3:1"),
        ("import nowhere_to_be_found\n", "actions/extra.py:1:1"),
        ("from . import half\n\nhalf.half(1)\n", "actions/half.py:2:1"),
        ("from bot import hookimpl\n@hookimpl\ndef register_actions(register):\n    1 / 0\n", "actions/extra.py:4:1"),
    ],
)
def test_failing_plugin_is_the_only_finding_and_has_its_line(tmp_path: Path, source: str, place: str) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / "actions/half.py").write_text(HELPER)
    (folder / "actions/extra.py").write_text(source)
    [finding] = check_project(folder)
    assert (str(finding.place), finding.severity, finding.code) == (place, "error", "plugin")


@pytest.mark.parametrize("name", ["Tagger", "parts.Tagger"])
def test_component_that_cannot_be_created_is_reported_for_either_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    parts = PARTS.replace('"Tagger", lambda options: Tagger()', f'"{name}", lambda options: Tagger(options["word"])')
    (folder / "actions/parts.py").write_text(parts)
    (folder / "config.yml").write_text(CONFIG.replace("Tagger", "parts.Tagger"))
    [finding] = [finding for finding in check_project(folder) if finding.severity == "error"]
    assert (finding.place.file, finding.code) == ("actions/parts.py", "plugin")
    assert finding.message.endswith("."), "the cure is a sentence of its own"


def test_plugin_components_and_policies_are_known(tmp_path: Path) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / "actions/parts.py").write_text(PARTS)
    (folder / "config.yml").write_text(CONFIG)
    assert [finding for finding in check_project(folder) if finding.severity != "note"] == []


def test_parts_of_a_plugin_that_cannot_be_loaded_are_not_called_unknown(tmp_path: Path) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / "actions/parts.py").write_text(f"{PARTS}\n1 / 0\n")
    (folder / "config.yml").write_text(CONFIG)
    assert [finding.code for finding in check_project(folder) if finding.severity != "note"] == ["plugin"]


CONTRADICTION = """
rules:
- rule: one
  steps:
  - intent: greet
  - action: utter_one
- rule: two
  steps:
  - intent: greet
  - action: utter_two
- rule: long
  steps:
  - intent: greet
  - action: utter_one
  - intent: restart
  - action: utter_two
responses:
  utter_one: [{text: one}]
  utter_two: [{text: two}]
"""
GREET = "nlu:\n- intent: greet\n  examples: |\n    - hello\n    - hi\n"


def project(folder: Path, **files: str) -> Path:
    """A project of a few files: two underscores in a name stand for a folder's slash."""
    for name, text in ({"data__greet": GREET} | files).items():
        ending = ".py" if name.startswith("actions") else ".yml"
        path = folder / (name.replace("__", "/") + ending)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


def finding_lines(folder: Path) -> list[str]:
    return [f"{d.place} {d.severity} {d.code}" for d in check_project(folder) if d.severity != "note"]


def findings_with(folder: Path, code: str) -> list[Diagnostic]:
    return [finding for finding in check_project(folder) if finding.code == code]


@pytest.mark.parametrize(
    ("file", "text", "code"),
    [
        ("data__0", "nlu:\n- intnt: x\n", "unknown-key"),
        ("data__0", "rules:\n- rule: other\n  steps:\n  - intent: gret\n  - action: utter_one\n", "unknown-intent"),
        ("config", "server: {port: none}\n", "wrong-type"),
        ("config", "policies:\n- name: RulePolcy\n", "unknown-policy"),
        ("actions__a", "1 / 0\n", "plugin"),
        ("actions__a", "raise SystemExit(0)\n", "plugin"),
    ],
)
def test_contradiction_is_found_despite_errors_elsewhere(tmp_path: Path, file: str, text: str, code: str) -> None:
    found = [line.split()[2] for line in finding_lines(project(tmp_path, data__rules=CONTRADICTION, **{file: text}))]
    assert {code, "contradiction", "rule-too-long"} <= set(found)


def test_rule_with_an_error_is_not_checked_for_contradictions(tmp_path: Path) -> None:
    wrong = CONTRADICTION.replace("- intent: greet\n  - action: utter_two", "- intent: gret\n  - action: utter_two")
    found = finding_lines(project(tmp_path, data__rules=wrong))
    assert [line for line in found if line.startswith(("data/rules.yml:6", "data/rules.yml:10"))] == []
    assert "data/rules.yml:9:5 error unknown-intent" in found
    assert "data/rules.yml:15:5 error rule-too-long" in found


def test_rule_that_repeats_a_reported_error_is_not_checked_for_contradictions(tmp_path: Path) -> None:
    wrong = CONTRADICTION.replace("- intent: greet\n  - action: utter_two", "- intent: greet\n  - action: utter_tow")
    first = "rules:\n- rule: first\n  steps:\n  - intent: back\n  - action: utter_tow\n"
    found = finding_lines(project(tmp_path, data__first=first, data__rules=wrong))
    assert [line for line in found if line.startswith(("data/rules.yml:6", "data/rules.yml:10"))] == []
    assert "data/first.yml:5:5 error unknown-response" in found


def test_every_module_that_cannot_be_loaded_is_reported(tmp_path: Path) -> None:
    files = {"actions__a": "1 / 0\n", "actions__b": "import sys\nsys.exit()\n", "actions__c": "x = (\n"}
    found = findings_with(project(tmp_path, config="plugins: [nope]\n", **files), "plugin")
    places = ["actions/a.py:1:1", "actions/b.py:2:1", "actions/c.py:1:5", "config.yml:1:11"]
    assert [str(finding.place) for finding in found] == places
    assert all(finding.cure for finding in found)
    assert found[1].cure.startswith("Remove the exit")


def test_module_that_cannot_be_opened_is_reported_by_name(tmp_path: Path) -> None:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions/a.py").symlink_to("nowhere.py")
    [finding] = findings_with(project(tmp_path), "plugin")
    assert str(finding.place) == "actions/a.py:1:1"


def test_misspelt_components_and_policies_are_found_despite_config_errors(tmp_path: Path) -> None:
    config = "server: {port: none}\npipeline:\n- name: DIETClasifier\npolicies:\n- name: RulePolcy\nplugins: [nope]\n"
    found = check_project(project(tmp_path, config=config, data__rules=CONTRADICTION))
    cures = {str(f.place): f.cure for f in found if f.code in ("unknown-component", "unknown-policy")}
    assert cures == {"config.yml:3:3": "Did you mean `DIETClassifier`?", "config.yml:5:3": "Did you mean `RulePolicy`?"}
    assert {f.severity for f in found if f.code == "unknown-policy"} == {"error"}
    assert "no-rule-policy" not in {f.code for f in found}


def test_misspelt_component_does_not_also_lead_to_a_missing_extractor(tmp_path: Path) -> None:
    annotated = GREET.replace("- hello", "- hello [Anna](name)") + "entities: [name]\n"
    config = "pipeline:\n- name: DIETClassifer\n"
    assert finding_lines(project(tmp_path, data__greet=annotated, config=config)) == [
        "config.yml:2:3 error unknown-component"
    ]
    (tmp_path / "config.yml").write_text("pipeline:\n- name: IntentMatcher\n")
    assert finding_lines(tmp_path) == ["config.yml:2:3 warning no-extractor"]


def test_misspelt_plugin_name_suggests_the_similar_folder(tmp_path: Path) -> None:
    (tmp_path / "tills").mkdir()
    (tmp_path / "tills/__init__.py").write_text("")
    [finding] = findings_with(project(tmp_path, config="plugins:\n- till\n"), "plugin")
    assert (str(finding.place), finding.cure) == ("config.yml:2:3", "Did you mean `tills`?")


HOOKS = """
from bot import hookimpl


async def run(turn):
    pass


def act(turn):
    pass


@hookimpl
def register_actions(register):
    register("action_act", act)
    register("action_run", run)
    register("action_run", run)
"""


def test_sync_action_and_duplicate_name_are_reported_at_their_lines(tmp_path: Path) -> None:
    found = findings_with(project(tmp_path, actions__a=HOOKS), "plugin")
    assert [str(finding.place) for finding in found] == ["actions/a.py:9:1", "actions/a.py:17:1"]
    assert [finding.cure for finding in found] == ["Write `async def act(turn)`.", "Rename one of the two."]


def test_misspelt_hook_is_reported_at_its_line(tmp_path: Path) -> None:
    [finding] = findings_with(
        project(tmp_path, actions__a=HOOKS.replace("def register_actions", "def register_action")), "plugin"
    )
    assert (str(finding.place), finding.cure) == ("actions/a.py:13:1", "Did you mean `register_actions`?")


def test_unimplemented_action_is_reported_only_if_all_plugins_load(tmp_path: Path) -> None:
    folder = project(tmp_path, data__a="actions: [action_act]\n")
    assert finding_lines(folder) == ["data/a.yml:1:11 warning unimplemented-action"]
    (folder / "actions").mkdir()
    (folder / "actions/b.py").write_text(HOOKS.partition("    register(")[0] + "    register('action_b', run)\n")
    assert finding_lines(folder) == ["data/a.yml:1:11 error unimplemented-action"]
    (folder / "actions.py").write_text("from rasa_sdk import Action\n")
    assert finding_lines(folder) == ["actions.py:1:1 warning needs-action-server"]
    (folder / "actions.py").unlink()
    (folder / "actions/b.py").unlink()
    assert [line.split()[2] for line in finding_lines(project(tmp_path, actions__a="1 / 0\n"))] == ["plugin"]


def test_payload_entity_that_only_code_names_is_reported(tmp_path: Path) -> None:
    button = "{title: Yes, payload: '/greet{\"plate\": 1}'}"
    response = f"responses:\n  utter_plate:\n  - text: Which?\n    buttons: [{button}]\n"
    write_template(tmp_path)
    (tmp_path / "intents/plate.yml").write_text(response)
    (tmp_path / "actions/plate.py").write_text('PLATE = "plate"\nSAID = "utter_plate"\n')
    (finding,) = check_project(tmp_path)
    assert (finding.code, finding.name, finding.place.file) == ("unknown-entity", "plate", "intents/plate.yml")


def test_listed_action_without_an_implementation_stops_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    assert load_project(folder).content.domain.responses
    (folder / "intents/more.yml").write_text("actions: [action_hour]\n")
    with pytest.raises(ContentError, match="lists `action_hour`, which no plugin registers"):
        load_project(folder)


def test_every_suggested_pipeline_and_policy_name_is_known() -> None:
    pipeline = tuple(Component(name) for name in sorted(PIPELINE_NAMES))
    policies = tuple(Component(name) for name in sorted(POLICY_NAMES))
    content = Content(pipeline=pipeline, policies=policies)
    described = (*describe_pipeline(content, {}), *describe_policies(content, ()))
    assert {finding.severity for finding in described} == {"note"}


def test_only_replaced_components_and_policies_get_a_note(tmp_path: Path) -> None:
    pipeline = "pipeline: [{name: IntentMatcher}, {name: CRFEntityExtractor}, {name: CountVectorsFeaturizer}]\n"
    policies = "policies: [{name: RulePolicy}, {name: MemoizationPolicy, max_history: 3, epochs: 4}]\n"
    (tmp_path / "config.yml").write_text(pipeline + policies)
    noted = [d.message.partition(":")[0] for d in check_project(tmp_path) if d.code == "component-mapped"]
    assert noted == ["CountVectorsFeaturizer", "`MemoizationPolicy`"]


CHECKPOINT = """
stories:
- story: begin
  steps:
  - intent: greet
  - action: utter_one
  - checkpoint: begun
- story: never
  steps:
  - checkpoint: begun
    slot_was_set: [{known: true}]
  - intent: restart
  - action: utter_one
responses:
  utter_one: [{text: one}]
slots:
  known: {type: bool, mappings: [{type: custom}]}
"""


def test_unreached_checkpoint_is_reported_only_without_other_errors(tmp_path: Path) -> None:
    folder = project(tmp_path, data__stories=CHECKPOINT)
    assert finding_lines(folder) == ["data/stories.yml:10:5 warning unreached-checkpoint"]
    assert findings_with(project(folder, data__0="nlu:\n- intnt: x\n"), "unreached-checkpoint") == []


def test_form_that_a_rule_does_not_activate_is_reported_once(tmp_path: Path) -> None:
    write_template(tmp_path)
    rules = tmp_path / "stories/rules.yml"
    started = "  - intent: order_cake\n  - action: order_form\n  - active_loop: order_form\n"
    text = rules.read_text("utf-8")
    assert started in text
    rules.write_text(text.replace(started, started.rpartition("  - active_loop")[0]), encoding="utf-8")
    [found] = [finding for finding in check_project(tmp_path) if finding.severity != "note"]
    assert (found.severity, found.code) == ("error", "incomplete-rule")
    assert found.cure == "Add `- active_loop: order_form` after it."


FROM_BOT = """from bot import hookimpl


@hookimpl
def register_actions(register):
    register("action_x", lambda turn: None)
"""
RUNS_X = "rules:\n- rule: x\n  steps:\n  - intent: order\n  - action: action_x\n"


def test_hooks_not_loaded_because_of_a_rasa_sdk_import_are_reported(tmp_path: Path) -> None:
    folder = project(tmp_path, data__a=RUNS_X)
    (folder / "actions").mkdir()
    (folder / "actions/a.py").write_text("import os\nfrom rasa_sdk import Action\n")
    (folder / "actions/x.py").write_text(FROM_BOT)
    found = {d.code: d for d in check_project(folder)}
    finding = found["needs-action-server"]
    assert (finding.severity, str(finding.place)) == ("warning", "actions/a.py:2:1")
    assert "`actions/x.py`" in finding.message
    assert "`plugins:`" in finding.cure
    assert "`actions/x.py`" in found["unknown-action"].cure
    assert "actions/a.py:2:1" in found["unknown-action"].cure


def test_files_with_hooks_that_are_not_called_are_counted(tmp_path: Path) -> None:
    folder = project(tmp_path, data__a=RUNS_X)
    (folder / "actions").mkdir()
    for name in "xyz":
        (folder / f"actions/{name}.py").write_text(FROM_BOT + "import rasa_sdk\n" * (name == "y"))
    [finding] = [d for d in check_project(folder) if d.code == "needs-action-server"]
    assert str(finding.place) == "actions/y.py:7:1"
    assert "`actions/x.py` and 2 more" in finding.message


def test_actions_for_rasa_sdk_get_a_note_at_the_import(tmp_path: Path) -> None:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions/a.py").write_text("import os\nfrom rasa_sdk import Action\n")
    (finding,) = [d for d in check_project(tmp_path) if d.code == "needs-action-server"]
    assert (finding.severity, str(finding.place)) == ("note", "actions/a.py:2:1")
