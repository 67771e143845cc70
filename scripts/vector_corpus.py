"""The texts that vectors are distilled on: conversations, a dictionary, and synthetic requests.

Read from packages unpacked into one folder: `chitchat-dataset` and
`chatterbot-corpus` (wheels from PyPI) and `wordnet-base` (Debian).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from task_sentences import sentences

WORDNET = "usr/share/wordnet"
_LONGEST = 24


def parts(folder: Path) -> dict[str, list[str]]:
    """The texts in three parts, each shuffled; the order is the same every time."""
    rng = random.Random(0)
    chat = sorted({*_chitchat(folder), *_chatterbot(folder)})
    examples, glosses = _wordnet(folder, rng)
    for texts in (chat, examples, glosses):
        rng.shuffle(texts)
    first = chat[:110_000] + examples + glosses[:40_000]
    state = rng.getstate()
    rng.shuffle(first)
    second = sorted(set(sentences(260_000, 1, _common_words(folder))))
    random.Random(2).shuffle(second)
    third = chat[110_000:] + glosses[40_000:]
    rng.setstate(state)
    rng.shuffle(third)
    return {"first": first, "tasks": second, "third": third}


def _fits(text: str, shortest: int = 3) -> bool:
    return shortest <= len(text.split()) <= _LONGEST and "http" not in text


def _chitchat(folder: Path) -> Iterator[str]:
    conversations = json.loads((folder / "chitchat_dataset/dataset.json").read_text("utf-8"))
    for conversation in conversations.values():
        for group in conversation["messages"]:
            for message in group:
                for sentence in re.split(r"(?<=[.!?])\s+|\n", message["text"]):
                    text = " ".join(sentence.split())
                    if _fits(text):
                        yield text


def _chatterbot(folder: Path) -> Iterator[str]:
    for file in sorted((folder / "chatterbot_corpus/data/english").glob("*.yml")):
        for conversation in yaml.safe_load(file.read_text("utf-8"))["conversations"]:
            for sentence in conversation:
                text = " ".join(str(sentence).split())
                if _fits(text):
                    yield text


def _wordnet(folder: Path, rng: random.Random) -> tuple[list[str], list[str]]:
    """Usage examples, and glosses, about half of them prefixed by their word."""
    examples, glosses = set(), set()
    for part in ("noun", "verb", "adj", "adv"):
        for line in (folder / WORDNET / f"data.{part}").read_text("latin-1").split("\n"):
            if line.startswith("  ") or "|" not in line:
                continue
            head, gloss = line.split("|", 1)
            word = head.split()[4].replace("_", " ")
            found = (" ".join(q.split()) for q in re.findall(r'"([^"]+)"', gloss))
            examples.update(q for q in found if len(q.split()) >= 3)
            definition = re.sub(r';?\s*"[^"]*"', "", gloss).strip(" ;\n")
            if _fits(definition, 2):
                bare = re.sub(r"\(.*?\)$", "", word)
                named = f"{bare}: {definition}"
                glosses.add(named if rng.random() < 0.5 else definition)
    return sorted(examples), sorted(glosses)


def _common_words(folder: Path) -> list[str]:
    """Nouns that occur in WordNet's tagged texts, and other words that are frequent there."""
    counts: dict[str, int] = {}
    for line in (folder / WORDNET / "cntlist.rev").read_text("ascii").splitlines():
        key, _, count = line.split()
        word, sense = key.split("%", 1)
        if (sense[0] == "1" and "_" not in word) or int(count) > 3:
            name = word.replace("_", " ")
            counts[name] = counts.get(name, 0) + int(count)
    return list(counts)
