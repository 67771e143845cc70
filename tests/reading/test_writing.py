"""What is written reads back the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import asdict, replace

from bot.content import (
    ANY,
    NOWHERE,
    ActionStep,
    Annotation,
    BotStep,
    CheckpointStep,
    Example,
    LoopStep,
    OrStep,
    SlotStep,
    StepEntity,
    Story,
    UserStep,
)
from bot.content.marks import marked
from bot.reading import read_project, read_test_stories
from bot.reading.annotations import read_annotations
from bot.reading.writing import content_to_yaml, stories_to_yaml, story_to_yaml

ODD_WORDS = [
    "no",
    "on",
    "007",
    "1e5",
    "0o17",
    "null",
    "~",
    "true",
    "12:30",
    "a: b",
    "# c",
    "'",
    '"',
    "é 👍",
    "- x",
    "a\nb",
    "a\x85b",
    "a\u2028b",
]
words = st.sampled_from(ODD_WORDS) | st.text("ab '\"#:-é", min_size=1).map(str.strip).filter(bool)
names = st.sampled_from(["greet", "no", "5", "a b", "utter_x", "faq/x"])
values = st.none() | st.booleans() | st.integers(-9, 9) | words | st.lists(words, max_size=2) | st.just(ANY)
entities = st.builds(StepEntity, names, values.filter(lambda v: v is not None), st.none() | names, st.none() | names)
slots = st.builds(SlotStep, names, values)
messages = st.builds(UserStep, names, st.none(), st.lists(entities, max_size=2).map(tuple)) | st.builds(
    UserStep, st.none() | names, words
)
steps = st.one_of(
    messages,
    slots,
    st.builds(ActionStep, names),
    st.builds(BotStep, words),
    st.builds(LoopStep, st.none() | names),
)
stories = st.builds(Story, words, st.lists(steps, min_size=1, max_size=5).map(tuple), st.just("test"))


def without_places(value: Any) -> Any:
    """The value without places."""
    if isinstance(value, tuple):
        return tuple(without_places(item) for item in value)
    if not isinstance(value, Struct):
        return value
    changed = {name: without_places(item) for name, item in asdict(value).items() if name != "place"}
    return replace(value, **changed, place=NOWHERE) if hasattr(value, "place") else replace(value, **changed)


@given(originals=st.lists(stories, min_size=1, max_size=3))
def test_written_stories_read_back_the_same(tmp_path_factory: pytest.TempPathFactory, originals: list[Story]) -> None:
    file = tmp_path_factory.mktemp("stories") / "test_a.yml"
    file.write_text(stories_to_yaml(originals), "utf-8")
    read, problems = read_test_stories(file)
    assert not problems
    assert without_places(read) == tuple(originals)


brackets = st.text("a [](){}:", min_size=1).map(str.strip).filter(bool)


@st.composite
def messages_with_entities(draw: st.DrawFn) -> UserStep:
    """A message of any characters, with entities anywhere in it."""
    text = draw(words | brackets)
    span = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).filter(lambda at: at[0] < at[1])
    value = st.none() | words | brackets | st.integers(0, 9)
    marks = [
        Annotation(start, end, draw(names), text[start:end] if (v := draw(value)) is None else v)
        for start, end in draw(st.lists(span, max_size=3))
    ]
    return UserStep("greet", text, annotations=tuple(marks))


def entities_of(step: UserStep) -> list[tuple[str, Any]]:
    """The entities of a message, whether marked or listed."""
    return sorted((e.entity, str(e.value)) for e in step.entities or step.annotations)


@given(step=messages_with_entities())
def test_any_message_reads_back_with_its_text_and_entities(
    tmp_path_factory: pytest.TempPathFactory, step: UserStep
) -> None:
    file = tmp_path_factory.mktemp("messages") / "test_a.yml"
    file.write_text(stories_to_yaml([Story("s", (step,), "test")]), "utf-8")
    ((story,), problems) = read_test_stories(file)
    (again,) = story.steps
    assert isinstance(again, UserStep)
    assert not problems
    assert (again.intent, entities_of(again)) == (step.intent, entities_of(step))
    assert step.text
    assert again.text
    looks_marked = read_annotations(step.text)[0] != step.text
    assert again.text == step.text or (looks_marked and again.text.replace(" ", "") == step.text.replace(" ", ""))


@example(step=UserStep("greet", "a\nb", annotations=(Annotation(0, 2, "greet", "a\n"),)))
@given(step=messages_with_entities())
def test_any_example_reads_back_with_its_marks_or_without_any(
    tmp_path_factory: pytest.TempPathFactory, step: UserStep
) -> None:
    folder = tmp_path_factory.mktemp("examples")
    (folder / "data").mkdir()
    assert step.text
    written = content_to_yaml([Example(step.text, "greet", step.annotations)], ())
    (folder / "data/nlu.yml").write_text(written, "utf-8")
    (example,) = read_project(folder).content.nlu.examples
    assert example.intent == "greet"
    assert "".join(example.text.split()) == "".join(step.text.split())
    assert example.annotations in (step.annotations, ())


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (UserStep("a", "see [this](link) now"), "see [this] (link) now"),
        (UserStep("a", "cost x", annotations=(Annotation(5, 6, "n", "a}b"),)), "cost x"),
        (UserStep("a", "[x] here", annotations=(Annotation(0, 3, "n", "y"),)), "[x] here"),
        (UserStep("a", "Rome", annotations=(Annotation(0, 4, "b", "Rome"), Annotation(1, 4, "c", "ome"))), "Rome"),
        (UserStep("a", "f(x)[0][n]"), "f(x)[0][n]"),
    ],
)
def test_entities_that_marks_cannot_express_are_listed(step: UserStep, text: str) -> None:
    (item,) = yaml.safe_load(story_to_yaml(Story("s", (step,))))
    (written,) = item["steps"]
    assert written["user"] == text
    assert written.get("entities", []) == [{a.entity: a.value} for a in step.annotations]


@given(story=stories)
def test_yaml_1_1_readers_see_the_same_texts(story: Story) -> None:
    (item,) = yaml.safe_load(story_to_yaml(story))
    assert item["story"] == story.name
    for step, written in zip(story.steps, item["steps"], strict=True):
        if isinstance(step, UserStep) and step.text is not None:
            assert written["user"] == step.text


@pytest.mark.parametrize("project_name", ["financial-demo", "helpdesk-assistant"])
def test_real_stories_read_back_the_same(shared_data: Path, tmp_path: Path, project_name: str) -> None:
    result = read_project(shared_data / "rasa-projects" / project_name)
    plain = [s for s in result.content.stories if not any(isinstance(x, (CheckpointStep, OrStep)) for x in s.steps)]
    (tmp_path / "data").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "data" / "a.yml").write_text(stories_to_yaml(plain), "utf-8")
    (tmp_path / "tests" / "test_a.yml").write_text(stories_to_yaml(result.tests), "utf-8")
    again = read_project(tmp_path)
    assert without_places(again.content.stories) == without_places(tuple(plain))
    assert without_places(again.tests) == without_places(result.tests)


@pytest.mark.parametrize("step", [CheckpointStep("c"), OrStep((UserStep("a"), UserStep("b")))])
def test_checkpoints_and_or_steps_cannot_be_written(step: CheckpointStep | OrStep) -> None:
    with pytest.raises(ValueError, match="not a step of a conversation"):
        stories_to_yaml([Story("s", (step,))])


def test_file_without_stories_is_valid() -> None:
    assert yaml.safe_load(stories_to_yaml([])) == {"version": "3.1"}


@pytest.mark.parametrize(
    "text",
    [
        "to [Rome](city)",
        '[Rome]{"entity": "city", "role": "to", "value": "ROM"} now',
        '[a][{"entity": "x"}, {"entity": "y", "group": "1"}] and [b](z)',
    ],
)
def test_marks_are_written_as_they_are_read(text: str) -> None:
    plain, annotations, _ = read_annotations(text)
    assert marked(plain, annotations) == text


def test_mark_keeps_a_value_that_is_not_text() -> None:
    assert marked("5 cats", [Annotation(0, 1, "n", 5)]) == '[5]{"entity": "n", "value": 5} cats'
