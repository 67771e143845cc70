"""Bodies that the fast path accepts are valid."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bot.dialogue.event_json import event_types
from bot.encoding import deeper_than
from bot.server import rasa_schemas, schemas
from bot.server.body import BodySchema
from bot.server.problems import Problem

SCHEMAS = [
    schemas.chat(20),
    schemas.rasa_message(20),
    schemas.LOGIN,
    schemas.obj((), {}, closed=True),
    rasa_schemas.EVENTS,
]
KEYS = ["message", "messageId", "message_id", "metadata", "sender", "input_channel", "accountNumber", "code", "other"]
VALUES = st.one_of(
    st.text(max_size=30), st.none(), st.integers(), st.lists(st.text()), st.just({}), st.text("x", min_size=120)
)
BODIES = st.one_of(st.dictionaries(st.sampled_from(KEYS), VALUES), VALUES)


@pytest.mark.parametrize("schema", SCHEMAS)
@given(body=BODIES)
def test_fast_path_and_validator_agree(schema: dict[str, Any], body: Any) -> None:
    checked = BodySchema(schema)
    valid = Draft202012Validator(schema).is_valid(body)
    if checked.is_plainly_good(body):
        assert valid
    try:
        checked.check(body)
        passed = True
    except Problem:
        passed = False
    assert passed == valid


def test_fast_path_accepts_ordinary_bodies() -> None:
    assert BodySchema(schemas.chat(20)).is_plainly_good({"message": "hi", "messageId": "m-1"})
    rasa = {"sender": "u", "message": "hi", "message_id": "m-1", "input_channel": "kiosk"}
    assert BodySchema(schemas.rasa_message(20)).is_plainly_good(rasa)
    assert not BodySchema(schemas.chat(20)).is_plainly_good({"message": "hi", "unknown": "x"})
    assert not BodySchema(schemas.chat(20)).is_plainly_good({"message": "x" * 21})


@given(
    st.recursive(
        st.none(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    )
)
def test_deeper_than_counts_nesting(value: Any) -> None:
    def depth(node: Any) -> int:
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else None
        return 1 + max(map(depth, children)) if children else 0  # an empty list or object holds nothing deeper

    for limit in range(6):
        assert deeper_than(value, limit) == (depth(value) > limit), (value, limit)


EVENT = {"event": "slot", "name": "colour"}


@pytest.mark.parametrize(
    ("schema", "body", "pointer", "told"),
    [
        (
            schemas.rasa_message(20),
            {"message": "hi", "sender": []},
            "/sender",
            "must be a string or a whole number or null",
        ),
        (schemas.chat(20), {"message": "hi", "metadata": 5}, "/metadata", "must be an object"),
        (schemas.chat(20), [], "", "must be an object"),
        (rasa_schemas.message(20), {"text": "hi", "sender": "bot"}, "/sender", "must be user"),
        (rasa_schemas.EVENTS, [{"event": "slots"}], "/0/event", f"must be one of {', '.join(event_types())}"),
        (rasa_schemas.EVENTS, [EVENT] * 1_001, "", "must have at most 1000 items"),
        (rasa_schemas.EVENTS, {}, "", "event must be given"),
        (rasa_schemas.ACTION, {"name": "a", "confidence": "x"}, "/confidence", "must be a number or null"),
    ],
)
def test_validation_errors_are_described_in_plain_words(
    schema: dict[str, Any], body: Any, pointer: str, told: str
) -> None:
    with pytest.raises(Problem) as refused:
        BodySchema(schema).check(body)
    assert refused.value.errors == [{"pointer": pointer, "detail": told}]


@pytest.mark.parametrize("body", ["x", 5, {"name": "a", "entities": 5}, {"name": "a", "entities": [{"value": 1}]}])
@pytest.mark.parametrize("schema", [rasa_schemas.EVENTS, rasa_schemas.INTENT], ids=["events", "intent"])
def test_validation_errors_do_not_quote_the_schema(schema: dict[str, Any], body: Any) -> None:
    with pytest.raises(Problem) as refused:
        BodySchema(schema).check(body)
    for error in refused.value.errors:
        assert not set(error["detail"]) & set("[]{}"), error
        assert "oneOf" not in error["detail"]
