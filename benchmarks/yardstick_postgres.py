"""The yardstick on PostgreSQL: the least that a durable chat server must do there, and nothing else.

A bare aiohttp server whose turn is one call of one SQL function over one of 16 pooled connections: the bearer token,
the conversation's next number (which locks its row) and the two rows of a turn in a single round trip and a single
transaction, which commits to disk; nothing is batched. The bot is compared with it in the same run:
`benchmarks/postgres.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import benchmarks.missing  # noqa: F401 - it reports which of the following imports is missing

# isort: split
import orjson
import psycopg
import uvloop
from aiohttp import web

CONNECTIONS = 16
TABLES = """
    CREATE TABLE yard_sessions (token TEXT PRIMARY KEY, customer TEXT NOT NULL, seq INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE yard_turns (customer TEXT, seq INTEGER, record BYTEA NOT NULL, PRIMARY KEY (customer, seq));
    CREATE TABLE yard_inbox (customer TEXT, id TEXT, reply BYTEA NOT NULL, PRIMARY KEY (customer, id));
    CREATE FUNCTION yard_turn(the_token TEXT, id TEXT, record BYTEA, reply BYTEA) RETURNS INTEGER LANGUAGE plpgsql AS $$
    DECLARE the_customer TEXT; number INTEGER;
    BEGIN
        UPDATE yard_sessions SET seq = seq + 1 WHERE token = the_token
            RETURNING customer, seq INTO the_customer, number;
        IF number IS NOT NULL THEN
            INSERT INTO yard_turns VALUES (the_customer, number, record);
            INSERT INTO yard_inbox VALUES (the_customer, id, reply);
        END IF;
        RETURN number;
    END $$;
"""


class Pool:
    """A few connections, used in turn."""

    def __init__(self) -> None:
        self._free: asyncio.Queue[psycopg.AsyncConnection] = asyncio.Queue()

    async def open(self, conninfo: str) -> None:
        """Connect."""
        for _ in range(CONNECTIONS):
            connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True, prepare_threshold=0)
            self._free.put_nowait(connection)

    @asynccontextmanager
    async def connection(self):
        """A free connection for the duration of the block."""
        connection = await self._free.get()
        try:
            yield connection
        finally:
            self._free.put_nowait(connection)


def make_app(pool: Pool) -> web.Application:
    """The server."""

    async def chat(request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        text = await request.read()
        body = orjson.loads(text)
        reply = orjson.dumps({"replies": [{"text": body["message"]}]})
        values = (hashlib.sha256(token.encode()).hexdigest(), body["messageId"], text, reply)
        async with pool.connection() as connection:
            row = await (await connection.execute("SELECT yard_turn(%s, %s, %s, %s)", values)).fetchone()
        if row is None or row[0] is None:
            raise web.HTTPUnauthorized
        return web.Response(body=reply, content_type="application/json")

    app = web.Application()
    app.router.add_post("/chat", chat)
    return app


async def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True, help="a libpq connection string or URL")
    parser.add_argument("--tokens", type=Path, required=True, help="a JSON list of bearer tokens")
    given = parser.parse_args()
    with psycopg.connect(given.database, autocommit=True) as connection:
        connection.execute(TABLES)
        for index, token in enumerate(json.loads(given.tokens.read_text())):
            digest = hashlib.sha256(token.encode()).hexdigest()
            connection.execute("INSERT INTO yard_sessions VALUES (%s, %s)", (digest, f"customer-{index}"))
    pool = Pool()
    await pool.open(given.database)
    runner = web.AppRunner(make_app(pool), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", given.port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
