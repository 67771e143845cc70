"""End-to-end test stories: the engine, actions, forms and the services behind them all run, unlike in Rasa.

What the user says is sent to the bot. The intents and entities found, the
actions that ran and the texts that were said are compared with the story, as
are slots and the active loop at the points where the story mentions them. After
the first wrong action of a turn, the rest of the turn is not compared.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from msgspec import Struct, field

from bot.content import ANY, NOWHERE, ActionStep, BotStep, LoopStep, Place, SlotStep, Step, Story, UserStep
from bot.dialogue.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    Event,
    SlotSet,
    UserUttered,
)
from bot.dialogue.evolve import evolve
from bot.dialogue.names import LISTEN, SESSION_START
from bot.dialogue.story_graph import Way, ways
from bot.dialogue.tracker import Tracker
from bot.encoding import encode
from bot.engine.codec import read_record
from bot.engine.engine import Engine
from bot.engine.outside import EventsWork
from bot.engine.record import Answer, TurnRecord
from bot.engine.snapshots import read_snapshot
from bot.messages import Parse, Principal, UserMessage
from bot.progress import Progress, counted, silent
from bot.sources import Sources
from bot.testing.results import StepResult, StoryReport, StoryResult, report_of
from bot.testing.understood import named_action, understood

NOTHING = "(nothing)"
_SILENT = frozenset({LISTEN, SESSION_START})

_Compared: TypeAlias = tuple[Step | None, StepResult | None]


class _ActionRun(Struct, frozen=True):
    """An action that ran ("": before any action), the texts that it said, and the conversation after each event."""

    name: str
    states: list[Tracker]
    texts: list[str] = field(default_factory=list)


class _Exchange(Struct, frozen=True):
    """The result of one message: its parse, and what ran, beginning with the state before any action."""

    ran: tuple[_ActionRun, ...]
    texts: tuple[str, ...] = ()
    parse: Parse = Parse("")


async def run_whole_stories(
    engine: Engine, tests: Sequence[Story], principal: Principal, sources: Sources, *, progress: Progress = silent
) -> StoryReport:
    """Run test stories through the engine as `principal`, each in its own conversation."""
    found = ways(tests, engine.agent.content.domain)
    results = [await _run(engine, way, principal, sources) for way in counted(found, "story", progress)]
    return report_of(results, tests, found)


async def _run(engine: Engine, way: Way, principal: Principal, sources: Sources) -> StoryResult:
    conversation = await engine.store.conversation_id(principal.id, "test", sources.new_id())

    def message(text: str) -> UserMessage:
        return UserMessage(text, conversation, sources.new_id(), sources.now(), principal, "test")

    responses = engine.agent.content.domain.responses.keys()
    before, turns = _turns(way.steps)
    compared = list(_compared(before, await _begin(engine, message(""), before), responses))
    for user, expected in turns:
        exchange = await _exchange(engine, message(_sent(user)))
        compared.append((user, understood(user, exchange.parse, with_entities=_names_entities(user))))
        compared += ((None, result) for result in _not_sent(user))
        compared += _compared(expected, exchange, responses, user.place)
    story = way.stories[0]
    return StoryResult(story.name, story.place, tuple(compared))


def _turns(steps: Sequence[Step]) -> tuple[list[Step], list[tuple[UserStep, list[Step]]]]:
    """Return the steps before the user's first, and each of the user's with the bot's steps up to the next."""
    before: list[Step] = []
    turns: list[tuple[UserStep, list[Step]]] = []
    for step in steps:
        if isinstance(step, UserStep):
            turns.append((step, []))
        else:
            (turns[-1][1] if turns else before).append(step)
    return before, turns


class _InitialState(EventsWork):
    """The state that a story begins with, set in the session of the user who will speak."""

    background = False


async def _begin(engine: Engine, message: UserMessage, before: Sequence[Step]) -> _Exchange:
    """Set slots and loop as at the beginning of the story; any action there is compared with none, as none ran yet."""
    state = [step for step in before if isinstance(step, (SlotStep, LoopStep))]
    events = [event for step in state if (event := _event(step)) is not None]
    tracker = await _tracker(engine, message)
    if not state:
        return _Exchange((_ActionRun("", [tracker]),))
    return await _exchange_of(engine, tracker, await engine.perform(_InitialState(message, events)))


def _event(step: SlotStep | LoopStep) -> Event | None:
    """Return the event that leads to this state; None for a slot with any value."""
    if isinstance(step, LoopStep):
        return ActiveLoop(step.name)
    return None if step.value is ANY else SlotSet(step.name, step.value)


def _sent(step: UserStep) -> str:
    """Return a step's text, or else its intent and entities in shorthand: a list for several of the same name."""
    if step.text:
        return step.text
    values: dict[str, list[Any]] = {}
    for entity in step.entities:
        values.setdefault(entity.entity, []).append(entity.entity if entity.value is ANY else entity.value)
    entities = {name: found if len(found) > 1 else found[0] for name, found in values.items()}
    return f"/{step.intent}" + (encode(entities).decode() if entities else "")


def _names_entities(step: UserStep) -> bool:
    """Whether the step says which entities its text has; a step without a text is sent with them."""
    return step.text is not None and bool(step.annotations or step.entities)


