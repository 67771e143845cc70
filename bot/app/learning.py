"""Trains the matcher and the policies from content, or loads them from the cache of models."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import perf_counter, time
from typing import Literal, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bot.app.guarding import TellFailure, guarded_policies
from bot.app.projects import Project, private_folder
from bot.content import Content, NluData
from bot.dialogue import Dialogue, train_dialogue
from bot.learning import ModelError
from bot.nlu import Model, fingerprint_of, train
from bot.nlu.settings import settings_of
from bot.progress import Progress, part, silent
from bot.reading.fingerprint import content_fingerprint

SEED = 0
KEPT = 8
"""How many models of a kind stay in the cache: enough to go back and forth between a few versions of the content."""

_DAY = 86_400.0
"""Seconds after which a half-written model is taken for the remains of a killed process."""

_MATCHER = 0.8
"""Roughly the matcher's share of the training time."""

Learned = TypeVar("Learned", Model, Dialogue)
Cached: TypeAlias = Literal["found", "kept", "lost"]
"""Whether the model was in the cache, was saved to it, or could not be saved."""


class Trained(Struct, frozen=True):
    """The trained models. `seconds` is how long that took, `cached` whether both came from the cache.

    `kept`: whether the next start finds them there.
    """

    model: Model
    dialogue: Dialogue
    seconds: float
    cached: bool
    kept: bool = True


def learn(
    project: Project, *, anew: bool = False, progress: Progress = silent, tell_failure: TellFailure | None = None
) -> Trained:
    """The model and the policies of the project: from its cache (unless `anew`), or trained and saved there.

    The cache is keyed by what training uses, so that editing a response
    trains nothing. A cached model that cannot be read is trained again, and
    if the cache cannot be written, nothing is kept. With `tell_failure`,
    plugins' policies abstain when they raise, and the error is reported to it.

    Raises ContentError if something must be trained and the content has errors;
    cached models were trained from content without any.
    """
    started = perf_counter()
    content, plugins = project.content, project.plugins
    components = plugins.nlu_components()
    models = project.settings.data / "models"

    @cache
    def check() -> None:
        from bot.app.checking import check_learnable  # a start with cached models need not load it

        check_learnable(project)

    def learn_matcher() -> Model:
        check()
        return train(content, seed=SEED, progress=part(progress, 0.0, _MATCHER), components=components)

    def load_matcher(folder: Path) -> Model:
        model = Model.load(folder, components=components)
        if model.components != tuple(component.name for component in settings_of(content, components).custom):
            raise ModelError(f"{folder}: trained without components that a plugin offers now")
        return model

    with contextlib.suppress(OSError):
        private_folder(project.settings)
    matcher_folder = models / f"nlu-{fingerprint_of(content, SEED)[:24]}"
    model, found_model = _cached(matcher_folder, load_matcher, learn_matcher, anew=anew)
    factories = guarded_policies(plugins.policies(), tell_failure) if tell_failure else plugins.policies()

    def learn_dialogue() -> Dialogue:
        check()
        progress("policies", _MATCHER)
        return train_dialogue(content, factories)

    policies, found_policies = _cached(
        models / f"dialogue-{_policies_fingerprint(content)[:24]}",
        lambda folder: Dialogue.load(folder, content, factories),
        learn_dialogue,
        anew=anew,
    )
    progress("done", 1.0)
    found = {found_model, found_policies}
    return Trained(model, policies, perf_counter() - started, cached=found == {"found"}, kept="lost" not in found)


def _policies_fingerprint(content: Content) -> str:
    """The sha256 (hex) of everything that policies are trained from: neither NLU examples nor texts of responses."""
    names = dict.fromkeys(content.domain.responses, ())
    return content_fingerprint(replace(content, nlu=NluData(), domain=replace(content.domain, responses=names)))


def _cached(
    folder: Path, load: Callable[[Path], Learned], learn: Callable[[], Learned], *, anew: bool
) -> tuple[Learned, Cached]:
    if folder.is_dir() and not anew:
        with contextlib.suppress(Exception):  # another version's, or truncated: it is only a cache
            found = load(folder)
            with contextlib.suppress(OSError):
                os.utime(folder)
            return found, "found"
    shutil.rmtree(folder, ignore_errors=True)
    learned = learn()
    cached: Cached = "lost"
    with contextlib.suppress(OSError):  # a read-only project is trained each time
        with _written_whole(folder) as draft:
            learned.save(draft)
        cached = "kept"
    with contextlib.suppress(OSError):  # another process may be removing old models, too
        _forget_old(folder.parent, folder.name.partition("-")[0])
    return learned, cached


@contextmanager
def _written_whole(folder: Path) -> Iterator[Path]:
    """A folder that appears under its name only once it is complete.

    If another process was quicker, its folder stays: it has the same content.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".training-", dir=folder.parent))
    try:
        yield draft
        try:
            draft.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _forget_old(cache: Path, kind: str) -> None:
    """Remove the least recently used models of a kind, and the half-written ones of killed processes."""
    models = sorted(cache.glob(f"{kind}-*"), key=_last_used)
    left = [draft for draft in cache.glob(".training-*") if _last_used(draft) < time() - _DAY]
    for old in (*models[:-KEPT], *left):
        shutil.rmtree(old, ignore_errors=True)


def _last_used(folder: Path) -> float:
    """When the folder was written or its model last loaded; raises OSError if another process has removed it."""
    return folder.stat().st_mtime
