"""Asking for lines of standard input, while the bot may say something on its own."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TextIO, TypeAlias

import click

from bot.app.stopping import in_thread
from bot.errors import BotError

Ask: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Shows a prompt in a terminal, and returns the next line of standard input; None at its end."""


class Prompt:
    """Asks for one line after another, and shows what is said meanwhile without garbling the line being typed."""

    def __init__(self, read: Callable[[str], str], begun: Callable[[], str] | None = None) -> None:
        """`read` reads a line, "" at the end; `begun` returns what is typed of it so far (None: not in a terminal)."""
        self._read = read
        self._begun = begun
        self._shown = ""
        self._held: list[Callable[[], None]] = []

    async def ask(self, prompt: str) -> str | None:
        """The next line, without its end; None at the end of the input."""
        self._shown = prompt
        # Not a thread of asyncio, which joins it at the end: Ctrl-C would wait until somebody presses Enter.
        line = await in_thread(partial(self._read, prompt))
        self._shown = ""
        for show in self._held:
            show()
        self._held.clear()
        return line.rstrip("\n") if line else None

    def interject(self, show: Callable[[], None]) -> None:
        """Call `show`, which prints lines: at once, above the prompt, or after the line if that is begun."""
        if self._begun is None or not self._shown:
            show()
        elif self._held or self._begun():
            self._held.append(show)
        else:
            click.echo(f"\r{' ' * len(self._shown)}\r", nl=False)
            show()
            click.echo(self._shown, nl=False)


@contextmanager
def prompt_of_standard_input() -> Iterator[Prompt]:
    """Yield the prompt for standard input; in a terminal, it is shown, and lines can be edited.

    Raises BotError if standard input is closed.
    """
    typed = _standard_input()
    if not (typed.isatty() and sys.stdout.isatty()):
        yield Prompt(lambda prompt: typed.readline())
        return
    import readline  # gives `input` arrow keys and a history
    import termios

    before = termios.tcgetattr(typed)
    try:
        yield Prompt(_read_edited_line, readline.get_line_buffer)
    finally:
        termios.tcsetattr(typed, termios.TCSANOW, before)  # after Ctrl-C, the reading thread's settings would remain


def _standard_input() -> TextIO:
    """Open standard input again: at exit, the interpreter would wait for a thread that reads `sys.stdin`."""
    if sys.stdin is None:
        raise BotError(
            "standard input is closed: run the shell in a terminal, or redirect messages to it (`… < messages`)"
        )
    return open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False)


def _read_edited_line(prompt: str) -> str:
    try:
        line = input(prompt)
    except EOFError:
        return ""
    return line.encode("utf-8", "surrogateescape").decode("utf-8", "replace") + "\n"
