"""Learning curves: seeds thin, their mean thick, and what others published."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from labproof.page.figures.style import (
    MUTED,
    PUBLISHED_MARKERS,
    TRAINING,
    VALIDATION,
    styled,
    titles,
)


@styled
def learning_curves(
    histories: Mapping[str, pd.DataFrame],
    published: pd.DataFrame | None = None,
    units: Mapping[str, str] | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Loss above accuracy against the epoch, one column a cell, training and validation.

    histories: label -> seed, epoch, and of loss, accuracy, val_loss and val_accuracy (0..1) those
        that there are; a row that nobody has is left out, and where nobody has either of them the
        first column that there is takes their place. Each seed is a thin line, the mean over seeds
        a thick one. A value that is not finite is left out, of the mean too, and the axes say how
        many seeds that concerns.
    published: cell, group, metric (as the columns above), value, with the labels as cells. Final
        values of one run each, drawn as one marker a group behind the last epoch.
    units: column -> its unit, where it is known.

    The loss axis follows the typical seed; where single values lie above it, it says so. Returns
    the figure and the table: cell, kind (seed, mean or published), who (the seed, the number of
    seeds or the group), epoch, loss, accuracy, val_loss, val_accuracy, and what took their place.
    """
    means = {label: _mean_over_seeds(history) for label, history in histories.items()}
    finals = _published_finals(histories, published)
    groups = list(dict.fromkeys(final["who"] for final in finals))

    width = 1.0 + 3.2 * len(histories) if len(histories) < 3 else 0.9 + 2.5 * len(histories)
    rows = _rows(histories.values())
    figure = Figure(figsize=(width, 0.9 + 2.0 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), len(histories), sharex="col", sharey="row", squeeze=False)
    top = _loss_limit(histories.values(), finals)
    remarks = [_loss_remark(history, top) for history in histories.values()]
    for column, (label, history) in enumerate(histories.items()):
        last, own = history.epoch.max(), [final for final in finals if final["cell"] == label]
        for ax, metric in zip(axes[:, column], rows, strict=True):
            _curves(ax, history, means[label], metric)
            _markers(ax, own, groups, metric, history)
        titles(axes[0, column], label, remarks[column], room=any(remarks))
        ticks = MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]).tick_values(0, last)
        lowest = axes[-1, column]
        lowest.set_xticks([t for t in ticks if lowest.get_xlim()[0] < t <= last])
        lowest.set_xlabel("epoch")
    limits = {
        "loss": lambda: (0, top),
        "accuracy": lambda: (_accuracy_floor(histories.values(), finals), 1.02),
    }
    for ax, metric in zip(axes[:, 0], rows, strict=True):
        unit = (units or {}).get(metric)
        ax.set_ylabel(f"{metric} ({unit})" if unit else metric)
        if metric in limits:
            ax.set_ylim(limits[metric]())
    _curves_legend(figure, histories.values(), groups)
    return figure, _curves_table(histories, means, finals, rows)


VALUES = ["loss", "accuracy", "val_loss", "val_accuracy"]


def _rows(histories):
    """What is drawn, one row each, by the name that it has without `val_`."""
    there = [name.removeprefix("val_") for history in histories for name in history]
    known = [name for name in ("loss", "accuracy") if name in there]
    return known or [name for name in there if name not in ("seed", "epoch")][:1] or ["loss"]


def _finite(history):
    # a user's own code may write some of them alone, or others
    values = list(dict.fromkeys([*VALUES, *history.columns.drop(["seed", "epoch"])]))
    history = history.reindex(columns=["seed", "epoch", *values])
    return history.assign(**history[values].astype(float).where(np.isfinite(history[values])))


def _mean_over_seeds(history):
    return _finite(history).groupby("epoch").mean().drop(columns="seed").reset_index()


def _curves(ax, history, mean, metric):
    """Thin lines of the seeds, a thick one of their mean; a single seed is its own mean."""
    seeds = history.seed.nunique()
    faint = float(np.clip(1.6 / seeds, 0.1, 0.5))
    dot = "." if history.epoch.nunique() == 1 else None  # a line of one point is invisible
    for name, look in ((metric, TRAINING), ("val_" + metric, VALIDATION)):
        if name not in mean:
            continue
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
                [final.get(name, np.nan)],
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
    losses = history[[name for name in ("loss", "val_loss") if name in history]].astype(float)
    remarks = []
    broken = history.seed[~np.isfinite(losses).all(axis=1)].nunique()
    if broken:
        remarks.append(f"not finite in {broken} of {history.seed.nunique()} seeds")
    highest = losses.where(np.isfinite(losses)).max().max()
    if highest > top:
        remarks.append(f"axis cut, highest {highest:.3g}")
    return "; ".join(remarks) or None


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


def _curves_table(histories, means, finals, rows):
    drawn = [part + name for part in ("", "val_") for name in rows]
    values = VALUES + [
        name
        for name in drawn
        if name not in VALUES and any(name in mean for mean in means.values())
    ]
    parts = []
    for label, history in histories.items():
        seeds = history.reindex(columns=["seed", "epoch", *values]).rename(columns={"seed": "who"})
        parts.append(seeds.assign(cell=label, kind="seed").sort_values(["who", "epoch"]))
        parts.append(means[label].assign(cell=label, kind="mean", who=history.seed.nunique()))
        last = history.epoch.max()
        of_cell = [{**f, "epoch": last} for f in finals if f["cell"] == label]
        if of_cell:
            parts.append(pd.DataFrame(of_cell).assign(kind="published"))
    table = pd.concat([part.astype({"who": object}) for part in parts], ignore_index=True)
    return table[["cell", "kind", "who", "epoch", *values]]
