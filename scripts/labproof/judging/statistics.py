"""Predictions -> one number a seed: on the sample of images as it is, or on others drawn from it.

probability (S, N): of the positive class, a row a seed; label (N,): 0 or 1; weight (B, N): how
often each image was drawn, a row a resample. All give (B, S).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

EPSILON = 1e-7  # Keras clips probabilities so before it takes a logarithm


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


def accuracy(predictions: "pd.DataFrame") -> float:
    """Share of right answers (0 to 1)."""
    return _as_it_is(accuracy_of, predictions)


def cross_entropy(predictions: "pd.DataFrame") -> float:
    """Mean cross-entropy of the answers (nats, >= 0)."""
    return _as_it_is(cross_entropy_of, predictions)


def auc(predictions: "pd.DataFrame") -> float:
    """Area under the ROC curve on new images (0 to 1, chance 0.5)."""
    return _as_it_is(auc_of, predictions)


def brier(predictions: "pd.DataFrame") -> float:
    """Brier score on new images (0 to 1, the lower the better calibrated)."""
    return _as_it_is(brier_of, predictions)


def mean_of(values: np.ndarray, label: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean over images: (seeds, images), (images,), (resamples, images) -> (resamples, seeds)."""
    return _mean(values, weight)


def _mean(per_image: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return weight @ per_image.T / weight.sum(1, keepdims=True)


def _as_it_is(statistic: Callable, predictions: "pd.DataFrame") -> float:
    probability = predictions["probability"].to_numpy(dtype=float)
    label = predictions["label"].to_numpy()
    return float(statistic(probability[None], label, np.ones((1, len(label))))[0, 0])
