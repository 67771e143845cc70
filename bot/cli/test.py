"""`bot test`: test stories and the matcher, with Rasa's meaning."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from bot.cli import options

if TYPE_CHECKING:
    from bot.app.nlu_testing import NluTest
    from bot.testing.results import StepResult, StoryReport

_path = click.Path(exists=True, path_type=Path)
_stories = click.option("-s", "--stories", type=_path, default=None, help="Test stories: a file or a folder.")
_nlu = click.option("-u", "--nlu", type=_path, default=None, help="Test messages: an NLU file or folder.")
_out = click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("results"), help="The folder for reports."
)
_at_least = click.option(
    "--at-least",
    type=options.PerCent(),
    default=100.0,
    help="Fail only if fewer than this percentage of the stories pass (default: 100).",
)
_e2e = click.option("--e2e", is_flag=True, help="Also run actions and forms, with the services behind them.")
_account = click.option(
    "--as", "account", metavar="ACCOUNT", default=None, help="With --e2e: run the stories as this customer, logged in."
)


@click.group(invoke_without_command=True, short_help="Run the test stories and test messages.")
@options.project
@_stories
@_nlu
@_out
@_at_least
@_e2e
@_account
@click.pass_context
def test(
    ctx: click.Context,
    project: Path,
    stories: Path | None,
    nlu: Path | None,
    out: Path,
    at_least: float,
    e2e: bool,
    account: str | None,
) -> None:
    """Run the project's test stories (and, with --nlu, test messages).

    What users say goes through the real matcher; intents, entities and actions
    are compared. Reports are written to --out. The last line is a summary; the exit
    status is 1 if something failed or there was nothing to run.
    """
    if ctx.invoked_subcommand is not None:
        _pass_options_on(ctx, ctx.invoked_subcommand)
        return
    from bot.app.testing import NoTestStories
    from bot.cli.test_nlu import run_nlu_tests

    told: StoryReport | None = None
    try:
        told = _run_core(project, stories, out, e2e=e2e, account=account)
    except NoTestStories:
        if nlu is None or stories is not None:  # otherwise only the messages were to be tested
            raise
    said = run_nlu_tests(project, nlu, out) if nlu is not None else None
    click.echo(_total(told, said))
    enough_passed = told is None or _enough_passed(told, at_least)
    sys.exit(not enough_passed or (said is not None and said.failed > 0))


def _pass_options_on(ctx: click.Context, called: str) -> None:
    """Pass the options before `core` or `nlu` to it; raises UsageError for those that it does not take."""
    command = test.get_command(ctx, called)
    accepted = {parameter.name for parameter in command.params} if command else set()
    given = {name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    for option in ctx.command.params:
        if option.name in given - accepted:
            raise click.UsageError(f"`bot test {called}` takes no {option.opts[-1]}: omit it, or omit `{called}`", ctx)
    ctx.default_map = {called: {name: ctx.params[name] for name in given}}


@test.command()
@options.project
@_stories
@_out
@_at_least
@_e2e
@_account
def core(project: Path, stories: Path | None, out: Path, at_least: float, e2e: bool, account: str | None) -> None:
    """Run test stories: the project's, or those given with --stories."""
    told = _run_core(project, stories, out, e2e=e2e, account=account)
    click.echo(_total(told, None))
    sys.exit(not _enough_passed(told, at_least))


@test.command("nlu")
@options.project
@_nlu
@click.option("--config", type=_path, default=None, help="Another config.yml, to compare its pipeline with this one.")
@_out
def nlu_(project: Path, nlu: Path | None, config: Path | None, out: Path) -> None:
    """Test the matcher, by cross-validation or on given messages.

    Without --nlu the exit status is always 0, because some messages of a
    cross-validation always fail.
    """
    from bot.cli.test_nlu import cross_validation_total, run_nlu_tests

    said = run_nlu_tests(project, nlu, out, config)
    click.echo(_total(None, said) if nlu else cross_validation_total(said))
    sys.exit(nlu is not None and said.failed > 0)


def _run_core(project: Path, stories: Path | None, out: Path, *, e2e: bool, account: str | None) -> StoryReport:
    from bot.app.testing import UnknownCustomer, run_core_tests, run_end_to_end_tests, write_core_reports
    from bot.cli import showing

    if account is not None and not e2e:
        raise click.UsageError("--as needs --e2e, since only that runs actions")
    with showing.progress("Testing stories") as progress:
        if e2e:
            try:
                test = asyncio.run(run_end_to_end_tests(project, stories, account, progress=progress))
            except UnknownCustomer as error:
                raise click.BadParameter(str(error), param_hint="'--as'") from error
        else:
            test = run_core_tests(project, stories, progress=progress)
    write_core_reports(test, out)
    report = test.stories
    _show_failures(report)
    if report.failed and test.could_log_in:
        click.echo(f"Nobody is logged in; use `--as {test.could_log_in[0]}` to run the stories as a customer.")
    return report


def _enough_passed(report: StoryReport, at_least: float) -> bool:
    """Whether at least this percentage of the stories passed."""
    return report.passed * 100.0 >= at_least * len(report.results)


def _total(told: StoryReport | None, said: NluTest | None) -> str:
    """The last line: how many stories and messages passed and failed, and how many of each if both were tested."""
    counts = []
    if told is not None:
        counts.append(("stories", told.passed, len(told.failed)))
    if said is not None:
        counts.append(("messages", said.passed, said.failed))
    total = f"{sum(passed for _, passed, _ in counts)} passed, {sum(failed for _, _, failed in counts)} failed"
    if len(counts) < 2:
        return total
    parts = " and ".join(f"{passed} of {passed + failed} {what}" for what, passed, failed in counts)
    return f"{total} ({parts} passed)"


def _show_failures(report: StoryReport) -> None:
    """Show each failed story with the steps that went differently, and why."""
    for result in report.failed:
        click.secho(f"{result.place}: {result.name}", bold=True)
        for step in result.steps:
            if not step.passed:
                click.echo(f"  {step.place}: {_difference(step)}")
                for reason in _reasons(step):
                    click.secho(f"      {reason}", dim=True)


def _difference(step: StepResult) -> str:
    from bot.testing.reporting import shown_entities

    said = f"{step.text!r}: " if step.text else ""
    if step.expected != step.predicted:
        return f"{said}expected {step.expected}, got {step.predicted}"
    return f"{said}expected {shown_entities(step.expected_entities)}, got {shown_entities(step.predicted_entities)}"


def _reasons(step: StepResult) -> Iterator[str]:
    """Yield the reasons for a wrong action, and the example that attracted a message to a wrong intent."""
    from bot.content import NOWHERE

    for reason in step.because:
        where = f" ({reason.place})" if reason.place != NOWHERE else ""
        yield f"because of {reason.policy}: {reason.name}{where}"
    if step.attracted_by is not None:
        near = step.attracted_by
        yield f"near {near.text!r} ({near.place}, {near.similarity:.2f})"
