"""What is kept: turns, sessions, keys, throttles, on SQLite or PostgreSQL through `dataset`'s engine.

    Database   reads on a few threads, writes on one, many to a COMMIT (database.py)
    SqlTurns   the engine's TurnStore on a Database (turns.py)

The only room with dataset and SQLAlchemy; both are imported when a database is opened, not before.
"""
