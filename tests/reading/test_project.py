"""Whole projects: every problem in one run, nothing raises, equal content has an equal fingerprint."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content import Place
from bot.content.names import DEFAULT_INTENTS
from bot.reading import read_nlu_data, read_project, read_test_stories
from tests.reading.conftest import Read

PROJECTS = ("financial-demo", "helpdesk-assistant")


def test_one_run_reports_the_problems_of_all_files(read: Read) -> None:
    result = read(
        {
            "domain.yml": "intents:\n- 5: x\n- greet\nslots:\n  a: {type: text, mapings: []}\n",
            "data/a.yml": "stories:\n- story: s\n  stepz: []\n",
            "data/b.yml": "nlu:\n\t- x\n",
            "data/c.yml": "rules:\n- rule: r\n  steps:\n  - intent: gret\n    action: utter_x\n",
            "config.yml": "polices: []\nserver: {port: none}\n",
        }
    )
    found = {(d.place.file, d.place.line, d.code) for d in result.errors}
    assert {
        ("config.yml", 1, "unknown-key"),
        ("config.yml", 2, "wrong-type"),
        ("data/a.yml", 3, "unknown-key"),
        ("data/b.yml", 2, "yaml-syntax"),
        ("data/c.yml", 4, "story-step"),
        ("domain.yml", 2, "wrong-type"),
        ("domain.yml", 5, "unknown-key"),
    } == found
    cures = {d.message.split("`")[1]: d.cure for d in result.errors if d.code == "unknown-key"}
    assert "`steps`" in cures["stepz"]
    assert "`policies`" in cures["polices"]
    assert "`mappings`" in cures["mapings"]


def test_valid_content_next_to_invalid_content_is_read(read: Read) -> None:
    result = read({"domain.yml": "intents: [a, {b: 5}, c]\nresponses:\n  utter_a: hi\n  utter_b:\n  - text: b\n"})
    assert set(result.content.domain.intents) == {"a", "c"} | DEFAULT_INTENTS
    assert set(result.content.domain.responses) == {"utter_b"}
    assert [d.code for d in result.errors].count("wrong-type") == 2


def test_diagnostics_are_sorted_by_file_and_line(read: Read) -> None:
    places = [d.place for d in read({"domain.yml": "x: 1\ny: 2\n", "data/a.yml": "z: 3\n"}).diagnostics]
    assert places == sorted(places)
    assert Place("domain.yml", 2, 1) in places


def test_test_stories_and_training_data_can_be_read_from_a_path(tmp_path: Path) -> None:
    story = "stories:\n- story: s\n  steps:\n  - user: hi\n    intent: greet\n"
    (tmp_path / "test_a.yml").write_text(story, "utf-8")
    (tmp_path / "b.yml").write_text("nlu:\n- intent: a\n  examples: |\n    - x\n", "utf-8")
    stories, problems = read_test_stories(tmp_path)
    assert [s.kind for s in stories] == ["test"]
    assert problems == ()
    data, problems = read_nlu_data(tmp_path / "b.yml")
    assert [e.text for e in data.examples] == ["x"]
    assert problems == ()


def test_hidden_folders_and_nested_projects_are_not_read(read: Read) -> None:
    files = {
        "data/a.yml": "intents: [a]",
        "data/.b/b.yml": "intents: [b]",
        "tests/other/config.yml": "",
        "tests/other/tests/test_c.yml": "stories:\n- story: c\n  steps: []\n",
        "tests/unit/test_d.yml": "stories:\n- story: d\n  steps:\n  - intent: a\n",
    }
    result = read(files)
    assert set(result.files) == {"data/a.yml", "tests/unit/test_d.yml"}


def test_path_without_files_is_reported(tmp_path: Path) -> None:
    assert [d.code for d in read_test_stories(tmp_path / "none")[1]] == ["no-content"]


@pytest.mark.parametrize("name", PROJECTS)
def test_real_projects_have_no_errors(shared_data: Path, name: str) -> None:
    result = read_project(shared_data / "rasa-projects" / name)
    assert result.errors == ()
    assert result.content.nlu.examples
    assert result.tests


@pytest.mark.parametrize("name", PROJECTS)
def test_fingerprint_ignores_folder_and_line_numbers(shared_data: Path, tmp_path: Path, name: str) -> None:
    original = shared_data / "rasa-projects" / name
    copy = shutil.copytree(original, tmp_path / "copy")
    domain = copy / "domain.yml"
    domain.write_text("# moved down\n\n" + domain.read_text("utf-8"), "utf-8")
    assert read_project(copy).content.fingerprint == read_project(original).content.fingerprint


def test_fingerprint_changes_with_the_content(read: Read) -> None:
    texts = ("- text: a", "- text: b", "- text: a\n    condition: [{type: slot, name: x, value: 1}]")
    prints = {read({"domain.yml": f"responses:\n  utter_a:\n  {text}\n"}).content.fingerprint for text in texts}
    assert len(prints) == 3


@settings(max_examples=30)
@given(st.data())
def test_damaged_real_project_is_read_or_its_errors_are_reported(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    project = shared_data / "rasa-projects" / data.draw(st.sampled_from(PROJECTS))
    names = sorted(p.relative_to(project) for p in project.rglob("*.yml"))
    name = data.draw(st.sampled_from(names))
    lines = (project / name).read_bytes().split(b"\n")
    for _ in range(data.draw(st.integers(1, 4))):
        lines = _damage(lines, data)
    folder = tmp_path_factory.mktemp("damaged")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"\n".join(lines))
    read_project(folder, environment={})


ODD_VALUES = st.sampled_from(
    [
        *(
            b"5",
            b"null",
            b"[]",
            b"{}",
            b"- ",
            b"true",
            b"{a: [b, {c: d}]}",
            b"|\n    - a",
            b"&x",
            b"*x",
            b"<<: *x",
            b'""',
        ),
        *(b"'", b"!!int 5", b"\t", b"\xff", b"\x00", b"\xe2\x80\xa8", b"1e999", b"intent: ", b"or:", b"[a](b)", b"/x{"),
    ]
)


def _damage(lines: list[bytes], data: st.DataObject) -> list[bytes]:
    index = data.draw(st.integers(0, len(lines) - 1))
    line = lines[index]
    match data.draw(st.integers(0, 6)):
        case 0:
            return lines[:index] + lines[index + 1 :]
        case 1:
            return [*lines[:index], line, *lines[index:]]
        case 2:
            return [*lines[:index], b"  " + line, *lines[index + 1 :]]
        case 3:
            return [*lines[:index], line.lstrip(), *lines[index + 1 :]]
        case 4:
            return [*lines[:index], line.split(b":")[0] + b": " + data.draw(ODD_VALUES), *lines[index + 1 :]]
        case 5:
            return [*lines[:index], b"    " + data.draw(ODD_VALUES), *lines[index + 1 :]]
        case _:
            position = data.draw(st.integers(0, len(line)))
            return [
                *lines[:index],
                line[:position] + data.draw(st.binary(max_size=3)) + line[position:],
                *lines[index + 1 :],
            ]


def test_messages_about_keys_name_the_item_and_show_the_missing_key(read: Read) -> None:
    files = {
        "data/a.yml": "nlu:\n- intnt: x\n  intent: y\n  examples: '- a'\nstories:\n- story: s\nrules:\n- rule: r\n"
    }
    unknown, story, rule = (d for d in read(files).errors if d.code in ("unknown-key", "missing-key"))
    assert "not known in this item of `nlu`" in unknown.message
    assert "steps:" in story.cure
    assert "steps:" in rule.cure


def test_folder_without_test_files_is_reported_with_their_naming_pattern(tmp_path: Path) -> None:
    (tmp_path / "intents.yml").write_text("stories: []\n")
    [finding] = read_test_stories(tmp_path)[1]
    assert "`test_…`" in finding.message
    assert finding.code == "no-content"


def test_links_that_are_not_followed_are_reported(read: Read, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data/a.yml").symlink_to("nowhere.yml")
    (tmp_path / "data/b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "domain.yml").symlink_to("nowhere.yml")
    found = [d for d in read({"data/c.yml": "nlu: []\n"}).diagnostics if d.code == "not-read"]
    assert [(d.place.file, d.severity) for d in found] == [
        ("data/a.yml", "warning"),
        ("data/b", "warning"),
        ("domain.yml", "warning"),
    ]


def test_unreadable_python_files_are_ignored(read: Read, tmp_path: Path) -> None:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions/a.py").write_text("x = 1\n")
    unreadable = Path.read_text

    def refuse(path: Path, *given: str) -> str:
        if path.suffix == ".py":
            raise PermissionError(13, "Permission denied")
        return unreadable(path, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_text", refuse)
        assert read({"data/c.yml": "nlu: []\n"}).diagnostics == ()


def test_unreadable_folder_holds_back_findings_about_missing_names(read: Read, tmp_path: Path) -> None:
    (tmp_path / "intents").write_text("a file where a folder should be")
    found = read({"data/a.yml": "rules:\n- rule: r\n  steps:\n  - intent: bye\n  - action: utter_bye\n"}).diagnostics
    assert [(d.place.file, d.code) for d in found] == [("intents", "unreadable"), ("intents", "held-back")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_folder_without_read_permission_is_reported(read: Read, tmp_path: Path) -> None:
    (tmp_path / "intents").mkdir(mode=0o000)
    assert [d.code for d in read({"data/a.yml": "nlu: []\n"}).errors] == ["unreadable"]


@pytest.mark.parametrize("name", ["config.yml", "endpoints.yaml", "domain.yml", "data/b.yml"])
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_folder_or_pipe_in_place_of_a_file_is_reported(
    read: Read, tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    (tmp_path / "data").mkdir()
    make(tmp_path / name)
    (error,) = read({"data/a.yml": "nlu: []\n"}).errors
    assert (error.place, error.code) == (Place(name), "unreadable")


def test_pipe_among_the_projects_own_files_is_not_opened(read: Read, tmp_path: Path) -> None:
    """If it were, the test would wait for somebody to write to the pipe until it times out."""
    os.mkfifo(tmp_path / "notes.yml")
    os.mkfifo(tmp_path / "notes")
    assert read({"data/a.yml": "nlu: []\n"}).diagnostics == ()


def test_content_folder_may_be_named_like_a_yaml_file(read: Read) -> None:
    assert read({"data/a.yml/b.yml": "nlu: []\n"}).diagnostics == ()


IMPORTS = "importers:\n- name: MultiProjectImporter\nimports:\n- projects/one\n- ../beside\n"


def example(intent: str) -> str:
    return f"nlu:\n- intent: {intent}\n  examples: '- {intent}'\n"


def test_imports_are_read_recursively(read: Read, tmp_path: Path) -> None:
    beside = tmp_path.parent / "beside"
    (beside / "deep").mkdir(parents=True, exist_ok=True)
    (beside / "deep/nlu.yml").write_text(example("beside"))
    files = {
        "config.yml": IMPORTS,
        "data/nlu.yml": example("own"),
        "projects/one/config.yml": "imports: [../two, ../one]\nlanguage: de\n",
        "projects/one/domain.yml": "intents: [one]\n",
        "projects/one/data/nlu.yml": example("one"),
        "projects/one/docker-compose.yml": "services: {}\n",
        "projects/two/texts/nlu.yml": example("two"),
        "projects/three/data/nlu.yml": example("three"),
    }
    result = read(files)
    assert [e.intent for e in result.content.nlu.examples] == ["own", "one", "two", "beside"]
    assert result.files[2:] == (
        "projects/one/data/nlu.yml",
        "projects/one/domain.yml",
        "projects/two/texts/nlu.yml",
        "../beside/deep/nlu.yml",
    )
    assert result.content.language == "en"
    assert {d.code for d in result.diagnostics if d.place.file == "config.yml"} == {"not-used"}


def test_project_may_consist_of_imports_alone(read: Read) -> None:
    result = read({"config.yml": "imports: [bots/a.yml]\n", "bots/a.yml": example("a")})
    assert ([e.intent for e in result.content.nlu.examples], result.errors) == (["a"], ())


def test_byte_order_mark_in_content_and_code_is_skipped(read: Read) -> None:
    code = "\ufeffasync def run(turn):\n    turn.say('utter_nowhere')\n"
    result = read({"config.yml": "imports: [bots]\n", "bots/a.yml": f"\ufeff{example('a')}", "actions.py": code})
    assert [e.intent for e in result.content.nlu.examples] == ["a"]
    assert [str(d.place) for d in result.diagnostics if d.code == "unknown-response"] == ["actions.py:2:14"]


def test_second_of_two_competing_files_is_reported_as_not_read(read: Read) -> None:
    files = {"config.yml": "language: de\n", "config.yaml": "language: fr\n", "data/a.yml": example("a")}
    code = {"actions/a.py": "", "actions.py": ""}
    result = read({**files, **code})
    assert result.content.language == "de"
    reported = [(d.code, d.place.file) for d in result.diagnostics if d.code == "not-read"]
    assert reported == [("not-read", "actions.py"), ("not-read", "config.yaml")]


@pytest.mark.parametrize("name", ["a" * 300, '"a\\0b"'])
def test_impossible_import_path_does_not_hide_other_findings(read: Read, name: str) -> None:
    found = read({"config.yml": f"imports: [{name}]\n", "domain.yml": "rulez: []\n"}).diagnostics
    assert {("not-read", "config.yml:1:11"), ("unknown-key", "domain.yml:1:1")} <= {
        (d.code, str(d.place)) for d in found
    }


def test_missing_imports_and_custom_importers_are_reported(read: Read) -> None:
    config = "imports: [nowhere]\nimporters:\n- name: my.Importer\n- name: rasa.shared.importers.RasaFileImporter\n"
    found = read({"config.yml": config, "data/nlu.yml": example("own")}).diagnostics
    reported = [(d.severity, d.code, d.place.line) for d in found if d.place.file == "config.yml"]
    assert reported == [("warning", "not-read", 1), ("warning", "not-read", 3), ("note", "not-used", 4)]
