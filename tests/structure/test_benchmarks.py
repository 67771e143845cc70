"""Benchmarks in an environment that only `make run` has set up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDING = {
    path.stem
    for path in (ROOT / "benchmarks").glob("*.py")
    if any(word in path.read_text("utf-8") for word in ("from tests.", "import psycopg"))
}
WITHOUT = "import runpy, sys\nsys.modules.update(pytest=None, psycopg=None)\nsys.path[0] = 'benchmarks'\n"


@pytest.mark.parametrize("name", sorted(NEEDING))
def test_benchmark_without_its_packages_says_how_to_install_them(name: str) -> None:
    run = f"{WITHOUT}sys.argv = ['{name}', '--help']\nrunpy.run_path('benchmarks/{name}.py', run_name='__main__')\n"
    ended = subprocess.run([sys.executable, "-c", run], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in ended.stderr
    if ended.returncode:
        [said] = ended.stderr.splitlines()
        assert said.endswith("run `make test` once, which installs what this needs.")
