"""Trains the matcher and the policies from content, or loads them from the cache of models."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import perf_counter, time
from typing import Literal, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bot.app.guarding import ReportFailure, guarded_policies
from bot.app.projects import Project, private_folder
from bot.content import Content, NluData
from bot.dialogue import Dialogue, train_dialogue
from bot.dialogue.train import Factory
from bot.learning import ModelError
from bot.nlu import Model, fingerprint_of, train
from bot.nlu.settings import settings_of
from bot.progress import Progress, part, silent
from bot.reading.fingerprint import content_fingerprint

SEED = 0
MODELS_KEPT = 8
"""How many models of a kind stay in the cache: enough to go back and forth between a few versions of the content."""

_LEFT_OVER_AFTER = 86_400.0
"""Age in seconds from which a half-written model counts as left over by a killed process."""

_MATCHER_SHARE = 0.8
"""Roughly the matcher's share of the training time."""

Learned = TypeVar("Learned", Model, Dialogue)
Origin: TypeAlias = Literal["cache", "trained", "trained, not saved"]
"""Where a model comes from."""


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
    project: Project, *, retrain: bool = False, progress: Progress = silent, report_failure: ReportFailure | None = None
) -> Trained:
    """The model and the policies of the project: from its cache (unless `retrain`), or trained and saved there.

    The cache is keyed by what training uses, so that editing a response
    trains nothing. A cached model that cannot be read is trained again, and
    if the cache cannot be written, nothing is kept. With `report_failure`,
    plugins' policies abstain when they raise, and the error is reported to it.

    Raises ContentError if something must be trained and the content has errors;
    cached models were trained from content without any.
    """
    started = perf_counter()

    @cache
    def check() -> None:
        from bot.app.checking import check_learnable  # a start with cached models need not load it

        check_learnable(project)

    with contextlib.suppress(OSError):
        private_folder(project.settings)
    model, model_origin = _learn_matcher(project, check, progress, retrain=retrain)
    factories = project.plugins.policies()
    if report_failure is not None:
        factories = guarded_policies(factories, report_failure)
    dialogue, dialogue_origin = _learn_dialogue(project, factories, check, progress, retrain=retrain)
    progress("done", 1.0)
    origins = {model_origin, dialogue_origin}
    return Trained(
        model, dialogue, perf_counter() - started, cached=origins == {"cache"}, kept="trained, not saved" not in origins
    )


def _learn_matcher(
    project: Project, check: Callable[[], None], progress: Progress, *, retrain: bool
) -> tuple[Model, Origin]:
    content, components = project.content, project.plugins.nlu_components()

    def load(folder: Path) -> Model:
        model = Model.load(folder, components=components)
        if model.components != tuple(component.name for component in settings_of(content, components).custom):
            raise ModelError(f"{folder}: trained without components that a plugin offers now")
        return model

    def learn() -> Model:
        check()
        return train(content, seed=SEED, progress=part(progress, 0.0, _MATCHER_SHARE), components=components)

    folder = project.settings.data / "models" / f"nlu-{fingerprint_of(content, SEED)[:24]}"
    return _load_or_train(folder, load, learn, retrain=retrain)


def _learn_dialogue(
    project: Project, factories: Mapping[str, Factory], check: Callable[[], None], progress: Progress, *, retrain: bool
) -> tuple[Dialogue, Origin]:
    content = project.content

    def learn() -> Dialogue:
        check()
        progress("policies", _MATCHER_SHARE)
        return train_dialogue(content, factories)

    folder = project.settings.data / "models" / f"dialogue-{_policies_fingerprint(content)[:24]}"
    return _load_or_train(folder, lambda found: Dialogue.load(found, content, factories), learn, retrain=retrain)


def _policies_fingerprint(content: Content) -> str:
    """The sha256 (hex) of everything that policies are trained from: neither NLU examples nor texts of responses."""
    names = dict.fromkeys(content.domain.responses, ())
    return content_fingerprint(replace(content, nlu=NluData(), domain=replace(content.domain, responses=names)))


def _load_or_train(
    folder: Path, load: Callable[[Path], Learned], learn: Callable[[], Learned], *, retrain: bool
) -> tuple[Learned, Origin]:
    if folder.is_dir() and not retrain:
        with contextlib.suppress(Exception):  # another version's, or truncated: it is only a cache
            found = load(folder)
            with contextlib.suppress(OSError):
                os.utime(folder)
            return found, "cache"
    shutil.rmtree(folder, ignore_errors=True)
    learned = learn()
    origin: Origin = "trained, not saved"
    with contextlib.suppress(OSError):  # a read-only project is trained each time
        with _written_atomically(folder) as draft:
            learned.save(draft)
        origin = "trained"
    with contextlib.suppress(OSError):  # another process may be removing old models, too
        _remove_old(folder.parent, folder.name.partition("-")[0])
    return learned, origin


@contextmanager
def _written_atomically(folder: Path) -> Iterator[Path]:
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


def _remove_old(cache: Path, kind: str) -> None:
    """Remove the least recently used models of a kind, and the half-written ones of killed processes."""
    models = sorted(cache.glob(f"{kind}-*"), key=_last_used)
    left_over = [draft for draft in cache.glob(".training-*") if _last_used(draft) < time() - _LEFT_OVER_AFTER]
    for old in (*models[:-MODELS_KEPT], *left_over):
        shutil.rmtree(old, ignore_errors=True)


def _last_used(folder: Path) -> float:
    """When the folder was written or its model last loaded; raises OSError if another process has removed it."""
    return folder.stat().st_mtime
