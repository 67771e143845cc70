"""What plugins register into, and what they are handed: named things with owners, commands, the start-up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct, field

from bot.config import Settings
from bot.errors import PluginError
from bot.plugins.problems import PluginProblem
from bot.sources import Sources

if TYPE_CHECKING:
    import click

    from bot.actions.turn import Action, Resources
    from bot.dialogue.effects import Effect

T = TypeVar("T")

RegisterAction: TypeAlias = "Callable[[str, Action], None]"
RegisterComponent: TypeAlias = "Callable[[str, Callable[..., Any]], None]"
RegisterPolicy: TypeAlias = "Callable[[str, Callable[..., Any]], None]"
RegisterChannel: TypeAlias = "Callable[[str, Any], None]"
RegisterObserver: TypeAlias = "Callable[[str, Callable[[Any], None]], None]"
Configure: TypeAlias = Callable[[Settings, Any], Settings]


class Registry(Generic[T]):
    """Named things of one kind, each with its owner. A name is given once; two owners are both named."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._items: dict[str, T] = {}
        self._owners: dict[str, str] = {}

    def register_for(self, owner: str) -> Callable[[str, T], None]:
        """The `register` callable that one plugin is handed; it raises PluginError for a name already taken."""

        def register(name: str, item: T) -> None:
            if name in self._owners:
                what = f"{owner} registers the {self._kind} {name!r}, which {self._owners[name]} registered already"
                raise PluginProblem(what, "rename one of the two")
            self._items[name] = item
            self._owners[name] = owner

        return register

    def items(self) -> Mapping[str, T]:
        """Everything registered, by name."""
        return dict(self._items)


class CommandOption(Struct, frozen=True):
    """An option that a plugin adds to a command, and what its value changes in the settings."""

    command: str
    option: click.Option
    configure: Configure | None


class Commands:
    """What `register_commands` adds to the command line."""

    def __init__(self) -> None:
        self.commands: list[click.Command] = []
        self.options: list[CommandOption] = []

    def add(self, command: click.Command) -> None:
        """Add a command: it is called as `bot NAME`."""
        self.commands.append(command)

    def option(self, command: str, option: click.Option, configure: Configure | None = None) -> None:
        """Add an option to a built-in command.

        Its value is found under the option's name in `settings.options`;
        `configure(settings, value)` may give back changed settings, or raise
        ConfigurationError, before anything is opened.
        """
        self.options.append(CommandOption(command, option, configure))


class AddCustomer(Protocol):
    """Adds a customer who may log in; a known account number keeps its customer and gets the new code."""

    def __call__(self, account_number: str, code: str, bank_customer_id: str) -> Awaitable[None]:
        """Add the customer."""


class ObserveCall(Protocol):
    """Is told how a call to an outside service went, for the metrics and the log."""

    def __call__(self, service: str, outcome: str, seconds: float, tries: int) -> None:
        """Take note of one call."""


class ShowLogin(Protocol):
    """Lets the chat page offer a login; for made-up customers only."""

    def __call__(self, account_number: str, code: str, name: str) -> None:
        """Show the login to whoever opens the page."""


def _show_nothing(account_number: str, code: str, name: str) -> None:
    """There is no page."""


def _ignore_call(service: str, outcome: str, seconds: float, tries: int) -> None:
    """Nobody watches."""


class Startup(Struct, frozen=True):
    """What a plugin's `lifespan` is handed.

    `announce` adds a line to what `bot run` shows once it is ready (`{url}` in
    it stands for the server's; `bot shell` leaves such lines out); `add_check`
    adds an outside service to the readiness report: an async callable that
    raises when the service cannot be reached. `show_login` puts a made-up
    customer's login on the chat page, for everybody to see. A bank that is made
    up puts its ids of all its customers into `test_customers`: `bot test --e2e
    --as` refuses any other.
    """

    settings: Settings
    resources: Resources
    sources: Sources
    add_customer: AddCustomer
    announce: Callable[[str], None]
    add_check: Callable[[str, Callable[[], Awaitable[None]]], None]
    observe_call: ObserveCall = _ignore_call
    show_login: ShowLogin = _show_nothing
    effects: dict[str, Effect] = field(default_factory=dict)
    test_customers: list[str] = field(default_factory=list)

    def add_effect(self, kind: str, effect: Effect) -> None:
        """Offer a kind of outside change; raises PluginError when the kind is taken."""
        if kind in self.effects:
            raise PluginError(f"the effect {kind!r} is offered twice; rename one of the two")
        self.effects[kind] = effect
