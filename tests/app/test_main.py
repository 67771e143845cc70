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
