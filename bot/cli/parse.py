"""`bot parse`: shows how the matcher understands a message, and why."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import options

if TYPE_CHECKING:
    from bot.messages import Entity

_DOUBTS = {"out_of_scope": "it is not like any of the intents", "ambiguous": "several intents are about equally likely"}


@click.command(short_help="Show how a message is understood, and why.")
@click.argument("text")
@options.project
@click.option("--json", "as_json", is_flag=True, help="Print the parse as JSON, in the shape of POST /model/parse.")
def parse(text: str, project: Path, as_json: bool) -> None:
    """Show the possible intents of TEXT, the nearest examples with their places, its entities, and the time it took."""
    from bot.app.training import parse_text
    from bot.cli import showing
    from bot.dialogue.event_json import parse_to_json

    if not text.strip() and not as_json:
        click.echo("The message is empty, so there is nothing to parse.")
        return
    with redirect_stdout(sys.stderr):  # plugins may print, and a program may read the parse
        found, seconds = parse_text(project, text)
    if as_json:
        showing.as_json(parse_to_json(found))
        return
    showing.table(("intent", "confidence"), [(s.name, f"{s.confidence:.3f}") for s in found.ranking])
    showing.table(
        ("nearest example", "intent", "similarity", "place"),
        [(n.text, n.intent, f"{n.similarity:.3f}", n.place) for n in found.nearest],
    )
    _show_entities(text, found.entities)
    if found.doubt:
        reason = _DOUBTS[found.doubt]
        if best := next((s for s in found.ranking if s is not found.intent), None):
            reason += f": the likeliest, {best.name}, has a confidence of {best.confidence:.2f}"
        click.echo(f"Not understood, since {reason}. `bot train` shows the threshold.")
    click.echo(f"parsed in {seconds * 1000:.2f} ms", err=True)


def _show_entities(text: str, entities: Sequence[Entity]) -> None:
    """Show the entities as a table, with roles and groups if any entity has one."""
    from bot.cli import showing

    columns: dict[str, list[object]] = {
        "entity": [e.entity for e in entities],
        "role": [e.role or "" for e in entities],
        "group": [e.group or "" for e in entities],
        "text": [text[e.start : e.end] for e in entities],
        "value": ["" if e.value is None else e.value for e in entities],
        "span": [f"{e.start}:{e.end}" for e in entities],
        "extractor": [e.extractor for e in entities],
    }
    for name in ("role", "group"):
        if not any(columns[name]):
            del columns[name]
    showing.table(tuple(columns), zip(*columns.values(), strict=True))
