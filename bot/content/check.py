"""What content has to fulfil beyond its form: names that exist and are used, shapes that can run."""

from __future__ import annotations

from collections.abc import Collection

from bot.content.check_actions import check_actions
from bot.content.check_domain import check_domain
from bot.content.check_nlu import check_nlu
from bot.content.check_responses import check_responses, check_unused
from bot.content.check_stories import check_stories
from bot.content.diagnostics import Diagnostic
from bot.content.known import Known
from bot.content.types import Content, Story


def check_content(
    content: Content,
    tests: tuple[Story, ...] = (),
    *,
    known_actions: Collection[str] = (),
    mentioned: Collection[str] = (),
    all_known: bool = False,
) -> tuple[Diagnostic, ...]:
    """Everything that is wrong or odd with the content: errors refuse a start, warnings and notes do not.

    `known_actions` are registered by plugins, and with `all_known` nothing
    else implements actions; `mentioned` are words that stand in the project's
    code, so that a response named there is in use.
    """
    known = Known(content, tests, frozenset(known_actions), frozenset(mentioned), all_known)
    checks = (check_domain, check_actions, check_responses, check_nlu, check_stories, check_unused)
    return tuple(diagnostic for check in checks for diagnostic in check(known))
