"""Plugins: what they register, what is refused, and where they are found."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from bot import CallFailed, ConfigurationError, PluginError, Resources, Settings, Sources, Startup, hookimpl
from bot.content import Place
from bot.plugins import Plugins, find_plugins, hooking_actions, rasa_sdk_import


def plugin(**hooks: Any) -> SimpleNamespace:
    return SimpleNamespace(**{name: hookimpl(function) for name, function in hooks.items()})


async def nothing(turn: object) -> None:
    """An action that does nothing."""


def offers(*names: str) -> SimpleNamespace:
    def register_actions(register: Callable[[str, Any], None]) -> None:
        for name in names:
            register(name, nothing)

    return plugin(register_actions=register_actions)


async def add_nobody(account_number: str, code: str, bank_customer_id: str) -> None:
    """No customers here."""


def startup() -> Startup:
    return Startup(Settings(), Resources(), Sources(), add_nobody, lambda line: None, lambda name, check: None)


def test_actions_are_collected_from_every_plugin() -> None:
    plugins = Plugins([("one", offers("action_a")), ("two", offers("action_b"))])
    assert set(plugins.actions()) == {"action_a", "action_b"}


def test_plugins_with_the_same_hooks_are_different_plugins() -> None:
    assert list(Plugins([("one", plugin()), ("two", plugin()), ("three", offers("action_a"))]).actions()) == [
        "action_a"
    ]


def test_plugin_found_twice_is_loaded_once() -> None:
    found = offers("action_a")
    plugins = Plugins([("one", found), ("two", found)])
    assert set(plugins.actions()) == {"action_a"}


def test_duplicate_action_name_is_rejected_with_both_owners() -> None:
    plugins = Plugins([("one", offers("action_a")), ("two", offers("action_a"))])
    with pytest.raises(PluginError, match=r"two registers the action 'action_a', which one has already registered"):
        plugins.actions()


def test_plugin_may_implement_a_hook_twice() -> None:
    def register(name: str) -> Any:
        return hookimpl(specname="register_actions")(lambda register: register(name, nothing))

    twice = SimpleNamespace(one=register("action_a"), two=register("action_b"))
    twice.again = twice.one
    assert set(Plugins([("both", twice)]).actions()) == {"action_a", "action_b"}


def test_unmarked_hook_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "cards.py").write_text("def register_actions(register):\n    pass\n")
    with pytest.raises(PluginError, match=r"actions/cards.py: register_actions is a hook's name; put `@hookimpl`"):
        Plugins(find_plugins(tmp_path, ()))


def test_synchronous_action_is_rejected() -> None:
    def pay(turn: object) -> None:
        """Would be called and awaited."""

    plugins = Plugins([("one", plugin(register_actions=lambda register: register("action_pay", pay)))])
    with pytest.raises(PluginError, match=r"the action 'action_pay' must be async; write `async def pay\(turn\)`"):
        plugins.actions()


def test_unknown_hook_argument_is_rejected() -> None:
    with pytest.raises(PluginError, match=r"takes no argument bot; it takes \(register\)"):
        Plugins([("one", plugin(register_actions=lambda bot: None))])


def test_failing_hook_names_its_plugin() -> None:
    def register_actions(register: object) -> None:
        raise ValueError("no luck")

    plugins = Plugins([("good", offers("action_a")), ("bad", plugin(register_actions=register_actions))])
    with pytest.raises(PluginError, match="bad: the hook register_actions failed: ValueError: no luck"):
        plugins.actions()


async def test_lifespans_open_in_order_and_close_in_reverse() -> None:
    seen: list[str] = []

    def lives(name: str) -> SimpleNamespace:
        @asynccontextmanager
        async def lifespan(startup: Startup) -> AsyncIterator[None]:
            seen.append(f"open {name}")
            startup.resources.provide(name, name)
            yield
            seen.append(f"close {name}")

        return plugin(lifespan=lifespan)

    begin = startup()
    async with Plugins([("one", lives("one")), ("two", lives("two"))]).lifespan(begin):
        assert begin.resources.get("two", str) == "two"
    assert seen == ["open one", "open two", "close two", "close one"]


def opens(lifespan: Callable[[Startup], Any]) -> Plugins:
    return Plugins([("one", plugin(lifespan=lifespan))])


@asynccontextmanager
async def leaves(startup: Startup) -> AsyncIterator[None]:
    if startup:
        raise SystemExit(4)
    yield


@asynccontextmanager
async def fails_to_close(startup: Startup) -> AsyncIterator[None]:
    yield
    raise RuntimeError("still in use")


@asynccontextmanager
async def yields_twice(startup: Startup) -> AsyncIterator[None]:
    yield
    yield


@pytest.mark.parametrize(
    ("lifespan", "message"),
    [
        (leaves, "one: its lifespan did not open: SystemExit: 4"),
        (fails_to_close, "one: its lifespan did not close: RuntimeError: still in use"),
        (yields_twice, "one: its lifespan did not close: RuntimeError: generator didn't stop"),
        (lambda startup: 7, "one: its lifespan returns int, not an async context manager; put `@asynccontextmanager`"),
    ],
)
async def test_failing_lifespan_names_its_plugin(lifespan: Callable[[Startup], Any], message: str) -> None:
    with pytest.raises(PluginError, match=message):
        async with opens(lifespan).lifespan(startup()):
            pass


async def test_error_while_a_lifespan_is_open_passes_through() -> None:
    @asynccontextmanager
    async def lifespan(startup: Startup) -> AsyncIterator[None]:
        yield

    with pytest.raises(ZeroDivisionError):
        async with opens(lifespan).lifespan(startup()):
            raise ZeroDivisionError


async def test_framework_error_in_a_lifespan_names_the_plugin() -> None:
    def opening(name: str) -> tuple[str, SimpleNamespace]:
        @asynccontextmanager
        async def lifespan(startup: Startup) -> AsyncIterator[None]:
            startup.resources.provide("till", name)
            yield

        return name, plugin(lifespan=lifespan)

    @asynccontextmanager
    async def warms_up(startup: Startup) -> AsyncIterator[None]:
        if startup:
            raise CallFailed("refused", service="rates", call="warmup", reason="no connection")
        yield

    with pytest.raises(PluginError, match="two: its lifespan did not open: the resource 'till' is provided twice"):
        async with Plugins([opening("one"), opening("two")]).lifespan(startup()):
            pass
    with pytest.raises(PluginError, match="one: its lifespan did not open: rates: warmup: no connection"):
        async with opens(warms_up).lifespan(startup()):
            pass


async def test_configuration_error_in_a_lifespan_passes_unchanged() -> None:
    @asynccontextmanager
    async def lifespan(startup: Startup) -> AsyncIterator[None]:
        if startup:
            raise ConfigurationError(["plugin_settings.till is to be a number"])
        yield

    with pytest.raises(ConfigurationError, match=r"^plugin_settings\.till is to be a number$"):
        async with opens(lifespan).lifespan(startup()):
            pass


class PayEffect:
    settled_action = None

    async def perform(self, key: str, parameters: object) -> None: ...

    async def find(self, key: str, parameters: object) -> None: ...


class BlockingEffect(PayEffect):
    def find(self, key: str, parameters: object) -> None: ...  # type: ignore[override]


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        (object(), "effect 'pay' lacks `find`, `perform`, `settled_action`"),
        (PayEffect, "is the class PayEffect; offer an instance"),
        (BlockingEffect(), "has a `find` that must be async"),
    ],
)
def test_invalid_effect_is_rejected(effect: Any, message: str) -> None:
    given = startup()
    with pytest.raises(PluginError, match=message):
        given.add_effect("pay", effect)
    given.add_effect("pay", PayEffect())  # type: ignore[arg-type]


def test_resources_are_provided_once_and_typed() -> None:
    resources = Resources()
    resources.provide("bank", "a client")
    with pytest.raises(PluginError, match="provided twice"):
        resources.provide("bank", "another")
    with pytest.raises(PluginError, match="is a str, not a int"):
        resources.get("bank", int)
    with pytest.raises(PluginError, match="nothing provides the resource 'till'"):
        resources.get("till", str)
    assert resources.find("till", str) is None


SAYS = """
from bot import hookimpl

