"""Checks of stories, rules and test stories: that names exist, and that the steps can run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.content.diagnostics import Diagnostic, Severity
from bot.content.known import Known, fits, initial_loop, steps_of, sub_intent, unknown, unknown_part, wrong_value
from bot.content.names import REQUESTED_SLOT
from bot.content.suggest import is_misspelt
from bot.content.types import ActionStep, CheckpointStep, LoopStep, Place, SlotStep, Step, StepEntity, Story, UserStep

_SAID_BY = {
    "action_default_fallback": "utter_default",
    "action_default_ask_rephrase": "utter_ask_rephrase",
    "action_two_stage_fallback": "utter_ask_rephrase",
}
"""The response that each of Rasa's own actions says, if it exists."""


def check_stories(known: Known) -> Iterator[Diagnostic]:
    """Everything wrong or odd in stories, rules and test stories."""
    for story in (*known.trained, *known.tests):
        yield from _unknown_names(story, known)
    for story in known.trained:
        yield from _unactivated_forms(story, known)
        yield from _loops_without_action(story, known)
        yield from _joined_conditions(story)
        yield from _unseen_conditions(story, known)
    for stories in (known.content.stories, known.content.rules, known.tests):
        yield from _loose_checkpoints(stories)
    yield from _same_names(known.trained)
    yield from _silent_defaults(known)


def _silent_defaults(known: Known) -> Iterator[Diagnostic]:
    """Default actions that rules or stories run although their response is missing."""
    own = {*known.registered, *known.content.domain.actions}
    steps = [step for story in known.trained for step in steps_of(story) if isinstance(step, ActionStep)]
    last_places = {step.name: step.place for step in steps if step.name not in own}
    for name, place in last_places.items():
        response = _SAID_BY.get(name, "")
        if response and response not in known.actions:
            message = f"There is no response `{response}`, which `{name}` says: the bot would say nothing."
            yield Diagnostic("warning", place, message, f"Add `{response}:` to `responses:`.", "missing-response")


def _joined_conditions(story: Story) -> Iterator[Diagnostic]:
    """A rule that other rules lead to starts as the first of them does, so its own conditions would be ignored."""
    continues = story.kind == "rule" and story.steps and isinstance(story.steps[0], CheckpointStep)
    if continues and (story.condition or story.conversation_start):
        key = "condition" if story.condition else "conversation_start"
        message = f"The rule `{story.name}` begins with a checkpoint, so its `{key}:` would be ignored."
        cure = (
            "Write the condition as `slot_was_set:` below the `- checkpoint:`, or put it in the rule that leads there."
        )
        yield Diagnostic("error", story.place, message, cure, "joined-condition")


def _unknown_names(story: Story, known: Known) -> Iterator[Diagnostic]:
    """Unknown names; in a test they make the test fail, but do not prevent the bot from starting."""
    severity: Severity = "warning" if story.kind == "test" else "error"
    for condition in story.condition:
        yield from _state(condition, known, severity, story)
    for step in steps_of(story):
        if isinstance(step, UserStep):
            yield from _message(step, known, severity, story)
        elif isinstance(step, ActionStep) and step.name not in known.actions:
            yield _unknown_action(step, known, severity, story)
        elif isinstance(step, (LoopStep, SlotStep)):
            yield from _state(step, known, severity, story)
        elif isinstance(step, CheckpointStep):
            for slot in step.slots:
                yield from _state(slot, known, severity, story)


def _message(step: UserStep, known: Known, severity: Severity, story: Story) -> Iterator[Diagnostic]:
    where = f"The {_kind(story)} `{story.name}` names the intent"
    intent, base = step.intent or "", (step.intent or "").partition("/")[0]
    if step.intent is not None and base not in known.intents:
        add = f"Add `{intent}` with examples to an `nlu:` section, or to `intents:`."
        severity = _softened(severity, intent, known.intents)
        yield unknown(severity, step.place, "intent", intent, known=known.intents, where=where, add=add)
    if "/" in intent and story.kind != "test":
        cure = f"Write `- intent: {base}` and `- action: utter_{base}`, which says the response that fits the message."
        yield sub_intent(step.place, f"The {_kind(story)} `{story.name}` names", intent, "policies", cure)
    for entity in step.entities:
        yield from _entity(entity, step.place, known, story)


