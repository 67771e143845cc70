"""Group the words of the static vectors: makes `bot/nlu/entities/clusters.npy`, the groups' centres.

    python scripts/build_word_clusters.py

Spherical k-means (Dhillon and Modha 2001) over the whole words of the table,
once into 64 and once into 512 groups; the centres are kept one after another
as int8, each in steps of its own largest number. Needs numpy only; a minute.
Run it again after `build_static_vectors.py` made another table.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.nlu.entities.clusters import CENTRES, SIZES
from bot.nlu.vectors import WEIGHTS

ROUNDS = 15
Floats = NDArray[np.float32]


def whole_words() -> Floats:
    """Give the vectors of all whole words of letters, scaled to length 1."""
    words = (WEIGHTS / "vocabulary.txt").read_text("utf-8").split("\n")
    kept = [at for at, word in enumerate(words) if len(word) > 1 and word.isalpha()]
    table = np.load(WEIGHTS / "vectors.npy")[kept].astype(np.float32)
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    return np.asarray(table[lengths[:, 0] > 0] / lengths[lengths[:, 0] > 0], np.float32)


def group(vectors: Floats, size: int) -> Floats:
    """Give the centres (size, d) of as many groups, each of length 1."""
    centres = vectors[np.random.default_rng(0).choice(len(vectors), size, replace=False)].copy()
    for _ in range(ROUNDS):
        nearest = (vectors @ centres.T).argmax(axis=1)
        for at in range(size):
            total = vectors[nearest == at].sum(axis=0)
            length = float(np.linalg.norm(total))
            if length:
                centres[at] = total / length
    return centres


def main(path: Path = CENTRES) -> None:
    """Make the file."""
    vectors = whole_words()
    centres = np.concatenate([group(vectors, size) for size in SIZES])
    steps = np.abs(centres).max(axis=1, keepdims=True) / 127
    np.save(path, np.round(centres / steps).astype(np.int8))
    print(f"{path}: {path.stat().st_size} bytes for {len(centres)} groups of {len(vectors)} words")


if __name__ == "__main__":
    main()
