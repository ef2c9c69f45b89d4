"""Predictions of a task's cells: confusion matrices and ROC curves."""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from labproof.judging.measures import asked
from labproof.page.figures.style import INK, MUTED, SHARES, VALIDATION, styled, titles

MOST_WRITTEN = 12  # classes whose counts are written into the matrix


def roc(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return false and true positive rates, from (0, 0) to (1, 1), one point a threshold.

    Equal probabilities make one step together, so ties become slanted pieces (Fawcett 2006,
    doi:10.1016/j.patrec.2005.10.010). Labels are 0 or 1 and must hold both, else ValueError.
    """
    labels = np.asarray(labels)
    if set(np.unique(labels)) != {0, 1}:
        raise ValueError("an ROC curve needs labels of both classes, 0 and 1")
    order = np.argsort(-np.asarray(probabilities), kind="stable")
    ends = np.append(np.flatnonzero(np.diff(np.asarray(probabilities)[order])), len(labels) - 1)
    hits = np.cumsum(labels[order])[ends]
    false_positives = np.append(0, ends + 1 - hits) / (labels == 0).sum()
    return false_positives, np.append(0, hits) / (labels == 1).sum()


def auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Area under the ROC curve, 0..1, by trapezia: exact, and equal to Mann-Whitney's U / (m n)."""
    return float(np.trapezoid(*roc(labels, probabilities)[::-1]))


@styled
def predictions(
    frames: Mapping[str, pd.DataFrame], classes: Mapping[str, tuple[str, str]]
) -> tuple[Figure, pd.DataFrame]:
    """Confusion matrix above ROC curve, one column a cell, over all seeds.

    frames: label -> seed, image, label (0|1), probability (of label 1); or label (0 to K - 1) and
        p0 to p{K - 1}, which have a matrix alone; and split or none. Final images are shown where
        there are some, else those of validation.
    classes: label -> names of class 0 and class 1, the positive one, or of all K; None: numbers.

    The matrix cuts at 0.5 (above it: label 1), and shows the mean count over the seeds and the
    share of its row. The ROC curves are each seed's, thin, and their vertical average, thick
    (Fawcett 2006, doi:10.1016/j.patrec.2005.10.010). A seed with a probability that is not finite
    is left out and the axes say so; so are ROC curves where the labels hold one class only.

    Returns the figure and the table: cell, kind (confusion, roc or auc), seed (or "mean"), true,
    predicted, count, share, false_positive_rate, true_positive_rate, auc.
    """
    figure = Figure(figsize=(0.7 + 2.6 * len(frames), 5.2), layout="constrained")
    rocs = any("probability" in frame for frame in frames.values())
    figure.set_figheight(5.2 if rocs else 2.9)
    ratios = (0.82, 1) if rocs else (1,)
    axes = figure.subplots(len(ratios), len(frames), squeeze=False, height_ratios=ratios)
    table, remarks = [], []
    for column, (cell, frame) in enumerate(frames.items()):
        frame, _ = asked(frame)
        seeds = dict(list(frame.groupby("seed")))
        numbers = _answers(frame)
        usable = {
            seed: one for seed, one in seeds.items() if np.isfinite(one[numbers]).all(axis=None)
        }
        lost = len(seeds) - len(usable)
        remarks.append(f"left out, not finite: {lost} of {len(seeds)} seeds" if lost else None)
        names = classes[cell] or [str(number) for number in range(max(2, len(numbers)))]
        rows = _confusion(axes[0, column], usable, names, numbers)
        if numbers == ["probability"]:
            rows += _roc_curves(axes[1, column], usable)
        elif rocs:
            axes[1, column].set_axis_off()
        table += [{"cell": cell, **row} for row in rows]
    for ax, label, remark in zip(axes[0], frames, remarks, strict=True):
        titles(ax, label, remark, room=any(remarks))
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
    columns = "cell kind seed true predicted count share false_positive_rate true_positive_rate auc"
    return figure, pd.DataFrame(table, columns=columns.split())


def of_classes(frame: pd.DataFrame | None) -> bool:
    """Whether predictions are of classes, so that there is something to draw; numbers are not."""
    return frame is not None and bool(_answers(frame))


def _answers(frame):
    """The columns of a frame that hold what was predicted."""
    if "probability" in frame:
        return ["probability"]
    return [name for name in frame if re.fullmatch(r"p\d+", name)]


def _confusion(ax, by_seed, classes, numbers):
    """Draw the mean table of all classes, rows true and columns predicted; return its rows."""
    size = len(classes)
    counts = np.zeros((size, size))
    for one in by_seed.values():
        said = one[numbers].to_numpy()
        said = (said[:, 0] > 0.5).astype(int) if len(numbers) == 1 else said.argmax(axis=1)
        np.add.at(counts, (one.label, said), 1 / len(by_seed))
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.where(totals > 0, totals, 1)
    ax.imshow(shares, cmap=SHARES, vmin=0, vmax=1)
    ax.set(
        xticks=range(size),
        yticks=range(size),
        xticklabels=classes,
        xlabel="predicted",
        ylabel="true class",
    )
    ax.set_yticklabels(classes, rotation=90, va="center")
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(True)
    rows = []
    for true, predicted in np.ndindex(size, size):
        count, share = counts[true, predicted], shares[true, predicted]
        shown = f"{count:.0f}" if len(by_seed) == 1 else f"{count:.1f}"
        place = {"ha": "center", "va": "center"}
        if size == 2:
            ax.text(predicted, true - 0.1, f"{share:.0%}", fontsize=12, **place)
            ax.text(predicted, true + 0.2, f"{shown} examples", fontsize=7.5, color=INK, **place)
        elif size <= MOST_WRITTEN and count:
            ax.text(predicted, true, f"{count:.0f}", fontsize=6, color=INK, **place)
        names = {"true": classes[true], "predicted": classes[predicted]}
        rows.append({"kind": "confusion", "seed": "mean", **names, "count": count, "share": share})
    return rows


def _roc_curves(ax, by_seed):
    """Draw each seed's ROC curve and their vertical average; return the points and the areas."""
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    ax.set(xlabel="false positive rate", ylabel="true positive rate")
    ax.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))
    ax.set_yticks((0, 0.5, 1), ("0", "0.5", "1"))
    ax.plot([0, 1], [0, 1], color=MUTED, lw=0.7, ls=":")
    by_seed = {seed: one for seed, one in by_seed.items() if one.label.nunique() == 2}
    if not by_seed:
        ax.text(0.95, 0.06, "AUC not defined", ha="right")
        return []
    grid = np.linspace(0, 1, 101)
    heights, areas, rows = [], [], []
    faint = float(np.clip(1.6 / len(by_seed), 0.15, 0.6))
    for seed, one in by_seed.items():
        across, up = roc(one.label, one.probability)
        heights.append(np.interp(grid, across, up))
        areas.append(auc(one.label, one.probability))
        if len(by_seed) > 1:
            ax.plot(across, up, color=VALIDATION["color"], alpha=faint, lw=0.7)
        rows += [*_points(seed, across, up), {"kind": "auc", "seed": seed, "auc": areas[-1]}]
    if len(by_seed) == 1:
        ax.plot(across, up, color=VALIDATION["color"], lw=1.9)
        ax.text(0.97, 0.05, f"AUC {areas[0]:.2f}", ha="right", fontsize=10)
        return rows
    mean = np.mean(heights, axis=0)
    across, mean = np.append(0, grid), np.append(0, mean)  # an ROC curve starts in the corner
    ax.plot(across, mean, color=VALIDATION["color"], lw=1.9)
    ax.text(0.97, 0.16, f"AUC {np.mean(areas):.2f}", ha="right", fontsize=10)
    spread = f"{min(areas):.2f}–{max(areas):.2f}, {len(areas)} seeds"
    ax.text(0.97, 0.05, spread, ha="right", fontsize=7.5)
    rows += _points("mean", across, mean)
    return [*rows, {"kind": "auc", "seed": "mean", "auc": np.mean(areas)}]


def _points(seed, across, up):
    return [
        {"kind": "roc", "seed": seed, "false_positive_rate": x, "true_positive_rate": y}
        for x, y in zip(across, up, strict=True)
    ]
