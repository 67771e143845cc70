"""Opens a whole bot: store, authentication, plugins, agent and engine; they are closed in reverse order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from bot.actions.turn import Resources
from bot.app.agents import make_agent
from bot.app.learning import Trained, learn
from bot.app.projects import Project, private_folder
from bot.app.stopping import in_thread
from bot.app.watching import Watcher
from bot.auth.authenticator import customer_principal
from bot.auth.opening import Auth, open_auth
from bot.channels import plugged
from bot.config import Settings
from bot.content import NluData
from bot.dialogue.effects import Effect
from bot.engine.agent import Agent
from bot.engine.background import Background
from bot.engine.effects import Effects
from bot.engine.engine import Addressing, Engine
from bot.engine.watch import Watch
from bot.errors import PluginError, StoreUnavailable
from bot.logs import Log, make_logger
from bot.messages import Customer, Principal
from bot.plugins import PluginProblem
from bot.plugins.checks import check_flaw
from bot.plugins.registry import AnyChannel, Startup
from bot.progress import Progress, silent
from bot.server.metrics import Metrics
from bot.server.parts import DemoLogin
from bot.server.readiness import Check, Readiness
from bot.sources import Sources
from bot.stores.clocks import check_clock
from bot.stores.connection import Connection
from bot.stores.customers import CustomerRow
from bot.stores.database import Database, Wrap
from bot.stores.links import Tell
from bot.stores.turns import SqlTurns, open_turns


class Bot(Struct, frozen=True):
    """Everything that makes up one running bot. `announcements` are the plugins' lines for the operator."""

    project: Project
    trained: Trained
    database: Database
    auth: Auth
    engine: Engine
    store: SqlTurns
    background: Background
    metrics: Metrics
    readiness: Readiness
    log: Log
    sources: Sources
    resources: Resources
    channels: Mapping[str, AnyChannel] = field(default_factory=dict)
    announcements: list[str] = field(default_factory=list)
    shown_logins: list[DemoLogin] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.project.settings


_STORE: Final = "store"


class _Registered(Struct):
    """What plugins register while they are opened."""

    announcements: list[str] = field(default_factory=list)
    checks: dict[str, Check] = field(default_factory=dict)
    shown_logins: list[DemoLogin] = field(default_factory=list)

    def add_check(self, name: str, check: Check) -> None:
        """Add a readiness check of an outside service; raises PluginError if its name is taken or it is unsuitable."""
        if name == _STORE or name in self.checks:
            raise PluginError(f"there is already a check {name!r}; choose another name")
        if flaw := check_flaw(check):
            raise PluginProblem(f"the check {name!r} {flaw[0]}", flaw[1], code=check)
        self.checks[name] = check

    def startup(self, settings: Settings, sources: Sources, auth: Auth, watcher: Watcher, *, testing: bool) -> Startup:
        """The `Startup` that plugins are given."""
        return Startup(
            settings=settings,
            resources=Resources(),
            sources=sources,
            add_customer=auth.customers.put,
            announce=self.announcements.append,
            add_check=self.add_check,
            observe_call=watcher.call,
            has_customer=auth.customers.is_known,
            show_login=lambda account, code, name: self.shown_logins.append(DemoLogin(account, code, name)),
            testing=testing,
        )


@asynccontextmanager
async def open_bot(
    project: Project,
    *,
    sources: Sources | None = None,
    server: bool = False,
    exclusive: bool = False,
    progress: Progress = silent,
    addressing: dict[str, Addressing] | None = None,
    log: Log | None = None,
    wrap: Wrap | None = None,
    testing: bool = False,
) -> AsyncIterator[Bot]:
    """Open a project's bot for the duration of the `async with`.

    A `server` has channels; it, and an `exclusive` bot, has an SQLite store to itself. `wrap` goes around the store's
    connections (`Database.open`). `testing` is passed on to plugins. Raises ConfigurationError or PluginError, with all
    problems found, before anything answers.
    """
    settings = project.settings
    sources = sources or Sources()
    private_folder(settings)
    watcher = _watcher(settings, sources, log)
    async with AsyncExitStack() as stack:
        readiness = _readiness(watcher)
        database = await _open_database(settings, exclusive or server, wrap, progress, watcher.log, readiness, stack)
        auth = await open_auth(database, settings, sources, outcome=watcher.login)
        stack.callback(auth.close)
        registered = _Registered()
        startup = registered.startup(settings, sources, auth, watcher, testing=testing)
        await stack.enter_async_context(project.plugins.lifespan(startup, _slow_plugin_warning(watcher.log)))
        channels = project.plugins.make_channels(startup) if server else {}
        observers = project.plugins.make_observers(startup)
        trained = await in_thread(partial(learn, project, progress=progress, report_failure=watcher.action_failed))
        if server:
            addressing = plugged.addressings(channels) | (addressing or {})
            project = _without_training_data(project)
        agent = await stack.enter_async_context(
            make_agent(project, trained, startup.resources, sources, watcher.action_failed, watcher.action_warned)
        )
        store = open_turns(database, sources)
        stack.push_async_callback(store.close)
        engine = _make_engine(agent, startup, store, watcher.watch(observers), addressing)
        yield Bot(
            project=project,
            trained=trained,
            database=database,
            auth=auth,
            engine=engine,
            store=store,
            background=Background(engine, sources),
            metrics=watcher.metrics,
            readiness=_with_checks(readiness, database, settings, registered),
            log=watcher.log,
            sources=sources,
            resources=startup.resources,
            channels=channels,
            announcements=registered.announcements,
            shown_logins=registered.shown_logins,
        )


