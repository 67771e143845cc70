"""Imported before what only `make test` installs: where that is missing, one says so in a sentence."""

from __future__ import annotations

import sys
from types import TracebackType


def _tell(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, ModuleNotFoundError):
        sys.stderr.write(f"{error}: run `make test` once, which installs what this needs.\n")
    else:
        sys.__excepthook__(kind, error, traceback)


sys.excepthook = _tell
