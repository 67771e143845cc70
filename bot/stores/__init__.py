"""Stores turns, sessions, keys and throttles, on SQLite or PostgreSQL through `dataset`'s engine.

    Database   reads on a few threads, writes on one, many writes per COMMIT (database.py)
    SqlTurns   the engine's TurnStore on a Database (turns.py)

The only package that uses dataset and SQLAlchemy; both are imported when a database is opened, not before.
"""
