"""The turn store of workers that share a PostgreSQL database: a lease with a fencing number per conversation."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from msgspec.structs import replace

from bot.engine.protocols import Loaded, TurnCommit
from bot.errors import ConversationGone, StoreUnavailable
from bot.sources import Sources
from bot.stores import leases
from bot.stores.connection import Connection
from bot.stores.database import Database
from bot.stores.dialects import Postgres
from bot.stores.leases import Asked, Held, Refused
from bot.stores.notices import Notices
from bot.stores.turns import SqlTurns


class PostgresTurns(SqlTurns):
    """Conversations and their turns in PostgreSQL, shared by any number of workers on any number of machines."""

    _write = staticmethod(leases.commit)

    def __init__(
        self, database: Database, sources: Sources, *, lease: float = 3.0, poll: float = 0.25, patience: float = 10.0
    ) -> None:
        """`lease`: seconds for which a dead worker blocks the conversation it was working on; a live one renews it.

        `poll`: seconds after which a waiter checks by itself, in case it missed a notice. `patience`: seconds
        after which a waiter gives up (StoreUnavailable).
        """
        super().__init__(database, sources)
        assert isinstance(database.dialect, Postgres)
        self._lease = lease
        self._poll = poll
        self._patience = patience
        self._notices = Notices(database.dialect.conninfo, leases.CHANNEL, database.tell_failed)
        self._held: dict[str, Held] = {}
        self._renewal: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def hold(self, conversation: str, message_id: str | None = None) -> AsyncIterator[int]:
        """Hold the conversation against all workers; yields the fencing number.

        What `load` returns for this message is fetched with it. Raises
        StoreUnavailable if another worker does not let go in time.
        """
        held = await self._acquire(conversation, message_id)
        self._held[conversation] = held
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._renew())
        try:
            yield held.fence
        finally:
            if self._held.get(conversation) is held:
                del self._held[conversation]
                await self._release(conversation, held.fence)

    async def load(self, conversation: str, message_id: str | None = None) -> Loaded:
        """The conversation's snapshot, with the message of this id if it came before."""
        held = self._held.get(conversation)
        if held is not None and held.loaded is not None and held.message_id == message_id:
            loaded, held.loaded = held.loaded, None  # true when the lease was taken: good for one use
            return loaded
        return await super().load(conversation, message_id)

    async def commit(self, commit: TurnCommit) -> None:
        """Make one turn durable and end its lease; raises SequenceConflict if another was first."""
        await super().commit(commit)
        held = self._held.get(commit.conversation)
        if held is not None and held.fence == commit.fence:
            del self._held[commit.conversation]

    async def close(self) -> None:
        """Stop listening for other workers, and let the leases expire."""
        if self._renewal is not None:
            self._renewal.cancel()
        await self._notices.close()

    async def _acquire(self, conversation: str, message_id: str | None = None) -> Held:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        asked = Asked(conversation, message_id, self._sources.new_id())
        answer = await self._ask(asked)
        while isinstance(answer, Refused):
            if loop.time() > until:
                raise StoreUnavailable("another worker is busy with this conversation")
            async with self._notices.expected(conversation) as released:
                answer = await self._ask(replace(asked, met_lock=answer is Refused.LOCKED))
                if isinstance(answer, Refused):
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._poll):
                            await released.wait()
        return answer

    async def _ask(self, asked: Asked) -> Held | Refused:
        try:
            return await self.database.note_together(self._ask_together, asked, order=asked.conversation)
        except KeyError:
            self._forget(asked.conversation)
            raise ConversationGone from None

    def _ask_together(self, connection: Connection, asked: Sequence[Asked]) -> Sequence[Held | Refused | KeyError]:
        return leases.take(connection, asked, self._lease)

    async def _release(self, conversation: str, fence: int) -> None:
        with contextlib.suppress(StoreUnavailable):  # it expires by itself
            await self.database.note(lambda c: leases.release(c, conversation, fence), order=conversation)

    async def _renew(self) -> None:
        """Keep renewing the leases of slow turns."""
        while True:
            await asyncio.sleep(self._lease / 3)
            fences = {conversation: held.fence for conversation, held in self._held.items()}
            if fences:
                try:
                    await self.database.note(partial(leases.renew, fences=fences, seconds=self._lease))
                except StoreUnavailable:  # which the store reports
                    continue
                except Exception as error:  # the next renewal may succeed
                    self.database.tell_failed("renewing leases", error)
