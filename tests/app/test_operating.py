"""The operator's commands: on whose store they work, what they refuse, and what they tell."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.conftest import GREETER, RunBot
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
    ],
)
def test_where_there_is_no_project_nothing_is_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = command(tmp_path, *words)
    assert done.returncode == 1
    assert "there is no project in" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_project_needs_no_configuration_to_be_served(run_bot: RunBot, greeter: Path) -> None:
    (greeter / "config.yml").unlink()
    with run_bot(greeter) as running:
        with running.client() as client:
            assert client.get("/health").status_code == 200
        running.stop()


def test_commands_do_not_work_beside_the_store_of_a_server_on_postgres(run_bot: RunBot, greeter: Path) -> None:
    with running_cluster() as cluster:
        store = cluster.new_database()
        with run_bot(greeter, "--store", store) as running:
            done = command(greeter, "keys", "create", "--scope", "channel")
            assert done.returncode == 1
            shown = re.sub(r"//([^@/]*)(:[^@/]*)@", r"//\1@", store).split("?")[0]
            assert f"works on {shown}: name this store with --store" in done.stderr
            assert command(greeter, "keys", "list", "--store", store).returncode == 0
            running.stop()
        assert command(greeter, "keys", "list").returncode == 0, "nobody serves here now"


def test_a_code_that_cannot_be_is_told_in_a_sentence(greeter: Path) -> None:
    assert typed(greeter, "246810\n", "customers", "add", "55667788", "--bank-id", "b").returncode == 0
    for code in ("", "\n", "x" * 65 + "\n"):
        done = typed(greeter, code, "customers", "reset-code", "55667788")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "the code must have 1 to 64 printable characters" in done.stderr
    unknown = typed(greeter, "", "customers", "reset-code", "11111111")
    assert "no customer with this account number" in unknown.stderr, "before a code is asked for"


def test_all_sessions_are_listed_with_whose_they_are(run_bot: RunBot, greeter: Path) -> None:
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


def test_every_reason_why_a_project_cannot_start_is_told_at_once(greeter: Path) -> None:
    (greeter / "config.yml").write_text("language: en\nserver: {prot: 1}\n")
    (greeter / "actions").mkdir()
    (greeter / "actions" / "one.py").write_text("import nowhere_to_be_found\n")
    (greeter / "actions" / "two.py").write_text("def broken(:\n")
    (greeter / "domain" / "more.yml").write_text("rules:\n- rule: greet\n  steps:\n  - intent: gret\n  - action: x\n")
    for words in (("run", "--port", "0"), ("train",), ("test",)):
        told = command(greeter, *words).stderr
        for problem in ("prot", "one.py", "two.py", "gret"):
            assert problem in told, (words, problem, told)


def test_the_private_folder_is_ignored_by_git_and_nobody_elses_to_write(greeter: Path) -> None:
    private = greeter / ".teller"
    private.mkdir(mode=0o755)
    assert command(greeter, "keys", "list").returncode == 0
    assert (private / ".gitignore").read_text() == "*\n"
    private.chmod(0o770)  # a volume's group, say
    assert command(greeter, "keys", "list").returncode == 0
    private.chmod(0o777)
    for words in (("keys", "list"), ("run", "--port", "0"), ("train",)):
        done = command(greeter, *words)
        assert (done.returncode, "chmod 700" in done.stderr) == (1, True), done.stderr
