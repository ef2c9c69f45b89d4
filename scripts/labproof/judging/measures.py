"""What one seed left behind -> one number, by the names that claims use.

`MEASURES` joins the names of `lab.vocabulary` with the functions of `curves`, `statistics`,
`reliance` and `accounts`; `KINDS` its kinds, for any column, scalar or class.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from labproof.judging import accounts, curves, reliance, statistics
from labproof.lab import vocabulary

FINAL, VALIDATION = "final", "validation"  # of the images that a cell was asked about
MOST_NAMED = 8  # columns in a reason


class Computed(NamedTuple):
    """How a measure is computed, and what a new sample of images would move of it."""

    of: Callable  # the table of one seed (and `at`, where it has a parameter) -> number
    images: Callable | None = None  # as in `statistics`
    binary: bool = False  # each image is right or wrong
    # Of final images, on which nothing was watched: the table of one seed's answers -> number; what
    # the history says of the training images is taken from it.
    final: Callable | None = None
    training: Callable | None = None


# Kind -> its function of one seed's table and what it is taken of, and of images, as `Computed`.
KINDS = {
    "final": (curves.final,),
    "last": (curves.last,),
    "highest": (curves.highest,),
    "lowest": (curves.lowest,),
    "mean": (curves.mean,),
    "after": (curves.after,),
    "at_epoch": (curves.at_epoch,),
    "epoch_of_highest": (curves.epoch_of_highest,),
    "epoch_of_lowest": (curves.epoch_of_lowest,),
    "time_to": (curves.time_to,),
    "epochs_to": (curves.epochs_to,),
    "settling": (curves.settling,),
    "epochs_to_settle": (curves.epochs_to_settle,),
    "gap": (curves.gap,),
    "rise": (curves.rise,),
    "fall": (curves.fall,),
    "trend": (curves.trend,),
    "slope": (curves.slope_of,),
    "noise": (curves.noise_of,),
    "epochs": (curves.epochs,),
    "scalar": (accounts.scalar,),
    "seconds": (accounts.seconds,),
    "parameters": (accounts.parameters,),
    "memory": (accounts.memory,),
    "accuracy": (statistics.accuracy, lambda of: statistics.right_of),
    "cross_entropy": (statistics.cross_entropy, lambda of: statistics.mean_of),
    "recall": (statistics.recall, lambda of: statistics.recall_of(int(of))),
    "precision": (statistics.precision, lambda of: statistics.precision_of(int(of))),
    "answered": (statistics.answered, lambda of: statistics.answered_of(int(of))),
    "most_answered": (statistics.most_answered, lambda of: statistics.most_answered_of),
    "f1": (statistics.f1, lambda of: statistics.f1_of),
    "mse": (statistics.mse, lambda of: statistics.mean_of),
    "mae": (statistics.mae, lambda of: statistics.mean_of),
    "r2": (statistics.r2,),
}
# Kinds that are counts of right and wrong answers.
COUNTED = ("accuracy", "recall", "precision", "answered", "most_answered", "f1")


class _Measures(dict):
    """The measures with a name of their own, which it lists, and every kind of anything."""

    def __missing__(self, name: str) -> Computed:
        written = vocabulary.named(name)
        if written in self:
            return self[written]
        kind, of = vocabulary.split(written)
        function, *images = KINDS[kind]
        return Computed(
            partial(function, **{ARGUMENTS[vocabulary.KINDS[kind].takes]: of}) if of else function,
            images[0](of) if images else None,
            binary=kind in COUNTED,
        )


# What the functions of a kind call what it is taken of.
ARGUMENTS = {"column": "column", "columns": "columns", "scalar": "name", "class": "of"}

_NAMED = {
    "final_loss": Computed(curves.final_loss),
    "final_accuracy": Computed(curves.final_accuracy),
    "final_val_loss": Computed(
        curves.final_val_loss, statistics.cross_entropy_of, final=statistics.cross_entropy
    ),
    "final_val_accuracy": Computed(
        curves.final_val_accuracy, statistics.accuracy_of, binary=True, final=statistics.accuracy
    ),
    "lowest_loss": Computed(curves.lowest_loss),
    "lowest_val_loss": Computed(curves.lowest_val_loss),
    "overfitting": Computed(
        curves.overfitting,
        statistics.cross_entropy_of,
        final=statistics.cross_entropy,
        training=curves.final_loss,
    ),
    "val_loss_rise": Computed(curves.val_loss_rise),
    "validation_trend": Computed(curves.validation_trend),
    "accuracy_gap": Computed(
        curves.accuracy_gap,
        statistics.accuracy_of,
        binary=True,
        final=statistics.accuracy,
        training=curves.final_accuracy,
    ),
    "slope": Computed(curves.slope),
    "noise": Computed(curves.noise),
    "training_noise": Computed(curves.training_noise),
    "speed": Computed(curves.speed),
    "settling_time": Computed(curves.settling_time),
    "time_to_accuracy": Computed(curves.time_to_accuracy),
    "accuracy_after": Computed(curves.accuracy_after),
    "auc": Computed(statistics.auc, statistics.auc_of, binary=True),
    "brier": Computed(statistics.brier, statistics.brier_of),
    "heat_in_zone": Computed(reliance.heat_in_zone, statistics.mean_of),
    "marker_reliance": Computed(reliance.marker_reliance, statistics.mean_of, binary=True),
    "zone_reliance": Computed(reliance.zone_reliance, statistics.mean_of, binary=True),
    "heat_peak_in_zone": Computed(reliance.heat_peak_in_zone, statistics.mean_of, binary=True),
}
MEASURES = _Measures(_NAMED)


def over_seeds(table: pd.DataFrame, measure: str, at: float | None = None) -> pd.Series:
    """A measure of each seed of one cell, indexed by seed.

    Parameters
    ----------
    table
        The cell's histories, predictions or heatmap scores: whichever the measure is of.
    measure
        A name in `MEASURES`.
    at
        The parameter of a measure that has one.

    Returns
    -------
    pd.Series
        NaN where a seed's table has a gap; infinite for what never came (`time_to_accuracy`).
    """
    arguments = {} if at is None else {"at": at}
    return _each(table, MEASURES[measure].of, **arguments).rename(measure)


def on_final(history: pd.DataFrame, answers: pd.DataFrame, measure: str) -> pd.Series:
    """As `over_seeds`, of a measure of a history whose side of new images is that of final ones.

    Parameters
    ----------
    history
        Of the cell; the training side is taken from it, as it is.
    answers
        Rows of the cell's predictions: those on final images alone.
    measure
        A name in `MEASURES` that has `final`, and that the answers tell (`tells_images`).
    """
    known = MEASURES[measure]
    values = _each(answers, known.final).reindex(history["seed"].drop_duplicates())
    if known.training is not None:
        values = values - _each(history, known.training)
    return values.rename(measure)


def _each(table: pd.DataFrame, function: Callable, **arguments: float) -> pd.Series:
    columns = [column for column in table.columns if column != "seed"]
    try:
        return table.groupby("seed")[columns].apply(function, **arguments).astype(float)
    except KeyError:  # a user's own code may write no such column
        return pd.Series(np.nan, index=table["seed"].drop_duplicates())


def asked(predictions: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows of predictions that tell of new images, and which split they are of.

    `final`, where there are such rows: nothing was watched on these images. Else `validation`.
    """
    if "split" not in predictions:
        return predictions, VALIDATION
    split = FINAL if (predictions["split"] == FINAL).any() else VALIDATION
    return predictions[predictions["split"] == split], split


