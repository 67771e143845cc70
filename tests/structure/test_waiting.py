"""Timeouts: before Python 3.12, `asyncio.wait_for` swallows a cancellation that arrives just as its future is done."""

from __future__ import annotations

import ast

import pytest

from tests.structure.test_layers import modules


@pytest.mark.parametrize(("name", "file"), list(modules()), ids=lambda value: value if isinstance(value, str) else "")
def test_asyncio_wait_for_is_not_used(name, file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = [call.lineno for call in calls if isinstance(call, ast.Attribute) and call.attr == "wait_for"]
    assert found == [], f"{name}: write `async with asyncio.timeout(…)`"
