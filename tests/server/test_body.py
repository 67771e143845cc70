"""Bodies that are seen to be good at a glance are good."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bot.server import schemas
from bot.server.body import BodySchema, _deeper_than
from bot.server.problems import Problem

SCHEMAS = [schemas.chat(20), schemas.rasa_message(20), schemas.LOGIN, schemas.EMPTY]
KEYS = ["message", "messageId", "message_id", "metadata", "sender", "accountNumber", "code", "other"]
VALUES = st.one_of(
    st.text(max_size=30), st.none(), st.integers(), st.lists(st.text()), st.just({}), st.text("x", min_size=120)
)
BODIES = st.one_of(st.dictionaries(st.sampled_from(KEYS), VALUES), VALUES)


@pytest.mark.parametrize("schema", SCHEMAS)
@given(body=BODIES)
def test_the_glance_and_the_validator_never_disagree(schema: dict[str, Any], body: Any) -> None:
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


def test_the_glance_sees_what_most_bodies_are() -> None:
    assert BodySchema(schemas.chat(20)).is_plainly_good({"message": "hi", "messageId": "m-1"})
    assert not BodySchema(schemas.chat(20)).is_plainly_good({"message": "hi", "unknown": "x"})
    assert not BodySchema(schemas.chat(20)).is_plainly_good({"message": "x" * 21})


@given(
    st.recursive(
        st.none(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    )
)
def test_depth_is_counted_right(value: Any) -> None:
    def depth(node: Any) -> int:
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else None
        return 1 + max(map(depth, children)) if children else 0  # an empty list or object holds nothing deeper

    for limit in range(6):
        assert _deeper_than(value, limit) == (depth(value) > limit), (value, limit)
