"""`bot test nlu` refuses files that say nothing, where it would have measured nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.nlu_testing import run_nlu_test
from bot.errors import ConfigurationError, ContentError
from bot.reading.template import write_template


@pytest.fixture
def bakery(tmp_path: Path) -> Path:
    write_template(tmp_path / "bakery")
    return tmp_path / "bakery"


def test_a_file_without_messages_is_refused(bakery: Path) -> None:
    with pytest.raises(ConfigurationError, match="has no messages to test"):
        run_nlu_test(bakery, bakery / "stories/rules.yml")


def test_another_configuration_that_is_no_yaml_is_refused(bakery: Path) -> None:
    other = bakery / "other.yml"
    other.write_text("pipeline: [")
    with pytest.raises(ContentError, match=r"other\.yml"):
        run_nlu_test(bakery, bakery / "intents/hours.yml", other_config=other)
