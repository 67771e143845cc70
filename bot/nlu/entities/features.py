"""The tagger's features of each word: itself, its shape and affixes, its neighbours, tables that contain it.

The feature set is the usual one for named entities with linear-chain CRFs
(Ratinov and Roth 2009, "Design challenges and misconceptions in named entity
recognition"): words in a window, prefixes and suffixes, shapes, gazetteers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from bot.nlu.entities.clusters import WordClusters
from bot.nlu.entities.grammar.names import MONTHS, WEEKDAYS
from bot.nlu.entities.patterns import Patterns
from bot.nlu.entities.words import Word, well_formed

_CACHE_LIMIT = 500
"""The number of different words whose features are cached; then the cache is cleared."""

_AFFIXES = (1, 2, 3, 4, 5)
"""Lengths of the prefixes and suffixes of a word that are features; its neighbours' do not help."""

_RUNS = re.compile(r"(.)\1+")

_SENTENCE_ENDS = frozenset(".!?")
_ALWAYS_CAPITAL = frozenset({"i", "i'm", "i'd", "i'll", "i've", *WEEKDAYS, *MONTHS, "christmas", "xmas", "easter"})


class _WordFeatures(NamedTuple):
    """The features that a word gives to itself, and to the words that it is one or two places before or after."""

    two_before: list[str]
    before: list[str]
    own: list[str]
    after: list[str]
    two_after: list[str]


def shape(word: str) -> str:
    """Return a word's shape: X and x for letters, d for digits, with runs shortened (`Route66` is `Xxd`)."""
    return _RUNS.sub(r"\1", "".join(map(_letter_shape, word[:20])))


def _letter_shape(letter: str) -> str:
    if letter.isupper():
        return "X"
    if letter.isalpha():
        return "x"
    return "d" if letter.isdigit() else letter


def has_informative_capitals(text: str, words: Sequence[Word]) -> bool:
    """Whether the capitals of a message are informative, for example because they mark names.

    Those of a sentence's first word, of `I`, days, months and words all in
    capitals do not count: people who use no other capitals write those.
    """
    before = [".", *(word.folded for word in words)]
    return any(
        text[word.start].isupper()
        and last not in _SENTENCE_ENDS
        and word.folded not in _ALWAYS_CAPITAL
        and not text[word.start : word.end].removesuffix("s").isupper()
        for last, word in zip(before, words, strict=False)
    )


class Featurizer:
    """Turns words into CRFsuite's features; caches those of single words for speed.

    `common` are the folded words that the examples use more than twice; all
    others are marked as rare, so that unseen words have a known feature too.
    `clusters` are the groups that words are in, if there are any for their language.
    """

    def __init__(
        self, patterns: Patterns, common: frozenset[str] = frozenset(), clusters: WordClusters | None = None
    ) -> None:
        self.patterns = patterns
        self.common = common
        self.clusters = clusters
        self._cache: dict[tuple[str, str], _WordFeatures] = {}

    def __call__(self, text: str, words: Sequence[Word], topic: str = "", *, cased: bool = False) -> list[list[str]]:
        """Return a list of features for each word of `text`, which is about `topic` (empty: unknown).

        With `cased`, the features include capitals.
        """
        folded = [word.folded for word in words]
        written = [text[word.start : word.end] for word in words] if cased else folded
        features = list(map(self._features, written, folded))
        last = len(words) - 1
        rows = []
        for at in range(len(words)):
            row = features[at].own.copy()
            row += features[at - 1].before if at > 0 else _BEGINNING
            row += features[at + 1].after if at < last else _END
            if at > 1:
                row += features[at - 2].two_before
            if at < last - 1:
                row += features[at + 2].two_after
            if at > 0:
                row.append(f"-1w|w={folded[at - 1]}|{folded[at]}")
            if at < last:
                row.append(f"w|+1w={folded[at]}|{folded[at + 1]}")
            if topic:
                row += [f"y={topic}", f"y|w={topic}|{folded[at]}"]
            rows.append(row)
        if not self.patterns.empty:
            self._add_memberships(text, words, rows)
        return rows

    def _features(self, written: str, folded: str) -> _WordFeatures:
        features = self._cache.get((written, folded))
        if features is None:
            if len(self._cache) >= _CACHE_LIMIT:
                self._cache.clear()
            marks = [] if folded in self.common else ["rare"]
            if self.clusters:
                marks += [f"c{at}={cluster}" for at, cluster in enumerate(self.clusters.of(folded))]
            features = self._cache[written, folded] = _word_features(written, folded, marks)
        return features

    def _add_memberships(self, text: str, words: Sequence[Word], rows: list[list[str]]) -> None:
        marks: list[set[str]] = [set() for _ in words]
        for hit in self.patterns.find(text, words):
            first = True
            for at, word in enumerate(words):
                if word.start < hit.end and word.end > hit.start:
                    marks[at].add(f"in={'B' if first else 'I'}-{hit.name}")
                    first = False
        for at, row in enumerate(rows):
            row.extend(sorted(marks[at]))
            if at > 0:
                row.extend(f"-1{mark}" for mark in sorted(marks[at - 1]))
            if at < len(rows) - 1:
                row.extend(f"+1{mark}" for mark in sorted(marks[at + 1]))


_BEGINNING = ["-1=BOS"]
_END = ["+1=EOS"]


def _word_features(written: str, folded: str, marks: list[str]) -> _WordFeatures:
    word = folded[:40]
    form = shape(written if written.isascii() else well_formed(written))
    near = [f"w={word}", f"f={form}", *marks]
    prefixes = [f"p{n}={word[:n]}" for n in _AFFIXES if len(word) > n]
    suffixes = [f"s{n}={word[-n:]}" for n in _AFFIXES if len(word) > n]
    return _WordFeatures(
        two_before=[f"-2w={word}"],
        before=[f"-1{feature}" for feature in near],
        own=["bias", *near, *prefixes, *suffixes],
        after=[f"+1{feature}" for feature in near],
        two_after=[f"+2w={word}"],
    )
