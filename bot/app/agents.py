"""Builds an agent from content: the matcher as the engine calls it, and every action."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

from bot.actions.default import default_actions
from bot.actions.forms import form_action
from bot.actions.responses import response_action, text_actions
from bot.actions.turn import Action, Resources
from bot.actions.unknown import UnknownEntity
from bot.app.guarding import GuardedMatcher, ReportFailure
from bot.app.learning import Trained
from bot.app.projects import Project
from bot.content import Domain
from bot.dialogue.names import UTTER
from bot.engine.agent import Agent
from bot.messages import Parse
from bot.nlu import parse_shorthand
from bot.nlu.cache import CachedParses, Parses
from bot.sources import Sources


class ShorthandMatcher:
    """The matcher as the engine calls it: `/intent{…}` is read as shorthand, anything else goes to the model.

    `warn` gets each entity of a shorthand that the domain lacks, as an UnknownEntity.
    """

    def __init__(self, model: Parses, domain: Domain, warn: ReportFailure = lambda part, slip: None) -> None:
        self.model = model
        self._domain = domain
        self._warn = warn

    def parse(self, text: str, now: datetime) -> Parse:
        """What the text means; `now` is the reference time for dates (aware, UTC)."""
        if text.lstrip().startswith("/"):
            shorthand = parse_shorthand(text, self._domain, self._unknown)
            if shorthand is not None:
                return shorthand
        return self.model.parse(text, now)

    def _unknown(self, entity: str) -> None:
        self._warn("shorthand", UnknownEntity(entity, self._domain))


@asynccontextmanager
async def make_agent(
    project: Project,
    trained: Trained,
    resources: Resources,
    sources: Sources,
    report_failure: ReportFailure,
    warn: ReportFailure,
) -> AsyncIterator[Agent]:
    """The agent that turns run on; if the project has an action server, the connection lives as long as the agent.

    Exceptions of pipeline components are reported to `report_failure`, and entities that the domain lacks to `warn`.
    """
    content = project.content
    endpoint = project.settings.action_endpoint
    parses = trained.model if trained.model.depends_on_time else CachedParses(trained.model)
    guarded = GuardedMatcher(parses, report_failure, trained.model.components)
    matcher = ShorthandMatcher(guarded, content.domain, warn)
    async with AsyncExitStack() as stack:
        remote, kept_events = None, 0
        if endpoint is not None:
            from bot.actions.remote import ActionServer

            server = await stack.enter_async_context(ActionServer(endpoint, content.domain, sources))
            remote, kept_events = server.action, endpoint.tracker_events
        actions = text_actions(content) | gather_actions(content.domain, project.plugins.actions(), remote)
        yield Agent(content, matcher, trained.dialogue, actions, resources, kept_events)


def gather_actions(
    domain: Domain, plugin_actions: Mapping[str, Action], remote: Callable[[str], Action] | None = None
) -> dict[str, Action]:
    """Every action by name. A plugin's takes precedence, then a remote one that the domain lists, then the built-in.

    `remote` creates the action for a name that the domain lists and no plugin implements.
    """
    responses = {name for name in domain.actions if name.startswith(UTTER)}
    for name in domain.responses:
        retrieval_action, _, _ = name.partition("/")
        responses |= {name, retrieval_action}
    actions: dict[str, Action] = {name: response_action(name) for name in responses}
    actions.update(default_actions())
    actions.update({name: form_action(form) for name, form in domain.forms.items()})
    if remote is not None:
        actions.update({name: remote(name) for name in domain.actions if not name.startswith(UTTER)})
    actions.update(plugin_actions)
    return actions
