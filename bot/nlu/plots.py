"""Pictures of an evaluation; needs matplotlib (the `plots` extra)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bot.nlu.evaluation import Report

_LARGEST = 40


def save_plots(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write `reliability.png`, `confusions.png` and `confidences.png` into `folder`; give back their paths.

    Raises ImportError when matplotlib is not installed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in (("reliability", _reliability), ("confusions", _confusions), ("confidences", _confidences)):
        figure = Figure(figsize=(10, 9) if name == "confusions" else (6, 5), layout="constrained")
        FigureCanvasAgg(figure)
        draw(report, figure.add_subplot())
        figure.savefig(folder / f"{name}.png", dpi=120)
        paths.append(folder / f"{name}.png")
    return tuple(paths)


def _reliability(report: Report, axes) -> None:  # type: ignore[no-untyped-def]  # matplotlib ships no types we use
    """Confidence against accuracy: on the diagonal, confidence means what it says."""
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--")
    axes.plot([b.confidence for b in report.reliability], [b.accuracy for b in report.reliability], marker="o")
    axes.set(xlabel="confidence", ylabel="share that was right", xlim=(0, 1), ylim=(0, 1))
    axes.set_title(f"calibration error {report.calibration_error:.3f}")


def _confusions(report: Report, axes) -> None:  # type: ignore[no-untyped-def]  # matplotlib ships no types we use
    """The intents that take part in confusions, at most forty: expected by row, predicted by column."""
    shown: dict[str, None] = {}
    for confusion in report.confusions:
        shown.update(dict.fromkeys((confusion.expected, confusion.predicted)))
    names = sorted([n for n in shown if n][:_LARGEST])
    at = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)))
    for expected, predicted, _ in report.outcomes:
        if expected in at and predicted in at:
            counts[at[expected], at[predicted]] += 1
    axes.imshow(np.log1p(counts), cmap="Blues")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set(xlabel="predicted", ylabel="expected", title="confusions (log scale)")


def _confidences(report: Report, axes) -> None:  # type: ignore[no-untyped-def]  # matplotlib ships no types we use
    """How sure the matcher was of what it got right and of what it got wrong."""
    right = [c for e, p, c in report.outcomes if e == p]
    wrong = [c for e, p, c in report.outcomes if e != p]
    axes.hist([right, wrong], bins=25, range=(0, 1), label=["right", "wrong"], color=["tab:blue", "tab:red"])
    axes.set(xlabel="confidence", ylabel="messages", title=f"accuracy {report.accuracy:.1%}")
    axes.legend()
