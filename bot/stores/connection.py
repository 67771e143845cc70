"""One thread's connection to the database: plain SQL with `:name` parameters, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from bot.stores.dialects import Dialect

Row: TypeAlias = Any
"""A named tuple of one result row: `row.balance`, `row[0]`, `name, at = row`."""


class Connection:
    """Runs SQL for one thread. The driver caches prepared statements by SQL text; `statements` counts executions.

    Every method raises Conflict if a constraint is violated, Fault if the
    database fails, and the driver's own error for wrong SQL.
    """

    def __init__(self, raw: Any, dialect: Dialect) -> None:
        self._raw = raw
        self._dialect = dialect
        self._texts: dict[str, str] = {}
        self._row_makers: dict[str, Callable[[Sequence[Any]], Row]] = {}
        self.statements = 0

    def all(self, sql: str, **parameters: Any) -> list[Row]:
        """All rows of a SELECT or a RETURNING, fetched at once, so that no open cursor blocks a checkpoint."""
        cursor = self._execute(sql, parameters)
        rows = cursor.fetchall()
        if not rows:
            return []
        make = self._row_makers.get(sql)
        if make is None:
            make = self._row_makers[sql] = _row_maker([column[0] for column in cursor.description])
        return [make(row) for row in rows]

    def one(self, sql: str, **parameters: Any) -> Row | None:
        """The first row, or None."""
        rows = self.all(sql, **parameters)
        return rows[0] if rows else None

    def run(self, sql: str, **parameters: Any) -> int:
        """Run a statement; return the number of rows it changed."""
        changed: int = self._execute(sql, parameters).rowcount
        return changed

    def many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement once for each of `rows`; return the total number of rows it changed."""
        if not rows:
            return 0
        self.statements += len(rows)
        try:
            return self._dialect.execute_many(self._raw, self._text(sql), rows)
        except self._dialect.errors as error:
            self._raise_fault(error)
            raise

    def begin(self) -> None:
        """Begin a transaction that may write: on SQLite with the write lock, so that what it reads stays current."""
        self.run(self._dialect.begin)

    def tidy(self) -> None:
        """Let the database clean up (SQLite: move the log into the file, which takes a few syncs)."""
        if self._dialect.tidy is not None:
            self.all(self._dialect.tidy)

    def rollback(self) -> None:
        """Roll the transaction back; after some errors SQLite has done so itself."""
        self.statements += 1
        with contextlib.suppress(*self._dialect.errors):
            self._raw.execute("ROLLBACK")

    def cut(self) -> None:
        """Make the current statement fail as if the connection was lost; the one method for other threads."""
        self._dialect.cut(self._raw)

    def close(self) -> None:
        """Close the connection; it may be gone already."""
        with contextlib.suppress(*self._dialect.errors):
            self._raw.close()

    def _execute(self, sql: str, parameters: Mapping[str, Any]) -> Any:
        self.statements += 1
        try:
            return self._raw.execute(self._text(sql), parameters)
        except self._dialect.errors as error:
            self._raise_fault(error)
            raise

    def _raise_fault(self, error: Exception) -> None:
        """Raise the Conflict or Fault that the driver's error means, if any."""
        fault = self._dialect.fault(error)
        try:
            if fault is not None:
                raise fault from error
        finally:
            del fault  # or its traceback would keep this frame, and open cursors with it, in a cycle

    def _text(self, sql: str) -> str:
        text = self._texts.get(sql)
        if text is None:
            text = self._texts[sql] = self._dialect.text(sql)
        return text


def _row_maker(names: Sequence[str]) -> Callable[[Sequence[Any]], Row]:
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc] # the columns are known once the query has run
    make: Callable[[Sequence[Any]], Row] = row._make
    return make
