"""The operator's commands: which store they use, what they refuse, and what they report."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.stores.times import micros
from tests.app.conftest import GREETER, RunBot, at_terminal
from tests.app.test_run import command
from tests.stores.cluster import running_cluster


@pytest.fixture
def greeter(tmp_path: Path) -> Path:
    """A small project."""
    project = tmp_path / "greeter"
    (project / "domain").mkdir(parents=True)
    (project / "config.yml").write_text("language: en\n")
    (project / "domain" / "greet.yml").write_text(GREETER)
    return project


def typed(project: Path, code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command that reads the code from its standard input."""
    where = [sys.executable, "-m", "bot", *words, "--project", str(project)]
    return subprocess.run(where, input=code, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "create", "--scope", "channel"),
        ("keys", "list"),
        ("customers", "list"),
        ("sessions", "list"),
        ("store", "verify"),
        ("conversations", "archive", "--older-than", "90d"),
        ("conversations", "delete", "--older-than", "90d", "--yes"),
        ("conversations", "list"),
        ("customers", "export", "55667788"),
        ("customers", "erase", "55667788", "--yes"),
    ],
)
def test_commands_outside_a_project_create_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = command(tmp_path, *words)
    assert done.returncode == 1
    assert "there is no project in" in done.stderr
    assert not list(tmp_path.iterdir())


def test_project_without_config_yml_is_served(run_bot: RunBot, greeter: Path) -> None:
    (greeter / "config.yml").unlink()
    with run_bot(greeter) as running:
        with running.client() as client:
            assert client.get("/health").status_code == 200
        running.stop()


def test_commands_need_the_store_url_of_a_running_postgres_server(run_bot: RunBot, greeter: Path) -> None:
    with running_cluster() as cluster:
        store = cluster.new_database()
        with run_bot(greeter, "--store", store) as running:
            done = command(greeter, "keys", "create", "--scope", "channel")
            assert done.returncode == 1
            shown = re.sub(r"//([^@/]*)(:[^@/]*)@", r"//\1@", store).split("?")[0]
            assert f"uses {shown}: pass this store with --store" in done.stderr
            assert command(greeter, "keys", "list", "--store", store).returncode == 0
            running.stop()
        assert command(greeter, "keys", "list").returncode == 0, "nobody serves here now"


def test_commands_need_only_the_environment_variables_of_the_settings_they_use(greeter: Path) -> None:
    config = "language: en\nserver:\n  metrics_token: ${ONLY_THE_SERVER_HAS_IT}\n"
    (greeter / "config.yml").write_text(config)
    assert command(greeter, "keys", "create", "--scope", "channel").returncode == 0
    assert command(greeter, "store", "verify").returncode == 0
    assert "ONLY_THE_SERVER_HAS_IT" in command(greeter, "run", "--port", "0").stderr
    (greeter / "config.yml").write_text(f"{config}store:\n  url: ${{URL_OF_THE_STORE}}\n")
    refused = command(greeter, "keys", "list")
    assert (refused.returncode, "`URL_OF_THE_STORE` is not set" in refused.stderr) == (1, True), refused.stderr
    assert "ONLY_THE_SERVER_HAS_IT" not in refused.stderr
    assert command(greeter, "keys", "list", "--store", "sqlite:///.teller/teller.db").returncode == 0


def test_invalid_code_is_rejected_without_a_traceback(greeter: Path) -> None:
    assert typed(greeter, "246810\n", "customers", "add", "55667788", "--bank-id", "b").returncode == 0
    for code in ("", "\n", "x" * 65 + "\n"):
        done = typed(greeter, code, "customers", "reset-code", "55667788")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "the code must have 1 to 64 printable characters" in done.stderr
    unknown = typed(greeter, "", "customers", "reset-code", "11111111")
    assert "no customer with this account number" in unknown.stderr, "before a code is asked for"


def test_short_code_gets_a_warning_when_it_is_set(greeter: Path) -> None:
    add = ("customers", "add", "55667788", "--bank-id", "b")
    assert "a code of 1 character is easily guessed" in typed(greeter, "1\n", *add).stderr
    assert "a code of 5 characters" in typed(greeter, "12345\n", "customers", "reset-code", "55667788").stderr
    assert typed(greeter, "123456\n", "customers", "reset-code", "55667788").stderr == ""


