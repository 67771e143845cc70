"""The prompts of `bot interactive`: a message and its parse, actions one by one, and at the end what to save."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import click

from bot.app.interactive import Interactive, InvalidCorrection, make_writable, save
from bot.cli import showing
from bot.cli.prompting import Ask
from bot.cli.retelling import because
from bot.cli.talking import STOP, open_shell, pressed, show
from bot.content.marks import marked
from bot.errors import TurnError
from bot.messages import Parse
from bot.progress import Progress, silent
from bot.reading import content_files
from bot.testing.understood import predicted_intent

T = TypeVar("T")
NOTHING_SAID, TAKEN_BACK, NOT_SAVED = "Nothing has been said yet.", "Taken back.", "Nothing was saved."
UNDO, STORY, CHOICES = "/undo", "/story", "?"
GREETING = (
    "Say something to the bot. Enter confirms what it makes of it, ? shows what else there is; "
    "/undo takes a message back, /story shows the lesson, /stop or Ctrl-D ends."
)


class Ended(Exception):
    """The person ended the conversation."""


class TakenBack(Exception):
    """The person takes back the last message."""


async def teach(
    project: Path, options: dict[str, Any], *, account: str | None, out: Path, progress: Progress = silent
) -> None:
    """Hold one conversation on standard input and output; at the end offer to save it in the folder `out`."""
    make_writable(out)
    opening = open_shell(project, options, greeting=GREETING, account=account, progress=progress)
    async with opening as shell:
        with _ended_by_interrupts(shell.prompt.ask) as ask:
            correcting = _Correcting(Interactive(shell.bot, shell.conversation, shell.message), ask)
            with suppress(Ended):
                while True:
                    await correcting.exchange()
            try:
                await correcting.save(project, out)
            except Ended:  # a second Ctrl-C
                click.echo(f"\n{NOT_SAVED}")


class _Correcting:
    """Asks about one prediction after another."""

    def __init__(self, interactive: Interactive, ask: Ask) -> None:
        self._interactive = interactive
        self._ask = ask
        self._buttons: list[list[dict[str, Any]]] = [[]]
        """The buttons after each message, so that those of the one before are back after /undo."""

    async def exchange(self) -> None:
        """Read a message or a command, and carry it out; raises Ended."""
        try:
            text = (await self._line("you> ")).strip()
            if text == STORY:
                self._show_lesson()
            elif text:
                await self._answer(pressed(text, self._buttons[-1]))
        except TakenBack:
            await self._undo()
        except TurnError as error:
            click.secho(str(error), fg="red", err=True)

    async def save(self, project: Path, folder: Path) -> None:
        """Ask for the story's name, and write the file; without a name, nothing is written."""
        lesson = self._interactive.lesson("")
        if lesson is None:
            return
        if lesson.is_unfinished:
            click.echo("The last message is left out: the bot has not answered it to the end.")
        name = await self._name() if lesson.stories else ""
        lesson = self._interactive.lesson(name)
        if lesson is None or not name:
            click.echo(NOT_SAVED)
            return
        file = save(lesson, folder)
        is_read = file.resolve() in {path.resolve() for path in content_files(project)}
        hint = "Check it with `bot validate`." if is_read else "Move it to the project's content to train with it."
        stories = showing.counted(len(lesson.stories), "story", "stories")
        click.echo(f"Saved {stories} and {showing.counted(len(lesson.examples), 'example')} in {file}. {hint}")

    async def _name(self) -> str:
        """The name that the person gives the story; empty if it is not to be saved."""
        name = await self._ask("save as a story named (Enter: do not save)> ")
        while name and name.strip() != STOP and name.strip().startswith("/"):
            name = await self._ask("a name, without a slash (Enter: do not save)> ")
        return "" if name is None or name.strip() == STOP else name.strip()

    async def _undo(self) -> None:
        if not await self._interactive.undo():
            click.echo(NOTHING_SAID)
            return
        self._buttons.pop()
        click.echo(TAKEN_BACK)

    def _show_lesson(self) -> None:
        lesson = self._interactive.lesson("what was taught")
        click.echo(NOTHING_SAID if lesson is None else lesson.to_yaml().rstrip("\n"))

    async def _answer(self, text: str) -> None:
        """Confirm what the message means, and what the bot does until it listens."""
        parse = self._interactive.parse(text)
        click.secho(_understood(parse), dim=True)
        likely = [score.name for score in parse.ranking]
        choices = sorted(
            self._interactive.intents, key=lambda name: likely.index(name) if name in likely else len(likely)
        )
        try:
            corrected = self._interactive.corrected
            parse = await self._confirmed("right? (Enter, intent, marked message)> ", parse, corrected, choices)
        except TakenBack:
            click.echo(TAKEN_BACK)
            return
        await self._interactive.understand(parse)
        self._buttons.append([])
        goes_on = True
        while goes_on and (predicted := await self._interactive.predict()) is not None:
            click.secho(f"next: {because(predicted)}", dim=True)
            chosen = self._interactive.chosen
            action = await self._confirmed("right? (Enter, action)> ", predicted, chosen, self._interactive.actions)
            answer, goes_on = await self._interactive.run(action)
            if answer.replies:
                self._buttons[-1] += show(answer, first=len(self._buttons[-1]) + 1)
        if goes_on:
            click.secho("(the bot is paused; /restart wakes it)", dim=True)

    async def _confirmed(self, prompt: str, predicted: T, correct: Callable[[T, str], T], choices: Iterable[str]) -> T:
        """What was predicted, or its correction; asks again until the correction is valid."""
        while correction := (await self._line(prompt)).strip():
            if correction == CHOICES:
                click.echo("\n".join(choices))
                continue
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


@contextmanager
def _ended_by_interrupts(ask: Ask) -> Iterator[Ask]:
    """Yield an `ask` that raises Ended at Ctrl-C instead of ending the process.

    The line that was asked for is still being read then: it answers the next question.
    """
    interrupted = asyncio.Event()
    reading: asyncio.Task[str | None] | None = None

    async def asking(prompt: str) -> str | None:
        nonlocal reading
        if reading is None:
            reading = asyncio.ensure_future(ask(prompt))
        else:
            click.echo(f"\n{prompt}", nl=False)
        interruption = asyncio.ensure_future(interrupted.wait())
        await asyncio.wait({reading, interruption}, return_when=asyncio.FIRST_COMPLETED)
        interruption.cancel()
        if not reading.done():
            interrupted.clear()
            raise Ended
        line = reading.result()
        reading = None
        return line

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupted.set)
    try:
        yield asking
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        if reading is not None:
            reading.cancel()


def _understood(parse: Parse) -> str:
    """The intent with its confidence, and the message with its entities marked."""
    if parse.intent is None:
        return "intent: none"
    doubt = f", {parse.doubt}" if parse.doubt else ""
    said = parse.text if parse.text.startswith("/") else marked(parse.text, parse.entities)
    return f"intent: {predicted_intent(parse, expected='')} ({parse.intent.confidence:.2f}{doubt}): {said}"
