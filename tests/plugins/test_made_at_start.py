"""Channels and observers can be registered as classes: they are instantiated once the lifespans are open."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot import PluginError, Resources, Settings, Sources, Startup, hookimpl
from bot.plugins import Plugins


async def add_nobody(account_number: str, code: str, bank_customer_id: str) -> None: ...


def startup() -> Startup:
    return Startup(Settings(), Resources(), Sources(), add_nobody, lambda line: None, lambda name, check: None)


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


async def test_what_is_registered_as_a_class_is_made_with_what_lifespans_opened() -> None:
    plugins, given = Plugins([("one", Registers(Pager, Counter))]), startup()
    assert (list(plugins.channels()), list(plugins.observers())) == (["pager"], ["all"])
    async with plugins.lifespan(given):
        channel: Any = plugins.make_channels(given)["pager"]
        assert channel.startup is given
        observe: Any = plugins.make_observers(given)["all"]
        observe("a turn")
        assert given.resources.get("seen", list) == ["a turn"]


def test_what_is_registered_ready_made_stays_as_it_is() -> None:
    channel, watch = Pager(startup()), lambda record: None
    plugins = Plugins([("one", Registers(channel, watch))])
    assert plugins.make_channels(startup()) == {"pager": channel}
    assert plugins.make_observers(startup()) == {"all": watch}


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        (Fails, "one: the channel 'pager' cannot be created: KeyError: 'token'"),
        (Half, "one: the channel 'pager' lacks `receive`, `respond`"),
    ],
)
def test_a_class_of_which_none_can_be_made_is_named_with_its_plugin(channel: type, told: str) -> None:
    with pytest.raises(PluginError, match=told):
        Plugins([("one", Registers(channel, Counter))]).make_channels(startup())
