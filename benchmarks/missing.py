"""Imported before modules that only `make test` installs: if one is missing, it is reported in one sentence."""

from __future__ import annotations

import sys
from types import TracebackType


def _report(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, ModuleNotFoundError):
        sys.stderr.write(f"{error}: run `make test` once, which installs what this needs.\n")
    else:
        sys.__excepthook__(kind, error, traceback)


sys.excepthook = _report
