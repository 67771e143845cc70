"""Which calls carry the domain: without it, a validation on Rasa's last open-source SDK (3.6) checks nothing at all.

That SDK never asks for a domain that is missing, as later ones do; this server stands for both.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.action_server.conftest import ActionServer
from tests.action_server.test_rasa_sdk import chat_with


async def test_every_call_carries_the_domain(tmp_path: Path, server: ActionServer) -> None:
    async with chat_with(tmp_path, server.url) as chat:
        await chat.say("/order")
        await chat.say("large")
    assert set(server.sent) == {("validate_order_form", True), ("action_order", True)}
    assert {tuple(call["domain"]["forms"]["order_form"]["required_slots"]) for call in server.calls} == {("size",)}


async def test_selective_domain_is_sent_only_to_actions_that_need_it(tmp_path: Path, server: ActionServer) -> None:
    async with chat_with(tmp_path, server.url, selective=True) as chat:
        await chat.say("/follow")
        await chat.say("/order")
        await chat.say("large")
        await chat.say("/domain")
    needing = {name for name, has_domain in server.sent if has_domain}
    assert needing == {"validate_order_form", "action_needs_domain"}
    assert {name for name, has_domain in server.sent if not has_domain} == {"action_follow", "action_order"}


async def test_missing_domain_is_sent_on_request_and_again_after_a_change(tmp_path: Path, server: ActionServer) -> None:
    server.asks = True
    for day in (3, 4):
        async with chat_with(tmp_path, server.url, datetime(2026, 11, day, tzinfo=UTC), selective=True) as chat:
            await chat.say("/follow")
            await chat.say("/refuse")
        domain = tmp_path / "project/domain.yml"
        domain.write_text(domain.read_text("utf-8").replace("Which size?", "Of which size?"), "utf-8")
    once = [("action_follow", False), ("action_follow", True), ("action_refuse", False)]
    assert server.sent == once + once
