"""The sender sent to an action server: a channel's own user, as in Rasa, and for a customer the conversation."""

from __future__ import annotations

from pathlib import Path

from bot.messages import Customer, Principal, UserMessage
from tests.action_server.conftest import ActionServer
from tests.action_server.test_rasa_sdk import chat_with


async def test_sender_of_a_channel_is_sent_as_sender_id(tmp_path: Path, server: ActionServer) -> None:
    async with chat_with(tmp_path, server.url) as chat:
        await chat.say("/follow")
        [call] = server.calls
        assert (call["sender_id"], call["tracker"]["sender_id"]) == ("ann", "ann")


async def test_conversation_of_a_customer_is_sent_as_sender_id(tmp_path: Path, server: ActionServer) -> None:
    customer = Principal("customer", "customer:1", Customer("1", "cust-1"), login="1")
    async with chat_with(tmp_path, server.url) as chat:
        bot = chat.bot
        conversation = await bot.engine.store.conversation_id(customer.id, "rest", "")
        message = UserMessage("/follow", conversation, "m-1", chat.now[0], customer, "rest")
        await bot.engine.handle(message)
        [call] = server.calls
        assert (call["sender_id"], call["tracker"]["sender_id"]) == (conversation, conversation)
