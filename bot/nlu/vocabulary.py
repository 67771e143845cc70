"""Numbered words in half a megabyte; a dictionary of them would take four."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

WORDS: Final = "vocabulary.txt"
SLOTS: Final = "slots.npy"


class Vocabulary(Mapping[str, int]):
    """The words of a text, one per line, numbered from 0: a hash table with open addressing (Knuth,
    The Art of Computer Programming, vol. 3, 6.4, algorithm L) in arrays that are used directly from the file."""

    def __init__(self, folder: Path) -> None:
        """Read `vocabulary.txt` (UTF-8) and `slots.npy`, which `slots_of` created for it."""
        self._text = (folder / WORDS).read_bytes()
        breaks = np.flatnonzero(np.frombuffer(self._text, np.uint8) == ord("\n"))
        bounds = np.concatenate(([-1], breaks, [len(self._text)])).astype(np.int32)
        # Memoryviews return plain ints, in half the time that an array takes.
        self._bounds = bounds.data
        self._slots = np.load(folder / SLOTS, allow_pickle=False).data

    def get(self, word: str, default: int | None = None) -> int | None:  # type: ignore[override] # only None is ever passed
        """The word's number, or None."""
        key = word.encode(errors="surrogatepass")  # any text can be looked up
        last = len(self._slots) - 1
        slot = crc32(key) & last
        while after := self._slots[slot]:
            if self._text[self._bounds[after - 1] + 1 : self._bounds[after]] == key:
                return int(after) - 1
            slot = (slot + 1) & last
        return default

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.get(word) is not None

    def __getitem__(self, word: str) -> int:
        number = self.get(word)
        if number is None:
            raise KeyError(word)
        return number

    def __iter__(self) -> Iterator[str]:
        return iter(self._text.decode().split("\n"))

    def __len__(self) -> int:
        return len(self._bounds) - 1


def slots_of(words: Sequence[str]) -> NDArray[np.uint16]:
    """The hash table of at most 40,000 different words: each one's number + 1, in the first free slot from its hash on.

    There are 65,536 slots; an empty one is 0.
    """
    slots = np.zeros(1 << 16, np.uint16)
    for number, word in enumerate(words):
        slot = crc32(word.encode()) % len(slots)
        while slots[slot]:
            slot = (slot + 1) % len(slots)
        slots[slot] = number + 1
    return slots
