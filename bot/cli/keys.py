"""`bot keys`: the API keys of trusted backends and operators."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli import options
from bot.cli.opening import load_settings, with_auth
from bot.errors import BotError


@click.group()
def keys() -> None:
    """Create, list and revoke keys. A key works at once, without a restart."""


@keys.command()
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(["channel", "operator"]),
    multiple=True,
    required=True,
    help="What the key may do: speak for a backend's users, or operate the bot. Can be given twice.",
)
@click.option(
    "--label",
    type=options.PlainText(may_be_empty=True),
    default="",
    help="A description, to recognise the key in the list.",
)
@options.project
@options.store
def create(scopes: tuple[str, ...], label: str, project: Path, store: str | None) -> None:
    """Create a key and print it, alone on the last line. It is stored hashed and cannot be shown again."""
    key = with_auth(load_settings(project, store), lambda auth: auth.keys.create(scopes, label=label))
    click.echo(f"Key {key.id} ({', '.join(sorted(scopes))}). Save it now; it cannot be shown again:", err=True)
    click.echo(key.secret)


@keys.command("list")
@options.as_json
@options.project
@options.store
def list_(as_json: bool, project: Path, store: str | None) -> None:
    """List all keys, including revoked ones."""
    from bot.cli import showing

    rows = [
        {"id": r.id, "scopes": r.scopes, "label": r.label, "createdAt": r.created_at, "revokedAt": r.revoked_at}
        for r in with_auth(load_settings(project, store), lambda auth: auth.keys.list())
    ]
    showing.listing(("id", "scopes", "label", "created", "revoked"), rows, for_programs=as_json)


@keys.command()
@click.argument("key_id", type=options.PlainText())
@options.project
@options.store
def revoke(key_id: str, project: Path, store: str | None) -> None:
    """Permanently revoke the key KEY_ID, from its next request on."""
    if not with_auth(load_settings(project, store), lambda auth: auth.keys.revoke(key_id)):
        raise BotError(f"there is no active key {key_id}; `bot keys list` shows all keys")
    click.echo(f"Revoked {key_id}.")
