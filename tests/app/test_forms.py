"""Forms in a whole bot."""

from __future__ import annotations

from pathlib import Path

from bot.app.opening import open_bot
from bot.app.projects import load_project
from bot.engine.codec import read_record
from bot.messages import Principal, UserMessage
from bot.reading.template import write_template


async def test_form_asks_again_when_its_intent_is_repeated(tmp_path: Path) -> None:
    write_template(tmp_path / "bakery")
    async with open_bot(load_project(tmp_path / "bakery")) as running:
        principal = Principal("key", "key:test")
        conversation = await running.engine.store.conversation_id(principal.id, "key", "ann")

        async def say(text: str) -> list[dict[str, object]]:
            message = UserMessage(text, conversation, running.sources.new_id(), running.sources.now(), principal)
            return list((await running.engine.handle(message)).replies)

        first = await say("I want to order a cake")
        assert first
        assert await say("I want to order a cake") == first[-1:]
        [turn] = await running.engine.store.turns(conversation, after=1)
        assert [step.action for step in read_record(turn.record).steps] == ["order_form", "order_form", "action_listen"]