def _softened(severity: Severity, name: str, known: Iterable[str]) -> Severity:
    """A typo is an error; a name unlike any other may be a leftover, whose story never matches, as in Rasa."""
    return severity if is_misspelt(name, known) else "warning"


def _entity(entity: StepEntity, place: Place, known: Known, story: Story) -> Iterator[Diagnostic]:
    entities = known.content.domain.entities
    where = f"The {_kind(story)} `{story.name}` names the entity"
    if entity.entity not in entities:
        add = f"Add `{entity.entity}` to `entities:`."
        yield unknown("warning", place, "entity", entity.entity, known=entities, where=where, add=add)
        return
    listed = entities[entity.entity]
    for kind, name, names in (("role", entity.role, listed.roles), ("group", entity.group, listed.groups)):
        if name is not None and name not in names:
            yield unknown_part(place, entity.entity, kind, name, names)


def _unknown_action(step: ActionStep, known: Known, severity: Severity, story: Story) -> Diagnostic:
    where = f"The {_kind(story)} `{story.name}` runs"
    if step.name.startswith("utter_"):
        add = f"Add `{step.name}:` to `responses:`."
        return unknown(severity, step.place, "response", step.name, known=known.actions, where=where, add=add)
    add = "Register it in a plugin, or list it in `actions:` when an action server runs it."
    return unknown(severity, step.place, "action", step.name, known=known.actions, where=where, add=add)


def _state(step: LoopStep | SlotStep, known: Known, severity: Severity, story: Story) -> Iterator[Diagnostic]:
    where = f"The {_kind(story)} `{story.name}` names"
    if isinstance(step, SlotStep):
        slots = known.content.domain.slots
        if step.name not in slots:
            severity, add = _softened(severity, step.name, slots), f"Add `{step.name}:` to `slots:`."
            yield unknown(severity, step.place, "slot", step.name, known=slots, where=where, add=add)
        elif not fits(slots[step.name], step.value):
            where = f"The {_kind(story)} `{story.name}` has `{step.name}` as"
            yield wrong_value("warning", step.place, slots[step.name], step.value, where)
    elif step.name is not None and step.name not in known.loops:
        if step.name.casefold() in ("none", "null"):
            cure = "Write `null`, without quotes, if no form is active."
            yield Diagnostic(severity, step.place, f"{where} `{step.name}`, which is not a form.", cure, "unknown-form")
            return
        forms, add = known.content.domain.forms, f"Add `{step.name}:` to `forms:`."
        yield unknown(severity, step.place, "form", step.name, known=forms, where=where, add=add)


def _unseen_conditions(story: Story, known: Known) -> Iterator[Diagnostic]:
    """Conditions on slots that policies do not see, so that they always hold."""
    for condition in story.condition:
        slot = known.content.domain.slots.get(condition.name) if isinstance(condition, SlotStep) else None
        if slot is None or slot.influence_conversation:
            continue
        why, cure = "has `influence_conversation: false`", "Set the slot's `influence_conversation: true`"
        if slot.type == "any":
            why, cure = "is of the type `any`", "Give the slot a type that policies see, such as `bool`"
        elif slot.name == REQUESTED_SLOT:
            cure = f"Add `{slot.name}` to `slots:`, of the type `categorical` with the slots it may name as its values"
        message = (
            f"The rule `{story.name}` has a condition on `{slot.name}`, which {why}: policies do not see it, so the "
            "rule applies whatever its value is."
        )
        yield Diagnostic("warning", condition.place, message, f"{cure}, or remove the condition.", "unseen-slot")


def _kind(story: Story) -> str:
    return "test story" if story.kind == "test" else story.kind


