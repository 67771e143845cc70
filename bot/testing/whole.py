"""Test stories with everything run: the engine, actions, forms and the services behind them, which Rasa's cannot do.

What the user says is sent; the actions that ran, the slots that were set, the
active loop and the texts that were said are compared with the story.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct, field

from bot.content import (
    ANY,
    ActionStep,
    BotStep,
    LoopStep,
    Place,
    SlotStep,
    Step,
    Story,
    UserStep,
)
from bot.dialogue.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    Event,
    SlotSet,
    UserUttered,
)
from bot.dialogue.names import LISTEN, SESSION_START
from bot.dialogue.story_graph import Way, ways
from bot.encoding import encode
from bot.engine.codec import read_record
from bot.engine.engine import Engine
from bot.engine.outside import EventsWork
from bot.engine.record import TurnRecord
from bot.engine.snapshots import read_snapshot
from bot.messages import Principal, UserMessage
from bot.progress import Progress, counted, silent
from bot.sources import Sources
from bot.testing.stories import StepResult, StoryReport, StoryResult, not_run

NOTHING = "(nothing)"
_SILENT = frozenset({LISTEN, SESSION_START})


class _Ran(Struct, frozen=True):
    """An action that ran, and the texts that it said."""

    name: str
    texts: list[str] = field(default_factory=list)


class _Exchange(Struct, frozen=True):
    """What one message led to."""

    intent: str
    actions: tuple[_Ran, ...]
    texts: tuple[str, ...]


async def run_whole_stories(
    engine: Engine, tests: Sequence[Story], principal: Principal, sources: Sources, *, progress: Progress = silent
) -> StoryReport:
    """Run test stories through the engine, each in a conversation of its own, as `principal`."""
    found = ways(tests, engine.agent.content.domain)
    results = [await _run(engine, way, principal, sources) for way in counted(found, "story", progress)]
    return StoryReport((*results, *not_run(tests, found)))


async def _run(engine: Engine, way: Way, principal: Principal, sources: Sources) -> StoryResult:
    conversation = await engine.store.conversation_id(principal.id, "test", sources.new_id())

    def message(text: str) -> UserMessage:
        return UserMessage(text, conversation, sources.new_id(), sources.now(), principal, "test")

    before, turns = _turns(way.steps)
    results = await _begin(engine, message(""), before)
    for user, expected in turns:
        exchange = await _exchange(engine, message(_said(user)))
        results.append(StepResult("user", user.place, user.intent or exchange.intent, exchange.intent, user.text))
        results += _not_sent(user)
        results += _actions(expected, exchange, user.place)
        results += await _state(engine, conversation, expected)
    story = way.stories[0]
    return StoryResult(story.name, story.place, tuple(results))


def _turns(steps: Sequence[Step]) -> tuple[list[Step], list[tuple[UserStep, list[Step]]]]:
    """The steps before the user's first, and each of the user's with the bot's steps up to the next."""
    before: list[Step] = []
    turns: list[tuple[UserStep, list[Step]]] = []
    for step in steps:
        if isinstance(step, UserStep):
            turns.append((step, []))
        else:
            (turns[-1][1] if turns else before).append(step)
    return before, turns


class _Given(EventsWork):
    """What a story says was so before anybody spoke, in the login of who will."""

    background = False


async def _begin(engine: Engine, message: UserMessage, before: Sequence[Step]) -> list[StepResult]:
    """Let slots and loop be as the story begins with them; whatever else it begins with, the bot did nothing yet."""
    state = [step for step in before if isinstance(step, (SlotStep, LoopStep))]
    if state:
        events = [event for step in state if (event := _event(step)) is not None]
        await engine.perform(_Given(message, events))
    done = [step for step in before if not (isinstance(step, ActionStep) and step.name in _SILENT)]
    results = list(_actions(done, _Exchange("", (), ()), Place("")))
    return results + await _state(engine, message.conversation, before)


def _event(step: SlotStep | LoopStep) -> Event | None:
    """What makes it so; nothing makes a slot have any value."""
    if isinstance(step, LoopStep):
        return ActiveLoop(step.name)
    return None if step.value is ANY else SlotSet(step.name, step.value)


