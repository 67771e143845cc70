"""`bot sessions`: the customers' current sessions."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli import options
from bot.cli.opening import load_settings, with_auth
from bot.errors import BotError

_ALL = 2**31 - 1


@click.group()
def sessions() -> None:
    """List and end customers' sessions."""


@sessions.command("list")
@click.option("--bank-id", type=options.PlainText(), help="Only the sessions of the customer with this id at the bank.")
@options.as_json
@options.project
@options.store
def list_(bank_id: str | None, as_json: bool, project: Path, store: str | None) -> None:
    """List the active sessions, newest first. Account numbers are masked."""
    from bot.cli import showing

    settings = load_settings(project, store)
    rows = [
        {
            "sessionId": r.id,
            "accountNumber": f"…{r.account_number[-3:]}",
            "bankCustomerId": r.bank_customer_id,
            "createdAt": r.created_at,
            "idleExpiresAt": r.idle_until,
            "expiresAt": r.absolute_until,
        }
        for r in with_auth(settings, lambda auth: auth.sessions.list(customer=bank_id, limit=_ALL))
    ]
    columns = ("id", "account", "bank's customer", "since", "idle until", "ends by")
    showing.listing(columns, rows, for_programs=as_json)


@sessions.command()
@click.argument("session_id", type=options.PlainText())
@options.project
@options.store
def end(session_id: str, project: Path, store: str | None) -> None:
    """End the session SESSION_ID. The conversation and its history are kept."""
    if not with_auth(load_settings(project, store), lambda auth: auth.sessions.end(session_id)):
        raise BotError(f"there is no active session {session_id}; `bot sessions list` shows them")
    click.echo("Ended the session.")
