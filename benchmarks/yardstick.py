"""The yardstick: the least that a durable chat server must do, and nothing else.

A bare aiohttp server that checks a bearer token (one indexed read), takes the conversation's lock, and makes one pair
of rows durable by group commit. With `--bank` it also makes one httpx call to the bank in each turn; with `--dataset`
it reads and writes in the way that `dataset` and SQLAlchemy document, instead of with the bare `sqlite3` module. The
bot is compared with it in the same run: `benchmarks/turns.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import queue
import sqlite3
import threading
from pathlib import Path

import dataset
import httpx
import orjson
import sqlalchemy
import uvloop
from aiohttp import web


class Rows:
    """One writer thread that commits whatever is waiting, and one connection for reading."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._queue: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Future[None], tuple, tuple]] = (
            queue.SimpleQueue()
        )
        self._reader = self._connect()
        self._reader.executescript(
            "CREATE TABLE IF NOT EXISTS turns (conversation TEXT, seq INTEGER, record BLOB,"
            " PRIMARY KEY (conversation, seq));"
            "CREATE TABLE IF NOT EXISTS inbox (conversation TEXT, id TEXT, reply BLOB, PRIMARY KEY (conversation, id));"
            "CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, customer TEXT);"
        )
        threading.Thread(target=self._write, daemon=True).start()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def customer(self, token: str) -> str | None:
        """The customer that the token belongs to."""
        row = self._reader.execute("SELECT customer FROM sessions WHERE token = ?", (token,)).fetchone()
        return row[0] if row else None

    def add_session(self, token: str, customer: str) -> None:
        """Accept the token from now on."""
        self._reader.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?)", (token, customer))

    def commit(self, turn: tuple, inbox: tuple) -> asyncio.Future[None]:
        """Make a pair of rows durable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._queue.put((loop, future, turn, inbox))
        return future

    def _write(self) -> None:
        connection = self._connect()
        while True:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            self._insert(connection, [turn for _, _, turn, _ in batch], [inbox for _, _, _, inbox in batch])
            batch[0][0].call_soon_threadsafe(_settle, [future for _, future, _, _ in batch])

    def _insert(self, connection: sqlite3.Connection, turns: list[tuple], inbox: list[tuple]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO turns VALUES (?, ?, ?)", turns)
        connection.executemany("INSERT INTO inbox VALUES (?, ?, ?)", inbox)
        connection.execute("COMMIT")


class DatasetRows(Rows):
    """The same, through dataset's engine."""

    def __init__(self, file: Path) -> None:
        pragmas = ["PRAGMA synchronous=FULL"]
        self._database = dataset.connect(f"sqlite:///{file}", on_connect_statements=pragmas)
        super().__init__(file)
        self._near = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._tables = [self._database[name].table for name in ("turns", "inbox")]

    def customer(self, token: str) -> str | None:
        """The customer that the token belongs to."""
        asked = sqlalchemy.text("SELECT customer FROM sessions WHERE token = :token")
        row = self._near.execute(asked, {"token": token}).first()
        return row[0] if row else None

    def _insert(self, connection: sqlite3.Connection, turns: list[tuple], inbox: list[tuple]) -> None:
        with self._database.engine.begin() as transaction:
            for table, rows in zip(self._tables, (turns, inbox), strict=True):
                names = table.columns.keys()
                transaction.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in rows])


def _settle(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def make_app(rows: Rows, bank: str | None, bank_token: str) -> web.Application:
    """The server."""
    locks: dict[str, asyncio.Lock] = {}
    counts: dict[str, int] = {}
    client = httpx.AsyncClient(trust_env=False)

    async def chat(request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        customer = rows.customer(hashlib.sha256(token.encode()).hexdigest())
        if customer is None:
            raise web.HTTPUnauthorized
        body = orjson.loads(await request.read())
        async with locks.setdefault(customer, asyncio.Lock()):
            seq = counts[customer] = counts.get(customer, 0) + 1
            text = body["message"]
            if bank is not None:
                answer = await client.get(bank, headers={"Authorization": f"Bearer {bank_token}"})
                text = str(len(answer.json()["Data"]))
            reply = orjson.dumps({"replies": [{"text": text}], "turn": seq})
            await rows.commit((customer, seq, orjson.dumps(body)), (customer, body["messageId"], reply))
        return web.Response(body=reply, content_type="application/json")

    app = web.Application()
    app.router.add_post("/chat", chat)
    return app


async def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--tokens", type=Path, required=True, help="a JSON list of bearer tokens")
    parser.add_argument("--bank", help="a URL to call in each turn")
    parser.add_argument("--bank-token", default="")
    parser.add_argument("--dataset", action="store_true", help="read and write through dataset's engine")
    given = parser.parse_args()
    rows = (DatasetRows if given.dataset else Rows)(given.file)
    for index, token in enumerate(orjson.loads(given.tokens.read_bytes())):
        rows.add_session(hashlib.sha256(token.encode()).hexdigest(), f"customer-{index}")
    runner = web.AppRunner(make_app(rows, given.bank, given.bank_token), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", given.port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
