"""Measure the intent matcher on a data set: columns `text,intent`, one message per line.

    python benchmarks/nlu.py --train train.csv --test test.csv [--pipeline default|semantic] [--oos oos.csv]
    python benchmarks/nlu.py --train all.csv --shots 10 --seeds 5        # random samples, averaged

Prints accuracy, macro F1, calibration error, CPU seconds of training, CPU
microseconds per message, resident memory and the model's size. With `--oos`
also how well out-of-scope messages are recognised: accuracy and recall with
the thresholds that training chose, and the area under the ROC curve. With
`--typos` every test message gets one seeded typing error.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import csv
import json
import random
import resource
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
sys.path.insert(0, str(Path(__file__).parent.parent))
from misspelling import misspell

from bot.content import Component, Content, Example, NluData, Place
from bot.messages import Parse
from bot.nlu import FALLBACK_INTENT, Factory, Model, train
from bot.nlu.evaluation import report

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
Pairs = list[tuple[str, str]]


class Measures(Struct):
    """One run's numbers; seconds and microseconds are of CPU time."""

    intents: int
    train: int
    test: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    train_seconds: float
    microseconds: float
    load_milliseconds: float
    resident_mb: float
    model_mb: float
    threshold: float = 0.0
    kept_accuracy: float = 0.0
    oos_recall: float = 0.0
    oos_auroc: float = 0.0


def main() -> None:
    """Read the files, measure, and print a table (or JSON with `--json`)."""
    options = _options()
    runs = [_measure(*_split(options, seed), options) for seed in range(options.seeds)]
    mean = {k: float(np.mean([asdict(r)[k] for r in runs])) for k in asdict(runs[0])}
    if options.json:
        print(json.dumps(mean, indent=1))
    else:
        print("\n".join(_lines(mean, with_oos=options.oos is not None)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, help="default: what --shots leaves of --train")
    parser.add_argument("--oos", type=Path, help="messages without an intent")
    parser.add_argument("--pipeline", choices=("default", "semantic"), default="default")
    parser.add_argument("--shots", type=int, help="how many examples to draw per intent")
    parser.add_argument("--seeds", type=int, default=1, help="how many draws to average over")
    parser.add_argument(
        "--validation", type=int, default=3000, help="how many messages, at most, of what --shots leaves"
    )
    parser.add_argument("--typos", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.test is None and options.shots is None:
        parser.error("give --test, or --shots to split --train")
    return options


def _read(path: Path) -> Pairs:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["intent"]) for row in csv.DictReader(file)]


def _split(options: argparse.Namespace, seed: int) -> tuple[Pairs, Pairs]:
    """The training and the test messages of one run."""
    rng = np.random.default_rng(seed)
    rows = _read(options.train)
    rest: Pairs = []
    if options.shots:
        rows, rest = _draw(rows, options.shots, rng)
    test = _read(options.test) if options.test else [rest[i] for i in rng.permutation(len(rest))[: options.validation]]
    if options.typos:
        noise = random.Random(seed)
        test = [(misspell(text, noise), intent) for text, intent in test]
    return rows, test


def _draw(rows: Pairs, shots: int, rng: np.random.Generator) -> tuple[Pairs, Pairs]:
    """`shots` random messages of each intent, and the rest."""
    by_intent: dict[str, Pairs] = defaultdict(list)
    for text, intent in rows:
        by_intent[intent].append((text, intent))
    drawn, rest = [], []
    for _, pairs in sorted(by_intent.items()):
        shuffled = [pairs[i] for i in rng.permutation(len(pairs))]
        drawn += shuffled[:shots]
        rest += shuffled[shots:]
    return drawn, rest


