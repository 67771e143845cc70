"""What content has to fulfil beyond its form: names that exist, and are used."""

from __future__ import annotations

from collections.abc import Collection

from bot.content.diagnostics import Diagnostic
from bot.content.types import Content, Story


def check_content(
    content: Content,
    tests: tuple[Story, ...] = (),
    *,
    known_actions: Collection[str] = (),
    mentioned: Collection[str] = (),
) -> tuple[Diagnostic, ...]:
    """Everything that is wrong or odd with the content.

    `known_actions` are registered by plugins; `mentioned` are words that
    stand in the project's code, so that a response named there is in use.
    """
    return ()
