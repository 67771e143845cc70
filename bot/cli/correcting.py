"""The prompts of `bot interactive`: a message and its parse, actions one by one, and at the end what to save."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bot.app.interactive import Interactive, InvalidCorrection, save
from bot.cli.retelling import because
from bot.cli.talking import STOP, Ask, open_shell, pressed, show
from bot.content.marks import marked
from bot.errors import TurnError
from bot.messages import Parse
from bot.progress import Progress, silent

T = TypeVar("T")
UNDO, STORY = "/undo", "/story"
GREETING = "Say something to the bot. Enter confirms what it makes of it; /undo, /story and /stop (Ctrl-D) help."


class Ended(Exception):
    """The person ended the conversation."""


class TakenBack(Exception):
    """The person takes back the last message."""


async def teach(
    folder: Path, options: dict[str, Any], *, account: str | None, out: Path, progress: Progress = silent
) -> None:
    """Hold one conversation on standard input and output; at the end offer to save it in the folder `out`."""
    opening = open_shell(folder, options, greeting=GREETING, account=account, progress=progress)
    async with opening as shell:
        correcting = _Correcting(Interactive(shell.bot, shell.conversation, shell.message), shell.ask)
        try:
            while True:
                await correcting.exchange()
        except Ended:
            await correcting.save(out)


class _Correcting:
    """Asks about one prediction after another."""

    def __init__(self, lesson: Interactive, ask: Ask) -> None:
        self._lesson = lesson
        self._ask = ask
        self._buttons: list[dict[str, Any]] = []

    async def exchange(self) -> None:
        """Read a message or a command, and carry it out; raises Ended."""
        try:
            text = (await self._line("you> ")).strip()
            if text == STORY:
                await self._show_story()
            elif text and await self._understand(pressed(text, self._buttons)):
                await self._act()
        except TakenBack:
            self._buttons = []
            click.echo("Taken back." if await self._lesson.undo() else "Nothing has been said yet.")
        except TurnError as error:
            click.secho(str(error), fg="red", err=True)

    async def save(self, folder: Path) -> None:
        """Ask for the story's name, and write the file; without a name, nothing is written."""
        if await self._lesson.learned("") is None:
            return
        name = (await self._ask("save as a story named (Enter: do not save)> ") or "").strip()
        learned = await self._lesson.learned(name) if name else None
        if learned is None:
            click.echo("Nothing was saved.")
            return
        file = save(learned, folder)
        click.echo(f"Saved in {file}: a story, and examples: {len(learned.examples)}. Check them with `bot validate`.")

    async def _show_story(self) -> None:
        learned = await self._lesson.learned("what was taught")
        click.echo("Nothing has been said yet." if learned is None else learned.to_yaml().rstrip("\n"))

    async def _understand(self, text: str) -> bool:
        """Record the message as the person confirms it; False if it is taken back instead."""
        parse = self._lesson.parse(text)
        click.secho(_understood(parse), dim=True)
        try:
            parse = await self._confirmed("right? (Enter, intent, marked message)> ", parse, self._lesson.corrected)
        except TakenBack:
            return False
        await self._lesson.understand(parse)
        return True

    async def _act(self) -> None:
        """Run actions until the bot listens."""
        self._buttons = []
        goes_on = True
        while goes_on and (predicted := await self._lesson.predict()) is not None:
            click.secho(f"next: {because(predicted)}", dim=True)
            chosen = await self._confirmed("right? (Enter, action)> ", predicted, self._lesson.action)
            answer, goes_on = await self._lesson.run(chosen)
            if answer.replies:
                self._buttons += show(answer, first=len(self._buttons) + 1)

    async def _confirmed(self, prompt: str, predicted: T, correct: Callable[[T, str], T]) -> T:
        """What was predicted, or its correction; asks again until the correction is valid."""
        while correction := (await self._line(prompt)).strip():
            try:
                return correct(predicted, correction)
            except InvalidCorrection as error:
                click.secho(str(error), fg="red", err=True)
        return predicted

    async def _line(self, prompt: str) -> str:
        line = await self._ask(prompt)
        if line is None or line.strip() == STOP:
            raise Ended
        if line.strip() == UNDO:
            raise TakenBack
        return line


def _understood(parse: Parse) -> str:
    """The intent with its confidence, and the message with its entities marked."""
    if parse.intent is None:
        return "intent: none"
    doubt = f", {parse.doubt}" if parse.doubt else ""
    said = parse.text if parse.text.startswith("/") else marked(parse.text, parse.entities)
    return f"intent: {parse.intent.name} ({parse.intent.confidence:.2f}{doubt}): {said}"
