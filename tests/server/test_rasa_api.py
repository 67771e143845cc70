"""Rasa's HTTP API on a real, small bot: what its clients send, and the trackers they get."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bot.app.projects import load_project
from bot.reading.tree import plain, read_yaml
from bot.server.rasa_absent import table

from .conftest import BOTH, PROJECT, Running


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
    """The slots that differ from their initial values."""
    return {name: value for name, value in tracker["slots"].items() if value not in (None, "fine")}


def names(tracker: dict[str, Any]) -> list[str]:
    return [event.get("name") or event.get("text") or event["event"] for event in tracker["events"]]


async def test_tracker_shows_the_conversation(api: Api) -> None:
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


async def test_same_sender_of_another_key_is_another_conversation(api: Api, real: Running) -> None:
    await api.say("my colour is red", "u-mine")
    assert filled(await api("GET", "/conversations/u-mine/tracker")) == {"colour": "red"}
    other = Api(real.client, await real.key("channel", "operator"))
    assert (await other("GET", "/conversations/u-mine/tracker"))["events"] == []


async def test_parse_and_domain_routes_describe_the_bot(api: Api) -> None:
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


async def test_replacing_events_of_a_new_conversation_leaves_only_those(api: Api) -> None:
    listen = {"event": "action", "name": "action_listen"}
    await api("PUT", "/conversations/u-replaced/tracker/events", [listen])
    tracker = await api("GET", "/conversations/u-replaced/tracker?include_events=ALL")
    assert names(tracker) == ["action_listen"]
    tracker = await api("POST", "/conversations/u-appended/tracker/events", [listen])
    assert names(tracker)[0] == "action_session_start"


async def test_message_prediction_and_action_can_be_run_step_by_step(api: Api) -> None:
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


async def test_intent_is_triggered_without_a_message(api: Api) -> None:
    done = await api(
        "POST", "/conversations/u-intent/trigger_intent", {"name": "tell_colour", "entities": {"colour": "grey"}}
    )
    assert [message["text"] for message in done["messages"]] == ["You like grey."]
    await api("POST", "/conversations/u-intent/trigger_intent", {"name": "no_such_intent"}, status=404)


async def test_operator_actions_are_not_shown_as_said_by_the_customer(api: Api, real: Running) -> None:
    customer = await real.login()
    chat = await real.client.post("/chat", json={"message": "EXTERNAL: hello"}, headers=customer)
    conversation = (await chat.json())["conversationId"]
    await api("POST", f"/conversations/{conversation}/execute", {"name": "utter_greet"})
    await api("POST", f"/conversations/{conversation}/trigger_intent", {"name": "greet"})
    await api("POST", f"/conversations/{conversation}/tracker/events", {"event": "bot", "text": "from a colleague"})
    await api("POST", f"/conversations/{conversation}/messages", {"text": "said at the counter", "sender": "user"})
    history = (await (await real.client.get("/chat/history", headers=customer)).json())["messages"]
    assert [m["text"] for m in history if m["role"] == "user"] == ["EXTERNAL: hello", "said at the counter"]
    assert [m["text"] for m in history[-4:-1]] == ["Hello!", "Hello!", "from a colleague"]


async def test_story_of_a_conversation_can_be_loaded_again(api: Api, tmp_path: Path) -> None:
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


async def test_status_and_metrics_count_turns(api: Api) -> None:
    await api.say("hello", "u-status")
    status = await api("GET", "/status")
    assert (status["turns"], status["activeSessions"], status["readiness"]) == (1, 0, "ready")
    metrics = await api("GET", "/metrics")
    assert 'bot_turns_total{outcome="committed"} 1.0' in metrics
    for name in ("bot_matcher_seconds", "bot_action_seconds", "bot_store_commit_seconds", "bot_http_request_seconds"):
        assert f"{name}_count" in metrics
    assert 'action="utter_greet"' in metrics
    assert "action_listen" not in metrics, "listening does nothing"


@pytest.mark.parametrize(
    "parse_data",
    [
        {"entities": [{"entity": "colour", "start": "x"}]},
        {"entities": [{"entity": "colour", "role": 5}]},
        {"response_selector": 5},
        {"nearest": [{"text": 5}]},
        {"nearest": 5},
        {"intent": {"name": "greet", "confidence": True}},
    ],
)
async def test_unreadable_parse_data_is_rejected_and_creates_no_conversation(
    api: Api, real: Running, parse_data: dict[str, Any]
) -> None:
    body = {"text": "hello", "sender": "user", "parse_data": parse_data}
    refused = await api("POST", "/conversations/u-parse/messages", body, status=400)
    assert refused["errors"][0]["pointer"].startswith("/parse_data")
    assert await conversations(real) == 0
    assert await api.say("hello", "u-parse") == ["Hello!"]


async def test_given_parse_data_replaces_the_matchers_parse(api: Api) -> None:
    entity = {"entity": "colour", "value": "red", "start": 0, "end": 3}
    parse_data = {"text": "other", "intent": {"name": "tell_colour", "confidence": 0.5}, "entities": [entity]}
    body = {"text": "red", "sender": "user", "parse_data": parse_data}
    tracker = await api("POST", "/conversations/u-parsed/messages", body)
    latest = tracker["latest_message"]
    assert (latest["text"], latest["intent"]) == ("red", {"name": "tell_colour", "confidence": 0.5})
    assert (latest["entities"], filled(tracker)) == ([entity], {"colour": "red"})


@pytest.mark.parametrize("wrong", [{"role": 5}, {"group": []}, {"start": "x"}, {"entity": 5}])
async def test_unreadable_entity_is_rejected_and_creates_no_conversation(
    api: Api, real: Running, wrong: dict[str, Any]
) -> None:
    body = {"name": "tell_colour", "entities": [{"entity": "colour", "value": "red", **wrong}]}
    await api("POST", "/conversations/u-wrong/trigger_intent", body, status=400)
    assert await conversations(real) == 0
    assert await api.say("my colour is blue", "u-wrong") == ["You like blue."]


async def conversations(real: Running) -> int:
    """How many conversations there are."""
    database = real.parts.database
    return int(await database.read(lambda c: c.one("SELECT COUNT(*) FROM conversations")[0]))  # type: ignore[attr-defined]


@BOTH
async def test_reading_creates_no_conversation(api: Api, real: Running) -> None:
    before = await conversations(real)
    for path in ("tracker", "tracker?until=5"):
        await api("GET", f"/conversations/typo/{path}")
    await api("GET", "/conversations/typo/story", status=404)
    await api("POST", "/conversations/typo/predict", status=404)
    await api("POST", "/conversations/typo/execute", {"name": "utter_greet"}, status=404)
    answer = await real.client.get("/chat/history", headers=await real.login())
    assert await answer.json() == {"messages": [], "before": None, "after": None}
    assert await conversations(real) == before
    await api.say("hello", "typo")
    assert names(await api("GET", "/conversations/typo/tracker"))[-2:] == ["Hello!", "action_listen"]


@pytest.mark.parametrize("until", ["-1", "1e307", "253402300800", "x", "nan", "1_0", "+5"])
async def test_invalid_until_is_rejected_with_the_allowed_range(api: Api, until: str) -> None:
    refused = await api("GET", f"/conversations/u1/tracker?until={until}", status=400)
    assert refused["detail"] == "until must be a number from 0 to 253402300799"


async def test_unknown_conversation_has_the_initial_slots(api: Api) -> None:
    tracker = await api("GET", "/conversations/nobody/tracker")
    slots = {name: value for name, value in tracker["slots"].items() if value is not None}
    assert (tracker["events"], slots) == ([], {"mood": "fine"})


async def test_domain_is_yaml_if_the_client_accepts_yaml(api: Api, tmp_path: Path) -> None:
    told = await api("GET", "/domain")
    for kind in ("application/yaml", "application/x-yml", "application/yaml;q=1, */*;q=0.1"):
        answer = await api.client.get("/domain", headers={**api.headers, "Accept": kind})
        assert answer.content_type == "application/x-yaml"
        (tmp_path / "domain.yml").write_text(await answer.text(), encoding="utf-8")
        tree, problems = read_yaml(tmp_path / "domain.yml", "domain.yml")
        assert (plain(tree), problems) == (told, [])


async def test_given_events_keep_their_own_times(api: Api) -> None:
    path, pink = "/conversations/u-times/tracker", {"event": "slot", "name": "colour", "value": "pink"}
    given = [{**pink, "timestamp": 1_000}, {**pink, "value": "red", "timestamp": 2_000.5}, {**pink, "value": "blue"}]
    for method in ("POST", "PUT"):
        tracker = await api(method, f"{path}/events", given)
        *_, first, second, third = [event["timestamp"] for event in tracker["events"]]
        assert (first, second, third > 1e9) == (1000, 2000.5, True)
        assert filled(await api("GET", f"{path}?until=1999"))["colour"] == "pink"
        assert filled(await api("GET", f"{path}?until=2001"))["colour"] == "red"
    for wrong in ("1000", -1, 1e307):
        await api("POST", f"{path}/events", [{**pink, "timestamp": wrong}], status=400)


async def test_emulation_of_other_formats_is_refused_by_name(api: Api) -> None:
    refused = await api("POST", "/model/parse?emulation_mode=LUIS", {"text": "hello"}, status=400)
    assert "emulation_mode" in refused["detail"]


@pytest.mark.parametrize("path", ["/status", "/webhooks/rest", "/conversations/u1/tracker", "/health/ready", ""])
async def test_final_slash_is_optional(api: Api, path: str) -> None:
    answers = [await api.client.get(f"{path}{slash}", headers=api.headers) for slash in ("", "/")]
    assert [answer.status for answer in answers] == [200, 200]
    assert (await api.client.post("/webhooks/rest/", headers=api.headers)).headers["Allow"] == "GET,HEAD"


async def test_channel_is_healthy_with_and_without_a_final_slash(api: Api) -> None:
    for path in ("/webhooks/rest", "/webhooks/rest/"):
        assert await api("GET", path) == {"status": "ok"}
    assert 'route="/webhooks/rest",status="200"} 2.0' in await api("GET", "/metrics")


@pytest.mark.parametrize(
    ("method", "path", "instead"), [("POST", "/model/train", "bot run"), ("PUT", "/model/", "bot run")]
)
async def test_route_that_only_rasa_has_is_not_found_and_says_what_to_use(
    api: Api, method: str, path: str, instead: str
) -> None:
    refused = await api(method, path, {}, status=404)
    assert instead in refused["detail"]
    assert instead not in (await api("GET", "/model/elsewhere", status=404))["detail"]


def test_migration_guide_has_the_table_of_absent_routes() -> None:
    guide = (Path(__file__).parents[2] / "docs/how-to/move-from-rasa.md").read_text("utf-8")
    assert "\n".join(table()) in guide, "write it again: python -m bot.server.rasa_absent"


async def test_json_needs_no_content_type_on_rasas_routes(api: Api) -> None:
    form = {**api.headers, "Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/webhooks/rest/webhook", "/conversations/u-form/messages", "/conversations/u-form/tracker/events"):
        body = b'{"sender": "user", "message": "hello", "text": "hello", "event": "pause"}'
        answer = await api.client.post(path, data=body, headers=form)
        assert answer.status == 200, await answer.text()
    for path, status in (("/auth", 415), ("/webhooks/rest/webhook", 401)):
        assert (await api.client.post(path, data=b"{}", headers={"Content-Type": "text/plain"})).status == status
