"""One seed's history -> one number: final values, overfitting, convergence, noise, speed.

Of any column; those with a name of their own come after, each a case. Values are in the column's
units (so a loss in nats) and NaN where it has a gap.
"""

from typing import TYPE_CHECKING

import numpy as np

from labproof.lab import vocabulary

if TYPE_CHECKING:
    import pandas as pd


def final(history: "pd.DataFrame", column: str) -> float:
    """Mean of a column over the last tenth of the epochs, at least one.

    A single last epoch would carry the noise of one pass over the data into every comparison.
    """
    values = _curve(history, column)
    if len(values) == 0:
        return np.nan
    return float(np.mean(values[-max(1, len(values) // 10) :]))


def last(history: "pd.DataFrame", column: str) -> float:
    """A column's value of the last epoch."""
    return float(_curve(history, column)[-1])


def highest(history: "pd.DataFrame", column: str) -> float:
    """Highest value of any epoch."""
    return float(history[column].max(skipna=False))


def lowest(history: "pd.DataFrame", column: str) -> float:
    """Lowest value of any epoch."""
    return float(history[column].min(skipna=False))


def epoch_of_highest(history: "pd.DataFrame", column: str) -> float:
    """Epoch (from 1) at which a column is first at its highest."""
    return _epoch_of_lowest(-_curve(history, column))


def epoch_of_lowest(history: "pd.DataFrame", column: str) -> float:
    """Epoch (from 1) at which a column is first at its lowest."""
    return _epoch_of_lowest(_curve(history, column))


def _epoch_of_lowest(values: np.ndarray) -> float:
    return float(np.argmin(values) + 1) if np.isfinite(values).all() else np.nan


def mean(history: "pd.DataFrame", column: str) -> float:
    """Mean of a column over all epochs: the area under its curve, over its length."""
    return float(np.mean(_curve(history, column)))


def after(history: "pd.DataFrame", column: str, at: float) -> float:
    """Value of the epoch that ends the share `at` of the run.

    `at` 0.4 is epoch 20 of 50; between two epochs the earlier one, but at least the first.
    """
    values = _curve(history, column)
    if len(values) == 0:
        return np.nan
    return float(values[max(1, int(at * len(values) + 1e-9)) - 1])


def at_epoch(history: "pd.DataFrame", column: str, at: float) -> float:
    """Value of epoch `at` (from 1); NaN where the run ended before."""
    values = _curve(history, column)
    return float(values[int(at) - 1]) if 1 <= at <= len(values) else np.nan


def epochs_to(history: "pd.DataFrame", column: str, at: float) -> float:
    """Epochs until a column is first at least `at`, or at most where less of it is better.

    Infinite: never within the run, so the time is known only to be longer (censored); `verdicts`
    treats it so.
    """
    values = _curve(history, column)
    if not np.isfinite(values).all():
        return np.nan
    falls = vocabulary.better(column) == "less"
    reached = np.flatnonzero(values <= at if falls else values >= at)
    return float(reached[0] + 1) if len(reached) else np.inf


def time_to(history: "pd.DataFrame", column: str, at: float) -> float:
    """Share of the run (above 0, to 1) until a column is first at least `at`; as `epochs_to`."""
    return epochs_to(history, column, at) / len(history)


def epochs_to_settle(history: "pd.DataFrame", column: str) -> float:
    """Epochs until a column has made nine tenths of its way.

    Its way leads from the first epoch to the final value; the first epoch from which on the column
    stays within a tenth of the way, as settling time is defined in control theory. NaN for one that
    does not get better.
    """
    values = _curve(history, column)
    if len(values) == 0 or not np.isfinite(values).all():
        return np.nan
    sign = -1 if vocabulary.better(column) == "more" else 1
    left = sign * (values - final(history, column))
    way = left[0]
    if way <= 0:
        return np.nan
    outside = np.flatnonzero(left > 0.1 * way)
    return float(outside[-1] + 2 if len(outside) else 1)


def settling(history: "pd.DataFrame", column: str) -> float:
    """Share of the run (0 to 1) until a column has made nine tenths of its way."""
    return epochs_to_settle(history, column) / len(history) if len(history) else np.nan


def gap(history: "pd.DataFrame", columns: str) -> float:
    """Final value of one column less that of another, "val_loss - loss"."""
    first, second = columns.split(" - ")
    return final(history, first) - final(history, second)


def rise(history: "pd.DataFrame", column: str) -> float:
    """Final value less the lowest (>= 0 but for the averaging)."""
    return final(history, column) - lowest(history, column)


def fall(history: "pd.DataFrame", column: str) -> float:
    """Highest value less the final one (>= 0 but for the averaging)."""
    return highest(history, column) - final(history, column)


def trend(history: "pd.DataFrame", column: str) -> float:
    """Change over the second half of the run (above 0: it rises).

    A least-squares line through the second half of the epochs (at least three), from its first
    epoch to its last.
    """
    values = _curve(history, column)
    last = values[-max(3, len(values) // 2) :]
    return _line(last) * (len(last) - 1)


def slope_of(history: "pd.DataFrame", column: str) -> float:
    """Relative change over the last tenth of the run (1: doubled, 0: flat).

    A least-squares line through the last fifth of the epochs (at least three), its slope times a
    tenth of the number of epochs, divided by the line's mean.
    """
    values = _curve(history, column)
    last = values[-max(3, len(values) // 5) :]
    if len(last) < 3 or last.mean() == 0:
        return np.nan
    return _line(last) * len(values) / 10 / float(last.mean())


def noise_of(history: "pd.DataFrame", column: str) -> float:
    """Spread of a column about its smoothed curve (>= 0).

    Standard deviation of the second differences over sqrt(6): the standard deviation of white
    noise on any curve that is straight over three epochs (von Neumann et al. 1941).
    """
    values = _curve(history, column)
    if len(values) < 4:
        return np.nan
    return float(np.sqrt(np.mean(np.diff(values, 2) ** 2) / 6))


def epochs(history: "pd.DataFrame") -> float:
    """How many epochs the run had."""
    return float(len(history))


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
    return lowest(history, "loss")


def lowest_val_loss(history: "pd.DataFrame") -> float:
    """Lowest validation loss of any epoch (nats, >= 0)."""
    return lowest(history, "val_loss")


def overfitting(history: "pd.DataFrame") -> float:
    """Final validation loss less final training loss (nats; above 0: the network overfits)."""
    return gap(history, "val_loss - loss")


def val_loss_rise(history: "pd.DataFrame") -> float:
    """Final validation loss less its lowest value (nats, >= 0 but for the averaging)."""
    return rise(history, "val_loss")


def validation_trend(history: "pd.DataFrame") -> float:
    """Change of the validation loss over the second half of the run (nats; above 0: it rises).

    A least-squares line through the second half of the epochs (at least three), from its first
    epoch to its last. Unlike the rise above the lowest value it has no bias from noise.
    """
    return trend(history, "val_loss")


def accuracy_gap(history: "pd.DataFrame") -> float:
    """Final validation accuracy less final training accuracy (-1 to 1)."""
    return gap(history, "val_accuracy - accuracy")


def slope(history: "pd.DataFrame") -> float:
    """Relative change of the training loss over the last tenth of the run (1: doubled, 0: flat).

    A least-squares line through the last fifth of the epochs (at least three), its slope times a
    tenth of the number of epochs, divided by the line's mean.
    """
    return slope_of(history, "loss")


def noise(history: "pd.DataFrame") -> float:
    """Spread of the validation loss about its smoothed curve (nats, >= 0).

    Standard deviation of the second differences over sqrt(6): the standard deviation of white
    noise on any curve that is straight over three epochs (von Neumann et al. 1941).
    """
    return noise_of(history, "val_loss")


def training_noise(history: "pd.DataFrame") -> float:
    """Spread of the training loss about its smoothed curve (nats, >= 0); as `noise`."""
    return noise_of(history, "loss")


def speed(history: "pd.DataFrame") -> float:
    """Mean training accuracy over all epochs (0 to 1): the area under the learning curve.

    The earlier a network learns, the larger it is (the ALC of Guyon et al. 2011, "Results of the
    Active Learning Challenge", without its rescaling). Compare runs of the same length.
    """
    return mean(history, "accuracy")


def settling_time(history: "pd.DataFrame") -> float:
    """Share of the run (0 to 1) until the training loss has made nine tenths of its way.

    Its way leads from the first epoch to the final value; the first epoch from which on the loss
    stays within a tenth of the way, as settling time is defined in control theory. NaN for a loss
    that does not fall.
    """
    return settling(history, "loss")


def time_to_accuracy(history: "pd.DataFrame", at: float) -> float:
    """Share of the run (above 0, to 1) until the training accuracy is first at least `at`.

    Epoch 20 of 50 is 0.4. Infinite: never within the run, so the time is known only to be longer
    (censored); `verdicts` treats it so.
    """
    return time_to(history, "accuracy", at)


def accuracy_after(history: "pd.DataFrame", at: float) -> float:
    """Training accuracy (0 to 1) of the epoch that ends the share `at` of the run.

    `at` 0.4 is epoch 20 of 50; between two epochs the earlier one, but at least the first.
    """
    return after(history, "accuracy", at)


def _curve(history: "pd.DataFrame", column: str) -> np.ndarray:
    values = history[column].to_numpy(dtype=float)
    return values[np.argsort(history["epoch"].to_numpy(), kind="stable")]


def _line(values: np.ndarray) -> float:
    """Slope of the least-squares line; NaN for fewer than three values or a gap."""
    if len(values) < 3 or not np.isfinite(values).all():
        return np.nan
    return float(np.polyfit(np.arange(len(values)), values, 1)[0])
