"""Runs the script on a recorded disk.

python -m tests.durability.recording FOLDER SYNCHRONOUS CONVERSATIONS TURNS TIDY_EVERY
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from pathlib import Path

from bot.stores.database import Database
from tests.durability.script import run


async def main(folder: Path, synchronous: str, conversations: int, turns: int, tidy_every: int) -> None:
    recorder = ctypes.CDLL(None)
    database = Database.open(
        "sqlite:///t.db", project=folder, readers=1, synchronous=synchronous, tidy_every=tidy_every
    )

    def mark(text: str) -> None:
        recorder.disk_mark(text.encode())

    await run(database, mark, conversations=conversations, turns=turns)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6])))
