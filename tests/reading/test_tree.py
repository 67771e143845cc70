"""YAML to values with places: what stays text, what does not, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import Place
from bot.reading.tree import Map, Seq, parse_yaml, plain, read_yaml


def read(text: str) -> object:
    value, problems = parse_yaml(text.encode(), "f.yml")
    assert not problems
    return plain(value)


@pytest.mark.parametrize("written", ["no", "on", "off", "yes", "y", "012345", "007", "12:30", "+441234", "1_000", "="])
def test_yaml_1_1_booleans_and_numbers_stay_text(written: str) -> None:
    assert read(f"- {written}") == [written]


@pytest.mark.parametrize(
    ("written", "value"),
    [("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("5", 5), ("-3", -3), ("0.7", 0.7)],
)
def test_core_schema_scalars_become_values(written: str, value: object) -> None:
    assert read(f"- {written}") == [value]
    assert type(read(f"- {written}")[0]) is type(value)  # type: ignore[index]


@pytest.mark.parametrize("written", ["1e400", ".inf", ".nan", "99999999999999999999", "-9223372036854775809"])
def test_number_beyond_the_range_of_json_stays_text(written: str) -> None:
    assert read(f"- {written}") == [written]


def test_keys_are_text_as_written() -> None:
    assert read("no: 1\n5: 2\n007: 3") == {"no": 1, "5": 2, "007": 3}


def test_keys_and_values_have_places() -> None:
    tree, _ = parse_yaml(b"a:\n  - x\n  - b: 1\n", "f.yml")
    assert isinstance(tree, Map)
    items = tree["a"]
    assert isinstance(items, Seq)
    assert tree.key_place("a") == Place("f.yml", 1, 1)
    assert items.place_of(0) == Place("f.yml", 2, 5)
    assert items[1].place_of("b") == Place("f.yml", 3, 8)


def test_lines_of_a_block_have_places() -> None:
    tree, _ = parse_yaml(b"a: |\n  - one\n\n    - two\n", "f.yml")
    assert isinstance(tree, Map)
    lines = [(line.strip(), place) for line, place in tree.lines("a") if line.strip()]
    assert lines == [("- one", Place("f.yml", 2, 3)), ("- two", Place("f.yml", 4, 5))]


def test_duplicate_key_is_reported_with_both_places_and_ignored() -> None:
    tree, problems = parse_yaml(b"a: 1\nb: 2\na: 3\n", "f.yml")
    assert plain(tree) == {"a": 1, "b": 2}
    assert [(p.place, p.code) for p in problems] == [(Place("f.yml", 3, 1), "duplicate-key")]
    assert "line 1" in problems[0].message


def test_own_keys_take_precedence_over_merged_keys() -> None:
    assert read("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3") == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}


def test_byte_order_mark_is_skipped() -> None:
    assert parse_yaml(b"\xef\xbb\xbfa: 1", "f.yml")[0] == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line", "cure"),
    [
        (b"a:\n\tb: 1", 2, "spaces"),
        (b"a: b: c", 1, "quotes"),
        (b"a: [1\n\nb: 2", 1, "bracket"),
        (b"a: {b: 1,\n  c: ${X}}", 2, "in quotes, or on a line of its own"),
        (b"a: [http://${X}/]", 1, "in quotes, or on a line of its own"),
        (b"a: {b: 1\n  c: ${X}", 1, "Close the bracket"),
        (b'a: "\\q"', 1, "backslash"),
        (b'a: "x\n', 1, "Close"),
        (b"a: *b", 1, "anchor"),
        (b"- text: {name}, hello\n", 1, "begins with { in quotes"),
        (b"- text: **Bold** hello\n", 1, "begins with * in quotes"),
        (b"- text: & sons\n", 1, "begins with & in quotes"),
        (b"- [a] or b\n", 1, "begins with [ in quotes"),
        (b"- text: - a\n", 1, "begins with - in quotes"),
        (b'- text: "a" or b\n', 1, "quotes of the other kind"),
        (b"- text: | a\n", 1, "Write the text below"),
        (b"examples: |\n- a\nb\n", 2, "Indent this more than `examples: |`"),
        (b"- a\nb: 1\n", 2, "Check the indentation"),
        (b"a:\n-\tb: 1\n", 2, "spaces"),
        (b"a: %b", 1, "begins with % in quotes"),
        ("a: “b: c”".encode(), 1, "straight quotes"),
        (b"s:\n- a: 1\nb: 2\n- c: 3\n", 3, "Begin this one with `- `"),
        (b"- a: 1\nb: 2\n  c: 3\n", 2, "Check the indentation"),
        (b"rule: a\n  steps: []\n", 2, "begin that one with `- `"),
        (b"s:\n- a: 1\n-b: 2\n- c: 3\n", 3, "a dash and a space"),
        ("s:\n- a: 1\n– b: 2\n- c: 3\n".encode(), 3, "a hyphen and a space"),
        ("s:\n- a: 1\n-\u00a0b: 2\n- c: 3\n".encode(), 3, "ordinary spaces"),
        (b"- a: b\n  c\n  d: 1\n", 2, "indent it more than the key"),
        (b"--- 1\n--- 2\n", 2, "one document"),
        (b"a: 1\nb: \xff", 2, "UTF-8"),
        (b"a: \x00", 1, "invisible"),
        (b"? [1]\n: 2", 1, "name: value"),
        (b"- !python/object:os.system x", 1, "Leave it out"),
    ],
)
def test_invalid_yaml_is_reported_with_place_and_cure(text: bytes, line: int, cure: str) -> None:
    _, problems = parse_yaml(text, "f.yml")
    assert len(problems) == 1
    assert problems[0].severity == "error"
    assert problems[0].place.line == line
    assert cure in problems[0].cure


@pytest.mark.parametrize(
    ("text", "place", "written"),
    [
        (b"responses:\n  utter_x\n  - text: hello\n", (2, 3), "utter_x:"),
        (b"responses:\n  utter_a:\n  - text: b\n  utter_x\n    - text: hello\n", (4, 3), "utter_x:"),
        (b"responses:\n  utter_x  # say hello\n\n  # so:\n  - text: hello\n", (2, 3), "utter_x:"),
        (b"nlu\n- intent: foo\n", (1, 1), "nlu:"),
        (b"version: 1\nnlu\n- intent: foo\n", (2, 1), "nlu:"),
        (b"nlu:\n- intent: a\n  examples |\n    - b\n- intent: c\n", (3, 3), "examples: |"),
        (b"slots:\n  cake\n    type: text\n", (2, 3), "cake:"),
        (b"entities:\n- city\n    roles: [a]\n", (2, 3), "city:"),
        (b"utter_x\n  - hello\n  - text: hello\n", (1, 1), "utter_x:"),
    ],
)
def test_key_without_a_colon_above_a_block_is_reported_at_the_key(
    text: bytes, place: tuple[int, int], written: str
) -> None:
    _, (problem,) = parse_yaml(text, "f.yml")
    assert problem.place == Place("f.yml", *place)
    assert problem.message == f"`{written.partition(':')[0]}` lacks its `:`."
    assert problem.cure == f"Write `{written}`."


@pytest.mark.parametrize(
    "text",
    [
        b"- text: one\n    two\n      three: 3\n",
        b"a:\n- text: |\n    one\n    Menu\n      - x: 1\n  b: c: d\n",
        b"a:\n  one\n    two\nb: c: d\n",
        b"- a: b\n  c\n  d: 1\n",
    ],
)
def test_word_in_a_longer_text_is_not_taken_for_a_key(text: bytes) -> None:
    _, (problem,) = parse_yaml(text, "f.yml")
    assert "lacks its" not in problem.message


@pytest.mark.parametrize(
    "text",
    [b"[" * 100_000, b"- " * 5_000, b"{a: " * 5_000, b"&a [*a, *a]", b"a: &a\n  b: *a"],
    ids=["flow", "block", "mapping", "own alias", "own alias in a mapping"],
)
def test_deep_nesting_is_rejected(text: bytes) -> None:
    _, problems = parse_yaml(text, "f.yml")
    assert [p.code for p in problems] == ["yaml-depth"]


def test_exponentially_expanding_aliases_are_rejected() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    _, problems = parse_yaml("\n".join(lines).encode(), "f.yml")
    assert [p.code for p in problems] == ["yaml-depth"]


def test_unreadable_file_is_reported(tmp_path: Path) -> None:
    assert [p.code for p in read_yaml(tmp_path, "f.yml")[1]] == ["unreadable"]


@given(st.binary())
def test_parsing_any_bytes_never_raises(data: bytes) -> None:
    parse_yaml(data, "f.yml")


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`?,~<\n\t 0.e", max_size=80))
def test_parsing_any_punctuation_never_raises(text: str) -> None:
    parse_yaml(text.encode(), "f.yml")
