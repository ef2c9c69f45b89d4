"""Every figure of the report, in one style, each with the table of what it shows.

A drawing function returns the figure and its table; `save` writes both. Nothing here keeps state:
figures are plain objects, and the style holds for the length of one call.
"""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

# Okabe and Ito's palette, which colour-blind readers can tell apart; each colour has one meaning,
# and each meaning a line style as well. https://jfly.uni-koeln.de/color/
TRAINING = {"color": "#0072B2", "linestyle": "-"}
VALIDATION = {"color": "#D55E00", "linestyle": (0, (4, 1.5))}
OUTLINE = "#F0E442"  # a known zone, drawn over a darker line so that it shows on any image
INK, MUTED, GRID = "#1A1A1A", "#5C5C5C", "#E3E3E3"
PUBLISHED_MARKERS = "Ds^vP"  # one a group

# The heat is clear where it is zero, so that the image shows through; inferno is perceptually
# uniform. From zero on, both colour and opacity rise with the heat.
_INFERNO = matplotlib.colormaps["inferno"](np.linspace(0.15, 1, 256))
_INFERNO[:, 3] = 0.72 * np.linspace(0, 1, 256) ** 0.7
HEAT = ListedColormap(_INFERNO, name="heat")
SHARES = LinearSegmentedColormap.from_list("shares", ["#FFFFFF", "#F3B27F"])  # VALIDATION's tint

STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial", "sans-serif"],
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.solid_capstyle": "round",
    "image.interpolation": "none",  # in an SVG: the image's own pixels, not resampled ones
    "figure.dpi": 150,
    "savefig.dpi": 150,
    # Text stays text, and a second run writes the same bytes.
    "svg.fonttype": "none",
    "svg.hashsalt": "labproof",
}
styled = matplotlib.rc_context(STYLE)  # as a decorator: enters the style anew for each call


# --- writing ---------------------------------------------------------------------------------


def save(figure: Figure, stem: Path, table: pd.DataFrame) -> None:
    """Write stem.svg (clear background), stem.png (white, 150 dpi) and stem.csv, its table.

    The same figure gives the same bytes. The parent folder is made if it is missing.
    """
    stem = Path(stem)
    with matplotlib.rc_context(STYLE):
        figure.draw_without_rendering()
    figure.set_layout_engine("none")  # placed once: each further pass would move the axes a little
    save_png(figure, stem.with_name(stem.name + ".png"))
    with matplotlib.rc_context(STYLE):
        figure.savefig(
            stem.with_name(stem.name + ".svg"), transparent=True, metadata={"Date": None}
        )
    table.to_csv(stem.with_name(stem.name + ".csv"), index=False, lineterminator="\n")


