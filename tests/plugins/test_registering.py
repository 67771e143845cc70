"""What plugins register is checked before anything runs: what cannot work is refused, with a fix."""

from __future__ import annotations

import functools
import importlib
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import click
import pytest

from bot import Commands, PluginError, Settings, hookimpl
from bot.cli.main import BUILT_IN, OPEN_TO_PLUGINS, cli
from bot.plugins import Plugins, reserved

from .test_plugins import nothing, plugin


class Hooks:
    """A plugin that is an object: its hooks are methods of its class."""

    @hookimpl
    def register_actions(self, register: Callable[[str, Any], None]) -> None:
        register("action_a", nothing)


class Misspelt:
    @hookimpl
    def register_action(self, register: object) -> None: ...


class Unmarked:
    def register_actions(self, register: object) -> None: ...


class Async:
    @hookimpl
    async def register_actions(self, register: object) -> None: ...


class Defaulted:
    @hookimpl
    def register_actions(self, register: object = None) -> None: ...


class Wrapper:
    @hookimpl(wrapper=True)
    def register_actions(self, register: object) -> Any:
        yield


class Yielding:
    @hookimpl
    async def lifespan(self, startup: object) -> AsyncIterator[None]:
        yield


def test_plugin_may_be_an_object() -> None:
    assert list(Plugins([("one", Hooks())]).actions()) == ["action_a"]


@pytest.mark.parametrize(
    ("offered", "message"),
    [
        (Misspelt(), r"there is no hook 'register_action'. Did you mean `register_actions`\?"),
        (Unmarked(), "register_actions is a hook's name; put `@hookimpl`"),
        (Async(), "register_actions must be a plain `def`"),
        (Defaulted(), "gives its argument register a default"),
        (Wrapper(), "register_actions is a wrapper"),
        (Yielding(), "lifespan yields; put `@asynccontextmanager`"),
    ],
)
def test_invalid_hook_method_is_rejected(offered: object, message: str) -> None:
    with pytest.raises(PluginError, match=f"one: .*{message}"):
        Plugins([("one", offered)])


async def a_plain_action(turn: object) -> None: ...


class CallableAction:
    async def __call__(self, turn: object) -> None: ...


class RasaAction:
    def name(self) -> str:
        return "action_rasa"

    async def run(self, dispatcher: object, tracker: object, domain: object) -> list[object]:
        return []


class Sync:
    def __call__(self, turn: object) -> None: ...


async def rasa_style(dispatcher: object, tracker: object, domain: object) -> None: ...


async def yields(turn: object) -> AsyncIterator[None]:
    yield


@functools.wraps(rasa_style)
async def wrapped(turn: object) -> None: ...


@pytest.mark.parametrize(
    "action", [a_plain_action, CallableAction(), functools.partial(rasa_style, None, None), wrapped]
)
def test_any_async_callable_that_takes_a_turn_is_an_action(action: object) -> None:
    plugins = Plugins([("one", plugin(register_actions=lambda register: register("action_a", action)))])
    assert plugins.actions() == {"action_a": action}


class NoRespond:
    """A channel without `respond`."""

    def receive(self, incoming: object) -> list[object]:
        return []


class Complete(NoRespond):
    def respond(self, answered: object) -> None: ...


class AsyncReceive(Complete):
    async def receive(self, incoming: object) -> list[object]:  # type: ignore[override]
        return []


class MaybeRepliesBySend(Complete):
    replies_by_send = "maybe"


class RepliesBySend:
    replies_by_send = True

    def receive(self, incoming: object) -> list[object]:
        return []


class SynchronousSend(Complete):
    def send(self, sending: object) -> None: ...


async def watch(record: object) -> None: ...


