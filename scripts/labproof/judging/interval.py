"""One look at the seeds of a claim's cells: the interval, and how far it is from deciding.

The number is a sum of means over seeds, of cells or of groups summed seed by seed: Student's
t of one, so of a pair, Welch's of two and more, whose variances add and whose degrees of freedom
are Satterthwaite's (1946). Where the images are a sample too, their variance is added.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from labproof.judging import reasons
from labproof.judging.needs import Evidence, Spread
from labproof.judging.record import NOT_REPRODUCED, REPRODUCED, UNDECIDED
from labproof.judging.sample import Region, Sample


class Look(NamedTuple):
    """A claim as it stood with the first n seeds of each cell."""

    n: int
    level: float  # each side's, of the interval estimate ± t(1 - level, df) standard errors
    estimate: float
    low: float
    high: float
    inside: bool  # whether the estimate is as claimed
    tail: float  # one-sided p against the edges that the interval must stay clear of
    held: str  # what is seen of the interval, in words
    verdict: str = UNDECIDED  # as of this look, those before it standing


class Scale(NamedTuple):
    """On what scale an interval is symmetric: the claim's own, or that of its logarithm."""

    to: Callable[[float], float]
    back: Callable[[float], float]


PLAIN = Scale(float, float)
LOG = Scale(lambda x: float(np.log(x)) if x > 0 else -np.inf, lambda x: float(np.exp(x)))


def grouped(samples: Sequence[Sample], paired: Sequence[object] = ()) -> list[list[Sample]]:
    """Samples in groups of one name each, in order; without names each is a group."""
    if not paired:
        return [[sample] for sample in samples]
    named = list(zip(paired, samples, strict=True))
    return [[x for name, x in named if name == group] for group in dict.fromkeys(paired)]


def summed(group: Sequence[Sample]) -> np.ndarray:
    """The sum of a group, seed by seed."""
    total = group[0].known
    for sample in group[1:]:
        total = total + sample.known
    return total


def take(
    region: Region,
    groups: Sequence[Sequence[Sample]],
    *,
    image_error: float,
    images: int,
    least: float,
    level: float,
    steps: Sequence[int],
    scale: Scale = PLAIN,
) -> tuple[Look, Evidence]:
    """One look at whole samples, and what it rests on; see `verdicts.judge`."""
    samples = [sample for group in groups for sample in group]
    n = min(sample.of or len(sample.values) for sample in samples)
    values = [summed(group) for group in groups]
    estimate = float(sum(sample.known.mean() for sample in samples))
    seeds = tuple((float(x.var(ddof=1)), len(x)) for x in values)
    spread = Spread(seeds, image_error**2, images)
    error, df = spread.at()
    half = float(-special.stdtrit(df, level)) * error
    # A censored value may be any longer one: that end of the interval is not known.
    open_high = any(sample.censored and sample.weight > 0 for sample in samples)
    open_low = any(sample.censored and sample.weight < 0 for sample in samples)
    low = -np.inf if open_low else scale.back(estimate - half)
    high = np.inf if open_high else scale.back(estimate + half)
    claimed = Region(*map(scale.to, region))
    inside = claimed.holds(estimate)
    distance = _distance(claimed, estimate, open_low, open_high)
    tail = _tail(distance, error, df)
    alone = UNDECIDED if tail > level else REPRODUCED if inside else NOT_REPRODUCED
    held = reasons.held(alone, region, low, high, samples, distance, least)
    look = Look(n, level, scale.back(estimate), low, high, inside, tail, held)
    return look, Evidence(held, distance, spread, n, tuple(steps))


def _distance(region: Region, estimate: float, open_low: bool, open_high: bool) -> float:
    """How far the estimate is from the edges that its interval must stay clear of; 0: it cannot."""
    if region.holds(estimate):
        if (open_low and np.isfinite(region.low)) or (open_high and np.isfinite(region.high)):
            return 0.0
        return min(estimate - region.low, region.high - estimate)
    if estimate <= region.low:
        return 0.0 if open_high else region.low - estimate
    return 0.0 if open_low else estimate - region.high


def _tail(distance: float, error: float, df: float) -> float:
    if distance <= 0:
        return 1.0
    return float(special.stdtr(df, -distance / error)) if error > 0 else 0.0


def effect(region: Region, estimate: float, spread: Spread) -> float:
    """Hedges' g of the estimate against the claim's edge, or the middle of its margin.

    NaN of one degree of freedom, where its correction for few values is 0.
    """
    edges = [edge for edge in region if np.isfinite(edge)]
    df = sum(k - 1 for _, k in spread.seeds)
    pooled = (sum(s * (k - 1) for s, k in spread.seeds) / df) ** 0.5
    if pooled == 0 or df == 1:
        return np.nan
    return float((estimate - np.mean(edges)) / pooled * (1 - 3 / (4 * df - 1)))


def permutation(region: Region, groups: Sequence[Sequence[Sample]]) -> float:
    """Two-sided p of an exact permutation test against the nearest edge of the claim.

    Of two independent cells the seeds change places; of a pair each seed's difference changes sign.
    NaN of anything else.
    """
    from scipy import stats  # as long to import as all else of a judgement

    samples = [sample for group in groups for sample in group]
    if len(samples) < 2 or len(groups) > 2 or any(sample.censored for sample in samples):
        return np.nan
    paired = len(groups) == 1
    if paired:
        first, second = samples[0].known, -summed(samples[1:])
    else:
        first, second = summed(groups[0]), -summed(groups[1])
    edges = [edge for edge in region if np.isfinite(edge)]
    difference = first.mean() - second.mean()
    edge = min(edges, key=lambda x: abs(difference - x))
    test = stats.permutation_test(
        (first - edge, second),
        lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        permutation_type="samples" if paired else "independent",
        n_resamples=9999,  # all there are, where that is fewer: exact
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(test.pvalue)
