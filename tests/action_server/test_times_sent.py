"""Every event that is sent carries the time at which it happened."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.action_server.conftest import ActionServer
from tests.action_server.test_rasa_sdk import chat_with


async def test_events_are_sent_with_the_times_of_their_turns(tmp_path: Path, server: ActionServer) -> None:
    async with chat_with(tmp_path, server.url) as chat:
        begin = chat.now[0]
        for text in ("/follow", "/order"):
            await chat.say(text)
            chat.now[0] += timedelta(minutes=30)
    async with chat_with(tmp_path, server.url, begin + timedelta(minutes=60)) as chat:
        await chat.say("large")
    tracker = server.calls[-1]["tracker"]
    minutes = [(event["timestamp"] - begin.timestamp()) / 60 for event in tracker["events"]]
    spoken = [at for at, event in zip(minutes, tracker["events"], strict=True) if event["event"] == "user"]
    assert spoken == [0, 30, 60]
    assert minutes == sorted(minutes)
    assert set(minutes) == {0, 30, 60}
    assert tracker["latest_event_time"] == tracker["events"][-1]["timestamp"]
