"""Learned entities on real tagged sentences, if those are available."""

import importlib.util
import random
from pathlib import Path
from types import ModuleType

from bot.content import Content, NluData
from bot.nlu.entities import train_entities


def load_benchmark(project: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("entities_benchmark", project / "benchmarks" / "entities.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_two_hundred_sentences_reach_the_expected_f1_score(project: Path, shared_data: Path) -> None:
    benchmark = load_benchmark(project)
    sentences = benchmark.read(shared_data / "nlu" / "snips" / "train_slots.jsonl")
    random.Random(0).shuffle(sentences)
    model = train_entities(Content(nlu=NluData(examples=tuple(sentences[150:350]))))
    right, predicted, annotated = benchmark.evaluate(model, sentences[:150])
    f1 = 2 * right.total() / (predicted.total() + annotated.total())
    assert f1 > 0.63
