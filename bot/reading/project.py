"""Reading a whole project: every file is found, read and merged into one content."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from bot.config import Settings
from bot.content import (
    Content,
    Diagnostic,
    Domain,
    EntityType,
    Intent,
    NluData,
    Place,
    SessionConfig,
    Slot,
    SlotMapping,
    Story,
)
from bot.content.check import check_content
from bot.content.known import Known
from bot.content.names import DEFAULT_INTENTS, DEFAULT_SLOTS, REQUESTED_SLOT
from bot.content.suggest import did_you_mean
from bot.reading.code import responses_of_code, slots_of_code, words_of_code
from bot.reading.domain import read_domain
from bot.reading.draft import Draft
from bot.reading.finding import CONTENT_FOLDERS, content_files, files_at, imported_files, is_test, not_read, text_of
from bot.reading.fingerprint import content_fingerprint
from bot.reading.holding import Gap, hold_back, unread
from bot.reading.nlu import read_nlu
from bot.reading.rasa2 import settle_fallback, settle_slots
from bot.reading.rasa_json import read_rasa_json
from bot.reading.schema import check_schema
from bot.reading.settings import Configuration, read_configuration
from bot.reading.stories import read_rules, read_stories
from bot.reading.tree import Map, read_yaml

FORMATS = ("2.0", "3.0", "3.1")
"""The supported versions of Rasa's format."""

_FEW = 3
"""How many unlisted names are reported one by one."""