def _measure(rows: Pairs, test: Pairs, options: argparse.Namespace) -> Measures:
    examples = [Example(text, intent, place=Place("train.csv", i)) for i, (text, intent) in enumerate(rows, 2)]
    content = Content(nlu=NluData(tuple(examples)), pipeline=_pipeline(options.pipeline))
    components = _components(options.pipeline)
    begun = time.process_time()
    trained = train(content, components=components)
    seconds = time.process_time() - begun
    with tempfile.TemporaryDirectory() as folder:
        trained.save(Path(folder))
        size = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file())
        begun = time.process_time()
        model = Model.load(Path(folder), components)
        load = time.process_time() - begun
        parses, microseconds = _parse(model, [text for text, _ in test])
    found = report([(Example(text, intent), p) for (text, intent), p in zip(test, parses, strict=True)])
    outside = _read(options.oos) if options.oos else []
    return Measures(
        intents=len({intent for _, intent in rows}),
        train=len(rows),
        test=len(test),
        accuracy=found.accuracy,
        macro_f1=found.macro_f1,
        calibration_error=found.calibration_error,
        train_seconds=seconds,
        microseconds=microseconds,
        load_milliseconds=load * 1e3,
        resident_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        model_mb=size / 1e6,
        **(_outside(model, test, parses, outside) if outside else {}),
    )


def _pipeline(name: str) -> tuple[Component, ...] | None:
    if name == "default":
        return None
    return (Component("SemanticFeaturizer"), Component("IntentMatcher"), Component("FallbackClassifier"))


def _components(pipeline: str) -> dict[str, Factory]:
    if pipeline == "default":
        return {}
    from bot_semantic.encoder import SemanticFeaturizer

    return {"SemanticFeaturizer": lambda options: SemanticFeaturizer(**options)}


def _parse(model: Model, texts: list[str]) -> tuple[list[Parse], float]:
    """The parses and the CPU microseconds per parse, after a warm-up that loads what is loaded lazily."""
    for text in texts[:20]:
        model.parse(text, NOW)
    begun = time.process_time()
    parses = [model.parse(text, NOW) for text in texts]
    return parses, (time.process_time() - begun) / len(texts) * 1e6


def _outside(model: Model, test: Pairs, parses: list[Parse], outside: Pairs) -> dict[str, float]:
    """Decisions as the bot makes them; the ROC curve is over how likely a message has any of the intents."""
    inner = np.array([model.familiarity(text) for text, _ in test])
    outer = np.array([model.familiarity(text) for text, _ in outside])
    kept = [p.intent_name == intent for p, (_, intent) in zip(parses, test, strict=True)]
    refused = [model.parse(text, NOW).intent_name == FALLBACK_INTENT for text, _ in outside]
    return {
        "threshold": model.threshold or 0.0,
        "kept_accuracy": float(np.mean(kept)),
        "oos_recall": float(np.mean(refused)),
        "oos_auroc": float((inner[:, None] > outer).mean() + (inner[:, None] == outer).mean() / 2),
    }


def _lines(mean: dict[str, float], *, with_oos: bool) -> list[str]:
    rows = [
        ("intents / train / test", f"{mean['intents']:.0f} / {mean['train']:.0f} / {mean['test']:.0f}"),
        ("accuracy", f"{mean['accuracy']:.2%}"),
        ("macro F1", f"{mean['macro_f1']:.2%}"),
        ("calibration error", f"{mean['calibration_error']:.3f}"),
        ("training, CPU seconds", f"{mean['train_seconds']:.2f}"),
        ("CPU microseconds per message", f"{mean['microseconds']:.0f}"),
        ("loading, CPU milliseconds", f"{mean['load_milliseconds']:.0f}"),
        ("resident memory, MB (peak, training included)", f"{mean['resident_mb']:.0f}"),
        ("model, MB", f"{mean['model_mb']:.1f}"),
    ]
    if with_oos:
        rows += [
            ("threshold chosen", f"{mean['threshold']:.2f}"),
            ("in scope: right and not refused", f"{mean['kept_accuracy']:.2%}"),
            ("out of scope: recall", f"{mean['oos_recall']:.2%}"),
            ("out of scope: AUROC", f"{mean['oos_auroc']:.2%}"),
        ]
    return [f"{name:<46} {value}" for name, value in rows]


if __name__ == "__main__":
    main()
