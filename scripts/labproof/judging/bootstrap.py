"""Predictions on a sample of images -> how far a statistic would move with other images."""

from collections.abc import Callable
from functools import cache

import numpy as np

RESAMPLES = 2000


def image_error(
    statistic: Callable,
    probability: np.ndarray,
    label: np.ndarray,
    *,
    statistic_2: Callable | None = None,
    probability_2: np.ndarray | None = None,
    binary: bool = False,
    seed: int = 0,
) -> float:
    """Standard error of a statistic's mean over seeds that comes from the sample of images.

    Images are drawn with replacement, within each class, since a validation set has so many of
    each by design; the same draw serves all seeds, which were judged on the same images (Efron &
    Tibshirani 1993, ch. 6). With a second cell it is the error of the difference, on the same draw.

    Parameters
    ----------
    statistic
        (probability, label, weight) -> (resamples, seeds), as in `measures`.
    probability
        (seeds, images), of the positive class.
    label
        (images,), 0 or 1.
    statistic_2, probability_2
        Of the cell that is subtracted, on the same images in the same order.
    binary
        The statistic counts right and wrong answers, so that a perfect score shows no spread. The
        error is then at least sqrt(2) / images: what the "plus four" interval of Agresti & Coull
        (1998) has for all answers right, and that of Bonett & Price (2012) for a pair without a
        difference.
    seed
        Of the draws: the same error every time.
    """
    weight = _weights(tuple(int(x) for x in label), seed)
    drawn = statistic(probability, label, weight).mean(axis=1)
    if probability_2 is not None:
        drawn = drawn - (statistic_2 or statistic)(probability_2, label, weight).mean(axis=1)
    error = float(drawn.std(ddof=1))
    return max(error, 2**0.5 / len(label)) if binary else error


@cache
def _weights(label: tuple[int, ...], seed: int) -> np.ndarray:
    """How often each image is drawn (resamples, images); few sets of images meet many findings."""
    rng = np.random.default_rng(seed)
    weight = np.zeros((RESAMPLES, len(label)))
    for name in sorted(set(label)):
        rows = np.flatnonzero(np.asarray(label) == name)
        weight[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), RESAMPLES)
    return weight