def test_sessions_are_listed_with_their_customers(run_bot: RunBot, greeter: Path) -> None:
    for account, bank in (("55667788", "bank-1"), ("11223344", "bank-2")):
        typed(greeter, "246810\n", "customers", "add", account, "--bank-id", bank)
    with run_bot(greeter) as running:
        for account in ("55667788", "11223344", "55667788"):
            running.login(accountNumber=account, code="246810").close()
        lines = command(greeter, "sessions", "list").stdout.splitlines()[1:]
        assert [(line.split("\t")[1:3]) for line in lines] == [
            ["…788", "bank-1"],
            ["…344", "bank-2"],
            ["…788", "bank-1"],
        ]
        chosen = command(greeter, "sessions", "list", "--bank-id", "bank-2").stdout.splitlines()[1:]
        assert chosen == [lines[1]]
        running.stop()


def test_all_start_errors_are_reported_at_once(greeter: Path) -> None:
    (greeter / "config.yml").write_text("language: en\nserver: {prot: 1}\n")
    (greeter / "actions").mkdir()
    (greeter / "actions" / "one.py").write_text("import nowhere_to_be_found\n")
    (greeter / "actions" / "two.py").write_text("def broken(:\n")
    (greeter / "domain" / "more.yml").write_text("rules:\n- rule: greet\n  steps:\n  - intent: gret\n  - action: x\n")
    for words in (("run", "--port", "0"), ("train",), ("test",)):
        told = command(greeter, *words).stderr
        for problem in ("prot", "one.py", "two.py", "gret"):
            assert problem in told, (words, problem, told)


