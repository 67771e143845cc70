"""Problems with plugins, each with its place and a fix."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stdout, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn, TypeAlias, cast

from bot.errors import PLUGIN_FAILURES, BotError, PluginError

_FRAMEWORK: Final = Path(__file__).parents[1]

Report: TypeAlias = Callable[[PluginError], None]
"""Called with everything that is wrong with a plugin; may raise it."""


class PluginProblem(PluginError):
    """`what` is wrong, and what to write instead.

    `code` is the function that is wrong (or several: the first with a known place is used), `file` (relative to the
    project) the module, `named` the plugin's name in config.yml, if it is named there.
    """

    def __init__(
        self, what: str, cure: str = "", *, code: object = None, file: str | None = None, named: str | None = None
    ) -> None:
        between = ". " if cure[:1].isupper() else "; "
        super().__init__(f"{what}{between}{cure}" if cure else what)
        self.what = what
        self.cure = _sentence(cure)
        self.named = named
        self.file = file
        self.place = _place_of(code)

    def caused_by(self, error: BaseException) -> PluginProblem:
        """Set the cause and return self."""
        self.__cause__ = error
        return self


def _sentence(text: str) -> str:
    """The text with a capital letter and a full stop; an empty one stays empty."""
    if not text:
        return ""
    end = "" if text.endswith(("?", ".")) else "."
    return f"{text[0].upper()}{text[1:]}{end}"


class _UncloseableStderr:
    """Standard error in place of standard output; it cannot be closed."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)

    def close(self) -> None:
        """Do nothing: the stream is not the plugin's to close."""


@contextmanager
def contained() -> Iterator[None]:
    """Run code of a plugin that is being loaded: restore the working directory, and print to standard error.

    Programs may read our standard output.
    """
    with redirect_stdout(cast(Any, _UncloseableStderr())), chdir("."):
        yield


@contextmanager
def failing_as(what: str, named: str) -> Iterator[None]:
    """Turn what a plugin's code raises into a PluginProblem that begins with `what`; our own errors pass unchanged."""
    try:
        with contained():
            yield
    except BotError:
        raise
    except PLUGIN_FAILURES as error:
        raise PluginProblem(f"{what}: {described(error)}", "fix this line", named=named) from error


def described(error: BaseException) -> str:
    """Return the type of an error and its message."""
    return f"{type(error).__name__}: {error}"


def raise_it(error: PluginError) -> NoReturn:
    """Raise the error: stop at the first one."""
    raise error


def _place_of(code: Any) -> tuple[Path, int] | None:
    """Return file and line of a frame, function, class or instance; of several, the first outside the framework."""
    if isinstance(code, tuple):
        places = (place for place in map(_place_of, code) if place is not None)
        return next(((file, line) for file, line in places if _FRAMEWORK not in file.parents), None)
    if isinstance(code, FrameType):
        return Path(code.f_code.co_filename), code.f_lineno
    code = getattr(code, "callback", None) or code  # a click command's
    function = inspect.unwrap(code) if callable(code) else code
    compiled = getattr(function, "__code__", None)
    if compiled:
        return Path(compiled.co_filename), compiled.co_firstlineno
    kind = code if inspect.isclass(code) else type(code)
    if kind.__module__ == "builtins":
        return None
    with suppress(OSError, TypeError):
        return Path(inspect.getfile(kind)), inspect.getsourcelines(kind)[1]
    return None