WHO = {who!r}

async def run(turn):
    turn.say_text(WHO)

@hookimpl
def register_actions(register):
    register("action_who", run)
"""


def project(folder: Path, who: str) -> Path:
    (folder / "actions").mkdir(parents=True)
    (folder / "actions" / "who.py").write_text(SAYS.format(who=who))
    return folder


def test_two_projects_in_one_process_keep_their_own_actions(tmp_path: Path) -> None:
    first = Plugins(find_plugins(project(tmp_path / "one", "the first"), ()))
    second = Plugins(find_plugins(project(tmp_path / "two", "the second"), ()))
    whos = [sys.modules[p.actions()["action_who"].__module__].WHO for p in (first, second)]
    assert whos == ["the first", "the second"]
    assert "actions.who" not in sys.modules


def test_failing_import_names_the_module(tmp_path: Path) -> None:
    folder = project(tmp_path, "me")
    (folder / "actions" / "broken.py").write_text("import nowhere_to_be_found\n")
    with pytest.raises(PluginError, match=r"actions/broken\.py cannot be imported: ModuleNotFoundError"):
        list(find_plugins(folder, ()))


@pytest.mark.parametrize(
    ("file", "line", "cure"),
    [
        (
            "actions/who.py",
            "from actions.till import TILL",
            "write `from .NAME import` instead of `from actions.NAME import`",
        ),
        ("actions/who.py", "from till import TILL", "write `from .till import`"),
        ("actions/shop/__init__.py", "from till import TILL", "write `from ..till import`"),
        ("actions/who.py", "import shared", "write `from ..shared import`"),
        ("actions/who.py", "import nowhere_to_be_found", "install what it imports"),
    ],
)
def test_absolute_import_within_the_project_suggests_the_relative_one(
    tmp_path: Path, file: str, line: str, cure: str
) -> None:
    project(tmp_path, "me")
    (tmp_path / "actions" / "till.py").write_text("TILL = 1\n")
    (tmp_path / "shared.py").write_text("TILL = 1\n")
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(f"{line}\n")
    with pytest.raises(PluginError, match=re.escape(cure)):
        list(find_plugins(tmp_path, ()))
    relative = {"actions.till": ".till", "till": ".till", "shared": "..shared"}.get(line.split()[1], "os")
    dots = "." if file.count("/") > 1 and relative.startswith(".") else ""
    (tmp_path / file).write_text(f"from {dots}{relative} import __name__ as name\n")
    list(find_plugins(tmp_path, ()))


@pytest.mark.parametrize(
    ("name", "source", "cure"),
    [
        ("till", "import nowhere_to_be_found\n", "install what it imports"),
        ("till", "def half(:\n", "fix this line"),
        ("till", "import sys\nsys.exit(2)\n", "remove the exit"),
        ("tilt", "", "Did you mean `till`"),
        ("nothing_like_it", "", "name a folder or module of the project"),
    ],
)
def test_plugin_named_in_the_configuration_that_fails_is_reported_with_a_fix(
    tmp_path: Path, name: str, source: str, cure: str
) -> None:
    (tmp_path / "till.py").write_text(source)
    with pytest.raises(PluginError, match=cure):
        list(find_plugins(tmp_path, (name,)))


def test_actions_that_add_commands_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "actions").mkdir()
    hook = "from bot import hookimpl\n@hookimpl\ndef register_commands(commands):\n    pass\n"
    (tmp_path / "actions" / "commands.py").write_text(hook)
    with pytest.raises(PluginError, match=r"actions/commands\.py adds commands"):
        list(find_plugins(tmp_path, ()))


def test_actions_may_be_one_file_but_a_folder_takes_precedence(tmp_path: Path) -> None:
    (tmp_path / "actions.py").write_text(SAYS.format(who="the file"))
    found = list(find_plugins(tmp_path, ()))
    assert [name for name, _ in found if name.startswith("actions")] == ["actions.py"]
    assert "action_who" in Plugins(found).actions()
    other = tmp_path / "other"
    (other / "actions").mkdir(parents=True)
    (other / "actions.py").write_text("raise SystemExit\n")
    (other / "actions" / "who.py").write_text(SAYS.format(who="the folder"))
    names = [name for name, _ in find_plugins(other, ()) if name.startswith("actions")]
    assert names == ["actions/", "actions/who.py"]


def test_folder_named_in_the_configuration_is_found_in_the_project(tmp_path: Path) -> None:
    (tmp_path / "till").mkdir()
    (tmp_path / "till" / "__init__.py").write_text(SAYS.format(who="the till"))
    found = list(find_plugins(tmp_path, ("till",)))
    assert found[0][0] == "till"
    assert "action_who" in Plugins(found).actions()


def test_actions_for_the_rasa_sdk_are_not_imported(tmp_path: Path) -> None:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "actions.py").write_text("from rasa_sdk import Action\nraise SystemExit\n")
    assert rasa_sdk_import(tmp_path) == Place("actions/actions.py", 1, 1)
    assert not [name for name, _ in find_plugins(tmp_path, ()) if name.startswith("actions")]


@pytest.mark.parametrize(
    ("line", "is_remote"),
    [
        ("from rasa_sdk.events import SlotSet", True),
        ("import os, rasa_sdk.types", True),
        ("import rasa_sdk_of_ours", False),
        ("from .rasa_sdk import helpers", False),
        ("# not of the rasa_sdk", False),
    ],
)
def test_actions_are_for_the_rasa_sdk_if_they_import_it(tmp_path: Path, line: str, *, is_remote: bool) -> None:
    (tmp_path / "actions.py").write_text(f"{line}\n")
    assert (rasa_sdk_import(tmp_path) is not None) == is_remote


@pytest.mark.parametrize(
    ("text", "has_hooks"),
    [
        ("from bot import hookimpl\n", True),
        ("import bot\n\n\n@bot.hookimpl\ndef register_actions(register): ...\n", True),
        ("# no hookimpl\n", False),
        ("hookimpl: (\n", False),
    ],
)
def test_actions_with_hooks_are_found_without_running_them(tmp_path: Path, text: str, *, has_hooks: bool) -> None:
    (tmp_path / "actions" / "more").mkdir(parents=True)
    (tmp_path / "actions" / "more" / "b.py").write_text(f"{text}raise SystemExit\n")
    assert hooking_actions(tmp_path) == ["actions/more/b.py"] * has_hooks


def make_wheel(folder: Path) -> Path:
    """A package as a third party would publish it, with an entry point of the group `bot`."""
    wheel = folder / "weather_bot-1.0-py3-none-any.whl"
    info = "weather_bot-1.0.dist-info"
    files = {
        "weather_bot.py": SAYS.format(who="the weather"),
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: weather-bot\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[bot]\nweather = weather_bot\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


def test_plugin_of_an_installed_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", str(site)]
    subprocess.run([*pip, str(make_wheel(tmp_path))], check=True, capture_output=True)
    monkeypatch.syspath_prepend(str(site))
    found = list(find_plugins(tmp_path, ()))
    assert "weather (weather_bot)" in dict(found)
    assert "action_who" in Plugins(found).actions()


class Clause:
    """An object as in sqlalchemy and other packages: it has every attribute, and no truth value."""

    def __getattr__(self, name):
        return Clause()

    def __bool__(self):
        raise TypeError("Boolean value of this clause is not defined")


def test_odd_objects_in_a_plugin_module_are_ignored():
    @hookimpl
    def register_actions(register):
        register("action_odd", nothing)

    module: Any = ModuleType("odd")
    module.func, module.call, module.register_actions = Clause(), mock.call, register_actions
    assert list(Plugins([("odd", module)]).actions()) == ["action_odd"]


LOUD = """import os
import sys

