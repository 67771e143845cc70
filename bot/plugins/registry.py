"""What plugins register into, and what they are handed: named things with owners, commands, the start-up."""

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
Configure: TypeAlias = Callable[[Settings, Any], Settings]


class Registry(Generic[T]):
    """Named things of one kind, each with its owner. A name is given once; two owners are both named.

    `flaw` tells what is wrong with a thing of this name; `ours` are the names that no plugin may give.
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
        """The `register` callable that one plugin is handed; `report` is told of what cannot be registered."""

        def register(name: str, item: T) -> None:
            here = sys._getframe(1)
            if taken := self._taken(owner, name):
                report(PluginProblem(*taken, code=(here, item), named=owner))
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
        """Who registered the thing of this name."""
        return self._owners[name]

    def _taken(self, owner: str, name: object) -> Flaw | None:
        if not isinstance(name, str) or not name.strip():
            what = f"{owner}: a name is to come first where {_article(self.kind)} is registered, not {name!r}"
            return what, 'write `register("its_name", …)`'
        if name in self._ours:
            return f"{owner} registers the {self.kind} {name!r}, which is Teller's own", "choose another name"
        if name in self._owners:
            what = f"{owner} registers the {self.kind} {name!r}, which {self._owners[name]} registered already"
            return what, "rename one of the two"
        return None


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


class CommandOption(Struct, frozen=True):
    """An option that a plugin adds to a command, and what its value changes in the settings."""

    command: str
    option: click.Option
    configure: Configure | None


class Commands:
    """What `register_commands` adds to the command line; `owner` is the plugin, for its errors."""

    def __init__(self, owner: str = "") -> None:
        self.commands: list[click.Command] = []
        self.options: list[CommandOption] = []
        self._owner = owner

    def add(self, command: click.Command) -> None:
        """Add a command: it is called as `bot NAME`. Raises PluginError for what is no command, or has no name."""
        import click

        if not isinstance(command, click.Command) or not command.name:
            what = f"{self._owner}: `commands.add` takes a click command with a name"
            raise PluginProblem(what, "put `@click.command()` above the function", code=command, named=self._owner)
        self.commands.append(command)

    def option(self, command: str, option: click.Option, configure: Configure | None = None) -> None:
        """Add an option to the built-in command `run` or `shell`. Raises PluginError for what is no option of those.

        Its value is found under the option's name in `settings.options`;
        `configure(settings, value)` may give back changed settings, or raise
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
        self.options.append(CommandOption(command, option, configure and self._checked(option, configure)))

    def _checked(self, option: click.Option, configure: Configure) -> Configure:
        """The same, which names its plugin where it fails, or gives no settings."""
        name = f"{self._owner}: what the option {option.opts[0]} configures"

        def configured(settings: Settings, value: Any) -> Settings:
            with failing_as(f"{name} failed", self._owner):
                given: object = configure(settings, value)
            if not isinstance(given, Settings):
                what = f"{name} is {type(given).__name__}, not settings"
                raise PluginProblem(what, "return the settings, changed or not", code=configure)
            return given

        return configured


class AddCustomer(Protocol):
    """Adds a customer who may log in; a known account number keeps its customer and code.

    `bot customers reset-code` gives it another.
    """

    def __call__(self, account_number: str, code: str, bank_customer_id: str) -> Awaitable[None]:
        """Add the customer."""


class ObserveCall(Protocol):
    """Is told how a call to an outside service went, for the metrics and the log."""

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
        """Take note of one call.

        `outcome` is `ok` or why not. The log also says which `call` it was, the HTTP `status` and the `reason`: words
        of the caller's own, nothing that the service said. What `is_grave` is an error there, no warning.
        """


class ShowLogin(Protocol):
    """Lets the chat page offer a login; for made-up customers only."""

    def __call__(self, account_number: str, code: str, name: str) -> None:
        """Show the login to whoever opens the page."""


def _show_nothing(account_number: str, code: str, name: str) -> None:
    """There is no page."""


def _ignore_call(service: str, outcome: str, seconds: float, tries: int, **more: Any) -> None:
    """Nobody watches."""


async def _nobody(account_number: str, bank_customer_id: str) -> bool:
    """There are no customers."""
    return False


class Startup(Struct, frozen=True):
    """What a plugin's `lifespan` is handed.

    `announce` adds a line to what `bot run` shows once it is ready (`{url}` in
    it stands for the server's; `bot shell` leaves such lines out); `add_check`
    adds an outside service to the readiness report: an async callable that
    raises when the service cannot be reached, and may return a note (`simulated`)
    that the report shows instead of `ok`. `show_login` puts a made-up
    customer's login on the chat page, for everybody to see; `has_customer` tells
    whether a customer of this account number and id can log in. `testing` is true in `bot test --e2e` alone: what
    changes something outside is to be replaced by a fake then, and a bank that is made up adds its customers, whom
    `--as` names by their account numbers.
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
        """Offer a kind of outside change; raises PluginError when the kind is taken, or nothing can be made with it."""
        if kind in self.effects:
            raise PluginError(f"the effect {kind!r} is offered twice; rename one of the two")
        if flaw := effect_flaw(effect):
            raise PluginProblem(f"the effect {kind!r} {flaw[0]}", flaw[1], code=effect)
        self.effects[kind] = effect
