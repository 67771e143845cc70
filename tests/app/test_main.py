"""The command line reports errors in a sentence, with a fix."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from bot.cli.main import BUILT_IN, cli, main, project_of
from bot.cli.rasa import COMMANDS, OPTIONS, table
from bot.reading.template import write_template


def test_uncreatable_private_folder_is_reported_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / ".teller").write_text("a file in the way")
    with pytest.raises(SystemExit) as ended:
        main(["shell", "--project", str(folder)])
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert f"bot: {folder / '.teller'}: File exists; check the path, its permissions and the free disk space" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["store", "verify", "--store", "sqlite:///absent.db"], "there is no store at "),
        (["conversations", "archive", "--older-than", "1d", "--store", "sqlite:///absent.db"], "there is no store at "),
        (["conversations", "archive", "--older-than", "9999999d"], "is too long ago"),
        (["conversations", "archive", "--older-than", "99999999999d"], "is too long ago"),
    ],
)
def test_mistyped_arguments_are_reported_and_create_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    folder = tmp_path / "bakery"
    write_template(folder)
    with pytest.raises(SystemExit) as ended:
        main([*words, "--project", str(folder)])
    assert ended.value.code in (1, 2)
    assert told in capsys.readouterr().err
    assert list(folder.rglob("*.db")) == []


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current project, whose plugin cannot be imported."""
    folder = tmp_path / "bakery"
    write_template(folder)
    (folder / "till.py").write_text("1 / 0\n")
    (folder / "config.yml").write_text("plugins: [till]\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("words", "shown"), [("--help", "  conversations "), ("keys --help", "revoke"), ("keys list", "scopes")]
)
def test_broken_plugin_does_not_stop_commands_needed_to_fix_it(
    broken: Path, capsys: pytest.CaptureFixture[str], words: str, shown: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    told = capsys.readouterr()
    assert (ended.value.code, shown in told.out) == (0, True)
    warnings = 1 if words == "--help" else 0
    assert told.err.count("config.yml names the plugin 'till', which cannot be imported") == warnings


@pytest.mark.parametrize("words", ["run", "run --loft x", "shell", "test", "coo"])
def test_broken_plugin_is_reported_once_by_commands_that_need_it(
    broken: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code != 0
    assert capsys.readouterr().err.count("config.yml names the plugin 'till', which cannot be imported") == 1


@pytest.mark.parametrize("command", ["run", "shell", "interactive"])
def test_broken_plugin_leaves_the_help_of_the_commands_that_need_it(
    broken: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    told = capsys.readouterr()
    assert (ended.value.code, "--project" in told.out) == (0, True)
    assert told.err.count("'till', which cannot be imported") == 1


@pytest.mark.parametrize("words", ["run", "run --loft x", "shell --loft x", "interactive"])
def test_broken_plugin_does_not_hide_other_errors(broken: Path, capsys: pytest.CaptureFixture[str], words: str) -> None:
    (broken / "config.yml").write_text("plugins: [till, loft]\nlimits: {waitng: 3}\n")
    (broken / "loft.py").write_text(
        "from bot import hookimpl\n\n\n@hookimpl\ndef register_commands(commands):\n    commands.add(None)\n"
    )
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert all(f"{place}: error" in told for place in ("till.py:1:1", "loft.py:6:1", "config.yml:2:10"))


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The error message for arguments that the command line rejects."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_rasa_command_is_rejected_with_its_equivalent(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"`{name}` is Rasa's; here: {COMMANDS[name]}." in refused(capsys, *name.split(), "--project", "x")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("run --cors *", "here: `server: {cors_origins: […]}` in config.yml."),
        ("run -m models", "models are trained from the project's content"),
        ("run -vv", "logs go to standard error"),
        ("train --finetune", "training takes a second"),
        ("shell --port 5006", "only `bot run` listens on a port"),
        ("test core --end-to-end", "`--e2e` also runs actions and forms"),
        ("data help", "`bot validate` checks them"),
        ("train --out models", "`.teller/models`"),
        ("train --skip-validation", "errors stop training"),
        ("run --syslog-port 514", "`--syslog-port` is Rasa's"),
        ("run --jwt-private-key x", "`--jwt-secret`"),
        ("test --evaluate-model-directory", "`--evaluate-model-directory` is Rasa's"),
        ("test nlu --cross-validation", "`bot test nlu` without `--nlu` cross-validates"),
        ("validate --fail-on-warnings=1", "`bot validate --json`"),
        ("run --debug", "`bot --debug COMMAND`"),
        ("train --nlu data", "the project's own files are read"),
        ("test nlu --successes", "successes are counted"),
        ("test nlu --no-plot", "matplotlib"),
        ("shell --conversation-id x", "begins a new conversation"),
        ("run --prot 1", "No such option"),
        ("trian", "No such command 'trian'. Did you mean `train`?"),
        ("frobnicate", "No such command 'frobnicate'."),
    ],
)
def test_rasa_option_is_rejected_with_its_equivalent(words: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told in refused(capsys, *words.split())


def test_help_is_shown_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "Commands:" in capsys.readouterr().err


@pytest.mark.parametrize("group", [[], ["customers"], ["conversations"], ["keys"], ["sessions"], ["store"], ["test"]])
def test_command_summaries_fit_into_eighty_columns(
    group: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main([*group, "--help"])
    _, commands = capsys.readouterr().out.split("Commands:")
    assert "..." not in commands


def test_existing_options_are_not_listed_as_rasa_only() -> None:
    context = click.Context(cli)
    ours = {o for name in BUILT_IN for p in options_of(cli.get_command(context, name)) for o in p.opts}
    # These options belong to other commands in Rasa:
    elsewhere = {"--config", "--nlu", "--out", "--port", "--quiet", "--stories"}
    assert ours & {option for names in OPTIONS for option in names.split(", ")} == elsewhere
    assert {"-p", "-i", "--interface", "-s", "-t", "-u"} <= ours


def options_of(command: click.Command | None) -> list[click.Option]:
    """The options of a command and of the commands below it."""
    assert command is not None
    below = command.commands.values() if isinstance(command, click.Group) else ()
    own = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    return own + [option for part in below for option in options_of(part)]


def test_migration_guide_has_the_whole_table(project: Path) -> None:
    guide = (project / "docs/how-to/move-from-rasa.md").read_text("utf-8")
    commands = guide.split("\n## Commands\n")[1].split("\n## ")[0]
    assert commands.rstrip().endswith("\n".join(table())), "write it again: python -m bot.cli.rasa"
    assert guide.count("| `rasa data validate` |") == 1


def test_every_command_has_a_one_line_summary(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli(["--help"], prog_name="bot", terminal_width=80)
    shown = capsys.readouterr().out
    summaries = shown.partition("Commands:\n")[2].splitlines()
    assert len(summaries) >= len(BUILT_IN)
    assert [line for line in summaries if line.endswith("...")] == []


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        ("run", "."),
        ("run --project a", "a"),
        ("run --project a --project b", "b"),
        ("run --project=a --project b --port 1", "b"),
        ("run --project a --project=b", "b"),
        ("run --project a --project", "a"),
    ],
)
def test_last_of_several_project_options_wins(words: str, folder: str) -> None:
    assert project_of(words.split()) == Path(folder)


@pytest.mark.parametrize("before", [True, False])
def test_options_before_core_or_nlu_are_passed_on(
    before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_template(tmp_path / "bakery")
    monkeypatch.chdir(tmp_path)
    options = ["--project", "bakery", "--out", "reports", "--at-least", "50"]
    words = ["test", *options, "core"] if before else ["test", "core", *options]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert (ended.value.code, (tmp_path / "reports/story_report.json").is_file()) == (0, True)
    assert " passed, 0 failed" in capsys.readouterr().out


WRONG = """stories:
- story: taken for an order
  steps:
  - {user: hello there, intent: order_cake}
  - {action: order_form}
  - {active_loop: order_form}
- story: another answer
  steps:
  - {user: hello there, intent: greet}
  - {action: utter_help}
"""


def test_last_line_counts_stories_and_messages_together_if_both_are_tested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_template(tmp_path)
    wrong, messages = tmp_path / "stories/test_wrong.yml", tmp_path / "test_messages.yml"
    wrong.write_text(WRONG)
    messages.write_text("nlu: [{intent: greet, examples: [hello there]}]")
    with pytest.raises(SystemExit) as ended:
        main(f"test --project {tmp_path} --out {tmp_path / 'out'} -s {wrong} -u {messages}".split())
    assert ended.value.code == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "1 passed, 2 failed (0 of 2 stories and 1 of 1 messages passed)"


def test_failed_story_is_shown_with_reasons_and_without_consequences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_template(tmp_path)
    (tmp_path / "stories/test_wrong.yml").write_text(WRONG)
    with pytest.raises(SystemExit) as ended:
        main(["test", "--project", str(tmp_path), "--out", str(tmp_path / "out")])
    shown = capsys.readouterr().out
    assert ended.value.code == 1
    assert shown.count("expected ") == 2
    assert "      near '" in shown
    assert "<built-in>" not in shown


def test_options_that_core_or_nlu_do_not_take_are_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    assert "`bot test nlu` takes no --e2e" in refused(capsys, "test", "--e2e", "nlu")
    assert "`bot test core` takes no --nlu" in refused(capsys, "test", "--nlu", ".", "core")


def test_invalid_simulator_port_is_rejected(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "70000 is not in the range" in refused(capsys, "simulator", "--project", str(project), "--port", "70000")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "--host", ""], "must not be empty"),
        (["run", "--host", "\udcff"], "must be UTF-8"),
        (["run", "--auth-token", "\udcff"], "must be UTF-8"),
        (["sessions", "end", "\udcff"], "must be UTF-8"),
        (["sessions", "list", "--store", "\udcff"], "must be UTF-8"),
        (["keys", "create", "--scope", "channel", "--label", "\udcff"], "must be UTF-8"),
        (["keys", "create", "--scope", "channel", "--label", "a\nb"], "without line breaks"),
        (["keys", "create", "--scope", "channel", "--label", "a\x1b[31mb"], "without line breaks"),
        (["keys", "revoke", "\udcff"], "must be UTF-8"),
        (["store", "backup", ""], "must not be empty"),
        (["test", "--at-least", "nan"], "is not a number from 0 to 100"),
    ],
)
def test_invalid_argument_is_rejected_without_a_traceback(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_template(tmp_path / "bakery")
    assert told in refused(capsys, *words, "--project", str(tmp_path / "bakery"))
