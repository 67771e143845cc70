"""The messages of one webhook request: answered, or stored and answered later, each in its own turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeAlias
from weakref import WeakValueDictionary

from bot.channels.channel import Said
from bot.engine.engine import Answers
from bot.engine.polling import AT_ONCE
from bot.errors import Busy, MessageIdReused
from bot.messages import JsonObject, UserMessage
from bot.server.messages import user_message
from bot.server.problems import Problem, problem_of
from bot.server.routing import Call
from bot.server.text import clean

_Handle: TypeAlias = Callable[[Sequence[int], AsyncExitStack], Awaitable[None]]


class SenderLocks:
    """A lock per sender, held while one request's messages are queued, so that no later request's come between."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, sender: str) -> asyncio.Lock:
        """The sender's lock; it wakes waiters in order of arrival, and is discarded when unused."""
        return self._locks.setdefault(sender, asyncio.Lock())


class Batch:
    """The messages of one request, those of one sender with nothing between them.

    One that can never be answered does not fail the others, or the platform would resend them all indefinitely. A
    temporary failure fails the request; its messages are answered when it is repeated.
    """

    def __init__(self, call: Call, channel: str, received: Sequence[Said]) -> None:
        self._call = call
        self._channel = channel
        self._received = [said for said in received if clean(said.text)]
        self._replies: dict[int, Sequence[JsonObject]] = {}
        self._refusals: list[Exception] = []
        self._accepted: set[int] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._taking_all_places = asyncio.Lock()

    async def answered(self, locks: SenderLocks) -> list[tuple[Said, Sequence[JsonObject]]]:
        """The answered messages with their replies; raises the first refusal if all were refused."""
        await self._each_sender(locks, self._answer)
        if self._refusals and not self._replies:
            raise self._refusals[0]
        return [(self._received[number], replies) for number, replies in sorted(self._replies.items())]

    async def accept(self, locks: SenderLocks) -> None:
        """Store the messages that can be answered, to be answered in the background.

        Those that never can be are only logged, as the platform could do nothing about them.
        """
        await self._each_sender(locks, self._accept)

    async def _each_sender(self, locks: SenderLocks, handle: _Handle) -> None:
        """Take each sender's messages, the senders concurrently."""
        by_sender: dict[str, list[int]] = {}
        for number, said in enumerate(self._received):
            by_sender.setdefault(said.sender, []).append(number)
        handling = [self._handle_sender(locks.of(sender), handle, numbers) for sender, numbers in by_sender.items()]
        for failure in await asyncio.gather(*handling, return_exceptions=True):
            if failure is not None:
                raise failure

    async def _handle_sender(self, lock: asyncio.Lock, handle: _Handle, numbers: Sequence[int]) -> None:
        """Take one sender's messages; if there was no room for them, once more without the other senders."""
        async with AsyncExitStack() as held:
            await held.enter_async_context(lock)
            try:
                async with self._places:
                    await handle(numbers, held)
            except Busy:
                async with self._alone():
                    await handle(numbers, held)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Hold all places. They become free: their holders wait only for the engine, never for other requests."""
        async with self._taking_all_places, AsyncExitStack() as places:
            for _ in range(AT_ONCE):
                await places.enter_async_context(self._places)
            yield

    async def _answer(self, numbers: Sequence[int], held: AsyncExitStack) -> None:
        """Answer one sender's messages, and record each one's replies or refusal."""
        messages: dict[int, UserMessage] = {}
        for number in numbers:
            message = await self._message(self._received[number])
            if message is not None:
                messages[number] = message
        answers = await self._engine_answers(list(messages.values()), held) if messages else []
        for number, answer in zip(messages, answers, strict=True):
            if isinstance(answer, MessageIdReused):
                self._refuse(answer)
            else:
                self._replies[number] = answer.replies

    async def _engine_answers(self, messages: Sequence[UserMessage], held: AsyncExitStack) -> Answers:
        """The engine's answers. The lock is released once the messages are in its queue, which keeps their order."""
        handling = asyncio.create_task(self._call.parts.engine.handle_all(messages))
        await asyncio.sleep(0)  # its first step takes a place in the queue, or finds none
        if not handling.done():
            await held.aclose()
        return await handling

    async def _accept(self, numbers: Sequence[int], _held: AsyncExitStack) -> None:
        """Store one sender's messages, except those that were stored before there was no room."""
        for number in numbers:
            if number in self._accepted:
                continue
            message = await self._message(self._received[number])
            if message is not None:
                await self._accept_message(message)
            self._accepted.add(number)

    async def _accept_message(self, message: UserMessage) -> None:
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