def why_missing(table: pd.DataFrame, measure: str, at: float = 0) -> str:
    """Why a measure, at an epoch or a share, has no value of some seed of a table, in words."""
    options = {"at": at} if vocabulary.MEASURES[measure].parameter else {}
    try:
        over = table[table["seed"] == table["seed"].iloc[0]]
        MEASURES[measure].of(over, **options)
    except KeyError as error:
        there = [name for name in table if name not in ("seed", "epoch")]
        return f"it has no column {error.args[0]}, but {', '.join(there[:MOST_NAMED])}"
    broken = ""
    if vocabulary.MEASURES[measure].table == "histories":
        broken = _broken(table, MEASURES[measure].of, options)
    return broken or vocabulary.MEASURES[measure].absent


def _broken(table: pd.DataFrame, function: Callable, options: Mapping) -> str:
    """The first value of histories that is no finite number and leaves a measure without one."""
    columns = table.select_dtypes("number").columns.drop(["seed", "epoch"])
    broken = columns[~np.isfinite(table[columns]).all()]
    for name in broken:
        # with a curve that any measure can be taken of for the others, and then for this one
        others = table.assign(**{other: 1 / table["epoch"] for other in broken.drop(name)})
        for seed, rows in others.groupby("seed"):
            gaps = rows.loc[~np.isfinite(rows[name]), "epoch"]
            mended = rows.assign(**{name: 1 / rows["epoch"]})
            values = [function(each, **options) for each in (rows, mended)]
            if len(gaps) and np.isnan(values).tolist() == [True, False]:
                return f"{name} has no finite number at epoch {gaps.iloc[0]} of seed {seed}"
    return ""