@styled
def save_png(figure: Figure, path: Path) -> None:
    """Write a figure as PNG alone, 150 dpi; the parent folder is made if it is missing."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, facecolor="white")


# --- learning curves -------------------------------------------------------------------------


@styled
def learning_curves(
    histories: Mapping[str, pd.DataFrame], published: pd.DataFrame | None = None
) -> tuple[Figure, pd.DataFrame]:
    """Loss above accuracy against the epoch, one column a cell, training and validation.

    histories: label -> seed, epoch, loss, accuracy, val_loss, val_accuracy (accuracy 0..1). Each
        seed is a thin line, the mean over seeds a thick one. A value that is not finite is left
        out, of the mean too, and the axes say how many seeds that concerns.
    published: cell, group, metric (as the columns above), value, with the labels as cells. Final
        values of one run each, drawn as one marker a group behind the last epoch.

    The loss axis follows the typical seed; where single values lie above it, it says so. Returns
    the figure and the table: cell, kind (seed, mean or published), who (the seed, the number of
    seeds or the group), epoch, loss, accuracy, val_loss, val_accuracy.
    """
    means = {label: _mean_over_seeds(history) for label, history in histories.items()}
    finals = _published_finals(histories, published)
    groups = list(dict.fromkeys(final["who"] for final in finals))

    width = 1.0 + 3.2 * len(histories) if len(histories) < 3 else 0.9 + 2.5 * len(histories)
    figure = Figure(figsize=(width, 4.9), layout="constrained")
    axes = figure.subplots(2, len(histories), sharex="col", sharey="row", squeeze=False)
    top = _loss_limit(histories.values(), finals)
    remarks = [_loss_remark(history, top) for history in histories.values()]
    for column, (label, history) in enumerate(histories.items()):
        last, own = history.epoch.max(), [final for final in finals if final["cell"] == label]
        for ax, metric in zip(axes[:, column], ("loss", "accuracy"), strict=True):
            _curves(ax, history, means[label], metric)
            _markers(ax, own, groups, metric, history)
        _titles(axes[0, column], label, remarks[column], room=any(remarks))
        ticks = MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]).tick_values(0, last)
        axes[1, column].set_xticks([t for t in ticks if axes[1, column].get_xlim()[0] < t <= last])
        axes[1, column].set_xlabel("epoch")
    axes[0, 0].set(ylabel="loss", ylim=(0, top))
    axes[1, 0].set(ylabel="accuracy", ylim=(_accuracy_floor(histories.values(), finals), 1.02))
    _curves_legend(figure, histories.values(), groups)
    return figure, _curves_table(histories, means, finals)


VALUES = ["loss", "accuracy", "val_loss", "val_accuracy"]


def _finite(history):
    return history.assign(**history[VALUES].astype(float).where(np.isfinite(history[VALUES])))


def _mean_over_seeds(history):
    return _finite(history).groupby("epoch")[VALUES].mean().reset_index()


def _curves(ax, history, mean, metric):
    """Thin lines of the seeds, a thick one of their mean; a single seed is its own mean."""
    seeds = history.seed.nunique()
    faint = float(np.clip(1.6 / seeds, 0.1, 0.5))
    dot = "." if history.epoch.nunique() == 1 else None  # a line of one point is invisible
    for name, look in ((metric, TRAINING), ("val_" + metric, VALIDATION)):
        if seeds > 1:
            for _, one in _finite(history).sort_values("epoch").groupby("seed"):
                ax.plot(one.epoch, one[name], color=look["color"], alpha=faint, lw=0.7, marker=dot)
            ax.plot(mean.epoch, mean[name], color="white", lw=3.2, alpha=0.85, zorder=2.5)
        ax.plot(mean.epoch, mean[name], lw=1.8, marker=dot, zorder=3, **look)


def _published_finals(histories, published):
    """One dict a published group and cell: cell, who and its final values, NaN where unknown."""
    if published is None:
        return []
    known = published[published.cell.isin(list(histories)) & published.metric.isin(VALUES)]
    known = known.dropna(subset=["value"])
    finals = known.pivot_table(
        index=["cell", "group"], columns="metric", values="value", sort=False
    )
    finals = finals.reindex(columns=VALUES).reset_index().rename(columns={"group": "who"})
    return finals.to_dict("records")


def _markers(ax, finals, groups, metric, history):
    """Published values right of the last epoch, side by side, so that equal ones show."""
    last = history.epoch.max()
    span = max(last - history.epoch.min(), 1)
    room = 0.075 * len(groups) if finals else 0
    ax.set_xlim(history.epoch.min() - 0.03 * span, last + (0.03 + room) * span)
    for final in finals:
        place = groups.index(final["who"])
        for half, name, look in ((0, metric, TRAINING), (1, "val_" + metric, VALIDATION)):
            ax.plot(
                [last + span * (0.075 * place + 0.035 * half + 0.035)],
                [final[name]],
                marker=PUBLISHED_MARKERS[place % len(PUBLISHED_MARKERS)],
                markersize=4.5,
                markeredgewidth=1,
                markeredgecolor=look["color"],
                markerfacecolor=look["color"] if look is TRAINING else "none",
                zorder=4,
                clip_on=False,
            )


def _loss_limit(histories, finals):
    """Top of the loss axis: above all values, unless they dwarf the typical ones.

    Typical is what the median over the seeds reaches (its 97.5th percentile over the epochs), and
    what was published. The axis is cut where a value is more than twice the highest of these.
    """
    highest, typical = [], [final[name] for final in finals for name in ("loss", "val_loss")]
    for history in histories:
        losses = _finite(history)[["epoch", "loss", "val_loss"]]
        highest.extend(losses[["loss", "val_loss"]].max())
        typical.extend(losses.groupby("epoch").median().quantile(0.975))
    highest = max((value for value in [*highest, *typical] if np.isfinite(value)), default=0)
    typical = max((value for value in typical if np.isfinite(value)), default=0)
    return 1.05 * (highest if highest <= 2 * typical else 1.3 * typical) or 1.0


def _loss_remark(history, top):
    """What the loss axes do not show, in words; None if they show everything."""
    losses = history[["loss", "val_loss"]].astype(float)
    remarks = []
    broken = history.seed[~np.isfinite(losses).all(axis=1)].nunique()
    if broken:
        remarks.append(f"not finite in {broken} of {history.seed.nunique()} seeds")
    highest = losses.where(np.isfinite(losses)).max().max()
    if highest > top:
        remarks.append(f"axis cut, highest {highest:.3g}")
    return "; ".join(remarks) or None


def _titles(ax, label, remark, *, room):
    """The cell's name, and in the `room` under it what the axes leave out."""
    ax.set_title(textwrap.fill(label, 26), pad=15 if room else 5)
    if remark:
        ax.annotate(
            remark,
            (0, 1),
            (0, 4),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=7.5,
            fontstyle="italic",
            color=MUTED,
        )


