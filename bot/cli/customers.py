"""`bot customers`: who may log in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from bot.cli import options
from bot.cli.opening import load_settings, with_auth
from bot.errors import BotError

T = TypeVar("T")


@click.group(short_help="Customers who may log in, and their codes.")
def customers() -> None:
    """Add, list and disable customers, and give them new codes."""


@customers.command()
@click.argument("account_number")
@click.option("--bank-id", required=True, help="The bank's own id of this customer.")
@options.project
@options.store
def add(account_number: str, bank_id: str, project: Path, store: str | None) -> None:
    """Add the customer with ACCOUNT_NUMBER; the code is asked for, or read from standard input."""
    settings, code = load_settings(project, store), _read_code()
    _told(lambda: with_auth(settings, lambda auth: auth.customers.add(account_number, code, bank_id)))
    click.echo("Added the customer.")


@customers.command("list")
@options.project
@options.store
def list_(project: Path, store: str | None) -> None:
    """List all customers; account numbers are masked."""
    from bot.cli import showing

    rows = with_auth(load_settings(project, store), lambda auth: auth.customers.list())
    showing.table(
        ("account", "bank's customer", "state", "added"),
        [
            (
                f"…{r.account_number[-3:]}",
                r.bank_customer_id,
                "disabled" if r.disabled else "active",
                r.created_at.date(),
            )
            for r in rows
        ],
    )


@customers.command()
@click.argument("account_number")
@options.project
@options.store
def disable(account_number: str, project: Path, store: str | None) -> None:
    """Close ACCOUNT_NUMBER to logins and end its sessions, at once."""
    _must(with_auth(load_settings(project, store), lambda auth: auth.customers.disable(account_number)))
    click.echo("Disabled the customer; their sessions are over.")


@customers.command()
@click.argument("account_number")
@options.project
@options.store
def enable(account_number: str, project: Path, store: str | None) -> None:
    """Let ACCOUNT_NUMBER log in again."""
    _must(with_auth(load_settings(project, store), lambda auth: auth.customers.enable(account_number)))
    click.echo("Enabled the customer.")


@customers.command("reset-code")
@click.argument("account_number")
@options.project
@options.store
def reset_code(account_number: str, project: Path, store: str | None) -> None:
    """Give ACCOUNT_NUMBER a new code and end its sessions; the code is asked for, or read from standard input."""
    settings = load_settings(project, store)
    _must(with_auth(settings, lambda auth: auth.customers.find(account_number)) is not None)
    code = _read_code()
    _must(_told(lambda: with_auth(settings, lambda auth: auth.customers.reset_code(account_number, code))))
    click.echo("The new code is in force; old sessions are over.")


@customers.command("rotate-pepper")
@options.project
@options.store
def rotate_pepper(project: Path, store: str | None) -> None:
    """Make a new key for hashing codes; copy the file to every machine, then restart the servers.

    Each customer's code is renewed at the next login.
    """
    from bot.auth import opening, pepper

    async def nothing(auth: opening.Auth) -> None:
        """Opening checks the file against the store, and notes the new key in it."""

    settings = load_settings(project, store)
    with_auth(settings, nothing)
    pepper.rotate_pepper(opening.pepper_file(settings))
    with_auth(settings, nothing)
    click.echo(
        f"The new key is in place. Copy {opening.pepper_file(settings)} to every other machine on this store, then "
        "restart the servers to use it. Keep the file with your backups."
    )


def _read_code() -> str:
    """The code, never from an argument: those are seen by every process of the machine."""
    if sys.stdin.isatty():
        return str(click.prompt("Code", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def _told(work: Callable[[], T]) -> T:
    """What `work` gives; a code or number that cannot be is told in its sentence."""
    try:
        return work()
    except ValueError as error:
        raise BotError(str(error)) from error


def _must(found: bool) -> None:
    if not found:
        raise BotError("there is no customer with this account number; `bot customers list` shows all")
