"""Evaluates the matcher on a test set, or by cross-validation on the project's own examples."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import comb
from typing import Any, Final

import numpy as np
from msgspec import Struct, to_builtins
from msgspec.structs import replace

from bot.content import Content, Example
from bot.learning import ReliabilityBin, expected_calibration_error, reliability
from bot.messages import JsonObject, Nearest, Parse
from bot.nlu.calibration import fold_numbers
from bot.nlu.components import Factory
from bot.nlu.model import FALLBACK_INTENT, Model
from bot.nlu.selector import intent_of
from bot.nlu.training import train
from bot.progress import Progress, counted, silent

NOW: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""The reference time of evaluations, so that nothing in a report depends on the day it was created."""


class Score(Struct, frozen=True):
    """Precision, recall and F1 of one intent or entity, and how often it was expected (`support`) and `found`."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    found: int


class Misunderstood(Struct, frozen=True):
    """A message classified as another intent: the most likely one (`predicted`, unless it fell back) with its
    confidence, and the training example that attracted it, if any.
    """

    text: str
    place: str
    expected: str
    predicted: str
    likeliest: str
    confidence: float
    attracted_by: Nearest | None


class Confusion(Struct, frozen=True):
    """Two intents, how often the first was taken for the second, and the messages, the most confident first."""

    expected: str
    predicted: str
    count: int
    messages: tuple[Misunderstood, ...]


class Report(Struct, frozen=True):
    """The results of an evaluation.

    If `decided`, accuracy, F1 and `outcomes` ((expected, predicted, confidence)
    in the order of the messages) count a fallback as the prediction, as in Rasa;
    else they count the most likely intent and ignore a fallback unless one is
    expected, as the calibration error always does. `fell_back` is the share of
    all messages that fell back, and `fell_back_wrongly` the share that did so
    although they were ranked correctly. `extractors` has the scores of each
    entity extractor, by its name.
    """

    messages: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    fell_back: float
    fell_back_wrongly: float
    intents: tuple[Score, ...]
    confusions: tuple[Confusion, ...]
    entities: tuple[Score, ...]
    extractors: tuple[tuple[str, tuple[Score, ...]], ...]
    reliability: tuple[ReliabilityBin, ...]
    outcomes: tuple[tuple[str, str, float], ...]
    decided: bool = False

    def as_json(self) -> JsonObject:
        """The report as JSON."""
        report: JsonObject = to_builtins(self)
        return report


def evaluate(model: Model, examples: Sequence[Example]) -> Report:
    """Evaluate on messages whose intents (and entities) are known; `nlu_fallback` can be one of the intents."""
    return report([(e, model.parse(e.text, NOW)) for e in examples], decided=True)


def cross_validate(
    content: Content,
    *,
    folds: int = 5,
    seed: int = 0,
    components: Mapping[str, Factory] | None = None,
    progress: Progress = silent,
) -> Report:
    """Evaluate on the project's own examples, each parsed by a model that was trained without it."""
    examples = [e for e in content.nlu.examples if e.intent and e.text.strip()]
    labels = np.unique([e.intent for e in examples], return_inverse=True)[1]
    numbers = fold_numbers(labels, seed, folds)
    parses: dict[int, Parse] = {}
    for fold in counted(range(folds), "fold", progress):
        kept = tuple(e for e, n in zip(examples, numbers, strict=True) if n != fold)
        model = train(replace(content, nlu=replace(content.nlu, examples=kept)), seed=seed, components=components)
        for i in np.flatnonzero(numbers == fold):
            parses[int(i)] = model.parse(examples[i].text, NOW)
    return report([(e, parses[i]) for i, e in enumerate(examples)])


def report(parsed: Sequence[tuple[Example, Parse]], *, decided: bool = False) -> Report:
    """Evaluate (example, parse) pairs; with `decided`, a message that falls back counts as `nlu_fallback`."""
    outcomes = tuple((intent_of(e.intent), *taken_for(p, e.intent, decided=decided)) for e, p in parsed)
    ranked_right = [intent_of(e.intent) == likeliest(p, e.intent)[0] for e, p in parsed]
    confidences = [confidence for _, _, confidence in outcomes]
    fell_back = [p.intent_name == FALLBACK_INTENT for _, p in parsed]
    unexpected = [p.intent_name == FALLBACK_INTENT and e.intent != FALLBACK_INTENT for e, p in parsed]
    intents = scores([{e} for e, _, _ in outcomes], [{p} for _, p, _ in outcomes])
    expected_intents = [s for s in intents if s.support]
    n = max(1, len(outcomes))
    return Report(
        messages=len(outcomes),
        accuracy=sum(expected == predicted for expected, predicted, _ in outcomes) / n,
        macro_f1=sum(s.f1 for s in expected_intents) / max(1, len(expected_intents)),
        calibration_error=expected_calibration_error(confidences, ranked_right),
        fell_back=sum(fell_back) / n,
        fell_back_wrongly=sum(u and r for u, r in zip(unexpected, ranked_right, strict=True)) / n,
        intents=intents,
        confusions=_confusions(parsed, decided=decided),
        entities=_entity_scores(parsed),
        extractors=tuple((name, _entity_scores(parsed, name)) for name in _extractors(parsed)),
        reliability=reliability(confidences, ranked_right) if outcomes else (),
        outcomes=outcomes,
        decided=decided,
    )