def _said(step: UserStep) -> str:
    """The step's text, or its intent and entities in shorthand where it has none: a list for several of one name."""
    if step.text:
        return step.text
    values: dict[str, list[Any]] = {}
    for entity in step.entities:
        values.setdefault(entity.entity, []).append(entity.entity if entity.value is ANY else entity.value)
    entities = {name: found if len(found) > 1 else found[0] for name, found in values.items()}
    return f"/{step.intent}" + (encode(entities).decode() if entities else "")


def _not_sent(step: UserStep) -> Iterator[StepResult]:
    """The roles and groups of a step without a text, for which shorthand has no words."""
    for entity in () if step.text else step.entities:
        for kind, name in (("role", entity.role), ("group", entity.group)):
            if name is not None:
                wanted = f"the entity {entity.entity} with the {kind} {name}"
                yield StepResult("action", step.place, wanted, f"(no {kind} without a text: write `user:` with a mark)")


async def _exchange(engine: Engine, message: UserMessage) -> _Exchange:
    answer = await engine.handle(message)
    [turn] = await engine.store.turns(message.conversation, after=answer.seq - 1, limit=1)
    record = read_record(turn.record)
    user = next(event for event in record.events if isinstance(event, UserUttered))
    return _Exchange(
        intent=user.parse.intent_name or "",
        actions=tuple(_ran(record)),
        texts=tuple(reply.get("text", "") for reply in answer.replies),
    )


def _ran(record: TurnRecord) -> list[_Ran]:
    """The actions that ran, each with what it said."""
    names, ran = deque(_executed(record)), list[_Ran]()
    for event in record.events:
        if isinstance(event, ActionExecuted) and names and event.name == names[0]:
            ran.append(_Ran(names.popleft()))
        elif isinstance(event, BotUttered) and ran and event.reply.text:
            ran[-1].texts.append(event.reply.text)
    return [*ran, *map(_Ran, names)]


def _executed(record: TurnRecord) -> Iterator[str]:
    """The actions that ran, those left out that refused to (a form that an intent of its own interrupts)."""
    refused = Counter(event.name for event in record.events if isinstance(event, ActionExecutionRejected))
    for name in (step.action for step in record.steps):
        if refused[name]:
            refused[name] -= 1
        elif name not in _SILENT:
            yield name


def _actions(expected: Sequence[Step], exchange: _Exchange, place: Place) -> Iterator[StepResult]:
    """What ran beside what the story says: an action by its name, or (`- bot:`) by a text that it says.

    A text after an action's name may be one more that the same action says.
    """
    left, last = deque(exchange.actions), _Ran(NOTHING)
    for step in expected:
        if isinstance(step, ActionStep):
            last = left.popleft() if left else _Ran(NOTHING)
            yield StepResult("action", step.place, step.name, last.name)
        elif isinstance(step, BotStep):
            if step.text not in last.texts and left and step.text in left[0].texts:
                last = left.popleft()
            said = step.text if step.text in exchange.texts else " / ".join(exchange.texts) or NOTHING
            yield StepResult("action", step.place, step.text, said, is_text=True)
    for action in left:
        yield StepResult("action", place, NOTHING, action.name)


async def _state(engine: Engine, conversation: str, expected: Sequence[Step]) -> list[StepResult]:
    """The slots and the loop as the story says they are when the bot listens again."""
    loops = [step for step in expected if isinstance(step, LoopStep)]
    slots = {step.name: step for step in expected if isinstance(step, SlotStep)}
    if not loops and not slots:
        return []
    loaded = await engine.store.load(conversation)
    tracker = read_snapshot(loaded.snapshot, conversation).tracker
    found = [_slot(step, tracker.slot(step.name)) for step in slots.values()]
    return found + [
        StepResult("action", step.place, f"active_loop: {step.name}", f"active_loop: {tracker.active_loop}")
        for step in loops[-1:]
    ]


def _slot(step: SlotStep, value: Any) -> StepResult:
    if step.value is ANY:
        wanted = f"{step.name}: (any)"
        return StepResult("action", step.place, wanted, wanted if value is not None else f"{step.name}: null")
    wanted = f"{step.name}: {_shown(step.value)}"
    return StepResult(
        "action", step.place, wanted, wanted if _same(step.value, value) else f"{step.name}: {_shown(value)}"
    )


def _same(wanted: Any, value: Any) -> bool:
    """Whether two values are one: `5` is `5.0`, and neither a text nor a truth value."""
    return bool(wanted == value) and isinstance(wanted, bool) == isinstance(value, bool)


def _shown(value: Any) -> str:
    return encode(value).decode()
