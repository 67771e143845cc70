"""Channels and observers can be registered as classes: they are instantiated once the lifespans are open."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot import PluginError, Startup, hookimpl
from bot.plugins import Plugins
from tests.plugins.test_plugins import startup


class Counter:
    def __init__(self, startup: Startup) -> None:
        self.seen = startup.resources.get("seen", list)

    def __call__(self, record: object) -> None:
        self.seen.append(record)


class Pager:
    def __init__(self, startup: Startup) -> None:
        self.startup = startup

    def receive(self, incoming: object) -> list[object]:
        return []

    def respond(self, answered: object) -> None: ...


class Fails(Pager):
    def __init__(self, startup: Startup) -> None:
        raise KeyError("token")


class Half:
    def __init__(self, startup: Startup) -> None: ...


class Registers:
    def __init__(self, channel: object, observer: object) -> None:
        self._given = channel, observer

    @hookimpl
    def register_channels(self, register: Any) -> None:
        register("pager", self._given[0])

    @hookimpl
    def register_observers(self, register: Any) -> None:
        register("all", self._given[1])

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, startup: Startup) -> Any:
        startup.resources.provide("seen", [])
        yield


async def test_registered_classes_get_the_resources_opened_by_lifespans() -> None:
    plugins, given = Plugins([("one", Registers(Pager, Counter))]), startup()
    assert (list(plugins.channels()), list(plugins.observers())) == (["pager"], ["all"])
    async with plugins.lifespan(given):
        channel: Any = plugins.make_channels(given)["pager"]
        assert channel.startup is given
        observe: Any = plugins.make_observers(given)["all"]
        observe("a turn")
        assert given.resources.get("seen", list) == ["a turn"]


def test_registered_instances_are_used_as_they_are() -> None:
    channel, watch = Pager(startup()), lambda record: None
    plugins = Plugins([("one", Registers(channel, watch))])
    assert plugins.make_channels(startup()) == {"pager": channel}
    assert plugins.make_observers(startup()) == {"all": watch}


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        (Fails, "one: the channel 'pager' cannot be created: KeyError: 'token'"),
        (Half, "one: the channel 'pager' lacks `receive`, `respond`"),
    ],
)
def test_class_that_cannot_be_instantiated_is_reported_with_its_plugin(channel: type, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        Plugins([("one", Registers(channel, Counter))]).make_channels(startup())
