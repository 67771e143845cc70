"""Sentence vectors of MiniLM on onnxruntime, opened at first use."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot_semantic.wordpiece import WordPiece

WEIGHTS = Path(__file__).parent / "weights"
WIDTH = 384


class SemanticFeaturizer:
    """A text's vector (384,) of length 1. `share` is its part of the similarity; TF-IDF has the rest."""

    version = "minilm-l6-uint8-1"

    def __init__(self, share: float = 0.65, folder: Path = WEIGHTS) -> None:
        self.share = share
        self._folder = folder
        self._opening = threading.Lock()
        self._opened: tuple[WordPiece, Any] | None = None

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors (len(texts), 384).

        One text at a time: int8 activations are scaled over a whole batch, so
        that in company a text would get another vector than alone.
        """
        tokeniser, session = self._open()
        out = np.zeros((len(texts), WIDTH), np.float32)
        for row, text in enumerate(texts):
            ids = np.array([tokeniser.encode(text)], np.int64)
            out[row] = session.run(None, {"ids": ids, "mask": np.ones_like(ids)})[0][0]
        return out

    def _open(self) -> tuple[WordPiece, Any]:
        with self._opening:
            if self._opened is None:
                import onnxruntime

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = options.inter_op_num_threads = 1
                options.log_severity_level = 3
                path = str(self._folder / "encoder.onnx")
                session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
                self._opened = WordPiece(self._folder / "vocabulary.txt"), session
            return self._opened
