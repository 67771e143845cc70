"""What `make` installs, and how it recovers from failures; a script stands in for Python and pip."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = """#!/bin/sh
case "$*" in
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
    test -e has-ensurepip || { echo "apt install python3-venv"; exit 1; }
    touch "$3/has-pip" ;;
  "-m pip "*) test -e "$(dirname "$0")/../has-pip" || { echo "No module named pip"; exit 1; }
    case "$*" in *rasa-sdk*) test -e has-network || { echo "no network"; exit 1; } ;; esac
    case "$*" in *--version) ;; *) echo "$*" >> installed ;; esac ;;
esac
"""


class Checkout:
    """A folder with the Makefile and a fake Python."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "Makefile", folder)
        for name in ("pyproject.toml", "constraints.txt", "requirements-test.txt", "has-ensurepip", "has-network"):
            (folder / name).touch()
        python = folder / "python"
        python.write_text(PYTHON)
        python.chmod(0o755)

    def make(self, target: str) -> tuple[int, list[str]]:
        """Make the target; return the exit status, and what was installed."""
        installed = self.folder / "installed"
        installed.unlink(missing_ok=True)
        words = ("make", f"PYTHON={self.folder}/python", target)
        done = subprocess.run(words, cwd=self.folder, capture_output=True, check=False)
        return done.returncode, installed.read_text().splitlines() if installed.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    if shutil.which("make") is None:
        pytest.skip("make is not on this machine")
    return Checkout(tmp_path)


def test_second_make_installs_nothing(checkout: Checkout) -> None:
    status, installed = checkout.make(".venv/.test")
    assert status == 0
    assert [line.split()[-1] for line in installed] == [".", "requirements-test.txt"]
    assert checkout.make(".venv/.test") == (0, [])


def test_failed_environment_is_retried(checkout: Checkout) -> None:
    (checkout.folder / "has-ensurepip").unlink()
    assert checkout.make(".venv/.run") == (2, [])
    (checkout.folder / "has-ensurepip").touch()
    status, installed = checkout.make(".venv/.run")
    assert (status, len(installed)) == (0, 1)


def test_changed_test_requirements_are_installed_again(checkout: Checkout) -> None:
    checkout.make(".venv/.test")
    stamp = (checkout.folder / ".venv" / ".test").stat().st_mtime
    os.utime(checkout.folder / "requirements-test.txt", (stamp + 1, stamp + 1))
    _, installed = checkout.make(".venv/.test")
    assert [line.split()[-1] for line in installed] == ["requirements-test.txt"]


def test_failed_rasa_sdk_download_is_retried(checkout: Checkout) -> None:
    (checkout.folder / "has-network").unlink()
    assert checkout.make(".venv-rasa-sdk/.done") == (0, [])
    (checkout.folder / "has-network").touch()
    status, installed = checkout.make(".venv-rasa-sdk/.done")
    assert (status, len(installed)) == (0, 1)
    assert checkout.make(".venv-rasa-sdk/.done") == (0, [])
