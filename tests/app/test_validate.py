"""`bot validate` and `bot test` as they are called: what is printed where, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.app.checking import check_project
from bot.app.projects import load_project
from bot.cli.main import main
from bot.errors import ContentError
from bot.reading.template import write_template
from tests.app.conftest import at_terminal


@pytest.fixture
def bakery(tmp_path: Path) -> Path:
    write_template(tmp_path / "bakery")
    return tmp_path / "bakery"


def status(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def test_findings_are_printed_to_standard_output(bakery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bakery / "intents/more.yml").write_text("rulez: []\n")
    assert status("validate", "--project", str(bakery)) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    first, cure, count = printed.out.splitlines()
    assert first.startswith("intents/more.yml:1:1: error: ")
    assert first.endswith("[unknown-key]")
    assert "`rules`" in cure
    assert count == "1 error, 0 warnings, 0 notes"


def test_every_finding_has_a_code(bakery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bakery / "config.yml").write_text("policies:\n- name: RulePolicy\n- name: TEDPolicy\n  max_history: 99\n")
    assert status("validate", "--json", "--project", str(bakery)) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 2
    assert all(finding["code"] for finding in found)


def test_findings_are_shown_without_colours_if_no_color_is_set(bakery: Path) -> None:
    (bakery / "config.yml").write_text("policies: [{name: TEDPolicy}]\n")
    assert "note: `TEDPolicy`" in at_terminal(bakery, "validate")


def test_one_yaml_error_does_not_cause_further_findings(bakery: Path) -> None:
    orders = bakery / "intents/orders.yml"
    orders.write_text(orders.read_text().replace("text: Thank you, {name}.", "text: {name}, thank you."))
    assert [finding.code for finding in check_project(bakery)] == ["yaml-syntax", "held-back"]


def test_held_back_note_is_shown_with_quiet_and_at_a_start(bakery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bakery / "intents/more.yml").write_text("rules:\n- rule: r\n  steps:\n  - intent: order\n  - action: utter_x\n")
    (bakery / "config.yml").write_text("imprts: []\n")
    assert status("validate", "--quiet", "--project", str(bakery)) == 1
    assert "[held-back]" in capsys.readouterr().out
    with pytest.raises(ContentError, match="held back"):
        load_project(bakery)


def test_run_without_test_stories_fails(
    bakery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (bakery / "stories/test_conversations.yml").unlink()
    assert status("test", "--project", str(bakery)) == 1
    assert "no test stories in " in capsys.readouterr().err
    messages = str(bakery / "intents/smalltalk.yml")
    assert status("test", "core", "--project", str(bakery), "--stories", messages) == 1
    assert f"no test stories in {messages}" in capsys.readouterr().err
    assert status("test", "--project", str(bakery), "--stories", messages, "--nlu", messages) == 1
    capsys.readouterr()
    assert status("test", "--project", str(bakery), "--nlu", messages) == 0


def test_unserved_channel_is_reported_unless_a_plugin_offers_it(bakery: Path) -> None:
    plugin = (
        "from bot import hookimpl\n\n\nclass Pager:\n    def receive(self, incoming):\n        return []\n\n"
        "    def respond(self, answered):\n        return {}\n\n\n"
        '@hookimpl\ndef register_channels(register):\n    register("pager", Pager())\n'
    )
    (bakery / "actions/pager.py").write_text(plugin)
    (bakery / "credentials.yml").write_text(
        "rest:\ncallbak: {url: 'http://b.example/'}\ntelegram: {verify: x}\npager:\nrasa: {url: 'http://x'}\n"
    )
    found = [finding for finding in check_project(bakery) if finding.place.file == "credentials.yml"]
    assert [(f.severity, f.code, f.place.line) for f in found] == [
        ("warning", "unknown-channel", 2),
        ("warning", "unknown-channel", 3),
        ("note", "unknown-channel", 5),
    ]
    assert found[0].cure.startswith("Did you mean `callback`?")
    assert "`pager`" in found[1].cure


def test_unset_variable_is_an_error_only_where_it_is_used(bakery: Path) -> None:
    (bakery / "endpoints.yml").write_text("tracker_store: {url: '${DB}'}\naction_endpoint:\n  url: ${ACTIONS_AT}\n")
    (bakery / "credentials.yml").write_text("facebook: {verify: '${FB}'}\ncallback:\n  url: ${REPLIES_TO}\n")
    found = [finding for finding in check_project(bakery) if finding.code == "unset-variable"]
    assert [(f.severity, f.place.file, f.place.line) for f in found] == [
        ("warning", "credentials.yml", 3),
        ("warning", "endpoints.yml", 3),
    ]
    load_project(bakery, command="train")
    with pytest.raises(ContentError) as stopped:
        load_project(bakery)
    assert sorted(str(d).partition(":")[0] for d in stopped.value.diagnostics) == ["credentials.yml", "endpoints.yml"]


@pytest.mark.parametrize("command", ["shell", "test"])
def test_unset_variable_of_a_channel_is_an_error_only_where_channels_are_served(bakery: Path, command: str) -> None:
    (bakery / "credentials.yml").write_text("callback:\n  url: ${REPLIES_TO}\n")
    load_project(bakery, command=command)
    (bakery / "endpoints.yml").write_text("action_endpoint:\n  url: ${ACTIONS_AT}\n")
    with pytest.raises(ContentError) as stopped:
        load_project(bakery, command=command)
    assert [str(d).partition(":")[0] for d in stopped.value.diagnostics] == ["endpoints.yml"]
