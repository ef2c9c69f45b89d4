"""History of one seed -> one number. A measure is a function with a name in `MEASURES`.

The workflow reads the names while it plans, so this module imports nothing slow.
"""

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

if TYPE_CHECKING:
    import pandas as pd


def final(history: "pd.DataFrame", column: str) -> float:
    """Mean of a column over the last tenth of the epochs, at least one.

    A single last epoch would carry the noise of one pass over the data into every comparison.
    """
    values = history.sort_values("epoch")[column].to_numpy()
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


def overfitting(history: "pd.DataFrame") -> float:
    """Final validation loss less final training loss (nats; above 0: the network overfits)."""
    return final_val_loss(history) - final_loss(history)


def val_loss_rise(history: "pd.DataFrame") -> float:
    """Final validation loss less its lowest value (nats, >= 0 but for the averaging)."""
    return final_val_loss(history) - float(history["val_loss"].min())


def accuracy_gap(history: "pd.DataFrame") -> float:
    """Final validation accuracy less final training accuracy (-1 to 1)."""
    return final_val_accuracy(history) - final_accuracy(history)


def slope(history: "pd.DataFrame") -> float:
    """Relative change of the training loss over the last tenth of the run (1: doubled, 0: flat).

    A least-squares line through the last fifth of the epochs (at least three), its slope times a
    tenth of the number of epochs, divided by the line's mean.
    """
    loss = history.sort_values("epoch")["loss"].to_numpy()
    last = loss[-max(3, len(loss) // 5) :]
    if len(last) < 3 or not np.isfinite(last).all() or last.mean() == 0:
        return np.nan
    return float(np.polyfit(np.arange(len(last)), last, 1)[0] * len(loss) / 10 / last.mean())


def noise(history: "pd.DataFrame") -> float:
    """Spread of the validation loss about its smoothed curve (nats, >= 0).

    Standard deviation of the second differences over sqrt(6): the standard deviation of white
    noise on any curve that is straight over three epochs (von Neumann et al. 1941).
    """
    values = history.sort_values("epoch")["val_loss"].to_numpy()
    if len(values) < 4:
        return np.nan
    return float(np.sqrt(np.mean(np.diff(values, 2) ** 2) / 6))


def epochs_to(history: "pd.DataFrame", accuracy: float) -> float:
    """First epoch (from 1) whose training accuracy is at least `accuracy`; infinite: never."""
    history = history.sort_values("epoch")
    reached = history.loc[history["accuracy"] >= accuracy, "epoch"]
    return float(reached.iloc[0]) if len(reached) else np.inf


MEASURES = {
    function.__name__: function
    for function in (
        final_loss,
        final_accuracy,
        final_val_loss,
        final_val_accuracy,
        overfitting,
        val_loss_rise,
        accuracy_gap,
        slope,
        noise,
    )
}


def over_seeds(histories: "pd.DataFrame", measure: str) -> "pd.Series":
    """A measure of each seed of one cell's `histories` (seed, epoch, loss, …), indexed by seed."""
    columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    return histories.groupby("seed")[columns].apply(MEASURES[measure]).rename(measure)


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
