"""Options that several commands share."""

from __future__ import annotations

import math
import unicodedata
from pathlib import Path
from typing import Any

import click


class PlainText(click.ParamType[str]):
    """A text that can be kept and shown as it is: no control characters, and nothing that is not UTF-8."""

    name = "text"

    def __init__(self, *, may_be_empty: bool = False) -> None:
        self._may_be_empty = may_be_empty

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it was given; raises BadParameter."""
        if not value and not self._may_be_empty:
            self.fail("it must not be empty", param, ctx)
        if any(unicodedata.category(character) in _UNKEPT for character in value):
            self.fail("it must be UTF-8, without line breaks and other control characters", param, ctx)
        return value


_UNKEPT = {"Cc", "Cs", "Zl", "Zp"}
"""Control characters, what Python makes of bytes that are not UTF-8, and line and paragraph separators."""


class PerCent(click.FloatRange):
    """A share, from 0 to 100."""

    def __init__(self) -> None:
        super().__init__(0, 100)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The share; raises BadParameter, also for what is not a number, which compares with none."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is no number from 0 to 100", param, ctx)
        return number


class FileName(click.Path):
    """The path of a file, as a Path."""

    def __init__(self, *, exists: bool = False) -> None:
        super().__init__(exists=exists, dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; raises BadParameter, also where it is empty."""
        if value == "":
            self.fail("it must not be empty; name a file", param, ctx)
        return super().convert(value, param, ctx)


as_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON, for programs.")
project = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The bot's folder (default: here).",
)
store = click.option(
    "--store",
    metavar="URL",
    type=PlainText(),
    default=None,
    help="Where conversations are kept (an SQLAlchemy URL).",
)
