"""Talking to a bot in the terminal, without a server."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TextIO, TypeAlias

import click
from msgspec import Struct
from msgspec.structs import replace

from bot.app.opening import Bot, logged_in, open_bot
from bot.app.projects import load_project
from bot.app.stopping import in_thread
from bot.cli.retelling import story, why
from bot.config import Settings
from bot.engine.record import Answer
from bot.errors import BotError, TurnError
from bot.messages import Principal, UserMessage
from bot.progress import Progress, silent

STOP = "/stop"
CHANNEL = "cmdline"
"""The name of Rasa's shell, which variations of responses may be for."""
ABOUT_THE_CONVERSATION = {"/why": why, "/story": story}
GREETING = "Talk to the bot; /why explains an answer, /story shows a test story, /stop or Ctrl-D ends."
NOBODY = "Nobody is logged in; use --as ACCOUNT to talk as a customer."
SHELL_STORE = "sqlite:///.teller/shell.db"
"""The store of the shell's conversations: a separate one, so that a server can run at the same time."""


Ask: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Shows a prompt in a terminal, and returns the next line of standard input; None at its end."""


class Shell(Struct, frozen=True):
    """A bot that is open in the terminal, and the conversation with it."""

    bot: Bot
    principal: Principal
    conversation: str
    ask: Ask

    def message(self, text: str) -> UserMessage:
        """A message of the conversation."""
        sources = self.bot.sources
        return UserMessage(
            text, self.conversation, sources.new_id(), sources.now(), self.principal, CHANNEL, "you", id_is_ours=True
        )


@asynccontextmanager
async def open_shell(
    folder: Path,
    options: dict[str, Any],
    *,
    greeting: str,
    store: str | None = None,
    account: str | None = None,
    progress: Progress = silent,
) -> AsyncIterator[Shell]:
    """Open the bot with a new conversation; `account` is logged in.

    A given `store` must not be in use: the store of a running server is refused (ConfigurationError).
    """

    def quiet(settings: Settings) -> Settings:
        # Log errors in full: the user of the shell is the bot's author.
        log = replace(settings.logging, level="warning", format="console", message_text=True)
        return replace(settings, logging=log, store=replace(settings.store, url=store or SHELL_STORE))

    project = load_project(folder, options, quiet, command="shell")
    async with open_bot(project, server=store is not None, progress=progress) as running:
        for line in running.announcements:
            if "{url}" not in line:  # no server, no URL
                click.secho(line, dim=True, err=True)
        principal = await _principal(running, account)
        conversation = await running.engine.store.conversation_id(principal.id, "shell", running.sources.new_id())
        click.echo(click.style(greeting if account else f"{greeting} {NOBODY}", dim=True), err=True)
        with _line_reader() as read:

            async def ask(prompt: str) -> str | None:
                # Not a thread of asyncio, which joins it at the end: Ctrl-C would wait until somebody presses Enter.
                line = await in_thread(partial(read, prompt))
                return line.rstrip("\n") if line else None

            yield Shell(running, principal, conversation, ask)


async def talk(
    folder: Path,
    options: dict[str, Any],
    *,
    store: str | None = None,
    account: str | None = None,
    progress: Progress = silent,
) -> None:
    """Read messages from standard input until it ends, and show the replies; parameters and errors of `open_shell`."""
    opening = open_shell(folder, options, greeting=GREETING, store=store, account=account, progress=progress)
    async with opening as shell:
        buttons: list[dict[str, Any]] = []
        while (text := await shell.ask("> ")) not in (None, STOP):
            if not text.strip():
                continue
            if (tell := ABOUT_THE_CONVERSATION.get(text)) is not None:
                click.echo(await tell(shell.bot.engine.store, shell.conversation))
                continue
            try:
                buttons = show(await shell.bot.engine.handle(shell.message(pressed(text, buttons))))
            except TurnError as error:
                click.secho(str(error), fg="red", err=True)


def show(answer: Answer, *, first: int = 1) -> list[dict[str, Any]]:
    """Show an answer's replies; return their buttons, in the order of their numbers, the lowest of which is `first`."""
    buttons: list[dict[str, Any]] = []
    for reply in answer.replies:
        for line in _lines_of(reply):
            click.echo(line)
        inside = [button for item in reply.get("elements", ()) for button in item.get("buttons") or ()]
        for button in [*reply.get("buttons", ()), *reply.get("quick_replies", ()), *inside]:
            click.echo(click.style(f"  {first + len(buttons)}. {button.get('title', '')}", fg="cyan"))
            buttons.append(button)
    if not answer.replies:
        click.secho("(no reply)", dim=True)
    return buttons


def _lines_of(reply: dict[str, Any]) -> Iterator[str]:
    """Yield a reply as lines for the terminal, without its buttons."""
    if reply.get("text"):
        yield reply["text"]
    for kind in ("image", "attachment"):
        if reply.get(kind):
            yield f"[{kind}: {_text(reply[kind])}]"
    for item in reply.get("elements", ()):
        action = item.get("default_action")
        leads_to = action.get("url") if isinstance(action, dict) else action
        parts = (item.get("title"), item.get("subtitle"), item.get("image_url"), leads_to)
        yield "- " + "; ".join(_text(part) for part in parts if part)
    if reply.get("custom") and not reply.get("text"):
        yield json.dumps(reply["custom"], ensure_ascii=False, indent=2)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _standard_input() -> TextIO:
    """Open standard input again: at exit, the interpreter would wait for a thread that reads `sys.stdin`.

    Raises BotError if standard input is closed.
    """
    if sys.stdin is None:
        raise BotError(
            "standard input is closed: run the shell in a terminal, or redirect messages to it (`… < messages`)"
        )
    return open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False)


@contextmanager
def _line_reader() -> Iterator[Callable[[str], str]]:
    """Yield a function that reads one line, or "" at the end of the input.

    In a terminal, the function shows its argument as a prompt, and the line can be edited.
    """
    typed = _standard_input()
    if not (typed.isatty() and sys.stdout.isatty()):
        yield lambda prompt: typed.readline()
        return
    import readline  # noqa: F401 - gives `input` arrow keys and a history
    import termios

    before = termios.tcgetattr(typed)
    try:
        yield _read_edited_line
    finally:
        termios.tcsetattr(typed, termios.TCSANOW, before)  # after Ctrl-C, the reading thread's settings would remain


def _read_edited_line(prompt: str) -> str:
    try:
        line = input(prompt)
    except EOFError:
        return ""
    return line.encode("utf-8", "surrogateescape").decode("utf-8", "replace") + "\n"


def pressed(text: str, buttons: list[dict[str, Any]]) -> str:
    """Return what the button with this number sends; any other text unchanged."""
    numbered = {str(number): button for number, button in enumerate(buttons, start=1)}
    return str(numbered[text].get("payload", text)) if text in numbered else text


async def _principal(running: Bot, account: str | None) -> Principal:
    if account is None:
        return Principal("key", "shell")
    found = await running.auth.customers.find(account)
    if found is None:
        raise BotError("there is no customer with this account number; `bot customers add` adds one")
    return logged_in(found, "shell")
