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
    return tuple(sorted(_copy(files("bot.reading").joinpath("starter"), folder, "")))


def _copy(source: Traversable, folder: Path, name: str) -> list[str]:
    if source.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        return [
            copied for item in source.iterdir() for copied in _copy(item, folder / item.name, f"{name}/{item.name}")
        ]
    target = folder.with_name(folder.name.removesuffix(".txt")) if folder.name.endswith(_PYTHON) else folder
    target.write_bytes(source.read_bytes())
    return [name.removeprefix("/").removesuffix(".txt") if name.endswith(_PYTHON) else name.removeprefix("/")]
