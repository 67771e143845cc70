"""Measure learned entities: span F1, a table per entity, training time and time per message.

    python benchmarks/entities.py --train FILE.jsonl [--test FILE.jsonl] [--sentences 2100] [--seed 0]

A line is `{"tokens": [...], "bio": ["O", "B-city", ...], "intent": "..."}`. Without `--test`, a tenth of the
training file, drawn by `--seed`, is held out. A span counts if both its offsets and its entity are right.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.content import Annotation, Content, Example, NluData
from bot.nlu.entities import EntityModel, train_entities

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Span = tuple[int, int, str]


def read(path: Path) -> list[Example]:
    """Read a file of tagged sentences as training examples; tokens are joined by single spaces."""
    return [example(json.loads(row)) for row in path.read_text(encoding="utf-8").splitlines() if row.strip()]


def example(sentence: dict[str, Any]) -> Example:
    """Turn one tagged sentence into an example."""
    tokens, tags = sentence["tokens"], sentence["bio"]
    text = " ".join(tokens)
    spans: list[Span] = []
    start = 0
    for token, tag in zip(tokens, tags, strict=True):
        if tag.startswith("B-"):
            spans.append((start, start + len(token), tag[2:]))
        elif tag.startswith("I-"):
            first, _, name = spans[-1]
            spans[-1] = (first, start + len(token), name)
        start += len(token) + 1
    marks = tuple(Annotation(first, last, name, text[first:last]) for first, last, name in spans)
    return Example(text, str(sentence.get("intent", "")), marks)


def split(options: argparse.Namespace) -> tuple[list[Example], list[Example]]:
    """Return the sentences to train on and to test on."""
    train = read(options.train)
    random.Random(options.seed).shuffle(train)
    if options.test:
        return train[: options.sentences], read(options.test)
    held_out = len(train) // 10
    return train[held_out:][: options.sentences], train[:held_out]


def spans_of(item: Example) -> set[Span]:
    """Return the annotated spans."""
    return {(mark.start, mark.end, mark.entity) for mark in item.annotations}


def evaluate(model: EntityModel, test: list[Example]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Count right, predicted and annotated spans per entity."""
    right: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    annotated: Counter[str] = Counter()
    for item in test:
        found = {(entity.start, entity.end, entity.entity) for entity in model.extract(item.text, NOW)}
        gold = spans_of(item)
        right.update(name for _, _, name in found & gold)
        predicted.update(name for _, _, name in found)
        annotated.update(name for _, _, name in gold)
    return right, predicted, annotated


def line(name: str, right: int, predicted: int, annotated: int) -> str:
    """Return a line of the table: precision, recall and F1 in percent, and the number of annotated spans."""
    precision, recall = 100 * right / max(1, predicted), 100 * right / max(1, annotated)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return f"{name:<28}{precision:>10.1f}{recall:>8.1f}{f1:>8.1f}{annotated:>7}"


def main() -> None:
    """Train, test and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--sentences", type=int, default=2100, help="how many training sentences to use")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    train, test = split(options)
    started = time.process_time()
    model = train_entities(Content(nlu=NluData(examples=tuple(train))))
    trained = time.process_time() - started
    started = time.process_time()
    right, predicted, annotated = evaluate(model, test)
    spent = (time.process_time() - started) / max(1, len(test))

    print(f"{'entity':<28}{'precision':>10}{'recall':>8}{'F1':>8}{'spans':>7}")
    for name in sorted(annotated, key=lambda name: -annotated[name]):
        print(line(name, right[name], predicted[name], annotated[name]))
    print(line("all spans", right.total(), predicted.total(), annotated.total()))
    print(f"sentences: {len(train)} to train on, {len(test)} to test on; seed {options.seed}")
    print(f"training: {trained:.1f} s CPU; extraction: {spent * 1e6:.0f} microseconds per message")


if __name__ == "__main__":
    main()
