"""Sentences such as people write to assistants, generated from a small grammar; text to distil vectors on.

`task_sentences.json` has everyday things and what people do with them, by
topic, and common frames of requests, questions and complaints. Nothing in it
comes from a data set.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

_GRAMMAR = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))


def sentences(count: int, seed: int, nouns: list[str]) -> Iterator[str]:
    """`count` sentences; some are about one of `nouns`, so that the whole vocabulary occurs in such frames."""
    rng = random.Random(seed)
    topics = [(t["verbs"], t["things"]) for t in _GRAMMAR["topics"].values()]
    for _ in range(count):
        yield _sentence(rng, topics, nouns)


def _sentence(rng: random.Random, topics: list[tuple[list[str], list[str]]], nouns: list[str]) -> str:
    actions, things = rng.choice(topics)
    thing = rng.choice(things)
    chance = rng.random()
    if chance < 0.15:
        thing = rng.choice(("the ", "my ", "a ", "some ", "")) + rng.choice(nouns)
    elif chance < 0.25:
        thing = rng.choice(rng.choice(topics)[1])
    frame = rng.choice(_GRAMMAR["requests"] if rng.random() < 0.5 else _GRAMMAR["statements"])
    if rng.random() < 0.1:
        frame = f"{frame} {rng.choice(('and', 'but', 'because', ','))} {rng.choice(_GRAMMAR['statements'])}"
    text = frame.format(
        v=rng.choice(actions),
        n=thing,
        a=rng.choice(_GRAMMAR["states"]),
        t=rng.choice(_GRAMMAR["times"]),
        w=rng.choice(_GRAMMAR["places"]),
    )
    if rng.random() < 0.08:
        text = rng.choice(_GRAMMAR["openings"]) + text
    if rng.random() < 0.15 and not text.endswith("?"):
        text += "?"
    return text
