"""Which files of a project are content, and which are ignored."""

from __future__ import annotations

import os
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.content import Diagnostic, Place, Severity
from bot.content.suggest import did_you_mean, is_misspelt

CONTENT_FOLDERS: Final = ("domain", "data", "intents", "stories", "tests")
"""The folders of content, in addition to domain.yml; files below them named `test_…` are test stories."""

_FOLDERS: Final = ", ".join(f"`{name}/`" for name in CONTENT_FOLDERS[:-1])

ENDINGS: Final = (".yml", ".yaml")

_TOP_FILES: Final = ("domain", "config", "endpoints", "credentials")
"""The files in the project's folder itself."""

_MARKDOWN_NLU = re.compile(rb"^## (?:intent|synonym|regex|lookup):", re.MULTILINE)
_MARKDOWN_STORIES = re.compile(
    rb"^## .*\n(?:[ \t\r]*\n|> .*\n)*\* [\w/]+(?:\{.*\})?(?: OR .*)?\s*\n[ \t]*- [\w/]+(?:\{.*\})?\s*$", re.MULTILINE
)
"""A story's name, what the user does, and what the bot does then."""
_JSON_NLU = re.compile(rb'"rasa_nlu_data"\s*:')
_STORIES = re.compile(rb"^stories:", re.MULTILINE)
_SECTIONS: Final = ("nlu", "stories", "rules", "responses", "intents", "entities", "slots", "forms")
_CONTENT = re.compile(rf"^(?:{'|'.join(_SECTIONS)})\s*:".encode(), re.MULTILINE)
_ANY_CONTENT = re.compile(
    rf"^(?:{'|'.join(_SECTIONS)}|actions|session_config)\s*:|{_JSON_NLU.pattern.decode()}".encode(), re.MULTILINE
)
_WRITTEN = re.compile(rf"^(?:{'|'.join(_SECTIONS)})[ ]*:[ \t]*\r?\n[ -]".encode(), re.MULTILINE)
"""A section with something below it (which a Makefile, for example, does not have)."""

_SEARCHED_BYTES: Final = 10_000_000
"""How many bytes of a file are searched to see whether it is content: it may be anything, of any length."""

_TEST_WORD = re.compile(r"^tests?[-_. ]*|[-_]tests?$", re.IGNORECASE)
_NEARLY_TEST = re.compile(r"tests?(?:[-. ].*|_.*)?|.*[-_]tests?")


def content_files(folder: Path) -> tuple[Path, ...]:
    """Return the content files of a project, sorted by name; in tests/, as in Rasa, only those named `test_…`."""
    found = [path for path in _top_files(folder) if path.stem == "domain" and path.is_file()]
    for name in CONTENT_FOLDERS:
        content = (path for path in files_below(folder / name) if is_content(path))
        found += [path for path in content if name != "tests" or is_test(path)]
    return tuple(sorted(found))


def imported_files(folder: Path) -> tuple[Path, ...]:
    """Return the content files anywhere below a folder that config.yml imports, sorted by name."""
    if folder.is_file():
        return (folder,)
    configuration = {path for path in _top_files(folder) if path.stem != "domain"}
    found = (path for path in files_below(folder) if path not in configuration)
    return tuple(sorted(path for path in found if is_content(path) and _contains(path, _ANY_CONTENT)))


def files_at(path: Path, *, only_tests: bool) -> tuple[Path, ...]:
    """Return the file at `path`, or the content files below it (YAML, and training data in JSON), sorted by name."""
    if path.is_file():
        return (path,)
    return tuple(sorted(p for p in files_below(path) if is_content(p) and (is_test(p) or not only_tests)))


def is_content(path: Path) -> bool:
    """Whether a file in a content folder is read: YAML, or training data in Rasa's JSON."""
    return path.suffix in ENDINGS or (path.suffix == ".json" and _contains(path, _JSON_NLU))


def is_test(path: Path) -> bool:
    """Whether a file's name says that it holds test stories."""
    return path.name.startswith("test_")


def not_read(folder: Path) -> Iterator[Diagnostic]:
    """Report files that are ignored although they look like content, or are not read as they were meant."""
    yield from _unreadable(folder)
    yield from _not_files(folder)
    yield from _in_own_folder(folder)
    yield from _not_followed(folder)
    for name in CONTENT_FOLDERS:
        for path in sorted(files_below(folder / name)):
            yield from _misread(path, path.relative_to(folder), are_tests=name == "tests")


