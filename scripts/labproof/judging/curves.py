"""One seed's history -> one number: final values, overfitting, convergence, noise, speed."""

from typing import TYPE_CHECKING

import numpy as np

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
