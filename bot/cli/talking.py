"""Talking to a bot in the terminal, without a server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
from msgspec import Struct
from msgspec.structs import replace

from bot.app.jobs import EFFECTS_EVERY, running_in_background
from bot.app.opening import Bot, logged_in, open_bot
from bot.app.projects import load_project
from bot.cli.prompting import Prompt, prompt_of_standard_input
from bot.cli.retelling import story, why
from bot.config import Settings
from bot.engine.background import Background
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


class Shell(Struct, frozen=True):
    """A bot that is open in the terminal, and the conversation with it."""

    bot: Bot
    principal: Principal
    conversation: str
    prompt: Prompt

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
    async with open_bot(project, exclusive=store is not None, progress=progress) as running:
        for line in running.announcements:
            if "{url}" not in line:  # no server, no URL
                click.secho(line, dim=True, err=True)
        principal = await _principal(running, account)
        conversation = await running.engine.store.conversation_id(principal.id, "shell", running.sources.new_id())
        click.echo(click.style(greeting if account else f"{greeting} {NOBODY}", dim=True), err=True)
        with prompt_of_standard_input() as prompt:
            yield Shell(running, principal, conversation, prompt)


async def talk(
    folder: Path,
    options: dict[str, Any],
    *,
    store: str | None = None,
    account: str | None = None,
    progress: Progress = silent,
) -> None:
    """Read messages from standard input until it ends, and show the replies; parameters and errors of `open_shell`.

    What the bot says on its own meanwhile (a reminder, a late outcome) is shown, too.
    """
    opening = open_shell(folder, options, greeting=GREETING, store=store, account=account, progress=progress)
    async with opening as shell:
        buttons: list[dict[str, Any]] = []

        def say(answer: Answer) -> None:
            if answer.replies:
                shell.prompt.interject(lambda: buttons.extend(show(answer, first=len(buttons) + 1)))

        async with _background(shell, say):
            while (text := await shell.prompt.ask("> ")) not in (None, STOP):
                if (tell := ABOUT_THE_CONVERSATION.get(text)) is not None:
                    click.echo(await tell(shell.bot.engine.store, shell.conversation))
                elif text.strip():
                    await _answer(shell, text, buttons)


async def _answer(shell: Shell, text: str, buttons: list[dict[str, Any]]) -> None:
    """Show the answer to a message; its buttons replace those shown before."""
    try:
        buttons[:] = show(await shell.bot.engine.handle(shell.message(pressed(text, buttons))))
    except TurnError as error:
        click.secho(str(error), fg="red", err=True)


@asynccontextmanager
async def _background(shell: Shell, say: Callable[[Answer], None]) -> AsyncIterator[None]:
    """Do the conversation's background work; `say` gets the answers.

    Other conversations are left alone: they may be another shell's, or a server's, which can reach their users.
    """
    engine = shell.bot.engine
    work = Background(engine, shell.bot.sources, only=shell.conversation, say=say)
    try:
        async with running_in_background(shell.bot.log, *work.jobs(EFFECTS_EVERY)):
            yield
    finally:  # also after Ctrl-C, which would cut off the work under way
        await engine.finish(engine.limits.shutdown_seconds)


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
