"""What concurrent clients saw, and whether one conversation could have answered them so.

An engine whose every answer counts the turns of its conversation makes a history that is easy to judge: the answers
must be 1, 2, 3, ..., each message's own, and an answer that was out before another message was sent must be smaller
(linearizability: Herlihy and Wing, ACM TOPLAS 12(3), 1990).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.actions.turn import Action, Resources, Turn
from bot.config import Limits, Settings
from bot.content import Content, Domain
from bot.dialogue.events import ActionExecuted, SessionStarted, SlotSet, UserUttered
from bot.dialogue.prediction import Prediction
from bot.dialogue.tracker import Tracker
from bot.engine.agent import Agent
from bot.engine.effects import Effects
from bot.engine.engine import Engine
from bot.engine.lines import Lines, Place
from bot.engine.protocols import TurnStore
from bot.errors import StoreUnavailable
from bot.messages import IntentScore, Parse, Principal, UserMessage
from bot.sources import Sources

KEY = Principal("key", "key:history")
LIMITS = Limits(waiting_per_conversation=10_000, waiting=10_000, turn_seconds=60.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """One message of a client: when it was sent and answered (the same clock), its id, and the answer."""

    sent: float
    answered: float
    message: str
    turn: int
    count: int


def violations(history: Sequence[Seen]) -> list[str]:
    """Why no conversation could have gone so; empty when one could."""
    problems = [f"{s.message}: turn {s.turn} said {s.count}" for s in history if s.turn != s.count]
    of_message: dict[str, int] = {}
    for seen in history:
        of_message.setdefault(seen.message, seen.turn)
    problems += [
        f"{seen.message} was answered by turns {of_message[seen.message]} and {seen.turn}"
        for seen in history
        if of_message[seen.message] != seen.turn
    ]
    turns = sorted(of_message.values())
    if turns != list(range(1, len(turns) + 1)):
        problems.append(f"the turns of {len(of_message)} messages are not 1 to {len(turns)}, each once")
    return problems + _out_of_order(history)


def _out_of_order(history: Sequence[Seen]) -> list[str]:
    """Answers that were out before a message was sent, whose turn is behind that message's first answer."""
    first_sent: dict[str, float] = {}
    for seen in history:
        first_sent[seen.message] = min(seen.sent, first_sent.get(seen.message, seen.sent))
    by_answer = sorted(history, key=lambda seen: seen.answered)
    latest, at, problems = 0, 0, []
    for seen in sorted(history, key=lambda seen: first_sent[seen.message]):
        while at < len(by_answer) and by_answer[at].answered < first_sent[seen.message]:
            latest = max(latest, by_answer[at].turn)
            at += 1
        if seen.turn < latest:
            problems.append(f"{seen.message} became turn {seen.turn} after turn {latest} was answered")
    return problems


class FirstWord:
    """The first word of a message is its intent."""

    def parse(self, text: str, now: datetime) -> Parse:
        score = IntentScore(text.split(maxsplit=1)[0], 1.0)
        return Parse(text, score, (score,))


class OneAction:
    """Predicts `action_<intent>` after a message, and to listen after anything else."""

    max_turns = 3

    def predict(self, tracker: Tracker) -> Prediction:
        last = next(e for e in reversed(tracker.events) if isinstance(e, UserUttered | ActionExecuted))
        action = f"action_{last.parse.intent_name}" if isinstance(last, UserUttered) else "action_listen"
        return Prediction(action, 1.0, "test")


async def _start_session(turn: Turn) -> None:
    turn.emit(SessionStarted())


async def _nothing(turn: Turn) -> None:
    """No slots are filled from messages."""


async def _count(turn: Turn) -> None:
    say_count(turn)


def say_count(turn: Turn, *more: str) -> None:
    """Say how many turns the conversation had, and what more there is to say."""
    number = (turn.slot("count") or 0) + 1
    turn.emit(SlotSet("count", number))
    turn.say_text(" ".join([str(number), *more]))


def counting_engine(
    store: TurnStore,
    sources: Sources,
    *,
    actions: Mapping[str, Action] | None = None,
    effects: Effects | None = None,
    limits: Limits = LIMITS,
) -> Engine:
    """An engine whose answer to `count` is how many turns its conversation had."""
    built_in = {"action_session_start": _start_session, "action_extract_slots": _nothing, "action_count": _count}
    agent = Agent(Content(Domain()), FirstWord(), OneAction(), {**built_in, **(actions or {})}, Resources())
    return Engine(agent, store, effects or Effects(store, {}, sources), Settings(limits=limits), sources)


class Unordered(Lines):
    """Replaces the queues by none: nobody waits, so that all turns run at once."""

    def join(self, conversation: str) -> Place:
        return Place(None, super().join(conversation).leave)


def without_lock(engine: Engine) -> Engine:
    """The engine without its queues."""
    engine._lines = Unordered(LIMITS)
    return engine


async def ask(engine: Engine, conversation: str, message: str, clock: Callable[[], float] = time.monotonic) -> Seen:
    """Send one message, again while the store is unavailable, and note what was seen."""
    sent = clock()
    arrived = datetime(2026, 11, 3, tzinfo=UTC)
    text = UserMessage("count", conversation, message, arrived, KEY, "rest", "u")
    while True:
        with contextlib.suppress(StoreUnavailable):
            answer = await engine.handle(text)
            return Seen(sent, clock(), message, answer.seq, int(answer.replies[0]["text"]))


async def bombard(engines: Sequence[Engine], conversation: str, clients: int, each: int, copies: int = 2) -> list[Seen]:
    """Clients that send `each` messages one after another, each message `copies` times at once to different engines."""

    async def client(number: int) -> list[Seen]:
        seen: list[Seen] = []
        for n in range(each):
            at = number + n
            sending: list[Awaitable[Seen]] = [
                ask(engines[(at + copy) % len(engines)], conversation, f"{number}-{n}") for copy in range(copies)
            ]
            seen += await asyncio.gather(*sending)
        return seen

    return [seen for part in await asyncio.gather(*[client(n) for n in range(clients)]) for seen in part]
