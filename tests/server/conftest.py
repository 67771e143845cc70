"""The real server on a real store in a temporary folder; only the engine is a small double, with the same methods."""

from __future__ import annotations

import asyncio
import io
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from bot.app.opening import open_bot
from bot.app.projects import load_project
from bot.app.routes import channel_routes
from bot.app.running import parts_of
from bot.auth.opening import Auth, open_auth
from bot.config import Logging, Sessions, Settings, Store
from bot.dialogue.events import BotUttered, UserUttered
from bot.encoding import fingerprint
from bot.engine.codec import answer_body, record_to_json
from bot.engine.protocols import TurnCommit
from bot.engine.record import Answer, TurnRecord
from bot.errors import BotError, MessageIdReused
from bot.logs import make_logger
from bot.messages import Parse, Reply, UserMessage
from bot.server.app import make_app
from bot.server.metrics import Metrics
from bot.server.parts import DemoLogin, Parts
from bot.server.readiness import Readiness
from bot.sources import Sources
from bot.stores.database import Database
from bot.stores.turns import SqlTurns
from tests.stores.cluster import Cluster, running_cluster

ACCOUNT, CODE = "00123456", "000042"
OTHER_ACCOUNT, OTHER_CODE = "12345678", "135790"


PROJECT = {
    "config.yml": """
language: en
pipeline:
- name: WhitespaceTokenizer
- name: DIETClassifier
policies:
- name: RulePolicy
- name: MemoizationPolicy
""",
    "domain.yml": """
version: "3.1"
intents: [greet, bye, tell_colour]
entities: [colour]
slots:
  colour:
    type: text
    mappings: [{type: from_entity, entity: colour}]
  mood: {type: text, initial_value: fine, influence_conversation: false, mappings: [{type: custom}]}
responses:
  utter_greet: [{text: "Hello!"}]
  utter_bye: [{text: "Bye!\\n\\nSee you."}]
  utter_colour: [{text: "You like {colour}."}]
session_config: {session_expiration_time: 60, carry_over_slots_to_new_session: true}
""",
    "data/nlu.yml": """
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - hi there
    - good morning
    - hey
- intent: bye
  examples: |
    - bye
    - goodbye now
    - see you later
- intent: tell_colour
  examples: |
    - I like [red](colour)
    - my colour is [blue](colour)
    - I prefer [green](colour)
""",
    "data/rules.yml": """
version: "3.1"
rules:
- rule: greet
  steps: [{intent: greet}, {action: utter_greet}]
- rule: bye
  steps: [{intent: bye}, {action: utter_bye}]
- rule: colour
  steps: [{intent: tell_colour}, {action: utter_colour}]
""",
}


