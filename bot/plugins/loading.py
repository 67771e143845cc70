"""The typed facade over pluggy: plugins are collected once at start-up, and nothing of pluggy runs inside a turn."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pluggy

from bot.errors import BotError, PluginError
from bot.plugins import hookspecs
from bot.plugins.problems import PluginProblem, Report, raise_it
from bot.plugins.registry import Commands, Registry, Startup

if TYPE_CHECKING:
    from bot.actions.turn import Action


class Plugins:
    """The plugins of one bot.

    `report` is told of each hook that is misspelt, async, or has defaults, and
    later of what the hooks do wrong; unless it is given, the first such
    PluginError is raised.
    """

    def __init__(self, plugins: Iterable[tuple[str, object]], report: Report = raise_it) -> None:
        self._report = report
        self._manager = pluggy.PluginManager("bot")
        self._manager.add_hookspecs(hookspecs)
        self._order: list[str] = []
        for name, plugin in plugins:
            self._add(name, plugin)

    def _add(self, name: str, plugin: object) -> None:
        if self._manager.is_registered(plugin):
            return
        problems = [PluginProblem(f"{name}: {what}", cure, code=code) for what, cure, code in hook_problems(plugin)]
        for problem in problems:
            self._report(problem)
        if problems:
            return
        self._manager.register(plugin, name=name)
        self._order.append(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The plugins' names, in start order."""
        return tuple(self._order)

    def actions(self) -> Mapping[str, Action]:
        """The registered actions by name; a PluginError is told when two plugins give one name, or one is not async."""
        actions: Mapping[str, Action] = self._collect("register_actions", "action")
        for name, action in actions.items():
            if inspect.isfunction(action) and not inspect.iscoroutinefunction(action):
                what = f"the action {name!r} must be async"
                self._report(PluginProblem(what, f"write `async def {action.__name__}(turn)`", code=action))
        return actions

    def nlu_components(self) -> Mapping[str, Callable[..., Any]]:
        """The registered pipeline components' factories by name; they raise PluginError where they make none."""
        factories = self._collect("register_nlu_components", "pipeline component")
        return {name: _checked("pipeline component", name, factory) for name, factory in factories.items()}

    def policies(self) -> Mapping[str, Callable[..., Any]]:
        """The registered policies' factories by name; they raise PluginError where they make none."""
        factories = self._collect("register_policies", "policy")
        return {name: _checked("policy", name, factory) for name, factory in factories.items()}

    def channels(self) -> Mapping[str, Any]:
        """The registered channels by name."""
        return self._collect("register_channels", "channel")

    def observers(self) -> Mapping[str, Callable[[Any], None]]:
        """The registered observers by name."""
        return self._collect("register_observers", "observer")

    def commands(self) -> Commands:
        """What the plugins add to the command line."""
        commands = Commands()
        for name, hook in self._hooks("register_commands"):
            _call(name, "register_commands", hook, commands)
        return commands

    @asynccontextmanager
    async def lifespan(self, startup: Startup) -> AsyncIterator[None]:
        """Every plugin's resources, opened in start order and closed in the reverse."""
        async with AsyncExitStack() as stack:
            for name, hook in self._hooks("lifespan"):
                opened = _call(name, "lifespan", hook, startup)
                if opened is not None:
                    await _enter(stack, name, opened)
            yield

    def _collect(self, hook_name: str, kind: str) -> Mapping[str, Any]:
        registry: Registry[Any] = Registry(kind)
        for name, hook in self._hooks(hook_name):
            try:
                _call(name, hook_name, hook, registry.register_for(name))
            except PluginError as error:
                self._report(error)
        return registry.items()

    def _hooks(self, hook_name: str) -> list[tuple[str, Callable[..., Any]]]:
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook_name)
        found = {impl.plugin_name: impl.function for impl in caller.get_hookimpls()}
        return [(name, found[name]) for name in self._order if name in found]


def hook_problems(plugin: object) -> Iterable[tuple[str, str, object]]:
    """What is wrong with the plugin's hooks: a sentence, what to write instead, and the function."""
    known = _hook_parameters()
    for name, function in vars(plugin).items() if hasattr(plugin, "__dict__") else ():
        if getattr(function, "bot_impl", None) is None:
            if name in known and getattr(function, "__module__", None) == getattr(plugin, "__name__", ""):
                yield f"{name} is a hook's name", "put `@hookimpl` above its `def`", function
        elif name not in known:
            from bot.content.suggest import did_you_mean

            cure = did_you_mean(name, known) or f"the hooks are {', '.join(sorted(known))}"
            yield f"there is no hook {name!r}", cure, function
        elif inspect.iscoroutinefunction(function):
            what = f"the hook {name} must be a plain `def`: it runs once at start-up"
            yield what, "take the `async` away; open resources in `lifespan`", function
        else:
            for what, cure in _parameter_problems(name, function, known[name]):
                yield what, cure, function


def _parameter_problems(
    name: str, function: Callable[..., Any], expected: tuple[str, ...]
) -> Iterable[tuple[str, str]]:
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is not inspect.Parameter.empty:
            yield f"the hook {name} gives its argument {parameter.name} a default", "take it away"
        elif parameter.name not in expected:
            yield f"the hook {name} takes no argument {parameter.name}", f"it takes ({', '.join(expected)})"


def _hook_parameters() -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(inspect.signature(function).parameters)
        for name, function in vars(hookspecs).items()
        if getattr(function, "bot_spec", None) is not None
    }


def _checked(kind: str, name: str, factory: Callable[..., Any]) -> Callable[..., Any]:
    """The factory, which names itself where it fails, or where what it makes is not what it is registered for."""

    def make(*given: Any) -> Any:
        try:
            made = factory(*given)
        except BotError:
            raise
        except Exception as error:
            raise PluginError(f"the {kind} {name!r} cannot be made: {type(error).__name__}: {error}") from error
        lacking = [needed for needed in _needs(kind, made) if not hasattr(made, needed)]
        if lacking:
            raise PluginError(f"the {kind} {name!r} lacks `{'`, `'.join(lacking)}`; see docs/reference/hooks.md")
        return made

    return make


def _needs(kind: str, made: object) -> tuple[str, ...]:
    if kind == "policy":
        return ("name", "priority", "predict")
    return ("process", "version") if hasattr(made, "process") else ("features", "share", "version")


def _call(name: str, hook_name: str, hook: Callable[..., Any], argument: object) -> Any:
    try:
        return hook(argument) if inspect.signature(hook).parameters else hook()
    except BotError:
        raise
    except (Exception, SystemExit) as error:
        what = f"{name}: the hook {hook_name} failed: {type(error).__name__}: {error}"
        raise PluginProblem(what, "mend this line") from error


async def _enter(stack: AsyncExitStack, name: str, opened: Any) -> None:
    try:
        await stack.enter_async_context(opened)
    except BotError:
        raise
    except Exception as error:
        raise PluginError(f"{name}: its lifespan did not open: {type(error).__name__}: {error}") from error
