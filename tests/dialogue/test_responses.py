from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from bot.content import Domain, ResponseCondition, Variation
from bot.dialogue.responses import choose_response, fill
from bot.dialogue.tracker import Tracker
from bot.messages import Reply
from bot.sources import Chance

CALM = (ResponseCondition("mood", "calm"),)
ALL = (
    Variation("plain"),
    Variation("calm", conditions=CALM),
    Variation("plain on slack", channel="slack"),
    Variation("calm on slack", channel="slack", conditions=CALM),
)


def chosen(*variations: Variation, channel: str = "rest", seed: int = 0, **slots: Any) -> Reply | None:
    domain = Domain(responses={"utter": variations})
    tracker = Tracker(slots=slots)
    return choose_response(domain, "utter", tracker, channel=channel, random=Chance(seed), values={})


def text(*variations: Variation, **more: Any) -> str | None:
    reply = chosen(*variations, **more)
    return reply.text if reply else None


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [((), "calm on slack"), ((3,), "plain on slack"), ((2, 3), "calm"), ((1, 2, 3), "plain"), ((0, 1, 2, 3), None)],
)
def test_variation_is_preferred_by_channel_and_then_by_condition(
    left_out: tuple[int, ...], expected: str | None
) -> None:
    kept = [variation for i, variation in enumerate(ALL) if i not in left_out]
    assert text(*kept, channel="slack", mood="calm") == expected


def test_variations_for_other_channels_or_with_failed_conditions_are_not_chosen() -> None:
    assert {text(*ALL, seed=seed, mood="angry") for seed in range(9)} == {"plain"}
    assert text(ALL[1], ALL[2], mood="angry") is None


def test_all_conditions_must_hold_and_text_comparison_ignores_case() -> None:
    both = Variation("both", conditions=(*CALM, ResponseCondition("count", 2)))
    assert text(both, mood="CALM", count=2) == "both"
    assert text(both, mood="calm", count="2") is None
    assert text(Variation("nobody", conditions=(ResponseCondition("name", None),))) == "nobody"


def test_choice_between_equal_variations_depends_on_the_seed() -> None:
    some = [Variation(str(i)) for i in range(3)]
    assert {text(*some, seed=seed) for seed in range(20)} == {"0", "1", "2"}
    assert text(*some, seed=5) == text(*some, seed=5)


def test_values_override_slots_and_fill_every_part_of_a_reply() -> None:
    variation = Variation(
        "{a} {b} {c}",
        image="{a}.png",
        buttons=({"title": "{a}", "payload": '/go{"a": "{a}"}'},),
        quick_replies=({"title": "{b}"},),
        elements=({"{a}": ["{a}"]},),
        attachment={"url": "{a}"},
        custom={"deep": [{"{a}": "{a}"}, 3, None]},
        metadata={"m": "{a}"},
    )
    domain = Domain(responses={"utter": (variation,)})
    reply = choose_response(
        domain,
        "utter",
        Tracker(slots={"a": "slot", "b": None}),
        channel="rest",
        random=Chance(0),
        values={"a": "value"},
    )
    assert reply == Reply(
        "value {b} {c}",
        buttons=({"title": "value", "payload": '/go{"a": "value"}'},),
        quick_replies=({"title": "{b}"},),
        elements=({"{a}": ["value"]},),
        image="value.png",
        attachment={"url": "value"},
        custom={"deep": [{"{a}": "value"}, 3, None]},
        metadata={"m": "value"},
        response="utter",
    )


def test_empty_or_unset_slot_leaves_its_placeholder() -> None:
    hello = Variation("Hello {city}, {number} {flag} {word}!")
    assert text(hello, number=0, flag=False, word="") == "Hello {city}, 0 False !"
    assert text(hello, city=None, number=0, flag=False, word="") == "Hello {city}, 0 False !"


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{a}", "{b}"),
        ("{a.__class__} {a[0]} {a!r} {a:>9} {0} {}", "{a.__class__} {a[0]} {a!r} {a:>9} {0} {}"),
        ("{{a}} {a}", "{a} {b}"),
        ("{{{a}}}", "{{b}}"),
        ('/inform{{"class": "economy"}}', '/inform{"class": "economy"}'),
        ('/inform{{"at": {{"place": "{a}"}}}}', '/inform{"at": {"place": "{b}"}}'),
        ('/inform{"at": {"place": "Leeds"}}', '/inform{"at": {"place": "Leeds"}}'),
        ("{a\n}", "{a\n}"),
        ("100 % {a", "100 % {a"),
        ("{name with-dash.and.dots}", "yes"),
    ],
)
def test_fill_replaces_literal_names_in_one_pass(template: str, filled: str) -> None:
    assert fill(template, {"a": "{b}", "b": "secret", "name with-dash.and.dots": "yes"}) == filled


@pytest.mark.parametrize("package", ["dialogue", "actions", "engine", "content"])
def test_packages_that_handle_templates_do_not_use_str_format(package: str) -> None:
    folder = Path(__file__).resolve().parents[2] / "bot" / package
    found = [
        f"{path}:{node.lineno}"
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("format", "format_map")
    ]
    assert not found
