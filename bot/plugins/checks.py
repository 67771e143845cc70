"""Checks what plugins register before anything runs: its kind, and the arguments of its functions."""

from __future__ import annotations

import functools
import inspect
import json
import math
import re
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, Final, TypeAlias

Flaw: TypeAlias = tuple[str, str]
"""What is wrong, as the end of a sentence that begins with the item's name, and what to write instead."""

_CHANNEL_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", re.ASCII)
_SEE: Final = "see docs/reference/hooks.md"


def action_flaw(name: str, action: object) -> Flaw | None:
    """Return what is wrong with an action."""
    if inspect.isclass(action) or not callable(action):
        return f"is {_described(action)}", "register a function: `async def run(turn)`"
    if inspect.isasyncgenfunction(action):
        return "yields", "remove the `yield`: an action says things with `turn.say`"
    if not _is_async(action):
        return "must be async", f"write `async def {getattr(action, '__name__', 'run')}(turn)`"
    return _arguments_flaw(action, "turn")


def factory_flaw(*arguments: str) -> Callable[[str, object], Flaw | None]:
    """Return a check of factories that are called with these arguments."""

    def flaw(name: str, factory: object) -> Flaw | None:
        if not callable(factory):
            return f"is {_described(factory)}", "register what creates it: a class or a function"
        if _is_async(factory):
            return "is created by an `async def`", "remove the `async`"
        return _arguments_flaw(factory, *arguments)

    return flaw


def channel_flaw(name: str, channel: object) -> Flaw | None:
    """Return what is wrong with a channel, or with its name, which is part of its URL."""
    if not _CHANNEL_NAME.fullmatch(name):
        return "has a name that cannot be part of a URL", "use letters, digits, `-` and `_`"
    return class_flaw(channel) if inspect.isclass(channel) else made_channel_flaw(channel)


def made_channel_flaw(channel: object) -> Flaw | None:
    """Return what is wrong with a channel object."""
    replies_by_send = getattr(channel, "replies_by_send", False)
    if not isinstance(replies_by_send, bool):
        return f"has {replies_by_send!r} for `replies_by_send`", "set it to True or False"
    methods = {"receive": ("incoming",)}
    if not replies_by_send:
        methods["respond"] = ("answered",)
    flaw = methods_flaw(channel, methods)
    if flaw is None and (replies_by_send or hasattr(channel, "send")):
        flaw = methods_flaw(channel, {"send": ("sending",)}, are_async=True)
    return flaw


def class_flaw(made_later: type) -> Flaw | None:
    """Return what is wrong with a class that is to be instantiated when the bot is opened."""
    if flaw := _arguments_flaw(made_later, "startup"):
        cure = f"register an instance (`{made_later.__name__}(…)`), or let `__init__` take (self, startup)"
        return f"is a class that {flaw[0]}", cure
    return None


def observer_flaw(name: str, observe: object) -> Flaw | None:
    """Return what is wrong with an observer."""
    return class_flaw(observe) if inspect.isclass(observe) else made_observer_flaw(observe)


def made_observer_flaw(observe: object) -> Flaw | None:
    """Return what is wrong with an observer object."""
    return _function_flaw(observe, ("record",))


def policy_flaw(policy: object) -> Flaw | None:
    """Return what is wrong with a policy object."""
    if flaw := methods_flaw(policy, {"predict": ("tracker",)}, "name", "priority"):
        return flaw
    given: Any = policy
    if not isinstance(given.name, str) or not given.name:
        return f"has {given.name!r} as its `name`", "set it to a text"
    if isinstance(given.priority, bool) or not isinstance(given.priority, int | float) or math.isnan(given.priority):
        return f"has {given.priority!r} as its `priority`", "set it to a number: rules have 4, learned policies 1"
    return None


