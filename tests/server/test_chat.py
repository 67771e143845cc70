"""A customer's conversation over HTTP."""

from __future__ import annotations

import gzip
import unicodedata
from typing import Any

import pytest

from bot.errors import Busy, StoreUnavailable, TurnTimedOut

from .conftest import ACCOUNT, CODE, OTHER_ACCOUNT, OTHER_CODE, Running


async def test_login_returns_a_token_and_its_lifetime(running: Running) -> None:
    answer = await running.client.post("/auth", json={"accountNumber": ACCOUNT, "code": CODE})
    body = await answer.json()
    assert answer.status == 200
    assert body.keys() == {"token", "tokenType", "expiresAt", "idleTimeoutSeconds"}
    assert (body["tokenType"], body["expiresAt"], body["idleTimeoutSeconds"]) == (
        "Bearer",
        "2026-11-23T00:00:00+00:00",
        300,
    )
    assert answer.headers["Cache-Control"] == "no-store"


async def test_unknown_account_and_wrong_code_get_the_same_answer(running: Running) -> None:
    answers = []
    for account in (ACCOUNT, "99999999"):
        answer = await running.client.post(
            "/auth", json={"accountNumber": account, "code": "1"}, headers={"X-Correlation-ID": "same"}
        )
        headers = {name: value for name, value in answer.headers.items() if name != "Date"}
        answers.append((answer.status, await answer.read(), headers))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401


async def test_repeated_message_gets_the_same_bytes_and_a_reused_id_a_422(running: Running) -> None:
    customer = await running.login()
    body = {"message": "what's my balance?", "messageId": "m-1"}
    first = await running.client.post("/chat", json=body, headers=customer)
    again = await running.client.post("/chat", json=body, headers=customer)
    assert first.status == 200
    answer = await first.json()
    assert answer.keys() == {"conversationId", "turn", "messageId", "replies"}
    assert (answer["turn"], answer["messageId"], answer["replies"][0]["text"]) == (
        1,
        "m-1",
        "you said: what's my balance?",
    )
    assert await again.read() == await first.read()
    other = await running.client.post("/chat", json={**body, "message": "other"}, headers=customer)
    assert (other.status, (await other.json())["code"]) == (422, "message_id_reused")


async def test_messages_without_ids_get_different_ids(running: Running) -> None:
    customer = await running.login()
    answers = [
        await (await running.client.post("/chat", json={"message": "hi"}, headers=customer)).json() for _ in range(2)
    ]
    assert [answer["turn"] for answer in answers] == [1, 2]
    assert answers[0]["messageId"] != answers[1]["messageId"]


async def test_text_is_normalised_without_control_characters(running: Running) -> None:
    customer = await running.login()
    sent = "  cafe\u0301\x00\x1b[31m\r\nplease\u0085 "
    await running.client.post("/chat", json={"message": sent}, headers=customer)
    text = running.engine.seen[0].text
    assert text == "café [31m\nplease"
    assert unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "hello",
        {"message": ""},
        {"message": "\u0000 \n"},
        {"message": 7},
        {"message": None},
        {"message": "x" * 4097},
        {"message": "hi", "messageId": ""},
        {"message": "hi", "messageId": 1},
        {"message": "hi", "messageId": "x" * 129},
        {"message": "hi", "messageId": "a\u0000b"},
        {"message": "hi", "messageId": "a\nb"},
        {"message": "hi", "metadata": []},
        {"message": "hi", "sender": "somebody"},
    ],
)
async def test_invalid_body_is_a_400_that_lists_errors(running: Running, body: Any) -> None:
    customer = await running.login()
    answer = await running.client.post("/chat", json=body, headers=customer)
    problem = await answer.json()
    assert (answer.status, answer.content_type, problem["code"]) == (400, "application/problem+json", "invalid_body")
    assert problem["errors"]
    assert running.engine.seen == []


async def test_missing_keys_are_listed_in_one_error(running: Running) -> None:
    answer = await running.client.post("/auth", json={})
    assert answer.status == 400
    assert [error["detail"] for error in (await answer.json())["errors"]] == ["accountNumber, code must be given"]


async def test_malformed_too_deep_too_large_or_mistyped_body_is_rejected(running: Running) -> None:
    headers = await running.login()
    json_type = {**headers, "Content-Type": "application/json"}
    cases = [
        (b"{", json_type, 400),
        (b'{"message": "\xff"}', json_type, 400),
        (b'{"message": "\\ud800"}', json_type, 400),
        (b'{"message": NaN}', json_type, 400),
        (b'{"message": "hi", "metadata": ' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}", json_type, 400),
        (b"[" * 100_000, json_type, 413),
        (b"[" * 60_000, json_type, 400),
        (b'{"message": "hi"}', {**headers, "Content-Type": "text/plain"}, 415),
        (b"message=hi", {**headers, "Content-Type": "application/x-www-form-urlencoded"}, 415),
    ]
    for data, sent, status in cases:
        answer = await running.client.post("/chat", data=data, headers=sent)
        assert answer.status == status, (data[:40], await answer.text())
    assert running.engine.seen == []


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"Content-Type": "text/plain"}, "Content-Type: application/json"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, "without the header Content-Encoding"),
    ],
)
async def test_unsupported_media_type_problem_names_the_wrong_header(
    running: Running, sent: dict[str, str], told: str
) -> None:
    headers = {**await running.login(), **sent}
    answer = await running.client.post("/chat", data=gzip.compress(b'{"message": "hi"}'), headers=headers)
    assert (answer.status, told in (await answer.json())["detail"]) == (415, True)