def _accuracy_floor(histories, finals):
    lowest = [_finite(history)[["accuracy", "val_accuracy"]].min().min() for history in histories]
    lowest += [final[name] for final in finals for name in ("accuracy", "val_accuracy")]
    lowest = [value for value in lowest if np.isfinite(value)]
    return max(0, min([0.5, *lowest]) - 0.04)


def _curves_legend(figure, histories, groups):
    counts = sorted({history.seed.nunique() for history in histories})
    seeds = "–".join(str(count) for count in {counts[0]: 0, counts[-1]: 0})
    entries = [Line2D([], [], lw=1.9, label="training", **TRAINING)]
    entries += [Line2D([], [], lw=1.9, label="validation", **VALIDATION)]
    if counts[-1] > 1:
        entries[0].set_label("training, mean")
        entries[1].set_label("validation, mean")
        entries.append(Line2D([], [], lw=0.7, color=MUTED, label=f"one of {seeds} seeds"))
    for place, group in enumerate(groups):
        marker = PUBLISHED_MARKERS[place % len(PUBLISHED_MARKERS)]
        look = {"ls": "", "marker": marker, "ms": 4.5, "mfc": "none", "color": MUTED}
        entries.append(Line2D([], [], label=f"{group}, one run", **look))
    columns = 2 if figure.get_figwidth() < 5 else 3 if figure.get_figwidth() < 9 else 6
    figure.legend(
        handles=entries,
        loc="outside upper left",
        ncols=columns,
        handlelength=2.2,
        columnspacing=1.6,
        borderaxespad=0.2,
    )


def _curves_table(histories, means, finals):
    parts = []
    for label, history in histories.items():
        seeds = history[["seed", "epoch", *VALUES]].rename(columns={"seed": "who"})
        parts.append(seeds.assign(cell=label, kind="seed").sort_values(["who", "epoch"]))
        parts.append(means[label].assign(cell=label, kind="mean", who=history.seed.nunique()))
        last = history.epoch.max()
        of_cell = [{**f, "epoch": last} for f in finals if f["cell"] == label]
        if of_cell:
            parts.append(pd.DataFrame(of_cell).assign(kind="published"))
    table = pd.concat([part.astype({"who": object}) for part in parts], ignore_index=True)
    return table[["cell", "kind", "who", "epoch", *VALUES]]


