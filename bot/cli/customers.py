"""`bot customers`: the customers who can log in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from bot.cli import options, showing
from bot.cli.opening import load_settings, with_auth, with_both
from bot.errors import BotError

T = TypeVar("T")

_LONG_CODE = 6
"""Characters from which on a code is not called short."""


@click.group(short_help="Customers who can log in, and their codes.")
def customers() -> None:
    """Add, list, disable, export and erase customers, and give them new codes."""


@customers.command()
@click.argument("account_number")
@click.option("--bank-id", required=True, help="The bank's id for this customer.")
@options.project
@options.store
def add(account_number: str, bank_id: str, project: Path, store: str | None) -> None:
    """Add the customer with ACCOUNT_NUMBER. The code is prompted for, or read from standard input."""
    settings = load_settings(project, store)
    code = _read_code()
    _checked(lambda: with_auth(settings, lambda auth: auth.customers.add(account_number, code, bank_id)))
    click.echo("Added the customer.")
    _warn_if_short(code)


@customers.command("list")
@options.as_json
@options.project
@options.store
def list_(as_json: bool, project: Path, store: str | None) -> None:
    """List all customers; account numbers are masked."""
    rows = [
        {
            "accountNumber": f"…{r.account_number[-3:]}",
            "bankCustomerId": r.bank_customer_id,
            "state": "disabled" if r.disabled else "active",
            "createdAt": r.created_at,
        }
        for r in with_auth(load_settings(project, store), lambda auth: auth.customers.list())
    ]
    showing.listing(("account", "bank's customer", "state", "added"), rows, for_programs=as_json)


@customers.command()
@click.argument("account_number")
@options.project
@options.store
def disable(account_number: str, project: Path, store: str | None) -> None:
    """Stop logins with ACCOUNT_NUMBER at once. Its sessions end."""
    _require_found(with_auth(load_settings(project, store), lambda auth: auth.customers.disable(account_number)))
    click.echo("Disabled the customer and ended their sessions.")


@customers.command()
@click.argument("account_number")
@options.project
@options.store
def enable(account_number: str, project: Path, store: str | None) -> None:
    """Let ACCOUNT_NUMBER log in again at once. Also unlocks an account that wrong codes have locked."""
    _require_found(with_auth(load_settings(project, store), lambda auth: auth.customers.enable(account_number)))
    click.echo("Enabled the customer, who can log in at once.")


@customers.command("reset-code")
@click.argument("account_number")
@options.project
@options.store
def reset_code(account_number: str, project: Path, store: str | None) -> None:
    """Give ACCOUNT_NUMBER a new code. Its sessions end, and it is unlocked.

    The code is prompted for, or read from standard input.
    """
    settings = load_settings(project, store)
    _require_found(with_auth(settings, lambda auth: auth.customers.find(account_number)) is not None)
    code = _read_code()
    _require_found(_checked(lambda: with_auth(settings, lambda auth: auth.customers.reset_code(account_number, code))))
    click.echo("The new code is valid, the account is unlocked, and its sessions have ended.")
    _warn_if_short(code)


@customers.command()
@click.argument("account_number")
@options.project
@options.store
def export(account_number: str, project: Path, store: str | None) -> None:
    """Print everything stored about ACCOUNT_NUMBER. One JSON object per line, including archived turns."""
    from bot.app.leaving import export_customer
    from bot.auth.opening import Auth
    from bot.encoding import encode
    from bot.stores.database import Database

    async def print_all(database: Database, auth: Auth) -> None:
        async for part in export_customer(database, auth, account_number):
            click.echo(encode(part).decode())

    with_both(load_settings(project, store), print_all, new=False)


@customers.command()
@click.argument("account_number")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.project
@options.store
def erase(account_number: str, yes: bool, project: Path, store: str | None) -> None:
    """Permanently delete ACCOUNT_NUMBER and all its data. The bot may keep running.

    This includes sessions, conversations, archived turns, undelivered replies, reminders and records of transfers.
    Refused while the outcome of a transfer is not known: the customer is then logged out and disabled, and must be
    erased again later. Backups and logs are not changed.
    """
    from bot.app.leaving import erase_customer

    settings = load_settings(project, store)
    if not yes:
        click.confirm("Permanently delete this customer and all their conversations?", abort=True, err=True)
    patience = settings.limits.turn_seconds + settings.limits.action_seconds
    count = with_both(
        settings, lambda database, auth: erase_customer(database, auth, account_number, patience=patience), new=False
    )
    click.echo(f"Erased the customer and {showing.counted(count, 'conversation')}.")


@customers.command("rotate-pepper")
@options.project
@options.store
def rotate_pepper(project: Path, store: str | None) -> None:
    """Create a new key for hashing codes. Copy the file to every machine, then restart the servers.

    Each customer's code is renewed at the next login.
    """
    from bot.auth import opening, pepper

    async def count_older(auth: opening.Auth) -> int:
        """Count codes under older keys; opening checks the file against the store, and records the new key there."""
        return await auth.customers.count_of_older_keys()

    settings = load_settings(project, store)
    file = opening.pepper_file(settings)
    before = with_auth(settings, count_older)
    pepper.rotate_pepper(file)
    now = with_auth(settings, count_older)
    click.echo(
        f"The new key is in place. Copy {file} to every other machine on this store, then "
        "restart the servers to use it. Keep the file with your backups."
    )
    click.echo(
        f"{now} customers have codes under older keys, {before} of them under keys older than the previous one; "
        "a code is renewed at its customer's next login."
    )


def _read_code() -> str:
    """Return the code, never from an argument: every process on the machine can see those."""
    if sys.stdin.isatty():
        return str(click.prompt("Code", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def _warn_if_short(code: str) -> None:
    if len(code) < _LONG_CODE:
        length = showing.counted(len(code), "character")
        cure = f"`bot customers reset-code` sets one of {_LONG_CODE} or more"
        click.echo(f"Warning: a code of {length} is easily guessed; {cure}.", err=True)


def _checked(work: Callable[[], T]) -> T:
    """Return the result of `work`; an invalid code or number becomes an error message."""
    try:
        return work()
    except ValueError as error:
        raise BotError(str(error)) from error


def _require_found(found: bool) -> None:
    if not found:
        from bot.app.leaving import UNKNOWN

        raise BotError(UNKNOWN)