def _not_followed(folder: Path) -> Iterator[Diagnostic]:
    """Report broken links to files of the project, and links to folders of content."""
    links = [path for path in _top_files(folder) if _is_broken(path)]
    for name in CONTENT_FOLDERS:
        links += sorted(_links(folder / name))
    for path in links:
        message = "This link to a folder is not followed." if path.exists() else "This link is broken."
        cure = "Put the files themselves here, or remove the link."
        yield Diagnostic("warning", Place(path.relative_to(folder).as_posix()), message, cure, "not-read")


def _top_files(folder: Path) -> list[Path]:
    return [folder / f"{name}{ending}" for name in _TOP_FILES for ending in ENDINGS]


def _misread(path: Path, name: Path, *, are_tests: bool) -> Iterator[Diagnostic]:
    """Report a file in a content folder that is not read, or not as it was meant."""
    reason = _why_not_read(path, are_tests=are_tests)
    if reason:
        yield _note(name, *reason)
    elif converted := _rasa2_data(path):
        cure = f"Convert it with Rasa 2: `rasa data convert {converted} -f yaml --data FILE --out FOLDER`."
        yield _note(name, "it is Markdown; only YAML is read", cure, "warning")
    elif not are_tests and _is_nearly_test(path):
        message = "Bots are trained on these stories: only files named `test_…` hold test stories."
        test_name = f"test_{_TEST_WORD.sub('', path.stem) or 'stories'}{path.suffix}"
        cure = f"Rename it to `{test_name}` if they are tests, or choose a name without this word."
        yield Diagnostic("warning", Place(name.as_posix()), message, cure, "test-name")


def _unreadable(folder: Path) -> Iterator[Diagnostic]:
    """Report the content folders that cannot be read."""
    for name in CONTENT_FOLDERS:
        refused: list[OSError] = []
        for _ in os.walk(folder / name, onerror=refused.append):
            pass
        for error in refused:
            if not isinstance(error, FileNotFoundError):
                place = Place(Path(error.filename).relative_to(folder).as_posix())
                message, cure = (
                    f"This folder cannot be read: {error.strerror}.",
                    "Change its permissions so that it can be read.",
                )
                yield Diagnostic("error", place, message, cure, "unreadable")


def _not_files(folder: Path) -> Iterator[Diagnostic]:
    """Report what has the name of a content file but is not a file: a pipe, or a folder with nothing in it to read."""
    top = _top_files(folder)
    below: list[Path] = []
    for name in CONTENT_FOLDERS:
        for here, folders, files in _walk(folder / name):
            below += [here / entry for entry in (*folders, *files)]
    for path in (*top, *(path for path in below if path.suffix in ENDINGS)):
        if _exists(path) and not _is_file(path) and (path in top or not any(files_below(path))):
            place, cure = Place(path.relative_to(folder).as_posix()), "Put a YAML file here, or rename it."
            yield Diagnostic("error", place, "This is not a file, so it is not read.", cure, "unreadable")


