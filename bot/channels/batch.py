"""The messages of one webhook's request: answered, or kept and answered later, each in a turn of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from weakref import WeakValueDictionary

from bot.channels.channel import Said
from bot.engine.looking import AT_ONCE
from bot.errors import Busy, MessageIdReused
from bot.messages import JsonObject, UserMessage
from bot.server.messages import user_message
from bot.server.problems import Problem, problem_of
from bot.server.routing import Call
from bot.server.text import clean


class Turns:
    """Whose turn it is to have messages kept: those of one request, with nothing of a later one between them."""

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
        self._places = asyncio.Semaphore(AT_ONCE)

    async def answered(self) -> list[tuple[Said, Sequence[JsonObject]]]:
        """What was answered, with its replies; raises a refusal where nothing was."""
        await self._each_sender(self._answer)
        if self._refusals and not self._replies:
            raise self._refusals[0]
        return [(self._received[number], replies) for number, replies in sorted(self._replies.items())]

    async def accept(self, turns: Turns) -> None:
        """Make durable what can be answered, and have it answered in the background.

        What can never be is told in the log alone: nobody at the platform could do anything about it.
        """

        async def accept(numbers: Sequence[int]) -> None:
            async with turns.of(self._received[numbers[0]].sender):
                await self._accept(numbers)

        await self._each_sender(accept)

    async def _each_sender(self, take: Callable[[Sequence[int]], Awaitable[None]]) -> None:
        """Take each sender's messages, side by side."""
        by_sender: dict[str, list[int]] = {}
        for number, said in enumerate(self._received):
            by_sender.setdefault(said.sender, []).append(number)
        outcomes = await asyncio.gather(*map(take, by_sender.values()), return_exceptions=True)
        for numbers, failure in zip(by_sender.values(), outcomes, strict=True):
            if isinstance(failure, Busy):
                await take(numbers)  # there may be room now, without the others
            elif failure is not None:
                raise failure

    async def _answer(self, numbers: Sequence[int]) -> None:
        """Answer one sender's messages, and note what came of each."""
        async with self._places:
            found = [(number, await self._message(self._received[number])) for number in numbers]
            taken = {number: message for number, message in found if message is not None}
            answers = await self._call.parts.engine.handle_all(list(taken.values())) if taken else []
        for number, answer in zip(taken, answers, strict=True):
            if isinstance(answer, MessageIdReused):
                self._refuse(answer)
            else:
                self._replies[number] = answer.replies

    async def _accept(self, numbers: Sequence[int]) -> None:
        async with self._places:
            for number in numbers:
                message = await self._message(self._received[number])
                if message is None:
                    continue
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
