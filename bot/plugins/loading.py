"""The typed facade over pluggy: plugins are collected once at start-up, and pluggy is never called during a turn."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import pluggy

from bot.errors import PLUGIN_FAILURES, BotError, ConfigurationError, PluginError, StoreUnavailable
from bot.plugins import checks, hookspecs, reserved
from bot.plugins.problems import PluginProblem, Report, described, failing_as, raise_it
from bot.plugins.registry import Commands, Registry, Startup

if TYPE_CHECKING:
    from bot.actions.turn import Action
    from bot.config import Settings
    from bot.plugins.registry import AnyChannel, Observe

T = TypeVar("T")

CheckFlaw: TypeAlias = Callable[[object], checks.Flaw | None]
"""Returns what is wrong with an object that a factory created."""

_NOT_ITS_FAULT: Final = (ConfigurationError, StoreUnavailable)
"""Errors that a lifespan passes on: the fault is in config.yml, or in the store."""


class _Hooks:
    """A plugin's hooks, without those that are wrong, as attributes."""


class Plugins:
    """The plugins of one bot.

    `report` is called for each hook that is misspelt, async, or has defaults,
    and later for what the hooks do wrong; by default, the first such
    PluginError is raised.
    """

    def __init__(self, plugins: Iterable[tuple[str, object]], report: Report = raise_it) -> None:
        self._report = report
        self._manager = pluggy.PluginManager("bot")
        self._manager.add_hookspecs(hookspecs)
        self._added: dict[int, object] = {}
        self._order: list[str] = []
        self._collected: dict[str, Registry[Any]] = {}
        for name, plugin in plugins:
            self._add(name, plugin)

    def _add(self, name: str, plugin: object) -> None:
        if id(plugin) in self._added:
            return
        self._added[id(plugin)] = plugin
        hooks = _Hooks()
        for attribute, function in _members(plugin):
            flaws = list(_member_flaws(plugin, attribute, function))
            for what, cure in flaws:
                self._report(PluginProblem(f"{name}: {what}", cure, code=function))
            if not flaws and hasattr(function, "bot_impl"):
                setattr(hooks, attribute, function)
        self._manager.register(hooks, name=name)
        self._order.append(name)

    def actions(self) -> Mapping[str, Action]:
        """The registered actions by name."""
        return self._collect(Registry("action", checks.action_flaw, reserved.ACTIONS), "register_actions").items()

    def nlu_components(self) -> Mapping[str, Callable[[Mapping[str, Any]], Any]]:
        """The factories of the registered pipeline components by name; they raise PluginError if they fail."""
        registry: Registry[Any] = Registry("pipeline component", checks.factory_flaw("options"), reserved.COMPONENTS)
        return _checked_factories(self._collect(registry, "register_nlu_components"), checks.component_flaw)

    def policies(self) -> Mapping[str, Callable[..., Any]]:
        """The factories of the registered policies by name; they raise PluginError if they fail."""
        registry: Registry[Any] = Registry("policy", checks.factory_flaw("content", "entry"), reserved.POLICIES)
        return _checked_factories(self._collect(registry, "register_policies"), checks.policy_flaw)

    def channels(self) -> Collection[str]:
        """The names of the registered channels."""
        return self._channels().items().keys()

    def make_channels(self, startup: Startup) -> Mapping[str, AnyChannel]:
        """The registered channels by name, with instances of registered classes. Raises PluginError."""
        return _instances(self._channels(), checks.made_channel_flaw, startup)

    def observers(self) -> Collection[str]:
        """The names of the registered observers."""
        return self._observers().items().keys()

    def make_observers(self, startup: Startup) -> Mapping[str, Observe]:
        """The registered observers by name, with instances of registered classes. Raises PluginError."""
        return _instances(self._observers(), checks.made_observer_flaw, startup)

    def commands(self) -> Commands:
        """What the plugins add to the command line."""
        commands: Registry[Any] = Registry("command", ours=reserved.COMMANDS)
        built_in = [f"bot {command} {option}" for command, names in reserved.OPTIONS.items() for option in names]
        options: Registry[Any] = Registry("option", ours=built_in)
        for name, hook in self._hooks("register_commands"):
            added = Commands(name)
            self._run(name, "register_commands", hook, added)
            register_command = commands.register_for(name, self._report)
            for command in added.commands:
                register_command(command.name or "", command)
            register_option = options.register_for(name, self._report)
            for addition in added.options:
                for spelling in (*addition.option.opts, *addition.option.secondary_opts):
                    register_option(f"bot {addition.command} {spelling}", addition)
        merged = Commands()
        merged.commands += commands.items().values()
        merged.options += dict.fromkeys(options.items().values())  # each once, not once per spelling
        return merged

    def settings_schemas(self, settings: Settings) -> dict[str, Mapping[str, Any]]:
        """The JSON schemas of the sections of `plugin_settings` that plugins declare, by section."""
        registry = self._collect(Registry[Any]("settings section", checks.section_flaw), "register_settings")
        schemas = dict(registry.items())
        for name, make in _checked_factories(registry, checks.schema_flaw).items():
            if callable(schemas[name]):
                try:
                    schemas[name] = make(settings)
                except PluginError as error:
                    self._report(error)
                    del schemas[name]
        return schemas

    @asynccontextmanager
    async def lifespan(
        self, startup: Startup, slow: Callable[[str], None] = lambda name: None, *, slow_seconds: float = 5.0
    ) -> AsyncIterator[None]:
        """Open every plugin's resources in start order, and close them in reverse order.

        `slow` is called with the name of a plugin that takes longer than `slow_seconds` to open.
        """
        async with AsyncExitStack() as stack:
            for name, hook in self._hooks("lifespan"):
                lifespan = _call(name, "lifespan", hook, startup)
                if lifespan is None:
                    continue
                timer = asyncio.get_running_loop().call_later(slow_seconds, slow, name)
                try:
                    await stack.enter_async_context(_NamedLifespan(name, lifespan))
                finally:
                    timer.cancel()
            yield

    def _channels(self) -> Registry[Any]:
        return self._collect(Registry("channel", checks.channel_flaw, reserved.CHANNELS), "register_channels")

    def _observers(self) -> Registry[Any]:
        return self._collect(Registry("observer", checks.observer_flaw), "register_observers")

    def _collect(self, registry: Registry[T], hook_name: str) -> Registry[T]:
        """Return the registry with what this hook registered; the hook is called once and its registry cached."""
        if hook_name in self._collected:
            return self._collected[hook_name]
        for name, hook in self._hooks(hook_name):
            self._run(name, hook_name, hook, registry.register_for(name, self._report))
        self._collected[hook_name] = registry
        return registry

    def _run(self, name: str, hook_name: str, hook: Callable[..., Any], argument: object) -> None:
        try:
            _call(name, hook_name, hook, argument)
        except PluginError as error:
            self._report(error)

    def _hooks(self, hook_name: str) -> list[tuple[str, Callable[..., Any]]]:
        """Return the hook's implementations in start order; a plugin may have several functions for it (`specname`)."""
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook_name)
        found: dict[str, list[Callable[..., Any]]] = {name: [] for name in self._order}
        for impl in caller.get_hookimpls():
            if impl.function not in found[impl.plugin_name]:
                found[impl.plugin_name].append(impl.function)
        return [(name, function) for name in self._order for function in found[name]]