def _not_sent(step: UserStep) -> Iterator[StepResult]:
    """Yield failures for the roles and groups of a step without a text, which shorthand cannot express."""
    if step.text:
        return
    for entity in step.entities:
        for kind, name in (("role", entity.role), ("group", entity.group)):
            if name is not None:
                wanted = f"the entity {entity.entity} with the {kind} {name}"
                yield StepResult("action", step.place, wanted, f"(no {kind} without a text: write `user:` with a mark)")


async def _exchange(engine: Engine, message: UserMessage) -> _Exchange:
    tracker = await _tracker(engine, message)
    return await _exchange_of(engine, tracker, await engine.handle(message))


async def _tracker(engine: Engine, message: UserMessage) -> Tracker:
    """Return the conversation before the message."""
    loaded = await engine.store.load(message.conversation)
    return read_snapshot(loaded.snapshot, message.conversation).tracker


async def _exchange_of(engine: Engine, tracker: Tracker, answer: Answer) -> _Exchange:
    """Return what the turn with this answer did; `tracker` is the conversation before it."""
    [turn] = await engine.store.turns(answer.conversation, after=answer.seq - 1, limit=1)
    record = read_record(turn.record)
    parse = next((event.parse for event in record.events if isinstance(event, UserUttered)), Parse(""))
    texts = tuple(reply.get("text", "") for reply in answer.replies)
    return _Exchange(tuple(_action_runs(record, tracker)), texts, parse)


def _action_runs(record: TurnRecord, tracker: Tracker) -> list[_ActionRun]:
    """Return the state before any action, and the actions that ran, each with what it said."""
    names = deque(_executed(record))
    ran = [_ActionRun("", [tracker])]
    for event in record.events:
        if isinstance(event, ActionExecuted) and names and event.name == names[0]:
            ran.append(_ActionRun(names.popleft(), [tracker]))
        elif isinstance(event, BotUttered) and event.reply.text:
            ran[-1].texts.append(event.reply.text)
        tracker = evolve(event, tracker)
        ran[-1].states.append(tracker)
    return [*ran, *(_ActionRun(name, [tracker]) for name in names)]


def _executed(record: TurnRecord) -> Iterator[str]:
    """Yield the actions that ran, without those that rejected their execution (such as an interrupted form)."""
    refused = Counter(event.name for event in record.events if isinstance(event, ActionExecutionRejected))
    for name in (step.action for step in record.steps):
        if refused[name]:
            refused[name] -= 1
        elif name not in _SILENT:
            yield name


def _compared(
    expected: Sequence[Step], exchange: _Exchange, responses: Iterable[str], place: Place = NOWHERE
) -> Iterator[_Compared]:
    """Yield each step of a turn with its result, up to the first wrong action; `place` is that of the user's step."""
    last, *others = exchange.ran
    left, known = deque(others), frozenset(responses)
    is_right = True
    for index, step in enumerate(expected):
        result: StepResult | None = None
        if is_right and isinstance(step, ActionStep) and step.name not in _SILENT:
            last = left.popleft() if left else _ActionRun(NOTHING, last.states[-1:])
            action = named_action(last.name, step.name, exchange.parse, known)
            result = StepResult("action", step.place, step.name, action)
        elif is_right and isinstance(step, BotStep):
            if step.text not in last.texts and left and step.text in left[0].texts:
                last = left.popleft()
            result = _compare_text(step, exchange)
        elif is_right and isinstance(step, (SlotStep, LoopStep)):
            result = _compare_state(step, last, is_last=not _comes_again(step, expected[index + 1 :]))
        is_right = is_right and (result is None or result.kind == "state" or result.passed)
        yield step, result
    if is_right and left:
        yield None, StepResult("action", place, NOTHING, left[0].name)


def _compare_text(step: BotStep, exchange: _Exchange) -> StepResult:
    """Compare a text: it may name an action by what it says, or be another text of the action before it."""
    said = step.text if step.text in exchange.texts else " / ".join(exchange.texts)
    return StepResult("action", step.place, step.text, said or NOTHING)


def _comes_again(step: SlotStep | LoopStep, after: Sequence[Step]) -> bool:
    """Whether the story mentions the same slot, or the loop, once more before the next action."""
    for other in after:
        if isinstance(other, ActionStep):
            return False
        if isinstance(other, LoopStep) and isinstance(step, LoopStep):
            return True
        if isinstance(other, SlotStep) and isinstance(step, SlotStep) and other.name == step.name:
            return True
    return False


def _compare_state(step: SlotStep | LoopStep, ran: _ActionRun, *, is_last: bool) -> StepResult:
    """Compare a slot or the loop after the action; if the story mentions it again, at any time up to then."""
    states = ran.states[-1:] if is_last else ran.states
    if isinstance(step, LoopStep):
        expected, name = f"active_loop: {step.name}", states[-1].active_loop
        agrees = any(state.active_loop == step.name for state in states)
        return StepResult("state", step.place, expected, expected if agrees else f"active_loop: {name}")
    expected = f"{step.name}: {'(any)' if step.value is ANY else _shown(step.value)}"
    agrees = any(_agrees(step.value, state.slot(step.name)) for state in states)
    found = expected if agrees else f"{step.name}: {_shown(states[-1].slot(step.name))}"
    return StepResult("state", step.place, expected, found)


def _agrees(expected: Any, value: Any) -> bool:
    """Whether a slot has the value in the story: `5` equals `5.0`, but neither a text nor a boolean."""
    if expected is ANY:
        return value is not None
    return bool(expected == value) and isinstance(expected, bool) == isinstance(value, bool)


def _shown(value: Any) -> str:
    return encode(value).decode()