# --- predictions -----------------------------------------------------------------------------


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

    frames: label -> seed, image, label (0|1), probability (of label 1).
    classes: label -> names of class 0 and class 1, the positive one.

    The matrix cuts at 0.5 (above it: label 1), and shows the mean count over the seeds and the
    share of its row. The ROC curves are each seed's, thin, and their vertical average, thick
    (Fawcett 2006, doi:10.1016/j.patrec.2005.10.010). A seed with a probability that is not finite
    is left out and the axes say so; so are ROC curves where the labels hold one class only.

    Returns the figure and the table: cell, kind (confusion, roc or auc), seed (or "mean"), true,
    predicted, count, share, false_positive_rate, true_positive_rate, auc.
    """
    figure = Figure(figsize=(0.7 + 2.6 * len(frames), 5.2), layout="constrained")
    axes = figure.subplots(2, len(frames), squeeze=False, height_ratios=(0.82, 1))
    table, remarks = [], []
    for column, (cell, frame) in enumerate(frames.items()):
        seeds = dict(list(frame.groupby("seed")))
        usable = {seed: one for seed, one in seeds.items() if np.isfinite(one.probability).all()}
        lost = len(seeds) - len(usable)
        remarks.append(f"left out, not finite: {lost} of {len(seeds)} seeds" if lost else None)
        rows = _confusion(axes[0, column], usable, classes[cell])
        rows += _roc_curves(axes[1, column], usable)
        table += [{"cell": cell, **row} for row in rows]
    for ax, label, remark in zip(axes[0], frames, remarks, strict=True):
        _titles(ax, label, remark, room=any(remarks))
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
    columns = "cell kind seed true predicted count share false_positive_rate true_positive_rate auc"
    return figure, pd.DataFrame(table, columns=columns.split())


def _confusion(ax, by_seed, classes):
    """Draw the mean 2 x 2 table, rows true and columns predicted; return its rows."""
    counts = np.zeros((2, 2))
    for one in by_seed.values():
        np.add.at(counts, (one.label, (one.probability > 0.5).astype(int)), 1 / len(by_seed))
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.where(totals > 0, totals, 1)
    ax.imshow(shares, cmap=SHARES, vmin=0, vmax=1)
    ax.set(
        xticks=(0, 1), yticks=(0, 1), xticklabels=classes, xlabel="predicted", ylabel="true class"
    )
    ax.set_yticklabels(classes, rotation=90, va="center")
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(True)
    rows = []
    for true, predicted in np.ndindex(2, 2):
        count, share = counts[true, predicted], shares[true, predicted]
        shown = f"{count:.0f}" if len(by_seed) == 1 else f"{count:.1f}"
        place = {"ha": "center", "va": "center"}
        ax.text(predicted, true - 0.1, f"{share:.0%}", fontsize=12, **place)
        ax.text(predicted, true + 0.2, f"{shown} images", fontsize=7.5, color=INK, **place)
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


# --- images ----------------------------------------------------------------------------------


def _show(ax, image, zone=None):
    """Draw an image H x W, H x W x 1 or H x W x 3 (uint8, or floats 0..1) and outline its zone."""
    image = np.asarray(image)
    image = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if image.dtype != np.uint8:
        image = np.clip(image, 0, 1)
    ax.imshow(image, cmap="gray", vmin=0, vmax=255 if image.dtype == np.uint8 else 1)
    if zone is not None and np.any(zone):
        closed = np.pad(np.asarray(zone) > 0, 1).astype(float)  # closed at the image's border too
        rows, columns = (np.arange(size) - 1 for size in closed.shape)
        for color, width in ((INK, 2.2), (OUTLINE, 1.0)):
            ax.contour(columns, rows, closed, levels=[0.5], colors=color, linewidths=width)
        ax.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5))
    _bare(ax)


def _bare(ax):
    ax.set(xticks=(), yticks=())
    ax.grid(False)
    ax.spines[:].set_visible(False)


def _grid_of_images(rows, columns, *, side=1.12, gap=0.3):
    """Return a figure and its axes rows x columns for square images, side in inches.

    Placed by hand: constrained layout takes seconds for fifty axes. `gap` is the height above
    each row for its titles.
    """
    width, height = columns * side + 0.04, rows * (side + gap)
    figure = Figure(figsize=(width, height))
    axes = figure.subplots(rows, columns, squeeze=False)
    figure.subplots_adjust(
        left=0.02 / width,
        right=1 - 0.02 / width,
        bottom=0.02 / height,
        top=1 - gap / height,
        wspace=0.05,
        hspace=(gap + 0.02) / (side - gap / rows),
    )
    for ax in axes.flat:
        _bare(ax)
    return figure, axes


@styled
def sheet(
    images: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    *,
    zones: np.ndarray | None = None,
    per_class: int = 6,
) -> tuple[Figure, pd.DataFrame]:
    """Contact sheet of a dataset: the first images of each class, one row a class.

    images: N x H x W x C uint8; labels: N integers, indices of `classes`; zones: N x H x W,
    non-zero inside, drawn as an outline. Returns the figure and the table: image (row number of
    `images`), label, class, column, zone_share (share of the pixels, empty without zones).
    """
    labels = np.asarray(labels)
    shown = [np.flatnonzero(labels == label)[:per_class] for label in range(len(classes))]
    figure, axes = _grid_of_images(len(classes), max(1, *map(len, shown)))
    table = []
    for label, (name, chosen) in enumerate(zip(classes, shown, strict=True)):
        axes[label, 0].set_title(f"{name} ({np.sum(labels == label)} images)", pad=4)
        for column, image in enumerate(chosen):
            zone = None if zones is None else zones[image]
            _show(axes[label, column], images[image], zone)
            share = np.nan if zone is None else np.mean(zone > 0)
            table.append((image, label, name, column, share))
    return figure, pd.DataFrame(table, columns=["image", "label", "class", "column", "zone_share"])


@styled
def gallery(
    rows: Mapping[str, Mapping[str, np.ndarray]],
) -> tuple[Figure, pd.DataFrame]:
    """Rows of titled images, such as what the augmentations make of one image.

    rows: what a row is of -> title -> image, H x W, H x W x 1 or H x W x 3, uint8 or floats 0..1;
        rows may differ in length. A title may have two lines.
    Returns the figure and the table: row, title, and the lowest, mean and highest value of each
    image as it was given.
    """
    figure, axes = _grid_of_images(len(rows), max(map(len, rows.values())), gap=0.42)
    table = []
    for row, (name, images) in enumerate(rows.items()):
        for column, (title, image) in enumerate(images.items()):
            _show(axes[row, column], image)
            axes[row, column].set_title(title, pad=3, fontsize=7.5, loc="left")
            words = " ".join(title.split())
            table.append((name, words, np.min(image), np.mean(image), np.max(image)))
    return figure, pd.DataFrame(table, columns=["row", "title", "lowest", "mean", "highest"])


@styled
def pairs(
    images: np.ndarray, found: pd.DataFrame, *, most: int = 12, columns: int = 3
) -> tuple[Figure, pd.DataFrame]:
    """Contact sheet of pairs of duplicates, those across splits or of two classes first.

    images: N x H x W x C uint8; found: first, second (row numbers), correlation, first_split,
        second_split, first_class, second_class. At most `most` pairs, `columns` of them in a row.
    Returns the figure and the rows of `found` that it shows, in its order.
    """
    worst = (found["first_split"] != found["second_split"]).astype(int)
    worst += found["first_class"] != found["second_class"]
    order = worst.sort_values(ascending=False, kind="stable").index[:most]
    shown = found.loc[order]
    figure, axes = _grid_of_images(-(-len(shown) // columns), 2 * columns, gap=0.42)
    for ax in axes.flat[2 * len(shown) :]:
        ax.set_visible(False)
    sides = [side for _ in range(len(shown)) for side in ("first", "second")]
    rows = np.repeat(np.arange(len(shown)), 2)
    for ax, side, row in zip(axes.flat, sides, rows, strict=False):
        entry = shown.iloc[row]
        _show(ax, images[entry[side]])
        title = f"{entry[side]}: {entry[f'{side}_class']}\n{entry[f'{side}_split']}"
        ax.set_title(title, pad=3, fontsize=7.5, loc="left")
    return figure, shown


# --- heatmaps --------------------------------------------------------------------------------


def _heat(ax, image, heatmap, zone):
    """Draw a map 0..1 over its image; say so where it shows nothing."""
    heatmap = np.asarray(heatmap)
    if heatmap.shape != np.shape(image)[:2]:
        raise ValueError(f"the map is {heatmap.shape}, its image {np.shape(image)}: upsample it")
    _show(ax, image, zone)
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
    _bare(ax)
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
                _show(ax, item.image)
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
        _bare(ax)
    return figure, table
