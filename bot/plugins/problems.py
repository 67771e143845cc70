"""What is wrong with a plugin, in a form that knows its place and its cure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from bot.errors import PluginError

Report: TypeAlias = Callable[[PluginError], None]
"""Is told of everything that is wrong with a plugin, and may raise it."""


class PluginProblem(PluginError):
    """`what` is wrong, and what to write instead.

    `code` is the function that is wrong, `file` (relative to the project) the
    module, `named` the plugin's name in config.yml where it is named there.
    """

    def __init__(
        self, what: str, cure: str = "", *, code: object = None, file: str | None = None, named: str | None = None
    ) -> None:
        super().__init__(f"{what}{'. ' if cure[:1].isupper() else '; '}{cure}" if cure else what)
        self.what = what
        self.cure = cure[:1].upper() + cure[1:] + ("" if cure.endswith(("?", ".")) or not cure else ".")
        self.named = named
        self.file = file
        self.place = _place_of(code)

    def caused_by(self, error: BaseException) -> PluginProblem:
        """The same, with what it comes from."""
        self.__cause__ = error
        return self


def raise_it(error: PluginError) -> NoReturn:
    """Stop at the first thing that is wrong."""
    raise error


def _place_of(code: Any) -> tuple[Path, int] | None:
    """File and line of a function."""
    compiled = getattr(getattr(code, "__wrapped__", code), "__code__", None)
    return (Path(compiled.co_filename), compiled.co_firstlineno) if compiled else None
