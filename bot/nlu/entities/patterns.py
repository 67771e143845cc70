"""Entities by pattern: the project's regexes and lookup tables, with misspelt entries on request."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from msgspec import Struct
from msgspec.structs import asdict, replace

from bot.content import Content
from bot.messages import Entity, JsonObject
from bot.nlu.entities.tables import Hit, MisspeltEntries, Tables
from bot.nlu.entities.words import Word, split_words
from bot.nlu.vectors import StaticVectors

_REGEX_SECONDS = 0.05
"""The time limit per message for a regex that may be slow; matches it has not found by then are missed."""


class PatternOptions(Struct, frozen=True):
    """Rasa's options of RegexFeaturizer and RegexEntityExtractor, and Teller's for misspelt entries.

    `threshold` is the minimum similarity of a misspelt entry, 0 to 100: the
    percentage of its letters that are right. `language` is the project's.
    """

    use_lookup_tables: bool = True
    use_regexes: bool = True
    use_word_boundaries: bool = True
    case_sensitive: bool = False
    fuzzy: bool = False
    threshold: float = 80.0
    language: str = ""

    @classmethod
    def read(cls, options: JsonObject) -> Self:
        """Read the known options from a component's, which may include others."""
        known: dict[str, Any] = {key: bool(options[key]) for key in _FLAGS if options.get(key) is not None}
        threshold = options.get("threshold")
        if isinstance(threshold, int | float) and threshold > 0:
            known["threshold"] = 100.0 * threshold if threshold <= 1 else float(threshold)
        return cls(**known)


_FLAGS = ("use_lookup_tables", "use_regexes", "use_word_boundaries", "case_sensitive", "fuzzy")


class _TimeLimitedRegex(Struct, frozen=True):
    """A regex that may be slow, matched by the package `regex`, which supports timeouts."""

    pattern: Any

    def finditer(self, text: str) -> Iterator[Any]:
        """The matches that are found within the time limit."""
        try:
            yield from self.pattern.finditer(text, timeout=_REGEX_SECONDS)
        except TimeoutError:
            return


_Regex = re.Pattern[str] | _TimeLimitedRegex


def _compile(pattern: str, flags: int) -> _Regex:
    """Compile the pattern, with a time limit if it may be slow; raises what `re.compile` does."""
    with warnings.catch_warnings(category=FutureWarning, action="ignore"):  # the reader reports these warnings
        compiled = re.compile(pattern, flags)
    if not _may_be_slow(pattern):
        return compiled
    import regex  # takes 30 ms and 2 MB, which most projects do not need

    try:
        return _TimeLimitedRegex(regex.compile(pattern, regex.IGNORECASE if flags & re.IGNORECASE else 0))
    except regex.error as error:
        raise re.error(str(error)) from error


_REPEATS = re.compile(r"[*+]|(?<![(*+}?])\?|\{\d*,\d*\}")
_REPEATED_GROUP = re.compile(r"\)[*+{]|\\\d|\(\?P=")


def _may_be_slow(pattern: str) -> bool:
    """Whether matching may take more than quadratic time: a repeated group, or two repetitions of anything."""
    return len(_REPEATS.findall(pattern)) > 1 or bool(_REPEATED_GROUP.search(pattern))


class Patterns:
    """Regexes and lookup tables ready to match; `find` takes linear time, or is subject to a time limit.

    Without word boundaries tables become regexes too, and misspelt entries are not found.
    """

    def __init__(
        self,
        regexes: Sequence[tuple[str, str]],
        lookups: Sequence[tuple[str, Sequence[str]]],
        options: PatternOptions = PatternOptions(),
    ) -> None:
        self.regexes = regexes
        self.lookups = lookups
        self.options = options
        self._compiled: list[tuple[str, _Regex]] = []
        self._misspelt: MisspeltEntries | None = None
        if options.use_regexes:
            self._add_regexes(regexes)
        tables = lookups if options.use_lookup_tables else ()
        if not options.use_word_boundaries:
            self._add_regexes((name, _alternatives(elements)) for name, elements in tables)
            tables = ()
        self._tables = Tables(tables, case_sensitive=options.case_sensitive)
        if options.fuzzy and self._tables.entries:
            real = StaticVectors().vocabulary if options.language == StaticVectors.language else frozenset[str]()
            self._misspelt = MisspeltEntries(self._tables, min(1.0, options.threshold / 100), real)

    def _add_regexes(self, patterns: Iterable[tuple[str, str]]) -> None:
        flags = 0 if self.options.case_sensitive else re.IGNORECASE
        for name, pattern in patterns:
            try:
                self._compiled.append((name, _compile(pattern, flags)))
            except (re.error, OverflowError, RecursionError):
                continue  # the reader reports patterns that do not compile, with their places

    @property
    def empty(self) -> bool:
        """Whether there is nothing to match."""
        return not (self._compiled or self._tables.entries)

    def find(self, text: str, words: Sequence[Word] | None = None) -> list[Hit]:
        """Find all matches: regexes first, then tables, without overlaps per name; the longest entry wins."""
        hits = [
            Hit(match.start(), match.end(), name)
            for name, pattern in self._compiled
            for match in pattern.finditer(text)
            if match.end() > match.start()
        ]
        if self._tables.entries:
            words = split_words(text) if words is None else words
            hits.extend(self._tables.find(text, words))
            if self._misspelt:
                hits.extend(self._misspelt.find(words, hits))
        return hits


def _alternatives(elements: Sequence[str]) -> str:
    return "|".join(re.escape(element) for element in sorted(elements, key=len, reverse=True) if element) or r"(?!)"


class PatternExtractor(Struct, frozen=True):
    """RegexEntityExtractor: every match of a pattern or table is an entity with its name."""

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
        """Return what `restore` needs: a JSON object, and no files."""
        return {"name": self.name, **dump_patterns(self.patterns)}, {}

    @classmethod
    def restore(cls, state: JsonObject, files: Mapping[str, bytes]) -> Self:
        """Rebuild the extractor from what `dump` returned."""
        return cls(state["name"], restore_patterns(state))


def collect_patterns(content: Content, options: PatternOptions, names: frozenset[str] | None = None) -> Patterns:
    """Collect the project's regexes and lookup tables with the given names (None: all)."""
    nlu = content.nlu
    options = replace(options, language=content.language.partition("_")[0])
    return Patterns(
        tuple((regex.name, regex.pattern) for regex in nlu.regexes if names is None or regex.name in names),
        tuple((table.name, table.elements) for table in nlu.lookups if names is None or table.name in names),
        options,
    )


def dump_patterns(patterns: Patterns) -> JsonObject:
    """Return patterns as JSON."""
    return {
        "regexes": [list(regex) for regex in patterns.regexes],
        "lookups": [[name, list(elements)] for name, elements in patterns.lookups],
        "options": asdict(patterns.options),
    }


def restore_patterns(state: JsonObject) -> Patterns:
    """Rebuild patterns from what `dump_patterns` returned."""
    return Patterns(
        tuple((name, pattern) for name, pattern in state["regexes"]),
        tuple((name, tuple(elements)) for name, elements in state["lookups"]),
        PatternOptions(**state["options"]),
    )
