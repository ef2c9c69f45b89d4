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
    if "probability" in predictions:
        return _as_it_is(accuracy_of, predictions)
    return _counted(right_of, predictions)


def cross_entropy(predictions: "pd.DataFrame") -> float:
    """Mean cross-entropy of the answers (nats, >= 0)."""
    if "probability" in predictions:
        return _as_it_is(cross_entropy_of, predictions)
    return float(np.mean(surprise(predictions)))


def auc(predictions: "pd.DataFrame") -> float:
    """Area under the ROC curve on new images (0 to 1, chance 0.5).

    Of more than two classes the mean of each against the rest (one against rest, macro).
    """
    if "probability" in predictions:
        return _as_it_is(auc_of, predictions)
    given, label = probabilities(predictions), predictions["label"].to_numpy()
    one = np.ones((1, len(label)))
    each = [auc_of(p[None], label == k, one)[0, 0] for k, p in enumerate(given.T)]
    return float(np.mean(each))


def brier(predictions: "pd.DataFrame") -> float:
    """Brier score on new images (0 to 1, the lower the better calibrated).

    Half the squared distance from the label's corner, which of two classes is the squared error.
    """
    if "probability" in predictions:
        return _as_it_is(brier_of, predictions)
    given = probabilities(predictions)
    right = np.eye(given.shape[1])[predictions["label"].to_numpy(dtype=int)]
    return float(np.mean(((given - right) ** 2).sum(axis=1)) / 2)


def recall(predictions: "pd.DataFrame", of: str) -> float:
    """Share of the images of a class that are answered so (0 to 1); NaN without such images."""
    return _counted(recall_of(int(of)), predictions)


def precision(predictions: "pd.DataFrame", of: str) -> float:
    """Share of a class's answers that are right (0 to 1); NaN where it is never answered."""
    return _counted(precision_of(int(of)), predictions)


def answered(predictions: "pd.DataFrame", of: str) -> float:
    """Share of the answers that are a class (0 to 1; 0: it is never answered)."""
    return _counted(answered_of(int(of)), predictions)


def most_answered(predictions: "pd.DataFrame") -> float:
    """Share of the answers that are the commonest one (0 to 1; 1: one class alone is answered)."""
    return _counted(most_answered_of, predictions)


def f1(predictions: "pd.DataFrame") -> float:
    """F1 score, the mean over the classes that are there or answered (0 to 1).

    2 right / (images of the class + answers of it): the harmonic mean of recall and precision.
    """
    return _counted(f1_of, predictions)


def mse(predictions: "pd.DataFrame") -> float:
    """Mean squared error of the predicted numbers (their units squared, >= 0)."""
    return float(np.mean(_error(predictions) ** 2))


def mae(predictions: "pd.DataFrame") -> float:
    """Mean absolute error of the predicted numbers (their units, >= 0)."""
    return float(np.mean(np.abs(_error(predictions))))


def r2(predictions: "pd.DataFrame") -> float:
    """Share of the variance that the predictions explain (up to 1; 0: no better than the mean)."""
    label = predictions["label"].to_numpy(dtype=float)
    spread = np.sum((label - label.mean()) ** 2)
    return float(1 - np.sum(_error(predictions) ** 2) / spread) if spread > 0 else np.nan


def probabilities(predictions: "pd.DataFrame") -> np.ndarray:
    """(rows, classes), of predictions with `probability` (of class 1) or p0 … pK."""
    if "p0" in predictions:
        names = [name for name in predictions if name[:1] == "p" and name[1:].isdigit()]
        return predictions[names].to_numpy(dtype=float)
    second = predictions["probability"].to_numpy(dtype=float)
    return np.column_stack([1 - second, second])


def answers(predictions: "pd.DataFrame") -> np.ndarray:
    """The class that each row answers; NaN where a probability is missing."""
    given = probabilities(predictions)
    found = np.argmax(given, axis=1).astype(float)  # of two equal ones the first: 0.5 is no yes
    found[np.isnan(given).any(axis=1)] = np.nan
    return found


def surprise(predictions: "pd.DataFrame") -> np.ndarray:
    """Cross-entropy of each row (nats, >= 0), probabilities clipped as Keras does."""
    given, label = probabilities(predictions), predictions["label"].to_numpy(dtype=int)
    own = given[np.arange(len(label)), label]
    return -np.log(np.clip(own, EPSILON, 1 - EPSILON))


def right_of(answer: np.ndarray, label: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Share of right answers, of the class that each image is answered with, (seeds, images)."""
    return _mean(answer == label, weight)


def recall_of(k: int) -> Callable:
    """As `right_of`, among the images of class k."""
    return lambda answer, label, weight: _ratio(
        weight @ ((answer == k) & (label == k)).T, (weight @ (label == k))[:, None]
    )


def precision_of(k: int) -> Callable:
    """As `right_of`, among the answers k."""
    return lambda answer, label, weight: _ratio(
        weight @ ((answer == k) & (label == k)).T, weight @ (answer == k).T
    )


def answered_of(k: int) -> Callable:
    """Share of the answers k."""
    return lambda answer, label, weight: _mean(answer == k, weight)


def most_answered_of(answer: np.ndarray, label: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """As `answered_of`, of the class that is answered most in a draw."""
    return np.max([_mean(answer == k, weight) for k in np.unique(answer)], axis=0)


def f1_of(answer: np.ndarray, label: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean over classes of 2 right / (images + answers); see `f1`."""
    scores = []
    for k in np.union1d(label, answer):
        right = weight @ ((answer == k) & (label == k)).T
        all_of = weight @ (answer == k).T + (weight @ (label == k))[:, None]
        scores.append(np.where(all_of > 0, _ratio(2 * right, all_of), np.nan))
    with np.errstate(invalid="ignore"):
        return np.nanmean(scores, axis=0)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return part / whole


def _counted(statistic: Callable, predictions: "pd.DataFrame") -> float:
    """A statistic of answers on the images as they are; NaN where one has no answer."""
    given, label = answers(predictions), predictions["label"].to_numpy()
    if np.isnan(given).any():
        return np.nan
    return float(statistic(given[None], label, np.ones((1, len(label))))[0, 0])


def _error(predictions: "pd.DataFrame") -> np.ndarray:
    return (predictions["prediction"] - predictions["label"]).to_numpy(dtype=float)


def mean_of(values: np.ndarray, label: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean over images: (seeds, images), (images,), (resamples, images) -> (resamples, seeds)."""
    return _mean(values, weight)


def _mean(per_image: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return weight @ per_image.T / weight.sum(1, keepdims=True)


def _as_it_is(statistic: Callable, predictions: "pd.DataFrame") -> float:
    probability = predictions["probability"].to_numpy(dtype=float)
    label = predictions["label"].to_numpy()
    return float(statistic(probability[None], label, np.ones((1, len(label))))[0, 0])
