"""`bot test`: runs the project's test stories and writes reports about them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from bot.app.agents import ShorthandMatcher
from bot.app.learning import learn
from bot.app.nlu_testing import evaluate_messages, write_matcher_report
from bot.app.opening import logged_in, open_bot
from bot.app.projects import Project, load_project, private_folder
from bot.config import Settings, Store
from bot.content import Story
from bot.errors import BotError, ConfigurationError, ContentError
from bot.messages import Principal
from bot.nlu.evaluation import Report
from bot.progress import Progress, part, silent
from bot.reading import read_test_stories
from bot.sources import Sources
from bot.stores.customers import CustomerRow, CustomerStore
from bot.stores.database import Database
from bot.stores.dialects import sqlite_url
from bot.stores.present import check_is_store
from bot.testing.reporting import failed_stories_yaml, story_report
from bot.testing.results import StoryReport
from bot.testing.stories import NOW, run_story_tests
from bot.testing.whole import run_whole_stories


class CoreTest(Struct, frozen=True):
    """The results of test stories, and of the user messages in them (None if everything was executed).

    `could_log_in` are the account numbers of the customers that plugins add, if nobody was logged in.
    """

    stories: StoryReport
    messages: Report | None = None
    could_log_in: tuple[str, ...] = ()


class UnknownCustomer(BotError):
    """No customer has this account number; the message names those that plugins add."""

    def __init__(self, account: str, added: Sequence[str]) -> None:
        known = f"there are {', '.join(added)}" if added else "`bot customers add` adds one"
        super().__init__(f"there is no customer with the account number {account!r}; {known}")


class NoTestStories(BotError):
    """There is no test story to run; the message says how their files must be named."""

    def __init__(self, where: Path) -> None:
        super().__init__(f"no test stories in {where}: put them in files named `test_…`, below `tests/` or `stories/`")


def run_core_tests(folder: Path, stories: Path | None = None, *, progress: Progress = silent) -> CoreTest:
    """Run the test stories of the project, or those in `stories` (a file or a folder); no action is executed."""
    project = load_project(folder, command="train")
    tests = tests_of(project, stories)
    trained = learn(project, progress=part(progress, 0.0, 0.5))
    matcher = ShorthandMatcher(trained.model, project.content.domain)
    report = run_story_tests(
        project.content,
        matcher,
        trained.dialogue,
        tests,
        most_actions=project.settings.limits.actions_per_turn,
        progress=part(progress, 0.5, 1.0),
    )
    return CoreTest(report, evaluate_messages(trained.model, tests))


async def run_end_to_end_tests(
    folder: Path, stories: Path | None = None, account: str | None = None, *, progress: Progress = silent
) -> CoreTest:
    """Run the test stories with everything executed, logged in as the customer with the account number `account`.

    The customer is one that a plugin adds, or else one in the project's own store; None: nobody is logged in. Raises
    UnknownCustomer if neither has the account number.
    """
    project = load_project(folder, override=_with_quiet_log, command="test")
    tests = tests_of(project, stories)
    sources = Sources(now=lambda: NOW)
    with tempfile.TemporaryDirectory() as scratch:
        isolated = replace(project, settings=_isolated(project.settings, Path(scratch)))
        async with open_bot(isolated, sources=sources, progress=part(progress, 0.0, 0.5), testing=True) as running:
            added = {row.account_number: row for row in await running.auth.customers.list()}
            if account is None:
                principal, could_log_in = Principal("key", "key:test"), tuple(added)
            else:
                customer = added.get(account) or await _stored_customer(project.settings, account)
                if customer is None:
                    raise UnknownCustomer(account, tuple(added))
                principal, could_log_in = logged_in(customer, "test"), ()
            rest = part(progress, 0.5, 1.0)
            report = await run_whole_stories(running.engine, tests, principal, sources, progress=rest)
            return CoreTest(report, could_log_in=could_log_in)


async def _stored_customer(settings: Settings, account: str) -> CustomerRow | None:
    """The customer with this account number in the project's own store; None also if there is no store."""
    try:
        check_is_store(settings.store.url, settings.project)
    except ConfigurationError:
        return None
    database = Database.open(settings.store.url, project=settings.project, readers=1)
    try:
        return await CustomerStore(database).by_account(account)
    finally:
        await database.close()


def _isolated(settings: Settings, folder: Path) -> Settings:
    """The settings with `folder` as private folder: changes by tests disappear with it, trained models are kept."""
    isolated = replace(settings, private=folder, store=Store(url=sqlite_url(folder / "teller.db")))
    with suppress(OSError):  # in a read-only project nothing is kept
        models = private_folder(settings) / "models"
        models.mkdir(exist_ok=True)
        (folder / "models").symlink_to(models.resolve())
    return isolated


def tests_of(project: Project, stories: Path | None) -> tuple[Story, ...]:
    """The test stories to run; raises ContentError for files that cannot be read, NoTestStories if there are none."""
    tests, diagnostics = (project.tests, ()) if stories is None else read_test_stories(stories)
    errors = [found for found in diagnostics if found.severity == "error"]
    if errors:
        raise ContentError(errors)
    if not tests:
        raise NoTestStories(stories or project.settings.project)
    return tests


def write_core_reports(test: CoreTest, out: Path) -> None:
    """Write `story_report.json` and `failed_test_stories.yml` (expected beside predicted) into the folder `out`.

    What users say in the stories is reported on as a test of the matcher.
    """
    if test.messages is not None:
        write_matcher_report(test.messages, out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "story_report.json").write_text(json.dumps(story_report(test.stories), indent=2) + "\n", encoding="utf-8")
    (out / "failed_test_stories.yml").write_text(failed_stories_yaml(test.stories.failed), encoding="utf-8")


def _with_quiet_log(settings: Settings) -> Settings:
    """The settings with only warnings and errors logged, texts included: those come from the project's own stories."""
    return replace(settings, logging=replace(settings.logging, level="warning", format="console", message_text=True))