def _unactivated_forms(story: Story, known: Known) -> Iterator[Diagnostic]:
    """Forms that run without becoming active, for lack of an `active_loop` step after them."""
    forms = known.content.domain.forms
    active = initial_loop(story)
    for step, after in zip(story.steps, _following_loops(story.steps), strict=True):
        if isinstance(step, LoopStep):
            active = step.name
        elif isinstance(step, ActionStep) and step.name in forms and active is None and after is None:
            runs = f"The {_kind(story)} `{story.name}` runs the form `{step.name}`"
            message = f"{runs} without saying that it becomes active."
            cure = f"Add `- active_loop: {step.name}` after it."
            yield Diagnostic("warning", step.place, message, cure, "form-not-activated")


def _loops_without_action(story: Story, known: Known) -> Iterator[Diagnostic]:
    """In rules: loops that begin or end without an action that causes it, and forms without a message before them."""
    if story.kind != "rule":
        return
    active = initial_loop(story)
    for step, before in zip(story.steps, (None, *story.steps), strict=False):
        if isinstance(step, LoopStep) and (before is None or isinstance(before, UserStep)):
            change = "begins" if step.name else "ends"
            message = f"The rule `{story.name}` says that a loop {change}, but no earlier action causes that."
            ended = active if before is None else None
            cure = f"Write `- action: {step.name or ended or 'action_deactivate_loop'}` before it."
            yield Diagnostic("warning", step.place, message, cure, "loop-without-action")
    form = _only_form(story)
    if form in known.content.domain.forms and active is None and not story.conversation_start:
        message = f"The rule `{story.name}` runs the form `{form}` without saying after which user message."
        place, cure = story.steps[0].place, "Write `- intent: …` before it."
        yield Diagnostic("warning", place, message, cure, "loop-without-action")


def _only_form(story: Story) -> str | None:
    """The action of a rule whose only steps are that action and, perhaps, its becoming the active loop."""
    match story.steps:
        case (ActionStep() as run,):
            return run.name
        case (ActionStep() as run, LoopStep() as loop) if loop.name == run.name:
            return run.name
    return None


def _following_loops(steps: Sequence[Step]) -> list[LoopStep | None]:
    """For each step, the loop named by the step right after it (slots may come between), or None."""
    loops: list[LoopStep | None] = []
    following: LoopStep | None = None
    for step in reversed(steps):
        loops.append(following)
        if not isinstance(step, SlotStep):
            following = step if isinstance(step, LoopStep) else None
    return loops[::-1]


def _loose_checkpoints(stories: tuple[Story, ...]) -> Iterator[Diagnostic]:
    """Checkpoints that no story ends with, or none begins with; `stories` are of one kind, as kinds never connect."""
    starts: dict[str, Place] = {}
    ends: dict[str, Place] = {}
    for story in stories:
        for index, step in enumerate(story.steps):
            if isinstance(step, CheckpointStep):
                if index < len(story.steps) - 1:
                    starts.setdefault(step.name, step.place)
                if index > 0:
                    ends.setdefault(step.name, step.place)
    kind = _kind(stories[0]) if stories else ""
    for places, others, verb in ((starts, ends, "ends"), (ends, starts, "begins")):
        for name in sorted(places.keys() - others.keys()):
            message = f"No {kind} {verb} with the checkpoint `{name}`, so this one connects nothing."
            cure = f"Add `- checkpoint: {name}` to a {kind}, or remove this one."
            yield Diagnostic("warning", places[name], message, cure, "loose-checkpoint")


def _same_names(stories: tuple[Story, ...]) -> Iterator[Diagnostic]:
    first: dict[tuple[str, str], Story] = {}
    for story in stories:
        earlier = first.setdefault((story.kind, story.name), story)
        if earlier is not story and story.name:
            message = f"Another {_kind(story)} is called `{story.name}` (at {earlier.place}); both are used."
            cure = "Give each its own name, so that they can be told apart in reports."
            yield Diagnostic("note", story.place, message, cure, "same-name")
