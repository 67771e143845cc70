"""Entities by pattern: designers' regexes and lookup tables, misspelt entries on request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self

from msgspec import Struct
from rapidfuzz import fuzz, process

from bot.content import Content
from bot.messages import Entity, JsonObject
from bot.nlu.entities.words import Word, split_words

_REGEX_LIMIT = 10_000
"""Code points of a message that designers' regexes see: they may need time that grows faster than the text."""

_REGEX_SECONDS = 0.05
"""How long one regex that may be slow looks at a message; what it has not found by then it does not find."""

_FUZZY_LIMIT = 200
"""Words of a message that are compared with misspellings in mind."""

_SHORTEST_MISSPELT = 4
"""Letters below which a near match says too little (`bill` for `will` has 75 % of its letters)."""


class Hit(NamedTuple):
    """A match of the pattern or table `name` at `text[start:end]`; `value` and `score` (0 to 1) for misspelt ones."""

    start: int
    end: int
    name: str
    value: str | None = None
    score: float = 1.0


class PatternOptions(Struct, frozen=True):
    """Rasa's options of RegexFeaturizer and RegexEntityExtractor, and ours for misspelt lookups.

    `threshold` is the least similarity of a misspelt entry, 0 to 100 (rapidfuzz's ratio).
    """

    use_lookup_tables: bool = True
    use_regexes: bool = True
    use_word_boundaries: bool = True
    case_sensitive: bool = False
    fuzzy: bool = False
    threshold: float = 85.0

    @classmethod
    def read(cls, options: JsonObject) -> Self:
        """Take the known options out of a component's, which may hold others."""
        known = {key: bool(options[key]) for key in _FLAGS if options.get(key) is not None}
        threshold = options.get("threshold")
        if isinstance(threshold, int | float):
            return cls(**known, threshold=float(threshold) * (100.0 if threshold <= 1 else 1.0))
        return cls(**known)


_FLAGS = ("use_lookup_tables", "use_regexes", "use_word_boundaries", "case_sensitive", "fuzzy")


class _Limited(Struct, frozen=True):
    """A regex that may take long, matched by the package `regex`, which can be told to give up."""

    pattern: Any

    def finditer(self, text: str) -> Iterator[Any]:
        """The matches that are found in time."""
        try:
            yield from self.pattern.finditer(text, timeout=_REGEX_SECONDS)
        except TimeoutError:
            return


def _compiled(pattern: str, flags: int) -> re.Pattern[str] | _Limited:
    """The pattern, with a limit of time where it may need one; raises what `re.compile` does."""
    ours = re.compile(pattern, flags)
    if not _may_be_slow(pattern):
        return ours
    import regex  # takes 30 ms and 2 MB, which most projects save

    try:
        return _Limited(regex.compile(pattern, regex.IGNORECASE if flags & re.IGNORECASE else 0))
    except regex.error as error:
        raise re.error(str(error)) from error


_REPEATS = re.compile(r"[*+]|(?<![(*+}?])\?|\{\d*,\d*\}")
_OF_A_GROUP = re.compile(r"\)[*+{]|\\\d|\(\?P=")


def _may_be_slow(pattern: str) -> bool:
    """Whether matching may take more than quadratic time: a repeated group, or two repetitions, whatever of."""
    return len(_REPEATS.findall(pattern)) > 1 or bool(_OF_A_GROUP.search(pattern))


