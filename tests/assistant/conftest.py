"""The whole bank assistant in this process, on Tuesday 3 November 2026: its real content, actions, engine and bank."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from bot import Customer, Principal, Sources, UserMessage
from bot.app.opening import Bot, open_bot
from bot.app.projects import Project, load_project
from bot.config import Logging, Store
from bot.dialogue.events import ActionFailed, SlotSet, UserUttered
from bot.engine.codec import read_record
from bot.engine.record import TurnRecord
from simulator.demo import DEMO_CUSTOMERS

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
SOURCES = Sources(now=lambda: NOW, seed=lambda: 0)
_BANK_IDS = {customer.account_number: customer.bank_customer_id for customer in DEMO_CUSTOMERS}
_numbers = count()


@dataclass(frozen=True)
class Exchange:
    """One message and its results."""

    text: str
    intent: str | None
    actions: tuple[str, ...]
    replies: tuple[dict[str, Any], ...]
    slots: dict[str, Any]
    failed: bool

    @property
    def said(self) -> str:
        """The texts of the replies."""
        return "\n".join(reply.get("text", "") for reply in self.replies)


@dataclass
class Talk:
    """One conversation with the assistant."""

    bot: Bot
    principal: Principal
    sender: str
    exchanges: list[Exchange] = field(default_factory=list)

    async def conversation(self) -> str:
        """The conversation's id."""
        return await self.bot.engine.store.conversation_id(self.principal.id, "rest", self.sender)

    async def say(self, text: str) -> Exchange:
        """Send a message and wait for its answer."""
        store, conversation = self.bot.engine.store, await self.conversation()
        message = UserMessage(text, conversation, f"m-{next(_numbers)}", NOW, self.principal)
        answer = await self.bot.engine.handle(message)
        (turn,) = await store.turns(conversation, after=answer.seq - 1, limit=1)
        record = read_record(turn.record)
        steps = [step.action for step in record.steps]
        actions = tuple(name for name in steps if name not in ("action_listen", "action_session_start"))
        exchange = Exchange(text, _intent(record), actions, tuple(answer.replies), _slots(record), _failed(record))
        self.exchanges.append(exchange)
        return exchange


def talk_to(bot: Bot, account_number: str | None) -> Talk:
    """A new conversation: with a demo customer, or without a login."""
    sender = f"talk-{next(_numbers)}"
    if account_number is None:
        return Talk(bot, Principal("key", f"key:{sender}"), sender)
    customer = Customer(sender, _BANK_IDS[account_number])
    return Talk(bot, Principal("customer", f"customer:{sender}", customer), sender)


def _intent(record: TurnRecord) -> str | None:
    return next((event.parse.intent_name for event in record.events if isinstance(event, UserUttered)), None)


def _failed(record: TurnRecord) -> bool:
    return any(isinstance(event, ActionFailed) for event in record.events)


def _slots(record: TurnRecord) -> dict[str, Any]:
    return {event.name: event.value for event in record.events if isinstance(event, SlotSet)}


def load_assistant(project: Path, data: Path, options: dict[str, Any]) -> Project:
    """The project with a private folder for its data."""
    return load_project(
        project,
        options,
        lambda settings: replace(
            settings, project=data, store=Store(url=f"sqlite:///{data}/teller.db"), logging=Logging(level="error")
        ),
    )


@pytest.fixture(scope="module")
def assistant_project(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return load_assistant(project, tmp_path_factory.mktemp("assistant"), {})


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def assistant(assistant_project: Project) -> AsyncIterator[Bot]:
    async with open_bot(assistant_project, sources=SOURCES) as bot:
        yield bot