def test_private_folder_is_git_ignored_and_must_not_be_world_writable(greeter: Path) -> None:
    private = greeter / ".teller"
    private.mkdir(mode=0o755)
    assert command(greeter, "keys", "list").returncode == 0
    assert (private / ".gitignore").read_text() == "*\n"
    private.chmod(0o770)  # for example for a volume's group
    assert command(greeter, "keys", "list").returncode == 0
    private.chmod(0o777)
    for words in (("keys", "list"), ("run", "--port", "0"), ("train",)):
        done = command(greeter, *words)
        assert (done.returncode, "chmod 700" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize("label", ["[prod] web", "a [/x]", "[bold]b[/bold] \\\\[c]"])
def test_label_with_brackets_is_shown_unchanged(greeter: Path, label: str) -> None:
    assert command(greeter, "keys", "create", "--scope", "channel", "--label", label).returncode == 0
    assert label in at_terminal(greeter, "keys", "list", columns=160)


def test_lists_are_printed_as_json_for_programs(greeter: Path) -> None:
    typed(greeter, "246810\n", "customers", "add", "55667788", "--bank-id", "b")
    command(greeter, "keys", "create", "--scope", "channel", "--label", "web")
    (key,) = json.loads(command(greeter, "keys", "list", "--json").stdout)
    assert (key["scopes"], key["label"], key["revokedAt"]) == (["channel"], "web", None)
    assert datetime.fromisoformat(key["createdAt"]).tzinfo is not None
    (customer,) = json.loads(command(greeter, "customers", "list", "--json").stdout)
    assert (customer["accountNumber"], customer["state"]) == ("…788", "active")
    assert (documented("keys list"), documented("customers list")) == (list(key), list(customer))
    assert json.loads(command(greeter, "sessions", "list", "--json").stdout) == []
    assert json.loads(command(greeter, "conversations", "list", "--json").stdout) == []
    found = json.loads(command(greeter, "store", "verify", "--json").stdout)
    assert (found["problems"], found["openEffects"], found["rows"]["customers"]) == ([], [], 1)


def documented(command: str) -> list[str]:
    """The names of the keys in the command's JSON, from the guide."""
    guide = (Path(__file__).parents[2] / "docs/how-to/operate.md").read_text()
    row = next(line for line in guide.splitlines() if line.startswith(f"| `{command}` | a list:"))
    return re.findall(r"`(\w+)`", row)


def test_verify_counts_rows_and_does_not_create_a_store(greeter: Path) -> None:
    typed(greeter, "246810\n", "customers", "add", "55667788", "--bank-id", "b")
    done = command(greeter, "store", "verify")
    assert done.stdout == "0 conversations, 0 turns, 1 customer.\nThe store is sound.\n"
    (greeter / ".teller" / "empty.db").touch()
    done = command(greeter, "store", "verify", "--store", "sqlite:///.teller/empty.db")
    assert (done.returncode, "there is no store in this database" in done.stderr) == (1, True)


@pytest.mark.parametrize(("hours", "status"), [(0, 0), (2, 1)])
def test_open_effect_becomes_a_problem_after_an_hour(greeter: Path, hours: int, status: int) -> None:
    command(greeter, "keys", "list")
    at = micros(datetime.now(UTC) - timedelta(hours=hours))
    with sqlite3.connect(greeter / ".teller" / "teller.db") as connection:
        connection.execute("INSERT INTO effects VALUES ('k', 'c', 'transfer', x'7b7d', 'spending', ?, NULL)", (at,))
    connection.close()
    done = command(greeter, "store", "verify")
    assert done.returncode == status
    assert "effect k (transfer) of conversation c has no outcome since" in done.stderr


def test_customer_is_exported_and_erased_while_a_server_runs(run_bot: RunBot, greeter: Path) -> None:
    typed(greeter, "246810\n", "customers", "add", "55667788", "--bank-id", "bank-1")
    with run_bot(greeter) as running:
        with running.login(accountNumber="55667788", code="246810") as client:
            assert client.post("/chat", json={"message": "good morning"}).status_code == 200
            (listed,) = json.loads(command(greeter, "conversations", "list", "--account", "55667788", "--json").stdout)
            assert list(listed) == documented("conversations list")
            parts = [
                json.loads(line) for line in command(greeter, "customers", "export", "55667788").stdout.splitlines()
            ]
            assert [part["what"] for part in parts] == ["customer", "session", "conversation", "turn"]
            assert parts[2]["id"] == listed["id"]
            assert "good morning" in json.dumps(parts[3])
            asked = typed(greeter, "n\n", "customers", "erase", "55667788")
            assert (asked.returncode, "Aborted" in asked.stderr) == (1, True)
            done = command(greeter, "customers", "erase", "55667788", "--yes")
            assert done.stdout == "Erased the customer and 1 conversation.\n", done.stderr
            assert client.post("/chat", json={"message": "again"}).status_code == 401
        assert command(greeter, "store", "verify").stdout.startswith("0 conversations, 0 turns, 0 customers.")
        assert "no customer with this account" in command(greeter, "customers", "export", "55667788").stderr
        running.stop()


def test_customer_erased_during_an_upload_starts_no_conversation(run_bot: RunBot, greeter: Path) -> None:
    typed(greeter, "246810\n", "customers", "add", "55667788", "--bank-id", "bank-1")

    def slowly() -> Iterator[bytes]:
        yield b'{"message": '
        assert command(greeter, "customers", "erase", "55667788", "--yes").returncode == 0
        yield b'"good morning"}'

    with run_bot(greeter) as running:
        with running.login(accountNumber="55667788", code="246810") as client:
            said = client.post("/chat", content=slowly(), headers={"Content-Type": "application/json"})
            assert (said.status_code, said.json()["code"]) == (401, "invalid_token")
        assert command(greeter, "store", "verify").stdout.startswith("0 conversations, 0 turns, 0 customers.")
        running.stop()


def test_backend_user_can_return_after_their_conversation_is_deleted(run_bot: RunBot, greeter: Path) -> None:
    key = command(greeter, "keys", "create", "--scope", "channel").stdout.strip()
    said = {"sender": "ann", "message": "hello"}
    with run_bot(greeter) as running:
        with running.client(key) as client:
            assert client.post("/webhooks/rest/webhook", json=said).status_code == 200
            done = command(greeter, "conversations", "delete", "--older-than", "0h", "--yes")
            assert done.stdout == "Deleted 1 conversation.\n", done.stderr
            assert client.post("/webhooks/rest/webhook", json=said).status_code == 200
        running.stop()
    assert command(greeter, "store", "verify").stdout.endswith("The store is sound.\n")


def test_restore_reports_revoked_keys_and_disabled_customers(greeter: Path) -> None:
    command(greeter, "keys", "create", "--scope", "channel")
    typed(greeter, "246810\n", "customers", "add", "55667788", "--bank-id", "b")
    file = str(greeter / "backup.db")
    assert command(greeter, "store", "backup", file).returncode == 0
    assert "--force" in command(greeter, "store", "backup", file).stderr
    assert command(greeter, "store", "backup", file, "--force").returncode == 0
    (key,) = json.loads(command(greeter, "keys", "list", "--json").stdout)
    command(greeter, "keys", "revoke", key["id"])
    typed(greeter, "135791\n", "customers", "reset-code", "55667788")
    done = command(greeter, "store", "restore", file).stdout
    assert "Still revoked: 1 key. Still disabled: 0 customers.\nNewer codes kept: 1." in done
    assert "teller.db.before-restore" in done
    (key,) = json.loads(command(greeter, "keys", "list", "--json").stdout)
    assert key["revokedAt"] is not None


def test_train_warns_when_the_cache_cannot_be_written(greeter: Path) -> None:
    (greeter / ".teller").write_text("no folder")
    done = command(greeter, "train")
    assert done.returncode == 0, done.stderr
    assert "Nothing was kept: " in done.stdout
