"""config.yml, endpoints.yml and credentials.yml: the settings, the pipeline and the policies."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from msgspec import Struct, field
from msgspec.structs import replace

from bot.config import ActionEndpoint, Callback, Limits, Logging, Login, Server, Sessions, Settings, Store
from bot.content import Component, Diagnostic, Place, Severity
from bot.content.names import plain_name
from bot.errors import ContentError
from bot.reading.credentials import Credentials
from bot.reading.finding import ENDINGS
from bot.reading.holding import SUPPLIED, Gap, unread
from bot.reading.schema import check_schema
from bot.reading.tree import Map, Seq, plain, read_yaml

SECTIONS: dict[str, type[Any]] = {
    "server": Server,
    "limits": Limits,
    "sessions": Sessions,
    "login": Login,
    "store": Store,
    "logging": Logging,
}

_FOLDERS = "All content in domain/, data/, intents/, stories/ and tests/ is read, and what `imports:` names."
_IMPORTERS = frozenset({"RasaFileImporter", "MultiProjectImporter"})
"""Rasa's own importers, which are not needed here."""
_UNUSED_CONFIG = dict.fromkeys(("data", "training_data_importers", "spaces"), _FOLDERS)
_STORE = "`store: {url: …}` in config.yml says where turns are stored."
_UNUSED_ENDPOINTS = {
    "tracker_store": _STORE,
    "lock_store": _STORE,
    "event_broker": "Write a plugin with `register_observers`, which receives every committed turn.",
    "models": "Models are trained from the project's own content.",
    "model": "Models are trained from the project's own content.",
    "nlg": "Responses come from the domain or from actions.",
    "nlu": "Messages are parsed by the bot itself.",
}
_UNUSED_ADDRESS = dict.fromkeys(("token", "token_name", "params"), "Write it under `headers:`.")
"""Rasa's keys without effect here, each with what to use instead."""
_UNUSED_BUT_NEEDED = frozenset({"nlg"})
"""The keys without which the bot says something different, or nothing."""

_ORDERED = (
    ("limits", "action_seconds", "turn_seconds"),
    ("limits", "turn_seconds", "shutdown_seconds"),
    ("sessions", "idle_seconds", "absolute_seconds"),
    ("login", "lock_seconds", "max_lock_seconds"),
)
"""Settings of which the first should not be longer than the second."""

_VARIABLE = re.compile(r"\$\{(?P<name>[^}]+)\}|\$(?P<bare>[A-Za-z_][A-Za-z0-9_]*)")


_LANGUAGE = re.compile("[a-z]{2}")

_WITH_USER = re.compile(r"(?P<scheme>\w+://)(?P<name>[^/?#:]*)(?::(?P<password>[^/?#]*))?@(?P<rest>.*)", re.DOTALL)
"""A URL that contains credentials."""


class Configuration(Struct, frozen=True):
    """The contents of the configuration files. `pipeline` and `policies` are None if config.yml has none.

    `unread` are the files and sections that could not be read, and `imports`
    the files and folders of content elsewhere.
    """

    settings: Settings
    language: str = "en"
    pipeline: tuple[Component, ...] | None = None
    policies: tuple[Component, ...] | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    files: tuple[str, ...] = ()
    unread: tuple[Gap, ...] = ()
    imports: tuple[Path, ...] = ()


def read_settings(
    folder: Path, environment: Mapping[str, str] | None = None
) -> tuple[Settings, tuple[Diagnostic, ...]]:
    """Return the settings of the project in `folder`, and what is wrong with its configuration files.

    `${NAME}` in config.yml, endpoints.yml and credentials.yml stands for a variable of `environment` (default: the
    process's). Fast, as no content is read. Never raises because of what the files contain.
    """
    configuration = read_configuration(folder, environment)
    return configuration.settings, configuration.diagnostics


def read_config(folder: Path) -> tuple[Any, list[Diagnostic]]:
    """Return what is valid in config.yml, with its places, and what is wrong with it."""
    reader = _Reader(folder, os.environ)
    return reader.read("config"), reader.diagnostics


def channel_places(folder: Path) -> dict[str, Place]:
    """Return where credentials.yml names each channel."""
    channels = _Reader(folder, os.environ).read("credentials")
    return {name: channels.key_place(name) for name in channels}


def read_pipeline(config: Path) -> tuple[Component, ...] | None:
    """Return the pipeline of a config.yml, whatever its name; raises ContentError if that has errors."""
    reader = _Reader(config.parent, os.environ)
    tree = reader.read_file(config, str(config), "config")
    if errors := [d for d in reader.diagnostics if d.severity == "error"]:
        raise ContentError(errors)
    return _components(tree.get("pipeline"))


