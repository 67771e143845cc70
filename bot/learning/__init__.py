"""Small numerical algorithms shared by the matcher and the policies; numpy only."""

from bot.learning.calibration import (
    ReliabilityBin,
    expected_calibration_error,
    fit_logistic,
    reliability,
    sigmoid,
)
from bot.learning.folder import ModelError, read_folder, write_folder
from bot.learning.softmax import fit_softmax, log_softmax, softmax
from bot.learning.sparse import Product, Rows

__all__ = [
    "ModelError",
    "Product",
    "ReliabilityBin",
    "Rows",
    "expected_calibration_error",
    "fit_logistic",
    "fit_softmax",
    "log_softmax",
    "read_folder",
    "reliability",
    "sigmoid",
    "softmax",
    "write_folder",
]
