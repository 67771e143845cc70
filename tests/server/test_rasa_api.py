"""Rasa's HTTP API on a real, small bot: what its clients send, and the trackers they get."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bot.app.projects import load_project

from .conftest import PROJECT, Running


@dataclass
class Api:
    client: TestClient[Any, Any]
    headers: dict[str, str]

    async def __call__(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        sent = {} if body is None else {"json": body}
        answer = await self.client.request(method, path, headers=self.headers, **sent)
        assert answer.status == status, await answer.text()
        return await (answer.json() if "json" in answer.content_type else answer.text())

    async def say(self, text: str, sender: str = "u1") -> list[str]:
        replies = await self("POST", "/webhooks/rest/webhook", {"sender": sender, "message": text})
        return [reply["text"] for reply in replies]


@pytest.fixture
async def api(real: Running) -> Api:
    return Api(real.client, await real.key("channel", "operator"))


def filled(tracker: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tracker["slots"].items() if value is not None}


def names(tracker: dict[str, Any]) -> list[str]:
    return [event.get("name") or event.get("text") or event["event"] for event in tracker["events"]]


async def test_a_conversation_and_its_tracker(api: Api) -> None:
    assert await api.say("hello", "u-tracker") == ["Hello!"]
    assert await api.say("my colour is blue", "u-tracker") == ["You like blue."]
    assert await api.say("goodbye now", "u-tracker") == ["Bye!", "See you."]
    tracker = await api("GET", "/conversations/u-tracker/tracker")
    assert (tracker["sender_id"], filled(tracker)) == ("u-tracker", {"colour": "blue"})
    assert tracker["latest_message"]["intent"]["name"] == "bye"
    assert (tracker["latest_action_name"], tracker["paused"], tracker["active_loop"]) == ("action_listen", False, {})
    assert tracker["latest_input_channel"] == "rest"
    assert tracker["events"][0]["name"] == "action_session_start"
    times = [event["timestamp"] for event in tracker["events"]]
    assert times == sorted(times)
    nothing = await api("GET", "/conversations/u-tracker/tracker?include_events=NONE")
    assert nothing["events"] is None
    then = await api("GET", f"/conversations/u-tracker/tracker?until={times[0]}")
    assert filled(then) == {}
    everything = await api("GET", "/conversations/u-tracker/tracker?include_events=ALL")
    assert names(everything) == names(tracker)


async def test_another_key_s_sender_is_another_conversation(api: Api) -> None:
    await api.say("my colour is red", "u-mine")
    assert filled(await api("GET", "/conversations/u-mine/tracker")) == {"colour": "red"}
    assert (await api("GET", "/conversations/nobody/tracker"))["events"] == []


async def test_parsing_and_the_domain(api: Api) -> None:
    parsed = await api("POST", "/model/parse", {"text": "my colour is green", "message_id": "x", "more": 1})
    assert (parsed["intent"]["name"], parsed["text"], parsed["message_id"]) == (
        "tell_colour",
        "my colour is green",
        "x",
    )
    assert parsed["entities"][0] | {"extractor": None, "confidence_entity": None} == {
        "entity": "colour",
        "value": "green",
        "start": 13,
        "end": 18,
        "extractor": None,
        "confidence_entity": None,
    }
    assert parsed["intent_ranking"][0]["name"] == "tell_colour"
    domain = await api("GET", "/domain")
    assert {"greet", "bye", "tell_colour"} <= {i if isinstance(i, str) else next(iter(i)) for i in domain["intents"]}


async def test_events_are_appended_and_replaced(api: Api) -> None:
    await api.say("hello", "u-events")
    tracker = await api(
        "POST", "/conversations/u-events/tracker/events", [{"event": "slot", "name": "colour", "value": "pink"}]
    )
    assert filled(tracker) == {"colour": "pink"}
    tracker = await api("POST", "/conversations/u-events/tracker/events", {"event": "pause"})
    assert tracker["paused"]
    assert await api.say("hello", "u-events") == []
    tracker = await api(
        "PUT",
        "/conversations/u-events/tracker/events",
        [{"event": "action", "name": "action_session_start"}, {"event": "action", "name": "action_listen"}],
    )
    assert (tracker["paused"], names(tracker)) == (False, ["action_session_start", "action_listen"])
    assert await api.say("hello", "u-events") == ["Hello!"]
    for wrong in ({"event": "no-such"}, {"event": "slot"}, [{"event": "user", "parse_data": 7}]):
        await api("POST", "/conversations/u-events/tracker/events", wrong, status=400)


async def test_noting_predicting_and_executing_step_by_step(api: Api) -> None:
    tracker = await api("POST", "/conversations/u-steps/messages", {"text": "hello", "sender": "user"})
    assert tracker["latest_message"]["intent"]["name"] == "greet"
    prediction = await api("POST", "/conversations/u-steps/predict")
    best = max(prediction["scores"], key=lambda score: score["score"])
    assert (best["action"], prediction["policy"]) == ("utter_greet", "RulePolicy")
    done = await api("POST", "/conversations/u-steps/execute", {"name": "utter_greet", "policy": "RulePolicy"})
    assert done["messages"] == [{"recipient_id": "u-steps", "text": "Hello!"}]
    assert done["tracker"]["latest_action_name"] == "utter_greet"
    await api("POST", "/conversations/u-steps/execute", {"name": "no_such_action"}, status=404)
    await api("POST", "/conversations/u-steps/messages", {"text": "hello", "sender": "bot"}, status=400)


async def test_an_intent_that_nobody_typed(api: Api) -> None:
    done = await api(
        "POST", "/conversations/u-intent/trigger_intent", {"name": "tell_colour", "entities": {"colour": "grey"}}
    )
    assert [message["text"] for message in done["messages"]] == ["You like grey."]
    await api("POST", "/conversations/u-intent/trigger_intent", {"name": "no_such_intent"}, status=404)


async def test_the_conversation_as_a_story_can_be_read_again(api: Api, tmp_path: Path) -> None:
    await api.say('hello "you": #1', "u-story")
    await api.say("my colour is blue", "u-story")
    story = await api("GET", "/conversations/u-story/story")
    assert "- intent: greet\n    user: 'hello \"you\": #1'" in story
    assert "- action: utter_colour" in story
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "data" / "told.yml").write_text(story, encoding="utf-8")
    assert any(s.name == "u-story" for s in load_project(tmp_path).content.stories)


async def test_status_and_metrics_count_the_turns(api: Api) -> None:
    await api.say("hello", "u-status")
    status = await api("GET", "/status")
    assert (status["turns"], status["activeSessions"], status["readiness"]) == (1, 0, "ready")
    metrics = await api("GET", "/metrics")
    assert 'bot_turns_total{outcome="committed"} 1.0' in metrics
    for name in ("bot_matcher_seconds", "bot_action_seconds", "bot_store_commit_seconds", "bot_http_request_seconds"):
        assert f"{name}_count" in metrics
    assert 'action="utter_greet"' in metrics
    assert "action_listen" not in metrics, "listening does nothing"
