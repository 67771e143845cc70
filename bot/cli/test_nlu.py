"""The output of `bot test nlu`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import showing

if TYPE_CHECKING:
    from bot.app.nlu_testing import NluTest
    from bot.nlu.evaluation import Comparison, Report, Score
    from bot.nlu.findings import Findings

_MOST = 12
_MOST_MESSAGES = 5


def run_nlu_tests(project: Path, nlu: Path | None, out: Path, other_config: Path | None = None) -> NluTest:
    """Run the tests, write the reports, and show and return the result."""
    from bot.app.nlu_testing import run_nlu_test, write_nlu_reports

    with showing.progress("Testing the matcher") as progress:
        test = run_nlu_test(project, nlu, other_config=other_config, progress=progress)
    written = write_nlu_reports(test, out)
    show_nlu_test(test, out)
    click.echo(f"Reports: {', '.join(str(file) for file in written)}", err=True)
    return test


def cross_validation_total(test: NluTest) -> str:
    """Return the last line about a cross-validation."""
    report = test.report
    return (
        f"{report.accuracy:.0%} right of {report.messages:,} held out, {test.failed:,} confused "
        f"(macro F1 {report.macro_f1:.3f})"
    )


def show_nlu_test(test: NluTest, out: Path) -> None:
    """Show the weakest intents and the worst confusions and findings, and which reports in `out` have the rest."""
    report = test.report
    _show_summary(report)
    weakest = sorted((score for score in report.intents if score.support), key=lambda s: s.f1)
    _show_scores("intent", weakest[:_MOST])
    _show_omitted("weakest", "intents", len(weakest), out / "intent_report.json")
    _show_scores("entity", report.entities)
    _show_confusions(report)
    _show_omitted("most frequent", "confusions", len(report.confusions), out / "intent_errors.json")
    if test.findings is not None:
        _show_findings(test.findings, out / "findings.json")
    if test.comparison is not None:
        _show_comparison(test.comparison, out / "comparison.json")


def _show_omitted(which: str, what: str, count: int, file: Path) -> None:
    """If not all are shown, say which file has them."""
    if count > _MOST:
        click.echo(f"These are the {_MOST} {which} of {count} {what}; all are in {file}.")


def _show_summary(report: Report) -> None:
    missed = ", which counts as missed" if report.decided else ""
    click.echo(
        f"{report.messages} messages: accuracy {report.accuracy:.1%}, macro F1 {report.macro_f1:.3f}, "
        f"calibration error {report.calibration_error:.3f}; {report.fell_back:.1%} fell back "
        f"({report.fell_back_wrongly:.1%} though ranked correctly{missed})"
    )


def _show_scores(kind: str, scores: Iterable[Score]) -> None:
    rows = [(s.name, f"{s.precision:.3f}", f"{s.recall:.3f}", f"{s.f1:.3f}", s.support) for s in scores]
    if rows:
        showing.table((kind, "precision", "recall", "F1", "messages"), rows)


def _show_confusions(report: Report) -> None:
    for confusion in report.confusions[:_MOST]:
        click.secho(f"{confusion.expected} taken for {confusion.predicted}: {confusion.count}", bold=True)
        for message in confusion.messages[:_MOST_MESSAGES]:
            first = "" if message.likeliest == message.predicted else f"likeliest {message.likeliest or 'none'}, "
            click.echo(f"  {message.place}: {message.text!r} ({first}{message.confidence:.2f})")
            if message.attracted_by is not None:
                near = message.attracted_by
                click.secho(f"      near {near.text!r} ({near.place}, {near.similarity:.2f})", dim=True)
        if confusion.count > _MOST_MESSAGES:
            click.echo(f"  ... and {confusion.count - _MOST_MESSAGES} more")


def _show_findings(findings: Findings, file: Path) -> None:
    for wrong in findings.mislabelled[:_MOST]:
        click.echo(
            f"{wrong.place}: {wrong.text!r} is in {wrong.intent} but looks like {wrong.suggested} "
            f"(like {wrong.neighbour!r}, {wrong.neighbour_place})"
        )
    _show_omitted("first", "examples that may be in the wrong intent", len(findings.mislabelled), file)
    for twin in findings.near_duplicates[:_MOST]:
        click.echo(
            f"{twin.place}: {twin.text!r} ({twin.intent}) says the same as {twin.other_text!r} "
            f"({twin.other_intent}, {twin.other_place})"
        )
    _show_omitted("most similar", "pairs of examples that say the same", len(findings.near_duplicates), file)
    for thin in findings.thin:
        examples = showing.counted(thin.examples, "example")
        click.echo(f"{thin.intent} has only {examples}; write more, as varied as what people say")
    for entity in findings.entities:
        if entity.missed:
            (text, place), count = entity.missed[0], len(entity.missed)
            more = f"; {file} has {count - 1:,} more like it" if count > 1 else ""
            click.echo(f"{place}: {text!r} is a value of {entity.entity} elsewhere but not marked here{more}")


def _show_comparison(comparison: Comparison, file: Path) -> None:
    click.secho(
        f"The other configuration: accuracy {comparison.accuracy:+.1%}, macro F1 {comparison.macro_f1:+.3f}; "
        f"{comparison.only_second} messages right only there, {comparison.only_first} only here "
        f"(p = {comparison.p_value:.3f})",
        bold=True,
    )
    rows = [(name, f"{before:.3f}", f"{after:.3f}") for name, before, after in comparison.intents[:_MOST]]
    showing.table(("intent", "F1 here", "F1 there"), rows)
    _show_omitted("most changed", "intents", len(comparison.intents), file)
