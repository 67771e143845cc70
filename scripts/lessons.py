"""Training data for distillation: texts and a teacher's vectors of them, which are cached."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from msgspec import Struct
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from vector_corpus import parts

CHUNK = 8192


class Teacher(Protocol):
    """An encoder of sentences."""

    def embed(self, texts: list[str]) -> NDArray[np.float16]:
        """Vectors (len(texts), d) of length 1."""


class Lessons(Struct, frozen=True):
    """Texts, the teacher's vectors of them (n, d), and which of the texts are synthetic."""

    texts: list[str]
    vectors: Tensor
    made_up: np.ndarray

    def principal(self, width: int) -> Tensor:
        """The directions (d, width) in which the vectors vary most."""
        _, directions = torch.linalg.eigh(self.vectors.T @ self.vectors / len(self.vectors))
        return directions[:, -width:].flip(1)

    def along(self, directions: Tensor) -> Tensor:
        """The vectors projected onto the given directions (d, width), scaled to length 1: (n, width)."""
        return functional.normalize(self.vectors @ directions, dim=1)


def lessons(teacher: Teacher, folder: Path, cache: Path, *, only_cached: bool = False) -> Lessons:
    """All texts of the folder with their vectors; those not in the cache are computed, or left out if `only_cached`."""
    texts: list[str] = []
    found: list[np.ndarray] = []
    made_up: list[bool] = []
    for name, part in parts(folder).items():
        for start in range(0, len(part), CHUNK):
            file = cache / name / f"{start // CHUNK:04d}.npy"
            if not file.exists():
                if only_cached:
                    break
                file.parent.mkdir(parents=True, exist_ok=True)
                np.save(file, teacher.embed(part[start : start + CHUNK]))
            found.append(np.load(file))
            texts += part[start : start + CHUNK]
            made_up += [name == "tasks"] * len(found[-1])
    return Lessons(texts, torch.tensor(np.concatenate(found)).float(), np.array(made_up))


def options_of(about: str | None, *, epochs: int, threads: int) -> argparse.Namespace:
    """The command-line options of a distillation: folders of texts and cache, how long to train, on how many cores."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--threads", type=int, default=threads)
    parser.add_argument(
        "--only-cached", action="store_true", help="leave out texts without a cached vector of the teacher"
    )
    return parser.parse_args()
