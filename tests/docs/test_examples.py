"""The documents' examples are executed: Python runs, YAML reads without errors, commands and links exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from bot.app.checking import check_project
from bot.app.testing import run_core_tests
from bot.cli.main import cli
from bot.content.names import DEFAULT_ACTIONS, DEFAULT_INTENTS, DEFAULT_SLOTS
from bot.reading import read_project
from bot.reading.tree import parse_yaml

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Example:
    """One fenced block of a document."""

    document: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def examples(language: str) -> Iterator[Example]:
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            if match[1] == language:
                yield Example(document, text[: match.start()].count("\n") + 2, language, match[2])


def named(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_python_examples_run_in_document_order(document: Path) -> None:
    namespace: dict[str, object] = {"__name__": "example"}
    for example in examples("python"):
        if example.document == document:
            padded = "\n" * (example.line - 1) + example.text
            exec(compile(padded, str(document), "exec"), namespace)


@pytest.mark.parametrize("example", list(examples("yaml")), ids=str)
def test_yaml_examples_read_without_errors(example: Example, tmp_path: Path) -> None:
    """A first line `# path` says which file it is; what it leaves to other files may be missing."""
    first = re.match(r"# (\S+\.yml)", example.text)
    path = tmp_path / (first[1] if first else "intents/example.yml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(example.text, encoding="utf-8")
    if path.name != "config.yml":
        (tmp_path / "config.yml").write_text("language: en\n")
    unknown = {f"unknown-{kind}" for kind in ("action", "form", "intent", "response", "slot")}
    elsewhere = {"no-content", "nothing-to-learn", "unset-variable", *unknown}
    found = [d for d in read_project(tmp_path).errors if d.code not in elsewhere]
    assert not found, [str(d) for d in found]


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_settings_within_sentences_are_yaml(document: Path) -> None:
    for line in re.findall(r"`([a-z_]+: *[\[{][^`\n]*)`", document.read_text(encoding="utf-8")):
        _, problems = parse_yaml(line.encode(), document.name)
        assert not problems, (line, [str(problem) for problem in problems])


def commands() -> Iterator[tuple[str, str]]:
    for document in DOCUMENTS:
        for line in re.findall(r"^(?:\$ )?(bot [a-z][^\n#|>]*)", document.read_text(encoding="utf-8"), re.MULTILINE):
            if not re.match(r"bot (is|and|that|in|has|may|does|says|runs)\b", line):
                yield named(document), line.strip()


@pytest.mark.parametrize(("document", "line"), list(commands()))
def test_commands_and_their_options_exist(document: str, line: str) -> None:
    cli.project = ROOT
    words = shlex.split(line.rstrip("\\"))[1:]
    context = click.Context(cli, info_name="bot")
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"{document}: {line}"
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for word in words:
        if word.startswith("--"):
            assert word.split("=")[0] in known, f"{document}: {line}: {word}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_relative_links_resolve(document: Path) -> None:
    text = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", document.read_text(encoding="utf-8")))
    missing = [link for link in _LINK.findall(text) if not (document.parent / link).exists()]
    assert not missing


def test_command_line_reference_is_up_to_date() -> None:
    from bot.cli.reference import reference

    written = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert written == reference(), "write it again: python -m bot.cli.reference > docs/reference/command-line.md"


def test_http_reference_is_up_to_date() -> None:
    from bot.app.routes import http_reference

    written = (ROOT / "docs" / "reference" / "http.md").read_text(encoding="utf-8")
    assert written == http_reference(), "write it again: python -m bot.app.routes > docs/reference/http.md"


def test_metrics_reference_is_up_to_date() -> None:
    from bot.server.metrics_reference import reference

    written = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    assert written == reference(), "write it again: python -m bot.server.metrics_reference > docs/reference/metrics.md"


def test_every_document_is_linked_from_the_readme() -> None:
    linked = {match[1] for match in _LINK.finditer((ROOT / "README.md").read_text(encoding="utf-8"))}
    assert {named(document) for document in DOCUMENTS} - {"README.md"} <= linked


def test_all_default_names_are_documented() -> None:
    text = (ROOT / "docs" / "reference" / "defaults.md").read_text(encoding="utf-8")
    names = {*DEFAULT_ACTIONS, *DEFAULT_INTENTS, *DEFAULT_SLOTS}
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_guide_examples_form_one_working_bot(tmp_path: Path) -> None:
    guides = [ROOT / "docs" / "how-to" / f"{name}.md" for name in ("write-intents", "write-stories", "test")]
    (tmp_path / "config.yml").write_text("language: en\n")
    for example in examples("yaml"):
        if example.document in guides:
            path = tmp_path / example.text.splitlines()[0].removeprefix("# ")
            path.parent.mkdir(exist_ok=True)
            path.write_text(example.text)
    code = [e.text for e in examples("python") if e.document.stem == "write-actions"]
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "cards.py").write_text("\n".join(code[: code.index(_registering(code)) + 1]))
    assert [str(d) for d in check_project(tmp_path) if d.severity != "note"] == []
    tested = run_core_tests(tmp_path).stories
    assert (tested.passed, tested.failed) == (1, ())


def _registering(code: list[str]) -> str:
    return next(text for text in code if "def register_actions" in text)
