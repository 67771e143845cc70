"""Stories as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bot.content import ActionStep, Domain, Story, UserStep
from bot.dialogue.story_graph import ways
from bot.dialogue.story_tree import Node, tree_of
from bot.reading import read_project


def tree(folder: Path, yaml: str) -> Node:
    """The tree of the stories and rules in this YAML."""
    (folder / "stories").mkdir()
    (folder / "stories/told.yml").write_text(yaml)
    content = read_project(folder).content
    return tree_of(ways((*content.stories, *content.rules), content.domain))


def lines(node: Node, before: tuple[str, ...] = ()) -> Iterator[str]:
    """Each way through the tree, from its beginning to the name at its end."""
    told = (*before, node.label)
    if node.kind == "end":
        yield " | ".join(told[1:])
    for after in node.after.values():
        yield from lines(after, told)


def test_common_beginning_of_stories_appears_once(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        """stories:
- story: yes
  steps:
  - intent: order
  - action: utter_sure
  - intent: affirm
- story: no
  steps:
  - intent: order
  - action: utter_sure
  - intent: deny
""",
    )
    order = found.after["user", "order"]
    assert list(found.after) == [("user", "order")]
    assert [place.line for place in order.places] == [4, 9]
    assert list(lines(found)) == ["order | utter_sure | affirm | yes", "order | utter_sure | deny | no"]


def test_tree_follows_checkpoints_and_choices(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        """stories:
- story: start
  steps:
  - or:
    - intent: greet
    - intent: hello
  - checkpoint: asked
- story: rest
  steps:
  - checkpoint: asked
  - action: utter_help
""",
    )
    assert list(lines(found)) == ["greet | utter_help | start > rest", "hello | utter_help | start > rest"]


def test_steps_are_labelled_as_written_in_yaml(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        """rules:
- rule: in the form
  condition:
  - active_loop: order_form
  - slot_was_set:
    - size
  wait_for_user_input: false
  steps:
  - intent: inform
    entities:
    - cake: carrot
    - city: york
      role: to
  - action: order_form
  - active_loop: null
  - slot_was_set:
    - paid: true
stories:
- story: in words
  steps:
  - user: one cake
  - bot: Here it is.
""",
    )
    assert list(lines(found)) == [
        "“one cake” | “Here it is.” | in words",
        "active_loop: order_form | size is set | inform [cake: carrot] [city, to: york] | order_form"
        " | active_loop: null | paid: true | in the form (goes on without waiting)",
    ]


def test_tree_without_stories_is_empty() -> None:
    assert not tree_of([]).after


steps = st.lists(st.one_of(st.builds(UserStep, st.sampled_from("abc")), st.builds(ActionStep, st.sampled_from("abc"))))


@given(st.lists(steps, max_size=8))
def test_paths_through_the_tree_are_exactly_the_stories(told: list[list[UserStep | ActionStep]]) -> None:
    stories = tuple(Story(f"story {number}", tuple(steps)) for number, steps in enumerate(told))
    found = tree_of(ways(stories, Domain()))
    written = [
        " | ".join([*(step.intent or "" if isinstance(step, UserStep) else step.name for step in s.steps), s.name])
        for s in stories
    ]
    assert sorted(lines(found)) == sorted(written)
