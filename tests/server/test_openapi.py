"""The document is true: it contains every route that is served, and every answer conforms to it."""

from __future__ import annotations

import asyncio
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bot.server.app import ROUTES

from .conftest import Running

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
ENDS_THE_SESSION = {"/auth/logout", "/auth/rotate"}


async def read_document(running: Running) -> dict[str, Any]:
    document: dict[str, Any] = await (await running.client.get("/openapi.json")).json()
    return document


async def read_closed_document(running: Running) -> dict[str, Any]:
    """The document as tests must read it: our own routes' answers have only the keys that it names."""
    document = await read_document(running)
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    for operation in operations:
        if operation["tags"] != ["rasa"]:
            operation["responses"] = closed(operation["responses"])
    document["components"]["schemas"] = closed(document["components"]["schemas"])
    return document


def closed(part: Any) -> Any:
    if isinstance(part, list):
        return [closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    open_object = part.get("type") == "object" and "properties" in part
    return {key: closed(value) for key, value in part.items()} | (
        {"additionalProperties": False} if open_object else {}
    )


async def test_document_describes_exactly_the_served_routes(real: Running) -> None:
    document = await read_document(real)
    served = {(route.method, route.path) for route in real.client.server.app[ROUTES]}  # type: ignore[attr-defined]
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert served == described
    assert document["openapi"] == "3.1.0"


async def test_every_schema_of_the_document_is_valid(real: Running) -> None:
    checked = 0

    def walk(value: Any) -> None:
        nonlocal checked
        if isinstance(value, dict):
            if isinstance(value.get("schema"), dict):
                Draft202012Validator.check_schema(value["schema"])
                checked += 1
            for child in value.values():
                walk(child)
        elif isinstance(value, list):
            for child in value:
                walk(child)

    walk(await read_document(real))
    assert checked > 50


async def test_document_names_the_credentials_of_each_operation(real: Running) -> None:
    document = await read_document(real)
    assert document["paths"]["/chat"]["post"]["security"] == [{"customerToken": []}]
    assert document["paths"]["/webhooks/rest/webhook"]["post"]["security"] == [
        {"channelKey": []},
        {"customerToken": []},
    ]
    assert document["paths"]["/health"]["get"]["security"] == []


async def test_property_based_client_finds_no_undocumented_answer(real: Running) -> None:
    schema = schemathesis.openapi.from_dict(await read_closed_document(real))
    base = str(real.client.make_url("")).rstrip("/")
    both = await real.key("channel", "operator")
    customer = await real.login()
    disposable = await real.login()
    answered: dict[str, set[int]] = {}
    for operation in (result.ok() for result in schema.get_all_operations()):
        who = both if "customerToken" not in str(operation.definition.raw.get("security")) else customer
        if operation.path in ENDS_THE_SESSION:
            who = disposable
        answered[operation.label] = await asyncio.to_thread(explore, operation, base, who)
    assert len(answered) > 30
    assert {200, 400} <= answered["POST /chat"]
    assert {200, 400} <= answered["POST /webhooks/rest/webhook"]


async def test_chat_and_history_bodies_have_only_documented_fields(real: Running) -> None:
    document = await read_closed_document(real)
    customer = await real.login()
    said = await real.client.post("/chat", json={"message": "hello", "metadata": {"page": "help"}}, headers=customer)
    page = await real.client.get("/chat/history", headers=customer)
    for answer, operation in (
        (said, document["paths"]["/chat"]["post"]),
        (page, document["paths"]["/chat/history"]["get"]),
    ):
        body = await answer.json()
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator(schema).validate(body)
        assert any("Hello!" in message["text"] for message in body.get("replies") or body["messages"])


def explore(operation: Any, base: str, headers: dict[str, str]) -> set[int]:
    """Try an operation; return the statuses that it answered with."""
    statuses = set()
    modes = [GenerationMode.POSITIVE]
    ours = {"auth", "chat"} & set(operation.tags or ())  # Rasa's routes ignore what they do not know in a query
    if operation.body or (operation.query and ours):
        modes.append(GenerationMode.NEGATIVE)
    examples = 12 if len(modes) > 1 else 2

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
    def explored(case: Any) -> None:
        statuses.add(case.call_and_validate(base_url=base, headers=headers, checks=CHECKS).status_code)

    explored()
    return statuses