def component_flaw(component: object) -> Flaw | None:
    """Return what is wrong with a pipeline component object."""
    if hasattr(component, "process"):
        return methods_flaw(component, {"process": ("parse", "now")})
    return methods_flaw(component, {"features": ("texts",)}, "share", "version") or _featurizer_flaw(component)


def _featurizer_flaw(featurizer: Any) -> Flaw | None:
    if not isinstance(featurizer.version, str):
        return f"has {featurizer.version!r} as its `version`", "set it to a text"
    if not _is_share(featurizer.share):
        return f"has {featurizer.share!r} as its `share`", "set it to a number from 0 to 1"
    width = getattr(featurizer, "width", None)
    if width is not None and (type(width) is not int or width < 1):
        return f"has {width!r} as its `width`", "set it to a whole number, or remove it"
    return None


def check_flaw(check: object) -> Flaw | None:
    """Return what is wrong with a check of an outside service."""
    return _function_flaw(check, (), is_async=True)


def section_flaw(name: str, schema: object) -> Flaw | None:
    """Return what is wrong with a JSON schema of a plugin's settings, or with the function that returns it."""
    return _function_flaw(schema, ("settings",)) if callable(schema) else schema_flaw(schema)


def schema_flaw(schema: object) -> Flaw | None:
    """Return what is wrong with a JSON schema."""
    from jsonschema import Draft202012Validator, SchemaError

    if not isinstance(schema, dict):
        return f"is {_described(schema)}", 'write a JSON schema: `{"type": "object", "properties": {…}}`'
    try:
        Draft202012Validator.check_schema(schema)
        if '"$ref":' in json.dumps(schema):
            return "has a `$ref`", "write what that refers to in its place"
    except SchemaError as error:
        return f"is not a valid JSON schema: {error.message}", "see json-schema.org"
    except TypeError as error:
        return f"is not a valid JSON schema: {error}", "write only what JSON has"
    return None


def effect_flaw(effect: object) -> Flaw | None:
    """Return what is wrong with a kind of outside change."""
    if inspect.isclass(effect):
        return f"is {_described(effect)}", f"offer an instance: `{effect.__name__}(…)`"
    arguments = ("key", "parameters")
    return methods_flaw(effect, {"perform": arguments, "find": arguments}, "settled_action", are_async=True)


def methods_flaw(
    thing: object, methods: Mapping[str, tuple[str, ...]], *attributes: str, are_async: bool = False
) -> Flaw | None:
    """Return what is wrong with an object that needs these methods (with their arguments) and attributes."""
    lacking = sorted(name for name in (*methods, *attributes) if not hasattr(thing, name))
    if lacking:
        return f"lacks `{'`, `'.join(lacking)}`", _SEE
    for name, arguments in methods.items():
        if flaw := _function_flaw(getattr(thing, name), arguments, is_async=are_async):
            return f"has a `{name}` that {flaw[0]}", flaw[1]
    return None


def _function_flaw(function: object, arguments: tuple[str, ...], *, is_async: bool = False) -> Flaw | None:
    if inspect.isclass(function) or not callable(function):
        return f"is {_described(function)}", "write a function"
    if is_async and not _is_async(function):
        return "must be async", "write `async def`"
    if not is_async and (_is_async(function) or inspect.isasyncgenfunction(function)):
        return "is async", "write a plain `def`: nothing awaits it"
    return _arguments_flaw(function, *arguments)


def _arguments_flaw(function: Any, *arguments: str) -> Flaw | None:
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except ValueError:  # written in C, without a signature
        return None
    try:
        signature.bind(*arguments)
    except TypeError:
        return f"takes ({', '.join(signature.parameters)})", f"let it take ({', '.join(arguments)})"
    return None


def _is_async(function: object) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _is_share(share: Any) -> bool:
    return isinstance(share, Real) and not isinstance(share, bool) and 0 <= float(share) <= 1


def _described(thing: object) -> str:
    if inspect.isclass(thing):
        return f"the class {thing.__name__}"
    return "None" if thing is None else f"an instance of {type(thing).__name__}"
