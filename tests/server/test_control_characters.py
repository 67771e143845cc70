"""Control characters in input: refused alike on both stores, as PostgreSQL cannot store a NUL."""

from __future__ import annotations

from typing import Any

import pytest

from bot.server import schemas
from bot.server.body import BodySchema
from bot.server.messages import user_message
from bot.server.problems import Problem
from bot.server.routing import Call

from .conftest import ACCOUNT, BOTH, CODE, Running

NUL = "a\0b"
REFUSED: list[tuple[str, str, Any, int]] = [
    ("POST", "/auth", {"accountNumber": NUL, "code": CODE}, 400),
    ("POST", "/auth", {"accountNumber": ACCOUNT, "code": NUL}, 400),
    ("DELETE", "/auth/sessions/%00", None, 404),
    ("GET", "/auth/sessions?customer=%00", None, 400),
    ("GET", "/conversations/a%00b/tracker", None, 404),
    ("GET", "/conversations/a%0Ab/story", None, 404),
    ("POST", "/conversations/a%00b/predict", None, 404),
    ("POST", "/conversations/a%00b/messages", {"text": "hello", "sender": "user"}, 404),
    ("POST", "/conversations/a%00b/tracker/events", {"event": "restart"}, 404),
    (
        "POST",
        "/conversations/a/tracker/events",
        {"event": "reminder", "intent": "greet", "name": NUL, "date_time": "2030-01-01T00:00:00+00:00"},
        400,
    ),
    ("POST", "/conversations/a/tracker/events", [{"event": "cancel_reminder", "intent": NUL}], 400),
    ("POST", "/webhooks/rest/webhook", {"sender": NUL, "message": "hello"}, 400),
    ("POST", "/webhooks/rest/webhook", {"sender": "a", "message": "hello", "message_id": "abc\n"}, 400),
    ("POST", "/webhooks/callback/webhook", {"sender": "a\n", "message": "hello"}, 400),
]


@BOTH
async def test_control_characters_in_ids_are_rejected_on_both_stores(real: Running) -> None:
    headers = await real.key("operator", "channel")
    for method, path, body, status in REFUSED:
        answer = await real.client.request(method, path, headers=headers, **({} if body is None else {"json": body}))
        assert answer.status == status, f"{method} {path} {body}: {answer.status}"
    assert "request_failed" not in real.log.getvalue()


@pytest.mark.parametrize("schema", [schemas.chat(20), schemas.LOGIN], ids=["chat", "login"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\0", "\x85", "\x7f"])
def test_id_ending_with_a_control_character_is_rejected(schema: dict[str, Any], ending: str) -> None:
    good = (
        {"message": "hi", "messageId": "abc"}
        if "message" in schema["properties"]
        else {"accountNumber": "1", "code": "1"}
    )
    checked = BodySchema(schema)
    checked.check(good)
    for name in good.keys() - {"message"}:
        with pytest.raises(Problem):
            checked.check({**good, name: good[name] + ending})


@pytest.mark.parametrize(("name", "value"), [("sender", NUL), ("message_id", "m\n")])
async def test_control_characters_in_ids_from_a_plugin_channel_are_rejected(
    running: Running, name: str, value: str
) -> None:
    call = Call(None, running.parts, "c-1", "127.0.0.1")  # type: ignore[arg-type] # the request is not looked at
    given: dict[str, Any] = {"sender": "u1", name: value}
    with pytest.raises(Problem) as refused:
        await user_message(call, text="hello", channel="pager", **given)
    assert refused.value.status == 400
    assert refused.value.errors == [{"pointer": f"/{name}", "detail": "must have no control characters"}]