def interval(values, level: float = 0.95) -> tuple[float, float, float]:
    """Mean and t-interval of independent values (one a seed): (mean, low, high).

    Student's t with n - 1 degrees of freedom. NaN bounds for fewer than two values; NaN
    throughout if any value is missing, since a mean over the seeds that happened to work is biased.
    """
    values = np.asarray(values, dtype=float)
    mean = float(values.mean()) if len(values) else np.nan
    if len(values) < 2 or not np.isfinite(mean):
        return mean, np.nan, np.nan
    half = stdtrit(len(values) - 1, (1 + level) / 2) * values.std(ddof=1) / len(values) ** 0.5
    return mean, float(mean - half), float(mean + half)


def by_image(
    name: str, table: pd.DataFrame, seeds: Sequence[int] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What a measure is made of, image by image, of a cell's seeds in this order, or all of them.

    Probabilities or what `BY_IMAGE` makes of the table (seeds, images), and labels
    (images,), the images in ascending order. A seed that the table lacks is left out.
    """
    rows = (reliance.BY_IMAGE | BY_IMAGE).get(vocabulary.split(name)[0], _probability)(table)
    wide = rows.pivot(index="seed", columns="image", values="value").dropna(axis=1)
    if seeds is not None:
        wide = wide.loc[[seed for seed in seeds if seed in wide.index]]
    label = rows.groupby("image")["label"].first()
    return wide.to_numpy(), label.loc[wide.columns].to_numpy()


# What tells the images' part of a curve's last value, where there are more than two classes.
_OF_CLASSES = {
    "final_val_accuracy": "accuracy",
    "accuracy_gap": "accuracy",
    "final_val_loss": "cross_entropy",
    "overfitting": "cross_entropy",
}


def of_images(measure: str, table: pd.DataFrame) -> str:
    """The measure that tells, of these predictions, what other images would change."""
    name = vocabulary.named(measure)
    return _OF_CLASSES.get(name, name) if "p0" in table else name


def tells_images(table: pd.DataFrame | None, measure: str) -> bool:
    """Whether predictions tell what a measure is made of, image by image."""
    if table is None or not MEASURES[measure].images:
        return False
    kind = vocabulary.split(of_images(measure, table))[0]
    if kind in ("mse", "mae"):
        return "prediction" in table
    return "probability" in table or ("p0" in table and kind in BY_IMAGE)


def one_set(table: pd.DataFrame) -> bool:
    """Whether all seeds of predictions answer the same images, as far as the labels tell."""
    labels = table.pivot(index="seed", columns="image", values="label").to_numpy()
    return bool((labels == labels[0]).all())


def gaps(table: pd.DataFrame) -> bool:
    """Whether an answer is missing in predictions."""
    columns = table.columns.intersection(["probability", "prediction", "p0"])
    return bool(table[columns].isna().any(axis=None))


def _probability(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns={"probability": "value"})


def _answer(table: pd.DataFrame) -> pd.DataFrame:
    return table[["seed", "image", "label"]].assign(value=statistics.answers(table))


def _error(table: pd.DataFrame, power: int) -> pd.DataFrame:
    """Of numbers: they have no classes to draw within, so all are one."""
    error = (table["prediction"] - table["label"]).abs() ** power
    return table[["seed", "image"]].assign(label=0, value=error)


# As `reliance.BY_IMAGE`, by kind.
BY_IMAGE = {
    **dict.fromkeys(COUNTED, _answer),
    "cross_entropy": lambda table: table[["seed", "image", "label"]].assign(
        value=statistics.surprise(table)
    ),
    "mse": lambda table: _error(table, 2),
    "mae": lambda table: _error(table, 1),
}
