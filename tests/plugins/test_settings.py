"""The sections of `plugin_settings` that plugins declare are checked before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.checking import check_project
from bot.app.projects import load_project
from bot.errors import ContentError
from bot.reading.template import write_template

TILL = """
from bot import hookimpl

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "port": {"type": "integer", "minimum": 1},
        "sizes": {"type": "object", "patternProperties": {"^s_": {"type": "integer"}}, "additionalProperties": False},
        "anything": True,
    },
}


@hookimpl
def register_settings(register):
    register("till", SCHEMA)
"""
REQUIRING = TILL.replace('"type": "object",', '"type": "object", "required": ["port"],', 1)


@pytest.fixture
def bakery(tmp_path: Path) -> Path:
    write_template(tmp_path / "bakery")
    (tmp_path / "bakery/actions/till.py").write_text(TILL)
    return tmp_path / "bakery"


def findings(folder: Path, section: str) -> list[str]:
    """What `bot validate` finds with these lines below `plugin_settings`, which are those from 2 on."""
    (folder / "config.yml").write_text(f"plugin_settings:\n{section}\n")
    return [str(finding) for finding in check_project(folder) if finding.severity != "note"]


@pytest.mark.parametrize(
    ("section", "place", "told"),
    [
        ("  till:\n    port: 0", "3:11: error", "`port` is 0; it must be at least 1"),
        ("  till:\n    prot: 1", "3:5: error", "Did you mean `port`?"),
        ("  till:\n    sizes: {s_a: 1, b: 2}", "3:21: error", "The key `b` is not known in `sizes`. "),
        ("  till: 12", "2:9: error", "`till` must be a mapping"),
        ("  tll: {port: 1}", "2:3: error", "section `tll` of `plugin_settings`. Did you mean `till`?"),
        ("  loft: {port: 1}", "2:3: error", "implement `register_settings`"),
        ("  till:\n    port: ${UNSET_PORT}", "3:11: error", "`UNSET_PORT` is not set"),
    ],
)
def test_wrong_settings_are_reported_at_their_place_and_stop_the_start(
    bakery: Path, section: str, place: str, told: str
) -> None:
    [finding] = findings(bakery, section)
    assert finding.startswith(f"config.yml:{place}: ")
    assert told in finding
    with pytest.raises(ContentError, match=r"config\.yml:"):
        load_project(bakery)


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        ({"type": "string", "pattern": "^xoxb-"}, "${TILL_TOKEN}", "`x` is not in the expected form."),
        ({"type": "string", "minLength": 99}, "${TILL_TOKEN}", "`x` has fewer than 99 characters."),
        ({"type": "string", "minLength": 99}, "''", "`x` is empty."),
        ({"type": "string", "maxLength": 2}, "${TILL_TOKEN}", "`x` has more than 2 characters."),
        ({"oneOf": [{"type": "integer"}]}, "${TILL_TOKEN}", "`x` does not follow `oneOf` of its schema."),
        ({"not": {"required": ["a"]}}, "{a: '${TILL_TOKEN}'}", "`x` does not follow `not` of its schema."),
        ({"type": "array", "minItems": 2}, "['${TILL_TOKEN}']", "`x` has fewer than 2 items."),
        ({"type": "object", "maxProperties": 2}, "{a: 1, b: 2, c: 3}", "`x` has more than 2 keys."),
        ({"properties": {"a": False}}, "{a: '${TILL_TOKEN}'}", "`x` has a part that must not be there."),
        ({"type": "array", "items": True}, "${TILL_TOKEN}", "`x` must be a list (`- item`), but is text."),
        ({"type": "object", "required": ["a"]}, "{b: '${TILL_TOKEN}'}", "`x` lacks the key `a`. Add `a: …`."),
    ],
)
def test_settings_that_may_be_secret_are_not_shown(
    bakery: Path, monkeypatch: pytest.MonkeyPatch, schema: dict[str, object], value: str, told: str
) -> None:
    monkeypatch.setenv("TILL_TOKEN", "s3cret")
    (bakery / "actions/till.py").write_text(TILL.replace('"anything": True', f'"x": {schema}'))
    [finding] = findings(bakery, f"  till:\n    x: {value}")
    assert told in finding
    assert "s3cret" not in finding


def test_missing_section_is_reported_if_its_schema_needs_something(bakery: Path) -> None:
    (bakery / "actions/till.py").write_text(REQUIRING)
    [finding] = findings(bakery, "  {}")
    assert finding.startswith("config.yml:1:1: error: `plugin_settings` lacks the section `till`. Write `till:` below")
    (bakery / "config.yml").write_text("language: en\n")
    with pytest.raises(ContentError, match="with `port:` below it"):
        load_project(bakery)


def test_section_whose_schema_needs_nothing_may_be_missing(bakery: Path) -> None:
    assert findings(bakery, "  {}") == []


def test_undeclared_section_is_a_warning_while_a_plugin_cannot_be_loaded(bakery: Path) -> None:
    (bakery / "actions/loft.py").write_text("1 / 0\n")
    assert [line.split(": ")[1] for line in findings(bakery, "  loft: {port: 1}")] == ["error", "warning"]


def test_settings_have_the_types_of_their_schema(bakery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILL_PORT", "8080")
    assert findings(bakery, "  till:\n    port: ${TILL_PORT}\n    anything: [1]") == []
    assert load_project(bakery).settings.plugin_settings == {"till": {"port": 8080, "anything": [1]}}


def test_schema_may_depend_on_other_settings(bakery: Path) -> None:
    dependent = TILL.replace('"till", SCHEMA', '"till", lambda settings: {"maxProperties": settings.limits.waiting}')
    (bakery / "actions/till.py").write_text(dependent)
    assert findings(bakery, "  till: {a: 1, b: 2}") == []
    assert len(findings(bakery, "  till: {a: 1, b: 2}\nlimits: {waiting: 1}")) == 1


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ("None", "is None. Write a JSON schema"),
        ('{"type": "objekt"}', "is not a valid JSON schema: 'objekt'"),
        ('{"$ref": "#/$defs/x"}', "has a `$ref`"),
        ('{"const": {1}}', "is not a valid JSON schema"),
        ("lambda: {}", "Let it take (settings)"),
        ("lambda settings: []", "is an instance of list"),
        ("lambda settings: settings.nothing", "cannot be created: AttributeError"),
    ],
)
def test_unusable_schema_is_reported_with_its_plugin(bakery: Path, schema: str, told: str) -> None:
    (bakery / "actions/till.py").write_text(TILL.replace('"till", SCHEMA', f'"till", {schema}'))
    found = findings(bakery, "  {}")
    assert len(found) == 1
    assert found[0].startswith("actions/till.py:")
    assert "settings section 'till'" in found[0]
    assert told in found[0]
