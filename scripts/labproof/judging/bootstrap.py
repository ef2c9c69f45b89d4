"""Predictions on a sample of images -> how far a statistic would move with other images."""

from collections.abc import Callable
from functools import cache

import numpy as np

RESAMPLES = 2000


def draw(statistic: Callable, values: np.ndarray, label: np.ndarray, seed: int = 0) -> np.ndarray:
    """A statistic of every seed on other samples of images, (resamples, seeds).

    Images are drawn with replacement, within each class, since a validation set has so many of
    each by design; the same draw serves all seeds and all cells, which were judged on the same
    images (Efron & Tibshirani 1993, ch. 6).

    Parameters
    ----------
    statistic
        (values, label, weight) -> (resamples, seeds), as in `statistics`.
    values
        (seeds, images), such as probabilities of the positive class.
    label
        (images,), 0 or 1.
    seed
        Of the draws: the same every time.
    """
    return statistic(values, label, _weights(tuple(int(x) for x in label), seed))


def image_error(*drawn: np.ndarray, binary: int = 0) -> float:
    """Standard error of a sum of statistics' means over seeds that comes from the images alone.

    What moves one seed with the images and not another is in the seeds' own spread already; what
    moves all of them together is the covariance of different seeds over the draws. So the variance
    is its mean over pairs of seeds, and of a difference c(1, 1) + c(2, 2) - 2 c(1, 2): seeds are
    the readers and images the cases of multi-reader multi-case designs (Gallas 2006, Acad Radiol
    13:353; for binary data Gallas et al. 2007, J Opt Soc Am A 24:B70).

    Parameters
    ----------
    drawn
        As `draw` gives them, each of one cell, all on the same images; one that is taken away is
        negative.
    binary
        How many images there are, of a statistic that counts right and wrong answers, so that a
        perfect score shows no spread. The error is then at least sqrt(2) / images: what the "plus
        four" interval of Agresti & Coull (1998) has for all answers right, and that of Bonett &
        Price (2012) for a pair without a difference; of two such pairs sqrt(2) times that. 0 for
        any other statistic.
    """
    variance = 0.0
    for k, each in enumerate(drawn):
        with_others = sum(_covariance(other, each) for other in drawn[:k])
        variance += _covariance(each, each) + 2 * with_others
    error = max(variance, 0.0) ** 0.5  # of few seeds the estimate may fall below zero
    pairs = (len(drawn) + 1) // 2
    return max(error, (2 * pairs) ** 0.5 / binary) if binary else error


def _covariance(first: np.ndarray, second: np.ndarray) -> float:
    """Mean covariance over the draws of different seeds' statistics, (resamples, seeds) each.

    Row and column of one number are one seed, left out: one training may go on from the other. A
    single seed has no other, and its own variance stands for it.
    """
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    pairs = first.shape[1] * second.shape[1]
    total = float(first.sum(axis=1) @ second.sum(axis=1))
    if first.shape == second.shape and pairs > 1:
        total -= float((first * second).sum())
        pairs -= first.shape[1]
    return total / pairs / (len(first) - 1)


@cache
def _weights(label: tuple[int, ...], seed: int) -> np.ndarray:
    """How often each image is drawn (resamples, images); few sets of images meet many findings."""
    rng = np.random.default_rng(seed)
    weight = np.zeros((RESAMPLES, len(label)))
    for name in sorted(set(label)):
        rows = np.flatnonzero(np.asarray(label) == name)
        weight[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), RESAMPLES)
    return weight