@dataclass(frozen=True)
class Patterns:
    """Regexes and lookup tables ready to match; `find` takes time linear in the text, or limited time.

    Table entries are looked up by their words through a hash of the first, so
    the size of a table does not matter; without word boundaries they are one regex.
    """

    regexes: Sequence[tuple[str, str]]
    lookups: Sequence[tuple[str, Sequence[str]]]
    options: PatternOptions = PatternOptions()
    _compiled: list[tuple[str, re.Pattern[str] | _Limited]] = field(
        init=False, default_factory=list, repr=False, compare=False
    )
    _phrases: dict[str, list[tuple[tuple[str, ...], str, str]]] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )
    _entries: dict[str, tuple[str, str]] = field(init=False, default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.options.use_regexes:
            self._compile(self.regexes)
        if not self.options.use_lookup_tables:
            return
        if self.options.use_word_boundaries:
            self._index()
        else:
            self._compile((name, _alternatives(elements)) for name, elements in self.lookups)

    def _compile(self, patterns: Iterable[tuple[str, str]]) -> None:
        flags = 0 if self.options.case_sensitive else re.IGNORECASE
        for name, pattern in patterns:
            try:
                self._compiled.append((name, _compiled(pattern, flags)))
            except (re.error, OverflowError, RecursionError):
                continue  # the reader reports patterns that do not compile, with their places

    def _index(self) -> None:
        for name, elements in self.lookups:
            for element in elements:
                words = tuple(word.folded for word in split_words(element))
                if words:
                    self._phrases.setdefault(words[0], []).append((words, name, element))
                    self._entries.setdefault(" ".join(words), (name, element))
        for phrases in self._phrases.values():
            phrases.sort(key=lambda phrase: -len(phrase[0]))

    @property
    def empty(self) -> bool:
        """Whether nothing can ever match."""
        return not (self._compiled or self._phrases)

    def find(self, text: str, words: Sequence[Word] | None = None) -> list[Hit]:
        """Find all matches: regexes first, then tables, each name's without overlaps, the longest entry winning."""
        hits = [
            Hit(match.start(), match.end(), name)
            for name, pattern in self._compiled
            for match in pattern.finditer(text[:_REGEX_LIMIT])
            if match.end() > match.start()
        ]
        if self._phrases:
            words = split_words(text) if words is None else words
            hits.extend(self._exact(text, words))
            if self.options.fuzzy:
                hits.extend(self._misspelt(words[:_FUZZY_LIMIT], hits))
        return hits

    def _exact(self, text: str, words: Sequence[Word]) -> Iterator[Hit]:
        free: dict[str, int] = {}
        for at, word in enumerate(words):
            for phrase, name, element in self._phrases.get(word.folded, ()):
                last = at + len(phrase) - 1
                if last >= len(words) or free.get(name, 0) > at:
                    continue
                if all(words[at + k].folded == part for k, part in enumerate(phrase)):
                    start, end = word.start, words[last].end
                    if not self.options.case_sensitive or text[start:end] == element:
                        free[name] = last + 1
                        yield Hit(start, end, name)

    def _misspelt(self, words: Sequence[Word], hits: Sequence[Hit]) -> Iterator[Hit]:
        longest = max(entry.count(" ") + 1 for entry in self._entries)
        taken = {at for hit in hits for at in range(hit.start, hit.end)}
        for size in range(min(longest, 4), 0, -1):
            for first in range(len(words) - size + 1):
                run = words[first : first + size]
                if any(word.start in taken for word in run):
                    continue
                hit = self._nearest(run)
                if hit:
                    taken.update(range(hit.start, hit.end))
                    yield hit

    def _nearest(self, run: Sequence[Word]) -> Hit | None:
        said = " ".join(word.folded for word in run)
        if len(said) < _SHORTEST_MISSPELT:
            return None
        best = process.extractOne(said, self._entries.keys(), scorer=fuzz.ratio, score_cutoff=self.options.threshold)
        if best is None:
            return None
        name, element = self._entries[best[0]]
        return Hit(run[0].start, run[-1].end, name, element, best[1] / 100)


def _alternatives(elements: Sequence[str]) -> str:
    return "|".join(re.escape(element) for element in sorted(elements, key=len, reverse=True) if element) or r"(?!)"


class PatternExtractor(Struct, frozen=True):
    """RegexEntityExtractor: every match of a pattern or table is an entity of its name."""

    kind: ClassVar[str] = "patterns"
    name: str
    patterns: Patterns

    def extend(self, text: str, now: datetime, found: list[Entity]) -> list[Entity]:
        """Add the entities that patterns and tables find in `text`."""
        return found + [
            Entity(
                hit.name,
                text[hit.start : hit.end] if hit.value is None else hit.value,
                hit.start,
                hit.end,
                extractor=self.name,
                confidence=hit.score,
            )
            for hit in self.patterns.find(text)
        ]

    def dump(self) -> tuple[JsonObject, Mapping[str, bytes]]:
        """Give back what `restore` needs: a JSON object, and no files."""
        return {"name": self.name, **dump_patterns(self.patterns)}, {}

    @classmethod
    def restore(cls, state: JsonObject, files: Mapping[str, bytes]) -> Self:
        """Build the extractor again from what `dump` gave."""
        return cls(state["name"], restore_patterns(state))


def collect_patterns(content: Content, options: PatternOptions, names: frozenset[str] | None = None) -> Patterns:
    """Collect the project's regexes and lookup tables, those called one of `names` only (None: all)."""
    nlu = content.nlu
    return Patterns(
        tuple((regex.name, regex.pattern) for regex in nlu.regexes if names is None or regex.name in names),
        tuple((table.name, table.elements) for table in nlu.lookups if names is None or table.name in names),
        options,
    )


def dump_patterns(patterns: Patterns) -> JsonObject:
    """Turn patterns into JSON."""
    options = patterns.options
    return {
        "regexes": [list(regex) for regex in patterns.regexes],
        "lookups": [[name, list(elements)] for name, elements in patterns.lookups],
        "options": {key: getattr(options, key) for key in (*_FLAGS, "threshold")},
    }


def restore_patterns(state: JsonObject) -> Patterns:
    """Build patterns again from what `dump_patterns` gave."""
    return Patterns(
        tuple((name, pattern) for name, pattern in state["regexes"]),
        tuple((name, tuple(elements)) for name, elements in state["lookups"]),
        PatternOptions(**state["options"]),
    )
