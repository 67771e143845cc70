"""Faults to inject into the bank: each strikes requests of its path with its probability, seeded."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

KINDS = (
    "latency",
    "500",
    "503",
    "429",
    "reset",
    "hang",
    "truncated",
    "malformed",
    "wrong_types",
    "other_customer",
    "slow_drip",
)


class Fault(Struct):
    """One fault.

    `path` is a pattern (`*`: any characters) of the request's path, `count` how often it can still strike (None: no
    limit), `seconds` how long latency, hang and drip last and the wait that a 429 or 503 asks for. `when` says whether
    the request is carried out first: `after` loses the answer, not the request.
    """

    kind: str
    path: str = "*"
    method: str = "*"
    probability: float = 1.0
    count: int | None = None
    seconds: float = 1.0
    when: str = "before"
    seed: int = 0


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "kind": lambda v: v in KINDS,
    "path": lambda v: isinstance(v, str) and 0 < len(v) <= 200,
    "method": lambda v: v in ("*", "GET", "POST"),
    "probability": lambda v: _is_number(v) and 0 <= v <= 1,
    "count": lambda v: v is None or (isinstance(v, int) and not isinstance(v, bool) and v > 0),
    "seconds": lambda v: _is_number(v) and 0 <= v <= 600,
    "when": lambda v: v in ("before", "after"),
    "seed": lambda v: isinstance(v, int) and not isinstance(v, bool),
}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def read_fault(spec: Any) -> Fault:
    """The fault that an admin's JSON describes; raises ValueError, naming every wrong key."""
    if not isinstance(spec, dict) or "kind" not in spec:
        raise ValueError(f"a fault is an object with a kind: one of {', '.join(KINDS)}")
    wrong = [str(key) for key, value in spec.items() if key not in _TYPES or not _TYPES[key](value)]
    if wrong:
        raise ValueError(f"these keys are unknown or have a wrong value: {', '.join(sorted(wrong))}")
    return Fault(**spec)


class Faults:
    """The faults that are set, oldest first. At most one strikes a request."""

    def __init__(self) -> None:
        self._set: list[tuple[Fault, random.Random]] = []

    def add(self, fault: Fault) -> None:
        """Add a fault to those that are set."""
        self._set.append((fault, random.Random(fault.seed)))  # noqa: S311 - decides when a fault strikes

    def clear(self) -> None:
        """Remove all faults."""
        self._set.clear()

    def describe(self) -> list[dict[str, Any]]:
        """The faults that are set, as JSON."""
        return [asdict(fault) for fault, _ in self._set]

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, if one does; its count goes down."""
        for fault, chance in self._set:
            fits = fault.method in {"*", method} and fnmatchcase(path, fault.path) and fault.count != 0
            if fits and chance.random() < fault.probability:
                if fault.count is not None:
                    fault.count -= 1
                return fault
        return None