def read_configuration(folder: Path, environment: Mapping[str, str] | None = None) -> Configuration:
    """Read config.yml, endpoints.yml and credentials.yml; each may be absent."""
    reader = _Reader(folder, os.environ if environment is None else environment)
    config = reader.read("config")
    endpoints = reader.read("endpoints")
    credentials = reader.read("credentials")
    reader.note_unused(config, _UNUSED_CONFIG)
    reader.diagnostics += _unneeded_importers(config)
    reader.note_unused(endpoints, _UNUSED_ENDPOINTS)
    for called in (endpoints.get("action_endpoint"), credentials.get("callback")):
        reader.note_unused(called or {}, _UNUSED_ADDRESS)
    settings = Settings(
        project=folder,
        title=config.get("title") or Settings().title,
        action_endpoint=_action_endpoint(endpoints.get("action_endpoint"), folder),
        callback=_callback(credentials.get("callback"), folder),
        plugins=tuple(config.get("plugins") or ()),
        plugin_settings=plain(config.get("plugin_settings") or {}),
        channels=Credentials({name: plain(entry or {}) for name, entry in credentials.items()}),
        **{name: _section(kind, config.get(name) or {}) for name, kind in SECTIONS.items()},
    )
    reader.diagnostics += _misordered_times(config, settings)
    reader.diagnostics += _unknown_recipe(config)
    language = reader.language(config)
    imports = tuple(reader.imported(config, folder, {folder.resolve()}))
    return Configuration(
        settings,
        language,
        _components(config.get("pipeline")),
        _components(config.get("policies")),
        tuple(reader.diagnostics),
        tuple(reader.files),
        tuple(reader.unread),
        imports,
    )


class _Reader(Struct):
    folder: Path
    environment: Mapping[str, str]
    diagnostics: list[Diagnostic] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    unread: list[Gap] = field(default_factory=list)

    def read(self, name: str) -> Any:
        """Read `name`.yml and check it against its schema; return an empty mapping if there is no such file."""
        path = next((p for ending in ENDINGS if (p := self.folder / f"{name}{ending}").is_file()), None)
        if path is None:
            return {}
        self.files.append(path.name)
        return self.read_file(path, path.name, name)

    def read_file(self, path: Path, file: str, name: str) -> Any:
        """Read a file (called `file` in places), checked against the schema `name`; an empty mapping if unreadable."""
        tree, problems = read_yaml(path, file)
        unset = list(self._fill(tree)) if isinstance(tree, Map) else []
        needed = [finding for variable in unset for finding in _needed(variable, tree, name)]
        places = {variable.place for variable in unset}
        tree, invalid = check_schema(tree, name, file)
        problems += [problem for problem in invalid if problem.place not in places]  # or these are reported twice
        self.diagnostics += [*problems, *needed]
        errors = [*problems, *(replace(finding, severity="error") for finding in needed)]
        self.unread += unread(tree, errors, SUPPLIED[name])
        return tree if isinstance(tree, Map) else {}

    def language(self, config: Any) -> str:
        """Return the two-letter code of the project's language; if it is something else, report that."""
        language = (config.get("language") or "en").strip().lower().replace("_", "-").partition("-")[0]
        if not _LANGUAGE.fullmatch(language):
            message, cure = f"The language `{language}` is not a two-letter code.", "Write its code: `en`, `de`, `fr` …"
            self.diagnostics.append(Diagnostic("warning", config.place_of("language"), message, cure, "unknown-value"))
        return str(language)

    def imported(self, config: Any, folder: Path, known: set[Path]) -> Iterator[Path]:
        """Yield what the config.yml of a folder imports, recursively; adds what it finds to `known`."""
        names = config.get("imports") if isinstance(config, Map) else None
        for name, place in names.placed() if isinstance(names, Seq) else ():
            path = folder / str(name)
            if not os.path.exists(path):  # noqa: PTH110  # Path's raises for a name that is too long
                message = f"`imports` names `{name}`, which does not exist."
                cure = "Write a path relative to this file's folder."
                self.diagnostics.append(Diagnostic("warning", place, message, cure, "not-read"))
            elif path.resolve() not in known:
                known.add(path.resolve())
                yield path
                nested, _ = read_yaml(path / "config.yml", f"{name}/config.yml")
                yield from self.imported(nested, path, known)

    def note_unused(self, file: Any, unused: Mapping[str, str]) -> None:
        """Report which of Rasa's keys have no effect here, and what to use instead."""
        for key in unused.keys() & file.keys():
            if file[key] is not None:
                message = f"`{key}` has no effect here."
                severity: Severity = "warning" if key in _UNUSED_BUT_NEEDED else "note"
                self.diagnostics.append(Diagnostic(severity, file.key_place(key), message, unused[key], "not-used"))

    def _fill(self, tree: Any) -> Iterator[Diagnostic]:
        """Replace `${NAME}` by the environment's values, as Rasa does; yield findings about unset variables."""
        if not isinstance(tree, (Map, Seq)):
            return
        for key, value in tree.items() if isinstance(tree, Map) else enumerate(tree):
            if not isinstance(value, str):
                yield from self._fill(value)
            elif "${" in value:
                yield from self._unset(value, tree.place_of(key))
                filled = _VARIABLE.sub(lambda match: self.environment.get(_variable_name(match), ""), value)
                tree.write_instead(key, filled)

    def _unset(self, text: str, place: Place) -> Iterator[Diagnostic]:
        for match in _VARIABLE.finditer(text):
            if _variable_name(match) not in self.environment:
                message = f"The environment variable `{_variable_name(match)}` is not set."
                cure = f"Set it, or replace `{match[0]}` by the value."
                yield Diagnostic("error", place, message, cure, "unset-variable")


