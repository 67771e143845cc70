"""config.yml, endpoints.yml and credentials.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from bot.config import ActionEndpoint, Server, Settings
from bot.content import Place
from bot.reading import read_settings
from bot.reading.schema import load_schema
from bot.reading.settings import SECTIONS, read_configuration
from tests.reading.conftest import Read


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("section", SECTIONS)
def test_the_schema_and_the_settings_have_the_same_keys_and_defaults(section: str) -> None:
    kind = SECTIONS[section]
    described = load_schema("config")["properties"][section]["properties"]
    assert set(described) == set(kind.__struct_fields__)
    for name in kind.__struct_fields__:
        default = getattr(kind(), name)
        assert described[name]["default"] == (list(default) if isinstance(default, tuple) else default)
        assert described[name]["description"]


def test_the_action_endpoint_too() -> None:
    described = load_schema("endpoints")["properties"]["action_endpoint"]["properties"]
    for field in fields(ActionEndpoint):
        assert field.name in described
        if field.default is not NODEFAULT:
            assert described[field.name]["default"] == field.default


def test_every_setting_can_be_configured() -> None:
    described = set(load_schema("config")["properties"])
    elsewhere = {
        "project",
        "action_endpoint",
        "channels",
        "options",
        "workers",
        "rasa_auth",
    }  # other files and the command line
    assert set(Settings.__struct_fields__) - elsewhere <= described


def test_an_empty_project_has_the_defaults(tmp_path: Path) -> None:
    settings, diagnostics = read_settings(tmp_path)
    assert diagnostics == ()
    assert settings == Settings(project=tmp_path)


def test_every_value_is_read_and_of_its_declared_type(tmp_path: Path) -> None:
    config = """
server: {host: 0.0.0.0, port: 80, trusted_proxies: [10.0.0.1]}
limits: {turn_seconds: 8}
plugins: [simulator]
plugin_settings: {bank: {url: http://x, retries: 3}}
logging:
"""
    settings, diagnostics = read_settings(write(tmp_path, config=config))
    assert diagnostics == ()
    assert settings.server == Server("0.0.0.0", 80, ("10.0.0.1",))
    assert settings.limits.turn_seconds == 8.0
    assert isinstance(settings.limits.turn_seconds, float)
    assert settings.plugins == ("simulator",)
    assert settings.plugin_settings == {"bank": {"url": "http://x", "retries": 3}}


@pytest.mark.parametrize(
    ("config", "column", "cure"),
    [
        ("sever: {}", 1, "`server`"),
        ("server: {prot: 5}", 10, "`port`"),
        ("limits: {turn_seconds: 0}", 24, ""),
        ("logging: {level: wraning}", 18, "`warning`"),
    ],
)
def test_a_mistake_is_said_with_its_place_and_cure(tmp_path: Path, config: str, column: int, cure: str) -> None:
    _, (diagnostic,) = read_settings(write(tmp_path, config=config))
    assert diagnostic.severity == "error"
    assert diagnostic.place == Place("config.yml", 1, column)
    assert cure in diagnostic.cure


def test_pipeline_and_policies_are_kept_as_written(tmp_path: Path) -> None:
    config = """
recipe: default.v1
language: de
pipeline:
- WhitespaceTokenizer
- name: DIETClassifier
  epochs: 100
policies:
"""
    configuration = read_configuration(write(tmp_path, config=config))
    assert configuration.language == "de"
    assert configuration.pipeline is not None
    assert [(c.name, c.options) for c in configuration.pipeline] == [
        ("WhitespaceTokenizer", {}),
        ("DIETClassifier", {"epochs": 100}),
    ]
    assert configuration.pipeline[1].place == Place("config.yml", 6, 3)
    assert configuration.policies is None


def test_the_environment_fills_variables(tmp_path: Path) -> None:
    endpoints = (
        'action_endpoint:\n  url: "http://${HOST}:5055/webhook"\n  basic_auth: {username: u, password: "${SECRET}"}\n'
    )
    write(tmp_path, endpoints=endpoints, credentials="slack:\n  token: ${SECRET}\nrest:\n")
    settings, diagnostics = read_settings(tmp_path, {"HOST": "actions", "SECRET": "s3"})
    assert diagnostics == ()
    assert settings.action_endpoint is not None
    assert settings.action_endpoint.url == "http://actions:5055/webhook"
    assert settings.action_endpoint.headers == {"Authorization": "Basic dTpzMw=="}
    assert settings.channels == {"slack": {"token": "s3"}, "rest": {}}


def test_a_variable_that_is_not_set_is_said_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, endpoints="action_endpoint:\n  url: http://${HOST}/\n")
    _, (diagnostic,) = read_settings(tmp_path, {})
    assert (diagnostic.code, diagnostic.place) == ("unset-variable", Place("endpoints.yml", 2, 8))


def test_what_rasa_has_and_this_has_not_is_noted(tmp_path: Path) -> None:
    write(tmp_path, endpoints="tracker_store:\n  type: redis\n", config="importers:\n- name: X\nassistant_id: a\n")
    _, diagnostics = read_settings(tmp_path)
    assert [(d.severity, d.code, d.place.file) for d in diagnostics] == [
        ("note", "not-used", "config.yml"),
        ("note", "not-used", "endpoints.yml"),
    ]


def test_content_knows_the_configuration(read: Read) -> None:
    content = read({"config.yml": "language: fr\npolicies:\n- name: RulePolicy\n"}).content
    assert content.language == "fr"
    assert content.pipeline is None
    assert content.policies is not None


def _immutable(value: Any) -> bool:
    return not isinstance(value, Struct) or value.__struct_config__.frozen


def test_settings_are_values() -> None:
    assert all(_immutable(getattr(Settings(), name)) for name in Settings.__struct_fields__)