def _members(plugin: object) -> Iterator[tuple[str, Any]]:
    """Yield a plugin's functions and methods, with those of its class. Nothing else is a hook, so skip odd imports."""
    for name in dir(plugin):
        if name.startswith("__") or isinstance(inspect.getattr_static(plugin, name, None), property):
            continue
        with contextlib.suppress(Exception):
            member = getattr(plugin, name)
            if inspect.isroutine(member):
                yield name, member


def _member_flaws(plugin: object, name: str, function: Callable[..., Any]) -> Iterator[checks.Flaw]:
    """Yield what is wrong with a plugin's function of this name, if it is a hook or looks like one."""
    known = _hook_parameters()
    marked = getattr(function, "bot_impl", None)
    if isinstance(marked, dict):
        yield from _hook_flaws(marked.get("specname") or name, function, known)
    elif name in known and _is_its_own(plugin, function):
        yield f"{name} is a hook's name", "put `@hookimpl` above its `def`"


def _is_its_own(plugin: object, function: object) -> bool:
    """Whether a module defines the function itself, not just imports it."""
    return not inspect.ismodule(plugin) or getattr(function, "__module__", None) == plugin.__name__


def _hook_flaws(
    name: str, function: Callable[..., Any], known: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, str]]:
    marked = function.bot_impl  # type: ignore[attr-defined]
    if name not in known:
        from bot.content.suggest import did_you_mean

        yield f"there is no hook {name!r}", did_you_mean(name, known) or f"the hooks are {', '.join(sorted(known))}"
    elif inspect.iscoroutinefunction(function):
        yield (
            f"the hook {name} must be a plain `def`: it runs once at start-up",
            "remove the `async`; open resources in `lifespan`",
        )
    elif marked.get("wrapper") or marked.get("hookwrapper"):
        yield f"the hook {name} is a wrapper", "write `@hookimpl` alone: hooks are called, not wrapped"
    elif inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        cure = "put `@asynccontextmanager` between `@hookimpl` and its `async def`"
        yield f"the hook {name} yields", cure if name == "lifespan" else "remove the `yield`"
    else:
        yield from _parameter_problems(name, function, known[name])


