"""Training a project, and parsing single messages, from the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from bot.app.agents import ShorthandMatcher
from bot.app.learning import learn
from bot.app.projects import load_project
from bot.messages import Parse
from bot.progress import Progress, silent


def train_project(folder: Path, *, force: bool = False, progress: Progress = silent) -> list[str]:
    """Train the project's matcher and policies; return lines about what was learned and chosen."""
    project = load_project(folder, command="train")
    trained = learn(project, retrain=force, progress=progress)
    content = project.content
    intents = {example.intent.partition("/")[0] for example in content.nlu.examples}
    done = "found in the cache" if trained.cached else f"trained in {trained.seconds:.1f} s"
    lines = [
        f"{len(content.nlu.examples)} examples of {len(intents)} intents, "
        f"{len(content.rules)} rules, {len(content.stories)} stories: {done}.",
        trained.model.explain_threshold(),
        trained.model.explain_left_out(),
    ]
    if not trained.kept:
        lines.append(f"Nothing was kept: {project.settings.data} cannot be written, so every start trains again.")
    return [line for line in lines if line]


def parse_text(folder: Path, text: str) -> tuple[Parse, float]:
    """The parse of a text by the project's matcher, with the nearest examples; and how long it took (seconds)."""
    project = load_project(folder, command="train")
    trained = learn(project)
    matcher = ShorthandMatcher(trained.model, project.content.domain)
    now = datetime.now(UTC)
    matcher.parse(text, now)  # a warm-up: the first parse is slower
    started = perf_counter()
    parse = matcher.parse(text, now)
    return parse, perf_counter() - started
