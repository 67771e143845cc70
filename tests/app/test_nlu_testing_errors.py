"""`bot test nlu` sums up what it measured, and refuses files that leave nothing to measure."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bot.app.nlu_testing import run_nlu_test
from bot.cli.main import main
from bot.errors import ConfigurationError, ContentError
from bot.reading.template import write_template


@pytest.fixture
def bakery(tmp_path: Path) -> Path:
    write_template(tmp_path / "bakery")
    return tmp_path / "bakery"


def test_file_without_messages_is_rejected(bakery: Path) -> None:
    with pytest.raises(ConfigurationError, match="has no messages to test"):
        run_nlu_test(bakery, bakery / "stories/rules.yml")


def test_second_configuration_with_invalid_yaml_is_rejected(bakery: Path) -> None:
    other = bakery / "other.yml"
    other.write_text("pipeline: [")
    with pytest.raises(ContentError, match=r"other\.yml"):
        run_nlu_test(bakery, bakery / "intents/hours.yml", other_config=other)


def test_cross_validation_shows_accuracy_and_one_unmarked_example_per_entity(
    bakery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = ["a [rye loaf](bread)", "one rye loaf", "two rye loaf", "my rye loaf", "some [bun](bread)"]
    told = "".join(f"    - {example}\n" for example in examples)
    (bakery / "intents/bread.yml").write_text(f"nlu:\n- intent: bread\n  examples: |\n{told}", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["test", "nlu", "--project", str(bakery), "--out", str(tmp_path / "out")])
    *lines, last = capsys.readouterr().out.splitlines()
    assert ended.value.code == 0
    assert re.fullmatch(r"\d+% right of \d+ held out, \d+ confused \(macro F1 0\.\d+\)", last)
    [found] = [line for line in lines if "not marked here" in line]
    assert "bread.yml" in found
    assert "'rye loaf' is a value of bread" in found
    assert "has 2 more like it" in found
    findings = json.loads((tmp_path / "out/findings.json").read_text("utf-8"))
    assert [len(entity["missed"]) for entity in findings["entities"] if entity["entity"] == "bread"] == [3]
