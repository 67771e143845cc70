"""`bot test nlu`: tests the matcher on messages or by cross-validation, compares pipelines, writes Rasa's reports."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from bot.app.learning import learn
from bot.app.projects import Project, load_project
from bot.content import Content, Example, Story, UserStep
from bot.content.known import steps_of
from bot.errors import ConfigurationError, ContentError
from bot.nlu import Model, train
from bot.nlu.evaluation import Comparison, Report, Score, compare, cross_validate, evaluate
from bot.nlu.findings import Findings, find
from bot.progress import Progress, part, silent
from bot.reading import read_nlu_data, read_pipeline
from bot.testing.reporting import averages, scores

_SUMMARY: Final = ("messages", "accuracy", "macro_f1", "calibration_error", "fell_back", "fell_back_wrongly")
"""The figures of a report on all messages together."""


class NluTest(Struct, frozen=True):
    """The result of a test. `findings` (about the training data) come with cross-validation only."""

    report: Report
    findings: Findings | None = None
    comparison: Comparison | None = None

    @property
    def passed(self) -> int:
        """How many messages were understood."""
        return sum(expected == predicted for expected, predicted, _ in self.report.outcomes)

    @property
    def failed(self) -> int:
        """How many were not."""
        return self.report.messages - self.passed


def run_nlu_test(
    folder: Path, nlu: Path | None, *, other_config: Path | None = None, progress: Progress = silent
) -> NluTest:
    """Test the project's matcher on the messages in `nlu`, or by cross-validation if it is None.

    With `other_config` the pipeline of that config.yml is tested on the same
    messages and compared. Raises ContentError for files that cannot be read.
    """
    project = load_project(folder, command="train")
    report = _report(project, project.content, nlu, part(progress, 0.0, 0.5 if other_config else 0.9))
    comparison = None
    if other_config is not None:
        other = replace(project.content, pipeline=read_pipeline(other_config))
        comparison = compare(report, _report(project, other, nlu, part(progress, 0.5, 0.9)))
    progress("findings", 0.9)
    return NluTest(report, find(project.content) if nlu is None else None, comparison)


def write_nlu_reports(test: NluTest, out: Path) -> tuple[Path, ...]:
    """Write Rasa's reports of a test of the matcher, the findings and the comparison; return the files written."""
    written = write_matcher_report(test.report, out)
    more = {"findings.json": test.findings, "comparison.json": test.comparison}
    for name, value in more.items():
        if value is not None:
            written += (_write(out / name, value.as_json()),)
    return written


def write_matcher_report(report: Report, out: Path) -> tuple[Path, ...]:
    """Write Rasa's `intent_report.json`, `intent_errors.json`, a report for each extractor, and plots.

    What Rasa does not measure is in `nlu_summary.json`. The plots need
    matplotlib. Returns the files written into the folder `out`.
    """
    out.mkdir(parents=True, exist_ok=True)
    files: dict[str, Any] = {
        "intent_report.json": _intent_report(report),
        "intent_errors.json": [
            _error(to_builtins(message)) for confusion in report.confusions for message in confusion.messages
        ],
        "nlu_summary.json": {name: getattr(report, name) for name in _SUMMARY},
    }
    for extractor, found in report.extractors:
        files[f"{extractor}_report.json"] = _entity_report(found)
    written = tuple(_write(out / name, value) for name, value in files.items())
    plots: tuple[Path, ...] = ()
    with contextlib.suppress(ImportError):  # matplotlib is an extra
        from bot.app.plots import save_plots

        plots = save_plots(report, out)
    return (*written, *plots)


def evaluate_messages(model: Model, tests: Sequence[Story]) -> Report:
    """Evaluate the matcher on the user messages in test stories."""
    steps = (step for story in tests for step in steps_of(story) if isinstance(step, UserStep))
    examples = {
        step.place: Example(step.text, step.intent, step.annotations, place=step.place)
        for step in steps
        if step.text and step.intent
    }
    return evaluate(model, [*examples.values()])


def _write(file: Path, value: Any) -> Path:
    file.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return file


def _report(project: Project, content: Content, nlu: Path | None, progress: Progress) -> Report:
    components = project.plugins.nlu_components()
    if nlu is None:
        return cross_validate(content, components=components, progress=progress)
    examples = _examples(nlu)
    if content is project.content:
        return evaluate(learn(project, progress=progress).model, examples)
    return evaluate(train(content, progress=progress, components=components), examples)


def _examples(nlu: Path) -> tuple[Example, ...]:
    data, diagnostics = read_nlu_data(nlu)
    errors = [found for found in diagnostics if found.severity == "error"]
    if errors:
        raise ContentError(errors)
    if not data.examples:
        raise ConfigurationError([f"{nlu} has no messages to test; write them under `nlu:`, each below its intent"])
    return data.examples


def _intent_report(report: Report) -> dict[str, Any]:
    confused: dict[str, dict[str, int]] = {}
    for confusion in report.confusions:
        confused.setdefault(confusion.expected, {})[confusion.predicted] = confusion.count
    expected = [score for score in report.intents if score.support]
    rows = {score.name: {**_scores(score), "confused_with": confused.get(score.name, {})} for score in expected}
    averaged = averages({score.name: _scores(score) for score in expected})
    return {**rows, "accuracy": report.accuracy, **averaged}


def _entity_report(found: Sequence[Score]) -> dict[str, Any]:
    rows = {score.name: _scores(score) for score in found}
    right = sum(round(score.recall * score.support) for score in found)
    micro = scores(right, sum(score.found for score in found), sum(score.support for score in found))
    return {**rows, "micro avg": micro, **averages(rows)}


def _scores(score: Score) -> dict[str, float]:
    return {"precision": score.precision, "recall": score.recall, "f1-score": score.f1, "support": score.support}


def _error(message: Mapping[str, Any]) -> dict[str, Any]:
    """One misunderstood message in Rasa's format, with its place and what attracted it."""
    return {
        "text": message["text"],
        "intent": message["expected"],
        "intent_prediction": {"name": message["predicted"], "confidence": message["confidence"]},
        "place": message["place"],
        "attracted_by": message["attracted_by"],
    }
