"""What is known of each measure: those with a name of their own, and the kinds of all others."""

from math import inf, log
from typing import NamedTuple


class Measure(NamedTuple):
    """What a claim may say of a measure, and what it needs."""

    words: str
    table: str = "histories"  # or "predictions", "scalars", "facts", "heatmaps", "interventions"
    low: float = -inf  # the range of its values
    high: float = inf
    parameter: str = ""  # what `at` means, for a measure that needs it
    sampled: bool = False  # a new sample of images would move it
    # of a network that gives every image the same answer, of two classes of one size; None: unknown
    chance: float | None = None
    absent: str = ""  # why it may have no value, though every number that it is made of is there
    limits: tuple[float, float] = (0, 1)  # of `at`
    better: str = ""  # "more" or "less", where one is
    epochs: bool = False  # a number of epochs that may be more than the run has


class Kind(NamedTuple):
    """A measure of anything; {of} in its words is what it is taken of."""

    words: str
    takes: str  # "column", "columns" (a - b), "scalar", "class", or "" for nothing
    measure: Measure  # but for the words
    like: bool = False  # a value of the column itself: its range, and which way is better
    directed: bool = False  # needs to know which way is better


NAMED = {
    "final_loss": Measure("final training loss", chance=log(2), low=0),
    "final_accuracy": Measure("final training accuracy", chance=0.5, low=0, high=1),
    "final_val_loss": Measure("final validation loss", chance=log(2), low=0, sampled=True),
    "final_val_accuracy": Measure(
        "final validation accuracy", chance=0.5, low=0, high=1, sampled=True
    ),
    "lowest_loss": Measure("lowest training loss of any epoch", chance=log(2), low=0),
    "lowest_val_loss": Measure("lowest validation loss of any epoch", chance=log(2), low=0),
    "overfitting": Measure(
        "validation loss less training loss, at the end", chance=0.0, sampled=True
    ),
    "val_loss_rise": Measure("rise of the validation loss above its lowest value", chance=0.0),
    "validation_trend": Measure(
        "change of the validation loss over the second half of the run",
        chance=0.0,
        absent="a trend needs three epochs",
    ),
    "accuracy_gap": Measure(
        "validation accuracy less training accuracy, at the end",
        chance=0.0,
        low=-1,
        high=1,
        sampled=True,
    ),
    "slope": Measure(
        "relative change of the training loss over a tenth of the run, at the end",
        chance=0.0,
        absent="a trend needs three epochs",
    ),
    "noise": Measure(
        "epoch-to-epoch noise of the validation loss",
        chance=0.0,
        low=0,
        absent="noise needs four epochs",
    ),
    "training_noise": Measure(
        "epoch-to-epoch noise of the training loss",
        chance=0.0,
        low=0,
        absent="noise needs four epochs",
    ),
    "speed": Measure("training accuracy, averaged over the run", chance=0.5, low=0, high=1),
    "settling_time": Measure(
        "share of the run until the training loss has made nine tenths of its way",
        low=0,
        high=1,
        absent="the training loss does not fall",
    ),
    "time_to_accuracy": Measure(
        "share of the run until the training accuracy is {at}",
        chance=1.0,
        low=0,
        high=1,
        parameter="the training accuracy to reach",
    ),
    "accuracy_after": Measure(
        "training accuracy after {at} of the run",
        chance=0.5,
        low=0,
        high=1,
        parameter="the share of the run, 0 to 1",
    ),
    "auc": Measure(
        "area under the ROC curve",
        chance=0.5,
        table="predictions",
        low=0,
        high=1,
        sampled=True,
        absent="one of the classes has no examples",
    ),
    "brier": Measure("Brier score", chance=0.25, table="predictions", low=0, high=1, sampled=True),
    "heat_in_zone": Measure(
        "share of the heat inside the zone, less the zone's share of the image",
        chance=0.0,
        table="heatmaps",
        low=-1,
        high=1,
        sampled=True,
        absent="no zone is known in its images",
    ),
    "marker_reliance": Measure(
        "accuracy lost as the marker moves to the other class's place",
        chance=0.0,
        table="interventions",
        low=-1,
        high=1,
        sampled=True,
        absent="its images have no marker that is known",
    ),
    "zone_reliance": Measure(
        "accuracy lost as the zone is painted out, beyond what as much elsewhere costs",
        chance=0.0,
        table="interventions",
        low=-1,
        high=1,
        sampled=True,
        absent="no zone is known in its images",
    ),
    "heat_peak_in_zone": Measure(
        "share of the heatmaps whose hottest point lies in the zone or close to it",
        table="heatmaps",
        low=0,
        high=1,
        sampled=True,
        absent="no zone is known in its images",
    ),
}


