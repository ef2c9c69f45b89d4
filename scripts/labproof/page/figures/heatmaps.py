"""Heatmaps over their images, and their scores in the zone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from labproof.page.figures.images import bare, show
from labproof.page.figures.style import GRID, HEAT, INK, MUTED, TRAINING, styled


def _heat(ax, image, heatmap, zone):
    """Draw a map 0..1 over its image; say so where it shows nothing."""
    heatmap = np.asarray(heatmap)
    if heatmap.shape != np.shape(image)[:2]:
        raise ValueError(f"the map is {heatmap.shape}, its image {np.shape(image)}: upsample it")
    show(ax, image, zone)
    ax.imshow(heatmap, cmap=HEAT, vmin=0, vmax=1)
    finite = np.isfinite(heatmap).all()
    if not (finite and heatmap.any()):
        box = {"facecolor": "white", "edgecolor": "none", "pad": 2}
        ax.text(
            0.5,
            0.12,
            "map is zero\neverywhere" if finite else "map is\nnot finite",
            transform=ax.transAxes,
            ha="center",
            va="center",
            fontsize=7.5,
            bbox=box,
        )


def _heat_bar(figure, place):
    """Colour bar in figure coordinates `place` (left, bottom, width, height)."""
    ax = figure.add_axes(place)
    # An image, since the stripes of a colorbar overlap where they are clear.
    ramp = np.linspace(0, 1, 256)[None]
    look = {"cmap": HEAT, "vmin": 0, "vmax": 1, "origin": "lower"}
    ax.axhspan(0, 1, facecolor="0.62", zorder=-1)  # the heat is seen on an image, not on paper
    ax.imshow(ramp, aspect="auto", extent=(0, 1, 0, 1), **look)
    bare(ax)
    ax.xaxis.set_ticks((0, 0.5, 1), ("0", "0.5", "1"))
    ax.xaxis.set_label_text("Grad-CAM, share of each map's maximum", fontsize=7.5)
    ax.tick_params(labelsize=7.5, length=2)
    ax.spines[:].set(visible=True, linewidth=0.5)


class Explained(NamedTuple):
    """One image of a contact sheet, with the network's answer and its map."""

    name: str  # which image, such as its row number and the seed
    image: np.ndarray  # H x W (x C), uint8 or floats 0..1
    heatmap: np.ndarray  # H x W, 0..1
    truth: str  # name of the image's class
    predicted: str  # name of the predicted class
    probability: float  # of the predicted class, 0..1
    zone: np.ndarray | None = None  # H x W, non-zero inside


@styled
def contact_sheet(items: Sequence[Explained], *, pairs: int = 2) -> tuple[Figure, pd.DataFrame]:
    """Image beside overlay for several images, `pairs` of them in a row, right and wrong in words.

    Returns the figure and the table: image, truth, predicted, probability, answer (right or
    wrong), heatmap (found, zero or not finite).
    """
    lines = -(-len(items) // pairs)
    side, gap, foot, edge = 1.5, 0.42, 0.55, 0.06  # inches
    width, height = pairs * (2 * side + 0.15), lines * (side + gap) + foot
    figure = Figure(figsize=(width, height))
    table = []
    for place, item in enumerate(items):
        line, pair = divmod(place, pairs)
        bottom = 1 - (line + 1) * (side + gap) / height
        for half in range(2):
            left = (edge + pair * (2 * side + 0.15) + half * side) / width
            ax = figure.add_axes((left, bottom, (side - 0.04) / width, (side - 0.04) / height))
            if half:
                _heat(ax, item.image, item.heatmap, item.zone)
            else:
                show(ax, item.image)
                right = item.truth == item.predicted
                mark = "✓ right" if right else "✗ wrong"
                ax.set_title(
                    f"{mark}: {item.predicted}, {item.probability:.0%}\n",
                    pad=3,
                    fontsize=8.5,
                    fontweight="normal" if right else "bold",
                )
                ax.annotate(
                    f"truly {item.truth}; {item.name}",
                    (0, 1),
                    (0, 4),
                    xycoords="axes fraction",
                    textcoords="offset points",
                    fontsize=7.5,
                    color=MUTED,
                )
        answer = "right" if item.truth == item.predicted else "wrong"
        peak = np.max(item.heatmap)
        found = "found" if peak > 0 else "zero" if peak == 0 else "not finite"
        table.append((item.name, item.truth, item.predicted, item.probability, answer, found))
    bar = (edge / width, 0.38 / height, (2 * side - 0.04) / width, 0.09 / height)
    _heat_bar(figure, bar)
    columns = ["image", "truth", "predicted", "probability", "answer", "heatmap"]
    return figure, pd.DataFrame(table, columns=columns)


@styled
def heat_scores(scores: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Energy in the zone, image by image, less the zone's share of the area: a box a method.

    scores: as heatmaps/{cell}/scores.csv has them. An image counts once, by its mean over seeds.
        Below the methods stand the network before training (by the first method) and the centre
        prior; the line at 0 is a map that knows nothing.
    Returns the figure and the table: what, image, value.
    """
    rows = []
    if "energy" in scores:
        first = scores.loc[scores["network"] == "trained", "method"].iloc[0]
        for (network, method), part in scores.groupby(["network", "method"], sort=False):
            what = {
                "trained": method,
                "untrained": f"{method}, network not trained" if method == first else None,
                "none": "a map that points at the centre",
            }[network]
            value = (part["energy"] - part["energy_area"]).groupby(part["image"]).mean().dropna()
            if what and len(value):
                rows += [(what, image, x) for image, x in value.items()]
    table = pd.DataFrame(rows, columns=["what", "image", "value"])
    names = list(dict.fromkeys(table["what"]))
    # the nulls last, below the methods
    names.sort(key=lambda name: "not trained" in name or "centre" in name)
    figure = Figure(figsize=(6.4, 0.7 + 0.32 * max(1, len(names))), layout="constrained")
    ax = figure.subplots()
    if names:
        values = [table.loc[table["what"] == name, "value"] for name in names]
        own = ["not trained" not in name and "centre" not in name for name in names]
        boxes = ax.boxplot(values, orientation="horizontal", widths=0.6, patch_artist=True)
        for box, mine in zip(boxes["boxes"], own, strict=True):
            box.set(facecolor=TRAINING["color"] if mine else GRID, alpha=0.6, edgecolor=INK)
        for line in boxes["medians"]:
            line.set(color=INK)
        for points in boxes["fliers"]:
            points.set(marker=".", markersize=3, markeredgecolor=MUTED)
        ax.set_yticks(range(1, len(names) + 1), names)
        ax.invert_yaxis()
        ax.axvline(0, color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
        ax.set_xlabel("share of the heat in the zone, less the zone's share of the image")
    else:
        ax.text(0.5, 0.5, "no zone is known", transform=ax.transAxes, ha="center", va="center")
        bare(ax)
    return figure, table
