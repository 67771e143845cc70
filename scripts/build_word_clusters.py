"""Cluster the words of the static vectors; writes `bot/nlu/entities/clusters.npy`, the clusters' centres.

    python scripts/build_word_clusters.py

Spherical k-means (Dhillon and Modha 2001) over the whole words of the table,
once into 64 and once into 512 clusters; the centres are stored one after another
as int8, each in steps of its largest entry / 127. Needs only numpy, and takes a
minute. Run it again whenever `build_static_vectors.py` has written another table.
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
    """Return the vectors of all whole words of letters, scaled to length 1."""
    words = (WEIGHTS / "vocabulary.txt").read_text("utf-8").split("\n")
    kept = [at for at, word in enumerate(words) if len(word) > 1 and word.isalpha()]
    table = np.load(WEIGHTS / "vectors.npy")[kept].astype(np.float32)
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    return np.asarray(table[lengths[:, 0] > 0] / lengths[lengths[:, 0] > 0], np.float32)


def group(vectors: Floats, size: int) -> Floats:
    """Return the centres (size, d) of `size` clusters, each of length 1."""
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
    """Write the file."""
    vectors = whole_words()
    centres = np.concatenate([group(vectors, size) for size in SIZES])
    steps = np.abs(centres).max(axis=1, keepdims=True) / 127
    np.save(path, np.round(centres / steps).astype(np.int8))
    print(f"{path}: {path.stat().st_size} bytes for {len(centres)} clusters of {len(vectors)} words")


if __name__ == "__main__":
    main()