async def test_json_may_be_nested_32_levels_deep(running: Running) -> None:
    customer = await running.login()
    metadata: Any = 1
    for _ in range(31):
        metadata = {"a": metadata}
    answer = await running.client.post("/chat", json={"message": "hi", "metadata": metadata}, headers=customer)
    assert answer.status == 200
    deeper = {"message": "hi", "metadata": {"a": metadata}}
    assert (await running.client.post("/chat", json=deeper, headers=customer)).status == 400


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (Busy(whole=False, retry_after=2.2), 429, "3"),
        (Busy(whole=True, retry_after=0.2), 503, "1"),
        (TurnTimedOut(), 503, "1"),
        (StoreUnavailable(), 503, "1"),
        (RuntimeError("account 12345678"), 500, None),
    ],
)
async def test_failed_turn_has_the_status_and_retry_after_of_its_error(
    running: Running, error: Exception, status: int, retry_after: str
) -> None:
    customer = await running.login()
    running.engine.fail = error
    answer = await running.client.post("/chat", json={"message": "hi"}, headers=customer)
    problem = await answer.json()
    assert (answer.status, answer.headers.get("Retry-After")) == (status, retry_after)
    assert problem["correlationId"] == answer.headers["X-Correlation-ID"]
    assert "12345678" not in str(problem)
    assert "Traceback" not in str(problem)


async def test_history_is_paged_backwards_and_polled_forwards(running: Running) -> None:
    customer = await running.login()
    assert (await (await running.client.get("/chat/history", headers=customer)).json()) == {
        "messages": [],
        "before": None,
        "after": None,
    }
    for n in range(4):
        await running.client.post("/chat", json={"message": f"message {n}"}, headers=customer)

    async def page(**query: object) -> dict[str, Any]:
        params = {name: str(value) for name, value in query.items()}
        answer = await running.client.get("/chat/history", params=params, headers=customer)
        assert answer.status == 200
        result: dict[str, Any] = await answer.json()
        return result

    everything = await page()
    assert [(m["turn"], m["role"]) for m in everything["messages"]] == [
        (turn, role) for turn in (1, 2, 3, 4) for role in ("user", "bot", "bot")
    ]
    assert everything["before"] is None
    assert everything["messages"][0]["text"] == "message 0"

    backwards: list[dict[str, Any]] = []
    cursor = None
    while True:
        got = await page(limit=5, **({"before": cursor} if cursor else {}))
        assert len(got["messages"]) <= 5
        backwards = got["messages"] + backwards
        cursor = got["before"]
        if cursor is None:
            break
    assert backwards == everything["messages"]

    forwards: list[dict[str, Any]] = []
    cursor = "0"
    while (got := await page(limit=2, after=cursor))["messages"]:
        forwards += got["messages"]
        cursor = got["after"]
    assert forwards == everything["messages"]
    assert got["after"] == cursor
    assert [m["turn"] for m in (await page(after=3))["messages"]] == [4, 4, 4]
    assert [m["turn"] for m in (await page(before=3, limit=2))["messages"]] == [2, 2]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=1&limit=2",
        "before=x",
        "before=1.x",
        "after=-1",
        "before=1&after=1",
        "limt=5",
    ],
)
async def test_invalid_history_parameters_are_rejected(running: Running, query: str) -> None:
    answer = await running.client.get(f"/chat/history?{query}", headers=await running.login())
    assert (answer.status, (await answer.json())["code"]) == (400, "invalid_parameter")


async def test_history_is_the_customers_own_and_survives_logout(running: Running) -> None:
    first = await running.login()
    await running.client.post("/chat", json={"message": "mine"}, headers=first)
    await running.client.post("/auth/logout", headers=first)
    other = await running.login(OTHER_ACCOUNT, OTHER_CODE)
    assert (await (await running.client.get("/chat/history", headers=other)).json())["messages"] == []
    again = await running.login()
    messages = (await (await running.client.get("/chat/history", headers=again)).json())["messages"]
    assert messages[0]["text"] == "mine"


async def test_turns_extend_the_session_and_polling_does_not(running: Running) -> None:
    customer = await running.login()
    running.clock.advance(200)
    await running.client.post("/chat", json={"message": "hi"}, headers=customer)
    running.clock.advance(200)
    assert (await running.client.get("/chat/history?after=0", headers=customer)).status == 200
    running.clock.advance(101)
    answer = await running.client.get("/chat/history?after=0", headers=customer)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="bot", error="invalid_token"')


async def test_reading_the_history_extends_the_session(running: Running) -> None:
    customer = await running.login()
    for _ in range(3):
        running.clock.advance(200)
        assert (await running.client.get("/chat/history", headers=customer)).status == 200


async def test_full_server_rejects_a_message_before_any_work(running: Running) -> None:
    customer = await running.login()
    running.engine.waiting = running.parts.settings.limits.waiting
    answer = await running.client.post("/chat", json={"message": "hi"}, headers=customer)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert running.engine.seen == []
    assert (await running.client.get("/chat/history", headers=customer)).status == 200
