"""Forms in stories and rules: whether each is started, and whether something follows it."""

from __future__ import annotations

from collections.abc import Iterator, Set

from bot.content.diagnostics import Diagnostic, Severity
from bot.content.known import Known, initial_loop
from bot.content.types import ActionStep, LoopStep, OrStep, Story, UserStep


def check_forms(known: Known, meant: Set[str]) -> Iterator[Diagnostic]:
    """Forms that nothing starts or nothing follows, except `meant`: names suggested in place of misspelt ones."""
    if not any(story.steps for story in known.trained):
        return
    started = {name for story in known.trained for name in _started(story)}
    ended = {name for story in known.trained for name in _ended(story)}
    for name, form in known.content.domain.forms.items():
        if name in known.mentioned or name in meant:
            continue
        if name not in started:
            message = f"No rule or story starts the form `{name}`."
            cure = (
                f"Write a rule with `- intent: …`, `- action: {name}` and `- active_loop: {name}`, or remove the form."
            )
            severity: Severity = "note" if known.has_custom_actions and not known.all_registered else "warning"
            yield Diagnostic(severity, form.place, message, cure, "unused-form")
        elif name not in ended and form.required_slots:
            message = f"No rule or story says what happens when the form `{name}` is filled."
            cure = (
                f"Write a rule with the condition `- active_loop: {name}` and the steps `- action: {name}`, "
                "`- active_loop: null` and what the bot does then: `- action: …`."
            )
            yield Diagnostic("warning", form.place, message, cure, "nothing-follows")


def _started(story: Story) -> Iterator[str]:
    """The actions that a story runs while they are not yet the active loop."""
    active = initial_loop(story)
    for step in story.steps:
        if isinstance(step, LoopStep):
            active = step.name
        elif isinstance(step, ActionStep) and step.name != active:
            yield step.name


def _ended(story: Story) -> Iterator[str]:
    """The actions after which, before the next message, their loop ends or another action follows."""
    last = None
    for step in story.steps:
        if isinstance(step, (ActionStep, LoopStep)) and last is not None and step.name != last:
            yield last
        if isinstance(step, ActionStep):
            last = step.name
        elif isinstance(step, (UserStep, OrStep)):
            last = None
