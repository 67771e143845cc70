"""Tables: aligned text for any channel, and a structured payload for channels that can draw one.

The payload, in the reply's `custom`:

    {"type": "table", "title": "…", "columns": [{"title": "Amount", "align": "right"}, …], "rows": [["£1.00", …], …]}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field


class Table(Struct, frozen=True):
    """Rows of text under column titles; the columns named in `right` are right-aligned."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    right: frozenset[str] = field(default=frozenset({"Amount", "Balance", "Available"}))

    def text(self) -> str:
        """The table as aligned lines, without trailing blanks."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[at]) for line in lines) for at in range(len(self.columns))]
        return "\n".join(self._line(line, widths) for line in lines)

    def custom(self) -> dict[str, Any]:
        """The table as a structured payload."""
        columns = [{"title": name, "align": "right" if name in self.right else "left"} for name in self.columns]
        return {"type": "table", "title": self.title, "columns": columns, "rows": [list(row) for row in self.rows]}

    def _line(self, line: tuple[str, ...], widths: Sequence[int]) -> str:
        cells = [
            cell.rjust(width) if name in self.right else cell.ljust(width)
            for cell, name, width in zip(line, self.columns, widths, strict=True)
        ]
        return "  ".join(cells).rstrip()
