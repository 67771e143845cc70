"""Half past midnight in London, which is yesterday in UTC: "today" is the customer's day, for question and bank."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from actions.bank.days import TIMEZONE
from bot import Sources
from bot.app.opening import Bot, open_bot
from bot.app.projects import Project
from tests.assistant.conftest import load_assistant, talk_to

pytestmark = pytest.mark.asyncio(loop_scope="module")

NIGHT = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # 2 July, 00:30, in London


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def at_night(project: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bot]:
    assistant = load_assistant(project, tmp_path_factory.mktemp("night"), {})
    async with open_bot(assistant, sources=Sources(now=lambda: NIGHT, seed=lambda: 0)) as bot:
        yield bot


async def test_assistant_and_grammar_use_the_same_time_zone(assistant_project: Project) -> None:
    pipeline = assistant_project.content.pipeline or ()
    zones = [component.options["timezone"] for component in pipeline if "timezone" in component.options]
    assert zones == [TIMEZONE]


async def test_today_is_the_customers_day_after_midnight(at_night: Bot) -> None:
    talk = talk_to(at_night, "12345678")
    assert "on 2 Jul 2026" in (await talk.say("what did I spend today?")).said
    assert "so far in July 2026" in (await talk.say("what did I spend this month?")).said
    assert "still to come" in (await talk.say("what did I spend tomorrow?")).said


async def test_payment_after_midnight_is_booked_today(at_night: Bot) -> None:
    talk = talk_to(at_night, "12345678")
    await talk.say("send £50 to Anna from my current account")
    assert (await talk.say("yes")).said.startswith("Done:")
    shown = (await talk.say("show my transactions of today on my current account")).said
    assert "2 Jul  Anna Lindqvist" in shown
    assert "Anna" not in (await talk.say("show my transactions of yesterday on my current account")).said
    assert "£50.00 to Anna Lindqvist on 2 Jul 2026" in (await talk.say("how much did I pay Anna today?")).said
