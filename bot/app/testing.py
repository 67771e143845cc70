"""`bot test`: the project's test stories, and what is written about them."""

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
from bot.stores.present import check_is_store
from bot.testing.reporting import failed_stories_yaml, story_report
from bot.testing.results import StoryReport
from bot.testing.stories import NOW, run_story_tests
from bot.testing.whole import run_whole_stories


class CoreTest(Struct, frozen=True):
    """What came of test stories, and of what users say in them (None where everything was executed).

    `could_log_in` are the account numbers of the customers that plugins add, where nobody was logged in.
    """

    stories: StoryReport
    messages: Report | None = None
    could_log_in: tuple[str, ...] = ()


class UnknownCustomer(BotError):
    """Nobody has this account number; the message names those that plugins add."""

    def __init__(self, account: str, added: Sequence[str]) -> None:
        there = f"there are {', '.join(added)}" if added else "`bot customers add` adds one"
        super().__init__(f"there is no customer with the account number {account!r}; {there}")


class NoTestStories(BotError):
    """There is no test story to run; the message says how files of them are called."""

    def __init__(self, where: Path) -> None:
        super().__init__(
            f"no test stories in {where}: they stand in files named `test_…`, below `tests/` or `stories/`"
        )


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

    That is one whom a plugin adds, or else one of the project's own store; None: nobody is logged in. Raises
    UnknownCustomer where neither has them.
    """
    project = load_project(folder, override=_quiet)
    tests, own = tests_of(project, stories), project.settings
    with tempfile.TemporaryDirectory() as scratch:
        project = replace(project, settings=_apart(project.settings, Path(scratch)))
        sources = Sources(now=lambda: NOW)
        async with open_bot(project, sources=sources, progress=part(progress, 0.0, 0.5), testing=True) as running:
            added = {row.account_number: row for row in await running.auth.customers.list()}
            principal = Principal("key", "key:test")
            if account is not None:
                customer = added.get(account) or await _stored(own, account)
                if customer is None:
                    raise UnknownCustomer(account, tuple(added))
                principal = logged_in(customer, "test")
            told = part(progress, 0.5, 1.0)
            report = await run_whole_stories(running.engine, tests, principal, sources, progress=told)
            return CoreTest(report, could_log_in=tuple(added) if account is None else ())


async def _stored(settings: Settings, account: str) -> CustomerRow | None:
    """The customer of the project's own store with this account number; None also where there is no store."""
    try:
        check_is_store(settings.store.url, settings.project)
    except ConfigurationError:
        return None
    database = Database.open(settings.store.url, project=settings.project, readers=1)
    try:
        return await CustomerStore(database).by_account(account)
    finally:
        await database.close()


def _apart(settings: Settings, folder: Path) -> Settings:
    """The settings with `folder` for their private folder: what tests change goes with it, trained models stay."""
    apart = replace(settings, private=folder, store=Store(url=f"sqlite:///{folder}/teller.db"))
    with suppress(OSError):  # of a read-only project nothing is kept
        models = private_folder(settings) / "models"
        models.mkdir(exist_ok=True)
        (folder / "models").symlink_to(models.resolve())
    return apart


def tests_of(project: Project, stories: Path | None) -> tuple[Story, ...]:
    """The test stories to run; raises ContentError for files that cannot be read, NoTestStories where there is none."""
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
    report = test.stories
    if test.messages is not None:
        write_matcher_report(test.messages, out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "story_report.json").write_text(json.dumps(story_report(report), indent=2) + "\n", encoding="utf-8")
    (out / "failed_test_stories.yml").write_text(failed_stories_yaml(report.failed), encoding="utf-8")


def _quiet(settings: Settings) -> Settings:
    """Failures and warnings are logged, and those in full: what is said comes from the project's own stories."""
    return replace(settings, logging=replace(settings.logging, level="warning", format="console", message_text=True))
