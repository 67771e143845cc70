"""The agent that a project's bot runs on."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

from bot.app.opening import open_bot
from bot.app.projects import load_project
from bot.config import Logging
from bot.logs import make_logger
from bot.reading.template import write_template

NOW = datetime(2026, 11, 3, tzinfo=UTC)


async def test_shorthand_entity_that_the_domain_lacks_is_left_out_and_logged_once_without_its_value(
    tmp_path: Path,
) -> None:
    write_template(tmp_path / "bakery")
    written = io.StringIO()
    log = make_logger(Logging(level="warning"), now=lambda: NOW, stream=written)
    async with open_bot(load_project(tmp_path / "bakery"), log=log) as bot:
        for _ in range(2):
            text = '/choose_cake{"cake": "carrot cake", "caek": "12345678", "said by 87654321": 1}'
            parse = bot.engine.agent.matcher.parse(text, NOW)
            assert [(e.entity, e.value) for e in parse.entities] == [("cake", "carrot cake")]
    caek, unnamed = map(json.loads, written.getvalue().splitlines())
    assert (caek["level"], caek["action"]) == ("warning", "shorthand")
    assert "no entity `caek`. Did you mean `cake`?" in caek["error"]
    assert "no possible name" in unnamed["error"]
    assert not any(number in written.getvalue() for number in ("12345678", "87654321"))
