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
