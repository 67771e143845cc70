"""Options that several commands share."""

from __future__ import annotations

import math
import unicodedata
from pathlib import Path
from typing import Any

import click


class PlainText(click.ParamType[str]):
    """A text that can be stored and shown unchanged: valid UTF-8 without control characters."""

    name = "text"

    def __init__(self, *, may_be_empty: bool = False) -> None:
        self._may_be_empty = may_be_empty

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text unchanged; raises BadParameter."""
        if not value and not self._may_be_empty:
            self.fail("it must not be empty", param, ctx)
        if any(unicodedata.category(character) in _NOT_STORABLE for character in value):
            self.fail("it must be UTF-8, without line breaks and other control characters", param, ctx)
        return value


_NOT_STORABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Control characters, surrogates (from bytes that are not UTF-8), and line and paragraph separators."""


class PerCent(click.FloatRange):
    """A percentage, from 0 to 100."""

    def __init__(self) -> None:
        super().__init__(0, 100)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the percentage; raises BadParameter, also for NaN, which no range check rejects."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number from 0 to 100", param, ctx)
        return number


class FileName(click.Path):
    """The path of a file, as a Path."""

    def __init__(self, *, exists: bool = False) -> None:
        super().__init__(exists=exists, dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; raises BadParameter, also if it is empty."""
        if value == "":
            self.fail("it must not be empty; name a file", param, ctx)
        return super().convert(value, param, ctx)


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
project = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The bot's folder (default: the current one).",
)
store = click.option(
    "--store",
    metavar="URL",
    type=PlainText(),
    default=None,
    help="Where conversations are stored (an SQLAlchemy URL).",
)