def _walk(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield each folder from this one on with the names of the folders and files in it, except hidden ones.

    Folders whose names the caller removes are not entered.
    """
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield Path(base), folders, [name for name in names if not name.startswith(".")]


def _in_own_folder(folder: Path) -> Iterator[Diagnostic]:
    """Report content in the project's own folder, or in a folder whose name is nearly that of a content folder."""
    if (folder / "actions").is_dir() and (folder / "actions.py").is_file():
        yield _note(Path("actions.py"), "the folder `actions/` beside it is read instead", "Move it into `actions/`.")
    for name in _TOP_FILES[1:]:
        if all((folder / f"{name}{ending}").is_file() for ending in ENDINGS):
            yield _note(Path(f"{name}.yaml"), f"`{name}.yml` beside it is read instead", "Merge the two into one.")
    for path in sorted(folder.glob("*")):
        yield from _stray(path)


def _stray(path: Path) -> Iterator[Diagnostic]:
    """Report a file or folder in the project's own folder, if it looks as if it were meant as content."""
    name = Path(path.name)
    is_other = path.suffix in ENDINGS and path.stem not in _TOP_FILES
    if is_other and (is_misspelt(path.stem, _TOP_FILES) or _contains(path, _CONTENT)):
        cure = did_you_mean(path.name, [f"{top}.yml" for top in _TOP_FILES], f"Move it into {_FOLDERS}.")
        yield _note(name, "it is not in one of the folders that are", cure)
    elif _is_like_content(path.name) and any(_contains(p, _CONTENT) for p in files_below(path) if p.suffix in ENDINGS):
        cure = did_you_mean(path.name, CONTENT_FOLDERS, f"Move its files into {_FOLDERS}.")
        yield Diagnostic("note", Place(path.name), "This folder is not read.", cure, "not-read")
    elif _is_file(path) and (reason := _odd_ending(path)) and (_is_like_top_file(path) or _contains(path, _WRITTEN)):
        yield _note(name, *reason)


def _is_like_top_file(path: Path) -> bool:
    """Whether a file is named like one of the project's own, except for a hidden ending or upper case."""
    return path.name.partition(".")[0] in _TOP_FILES and path.suffix.lower() in (".txt", *ENDINGS)


def _is_like_content(name: str) -> bool:
    known = (*CONTENT_FOLDERS, *_SECTIONS)
    return name not in CONTENT_FOLDERS and (name in _SECTIONS or is_misspelt(name, known))


def _is_nearly_test(path: Path) -> bool:
    """Whether a file of stories is named like test stories, but not so that it is read as such."""
    if path.suffix not in ENDINGS or is_test(path) or not _NEARLY_TEST.fullmatch(path.stem.lower()):
        return False
    return _contains(path, _STORIES)


def _why_not_read(path: Path, *, are_tests: bool) -> tuple[str, str] | None:
    """Return why a file is not read, and what to do about it; None if it is read, or not expected to be."""
    if reason := _odd_ending(path):
        return reason
    if path.suffix == ".json" and not are_tests and not is_content(path):
        return (
            "the only JSON that is read is Rasa's `rasa_nlu_data`",
            "Convert it with Rasa's tools, or move it elsewhere.",
        )
    if are_tests and path.suffix in ENDINGS and not is_test(path) and _contains(path, _STORIES):
        return (
            "in tests/, only files named `test_…` are read",
            f"Rename it to `test_{path.name}` if it holds test stories.",
        )
    return None


def _odd_ending(path: Path) -> tuple[str, str] | None:
    """Return why a file is not read whose ending is not YAML's, although its name or its content suggests YAML."""
    if path.suffix in (*ENDINGS, ".json", ".md", ".py", ".pyc"):  # YAML in Markdown and Python files is an example
        return None
    if path.suffix.lower() in ENDINGS:
        name = f"{path.stem}{path.suffix.lower()}"
    elif Path(path.stem).suffix in ENDINGS:
        name = path.stem
    elif _contains(path, _ANY_CONTENT if is_misspelt(path.suffix, ENDINGS) else _WRITTEN):
        name = f"{path.stem}.yml"
    else:
        return None
    why = f"its ending is `{path.suffix}`" if path.suffix else "it has no ending"
    if any(other.name == name for other in path.parent.iterdir()):  # not exists(): some systems ignore upper case
        return why, f"Move it elsewhere: `{name}` already exists beside it."
    return why, f"Rename it to `{name}`, or move it elsewhere."


def _rasa2_data(path: Path) -> str:
    """Return what Rasa 2's converter calls the data of a Markdown file; empty if it has none."""
    if path.suffix != ".md":
        return ""
    if _contains(path, _MARKDOWN_NLU):
        return "nlu"
    return "core" if _contains(path, _MARKDOWN_STORIES) else ""


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, except in hidden folders and in other projects (which have a config.yml)."""
    for here, folders, names in _walk(folder):
        folders[:] = [name for name in folders if not _exists(here / name / "config.yml")]
        yield from (path for name in names if _is_file(path := here / name))


def _is_file(path: Path) -> bool:
    """Whether it is a file; if permissions hide that, assume so: opening it reports the error."""
    try:
        return path.is_file()
    except PermissionError:
        return True


def _links(folder: Path) -> Iterator[Path]:
    """Yield the links below a folder that are not followed: those to folders, and broken ones."""
    for here, folders, names in _walk(folder):
        yield from (path for name in folders if (path := here / name).is_symlink())
        yield from (path for name in names if _is_broken(path := here / name))


def _is_broken(path: Path) -> bool:
    return os.path.islink(path) and not _exists(path)  # noqa: PTH114  # Path's raises without permission


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110  # Path's raises without permission


def _contains(path: Path, pattern: re.Pattern[bytes]) -> bool:
    return pattern.search(_bytes(path)) is not None


def _bytes(path: Path) -> bytes:
    """Return the content of a file (of a very long one, its beginning); nothing if it cannot be read."""
    if not _is_file(path):  # opening a pipe would wait for somebody to write to it
        return b""
    try:
        with path.open("rb") as file:
            return file.read(_SEARCHED_BYTES).removeprefix(BOM_UTF8)
    except OSError:
        return b""


def text_of(path: Path) -> str:
    """Return the text of a file, without bytes that are not UTF-8; empty if it cannot be read."""
    return _bytes(path).decode("utf-8", "ignore")


def _note(path: Path, why: str, cure: str, severity: Severity = "note") -> Diagnostic:
    return Diagnostic(severity, Place(path.as_posix()), f"This file is not read: {why}.", cure, "not-read")