# The same by kind and column.
CASES = {
    "final(loss)": "final_loss",
    "final(accuracy)": "final_accuracy",
    "final(val_loss)": "final_val_loss",
    "final(val_accuracy)": "final_val_accuracy",
    "lowest(loss)": "lowest_loss",
    "lowest(val_loss)": "lowest_val_loss",
    "gap(val_loss - loss)": "overfitting",
    "rise(val_loss)": "val_loss_rise",
    "trend(val_loss)": "validation_trend",
    "gap(val_accuracy - accuracy)": "accuracy_gap",
    "slope(loss)": "slope",
    "noise(val_loss)": "noise",
    "noise(loss)": "training_noise",
    "mean(accuracy)": "speed",
    "settling(loss)": "settling_time",
    "time_to(accuracy)": "time_to_accuracy",
    "after(accuracy)": "accuracy_after",
}

_EPOCHS = Measure("", low=1, epochs=True)
_SHARE = Measure("", low=0, high=1)
_TREND = "a trend needs three epochs"
_NO_CLASS = "no example is of this class"
_NEVER_ANSWERED = "this class is never answered"
_ANSWERS = Measure("", table="predictions", low=0, high=1, sampled=True, better="more")
_ERROR = Measure("", table="predictions", low=0, sampled=True, better="less")
_COST = Measure("", table="facts", low=0, better="less")

KINDS = {
    "final": Kind("final {of}", "column", Measure(""), like=True),
    "last": Kind("{of} of the last epoch", "column", Measure(""), like=True),
    "highest": Kind("highest {of} of any epoch", "column", Measure(""), like=True),
    "lowest": Kind("lowest {of} of any epoch", "column", Measure(""), like=True),
    "mean": Kind("{of}, averaged over the run", "column", Measure(""), like=True),
    "after": Kind(
        "{of} after {at} of the run",
        "column",
        Measure("", parameter="the share of the run, 0 to 1"),
        like=True,
    ),
    "at_epoch": Kind(
        "{of} of epoch {at:g}",
        "column",
        Measure("", parameter="the epoch", limits=(1, inf), absent="the run ended before"),
        like=True,
    ),
    "epoch_of_highest": Kind("epoch of the highest {of}", "column", _EPOCHS),
    "epoch_of_lowest": Kind("epoch of the lowest {of}", "column", _EPOCHS),
    "time_to": Kind(
        "share of the run until {of} is {at:g}",
        "column",
        _SHARE._replace(parameter="the value to reach", limits=(-inf, inf), better="less"),
        directed=True,
    ),
    "epochs_to": Kind(
        "epochs until {of} is {at:g}",
        "column",
        _EPOCHS._replace(parameter="the value to reach", limits=(-inf, inf), better="less"),
        directed=True,
    ),
    "settling": Kind(
        "share of the run until {of} has made nine tenths of its way",
        "column",
        _SHARE._replace(absent="it does not improve", better="less"),
        directed=True,
    ),
    "epochs_to_settle": Kind(
        "epochs until {of} has made nine tenths of its way",
        "column",
        _EPOCHS._replace(absent="it does not improve", better="less"),
        directed=True,
    ),
    "gap": Kind("{of}, at the end", "columns", Measure("")),
    "rise": Kind("rise of {of} above its lowest value", "column", Measure("")),
    "fall": Kind("fall of {of} below its highest value", "column", Measure("")),
    "trend": Kind(
        "change of {of} over the second half of the run", "column", Measure("", absent=_TREND)
    ),
    "slope": Kind(
        "relative change of {of} over a tenth of the run, at the end",
        "column",
        Measure("", absent=_TREND),
    ),
    "noise": Kind(
        "epoch-to-epoch noise of {of}",
        "column",
        Measure("", low=0, absent="noise needs four epochs", better="less"),
    ),
    "epochs": Kind("epochs that it ran", "", Measure("", low=1)),
    "scalar": Kind(
        "{of}", "scalar", Measure("", "scalars", absent="the run told no such number"), like=True
    ),
    "seconds": Kind("seconds that a run takes", "", _COST),
    "parameters": Kind("number of parameters", "", _COST),
    "memory": Kind("largest memory of a run, in MiB", "", _COST),
    "accuracy": Kind("share of right answers", "", _ANSWERS),
    "cross_entropy": Kind("cross-entropy of the answers", "", _ERROR),
    "recall": Kind("recall of {of}", "class", _ANSWERS._replace(absent=_NO_CLASS)),
    "precision": Kind("precision of {of}", "class", _ANSWERS._replace(absent=_NEVER_ANSWERED)),
    "answered": Kind("share of the answers that are {of}", "class", _ANSWERS._replace(better="")),
    "most_answered": Kind(
        "share of the answers that are the commonest one", "", _ANSWERS._replace(better="")
    ),
    "f1": Kind("F1 score, the mean over classes", "", _ANSWERS),
    "mse": Kind("mean squared error of the predictions", "", _ERROR),
    "mae": Kind("mean absolute error of the predictions", "", _ERROR),
    "r2": Kind(
        "share of the variance that the predictions explain",
        "",
        _ANSWERS._replace(low=-inf, absent="all that is predicted is one number"),
    ),
}
