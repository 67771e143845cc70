"""Finds likely problems in the training data for its authors, each with its place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import numpy as np
from msgspec import Struct, to_builtins

from bot.content import Content, Example
from bot.messages import JsonObject
from bot.nlu.calibration import held_out
from bot.nlu.features import Features
from bot.nlu.kernel import IN_MEMORY, Kernel
from bot.nlu.text import normalise, words
from bot.nlu.tfidf import Tfidf
from bot.nlu.training import distinct
from bot.nlu.vectors import StaticVectors

THIN: Final = 5
"""An intent with fewer examples than this is thin."""
DUPLICATE: Final = 0.92
"""Two examples say the same if their similarity is at least this."""
_SURE: Final = 0.6
_BLOCK: Final = 500


class Mislabelled(Struct, frozen=True):
    """An example that a matcher trained without it, and its nearest neighbours, assign to another intent."""

    text: str
    place: str
    intent: str
    suggested: str
    probability: float
    neighbour: str
    neighbour_place: str


class NearDuplicate(Struct, frozen=True):
    """Two examples of different intents that say the same, and their similarity (0 to 1)."""

    text: str
    place: str
    intent: str
    other_text: str
    other_place: str
    other_intent: str
    similarity: float


class ThinIntent(Struct, frozen=True):
    """An intent with few examples."""

    intent: str
    examples: int


class Coverage(Struct, frozen=True):
    """An entity: how often it is annotated, its number of distinct values, and where a known value is not annotated."""

    entity: str
    annotated: int
    values: int
    missed: tuple[tuple[str, str], ...]


class Findings(Struct, frozen=True):
    """All findings about a project's training data."""

    mislabelled: tuple[Mislabelled, ...]
    near_duplicates: tuple[NearDuplicate, ...]
    thin: tuple[ThinIntent, ...]
    entities: tuple[Coverage, ...]

    def as_json(self) -> JsonObject:
        """The findings as JSON."""
        report: JsonObject = to_builtins(self)
        return report


def find(content: Content, *, in_memory: int = IN_MEMORY) -> Findings:
    """Check the training data; if there are more examples than `in_memory`, in blocks."""
    examples = sorted(distinct(content.nlu.examples), key=lambda e: e.intent)
    texts = [_without_punctuation(e.text) for e in examples]
    if not texts:
        return Findings((), (), (), ())
    kernel = Kernel(Features(Tfidf.fit(texts), [StaticVectors()]).of(texts), in_memory)
    return Findings(
        tuple(_mislabelled(kernel, examples)),
        tuple(sorted(_near_duplicates(kernel, examples), key=lambda d: (-d.similarity, d.place))),
        tuple(_thin(examples)),
        tuple(_coverage(content)),
    )


def _without_punctuation(text: str) -> str:
    """The text's words, normalised; the text itself if it has none."""
    return " ".join(word for word, _ in words(normalise(text)) if any(c.isalnum() for c in word)) or text


def _mislabelled(kernel: Kernel, examples: Sequence[Example]) -> Iterator[Mislabelled]:
    names, labels = np.unique(np.array([e.intent for e in examples], dtype=object), return_inverse=True)
    if len(names) < 2:
        return
    found = held_out(kernel, labels, len(examples), seed=0)
    sure = np.array([evidence.best for evidence in found.inside])
    suspects = np.flatnonzero((found.predicted != labels[found.rows]) & (sure >= _SURE))
    for at, similarities in zip(suspects, kernel.to_all(found.rows[suspects]), strict=True):
        row, predicted = int(found.rows[at]), found.predicted[at]
        similarities[row] = -1
        nearest = np.argsort(-similarities, kind="stable")[:3]
        agreeing = [examples[int(i)] for i in nearest if labels[i] == predicted]
        if len(agreeing) >= 2:
            example, neighbour = examples[row], agreeing[0]
            yield Mislabelled(
                example.text,
                str(example.place),
                example.intent,
                suggested=str(names[predicted]),
                probability=float(sure[at]),
                neighbour=neighbour.text,
                neighbour_place=str(neighbour.place),
            )


def _near_duplicates(kernel: Kernel, examples: Sequence[Example]) -> Iterator[NearDuplicate]:
    step = min(_BLOCK, kernel.in_memory)
    for start in range(0, len(examples), step):
        block = np.arange(start, min(start + step, len(examples)))
        similarities = kernel.to_all(block)
        for i, other in np.argwhere(similarities >= DUPLICATE):
            a, b = examples[start + i], examples[other]
            if start + i < other and a.intent != b.intent:
                near = min(1.0, float(similarities[i, other]))
                yield NearDuplicate(a.text, str(a.place), a.intent, b.text, str(b.place), b.intent, near)


def _thin(examples: Sequence[Example]) -> Iterator[ThinIntent]:
    counts = Counter(example.intent for example in examples)
    for intent, count in sorted(counts.items(), key=lambda item: (item[1], item[0])):
        if count < THIN:
            yield ThinIntent(intent, count)


def _coverage(content: Content) -> Iterator[Coverage]:
    """Search values of three letters or more, as whole words, in the examples that do not annotate them."""
    examples = content.nlu.examples
    marked = [[(a.entity, normalise(e.text[a.start : a.end])) for a in e.annotations] for e in examples]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for entity, value in chain.from_iterable(marked):
        counts[entity][value] += 1
    texts = _WordIndex([normalise(e.text) for e in examples])
    for entity in sorted({*counts, *content.domain.entities}):
        known = counts.get(entity, Counter())
        missed = tuple(
            (value, str(examples[at].place))
            for value in sorted(known)
            if len(value) >= 3
            for at in texts.containing(value)
            if all(value != other for _, other in marked[at])
        )
        yield Coverage(entity, known.total(), len(known), missed)


class _WordIndex:
    """Normalised texts with an index of their words, since there can be many values and many texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._padded: list[str] = []
        self._texts_with: dict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(texts):
            tokens = _tokens(text)
            self._padded.append(f" {' '.join(tokens)} ")
            for token in set(tokens):
                self._texts_with[token].append(number)

    def containing(self, phrase: str) -> list[int]:
        """The numbers of the texts that contain the normalised phrase as whole words."""
        tokens = _tokens(phrase)
        padded = f" {' '.join(tokens)} "
        candidates = min((self._texts_with.get(token, []) for token in tokens), key=len, default=[])
        return [number for number in candidates if padded in self._padded[number]]


def _tokens(text: str) -> list[str]:
    """The words and signs of a text, or its characters in scripts without spaces."""
    return [part for word, unspaced in words(text) for part in (word if unspaced else (word,))]
