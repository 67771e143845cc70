"""The Python in the documents and the starter passes a strict type checker, which also finds misspelt public names."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from bot.reading.template import write_template

from .test_examples import DOCUMENTS, ROOT, examples, named


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy --strict says of all documents' Python, the starter's, and of a module with a misspelt name."""
    folder = tmp_path_factory.mktemp("typed")
    (folder / "slip.py").write_text("from bot import Turnn\n")
    write_template(folder / "starter")
    python = list(examples("python"))
    for document in DOCUMENTS:
        module = re.sub(r"\W", "_", named(document).removesuffix(".md"))
        text = "".join(example.text for example in python if example.document == document)
        (folder / f"{module}.py").write_text(text)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent", "."]
    where = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=where, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    return [line for line in done.stdout.splitlines() if ": error: " in line]


def test_starter_passes_strict_type_checking(found: list[str]) -> None:
    assert [line for line in found if line.startswith("starter")] == []


def test_python_examples_pass_strict_type_checking(found: list[str]) -> None:
    assert [line for line in found if not line.startswith(("slip.py", "starter"))] == []


def test_type_checker_rejects_a_misspelt_public_name(found: list[str]) -> None:
    (slip,) = [line for line in found if line.startswith("slip.py")]
    assert 'no attribute "Turnn"' in slip
