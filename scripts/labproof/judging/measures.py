"""What one seed left behind -> one number, by the names that claims use.

`MEASURES` joins the names of `lab.vocabulary` with the functions of `curves`, `statistics` and
`reliance`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from labproof.judging import curves, reliance, statistics
from labproof.lab import vocabulary

FINAL, VALIDATION = "final", "validation"  # of the images that a cell was asked about


class Computed(NamedTuple):
    """How a measure is computed, and what a new sample of images would move of it."""

    of: Callable  # the table of one seed (and `at`, where it has a parameter) -> number
    images: Callable | None = None  # as in `statistics`
    binary: bool = False  # each image is right or wrong
    # Of final images, on which nothing was watched: the table of one seed's answers -> number; what
    # the history says of the training images is taken from it.
    final: Callable | None = None
    training: Callable | None = None


MEASURES = {
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
    function = MEASURES[measure].of
    arguments = {} if at is None else {"at": at}
    columns = [column for column in table.columns if column != "seed"]
    try:
        values = table.groupby("seed")[columns].apply(function, **arguments)
    except KeyError:  # a user's own code may write no such column
        values = pd.Series(np.nan, index=table["seed"].drop_duplicates())
    return values.astype(float).rename(measure)


def on_final(history: pd.DataFrame, answers: pd.DataFrame, measure: str) -> pd.Series:
    """As `over_seeds`, of a measure of a history whose side of new images is that of final ones.

    Parameters
    ----------
    history
        Of the cell; the training side is taken from it, as it is.
    answers
        Rows of the cell's predictions: those on final images alone.
    measure
        A name in `MEASURES` that has `final`.
    """
    known = MEASURES[measure]
    columns = [column for column in answers.columns if column != "seed"]
    try:
        values = answers.groupby("seed")[columns].apply(known.final).astype(float)
    except KeyError:  # answers of another kind, such as numbers
        return over_seeds(history, measure)
    values = values.reindex(history["seed"].drop_duplicates())
    if known.training is not None:
        columns = [column for column in history.columns if column != "seed"]
        values = values - history.groupby("seed")[columns].apply(known.training).astype(float)
    return values.rename(measure)


def asked(predictions: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows of predictions that tell of new images, and which split they are of.

    `final`, where there are such rows: nothing was watched on these images. Else `validation`.
    """
    if "split" not in predictions:
        return predictions, VALIDATION
    split = FINAL if (predictions["split"] == FINAL).any() else VALIDATION
    return predictions[predictions["split"] == split], split


def why_missing(table: pd.DataFrame, measure: str) -> str:
    """Why a measure has no value of some seed of a table, in words."""
    try:
        over = table[table["seed"] == table["seed"].iloc[0]]
        MEASURES[measure].of(
            over, **({} if not vocabulary.MEASURES[measure].parameter else {"at": 0})
        )
    except KeyError as error:
        return f"it has no column {error.args[0]}"
    numbers = table.select_dtypes("number").drop(columns="seed", errors="ignore")
    if vocabulary.MEASURES[measure].table == "histories" and not np.isfinite(numbers).all(
        axis=None
    ):
        return "its curves hold values that are no finite numbers"
    return vocabulary.MEASURES[measure].absent


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

    Probabilities or what `reliance.BY_IMAGE` makes of the table (seeds, images), and labels
    (images,), the images in ascending order. A seed that the table lacks is left out.
    """
    if name in reliance.BY_IMAGE:
        rows = reliance.BY_IMAGE[name](table)
    else:
        rows = table.rename(columns={"probability": "value"})
    wide = rows.pivot(index="seed", columns="image", values="value").dropna(axis=1)
    if seeds is not None:
        wide = wide.loc[[seed for seed in seeds if seed in wide.index]]
    label = rows.groupby("image")["label"].first()
    return wide.to_numpy(), label.loc[wide.columns].to_numpy()
