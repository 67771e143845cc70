"""Models saved as folders: `.npy` arrays and JSON, each with a checksum; never pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

INDEX = "model.json"


class ModelError(Exception):
    """A model folder cannot be read: a file is missing, damaged or from another version."""


def write_folder(folder: Path, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write each array to `NAME.npy`, and then `facts` (JSON) to `model.json`.

    The same facts and arrays produce the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
    sums = {f"{name}.npy": _checksum(folder / f"{name}.npy") for name in sorted(arrays)}
    index = {"facts": facts, "sha256": sums}
    text = _json(index | {"sha256_of_this": _checksum_of_index(index)})
    partial = folder / f"{INDEX}.partial"
    partial.write_text(text, encoding="ascii")
    partial.replace(folder / INDEX)


def read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The facts and the arrays (memory-mapped, read-only) of a folder. Raises ModelError if anything is wrong."""
    try:
        index = json.loads((folder / INDEX).read_text(encoding="ascii"))
        sums, facts = index["sha256"], index["facts"]
        if index.pop("sha256_of_this") != _checksum_of_index(index):
            raise ModelError(f"{folder / INDEX}: changed since it was written; train again with `bot train`")
        for name, expected in sums.items():
            if _checksum(folder / name) != expected:
                raise ModelError(f"{folder / name}: the checksum does not match; train again with `bot train`")
        # Memory maps are viewed as plain arrays, because every operation on a np.memmap costs microseconds more.
        arrays = {
            name.removesuffix(".npy"): np.asarray(np.load(folder / name, mmap_mode="r", allow_pickle=False))
            for name in sums
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: not a readable model ({error}); train again with `bot train`") from error
    return facts, arrays


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, indent=1)


def _checksum_of_index(index: Mapping[str, Any]) -> str:
    """The checksum of an index's content, the same before writing and after reading."""
    return hashlib.sha256(_json(index).encode("ascii")).hexdigest()


def _checksum(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
