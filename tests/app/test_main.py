"""The command line tells a path that cannot be used in a sentence, with its cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli.main import main
from bot.reading.template import write_template


def test_a_private_folder_that_cannot_be_made_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / ".teller").write_text("a file in the way")
    with pytest.raises(SystemExit) as ended:
        main(["shell", "--project", str(folder)])
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert f"bot: {folder / '.teller'}: File exists; check the path, its permissions and the disk's space" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["store", "verify", "--store", "sqlite:///absent.db"], "there is no store at "),
        (["conversations", "archive", "--older-than", "1d", "--store", "sqlite:///absent.db"], "there is no store at "),
        (["conversations", "archive", "--older-than", "9999999d"], "is longer ago than there are dates"),
        (["conversations", "archive", "--older-than", "99999999999d"], "is longer ago than there are dates"),
    ],
)
def test_what_is_mistyped_is_told_and_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    with pytest.raises(SystemExit) as ended:
        main([*words, "--project", str(folder)])
    assert ended.value.code in (1, 2)
    assert told in capsys.readouterr().err
    assert list(folder.rglob("*.db")) == []


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project at hand, whose plugin cannot be imported."""
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / "till.py").write_text("1 / 0\n")
    (folder / "config.yml").write_text("plugins: [till]\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("words", "shown"), [("--help", "  conversations "), ("keys --help", "revoke"), ("keys list", "scopes")]
)
def test_a_plugin_that_cannot_be_loaded_stops_no_command_that_may_be_needed_to_mend_it(
    broken: Path, capsys: pytest.CaptureFixture[str], words: str, shown: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    told = capsys.readouterr()
    assert (ended.value.code, shown in told.out) == (0, True)
    warnings = 1 if words == "--help" else 0
    assert told.err.count("config.yml names the plugin 'till', which cannot be imported") == warnings


@pytest.mark.parametrize("words", ["run", "run --loft x", "shell", "test", "coo"])
def test_a_plugin_that_cannot_be_loaded_is_told_once_by_commands_that_need_it(
    broken: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code != 0
    assert capsys.readouterr().err.count("config.yml names the plugin 'till', which cannot be imported") == 1
