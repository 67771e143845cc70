"""`bot visualize`: draw the project's rules and stories."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bot.cli import options

if TYPE_CHECKING:
    from bot.content import Content
    from bot.dialogue.story_tree import Node

_MOST_LINES: Final = 4
"""How many examples or texts, and places, are shown for a step; a common one has hundreds."""


@click.command(short_help="Draw the rules and stories as a page.")
@options.project
@click.option(
    "-s",
    "--stories",
    type=click.Path(exists=True, path_type=Path),
    default=None,
    help="Draw the stories of this file, or the test stories of this folder, instead.",
)
@click.option("--out", type=options.FileName(), default=Path("graph.html"), help="The file for the page.")
def visualize(project: Path, stories: Path | None, out: Path) -> None:
    """Draw the rules and stories as trees, in a page for the browser.

    Steps that several of them begin with are drawn once; checkpoints and `or`
    are followed. Point at a step to see examples, texts and its place.
    """
    from bot.app.projects import load_project
    from bot.app.testing import tests_of
    from bot.cli.drawing import page
    from bot.dialogue.story_graph import ways
    from bot.dialogue.story_tree import tree_of

    loaded = load_project(project, command="train")
    content = loaded.content
    drawn = {"Rules": content.rules, "Stories": content.stories}
    if stories is not None:
        drawn = {"Test stories": tests_of(loaded, stories)}
    trees = {heading: tree_of(ways(paths, content.domain)) for heading, paths in drawn.items() if paths}
    if not trees:
        raise click.ClickException(f"{stories or project}: there are no rules or stories to draw")
    out.write_text(page(project.resolve().name, trees, lambda node: _tooltip_lines(node, content)), "utf-8")
    counts = ", ".join(f"{heading.lower()}: {len(paths)}" for heading, paths in drawn.items())
    click.echo(f"{counts}. Open {out} in a browser.")


def _tooltip_lines(node: Node, content: Content) -> Iterator[str]:
    """Yield what the user says for an intent, what the bot says for a response, and the places of the step."""
    examples = (example.text for example in content.nlu.examples if node.kind == "user" and example.intent == node.name)
    texts = (variation.text for variation in content.domain.responses.get(node.name, ()) if variation.text)
    yield from (f"“{text}”" for text in islice(chain(examples, texts), _MOST_LINES))
    yield from map(str, islice(node.places, _MOST_LINES))
