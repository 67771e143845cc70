"""Sentence vectors of MiniLM on onnxruntime, loaded at first use."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot_semantic.wordpiece import WordPiece

WEIGHTS = Path(__file__).parent / "weights"
LAYERS = 7
"""The encoder's six layers and its input."""


class SemanticFeaturizer:
    """Sentence vectors of MiniLM. `share` is their weight in the similarity; the rest is TF-IDF.

    The first `width` columns are the text's vector of length 1, computed from the
    last layer; the vectors of the layers below follow, down to the input.
    """

    version = "minilm-l6-uint8-4"
    language = "en"
    width = 384

    def __init__(self, share: float = 0.8) -> None:
        self.share = share
        self._opening = threading.Lock()
        self._opened: tuple[WordPiece, Any] | None = None

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The layers' vectors (len(texts), 7 · 384), each of length 1, the last layer's first.

        Texts are encoded one at a time: 8-bit activations are scaled over a whole batch,
        so a text's vector would depend on the other texts.
        """
        tokeniser, session = self._open()
        out = np.zeros((len(texts), LAYERS * self.width), np.float32)
        for row, text in enumerate(texts):
            ids = np.array([tokeniser.encode(text)], np.int64)
            out[row] = session.run(None, {"ids": ids, "mask": np.ones_like(ids)})[0].reshape(-1)
        return out

    def _open(self) -> tuple[WordPiece, Any]:
        with self._opening:
            if self._opened is None:
                import onnxruntime

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = options.inter_op_num_threads = 1
                options.log_severity_level = 3
                path = str(WEIGHTS / "encoder.onnx")
                session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
                self._opened = WordPiece(WEIGHTS / "vocabulary.txt"), session
            return self._opened
