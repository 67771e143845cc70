"""`bot test nlu` sums up what it measured, and refuses files that leave nothing to measure."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bot.app.nlu_testing import run_nlu_test, write_matcher_report
from bot.cli.main import main
from bot.content import Annotation, Example
from bot.errors import ConfigurationError, ContentError
from bot.messages import Entity, IntentScore, Parse
from bot.nlu.evaluation import report
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


def test_reports_have_the_averages_of_rasa_and_no_other_keys_beside_the_names(tmp_path: Path) -> None:
    def parsed(expected: str, predicted: str, *entities: Entity) -> tuple[Example, Parse]:
        score = IntentScore(predicted, 0.9)
        example = Example("to Rome", expected, (Annotation(3, 7, "city", "Rome"),))
        return example, Parse("to Rome", score, (score,), entities)

    rome = Entity("city", "Rome", 3, 7, extractor="crf")
    right = [parsed("go", "go", rome), parsed("go", "go", rome), parsed("go", "go")]
    write_matcher_report(report([*right, parsed("stay", "go")]), tmp_path)
    intents = json.loads((tmp_path / "intent_report.json").read_text("utf-8"))
    assert intents.keys() == {"go", "stay", "accuracy", "macro avg", "weighted avg"}
    assert intents["macro avg"] == pytest.approx({"precision": 3 / 8, "recall": 1 / 2, "f1-score": 3 / 7, "support": 4})
    assert intents["weighted avg"]["recall"] == intents["accuracy"] == 3 / 4
    entities = json.loads((tmp_path / "crf_report.json").read_text("utf-8"))
    assert entities.keys() == {"city", "micro avg", "macro avg", "weighted avg"}
    assert entities["micro avg"] == pytest.approx({"precision": 1, "recall": 1 / 2, "f1-score": 2 / 3, "support": 4})
    assert json.loads((tmp_path / "nlu_summary.json").read_text("utf-8"))["messages"] == 4


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
