"""Where plugins register, and what they are given: named items with owners, commands, the start-up."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct, field

from bot.config import Settings
from bot.errors import PluginError
from bot.plugins.checks import Flaw, effect_flaw
from bot.plugins.problems import PluginProblem, Report, failing_as, raise_it
from bot.plugins.reserved import OPTIONS
from bot.sources import Sources

if TYPE_CHECKING:
    import click

    from bot.actions.turn import Action, Resources
    from bot.channels.channel import ApiChannel, Channel
    from bot.content import Component, Content
    from bot.dialogue.effects import Effect
    from bot.dialogue.prediction import Policy
    from bot.engine.record import TurnRecord
    from bot.nlu.components import Featurizer, Processor

T = TypeVar("T")

RegisterAction: TypeAlias = "Callable[[str, Action], None]"
RegisterComponent: TypeAlias = "Callable[[str, Callable[[Mapping[str, Any]], Featurizer | Processor]], None]"
RegisterPolicy: TypeAlias = "Callable[[str, Callable[[Content, Component], Policy]], None]"
AnyChannel: TypeAlias = "Channel | ApiChannel"
Observe: TypeAlias = "Callable[[TurnRecord], None]"
RegisterChannel: TypeAlias = "Callable[[str, AnyChannel | Callable[[Startup], AnyChannel]], None]"
RegisterObserver: TypeAlias = "Callable[[str, Observe | Callable[[Startup], Observe]], None]"
Schema: TypeAlias = dict[str, Any]
RegisterSettings: TypeAlias = Callable[[str, Schema | Callable[[Settings], Schema]], None]
Configure: TypeAlias = Callable[[Settings, Any], Settings]


class Registry(Generic[T]):
    """Named items of one kind, each with its owner. Names are unique; the error about a duplicate names both owners.

    `flaw` returns what is wrong with an item of this name; `ours` are the names that no plugin may use.
    """

    def __init__(
        self,
        kind: str,
        flaw: Callable[[str, object], Flaw | None] = lambda name, item: None,
        ours: Collection[str] = (),
    ) -> None:
        self.kind = kind
        self._flaw = flaw
        self._ours = ours
        self._items: dict[str, T] = {}
        self._owners: dict[str, str] = {}

    def register_for(self, owner: str, report: Report = raise_it) -> Callable[[str, T], None]:
        """Return the `register` callable for one plugin; `report` is called for what cannot be registered."""

        def register(name: str, item: T) -> None:
            here = sys._getframe(1)
            if name_flaw := self._name_flaw(owner, name):
                report(PluginProblem(*name_flaw, code=(here, item), named=owner))
            elif flaw := self._flaw(name, item):
                what = f"{owner}: the {self.kind} {name!r} {flaw[0]}"
                report(PluginProblem(what, flaw[1], code=(item, here), named=owner))
            else:
                self._items[name] = item
                self._owners[name] = owner

        return register

    def items(self) -> Mapping[str, T]:
        """Everything registered, by name."""
        return dict(self._items)

    def owner(self, name: str) -> str:
        """Return who registered the item of this name."""
        return self._owners[name]

    def _name_flaw(self, owner: str, name: object) -> Flaw | None:
        """What is wrong with the name, as a whole sentence, and what to write instead."""
        if not isinstance(name, str) or not name.strip():
            what = f"{owner}: register {_with_article(self.kind)} with its name as the first argument, not {name!r}"
            return what, 'write `register("its_name", …)`'
        if name in self._ours:
            return f"{owner} registers the {self.kind} {name!r}, which is reserved for Teller", "choose another name"
        if name in self._owners:
            what = f"{owner} registers the {self.kind} {name!r}, which {self._owners[name]} has already registered"
            return what, "rename one of the two"
        return None


def _with_article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


class CommandOption(Struct, frozen=True):
    """An option that a plugin adds to a command, and the function that applies its value to the settings."""

    command: str
    option: click.Option
    configure: Configure | None


class Commands:
    """What `register_commands` adds to the command line; `owner` is the plugin, for error messages."""

    def __init__(self, owner: str = "") -> None:
        self.commands: list[click.Command] = []
        self.options: list[CommandOption] = []
        self._owner = owner

    def add(self, command: click.Command) -> None:
        """Add a command, called as `bot NAME`. Raises PluginError if it is not a command, or has no name."""
        import click

        if not isinstance(command, click.Command) or not command.name:
            what = f"{self._owner}: `commands.add` takes a click command with a name"
            raise PluginProblem(what, "put `@click.command()` above the function", code=command, named=self._owner)
        self.commands.append(command)

    def option(self, command: str, option: click.Option, configure: Configure | None = None) -> None:
        """Add an option to the built-in command `run` or `shell`. Raises PluginError if it cannot be added.

        Its value is in `settings.options` under the option's name;
        `configure(settings, value)` may return changed settings, or raise
        ConfigurationError, before anything is opened.
        """
        import click

        if command not in OPTIONS:
            known = " and ".join(f"`{name}`" for name in OPTIONS)
            what = f"{self._owner}: `commands.option` adds to {known}, not to {command!r}"
            raise PluginProblem(what, "name one of those", code=configure, named=self._owner)
        if not isinstance(option, click.Option):
            what = f"{self._owner}: `commands.option` takes a click option, not {option!r}"
            raise PluginProblem(what, 'write `click.Option(["--name"])`', code=configure, named=self._owner)
        checked = configure and self._checked(option, configure)
        self.options.append(CommandOption(command, option, checked))

    def _checked(self, option: click.Option, configure: Configure) -> Configure:
        """Return `configure`, wrapped to name its plugin in errors if it fails or does not return settings."""
        name = f"{self._owner}: `configure` of the option {option.opts[0]}"

        def configured(settings: Settings, value: Any) -> Settings:
            with failing_as(f"{name} failed", self._owner):
                changed: object = configure(settings, value)
            if not isinstance(changed, Settings):
                what = f"{name} returned {type(changed).__name__}, not settings"
                raise PluginProblem(what, "return the settings, changed or not", code=configure)
            return changed

        return configured


class AddCustomer(Protocol):
    """Adds a customer who can log in; a known account number keeps its customer and code.

    `bot customers reset-code` sets a new code.
    """

    def __call__(self, account_number: str, code: str, bank_customer_id: str) -> Awaitable[None]:
        """Add the customer."""


class ObserveCall(Protocol):
    """Records the result of a call to an outside service, for the metrics and the log."""

    def __call__(
        self,
        service: str,
        outcome: str,
        seconds: float,
        tries: int,
        *,
        call: str = "",
        status: int | None = None,
        reason: str = "",
        is_grave: bool = False,
    ) -> None:
        """Record one call; `outcome` is `ok` or the kind of failure.

        The log also has the `call`, the HTTP `status` and the `reason`, which is worded by the caller and never taken
        from the service. A failure that `is_grave` is logged as an error instead of a warning.
        """


class ShowLogin(Protocol):
    """Lets the chat page offer a login; for demo customers only."""

    def __call__(self, account_number: str, code: str, name: str) -> None:
        """Show the login to everybody who opens the page."""


def _show_nothing(account_number: str, code: str, name: str) -> None:
    """Do nothing: there is no page."""


def _ignore_call(service: str, outcome: str, seconds: float, tries: int, **more: Any) -> None:
    """Do nothing: nobody observes calls."""


async def _nobody(account_number: str, bank_customer_id: str) -> bool:
    """Return False: there are no customers."""
    return False


class Startup(Struct, frozen=True):
    """What a plugin's `lifespan` is given.

    `announce` adds a line to what `bot run` shows once it is ready (`{url}` in
    it stands for the server's; `bot shell` leaves such lines out); `add_check`
    adds an outside service to the readiness report: an async callable that
    raises if the service cannot be reached, and may return a note (`simulated`)
    that the report shows instead of `ok`. `show_login` puts a demo customer's
    login on the chat page, for everybody to see; `has_customer` returns whether
    a customer with this account number and id can log in. `testing` is true
    only in `bot test --e2e`: outside changes must then be replaced by fakes,
    and a simulated bank adds its customers, for `--as` and their account number.
    """

    settings: Settings
    resources: Resources
    sources: Sources
    add_customer: AddCustomer
    announce: Callable[[str], None]
    add_check: Callable[[str, Callable[[], Awaitable[str | None]]], None]
    observe_call: ObserveCall = _ignore_call
    show_login: ShowLogin = _show_nothing
    has_customer: Callable[[str, str], Awaitable[bool]] = _nobody
    effects: dict[str, Effect] = field(default_factory=dict)
    testing: bool = False

    def add_effect(self, kind: str, effect: Effect) -> None:
        """Offer a kind of outside change; raises PluginError if the kind is taken, or the effect lacks a method."""
        if kind in self.effects:
            raise PluginError(f"the effect {kind!r} is offered twice; rename one of the two")
        if flaw := effect_flaw(effect):
            raise PluginProblem(f"the effect {kind!r} {flaw[0]}", flaw[1], code=effect)
        self.effects[kind] = effect