@pytest.mark.parametrize(
    ("hook", "name", "item", "message"),
    [
        ("register_actions", "action_a", None, "action 'action_a' is None; register a function"),
        ("register_actions", "action_a", RasaAction, "is the class RasaAction"),
        ("register_actions", "action_a", RasaAction(), "is an instance of RasaAction"),
        ("register_actions", "action_a", Sync(), "must be async"),
        ("register_actions", "action_a", rasa_style, r"takes \(dispatcher, tracker, domain\); let it take \(turn\)"),
        ("register_actions", "action_a", yields, "yields; remove the `yield`"),
        ("register_actions", a_plain_action, "action_a", "register an action with its name as the first argument"),
        ("register_actions", "action_listen", a_plain_action, "which is reserved for Teller"),
        ("register_policies", "Ours", None, "policy 'Ours' is None"),
        ("register_policies", "Ours", lambda content: None, r"takes \(content\); let it take \(content, entry\)"),
        (
            "register_policies",
            "RulePolicy",
            lambda content, entry: None,
            "policy 'RulePolicy', which is reserved for Teller",
        ),
        ("register_nlu_components", "DIETClassifier", len, "'DIETClassifier', which is reserved for Teller"),
        ("register_nlu_components", "Ours", object(), "is an instance of object; register what creates it"),
        ("register_channels", "rest", Complete(), "channel 'rest', which is reserved for Teller; choose another name"),
        ("register_channels", "callback", Complete(), "which is reserved for Teller"),
        ("register_channels", "{x}", Complete(), "cannot be part of a URL"),
        ("register_channels", "..", Complete(), "cannot be part of a URL"),
        ("register_channels", "", Complete(), "register a channel with its name as the first argument"),
        ("register_channels", "pager", Complete, r"is a class that takes \(\); register an instance \(`Complete\(…\)`"),
        (
            "register_channels",
            "pager",
            MaybeRepliesBySend(),
            "has 'maybe' for `replies_by_send`; set it to True or False",
        ),
        ("register_channels", "pager", RepliesBySend(), "lacks `send`"),
        ("register_observers", "all", Complete, r"is a class that takes \(\)"),
        ("register_channels", "pager", NoRespond(), "lacks `respond`"),
        ("register_channels", "pager", AsyncReceive(), "has a `receive` that is async"),
        ("register_channels", "pager", SynchronousSend(), "has a `send` that must be async"),
        ("register_observers", "all", watch, "observer 'all' is async; write a plain `def`"),
        ("register_observers", "all", None, "observer 'all' is None"),
        ("register_observers", "all", lambda: None, r"takes \(\); let it take \(record\)"),
    ],
)
def test_unusable_item_is_rejected_when_registered(hook: str, name: Any, item: object, message: str) -> None:
    plugins = Plugins([("one", plugin(**{hook: lambda register: register(name, item)}))])
    collect = {"register_nlu_components": "nlu_components"}.get(hook, hook.removeprefix("register_"))
    with pytest.raises(PluginError, match=f"^one.*{message}"):
        getattr(plugins, collect)()


def test_every_problem_is_reported_and_valid_items_are_registered() -> None:
    def register_actions(register: Callable[[str, Any], None]) -> None:
        register("action_a", None)
        register("action_b", nothing)
        register("action_b", nothing)

    reported: list[PluginError] = []
    plugins = Plugins([("one", plugin(register_actions=register_actions))], reported.append)
    assert list(plugins.actions()) == list(plugins.actions()) == ["action_b"]
    assert [str(error).split("'")[1] for error in reported] == ["action_a", "action_b"]


def test_bad_hook_does_not_hide_the_problems_of_the_plugins_other_hooks() -> None:
    def register_actions(register: Callable[[str, Any], None]) -> None:
        register("action_a", nothing)
        register("action_a", nothing)

    @hookimpl
    def register_action(register: object) -> None: ...

    reported: list[PluginError] = []
    offered = plugin(register_actions=register_actions)
    offered.register_action = register_action
    assert list(Plugins([("one", offered)], reported.append).actions()) == ["action_a"]
    assert ["there is no hook" in str(error) for error in reported] == [True, False]


def commands(*adds: Callable[[Commands], None]) -> Commands:
    return Plugins([(f"plugin {n}", plugin(register_commands=add)) for n, add in enumerate(adds, 1)]).commands()


def adds(name: str) -> Callable[[Commands], None]:
    return lambda commands: commands.add(click.Command(name))


