"""Plots of an evaluation; needs matplotlib (the `plots` extra)."""

from __future__ import annotations

from math import log1p
from pathlib import Path
from typing import Final

from bot.nlu.evaluation import Report

_LARGEST = 40


def save_plots(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write Rasa's `intent_confusion_matrix.png` and `intent_histogram.png`, and `intent_reliability.png`.

    Returns their paths in `folder`. Raises ImportError if matplotlib is not installed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in _PICTURES.items():
        figure = Figure(figsize=(10, 9) if draw is _confusions else (6, 5), layout="constrained")
        FigureCanvasAgg(figure)
        draw(report, figure.add_subplot())
        figure.savefig(folder / f"{name}.png", dpi=120)
        paths.append(folder / f"{name}.png")
    return tuple(paths)


def _reliability(report: Report, axes) -> None:  # type: ignore[no-untyped-def]  # matplotlib ships no types we use
    """Confidence against accuracy: a perfectly calibrated matcher is on the diagonal."""
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--")
    axes.plot([b.confidence for b in report.reliability], [b.accuracy for b in report.reliability], marker="o")
    axes.set(xlabel="confidence", ylabel="share that was right", xlim=(0, 1), ylim=(0, 1))
    axes.set_title(f"calibration error {report.calibration_error:.3f}")


def _confusions(report: Report, axes) -> None:  # type: ignore[no-untyped-def]  # matplotlib ships no types we use
    """The intents involved in confusions (all, if there are none), at most forty, with the expected one by row."""
    confused = [name for c in report.confusions for name in (c.expected, c.predicted) if name]
    distinct = list(dict.fromkeys(confused or [score.name for score in report.intents]))
    names = sorted(distinct[:_LARGEST])
    if not names:
        return
    at = {name: i for i, name in enumerate(names)}
    counts = [[0] * len(names) for _ in names]
    for expected, predicted, _ in report.outcomes:
        if expected in at and predicted in at:
            counts[at[expected]][at[predicted]] += 1
    axes.imshow([[log1p(count) for count in row] for row in counts], cmap="Blues")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set(xlabel="predicted", ylabel="expected", title="confusions (log scale)")


def _confidences(report: Report, axes) -> None:  # type: ignore[no-untyped-def]  # matplotlib ships no types we use
    """Histograms of the confidence in right and in wrong predictions."""
    right = [c for e, p, c in report.outcomes if e == p]
    wrong = [c for e, p, c in report.outcomes if e != p]
    axes.hist([right, wrong], bins=25, range=(0, 1), label=["right", "wrong"], color=["tab:blue", "tab:red"])
    axes.set(xlabel="confidence", ylabel="messages", title=f"accuracy {report.accuracy:.1%}")
    axes.legend()


_PICTURES: Final = {
    "intent_confusion_matrix": _confusions,
    "intent_histogram": _confidences,
    "intent_reliability": _reliability,
}
