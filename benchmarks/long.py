"""What a turn costs late in a conversation, compared with an early one.

    python benchmarks/long.py [--events 100000]

One customer talks to the bank assistant in this process until the conversation has that many events. Prints the median
time of a turn, the snapshot's size and the SQL statements per turn at several points, and the ratio of the last to the
first, with its goal. As the machine's own speed drifts, the early turns of new conversations are measured at each
point, too.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from itertools import count
from pathlib import Path
from time import perf_counter

from msgspec import Struct
from msgspec.structs import replace

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.load import table  # noqa: E402 - the path is set above
from bot.app.opening import Bot, open_bot  # noqa: E402
from bot.app.projects import load_project  # noqa: E402
from bot.config import Logging, Settings, Store  # noqa: E402
from bot.messages import Customer, Principal, UserMessage  # noqa: E402

TEXTS = ("hello", "thanks", "what can you do?", "are you a bot?")
WINDOW = 200
"""Turns over which a point's median is taken."""

_ids = count()


class Point(Struct, frozen=True):
    """The cost of a turn at some event: seconds, those of young conversations, snapshot bytes, SQL statements."""

    event: int
    seconds: float
    young: float
    snapshot: int
    statements: float


async def turn(bot: Bot, conversation: str, principal: Principal) -> tuple[float, int]:
    """Run one turn; return how long it took (seconds) and the number of its events."""
    number = next(_ids)
    text = TEXTS[number % len(TEXTS)]
    message = UserMessage(text, conversation, f"m-{number}", bot.sources.now(), principal, "chat")
    seen: list[int] = []
    watch = bot.engine.watch
    bot.engine.watch = replace(watch, turn_committed=(lambda record: seen.append(len(record.events)),))
    started = perf_counter()
    await bot.engine.handle(message)
    seconds = perf_counter() - started
    bot.engine.watch = watch
    return seconds, seen[0]


async def measure(bot: Bot, events: int) -> list[Point]:
    """Measure the points up to a number of events."""
    principal = Principal("customer", "customer:1", Customer("1", "x"), login="l")
    conversation = await bot.store.conversation_id(principal.id, "customer", "")
    marks = [mark for mark in (10, 1_000, 10_000, 100_000, 1_000_000) if mark <= events]
    points = []
    happened = 0
    for mark in marks:
        while happened < mark:
            happened += (await turn(bot, conversation, principal))[1]
        before = bot.database.statistics().statements
        late = []
        for _ in range(WINDOW):
            seconds, more = await turn(bot, conversation, principal)
            late.append(seconds)
            happened += more
        statements = (bot.database.statistics().statements - before) / WINDOW
        young = await seconds_of_young(bot, principal, mark)
        size = len((await bot.store.load(conversation)).snapshot or b"")
        points.append(Point(mark, statistics.median(late), statistics.median(young), size, statements))
    return points


async def seconds_of_young(bot: Bot, principal: Principal, mark: int) -> list[float]:
    """How long early turns of new conversations take (seconds); the first turn of each starts a session: left out."""
    young = []
    for index in range(WINDOW // 10):
        conversation = await bot.store.conversation_id(principal.id, "customer", f"{mark}-{index}")
        await turn(bot, conversation, principal)
        young += [(await turn(bot, conversation, principal))[0] for _ in range(9)]
    return young


async def run(events: int) -> str:
    """Measure in a temporary store and format the table."""
    with tempfile.TemporaryDirectory() as scratch:

        def override(settings: Settings) -> Settings:
            return replace(settings, store=Store(url=f"sqlite:///{scratch}/long.db"), logging=Logging(level="error"))

        async with open_bot(load_project(ROOT, override=override)) as bot:
            points = await measure(bot, events)
    rows = [_row(point) for point in points]
    shown = table(("event", "turn ms", "young ms", "ratio", "snapshot bytes", "statements"), rows)
    return f"{shown}\n\nlast / first, each relative to young conversations: {_ratio(points):.2f} (goal: ≤ 1.20)"


def _row(p: Point) -> tuple[object, ...]:
    late, young = f"{p.seconds * 1e3:.2f}", f"{p.young * 1e3:.2f}"
    return (f"{p.event:,}", late, young, f"{p.seconds / p.young:.2f}", p.snapshot, f"{p.statements:.1f}")


def _ratio(points: list[Point]) -> float:
    first, last = points[0], points[-1]
    return (last.seconds / last.young) / (first.seconds / first.young)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    print(asyncio.run(run(parser.parse_args().events)))