def likeliest(parse: Parse, expected: str = "") -> tuple[str, float]:
    """The most likely intent and its confidence, ignoring a fallback unless one is expected; ("", 0) if none."""
    for score in parse.ranking:
        if score.name != FALLBACK_INTENT or expected == FALLBACK_INTENT:
            return score.name, score.confidence
    return "", 0.0


def taken_for(parse: Parse, expected: str, *, decided: bool) -> tuple[str, float]:
    """The most likely intent, or with `decided` the fallback if there is one; and the most likely one's confidence."""
    name, confidence = likeliest(parse, expected)
    if decided and parse.intent_name == FALLBACK_INTENT:
        name = FALLBACK_INTENT
    return name, confidence


def scores(expected: Sequence[set[Any]], predicted: Sequence[set[Any]]) -> tuple[Score, ...]:
    """Precision, recall and F1 by name; items of the sets are names, or tuples that begin with one."""
    right: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for want, got in zip(expected, predicted, strict=True):
        wanted.update(map(_name, want))
        found.update(map(_name, got))
        right.update(map(_name, want & got))
    return tuple(_score(name, right[name], wanted[name], found[name]) for name in sorted({*wanted, *found} - {""}))


def _score(name: str, right: int, wanted: int, found: int) -> Score:
    precision = right / found if found else 0.0
    recall = right / wanted if wanted else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return Score(name, precision, recall, f1, wanted, found)


def _name(item: Any) -> str:
    return str(item[0]) if isinstance(item, tuple) else str(item)


def _confusions(parsed: Sequence[tuple[Example, Parse]], *, decided: bool) -> tuple[Confusion, ...]:
    """Confusions, the most frequent first."""
    by_pair: dict[tuple[str, str], list[Misunderstood]] = defaultdict(list)
    for example, parse in parsed:
        expected = intent_of(example.intent)
        predicted, confidence = taken_for(parse, expected, decided=decided)
        if predicted != expected:
            first, _ = likeliest(parse, expected)
            attracted_by = next((n for n in parse.nearest if intent_of(n.intent) == first), None)
            miss = Misunderstood(example.text, str(example.place), expected, predicted, first, confidence, attracted_by)
            by_pair[expected, predicted].append(miss)
    confusions = []
    for (expected, predicted), messages in by_pair.items():
        messages.sort(key=lambda miss: (-miss.confidence, miss.place))
        confusions.append(Confusion(expected, predicted, len(messages), tuple(messages)))
    return tuple(sorted(confusions, key=lambda c: (-c.count, c.expected, c.predicted)))


def _extractors(parsed: Sequence[tuple[Example, Parse]]) -> list[str]:
    return sorted({entity.extractor for _, parse in parsed for entity in parse.entities if entity.extractor})


def _entity_scores(parsed: Sequence[tuple[Example, Parse]], extractor: str | None = None) -> tuple[Score, ...]:
    """Scores by entity: right if name, span, role and group all are; entities that no example annotates are left out.

    With `extractor`, only what that extractor found counts.
    """
    names = {mark.entity for example, _ in parsed for mark in example.annotations}
    wanted, found = [], []
    for example, parse in parsed:
        entities = [e for e in parse.entities if e.entity in names and extractor in (None, e.extractor)]
        wanted.append({(m.entity, m.start, m.end, m.role, m.group) for m in example.annotations})
        found.append({(e.entity, e.start, e.end, e.role, e.group) for e in entities})
    return scores(wanted, found)


class Comparison(Struct, frozen=True):
    """Two reports on the same messages: by how much the second is better (positive) or worse, and how significantly.

    `p_value` is McNemar's exact test on the messages that only one of them
    got right; `intents` are (name, F1 before, F1 after), the largest change first.
    """

    accuracy: float
    macro_f1: float
    calibration_error: float
    only_first: int
    only_second: int
    p_value: float
    intents: tuple[tuple[str, float, float], ...]

    def as_json(self) -> JsonObject:
        """The comparison as JSON."""
        report: JsonObject = to_builtins(self)
        return report


def compare(first: Report, second: Report) -> Comparison:
    """Compare two reports. Raises ValueError if they are not on the same messages."""
    if [o[0] for o in first.outcomes] != [o[0] for o in second.outcomes]:
        raise ValueError("the two reports are not on the same messages; evaluate both on one test file or one seed")
    pairs = [(a[0] == a[1], b[0] == b[1]) for a, b in zip(first.outcomes, second.outcomes, strict=True)]
    lost, won = pairs.count((True, False)), pairs.count((False, True))
    before, after = {s.name: s.f1 for s in first.intents}, {s.name: s.f1 for s in second.intents}
    names = sorted({*before, *after}, key=lambda n: (-abs(after.get(n, 0) - before.get(n, 0)), n))
    return Comparison(
        second.accuracy - first.accuracy,
        second.macro_f1 - first.macro_f1,
        second.calibration_error - first.calibration_error,
        lost,
        won,
        _mcnemar(lost, won),
        tuple((n, before.get(n, 0.0), after.get(n, 0.0)) for n in names),
    )


def _mcnemar(lost: int, won: int) -> float:
    """The two-sided exact binomial p-value of a split at least as uneven as this one, at even odds."""
    n, k = lost + won, min(lost, won)
    return float(min(1.0, 2 * sum(comb(n, i) for i in range(k + 1)) / 2**n))
