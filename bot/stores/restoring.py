"""Keeps a restore from undoing revocations: a backup does not know what was revoked after it was made."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Set
from pathlib import Path

from msgspec import Struct

_NEWEST = """
    SELECT MAX(was_at), MAX(now_at) FROM (
        SELECT COALESCE(w.last_turn_at, w.created_at) AS was_at, COALESCE(n.last_turn_at, n.created_at) AS now_at
        FROM was.conversations w JOIN main.conversations n ON n.id = w.id
        UNION ALL SELECT w.created_at, n.created_at FROM was.customers w JOIN main.customers n ON n.id = w.id
        UNION ALL SELECT w.created_at, n.created_at FROM was.keys w JOIN main.keys n ON n.id = w.id)"""
"""The latest times of rows that both stores have; a row that only one has may have been erased in the other."""


class Access(Struct, frozen=True):
    """The access rights in a store, by id: when keys were revoked, customers' code hashes, and who is disabled."""

    revoked: Mapping[str, int | None]
    codes: Mapping[str, str]
    disabled: Set[str]


class Restored(Struct, frozen=True):
    """What a restore did besides putting the backup back: the old store's file, if there was one, and counts.

    `unknown`: there was an old store, but its access rights could not be read, so that all is as in the backup.
    `gone` customers are in the backup but were not in the old store: erased, most likely.
    """

    aside: Path | None = None
    sessions: int = 0
    keys: int = 0
    disabled: int = 0
    gone: int = 0
    codes: int = 0
    lost_keys: int = 0
    lost_customers: int = 0
    unknown: bool = False


def access_of(connection: sqlite3.Connection) -> Access:
    """The access rights in this store; raises sqlite3.DatabaseError if it is not a database."""
    revoked = dict(connection.execute("SELECT id, revoked_at FROM keys").fetchall())
    customers = connection.execute("SELECT id, code_hash, disabled FROM customers").fetchall()
    codes = {customer: code for customer, code, _ in customers}
    return Access(revoked, codes, {customer for customer, _, disabled in customers if disabled})


def close_again(connection: sqlite3.Connection, before: Access | None, *, later: bool) -> Restored:
    """End all sessions in a copy of a backup, and carry over revocations from the store `before` it (None: unreadable).

    Revoked keys and disabled customers stay so. If it is the `later` one, its codes are valid, and customers that it
    no longer had come back disabled.
    """
    now = access_of(connection)
    sessions = connection.execute("DELETE FROM sessions").rowcount
    if before is None:
        return Restored(sessions=sessions)
    live_keys = {key for key, at in now.revoked.items() if at is None}
    revoked = [(at, key) for key, at in before.revoked.items() if at is not None and key in live_keys]
    enabled = now.codes.keys() - now.disabled
    disabled = enabled & before.disabled
    gone: Set[str] = set()
    codes: list[tuple[str, str]] = []
    if later:
        gone = enabled - before.codes.keys()
        codes = [(code, customer) for customer, code in before.codes.items() if now.codes.get(customer, code) != code]
    connection.executemany("UPDATE keys SET revoked_at = ? WHERE id = ?", revoked)
    connection.executemany("UPDATE customers SET disabled = 1 WHERE id = ?", [(one,) for one in disabled | gone])
    connection.executemany("UPDATE customers SET code_hash = ? WHERE id = ?", codes)
    return Restored(
        sessions=sessions,
        keys=len(revoked),
        disabled=len(disabled),
        gone=len(gone),
        codes=len(codes),
        lost_keys=sum(at is None and key not in now.revoked for key, at in before.revoked.items()),
        lost_customers=len(before.codes.keys() - now.codes.keys()),
    )


def is_later(before: Path, connection: sqlite3.Connection) -> bool:
    """Whether the old store is at least as recent as the backup; False for one that has no rows in common with it.

    A damaged one counts as later, so that nothing it has revoked is restored by mistake.
    """
    connection.execute("ATTACH ? AS was", (str(before),))
    try:
        was, now = connection.execute(_NEWEST).fetchone()
    except sqlite3.DatabaseError:
        return True
    finally:
        connection.execute("DETACH was")
    return was is not None and bool(was >= now)
