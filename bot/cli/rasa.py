"""Rasa's command line: the equivalents here of its commands and options, for error messages and the guide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_NO_MODEL: Final = "models are trained from the project's content and stored in `.teller/models`"
_IN_PLACE: Final = "the project's own files are read: change to its folder, or name it with `--project`"
_LOGS: Final = "`logging: {level: …}` in config.yml; logs go to standard error"
_PROXY: Final = "use a proxy that terminates TLS in front of the server"
_TIMES: Final = "`limits: {turn_seconds: …}` in config.yml"
_CROSS: Final = "`bot test nlu` without `--nlu` cross-validates"

COMMANDS: Final[Mapping[str, str]] = {
    "data validate": "`bot validate`",
    "data convert": "format 2.0 in YAML is read as it is; convert Markdown with Rasa 2",
    "data migrate": "formats 2.0, 3.0 and 3.1 are read as they are",
    "data split": _CROSS,
    "data": "the project's own files are read; `bot validate` checks them",
    "shell nlu": "`bot parse TEXT`",
    "interactive core": "`bot interactive`, which also confirms what messages are taken for",
    "train nlu": "`bot train`",
    "train core": "`bot train`",
    "run actions": "`python -m rasa_sdk --actions actions`, Rasa's own server",
    "test e2e": "`bot test --e2e`",
    "export": "`bot store backup FILE`, or a plugin with `register_observers`",
    "evaluate markers": "a plugin with `register_observers`",
    "telemetry": "there is none",
}
"""The equivalents of commands that have other names in Rasa."""

OPTIONS: Final[Mapping[str, str]] = {
    "--cors": "`server: {cors_origins: […]}` in config.yml",
    "--enable-api": "the API is always enabled, with an operator's key (`bot keys create --scope operator`)",
    "--model, -m": _NO_MODEL,
    "--fixed-model-name": _NO_MODEL,
    "--remote-storage, --out": _NO_MODEL,
    "--evaluate-model-directory, --url": "the model under test is trained from the project's content",
    "--config, -c": _IN_PLACE,
    "--domain, -d": _IN_PLACE,
    "--data": _IN_PLACE,
    "--endpoints": _IN_PLACE,
    "--credentials": _IN_PLACE,
    "--nlu, --stories": _IN_PLACE,
    "--connector": "credentials.yml selects the channels",
    "--response-timeout, --request-timeout": _TIMES,
    "--ssl-certificate, --ssl-keyfile, --ssl-password, --ssl-ca-file": _PROXY,
    "--verbose, -v, -vv, --quiet": _LOGS,
    "--debug": "`bot --debug COMMAND` shows tracebacks; `logging: {level: debug}` in config.yml",
    "--log-file, --logging-config-file": _LOGS,
    "--use-syslog, --syslog-address, --syslog-port, --syslog-protocol": _LOGS,
    "--jwt-private-key": "`--jwt-secret` and `--jwt-method`; tokens are only verified here, not issued",
    "--finetune, --epoch-fraction, --augmentation, --num-threads": "not needed: training takes a second",
    "--persist-nlu-data, --debug-plots": "the training data are the project's own files",
    "--dry-run": "`bot validate`",
    "--skip-validation, --fail-on-validation-warnings": "errors stop training, warnings do not",
    "--max-history, --validation-max-history": "`max_history` of a policy in config.yml",
    "--cross-validation, --folds, -f, --runs, --percentages": _CROSS,
    "--max-stories": "`--stories` names a file or a folder of test stories",
    "--fail-on-prediction-errors": "`bot test` always fails on errors; `--at-least 90` tolerates some",
    "--successes, --no-errors, --no-warnings": "failures are always written to the reports, and successes are counted",
    "--end-to-end": "`user:` in a test story is always tested, too; `--e2e` also runs actions and forms",
    "--no-plot": "plots are drawn only if matplotlib is installed",
    "--port": "only `bot run` listens on a port",
    "--conversation-id": "each start of `bot shell` begins a new conversation",
    "--fail-on-warnings": "`bot validate --json` gives the severity of each finding",
    "--init-dir": "`bot init DIR`",
    "--no-prompt": "there are no prompts",
}
"""The equivalents of Rasa's options; options that exist here have Rasa's name."""


def counterpart_of_command(words: Sequence[str]) -> str | None:
    """Return what to use instead if the command line begins with a command that only Rasa has; otherwise None."""
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in COMMANDS:
            return f"`{name}` is Rasa's; here: {COMMANDS[name]}."
    return None


def counterpart_of_option(option: str) -> str | None:
    """Return what to use instead of an option that only Rasa has; otherwise None."""
    found = next((meaning for names, meaning in OPTIONS.items() if option in names.split(", ")), None)
    return f"`{option}` is Rasa's; here: {found}." if found else None


def table() -> Iterator[str]:
    """Yield the lines of the guide's table of both."""
    yield "| Rasa | here |"
    yield "| --- | --- |"
    yield from (f"| `rasa {name}` | {meaning} |" for name, meaning in COMMANDS.items())
    for names, meaning in OPTIONS.items():
        yield f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {meaning} |"


if __name__ == "__main__":
    print("\n".join(table()))  # to paste into the guide
