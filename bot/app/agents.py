"""Content to agent: the matcher and the policies, trained or from the cache, and every action there is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from bot.actions.default import default_actions
from bot.actions.forms import form_action
from bot.actions.remote import ActionServer
from bot.actions.responses import PREFIX, response_action
from bot.actions.turn import Action, Resources
from bot.app.projects import Project
from bot.content import Content, Domain
from bot.dialogue.dialogue import Dialogue
from bot.dialogue.train import train_dialogue
from bot.engine.agent import Agent
from bot.errors import BotError
from bot.messages import Parse
from bot.nlu import Model, fingerprint_of, parse_shorthand, train
from bot.plugins import Plugins
from bot.sources import Sources

SEED = 0
Progress = Callable[[str, float], None]
Learned = TypeVar("Learned", Model, Dialogue)


@dataclass(frozen=True, slots=True)
class Trained:
    """What was learned from content. `seconds` is how long it took, `cached` whether it came from the cache."""

    model: Model
    dialogue: Dialogue
    seconds: float
    cached: bool


class ShorthandMatcher:
    """The matcher as the engine asks it: `/intent{…}` is read as such, everything else is understood."""

    def __init__(self, model: Model, domain: Domain) -> None:
        self.model = model
        self._domain = domain

    def parse(self, text: str, now: datetime) -> Parse:
        """What the text means; `now` is the reference time for dates (aware, UTC)."""
        if text.startswith("/"):
            shorthand = parse_shorthand(text, self._domain)
            if shorthand is not None:
                return shorthand
        return self.model.parse(text, now)


def learn(content: Content, plugins: Plugins, cache: Path, *, progress: Progress | None = None) -> Trained:
    """The model and the policies of this content: from `cache`, or trained and put there.

    The cache is keyed by what training looks at, so that an edit of a response
    trains nothing. A cached model that cannot be read is trained again.
    """
    started = perf_counter()
    components = plugins.nlu_components()
    nlu = cache / f"nlu-{fingerprint_of(content, SEED)[:24]}"
    model, model_cached = _cached(
        nlu,
        lambda folder: Model.load(folder, components=components),
        lambda: train(content, seed=SEED, progress=progress, components=components),
    )
    policies = train_dialogue(content, seed=SEED, policies=plugins.policies())
    return Trained(model, policies, perf_counter() - started, model_cached)


@asynccontextmanager
async def make_agent(
    project: Project, trained: Trained, resources: Resources, sources: Sources
) -> AsyncIterator[Agent]:
    """The agent that turns run on, with a connection to the project's action server for its life, if there is one."""
    content, endpoint = project.content, project.settings.action_endpoint
    matcher = ShorthandMatcher(trained.model, content.domain)
    async with AsyncExitStack() as stack:
        remote = None
        if endpoint is not None:
            server = await stack.enter_async_context(ActionServer(endpoint, content.domain, sources))
            remote = server.action
        actions = gather_actions(content.domain, project.plugins.actions(), remote)
        yield Agent(content, matcher, trained.dialogue, actions, resources)


def gather_actions(
    domain: Domain, plugged: Mapping[str, Action], remote: Callable[[str], Action] | None = None
) -> dict[str, Action]:
    """Every action by name. A plugin's takes precedence, then a remote one that the domain lists, then the built-in.

    `remote` makes the action of a name that the domain lists and nothing here implements.
    """
    named = {name.split("/")[0] for name in domain.responses} | set(domain.responses)
    named |= {name for name in domain.actions if name.startswith(PREFIX)}
    actions: dict[str, Action] = {name: response_action(name) for name in named}
    actions.update(default_actions())
    actions.update({name: form_action(form) for name, form in domain.forms.items()})
    if remote is not None:
        actions.update({name: remote(name) for name in domain.actions if not name.startswith(PREFIX)})
    actions.update(plugged)
    return actions


@contextmanager
def _written_whole(folder: Path) -> Iterator[Path]:
    """A folder that appears under its name only once it is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".training-", dir=folder.parent))
    try:
        yield draft
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _cached(folder: Path, load: Callable[[Path], Learned], learn: Callable[[], Learned]) -> tuple[Learned, bool]:
    if folder.is_dir():
        try:
            return load(folder), True
        except (BotError, OSError, ValueError, KeyError):
            pass  # a cache that another version wrote or a crash cut short is only a cache
    learned = learn()
    with _written_whole(folder) as draft:
        learned.save(draft)
    return learned, False