@dataclass
class Clock:
    at: datetime = field(default=datetime(2026, 11, 22, 12, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class EchoEngine:
    """Answers `you said: …` in a real, committed turn; `fail` makes it raise, `hold` makes it wait."""

    def __init__(self, store: SqlTurns, settings: Settings, sources: Sources) -> None:
        self.store = store
        self.agent: Any = SimpleNamespace(fingerprint="content-1", content=SimpleNamespace(language="cy"))
        self.fail: BotError | Exception | None = None
        self.seen: list[UserMessage] = []
        self.replies: tuple[Reply, ...] = ()
        self.hold: asyncio.Event | None = None
        self.waiting = 0
        self._idle = timedelta(seconds=settings.sessions.idle_seconds)
        self._sources = sources
        self._lock = asyncio.Lock()

    async def handle(self, message: UserMessage) -> Answer:
        self.seen.append(message)
        if self.fail is not None:
            raise self.fail
        if self.hold is not None:
            await self.hold.wait()
        async with self._lock:
            return await self._answer(message)

    async def perform(self, work: Any) -> Answer:
        return await self.handle(work.message)

    async def accept(self, message: UserMessage) -> None:
        await self.store.accept(message, fingerprint([message.text, message.metadata]))

    async def _answer(self, message: UserMessage) -> Answer:
        print_ = fingerprint([message.text, message.metadata])
        loaded = await self.store.load(message.conversation, None if message.id_is_ours else message.message_id)
        if loaded.stored is not None:
            if loaded.stored.fingerprint != print_:
                raise MessageIdReused
            assert loaded.stored.body is not None
            return Answer(message.conversation, loaded.stored.seq, message.message_id, loaded.stored.body)
        replies = self.replies or (
            Reply(text=f"you said: {message.text}", buttons=({"title": "More", "payload": "/more"},)),
            Reply(text="first\n\nsecond", custom={"table": [1]}),
        )
        events = (UserUttered(Parse(message.text), message.message_id), *map(BotUttered, replies))
        record = TurnRecord(loaded.seq + 1, message, events, (), self._sources.now(), 1, "c")
        body = answer_body(message.conversation, record.seq, message.message_id, replies)
        await self.store.commit(
            TurnCommit(
                conversation=message.conversation,
                seq=record.seq,
                message_id=message.message_id,
                fingerprint=print_,
                record=record_to_json(record),
                snapshot=b"{}",
                body=body,
                at=record.now,
                session=message.principal.session,
                session_idle_until=record.now + self._idle,
            )
        )
        return Answer(message.conversation, record.seq, message.message_id, body)


@dataclass
class Running:
    """A bot that is being served, with what tests need."""

    client: TestClient[Any, Any]
    parts: Parts
    engine: EchoEngine
    auth: Auth
    clock: Clock
    log: io.StringIO
    customer: str

    async def login(self, account: str = ACCOUNT, code: str = CODE) -> dict[str, str]:
        answer = await self.client.post("/auth", json={"accountNumber": account, "code": code})
        assert answer.status == 200, await answer.text()
        return {"Authorization": f"Bearer {(await answer.json())['token']}"}

    async def key(self, *scopes: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {(await self.auth.keys.create(scopes)).secret}"}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two customers, made once: hashing their codes is the slowest part of a test's setup."""
    project = tmp_path_factory.mktemp("prepared")

    async def prepare() -> None:
        settings, sources = Settings(project=project), Sources()
        database = Database.open(settings.store.url, project=project)
        auth = await open_auth(database, settings, sources)
        await auth.customers.add(ACCOUNT, CODE, "bank-3")
        await auth.customers.add(OTHER_ACCOUNT, OTHER_CODE, "bank-1")
        auth.close()
        await database.close()

    asyncio.run(prepare())
    return project


@pytest.fixture
def idle_seconds() -> float:
    return 300.0


@pytest.fixture
def settings(tmp_path: Path, prepared: Path, idle_seconds: float) -> Settings:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return Settings(project=tmp_path, title="Teller's <bank>", sessions=Sessions(idle_seconds=idle_seconds))


@pytest.fixture
async def running(settings: Settings) -> AsyncIterator[Running]:
    clock = Clock()
    sources = Sources(now=clock.now)
    database = Database.open(settings.store.url, project=settings.project)
    metrics, log = Metrics(), io.StringIO()
    auth = await open_auth(database, settings, sources, outcome=metrics.login)
    customer = await auth.customers.find(ACCOUNT)
    assert customer is not None
    engine = EchoEngine(SqlTurns(database, sources), settings, sources)

    async def store_works() -> None:
        await database.read(lambda connection: connection.one("SELECT 1"))

    parts = Parts(
        settings=settings,
        engine=engine,
        auth=auth,
        database=database,
        metrics=metrics,
        readiness=Readiness({"store": store_works}),
        log=make_logger(settings.logging, now=clock.now, stream=log),
        sources=sources,
        version="0.1.0",
        started=clock.now(),
        demo=(DemoLogin(ACCOUNT, CODE, "Ada"),),
        channel_routes=channel_routes(settings, callback=True),
    )
    await parts.readiness.check_needed()
    async with TestClient(TestServer(make_app(parts))) as client:
        yield Running(client, parts, engine, auth, clock, log, customer.id)
    auth.close()
    await database.close()


@pytest.fixture(scope="session")
def small_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in Rasa's format."""
    folder = tmp_path_factory.mktemp("small-project")
    for name, text in PROJECT.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


BOTH = pytest.mark.parametrize("store_kind", ["sqlite", "postgresql"])


@pytest.fixture
def store_kind() -> str:
    """Tests of behaviour that must not depend on the store are parametrised by BOTH."""
    return "sqlite"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture
async def real(
    request: pytest.FixtureRequest, small_project: Path, tmp_path: Path, store_kind: str
) -> AsyncIterator[Running]:
    """A complete real bot, being served; nothing in it is a double."""
    log = io.StringIO()
    logger = make_logger(Logging(), now=Sources().now, stream=log)
    store = Store(url=f"sqlite:///{tmp_path}/teller.db")
    if store_kind == "postgresql":
        store = Store(url=request.getfixturevalue("cluster").new_database())
    project = load_project(small_project, override=lambda settings: replace(settings, store=store))
    async with open_bot(project, log=logger) as bot:
        for account, code, bank in ((ACCOUNT, CODE, "bank-3"), (OTHER_ACCOUNT, OTHER_CODE, "bank-1")):
            if await bot.auth.customers.find(account) is None:
                await bot.auth.customers.add(account, code, bank)
        customer = await bot.auth.customers.find(ACCOUNT)
        assert customer is not None
        parts = replace(parts_of(bot), channel_routes=channel_routes(bot.settings, callback=True))
        await parts.readiness.check_needed()
        async with TestClient(TestServer(make_app(parts))) as client:
            engine: Any = bot.engine
            yield Running(client, parts, engine, bot.auth, Clock(), log, customer.id)
