"""`bot conversations unclear`: the messages that the bot did not understand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.app.conftest import RunBot
from tests.app.test_operating import documented
from tests.app.test_run import command

SAID = [
    "can you bake a cake 12345678",
    "what is my balance?",
    "Frobnicate  the plinth",
    "frobnicate the plinth",
    "thanks",
]


def test_messages_that_fell_back_are_counted_the_most_frequent_first(
    run_bot: RunBot, bank_project: Callable[[str], Path]
) -> None:
    project = bank_project("unclear")
    with run_bot(project, "--demo") as running:
        with running.login() as client:
            for text in SAID:
                assert client.post("/chat", json={"message": text}).status_code == 200
        found = json.loads(command(project, "conversations", "unclear", "--json").stdout)
        one = command(project, "conversations", "unclear", "--limit", "1")
        running.stop()
    assert [list(row) for row in found] == [documented("conversations unclear")] * 2
    assert [(row["times"], row["message"]) for row in found] == [
        (2, "frobnicate the plinth"),
        (1, "can you bake a cake ****78"),
    ]
    assert all(len(row["nearest"]) == 2 and "nlu_fallback" not in row["nearest"] for row in found)
    heading, row = one.stdout.splitlines()
    assert heading.split("\t") == ["times", "message", "nearest intents", "last said"]
    assert row.startswith("2\tfrobnicate the plinth\t")
    assert one.stderr.splitlines()[-1] == "1 more; show them with --limit 2."
