"""Time from the start of the process to the first answered turn, compared with a bare import of its dependencies.

    python benchmarks/start.py [--runs 5]

The model is cached (the first start trains it and is not counted). Prints the
medians and the median of the differences, with its goal.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.load import table  # noqa: E402 - the path is set above
from benchmarks.turns import make_project  # noqa: E402

PACKAGES = "aiohttp.web, yaml, dataset, jsonschema, httpx, backoff, pluggy"
GOAL = 0.5


def seconds_to_import() -> float:
    """How long a process takes that only imports the packages."""
    started = perf_counter()
    subprocess.run([sys.executable, "-c", f"import {PACKAGES}"], check=True)
    return perf_counter() - started


def seconds_to_first_turn(project: Path) -> float:
    """How long it takes from the start of `bot run` to the answer to its first message."""
    started = perf_counter()
    words = [sys.executable, "-m", "bot", "run", "--project", str(project), "--demo", "--port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        url = next(line.split()[1] for line in process.stdout if line.startswith("ready "))
        token = _post(f"{url}/auth", {"accountNumber": "12345678", "code": "135790"})["token"]
        _post(f"{url}/chat", {"message": "hello"}, token)
        return perf_counter() - started
    finally:
        process.terminate()
        process.wait(20)


def _post(url: str, body: object, token: str = "") -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        value: dict[str, str] = json.load(answer)
        return value


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder))
        seconds_to_first_turn(project)
        pairs = [(seconds_to_import(), seconds_to_first_turn(project)) for _ in range(runs)]
    imports, turns = (statistics.median(column) for column in zip(*pairs, strict=True))
    difference = statistics.median(turn - bare for bare, turn in pairs)
    rows = [("bare import", f"{imports:.2f}"), ("first answered turn", f"{turns:.2f}")]
    rows.append((f"difference (goal: ≤ {GOAL})", f"{difference:.2f}"))
    print(table(("median of " + str(runs), "seconds"), rows))


if __name__ == "__main__":
    main()
