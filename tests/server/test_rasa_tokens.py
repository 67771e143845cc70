"""Rasa's `--auth-token` and `--jwt-secret`, over HTTP."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from bot.auth.opening import open_auth
from bot.auth.rasa_tokens import RasaTokens
from bot.config import RasaAuth
from bot.errors import ConfigurationError
from bot.server.app import make_app

from .conftest import Running

TOKEN = "a-token-nobody-guesses"
SECRET = "a secret that is sixty-four characters long, or more than that, to please HS512"


@pytest.fixture
async def rasa(real: Running) -> AsyncIterator[TestClient[Any, Any]]:
    settings = replace(real.parts.settings, rasa_auth=RasaAuth(TOKEN, SECRET))
    database: Any = real.parts.database
    auth = await open_auth(database, settings, real.parts.sources)
    async with TestClient(TestServer(make_app(replace(real.parts, settings=settings, auth=auth)))) as client:
        yield client
    auth.close()


def signed(user: Any, secret: str = SECRET, method: str = "HS256", **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {jwt.encode({'user': user, **claims}, secret, algorithm=method)}"}


ADMIN = {"username": "boss", "role": "admin"}
USER = {"username": "u1", "role": "user"}


async def test_auth_token_in_the_query_opens_the_whole_api(rasa: TestClient[Any, Any]) -> None:
    assert (await rasa.get("/status", params={"token": TOKEN})).status == 200
    said = await rasa.post("/webhooks/rest/webhook", params={"token": TOKEN}, json={"sender": "u1", "message": "hello"})
    assert (await said.json())[0]["text"] == "Hello!"
    tracker = await (await rasa.get("/conversations/u1/tracker", params={"token": TOKEN})).json()
    assert tracker["latest_message"]["text"] == "hello"
    for wrong in ("", TOKEN[:-1], TOKEN + "x", "é"):
        assert (await rasa.get("/status", params={"token": wrong})).status == 401


async def test_admin_jwt_opens_everything_and_user_jwt_only_the_users_conversation(
    rasa: TestClient[Any, Any],
) -> None:
    assert (await rasa.get("/status", headers=signed(ADMIN))).status == 200
    said = await rasa.post("/conversations/u1/trigger_intent", headers=signed(USER), json={"name": "greet"})
    assert said.status == 200
    assert (await rasa.get("/conversations/u1/tracker", headers=signed(USER))).status == 200
    seen = await (await rasa.get("/conversations/u1/tracker", headers=signed(ADMIN))).json()
    assert seen["latest_message"]["intent"]["name"] == "greet"
    for path in ("/conversations/u2/tracker", "/status", "/domain", "/metrics", "/auth/sessions"):
        assert (await rasa.get(path, headers=signed(USER))).status == 403, path


async def test_user_jwt_named_like_a_conversation_id_does_not_open_it(
    rasa: TestClient[Any, Any], real: Running
) -> None:
    customer = await real.login()
    answer = await (await real.client.post("/chat", json={"message": "hello"}, headers=customer)).json()
    conversation = answer["conversationId"]
    path = f"/conversations/{conversation}/tracker"
    theirs = await (await rasa.get(path, headers=signed({"username": conversation, "role": "user"}))).json()
    assert theirs["events"] == []
    operators = await (await rasa.get(path, headers=signed(ADMIN))).json()
    assert operators["events"] != []


@pytest.mark.parametrize(
    "headers",
    [
        signed(ADMIN, secret="another secret that is long enough too, really"),
        signed(ADMIN, method="HS512"),
        signed(ADMIN, exp=int(time.time()) - 60),
        signed({"username": "u1", "role": "root"}),
        signed({"role": "user"}),
        signed("boss"),
        {"Authorization": "Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJ1c2VyIjp7InJvbGUiOiJhZG1pbiJ9fQ."},
        {"Authorization": "Bearer a.b.c"},
    ],
)
async def test_invalid_jwt_is_rejected(rasa: TestClient[Any, Any], headers: dict[str, str]) -> None:
    assert (await rasa.get("/status", headers=headers)).status == 401


async def test_unconfigured_auth_token_and_jwt_are_rejected(real: Running) -> None:
    assert (await real.client.get("/status", params={"token": TOKEN})).status == 401
    assert (await real.client.get("/status", headers=signed(ADMIN, secret="x" * 40))).status == 401


@pytest.mark.parametrize(
    "wrong", [RasaAuth(auth_token=""), RasaAuth(jwt_secret=""), RasaAuth(jwt_secret=SECRET, jwt_method="none")]
)
def test_empty_secret_or_unsafe_jwt_method_is_rejected(wrong: RasaAuth) -> None:
    with pytest.raises(ConfigurationError):
        RasaTokens(wrong)


def test_repr_of_rasa_auth_hides_the_secrets() -> None:
    assert SECRET not in repr(RasaAuth(TOKEN, SECRET))
    assert TOKEN not in repr(RasaAuth(TOKEN, SECRET))
