"""BERT's uncased tokeniser (Devlin et al. 2018): words, then the longest known pieces from the left."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|(?:(?![{_IDEOGRAPHS}_])\w)+|[^\w\s]|_")
_LONGEST_WORD = 100
_LONGEST_TEXT = 64
"""The largest number of pieces, including both ends."""


class WordPiece:
    """Turns text into piece numbers, between those of `[CLS]` and `[SEP]`."""

    def __init__(self, vocabulary: Path) -> None:
        pieces = vocabulary.read_text("utf-8").split("\n")
        self._numbers = {piece: i for i, piece in enumerate(pieces)}
        self._start, self._end, self._unknown = (self._numbers[p] for p in ("[CLS]", "[SEP]", "[UNK]"))
        self._pieces = lru_cache(maxsize=20_000)(self._find_pieces)

    def encode(self, text: str) -> list[int]:
        """The numbers of at most 64 pieces, including both ends."""
        most = _LONGEST_TEXT - 2
        found: list[int] = []
        for word in _words(text[: 20 * _LONGEST_TEXT]):
            found += self._pieces(word)
            if len(found) > most:
                break
        return [self._start, *found[:most], self._end]

    def _find_pieces(self, word: str) -> tuple[int, ...]:
        """The numbers of a word's pieces, or only that of `[UNK]` if a part of it is in none."""
        if len(word) > _LONGEST_WORD:
            return (self._unknown,)
        found: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            end = next((e for e in range(len(word), start, -1) if prefix + word[start:e] in self._numbers), None)
            if end is None:
                return (self._unknown,)
            found.append(self._numbers[prefix + word[start:end]])
            start = end
        return tuple(found)


def _words(text: str) -> Iterator[str]:
    decomposed = unicodedata.normalize("NFD", text.lower())
    plain = "".join(c for c in decomposed if unicodedata.category(c) not in {"Mn", "Cf"})
    return (match.group() for match in _WORD.finditer(plain))
