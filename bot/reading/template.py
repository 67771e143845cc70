"""The bot that `bot init` writes, copied from the package's `starter` folder."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from bot.errors import ConfigurationError

_PYTHON = ".py.txt"
"""The ending of the starter's Python files here: they belong to the new bot, not to this package."""


def write_template(folder: Path) -> tuple[str, ...]:
    """Write the starter bot into `folder`, which is created if it does not exist; return the files' names.

    Raises ConfigurationError if the folder is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError([f"{folder} is not empty; name an empty or new folder"])
    _copy(files("bot.reading").joinpath("starter"), folder)
    written = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return tuple(sorted(written))


def _copy(source: Traversable, target: Path) -> None:
    if not source.is_dir():
        target.write_bytes(source.read_bytes())
        return
    target.mkdir(parents=True, exist_ok=True)
    for item in source.iterdir():
        name = item.name.removesuffix(".txt") if item.name.endswith(_PYTHON) else item.name
        _copy(item, target / name)
