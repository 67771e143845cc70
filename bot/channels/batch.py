"""The messages of one webhook's request: answered, or kept and answered later, each in a turn of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeAlias
from weakref import WeakValueDictionary

from bot.channels.channel import Said
from bot.engine.engine import Answers
from bot.engine.looking import AT_ONCE
from bot.errors import Busy, MessageIdReused
from bot.messages import JsonObject, UserMessage
from bot.server.messages import user_message
from bot.server.problems import Problem, problem_of
from bot.server.routing import Call
from bot.server.text import clean

_Take: TypeAlias = Callable[[Sequence[int], AsyncExitStack], Awaitable[None]]


class Turns:
    """Whose turn it is to get in line: the messages of one request, with nothing of a later one between them."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, sender: str) -> asyncio.Lock:
        """What to hold meanwhile; it wakes who waits in order of arrival, and is forgotten when nobody does."""
        return self._locks.setdefault(sender, asyncio.Lock())


class Batch:
    """The messages of one request, those of one sender with nothing between them.

    One that can never be answered holds up none of the others: the platform would send them all again, for ever. What
    fails for a while fails the request, and is answered when it is repeated.
    """

    def __init__(self, call: Call, channel: str, received: Sequence[Said]) -> None:
        self._call = call
        self._channel = channel
        self._received = [said for said in received if clean(said.text)]
        self._replies: dict[int, Sequence[JsonObject]] = {}
        self._refusals: list[Exception] = []
        self._kept: set[int] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._again = asyncio.Lock()

    async def answered(self, turns: Turns) -> list[tuple[Said, Sequence[JsonObject]]]:
        """What was answered, with its replies; raises a refusal where nothing was."""
        await self._each_sender(turns, self._answer)
        if self._refusals and not self._replies:
            raise self._refusals[0]
        return [(self._received[number], replies) for number, replies in sorted(self._replies.items())]

    async def accept(self, turns: Turns) -> None:
        """Make durable what can be answered, and have it answered in the background.

        What can never be is told in the log alone: nobody at the platform could do anything about it.
        """
        await self._each_sender(turns, self._accept)

    async def _each_sender(self, turns: Turns, take: _Take) -> None:
        """Take each sender's messages, side by side."""
        by_sender: dict[str, list[int]] = {}
        for number, said in enumerate(self._received):
            by_sender.setdefault(said.sender, []).append(number)
        taking = [self._in_turn(turns.of(sender), take, numbers) for sender, numbers in by_sender.items()]
        for failure in await asyncio.gather(*taking, return_exceptions=True):
            if failure is not None:
                raise failure

    async def _in_turn(self, lock: asyncio.Lock, take: _Take, numbers: Sequence[int]) -> None:
        """Take one sender's messages, and once more without the others where there is no room for them."""
        async with AsyncExitStack() as turn:
            await turn.enter_async_context(lock)
            try:
                async with self._places:
                    await take(numbers, turn)
            except Busy:
                async with self._alone():
                    await take(numbers, turn)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """All places: those who have one wait for the engine alone, who waits for a turn for other requests."""
        async with self._again, AsyncExitStack() as places:
            for _ in range(AT_ONCE):
                await places.enter_async_context(self._places)
            yield

    async def _answer(self, numbers: Sequence[int], turn: AsyncExitStack) -> None:
        """Answer one sender's messages, and note what came of each."""
        found = [(number, await self._message(self._received[number])) for number in numbers]
        taken = {number: message for number, message in found if message is not None}
        answers = await self._handled(list(taken.values()), turn) if taken else []
        for number, answer in zip(taken, answers, strict=True):
            if isinstance(answer, MessageIdReused):
                self._refuse(answer)
            else:
                self._replies[number] = answer.replies

    async def _handled(self, messages: Sequence[UserMessage], turn: AsyncExitStack) -> Answers:
        """What the engine answers. The turn ends once they are in its line, which is bounded and keeps the order."""
        handling = asyncio.create_task(self._call.parts.engine.handle_all(messages))
        await asyncio.sleep(0)  # its first step takes the place in the line, or finds none
        if not handling.done():
            await turn.aclose()
        return await handling

    async def _accept(self, numbers: Sequence[int], _turn: AsyncExitStack) -> None:
        """Make one sender's messages durable, but for those that were before there was no room."""
        for number in numbers:
            if number in self._kept:
                continue
            message = await self._message(self._received[number])
            if message is not None:
                await self._keep(message)
            self._kept.add(number)

    async def _keep(self, message: UserMessage) -> None:
        try:
            await self._call.parts.engine.accept(message)
        except MessageIdReused as error:
            self._refuse(error)

    async def _message(self, said: Said) -> UserMessage | None:
        try:
            return await user_message(
                self._call,
                text=said.text,
                channel=self._channel,
                sender=said.sender,
                message_id=said.message_id,
                metadata=said.metadata,
            )
        except Problem as problem:
            self._refuse(problem)
            return None

    def _refuse(self, error: Exception) -> None:
        problem = problem_of(error)
        code = problem.code if problem else ""
        self._call.parts.log.warning("message_refused", channel=self._channel, problem=code)
        self._refusals.append(error)
