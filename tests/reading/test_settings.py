"""config.yml, endpoints.yml and credentials.yml."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from bot.config import ActionEndpoint, Callback, Server, Settings
from bot.content import Place
from bot.errors import ContentError
from bot.nlu.entities.grammar import DIMENSIONS
from bot.reading import read_pipeline, read_settings
from bot.reading.schema import load_schema
from bot.reading.settings import SECTIONS, read_configuration
from tests.reading.conftest import Read


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("section", SECTIONS)
def test_schema_and_settings_have_the_same_keys_and_defaults(section: str) -> None:
    kind = SECTIONS[section]
    described = load_schema("config")["properties"][section]["properties"]
    assert set(described) == set(kind.__struct_fields__)
    for name in kind.__struct_fields__:
        default = getattr(kind(), name)
        assert described[name]["default"] == (list(default) if isinstance(default, tuple) else default)
        assert described[name]["description"]


@pytest.mark.parametrize(
    ("kind", "file", "section"),
    [(ActionEndpoint, "endpoints", "action_endpoint"), (Callback, "credentials", "callback")],
)
def test_schema_and_called_addresses_have_the_same_keys_and_defaults(kind: type[Any], file: str, section: str) -> None:
    described = load_schema(file)["properties"][section]["properties"]
    for field in fields(kind):
        assert field.name in described
        if field.default is not NODEFAULT:
            assert described[field.name]["default"] == field.default


def test_every_setting_is_in_the_schema() -> None:
    described = set(load_schema("config")["properties"])
    elsewhere = {
        "project",
        "private",
        "action_endpoint",
        "callback",
        "channels",
        "options",
        "workers",
        "rasa_auth",
    }  # other files and the command line
    assert set(Settings.__struct_fields__) - elsewhere <= described


def test_empty_project_has_default_settings(tmp_path: Path) -> None:
    settings, diagnostics = read_settings(tmp_path)
    assert diagnostics == ()
    assert settings == Settings(project=tmp_path)


def test_settings_are_read_with_their_declared_types(tmp_path: Path) -> None:
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
def test_configuration_mistake_is_reported_with_place_and_cure(
    tmp_path: Path, config: str, column: int, cure: str
) -> None:
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


def test_environment_variables_are_filled_in(tmp_path: Path) -> None:
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


def test_unset_variable_is_reported_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, endpoints="action_endpoint:\n  url: http://${HOST}/\n")
    _, (diagnostic,) = read_settings(tmp_path, {})
    assert (diagnostic.code, diagnostic.place) == ("unset-variable", Place("endpoints.yml", 2, 8))


FILLED = """
server:
  port: ${PORT}
  host: ${HOST}
limits:
  turn_seconds: ${TURN}
logging:
  message_text: ${YES}
pipeline:
- name: FallbackClassifier
  threshold: ${SECONDS}
plugin_settings:
  bank:
    pin: ${PIN}
    port: ${PORT}
