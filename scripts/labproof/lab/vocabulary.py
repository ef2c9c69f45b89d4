"""The names of the measures that a claim may use, and what there is to know of each.

Snakemake reads them while it plans; how each is computed is `judging.measures`.
"""

from math import inf, log
from typing import NamedTuple


class Measure(NamedTuple):
    """What a claim may say of a measure, and what it needs."""

    words: str
    table: str = "histories"  # or "predictions", "heatmaps", "interventions"
    low: float = -inf  # the range of its values
    high: float = inf
    parameter: str = ""  # what `at` means, for a measure that needs it
    sampled: bool = False  # a new sample of images would move it
    # of a network that gives every image the same answer, of two classes of one size; None: unknown
    chance: float | None = None
    absent: str = ""  # why it may have no value, though every number that it is made of is there


MEASURES = {
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
        absent="one of the classes has no images",
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


def words_of(measure: str, at: float | None = None) -> str:
    """What a measure is, in the words of the page."""
    return MEASURES[measure].words.format(at=at)
