"""Asks whether the store takes writes, before, while and after the disk is full.

    python -m tests.durability.full FOLDER

Prints a JSON list: what each look found.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import json
import sys
from pathlib import Path

from bot.app.opening import store_check
from bot.errors import StoreUnavailable
from bot.stores.database import Database
from tests.durability.disk import WRITTEN

disk = ctypes.CDLL(None)


async def main(folder: Path) -> None:
    """Two looks at each state of the disk."""
    database = Database.open("sqlite:///t.db", project=folder)
    check = store_check(database)

    async def look() -> str:
        try:
            await check()
        except StoreUnavailable:
            return "takes no writes"
        return "ok"

    found = [await look(), await look()]
    disk.disk_fail(1 << WRITTEN, 1, errno.ENOSPC, 1)
    found += [await look(), await look()]
    disk.disk_fail(0, 0, 0, 0)
    found += [await look(), await look()]
    await database.close()
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