title: ${PORT}
"""
ENVIRONMENT = {"PORT": "8080", "HOST": "10", "SECONDS": "0.5", "TURN": "9.5", "YES": "true", "PIN": "012345"}


def test_unquoted_variables_become_numbers_and_booleans(tmp_path: Path) -> None:
    write(tmp_path, config=FILLED)
    read = read_configuration(tmp_path, ENVIRONMENT)
    settings = read.settings
    assert read.diagnostics == ()
    assert (settings.server.port, settings.server.host, settings.limits.turn_seconds) == (8080, "10", 9.5)
    assert settings.logging.message_text is True
    assert read.pipeline is not None
    assert read.pipeline[0].options == {"threshold": 0.5}
    assert (settings.title, settings.plugin_settings) == ("8080", {"bank": {"pin": "012345", "port": "8080"}})


@pytest.mark.parametrize(
    ("text", "value"), [('"${PORT}"', "8080"), ("${PIN}", "012345"), ("1${YES}", "true"), ("${YES}", "true")]
)
def test_quoted_or_non_numeric_variable_is_rejected_as_a_number(tmp_path: Path, text: str, value: str) -> None:
    write(tmp_path, config=f"server:\n  port: {text}\n")
    (error,) = read_configuration(tmp_path, ENVIRONMENT).diagnostics
    assert (error.code, str(error.place)) == ("wrong-type", "config.yml:2:9")


def test_unsupported_rasa_keys_are_reported(tmp_path: Path) -> None:
    write(
        tmp_path,
        endpoints="tracker_store:\n  type: redis\nnlg:\n  url: http://nlg/\n",
        config="importers:\n- name: RasaFileImporter\nassistant_id: a\n",
    )
    _, diagnostics = read_settings(tmp_path)
    assert [(d.severity, d.code, d.place.file) for d in sorted(diagnostics, key=lambda d: d.place)] == [
        ("note", "not-used", "config.yml"),
        ("note", "not-used", "endpoints.yml"),
        ("warning", "not-used", "endpoints.yml"),
    ]


def test_content_includes_language_pipeline_and_policies(read: Read) -> None:
    content = read({"config.yml": "language: fr\npolicies:\n- name: RulePolicy\n"}).content
    assert content.language == "fr"
    assert content.pipeline is None
    assert content.policies is not None


def _is_immutable(value: Any) -> bool:
    return not isinstance(value, Struct) or value.__struct_config__.frozen


def test_default_settings_are_immutable() -> None:
    assert all(_is_immutable(getattr(Settings(), name)) for name in Settings.__struct_fields__)


WRONG_OPTIONS = {
    "- {name: FallbackClassifier, threshold: 3}": "invalid-value",
    "- {name: FallbackClassifier, threshold: high}": "wrong-type",
    "- {name: rasa.nlu.FallbackClassifier, ambigutiy_threshold: 0.1}": "unknown-key",
    "- {name: TellerEntityExtractor, day_frist: true}": "unknown-key",
    "- {name: TellerEntityExtractor, dimensions: [tiem, time]}": "unknown-value",
    "- {name: TellerEntityExtractor, dimensions: time}": "wrong-type",
    "- {name: DucklingEntityExtractor, dimensions: [tiem, volume]}": "unknown-value",
    "- {name: DucklingEntityExtractor, locale: 3}": "invalid-value",
    "- {name: TellerEntityExtractor, timezone: Mars/Phobos}": "invalid-value",
    "- {name: TellerEntityExtractor, prefer: pst}": "unknown-value",
    "- {name: DucklingEntityExtractor, timezone: Mars/Phobos}": "invalid-value",
    "- {name: RegexEntityExtractor, use_word_bounderies: true}": "unknown-key",
    "- {name: RegexEntityExtractor, threshold: 200}": "invalid-value",
    "- {name: ResponseSelector, retrieval_intent: [faq]}": "wrong-type",
    "- {name: ResponseSelector, retrieval_intent: {faq: 1}}": "wrong-type",
}
WRONG_POLICIES = {
    "- {name: RulePolicy, core_fallback_threshold: 5}": "invalid-value",
    "- {name: RulePolicy, core_fallback_threshold: abc}": "wrong-type",
    "- {name: RulePolicy, restrict_ruls: true}": "unknown-key",
    "- {name: TEDPolicy, max_history: abc}": "wrong-type",
    "- {name: AugmentedMemoizationPolicy, max_history: -1}": "invalid-value",
}
WRONG_SETTINGS = {
    "server: {trusted_proxies: [foo]}": "`foo`, which is not an IP address or network",
    "server: {trusted_proxies: [10.0.0.0/8, 10.0.0.0/99]}": "`10.0.0.0/99`, which is not an IP address or network",
    "server: {cors_origins: ['https://a.example/']}": "`https://a.example/`, which no browser sends as an origin",
    "server: {cors_origins: ['https://A.example']}": "`https://A.example`, which no browser sends as an origin",
    "server: {cors_origins: ['https://a.example:443']}": "`https://a.example:443`, which no browser sends",
    "server: {cors_origins: [a.example]}": "`a.example`, which no browser sends as an origin",
    "store: {url: mysql://user:secret@host/x}": "not the URL of a supported store",
    "server: {metrics_token: 'my secret'}": "not a valid token: only printable ASCII characters",
    "server: {metrics_token: ''}": "`metrics_token` is empty",
    "store: {url: 'sqlite:///:memory:'}": "not the URL of a supported store",
}


@pytest.mark.parametrize(
    ("section", "line", "code"),
    [
        *(("pipeline", line, code) for line, code in WRONG_OPTIONS.items()),
        *(("policies", line, code) for line, code in WRONG_POLICIES.items()),
    ],
)
def test_invalid_component_option_is_an_error_at_its_place(tmp_path: Path, section: str, line: str, code: str) -> None:
    configuration = read_configuration(write(tmp_path, config=f"{section}:\n{line}\n"))
    [finding] = configuration.diagnostics
    assert (finding.severity, finding.code, finding.place.line) == ("error", code, 2)
    assert finding.place.column > len("- {name: ")
    assert finding.cure
    assert "None" not in finding.message + finding.cure


@pytest.mark.parametrize(("line", "message"), WRONG_SETTINGS.items())
def test_invalid_setting_is_reported_without_secrets(tmp_path: Path, line: str, message: str) -> None:
    [finding] = read_settings(write(tmp_path, config=line))[1]
    assert (finding.severity, finding.code) == ("error", "invalid-value")
    assert message in finding.message
    assert "secret" not in f"{finding}"


@pytest.mark.parametrize("name", ["config", "endpoints", "credentials"])
def test_list_instead_of_a_configuration_mapping_is_reported_once(tmp_path: Path, name: str) -> None:
    [finding] = read_settings(write(tmp_path, **{name: "- ${NOWHERE}\n"}), {})[1]
    assert (finding.severity, finding.code, finding.place.file) == ("error", "wrong-type", f"{name}.yml")


@pytest.mark.parametrize("section", ["limits", "sessions", "login", "store"])
def test_durations_beyond_the_clocks_range_are_rejected(tmp_path: Path, section: str) -> None:
    keys = load_schema("config")["properties"][section]["properties"]
    times = [key for key in keys if key.endswith(("_seconds", "_days"))]
    config = "".join(f"  {key}: 1e12\n" for key in times)
    settings, findings = read_settings(write(tmp_path, config=f"{section}:\n{config}"))
    assert [finding.code for finding in findings] == ["invalid-value"] * len(times) != []
    assert getattr(settings, section) == getattr(Settings(), section)


def test_unneeded_rasa_options_are_accepted(tmp_path: Path) -> None:
    config = """
    pipeline:
    - {name: DIETClassifier, epochs: 100, random_seed: 1, constrain_similarities: true, entity_recognition: false}
    - {name: DucklingEntityExtractor, url: "http://localhost", dimensions: [volume, time], timeout: 3}
    - {name: RegexFeaturizer, number_additional_patterns: {text_additional_patterns: 10}}
    - {name: FallbackClassifier, threshold: 1}
    policies:
    - {name: TEDPolicy, max_history: 8, epochs: 200, featurizer: [{name: x}]}
    - {name: MemoizationPolicy, max_history: null}
    store: {url: "postgresql+psycopg://u:p@h/d"}
    server:
      trusted_proxies: ["::1", 10.1.2.3/8]
      cors_origins: ["*", "https://a.example", "http://localhost:3000", "http://[::1]:80443", "null"]
    """
    assert read_settings(write(tmp_path, config=dedent(config)))[1] == ()


def test_schema_lists_the_dimensions_of_the_grammar() -> None:
    options = next(
        entry["then"]["properties"]
        for entry in load_schema("config")["properties"]["pipeline"]["items"]["allOf"]
        if "TellerEntityExtractor" in entry["if"]["properties"]["name"]["pattern"]
    )
    assert set(options["dimensions"]["items"]["enum"]) == DIMENSIONS


def test_pipeline_of_a_given_file_is_validated(tmp_path: Path) -> None:
    write(tmp_path, other="pipeline:\n- name: FallbackClassifier\n  threshold: high\n")
    with pytest.raises(ContentError, match=r"other\.yml:3:14: error: `threshold` must be a number"):
        read_pipeline(tmp_path / "other.yml")


def test_variables_in_the_pipeline_of_a_given_file_are_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, other="pipeline:\n- name: FallbackClassifier\n  threshold: ${THRESHOLD}\n")
    with pytest.raises(ContentError, match=r"other\.yml:3:14: error: The environment variable `THRESHOLD` is not set"):
        read_pipeline(tmp_path / "other.yml")
    monkeypatch.setenv("THRESHOLD", "0.5")
    [component] = read_pipeline(tmp_path / "other.yml") or ()
    assert component.options == {"threshold": 0.5}


@pytest.mark.parametrize(
    ("address", "more", "authorization"),
    [
        ("http://u:s3@host/cb?a=1", "", "Basic dTpzMw=="),
        ("http://u%40x:a%2Fb@host/cb?a=1", "", "Basic dUB4OmEvYg=="),
        ("http://u@host/cb?a=1", "", "Basic dTo="),
        ("http://host/cb?a=1", "  basic_auth: {username: u, password: s3}\n", "Basic dTpzMw=="),
        ("http://x:y@host/cb?a=1", "  basic_auth: {username: u, password: s3}\n", "Basic dTpzMw=="),
        ("http://host/cb?a=1", "  headers: {Authorization: Bearer s3}\n", "Bearer s3"),
        ("http://host/cb?a=1", "", None),
    ],
)
def test_url_credentials_and_basic_auth_become_an_authorization_header(
    tmp_path: Path, address: str, more: str, authorization: str | None
) -> None:
    called = f"  url: {address}\n{more}"
    write(tmp_path, endpoints=f"action_endpoint:\n{called}", credentials=f"callback:\n{called}")
    settings, diagnostics = read_settings(tmp_path)
    assert diagnostics == ()
    assert settings.callback is not None
    assert settings.action_endpoint is not None
    for where in (settings.callback, settings.action_endpoint):
        assert where.url == "http://host/cb?a=1"
        assert where.headers.get("Authorization") == authorization


WRONG_CALLBACKS = {
    "callback:": ("error", "wrong-type"),
    "callback: {}": ("error", "missing-key"),
    "callback: {url: 'http://b.example/', basic_auth: 'password:secret'}": ("error", "wrong-type"),
    "callback: {url: backend.example/secret}": ("error", "invalid-value"),
    "callback: {url: 'http://u:secret@/cb'}": ("error", "invalid-value"),
    "callback: {url: 'http://[secret/'}": ("error", "invalid-value"),
    "callback: {url: 'http://b.example/', headers: {X: sécret}}": ("error", "invalid-value"),
    "callback: {url: 'http://b.example/', basic_auth: {username: secret}}": ("error", "missing-key"),
    "callback: {url: 'http://b.example/', token: secret}": ("note", "not-used"),
    "callback: {url: 'http://b.example/', tenant: secret}": ("warning", "unknown-key"),
}


@pytest.mark.parametrize(("line", "finding"), WRONG_CALLBACKS.items())
def test_invalid_callback_is_reported_without_secrets(tmp_path: Path, line: str, finding: tuple[str, str]) -> None:
    [found] = read_settings(write(tmp_path, credentials=line))[1]
    assert (found.severity, found.code) == finding
    assert found.cure
    assert "secret" not in f"{found}"


def test_misspelt_callback_url_key_is_reported(tmp_path: Path) -> None:
    settings, found = read_settings(write(tmp_path, credentials="callback: {urk: x}"))
    assert settings.callback is None
    assert {finding.code for finding in found} == {"missing-key", "unknown-key"}
    assert all("url" in finding.cure for finding in found)


@pytest.mark.parametrize(("line", "is_selective"), [("", False), ("  enable_selective_domain: true\n", True)])
def test_selective_domain_is_read_and_off_by_default(tmp_path: Path, line: str, *, is_selective: bool) -> None:
    settings, found = read_settings(write(tmp_path, endpoints=f"action_endpoint:\n  url: http://a.example\n{line}"))
    assert found == ()
    assert settings.action_endpoint is not None
    assert settings.action_endpoint.enable_selective_domain is is_selective


def test_https_files_and_the_callbacks_timeout_are_read(tmp_path: Path) -> None:
    endpoints = "action_endpoint: {url: 'https://a.example/webhook', cafile: tls/ca.pem}\n"
    credentials = (
        "callback: {url: 'https://b.example', timeout_seconds: 30, certfile: /etc/bot.pem, keyfile: tls/key.pem}\n"
    )
    settings, diagnostics = read_settings(write(tmp_path, endpoints=endpoints, credentials=credentials))
    assert diagnostics == ()
    assert settings.action_endpoint is not None
    assert settings.callback is not None
    assert settings.action_endpoint.cafile == str(tmp_path / "tls/ca.pem")
    assert settings.callback.timeout_seconds == 30.0
    assert (settings.callback.certfile, settings.callback.keyfile) == ("/etc/bot.pem", str(tmp_path / "tls/key.pem"))
