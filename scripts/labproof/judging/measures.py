"""What one seed left behind -> one number. A measure is a function with a name in `MEASURES`.

The workflow reads the names while it plans, so this module imports nothing slow.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import stdtrit

if TYPE_CHECKING:
    import pandas as pd

EPSILON = 1e-7  # Keras clips probabilities so before it takes a logarithm


def final(history: "pd.DataFrame", column: str) -> float:
    """Mean of a column over the last tenth of the epochs, at least one.

    A single last epoch would carry the noise of one pass over the data into every comparison.
    """
    values = _curve(history, column)
    if len(values) == 0:
        return np.nan
    return float(np.mean(values[-max(1, len(values) // 10) :]))


def final_loss(history: "pd.DataFrame") -> float:
    """Final training loss (cross-entropy, nats, >= 0), as Keras reports it: dropout active."""
    return final(history, "loss")


def final_accuracy(history: "pd.DataFrame") -> float:
    """Final training accuracy (0 to 1), as Keras reports it: dropout active."""
    return final(history, "accuracy")


def final_val_loss(history: "pd.DataFrame") -> float:
    """Final validation loss (cross-entropy, nats, >= 0)."""
    return final(history, "val_loss")


def final_val_accuracy(history: "pd.DataFrame") -> float:
    """Final validation accuracy (0 to 1)."""
    return final(history, "val_accuracy")


def lowest_loss(history: "pd.DataFrame") -> float:
    """Lowest training loss of any epoch (nats, >= 0)."""
    return float(history["loss"].min(skipna=False))


def lowest_val_loss(history: "pd.DataFrame") -> float:
    """Lowest validation loss of any epoch (nats, >= 0)."""
    return float(history["val_loss"].min(skipna=False))


def overfitting(history: "pd.DataFrame") -> float:
    """Final validation loss less final training loss (nats; above 0: the network overfits)."""
    return final_val_loss(history) - final_loss(history)


def val_loss_rise(history: "pd.DataFrame") -> float:
    """Final validation loss less its lowest value (nats, >= 0 but for the averaging)."""
    return final_val_loss(history) - lowest_val_loss(history)


def validation_trend(history: "pd.DataFrame") -> float:
    """Change of the validation loss over the second half of the run (nats; above 0: it rises).

    A least-squares line through the second half of the epochs (at least three), from its first
    epoch to its last. Unlike the rise above the lowest value it has no bias from noise.
    """
    values = _curve(history, "val_loss")
    last = values[-max(3, len(values) // 2) :]
    return _line(last) * (len(last) - 1)


def accuracy_gap(history: "pd.DataFrame") -> float:
    """Final validation accuracy less final training accuracy (-1 to 1)."""
    return final_val_accuracy(history) - final_accuracy(history)


def slope(history: "pd.DataFrame") -> float:
    """Relative change of the training loss over the last tenth of the run (1: doubled, 0: flat).

    A least-squares line through the last fifth of the epochs (at least three), its slope times a
    tenth of the number of epochs, divided by the line's mean.
    """
    loss = _curve(history, "loss")
    last = loss[-max(3, len(loss) // 5) :]
    if len(last) < 3 or last.mean() == 0:
        return np.nan
    return _line(last) * len(loss) / 10 / float(last.mean())


def noise(history: "pd.DataFrame") -> float:
    """Spread of the validation loss about its smoothed curve (nats, >= 0).

    Standard deviation of the second differences over sqrt(6): the standard deviation of white
    noise on any curve that is straight over three epochs (von Neumann et al. 1941).
    """
    return _noise(_curve(history, "val_loss"))


def training_noise(history: "pd.DataFrame") -> float:
    """Spread of the training loss about its smoothed curve (nats, >= 0); as `noise`."""
    return _noise(_curve(history, "loss"))


def speed(history: "pd.DataFrame") -> float:
    """Mean training accuracy over all epochs (0 to 1): the area under the learning curve.

    The earlier a network learns, the larger it is (the ALC of Guyon et al. 2011, "Results of the
    Active Learning Challenge", without its rescaling). Compare runs of the same length.
    """
    return float(np.mean(_curve(history, "accuracy")))


def settling_time(history: "pd.DataFrame") -> float:
    """Share of the run (0 to 1) until the training loss has made nine tenths of its way.

    Its way leads from the first epoch to the final value; the first epoch from which on the loss
    stays within a tenth of the way, as settling time is defined in control theory. NaN for a loss
    that does not fall.
    """
    loss = _curve(history, "loss")
    if len(loss) == 0 or not np.isfinite(loss).all():
        return np.nan
    end = final(history, "loss")
    way = loss[0] - end
    if way <= 0:
        return np.nan
    outside = np.flatnonzero(loss - end > 0.1 * way)
    return float((outside[-1] + 2 if len(outside) else 1) / len(loss))


def time_to_accuracy(history: "pd.DataFrame", at: float) -> float:
    """Share of the run (above 0, to 1) until the training accuracy is first at least `at`.

    Epoch 20 of 50 is 0.4. Infinite: never within the run, so the time is known only to be longer
    (censored); `verdicts` treats it so.
    """
    accuracy = _curve(history, "accuracy")
    if not np.isfinite(accuracy).all():
        return np.nan
    reached = np.flatnonzero(accuracy >= at)
    return float((reached[0] + 1) / len(accuracy)) if len(reached) else np.inf


def accuracy_after(history: "pd.DataFrame", at: float) -> float:
    """Training accuracy (0 to 1) of the epoch that ends the share `at` of the run.

    `at` 0.4 is epoch 20 of 50; between two epochs the earlier one, but at least the first.
    """
    accuracy = _curve(history, "accuracy")
    if len(accuracy) == 0:
        return np.nan
    return float(accuracy[max(1, int(at * len(accuracy) + 1e-9)) - 1])


# --- of predictions: on the sample of images as it is, or on others drawn from it ---------------
#
# probability (S, N): of the positive class, a row a seed; label (N,): 0 or 1; weight (B, N): how
# often each image was drawn, a row a resample. All give (B, S).


def accuracy_of(probability: np.ndarray, label: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Share of right answers at a threshold of one half (0 to 1)."""
    return _mean((probability > 0.5) == (label > 0.5), weight)


def cross_entropy_of(probability: np.ndarray, label: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean cross-entropy (nats, >= 0), probabilities clipped as Keras does."""
    p = np.clip(probability, EPSILON, 1 - EPSILON)
    return _mean(-np.log(np.where(label > 0.5, p, 1 - p)), weight)


def brier_of(probability: np.ndarray, label: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean squared error of the probabilities (0 to 1; 0.25: always one half). Brier 1950."""
    return _mean((probability - label) ** 2, weight)


def auc_of(probability: np.ndarray, label: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Chance that a positive image is ranked above a negative one, ties half (0 to 1).

    The Mann-Whitney form of the area under the ROC curve (Hanley & McNeil 1982). NaN where a class
    has no images.
    """
    yes, no = label > 0.5, label <= 0.5
    w_yes, w_no = weight[:, yes], weight[:, no]
    pairs = w_yes.sum(1) * w_no.sum(1)
    found = []
    for p in probability:
        above = p[yes][:, None] - p[no][None]
        wins = (above > 0) + 0.5 * (above == 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            found.append(((w_yes @ wins) * w_no).sum(1) / pairs)
    auc = np.stack(found, axis=1)
    auc[:, ~np.isfinite(probability).all(1)] = np.nan
    return auc


def auc(predictions: "pd.DataFrame") -> float:
    """Area under the ROC curve on the validation images (0 to 1, chance 0.5)."""
    return _as_it_is(auc_of, predictions)


def brier(predictions: "pd.DataFrame") -> float:
    """Brier score on the validation images (0 to 1, the lower the better calibrated)."""
    return _as_it_is(brier_of, predictions)


# --- of heatmap scores, one row an image ---------------------------------------------------------


def heat_in_zone(scores: "pd.DataFrame") -> float:
    """Share of the heat inside the known zone less the zone's share of the image (-1 to 1).

    Of Grad-CAM's maps, over the images with a zone; 0 is what an even map has, and an all-zero one
    (see `heat_scores.score`). NaN where no zone is known.
    """
    known = _grad_cam(scores, "energy")
    return np.nan if known is None else float((known["energy"] - known["energy_area"]).mean())


def heat_peak_in_zone(scores: "pd.DataFrame") -> float:
    """Share of the images (0 to 1) whose hottest point lies in the known zone or close to it.

    The pointing game of Zhang et al. 2018 with its tolerance, of Grad-CAM's maps (see
    `heat_scores.score`), over the images with a zone. NaN where no zone is known.
    """
    known = _grad_cam(scores, "pointing")
    return np.nan if known is None else float(known["pointing"].mean())


def _grad_cam(scores: "pd.DataFrame", name: str) -> "pd.DataFrame | None":
    """Rows of the trained network's Grad-CAM maps; None where no zone is known."""
    if name not in scores:
        return None
    return scores[(scores["method"] == "Grad-CAM") & (scores["network"] == "trained")]


# --- of interventions, one row an image and intervention -----------------------------------------


def marker_reliance(answers: "pd.DataFrame") -> float:
    """Validation accuracy that is lost as the film's marker moves to the other class's place.

    -1 to 1; 0 for a network that does not read it. NaN where the images have no known marker.
    """
    return float(_lost(answers, "AS_IT_IS", "MARKER_MOVED")["value"].mean())


def zone_reliance(answers: "pd.DataFrame") -> float:
    """Validation accuracy lost as the zone is painted out, beyond what as much elsewhere costs.

    -1 to 1; 0 for a network that does not need it. NaN where no zone is known.
    """
    return float(_lost(answers, "ELSEWHERE", "ZONE_OUT")["value"].mean())


def _lost(answers: "pd.DataFrame", before: str, after: str) -> "pd.DataFrame":
    """Rows with seed, image, label and value: 1 where only `before` was right, -1 where `after`."""
    from labproof.explain import (
        interventions,  # heavy for Snakemake, which reads this module for names
    )

    before, after = (getattr(interventions, name) for name in (before, after))
    right = (answers["probability"] > 0.5) == (answers["label"] == 1)
    keys = [key for key in ("seed", "image", "label") if key in answers]
    wide = answers.assign(right=right.astype(float)).pivot(
        index=keys, columns="intervention", values="right"
    )
    wide = wide.reindex(columns=[before, after])
    return (wide[before] - wide[after]).dropna().rename("value").reset_index()


# What a measure is made of, image by image, where it is not the probability: table -> rows with
# seed, image, label, value.
BY_IMAGE = {
    "heat_in_zone": lambda table: _in_zone(table, "energy", "energy_area"),
    "heat_peak_in_zone": lambda table: _in_zone(table, "pointing"),
    "marker_reliance": lambda table: _lost(table, "AS_IT_IS", "MARKER_MOVED"),
    "zone_reliance": lambda table: _lost(table, "ELSEWHERE", "ZONE_OUT"),
}


def _in_zone(scores: "pd.DataFrame", name: str, less: str | None = None) -> "pd.DataFrame":
    known = _grad_cam(scores, name)
    if known is None:
        return scores[["seed", "image", "label"]].head(0).assign(value=0.0)
    value = known[name] - (known[less] if less else 0)
    return known[["seed", "image", "label"]].assign(value=value).dropna()


def mean_of(values: np.ndarray, label: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean over images: (seeds, images), (images,), (resamples, images) -> (resamples, seeds)."""
    return _mean(values, weight)


class Measure(NamedTuple):
    """A measure and what there is to know of it."""

    of: Callable  # the table of one seed (and `at`, where it has a parameter) -> number
    words: str
    table: str = "histories"  # or "predictions", "heatmaps", "interventions"
    low: float = -np.inf  # the range of its values
    high: float = np.inf
    parameter: str = ""  # what `at` means, for a measure that needs it
    images: Callable | None = None  # what a new sample of images would move
    binary: bool = False  # each image is right or wrong


MEASURES = {
    "final_loss": Measure(final_loss, "final training loss", low=0),
    "final_accuracy": Measure(final_accuracy, "final training accuracy", low=0, high=1),
    "final_val_loss": Measure(
        final_val_loss, "final validation loss", low=0, images=cross_entropy_of
    ),
    "final_val_accuracy": Measure(
        final_val_accuracy,
        "final validation accuracy",
        low=0,
        high=1,
        images=accuracy_of,
        binary=True,
    ),
    "lowest_loss": Measure(lowest_loss, "lowest training loss of any epoch", low=0),
    "lowest_val_loss": Measure(lowest_val_loss, "lowest validation loss of any epoch", low=0),
    "overfitting": Measure(
        overfitting, "validation loss less training loss, at the end", images=cross_entropy_of
    ),
    "val_loss_rise": Measure(val_loss_rise, "rise of the validation loss above its lowest value"),
    "validation_trend": Measure(
        validation_trend, "change of the validation loss over the second half of the run"
    ),
    "accuracy_gap": Measure(
        accuracy_gap,
        "validation accuracy less training accuracy, at the end",
        low=-1,
        high=1,
        images=accuracy_of,
        binary=True,
    ),
    "slope": Measure(
        slope, "relative change of the training loss over a tenth of the run, at the end"
    ),
    "noise": Measure(noise, "epoch-to-epoch noise of the validation loss", low=0),
    "training_noise": Measure(training_noise, "epoch-to-epoch noise of the training loss", low=0),
    "speed": Measure(speed, "training accuracy, averaged over the run", low=0, high=1),
    "settling_time": Measure(
        settling_time,
        "share of the run until the training loss has made nine tenths of its way",
        low=0,
        high=1,
    ),
    "time_to_accuracy": Measure(
        time_to_accuracy,
        "share of the run until the training accuracy is {at}",
        low=0,
        high=1,
        parameter="the training accuracy to reach",
    ),
    "accuracy_after": Measure(
        accuracy_after,
        "training accuracy after {at} of the run",
        low=0,
        high=1,
        parameter="the share of the run, 0 to 1",
    ),
    "auc": Measure(
        auc,
        "area under the ROC curve",
        table="predictions",
        low=0,
        high=1,
        images=auc_of,
        binary=True,
    ),
    "brier": Measure(brier, "Brier score", table="predictions", low=0, high=1, images=brier_of),
    "heat_in_zone": Measure(
        heat_in_zone,
        "share of the heat inside the zone, less the zone's share of the image",
        table="heatmaps",
        low=-1,
        high=1,
        images=mean_of,
    ),
    "marker_reliance": Measure(
        marker_reliance,
        "accuracy lost as the marker moves to the other class's place",
        table="interventions",
        low=-1,
        high=1,
        images=mean_of,
        binary=True,
    ),
    "zone_reliance": Measure(
        zone_reliance,
        "accuracy lost as the zone is painted out, beyond what as much elsewhere costs",
        table="interventions",
        low=-1,
        high=1,
        images=mean_of,
        binary=True,
    ),
    "heat_peak_in_zone": Measure(
        heat_peak_in_zone,
        "share of the heatmaps whose hottest point lies in the zone or close to it",
        table="heatmaps",
        low=0,
        high=1,
        images=mean_of,
        binary=True,
    ),
}


def words_of(measure: str, at: float | None = None) -> str:
    """What a measure is, in the words of the page."""
    return MEASURES[measure].words.format(at=at)


def over_seeds(table: "pd.DataFrame", measure: str, at: float | None = None) -> "pd.Series":
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
    values = table.groupby("seed")[columns].apply(function, **arguments)
    return values.astype(float).rename(measure)


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


def by_image(name: str, table: "pd.DataFrame") -> tuple[np.ndarray, np.ndarray]:
    """What a measure is made of, image by image, of all seeds of a cell.

    Probabilities or what `BY_IMAGE` makes of the table (seeds, images), and labels (images,), the
    images in ascending order.
    """
    if name in BY_IMAGE:
        rows = BY_IMAGE[name](table)
    else:
        rows = table.rename(columns={"probability": "value"})
    wide = rows.pivot(index="seed", columns="image", values="value").dropna(axis=1)
    label = rows.groupby("image")["label"].first()
    return wide.to_numpy(), label.loc[wide.columns].to_numpy()


def _curve(history: "pd.DataFrame", column: str) -> np.ndarray:
    return history.sort_values("epoch")[column].to_numpy(dtype=float)


def _line(values: np.ndarray) -> float:
    """Slope of the least-squares line; NaN for fewer than three values or a gap."""
    if len(values) < 3 or not np.isfinite(values).all():
        return np.nan
    return float(np.polyfit(np.arange(len(values)), values, 1)[0])


def _noise(values: np.ndarray) -> float:
    if len(values) < 4:
        return np.nan
    return float(np.sqrt(np.mean(np.diff(values, 2) ** 2) / 6))


def _mean(per_image: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return weight @ per_image.T / weight.sum(1, keepdims=True)


def _as_it_is(statistic: Callable, predictions: "pd.DataFrame") -> float:
    probability = predictions["probability"].to_numpy(dtype=float)
    label = predictions["label"].to_numpy()
    return float(statistic(probability[None], label, np.ones((1, len(label))))[0, 0])
