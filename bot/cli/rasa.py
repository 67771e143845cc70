"""Rasa's command line: what does here what its commands and options do there, for errors and for the guide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_NO_MODEL: Final = "models are trained from the project's content and kept in `.teller/models`"
_IN_PLACE: Final = "the project's own files are read: go to its folder, or name it with `--project`"
_LOGS: Final = "`logging: {level: …}` in config.yml; logs go to standard error"
_PROXY: Final = "a proxy in front of the server ends TLS"
_TIMES: Final = "`limits: {turn_seconds: …}` in config.yml"
_CROSS: Final = "`bot test nlu` without `--nlu` cross-validates"

COMMANDS: Final[Mapping[str, str]] = {
    "data validate": "`bot validate`",
    "data convert": "format 2.0 in YAML is read as it is; Markdown is converted by Rasa 2",
    "data migrate": "formats 2.0, 3.0 and 3.1 are read as they are",
    "data split": _CROSS,
    "shell nlu": "`bot parse TEXT`",
    "train nlu": "`bot train`",
    "train core": "`bot train`",
    "interactive": "`bot shell` to talk; `/why` there explains an answer, and `/story` shows a story of it",
    "run actions": "`python -m rasa_sdk --actions actions`, Rasa's own server",
    "test e2e": "`bot test --e2e`",
    "export": "`bot store backup FILE`, or a plugin with `register_observers`",
    "evaluate markers": "a plugin with `register_observers`",
    "telemetry": "nothing is sent to anybody",
}
"""What does the work of a command that has another name in Rasa."""

OPTIONS: Final[Mapping[str, str]] = {
    "--cors": "`server: {cors_origins: […]}` in config.yml",
    "--enable-api": "the API is there, for an operator's key (`bot keys create --scope operator`)",
    "--model, -m": _NO_MODEL,
    "--fixed-model-name": _NO_MODEL,
    "--remote-storage, --out": _NO_MODEL,
    "--evaluate-model-directory, --url": "what is tested is trained from the project's content",
    "--config, -c": _IN_PLACE,
    "--domain, -d": _IN_PLACE,
    "--data": _IN_PLACE,
    "--endpoints": _IN_PLACE,
    "--credentials": _IN_PLACE,
    "--nlu, --stories": _IN_PLACE,
    "--connector": "credentials.yml names the channels",
    "--response-timeout, --request-timeout": _TIMES,
    "--ssl-certificate, --ssl-keyfile, --ssl-password, --ssl-ca-file": _PROXY,
    "--verbose, -v, -vv, --quiet": _LOGS,
    "--debug": "`bot --debug COMMAND` shows where an error came from; `logging: {level: debug}` in config.yml",
    "--log-file, --logging-config-file": _LOGS,
    "--use-syslog, --syslog-address, --syslog-port, --syslog-protocol": _LOGS,
    "--jwt-private-key": "`--jwt-secret` and `--jwt-method`; tokens are checked here, not made",
    "--finetune, --epoch-fraction, --augmentation, --num-threads": "training takes a second and needs none",
    "--persist-nlu-data, --debug-plots": "the project's own files are what was learned from",
    "--dry-run": "`bot validate`",
    "--skip-validation, --fail-on-validation-warnings": "errors stop training and warnings do not",
    "--max-history, --validation-max-history": "`max_history` of a policy in config.yml",
    "--cross-validation, --folds, -f, --runs, --percentages": _CROSS,
    "--max-stories": "`--stories` names a file or a folder of test stories",
    "--fail-on-prediction-errors": "`bot test` fails by itself; `--at-least 90` lets some",
    "--successes, --no-errors, --no-warnings": "what went wrong is always written, and what went right is counted",
    "--no-plot": "pictures are drawn where matplotlib is installed",
    "--conversation-id": "each start of `bot shell` is a conversation of its own",
    "--fail-on-warnings": "`bot validate --json` gives the severity of each finding",
    "--init-dir": "`bot init DIR`",
    "--no-prompt": "nothing is asked",
}
"""What does the work of an option; those that are here have Rasa's name."""


def counterpart_of_command(words: Sequence[str]) -> str | None:
    """What to do instead of Rasa's command that the words of a command line begin with; None for any other."""
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in COMMANDS:
            return f"`{name}` is Rasa's; here: {COMMANDS[name]}."
    return None


def counterpart_of_option(option: str) -> str | None:
    """What to do instead of Rasa's option; None for any other."""
    found = next((meaning for names, meaning in OPTIONS.items() if option in names.split(", ")), None)
    return f"`{option}` is Rasa's; here: {found}." if found else None


def table() -> Iterator[str]:
    """Both as the guide's table, a line each."""
    yield "| Rasa | here |"
    yield "| --- | --- |"
    yield from (f"| `rasa {name}` | {meaning} |" for name, meaning in COMMANDS.items())
    for names, meaning in OPTIONS.items():
        yield f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {meaning} |"


if __name__ == "__main__":
    print("\n".join(table()))  # for whoever writes the guide
