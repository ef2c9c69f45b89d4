"""Heatmap scores and interventions -> one number a seed: where it looks, what it cannot do without.

Both tables have a row an image (and method or intervention).
"""

from typing import TYPE_CHECKING

import numpy as np

from labproof.explain.interventions import AS_IT_IS, ELSEWHERE, MARKER_MOVED, ZONE_OUT

if TYPE_CHECKING:
    import pandas as pd


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


def marker_reliance(answers: "pd.DataFrame") -> float:
    """Validation accuracy that is lost as the film's marker moves to the other class's place.

    -1 to 1; 0 for a network that does not read it. NaN where the images have no known marker.
    """
    return float(_lost(answers, AS_IT_IS, MARKER_MOVED)["value"].mean())


def zone_reliance(answers: "pd.DataFrame") -> float:
    """Validation accuracy lost as the zone is painted out, beyond what as much elsewhere costs.

    -1 to 1; 0 for a network that does not need it. NaN where no zone is known.
    """
    return float(_lost(answers, ELSEWHERE, ZONE_OUT)["value"].mean())


def _lost(answers: "pd.DataFrame", before: str, after: str) -> "pd.DataFrame":
    """Rows with seed, image, label and value: 1 where only `before` was right, -1 where `after`."""
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
    "marker_reliance": lambda table: _lost(table, AS_IT_IS, MARKER_MOVED),
    "zone_reliance": lambda table: _lost(table, ELSEWHERE, ZONE_OUT),
}


def _in_zone(scores: "pd.DataFrame", name: str, less: str | None = None) -> "pd.DataFrame":
    known = _grad_cam(scores, name)
    if known is None:
        return scores[["seed", "image", "label"]].head(0).assign(value=0.0)
    value = known[name] - (known[less] if less else 0)
    return known[["seed", "image", "label"]].assign(value=value).dropna()
