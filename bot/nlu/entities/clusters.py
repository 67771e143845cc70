"""Groups of words with similar meanings: a name that is in no example is still in the group of names.

The groups are clusters of the static vectors that the intent matcher uses;
`scripts/build_word_clusters.py` computes them. Clusters as features for taggers:
Miller, Guinness and Zamanian 2004; here they add a point of F1 on SNIPS.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.nlu.vectors import StaticVectors

CENTRES: Final = Path(__file__).parent / "clusters.npy"
SIZES: Final = (64, 512)
"""The number of groups, coarse and fine."""


class WordClusters:
    """Looks up the groups that a word is in. The files are opened at first use."""

    def __init__(self) -> None:
        self._vectors = StaticVectors()

    def of(self, word: str) -> tuple[int, ...]:
        """Return the word's group in each of `SIZES`; empty for a word with no known piece."""
        vector = self._vectors.apart(word)
        if not vector.any():
            return ()
        return tuple(int((centres @ vector).argmax()) for centres in self._centres)

    @cached_property
    def _centres(self) -> list[NDArray[np.float32]]:
        """The groups' centres, each of length 1: (64, d) and (512, d)."""
        table = np.load(CENTRES, allow_pickle=False).astype(np.float32)
        table /= np.linalg.norm(table, axis=1, keepdims=True)
        return np.split(table, np.cumsum(SIZES)[:-1])