class ReadResult(Struct, frozen=True):
    """A project as read: its content, test stories and settings, and all findings about them.

    `files` are the names of the files that were read, relative to the project;
    `held_back` are findings that may only follow from what could not be read.
    """

    content: Content
    tests: tuple[Story, ...]
    settings: Settings
    diagnostics: tuple[Diagnostic, ...]
    files: tuple[str, ...] = ()
    held_back: tuple[Diagnostic, ...] = ()

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that prevent a start."""
        return tuple(d for d in self.diagnostics if d.severity == "error")


def read_project(
    folder: Path,
    *,
    known_actions: Collection[str] = (),
    all_known: bool = False,
    environment: Mapping[str, str] | None = None,
) -> ReadResult:
    """Read the project in `folder`.

    `known_actions` are those that plugins registered, which the domain need
    not list; with `all_known`, only an action server can run any others. Never
    raises because of what the files contain: problems are in `diagnostics`, in
    the order of files and lines.
    """
    configuration = read_configuration(folder, environment)
    draft = Draft(folder, diagnostics=list(configuration.diagnostics))
    files = _files(folder, configuration.imports)
    for path, name in files.items():
        read_content_file(path, name, draft)
    if not files:
        _report_no_content(draft)
    left_out = list(not_read(folder))
    draft.diagnostics += left_out
    draft.unread += [Gap(d.place) for d in left_out if d.code == "unreadable"]
    content = _content(draft, configuration)
    tests = tuple(draft.tests)
    known = Known(
        content,
        tests,
        without_examples=draft.intents_without_examples,
        registered=known_actions,
        all_registered=all_known and configuration.settings.action_endpoint is None,
        mentioned=words_of_code(folder) | draft.broken,
        named_in_code=responses_of_code(folder, content.domain.responses.keys()),
        slots_in_code=slots_of_code(folder, content.domain.slots.keys()),
    )
    checked = _content_findings(known, draft.broken, _unread_words(folder, left_out))
    found, held_back = hold_back((*draft.diagnostics, *checked), (*configuration.unread, *draft.unread))
    diagnostics = sorted(found, key=lambda d: d.place)
    names = (*configuration.files, *files.values(), *draft.files)
    return ReadResult(content, tests, configuration.settings, tuple(diagnostics), names, tuple(held_back))


def _files(folder: Path, imports: Iterable[Path]) -> dict[Path, str]:
    """Return the content files with their names relative to the project: its own files, then the imported ones."""
    paths = list(content_files(folder))
    for path in imports:
        paths += imported_files(path)
    return {path: Path(os.path.relpath(path, folder)).as_posix() for path in paths}


def _content_findings(
    known: Known, broken: Collection[str], unread: Mapping[str, Collection[str]]
) -> Iterator[Diagnostic]:
    """Yield the findings about the content; a name that is only unknown because it is `broken` is not one of them."""
    for finding in check_content(known):
        if not (_is_unknown(finding) and finding.name in broken):
            yield _with_ignored_file(finding, unread)


def _is_unknown(finding: Diagnostic) -> bool:
    return finding.code.startswith("unknown-")


def _unread_words(folder: Path, left_out: Iterable[Diagnostic]) -> dict[str, frozenset[str]]:
    """Return the words of each ignored file, which may contain an unknown name."""
    files = {d.place.file for d in left_out if d.code == "not-read" and (folder / d.place.file).is_file()}
    return {file: frozenset(re.split(r"[^\w/-]+", text_of(folder / file))) for file in sorted(files)}


def _with_ignored_file(finding: Diagnostic, unread: Mapping[str, Collection[str]]) -> Diagnostic:
    """Return the finding; if it is about a name in an ignored file, it says so."""
    file = next((file for file, words in unread.items() if finding.name in words), None)
    if file is None or not _is_unknown(finding):
        return finding
    return replace(finding, cure=f"It is in `{file}`, which is not read: see the finding about that file.")


def _report_no_content(draft: Draft) -> None:
    message = "This folder has no content."
    cure = f"Write YAML files below {', '.join(f'{name}/' for name in CONTENT_FOLDERS)}, or begin with `bot init`."
    draft.report("error", Place("."), message, cure, "no-content")


def read_test_stories(path: Path) -> tuple[tuple[Story, ...], tuple[Diagnostic, ...]]:
    """Return the test stories of a file, or of the files named `test_…` below a folder, and what is wrong with them."""
    draft = _read_path(path, are_tests=True)
    return tuple(draft.tests), tuple(draft.diagnostics)


def read_nlu_data(path: Path) -> tuple[NluData, tuple[Diagnostic, ...]]:
    """Return the training data of a file, or of all files below a folder, for testing a matcher."""
    draft = _read_path(path, are_tests=False)
    return _nlu_data(draft), tuple(draft.diagnostics)


def _read_path(path: Path, *, are_tests: bool) -> Draft:
    draft = Draft()
    files = files_at(path, only_tests=are_tests)
    for file in files:
        read_content_file(file, file.as_posix(), draft, are_tests=are_tests)
    if not files:
        _report_nothing(path, draft, are_tests=are_tests)
    return draft


def _report_nothing(path: Path, draft: Draft, *, are_tests: bool) -> None:
    message, cure = "There is nothing to read here.", "Name a YAML file, or a folder of them."
    if are_tests and files_at(path, only_tests=False):
        message = "No file in this folder is named `test_…`, as files of test stories must be."
        cure = "Name a folder with such files, or the file itself, whatever its name."
    draft.report("error", Place(path.as_posix()), message, cure, "no-content")


def _nlu_data(draft: Draft) -> NluData:
    return NluData(tuple(draft.examples), tuple(draft.synonyms), tuple(draft.regexes), tuple(draft.lookups))


def read_content_file(path: Path, name: str, draft: Draft, *, are_tests: bool | None = None) -> None:
    """Read one file into the draft; places refer to it as `name`. Files named `test_…` contain test stories."""
    are_tests = is_test(path) if are_tests is None else are_tests
    tree, problems = read_yaml(path, name)
    is_json = path.suffix == ".json"
    tree, more = check_schema(tree, "nlu" if is_json else "content", name)
    draft.diagnostics += [*problems, *more]
    draft.unread += unread(tree, [*problems, *more])
    if not isinstance(tree, Map):
        return
    if is_json:
        _read_messages(tree, draft, "rasa_nlu_data", are_tests=are_tests)
        return
    _check_version(tree, draft)
    read_domain(tree, draft)
    _read_messages(tree, draft, "nlu", are_tests=are_tests)
    if tree.get("stories"):
        read_stories(tree["stories"], draft, "test" if are_tests else "story")
    if tree.get("rules"):
        read_rules(tree["rules"], draft, are_tests=are_tests)


def _read_messages(tree: Map, draft: Draft, key: str, *, are_tests: bool) -> None:
    """Read the training data of a file; messages in a file of tests are held out, which is reported."""
    if not tree.get(key):
        return
    if are_tests:
        message = "These messages are not trained on: files named `test_…` contain only tests."
        cure = "Rename the file to train on them, or test with them: `bot test nlu --nlu FILE`."
        draft.report("note", tree.key_place(key), message, cure, "not-read")
    elif key == "nlu":
        read_nlu(tree[key], draft)
    else:
        read_rasa_json(tree, draft)


def _check_version(tree: Map, draft: Draft) -> None:
    version = tree.get("version")
    if version is not None and version not in FORMATS:
        message = f"The format version `{version}` is not supported; the file is read as {FORMATS[-1]}."
        cure = f'Write `version: "{FORMATS[-1]}"`.'
        draft.report("warning", tree.place_of("version"), message, cure, "unknown-version")


def _content(draft: Draft, configuration: Configuration) -> Content:
    settle_slots(draft)
    pipeline = settle_fallback(draft, configuration.policies, configuration.pipeline)
    _add_unlisted(draft)
    domain = Domain(
        intents=draft.intents,
        entities=draft.entities,
        slots=draft.slots,
        responses=draft.responses,
        forms=draft.forms,
        actions=draft.actions,
        e2e_actions=tuple(draft.e2e_actions),
        actions_sending_domain=frozenset(draft.actions_sending_domain),
        session=draft.session or SessionConfig(),
    )
    content = Content(
        domain,
        _nlu_data(draft),
        tuple(draft.stories),
        tuple(draft.rules),
        configuration.language,
        pipeline,
        configuration.policies,
    )
    return replace(content, fingerprint=content_fingerprint(content))


def _add_unlisted(draft: Draft) -> None:
    """Add intents and entities that only examples name, and the intents and slots that every bot has."""
    intents, entities = tuple(draft.intents), tuple(draft.entities)
    unlisted: dict[str, dict[str, Place]] = {"intent": {}, "entity": {}}
    for example in draft.examples:
        base = example.intent.split("/")[0]
        if base not in draft.intents and base not in DEFAULT_INTENTS:
            draft.intents[base] = Intent(base, place=example.place)
            if intents:
                unlisted["intent"][base] = example.place
        for mark in example.annotations:
            if mark.entity not in draft.entities:
                draft.entities[mark.entity] = EntityType(mark.entity, place=example.place)
                if intents or entities:
                    unlisted["entity"][mark.entity] = example.place
    _report_unlisted(draft, "intent", unlisted["intent"], intents)
    _report_unlisted(draft, "entity", unlisted["entity"], entities)
    for name in sorted(DEFAULT_INTENTS - draft.intents.keys()):
        draft.intents[name] = Intent(name)
    for name in sorted(DEFAULT_SLOTS - draft.slots.keys()):
        kind = "text" if name == REQUESTED_SLOT else "any"
        draft.slots[name] = Slot(name, kind, influence_conversation=False, mappings=(SlotMapping("custom"),))


def _report_unlisted(draft: Draft, kind: str, places: Mapping[str, Place], listed: Collection[str]) -> None:
    """Report names with examples that are not listed: one by one, or many that are not like a listed one together."""
    section = "intents" if kind == "intent" else "entities"
    code = f"unlisted-{kind}"
    far = [name for name in places if not did_you_mean(name, listed)]
    together = far if len(far) > _FEW else []
    for name in places.keys() - set(together):
        message = f"The {kind} `{name}` has examples, but the domain does not list it."
        cure = did_you_mean(name, listed, f"Add `- {name}` to `{section}:`.")
        draft.report("warning", places[name], message, cure, code)
    if together:
        first, others = together[0], len(together) - 1
        message = f"The {kind} `{first}` has examples, but the domain does not list it, nor {others} others."
        cure = f"List them in `{section}:`, or remove that section: names with examples are known without it."
        draft.report("warning", places[first], message, cure, code)
