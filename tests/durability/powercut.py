"""Cuts the power at every boundary of a recorded run and looks at what is left."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.durability.checking import problems_of
from tests.durability.disk import MARK, cuts, read_log, run_on_disk


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many cuts were tried, how many of them left a store that breaks a promise, and the first such (words)."""

    cuts: int
    broken: int
    example: str


def cut_everywhere(library: Path, folder: Path, synchronous: str, *, conversations: int, turns: int) -> Outcome:
    """Record a run with this setting of `synchronous`, then try every cut; `folder` is used and emptied."""
    live, log, left = folder / "live", folder / "log", folder / "left"
    shutil.rmtree(live, ignore_errors=True)
    log.unlink(missing_ok=True)
    live.mkdir(parents=True)
    arguments = (str(live), synchronous, str(conversations), str(turns), "20")
    run_on_disk(library, "tests.durability.recording", *arguments, folder=live, log=log)
    operations = read_log(log)
    promises = [(at, op.name) for at, op in enumerate(operations, start=1) if op.kind == MARK]
    tried, broken = 0, []
    for happened, how, files in cuts(operations):
        tried += 1
        _write(files, live, left)
        problems = problems_of(left / "t.db", [text for at, text in promises if at <= happened])
        if problems:
            broken.append(f"after operation {happened} of {len(operations)} ({how}): {problems[0]}")
    return Outcome(tried, len(broken), broken[0] if broken else "")


def _write(files: dict[str, bytes], live: Path, left: Path) -> None:
    shutil.rmtree(left, ignore_errors=True)
    left.mkdir()
    for name, content in files.items():
        (left / Path(name).relative_to(live)).write_bytes(content)
