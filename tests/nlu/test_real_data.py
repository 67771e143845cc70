"""Minimum accuracies on external data, below the measured ones, so that only a real loss breaks them."""

import csv
import random
from collections import defaultdict
from datetime import UTC, datetime

import pytest

from bot.content import Content, Example, NluData
from bot.nlu import train
from bot.nlu.evaluation import likeliest

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def draw(path, shots, seed=0):
    rng = random.Random(seed)
    by_intent = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            by_intent[row["intent"]].append(row["text"])
    taught, held = [], []
    for intent in sorted(by_intent):
        texts = rng.sample(by_intent[intent], len(by_intent[intent]))
        taught += [Example(t, intent) for t in texts[:shots]]
        held += [(t, intent) for t in texts[shots : shots + 4]]
    return tuple(taught), held


@pytest.fixture(scope="module")
def banking(shared_data):
    taught, held = draw(shared_data / "nlu" / "banking77" / "train.csv", 10)
    return train(Content(nlu=NluData(taught))), held


def test_ten_examples_per_intent_give_76_percent_accuracy(banking):
    model, held = banking
    right = [likeliest(model.parse(text, NOW))[0] == intent for text, intent in held]
    assert sum(right) / len(right) > 0.76


def test_mean_confidence_is_close_to_accuracy(banking):
    model, held = banking
    ranked = [(likeliest(model.parse(text, NOW)), intent) for text, intent in held]
    accuracy = sum(name == intent for (name, _), intent in ranked) / len(ranked)
    assert abs(sum(c for (_, c), _ in ranked) / len(ranked) - accuracy) < 0.06


def test_most_out_of_scope_messages_fall_back(banking, shared_data):
    model, _ = banking
    with (shared_data / "nlu" / "clinc150" / "full_oos_train.csv").open(encoding="utf-8", newline="") as file:
        parses = [model.parse(row["text"], NOW) for row in csv.DictReader(file)]
    assert sum(p.doubt == "out_of_scope" for p in parses) / len(parses) > 0.7