def _parameter_problems(
    name: str, function: Callable[..., Any], expected: tuple[str, ...]
) -> Iterable[tuple[str, str]]:
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is not inspect.Parameter.empty:
            yield f"the hook {name} gives its argument {parameter.name} a default", "remove the default"
        elif parameter.name not in expected:
            yield f"the hook {name} takes no argument {parameter.name}", f"it takes ({', '.join(expected)})"


@cache
def _hook_parameters() -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(inspect.signature(function).parameters)
        for name, function in vars(hookspecs).items()
        if getattr(function, "bot_spec", None) is not None
    }


def _instances(registry: Registry[Any], flaw: CheckFlaw, startup: Startup) -> dict[str, Any]:
    """Return what is registered, with every class replaced by an instance."""
    items = dict(registry.items())
    for name, factory in _checked_factories(registry, flaw).items():
        if inspect.isclass(items[name]):
            items[name] = factory(startup)
    return items


def _checked_factories(registry: Registry[Any], flaw: CheckFlaw) -> dict[str, Callable[..., Any]]:
    """Return the factories, wrapped to name themselves in errors if they fail or create something invalid."""
    return {name: _checked_factory(registry, name, flaw) for name in registry.items()}


def _checked_factory(registry: Registry[Any], name: str, flaw: CheckFlaw) -> Callable[..., Any]:
    factory = registry.items()[name]
    owner = registry.owner(name)
    subject = f"{owner}: the {registry.kind} {name!r}"

    def make(*arguments: Any) -> Any:
        with failing_as(f"{subject} cannot be created", owner):
            made = factory(*arguments)
        if found := flaw(made):
            raise PluginProblem(f"{subject} {found[0]}", found[1], code=(made, factory), named=owner)
        return made

    return make


def _call(name: str, hook_name: str, hook: Callable[..., Any], argument: object) -> Any:
    with failing_as(f"{name}: the hook {hook_name} failed", name):
        return hook(argument) if inspect.signature(hook).parameters else hook()


class _NamedLifespan:
    """A plugin's lifespan, whose errors on opening and closing name the plugin."""

    def __init__(self, name: str, lifespan: object) -> None:
        if not isinstance(lifespan, AbstractAsyncContextManager):
            what = f"{name}: its lifespan returns {type(lifespan).__name__}, not an async context manager"
            raise PluginProblem(what, "put `@asynccontextmanager` between `@hookimpl` and its `async def`", named=name)
        self._name = name
        self._lifespan = lifespan

    async def __aenter__(self) -> None:
        try:
            await self._lifespan.__aenter__()
        except _NOT_ITS_FAULT:
            raise
        except PLUGIN_FAILURES as error:
            raise self._failed("open", error) from error

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        try:
            swallowed: bool | None = await self._lifespan.__aexit__(kind, error, traceback)
        except _NOT_ITS_FAULT:
            raise
        except PLUGIN_FAILURES as failure:
            if failure is error:  # raised while the bot ran, just passing through
                raise
            raise self._failed("close", failure) from failure
        return swallowed

    def _failed(self, what: str, error: BaseException) -> PluginError:
        reason = str(error) if isinstance(error, BotError) else described(error)
        return PluginError(f"{self._name}: its lifespan did not {what}: {reason}")