print("imported")
sys.stdout.close()
os.chdir("/")

from bot import hookimpl


@hookimpl
def register_actions(register):
    print("registered")
"""


def test_plugin_output_goes_to_stderr_and_its_chdir_is_undone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "loud.py").write_text(LOUD)
    monkeypatch.chdir(tmp_path)
    Plugins(find_plugins(Path(), ())).actions()
    print("ours")
    assert capsys.readouterr() == ("ours\n", "imported\nregistered\n")
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize("raised", ["SystemExit", "GeneratorExit", "type('Odd', (BaseException,), {})"])
def test_any_exception_during_import_names_the_module(tmp_path: Path, raised: str) -> None:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "odd.py").write_text(f"raise {raised}('no')\n")
    with pytest.raises(PluginError, match=r"actions/odd.py cannot be imported: \w+: no"):
        list(find_plugins(tmp_path, ()))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_unreadable_actions_folder_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "actions"
    folder.mkdir()
    folder.chmod(0)
    problems: list[PluginError] = []
    assert list(find_plugins(tmp_path, (), problems.append)) == []
    assert [str(problem) for problem in problems] == [
        "This folder cannot be read; change its permissions so that it can be read"
    ]


async def test_slow_lifespan_is_reported() -> None:
    slow_plugins: list[str] = []
    reported = asyncio.Event()

    def report(name: str) -> None:
        slow_plugins.append(name)
        reported.set()

    @asynccontextmanager
    async def lifespan(startup: Startup) -> AsyncIterator[None]:
        await reported.wait()
        yield

    slow, quick = plugin(lifespan=lambda startup: lifespan(startup)), offers("action_a")
    async with Plugins([("quick", quick), ("slow", slow)]).lifespan(startup(), report, slow_seconds=0):
        assert slow_plugins == ["slow"]
