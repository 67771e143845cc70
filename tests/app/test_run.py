"""`bot run`, as an operator and a customer meet it."""

from __future__ import annotations

import re
import resource
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from bot.reading.template import write_template
from tests.app.conftest import RunBot

BankProject = Callable[[str], Path]


def texts(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return "\n".join(reply.get("text", "") for reply in answer.json()["replies"])


def test_conversation_survives_a_restart(run_bot: RunBot, bank_project: BankProject) -> None:
    project = bank_project("restart")
    with run_bot(project, "--demo") as running, running.login() as customer:
        answer = customer.post("/chat", json={"message": "what's my balance?", "messageId": "m-1"})
        assert re.search(r"£\d", texts(answer))
        assert answer.json()["turn"] == 1
        assert running.stop() == 0
    with run_bot(project, "--demo") as running:
        with running.login() as customer:
            again = customer.post("/chat", json={"message": "what's my balance?", "messageId": "m-1"})
            assert again.content == answer.content
            history = customer.get("/chat/history").json()["messages"]
        assert [message["role"] for message in history][:2] == ["user", "bot"]
        assert history[0]["text"] == "what's my balance?"


def test_every_demo_customer_sees_their_own_money(run_bot: RunBot, bank_project: BankProject) -> None:
    logins = (("12345678", "135790"), ("87654321", "024680"), ("00123456", "000042"))
    with run_bot(bank_project("demo"), "--demo") as running:
        said = []
        for account, code in logins:
            with running.login(accountNumber=account, code=code) as customer:
                said.append(texts(customer.post("/chat", json={"message": "show me all my balances"})))
        assert len(set(said)) == 3


def test_demo_customers_cannot_log_in_without_the_demo_option(run_bot: RunBot, bank_project: BankProject) -> None:
    with run_bot(bank_project("plain")) as running, running.client() as client:
        answer = client.post("/auth", json={"accountNumber": "12345678", "code": "135790"})
        assert answer.status_code == 401


def test_demo_is_rejected_on_a_reachable_address(bank_project: BankProject) -> None:
    done = command(bank_project("open"), "run", "--demo", "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "127.0.0.1 only" in done.stderr


def test_second_server_on_the_same_store_is_rejected(run_bot: RunBot, bank_project: BankProject) -> None:
    project = bank_project("twice")
    with run_bot(project):
        done = command(project, "run", "--port", "0")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "server" in done.stderr


def test_several_workers_on_sqlite_are_rejected(bank_project: BankProject) -> None:
    done = command(bank_project("workers"), "run", "--workers", "2", "--bank-url", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "PostgreSQL" in done.stderr


def test_several_workers_without_a_shared_bank_are_rejected(bank_project: BankProject) -> None:
    store = "postgresql+psycopg://nobody@127.0.0.1:9/nothing"
    done = command(bank_project("workers"), "run", "--workers", "2", "--store", store)
    assert done.returncode == 1
    assert "--bank-url" in done.stderr


def test_created_and_revoked_keys_take_effect_without_a_restart(run_bot: RunBot, bank_project: BankProject) -> None:
    project = bank_project("keys")
    with run_bot(project) as running:
        made = command(project, "keys", "create", "--scope", "channel")
        key = made.stdout.splitlines()[-1]
        with running.client(key) as backend:
            message = {"sender": "user-1", "message": "hello"}
            [reply] = backend.post("/webhooks/rest/webhook", json=message).json()
            assert reply["recipient_id"] == "user-1"
            [refused] = backend.post("/webhooks/rest/webhook", json={**message, "message": "my balance"}).json()
            assert "log in" in refused["text"].lower()
        command(project, "keys", "revoke", made.stderr.split()[1])
        with running.client(key) as backend:
            assert backend.post("/webhooks/rest/webhook", json=message).status_code == 401


def test_login_hint_is_shown_until_somebody_can_talk(tmp_path: Path) -> None:
    write_template(tmp_path / "bakery")
    assert "`bot customers add ACCOUNT --bank-id ID`" in output_at_start(tmp_path / "bakery")
    assert "customers add" not in output_at_start(tmp_path / "bakery", "--auth-token", "s" * 32)
    command(tmp_path / "bakery", "keys", "create", "--scope", "channel")
    assert "customers add" not in output_at_start(tmp_path / "bakery")


def output_at_start(project: Path, *options: str) -> str:
    """The standard output of a server from its start to its end."""
    words = [sys.executable, "-m", "bot", "run", "--project", str(project), "--port", "0", *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        process.terminate()
        return ready + process.communicate(timeout=60)[0]


def test_commands_use_the_store_of_the_running_demo(run_bot: RunBot, bank_project: BankProject) -> None:
    project = bank_project("demo-keys")
    with run_bot(project, "--demo") as running:
        made = command(project, "keys", "create", "--scope", "channel")
        assert "demo.db" in made.stderr
        with running.client(made.stdout.splitlines()[-1]) as backend:
            answer = backend.post("/webhooks/rest/webhook", json={"sender": "user-1", "message": "hello"})
            assert answer.status_code == 200
        running.stop()
    assert "demo.db" not in command(project, "keys", "list").stderr


def test_server_raises_its_open_file_limit_to_the_maximum(run_bot: RunBot, bank_project: BankProject) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, hard - 1), hard))
    try:
        with run_bot(bank_project("many")) as running:
            assert resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_chat_and_rest_webhook_of_a_customer_share_a_conversation(run_bot: RunBot, bank_project: BankProject) -> None:
    with run_bot(bank_project("one"), "--demo") as running, running.login() as customer:
        first = customer.post("/chat", json={"message": "hello"}).json()
        customer.post("/webhooks/rest/webhook", json={"sender": "somebody else", "message": "thanks"})
        third = customer.post("/chat", json={"message": "goodbye"}).json()
        assert (first["turn"], third["turn"]) == (1, 3)


def test_stopping_finishes_turns_under_way(run_bot: RunBot, bank_project: BankProject) -> None:
    project = bank_project("graceful")
    with run_bot(project, "--demo") as running:
        with running.login() as customer:
            customer.post("/chat", json={"message": "hello"})
        assert running.stop() == 0
    verified = command(project, "store", "verify", "--store", "sqlite:///.teller/demo.db")
    assert verified.returncode == 0, verified.stderr
    assert "sound" in verified.stdout


def test_log_contains_no_message_code_or_account_number(run_bot: RunBot, bank_project: BankProject) -> None:
    with run_bot(bank_project("log"), "--demo") as running:
        with running.login() as customer:
            customer.post("/chat", json={"message": "my balance please, zebra"})
            token = customer.headers["Authorization"].split()[1]
        running.stop()
        log = running.log.read_text()
    assert '"event":"turn"' in log
    for secret in ("zebra", "12345678", "135790", token):
        assert secret not in log


def test_help_names_every_command(project: Path) -> None:
    done = command(project, "--help", flag=False)
    assert done.returncode == 0
    for name in ("run", "shell", "train", "validate", "test", "customers", "keys", "init", "simulator"):
        assert re.search(rf"^  {name} ", done.stdout, re.MULTILINE), name


def test_init_prints_commands_with_a_shell_quoted_folder(tmp_path: Path) -> None:
    said = command(tmp_path, "init", "Bäckerei 1", flag=False).stdout.splitlines()[-3:]
    assert [shlex.split(line) for line in said] == [
        ["bot", name, "--project", "Bäckerei 1"] for name in ("test", "shell", "run")
    ]


def test_project_without_the_bank_plugin_has_no_simulator_command(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("language: en\n")
    done = subprocess.run(
        [sys.executable, "-m", "bot", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "simulator" not in done.stdout


@pytest.mark.parametrize("module", ["numpy", "aiohttp", "dataset", "httpx", "pycrfsuite"])
def test_help_does_not_import_heavy_modules(module: str, project: Path) -> None:
    code = (
        "import sys; from bot.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print({module!r} in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "False"


def command(project: Path, *words: str, flag: bool = True) -> subprocess.CompletedProcess[str]:
    where = ["--project", str(project)] if flag else []
    return subprocess.run(
        [sys.executable, "-m", "bot", *words, *where],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
