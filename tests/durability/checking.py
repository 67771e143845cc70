"""Checks what must hold for a store's file whatever happened, with sqlite3 alone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path


def problems_of(file: Path, acknowledged: Sequence[str]) -> list[str]:
    """What is wrong with the store in `file`, given what was acknowledged (`script.converse`'s words)."""
    if not file.exists():
        return ["the store is gone"] if acknowledged else []
    connection = sqlite3.connect(file)
    try:
        return _problems(connection, [json.loads(text) for text in acknowledged])
    except sqlite3.DatabaseError as error:
        # A cut before the first sync leaves no tables; nothing was promised then.
        return [f"unreadable: {error}"] if acknowledged else []
    finally:
        connection.close()


def _problems(connection: sqlite3.Connection, acknowledged: Sequence[dict[str, object]]) -> list[str]:
    problems = [f"integrity: {row[0]}" for row in connection.execute("PRAGMA quick_check") if row[0] != "ok"]
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'turns'").fetchone():
        return [*problems, "the tables are gone"] if acknowledged else problems
    turns: dict[str, list[int]] = {}
    for name, seq, record in connection.execute(
        "SELECT conversation, seq, record FROM turns ORDER BY conversation, seq"
    ):
        turns.setdefault(name, []).append(seq)
        if json.loads(record)["seq"] != seq:
            problems.append(f"turn {seq} has another's record")
    problems += _gaps(connection, turns)
    replies = {(c, s): r for c, s, r in connection.execute("SELECT conversation, seq, reply FROM inbox")}
    if set(replies) != {(name, seq) for name, numbers in turns.items() for seq in numbers}:
        problems.append("turns and answers do not match")
    effects = {row[0] for row in connection.execute("SELECT key FROM effects")}
    for promise in acknowledged:
        if "effect" in promise:
            lost = promise["effect"] not in effects
        else:
            lost = replies.get((promise["conversation"], promise["seq"]), b"").decode() != promise["body"]
        if lost:
            problems.append(f"lost: {promise}")
    return problems


def _gaps(connection: sqlite3.Connection, turns: dict[str, list[int]]) -> list[str]:
    problems = []
    for name, seq, snapshot in connection.execute("SELECT id, seq, snapshot FROM conversations"):
        if turns.get(name, []) != list(range(1, seq + 1)):
            problems.append(f"conversation at {seq} has turns {turns.get(name)}")
        if seq and json.loads(snapshot)["seq"] != seq:
            problems.append(f"conversation at {seq} has another turn's snapshot")
        outgoing = [
            row[0] for row in connection.execute("SELECT id FROM outbox WHERE conversation = ? ORDER BY number", [name])
        ]
        if outgoing != [f"{name}/{number}" for number in range(3, seq + 1, 3)]:
            problems.append(f"conversation at {seq} has outgoing replies {outgoing}")
    return problems