def _needed(variable: Diagnostic, tree: Any, file: str) -> Iterator[Diagnostic]:
    """Yield the finding about an unset variable, if its section is used.

    endpoints.yml and credentials.yml are used only when the bot runs. The finding names the section, so that callers
    that know which channels are served, or which settings are used, can filter it.
    """
    begun = [key for key in tree if tree.key_place(key) <= variable.place]
    section = max(begun, key=tree.key_place, default="")
    if file == "credentials" or (file == "endpoints" and section == "action_endpoint"):
        yield replace(variable, severity="warning", name=section)
    elif file == "config" and section not in _UNUSED_CONFIG:
        yield replace(variable, name=section)


def _variable_name(match: re.Match[str]) -> str:
    return match["name"] or match["bare"]


def _unneeded_importers(config: Any) -> Iterator[Diagnostic]:
    """Report importers: Rasa's own are not needed, and custom ones are Python for Rasa."""
    importers = config.get("importers")
    for item, place in importers.placed() if isinstance(importers, Seq) else ():
        name = str(item.get("name") if isinstance(item, Map) else item)
        if plain_name(name) in _IMPORTERS:
            yield Diagnostic("note", place, f"`{name}` has no effect here.", _FOLDERS, "not-used")
        else:
            message = f"The importer `{name}` is not loaded: content that only it finds is not read."
            yield Diagnostic("warning", place, message, _FOLDERS, "not-read")


def _unknown_recipe(config: Any) -> Iterator[Diagnostic]:
    recipe = config.get("recipe")
    if recipe not in (None, "default.v1"):
        message, cure = f"The recipe `{recipe}` is read as `default.v1`.", "Write `recipe: default.v1`."
        yield Diagnostic("warning", config.place_of("recipe"), message, cure, "unknown-value")


def _misordered_times(config: Any, settings: Settings) -> Iterator[Diagnostic]:
    """Report times that are longer than those they should not exceed."""
    for section, shorter, longer in _ORDERED:
        values = getattr(settings, section)
        small, large = getattr(values, shorter), getattr(values, longer)
        if small > large:
            written = config[section]
            place = written.place_of(shorter if shorter in written else longer)
            message = f"`{section}.{shorter}` ({small:g}) is longer than `{section}.{longer}` ({large:g})."
            cure = f"Make `{shorter}` {large:g} or less."
            yield Diagnostic("warning", place, message, cure, "settings-order")


def _section(kind: type[Any], given: Mapping[str, Any]) -> Any:
    values = {name: given[name] for name in kind.__struct_fields__ if name in given}
    return kind(**{name: _as_declared(kind, name, value) for name, value in values.items()})


def _as_declared(kind: type[Any], name: str, value: Any) -> Any:
    default = getattr(kind(), name)
    if isinstance(default, tuple):
        return tuple(value or ())
    return float(value) if isinstance(default, float) else value


def _components(items: Any) -> tuple[Component, ...] | None:
    if not isinstance(items, Seq):
        return None
    return tuple(_component(item, place) for item, place in items.placed())


def _component(item: str | Map, place: Place) -> Component:
    if isinstance(item, str):
        return Component(item, {}, place)
    return Component(item["name"], {key: plain(value) for key, value in item.items() if key != "name"}, place)


def _action_endpoint(item: Any, folder: Path) -> ActionEndpoint | None:
    if not isinstance(item, Map) or not item.get("url"):
        return None
    default = ActionEndpoint("")
    return ActionEndpoint(
        **_request(item, folder),
        timeout_seconds=float(item.get("timeout_seconds", default.timeout_seconds)),
        tracker_events=item.get("tracker_events", default.tracker_events),
        enable_selective_domain=item.get("enable_selective_domain", default.enable_selective_domain),
    )


def _callback(item: Any, folder: Path) -> Callback | None:
    if not isinstance(item, Map) or not item.get("url"):
        return None
    seconds = float(item.get("timeout_seconds", Callback("").timeout_seconds))
    return Callback(**_request(item, folder), timeout_seconds=seconds)


def _request(item: Map, folder: Path) -> dict[str, Any]:
    """Return the URL without credentials, the headers with them, and the files for HTTPS."""
    url, headers = item["url"], plain(item.get("headers") or {})
    if with_user := _WITH_USER.fullmatch(url):
        url = with_user["scheme"] + with_user["rest"]
        headers |= _basic_auth(unquote(with_user["name"]), unquote(with_user["password"] or ""))
    if user := item.get("basic_auth"):
        headers |= _basic_auth(user["username"], user["password"])
    files = {key: str(folder / item[key]) for key in ("cafile", "certfile", "keyfile") if item.get(key)}
    return {"url": url, "headers": headers, **files}


def _basic_auth(user: str, password: str) -> dict[str, str]:
    """Return the header of RFC 7617."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}