def logged_in(customer: CustomerRow, login: str) -> Principal:
    """The principal of a logged-in customer, without a session; `login` is the id of the login."""
    bank_customer = Customer(customer.id, customer.bank_customer_id)
    return Principal("customer", customer_principal(customer.id), bank_customer, login=login)


def _watcher(settings: Settings, sources: Sources, log: Log | None) -> Watcher:
    """The watcher for metrics and logs; `log`, if given, replaces the logger that the settings describe."""
    metrics = Metrics()
    log = log or make_logger(settings.logging, now=sources.now, lost=metrics.log_line_lost)
    return Watcher(metrics, log, settings.logging.message_text)


def _without_training_data(project: Project) -> Project:
    """The project without its training data, which serving does not need and which takes a megabyte."""
    return replace(project, content=replace(project.content, nlu=NluData()), tests=(), diagnostics=())


def _with_checks(readiness: Readiness, database: Database, settings: Settings, registered: _Registered) -> Readiness:
    readiness.needed[_STORE] = store_check(database)
    readiness.others |= registered.checks
    if settings.action_endpoint is not None:
        from bot.actions.remote import check_reachable

        readiness.others.setdefault("action server", partial(check_reachable, settings.action_endpoint))
    return readiness


def _readiness(watcher: Watcher) -> Readiness:
    """The checks' results, reported to the watcher; there are no checks yet."""
    return Readiness(
        timeout_seconds=_CHECK_SECONDS,
        tell=watcher.check_failed,
        tell_back=watcher.check_back,
        tell_note=watcher.check_noted,
    )


def _make_engine(
    agent: Agent, startup: Startup, store: SqlTurns, watch: Watch, addressing: Mapping[str, Addressing] | None
) -> Engine:
    """The engine on its store; raises PluginError if the effects that plugins registered do not fit their actions."""
    _check_settled_actions(startup.effects, agent)
    effects = Effects(store, startup.effects, startup.sources)
    return Engine(agent, store, effects, startup.settings, startup.sources, watch=watch, addressing=addressing)


def _check_settled_actions(effects: Mapping[str, Effect], agent: Agent) -> None:
    """Raise PluginError if the action that reports the outcome of an outside change is not registered."""
    for kind, effect in effects.items():
        action = effect.settled_action
        if action is not None and action not in agent.actions:
            raise PluginError(
                f"the effect {kind!r} has {action!r} for its `settled_action`, and there is no such action; "
                "register one, or set it to None"
            )


async def _open_database(
    settings: Settings,
    exclusive: bool,
    wrap: Wrap | None,
    progress: Progress,
    log: Log,
    readiness: Readiness,
    stack: AsyncExitStack,
) -> Database:
    database = Database.open(
        settings.store.url,
        project=settings.project,
        readers=settings.store.readers,
        server=exclusive,
        wrap=wrap,
        progress=progress,
        tell=_store_warning(log),
        changed=readiness.check_soon,
    )
    stack.push_async_callback(database.close)
    if exclusive:
        await check_clock(database, _store_warning(log))
    return database


def _store_warning(log: Log) -> Tell:
    return lambda event, reason: log.warning(event, reason=reason)


def _slow_plugin_warning(log: Log) -> Callable[[str], None]:
    return lambda plugin: log.warning("still opening", plugin=plugin)


_IS_READ_ONLY = """
    SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS read_only"""
_CHECK_SECONDS = 6.0
"""How long a check may take: longer than the store waits for a lock."""


def store_check(database: Database) -> Check:
    """A check whether the store accepts writes: a full disk or a read-only database can still be read."""

    async def check() -> None:
        if database.dialect.name == "sqlite":
            await database.write(_change_unused_number)
            return
        row = await database.read(lambda connection: connection.one(_IS_READ_ONLY))
        if row is None or row.read_only:
            raise StoreUnavailable("the database takes no writes")
        await check_clock(database)

    return check


def _change_unused_number(connection: Connection) -> None:
    """Change a number that nothing else uses, since SQLite writes nothing if the content stays the same."""
    (row,) = connection.all("PRAGMA user_version")
    connection.run(f"PRAGMA user_version = {(row[0] + 1) % 2**31}")