def takes(command: str, name: str, configure: Any = None) -> Callable[[Commands], None]:
    return lambda commands: commands.option(command, click.Option([name]), configure)


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ([adds("run")], "plugin 1 registers the command 'run', which is reserved for Teller"),
        ([adds("coo"), adds("coo")], "plugin 2 registers the command 'coo', which plugin 1 has already registered"),
        ([takes("run", "--port")], "option 'bot run --port', which is reserved for Teller"),
        ([takes("run", "--loft"), takes("run", "--loft")], "'bot run --loft', which plugin 1 has already registered"),
        ([takes("nosuch", "--loft")], "plugin 1: `commands.option` adds to `run` and `shell`, not to 'nosuch'"),
        ([lambda commands: commands.option("run", "--x")], "plugin 1: `commands.option` takes a click option"),
        ([lambda commands: commands.add(print)], "plugin 1: `commands.add` takes a click command"),
    ],
)
def test_invalid_command_or_option_is_rejected(added: list[Callable[[Commands], None]], message: str) -> None:
    with pytest.raises(PluginError, match=message):
        commands(*added)


@pytest.mark.parametrize(
    ("configure", "message"),
    [
        (lambda settings, value: None, "plugin 1: `configure` of the option --loft returned NoneType, not settings"),
        (lambda settings, value: 1 / 0, "plugin 1: `configure` of the option --loft failed: ZeroDivisionError"),
    ],
)
def test_failing_or_wrong_configure_names_its_plugin_and_option(configure: Any, message: str) -> None:
    [option] = commands(takes("run", "--loft", configure)).options
    assert option.configure is not None
    with pytest.raises(PluginError, match=message):
        option.configure(Settings(), "here")


def test_built_in_commands_and_options_are_reserved() -> None:
    assert set(BUILT_IN) == reserved.COMMANDS
    assert set(OPEN_TO_PLUGINS.values()) == set(reserved.OPTIONS)
    spelt = {name: set(cli.context_settings["help_option_names"]) for name in reserved.OPTIONS}
    for name, options_of in OPEN_TO_PLUGINS.items():
        command = getattr(importlib.import_module(f"bot.cli.{name}"), name)
        for parameter in command.params:
            spelt[options_of] |= {*parameter.opts, *parameter.secondary_opts}
    assert spelt == reserved.OPTIONS


def part(**changed: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"features": lambda texts: None, "share": 0.1, "version": "1", **changed})


@pytest.mark.parametrize(
    ("made", "lacks"),
    [
        (SimpleNamespace(features=len), "component 'Part' lacks `share`, `version`"),
        (part(share=5), "has 5 as its `share`; set it to a number from 0 to 1"),
        (part(share="0.1"), "has '0.1' as its `share`"),
        (part(share=float("nan")), "has nan as its `share`"),
        (part(version=1), "has 1 as its `version`; set it to a text"),
        (part(width="2"), "has '2' as its `width`"),
        (part(features=nothing), "has a `features` that is async"),
        (SimpleNamespace(process=lambda parse: parse), "has a `process` that takes"),
        (None, "component 'Part' lacks `features`, `share`, `version`"),
    ],
)
def test_invalid_component_is_rejected_with_its_flaw(made: object, lacks: str) -> None:
    offered = plugin(register_nlu_components=lambda register: register("Part", lambda options: made))
    with pytest.raises(PluginError, match=lacks):
        Plugins([("one", offered)]).nlu_components()["Part"]({})


def test_incomplete_or_failing_policy_is_rejected_by_name() -> None:
    def register_policies(register: Callable[[str, Any], None]) -> None:
        register("NoRespond", lambda content, entry: SimpleNamespace(name="NoRespond", predict=len))
        register("None", lambda content, entry: entry.options)

    policies = Plugins([("one", plugin(register_policies=register_policies))]).policies()
    with pytest.raises(PluginError, match="policy 'NoRespond' lacks `priority`"):
        policies["NoRespond"](None, None)
    with pytest.raises(PluginError, match=r"one: the policy 'None' cannot be created: AttributeError"):
        policies["None"](None, None)


@pytest.mark.parametrize("priority", [True, "high", float("nan")])
def test_policy_with_a_non_numeric_priority_is_rejected(priority: object) -> None:
    made = SimpleNamespace(name="Ours", priority=priority, predict=lambda tracker: None)
    offered = plugin(register_policies=lambda register: register("Ours", lambda content, entry: made))
    with pytest.raises(PluginError, match=r"policy 'Ours' has .* as its `priority`"):
        Plugins([("one", offered)]).policies()["Ours"](None, None)
