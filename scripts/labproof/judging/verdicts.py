"""Numbers, one a seed -> a verdict on what is claimed of them.

One rule for every claim. A claim is a region: all values above a number, or all within a margin of
one. The evidence is a 95 % interval. It lies wholly in the region: reproduced; wholly outside: not
reproduced; on both sides of an edge, or unknown: undecided.

The interval of one cell is Student's t over seeds, of two cells Welch's (unequal spread); for a
claim of similarity this is the test of two one-sided hypotheses (Schuirmann 1987), each at 2.5 %.
Where the images are a sample too, their variance is added, with Satterthwaite's degrees of freedom.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import stats

from labproof import words

REPRODUCED, NOT_REPRODUCED, UNDECIDED = "reproduced", "not reproduced", "undecided"
OPPOSITE = {REPRODUCED: NOT_REPRODUCED, NOT_REPRODUCED: REPRODUCED, UNDECIDED: UNDECIDED}
ALPHA = 0.05
POWER = 0.8  # chance to decide that a recommended number of seeds has
MOST_SEEDS = 1000


class Region(NamedTuple):
    """What is claimed: the value lies above `low` and below `high`; an edge may be infinite."""

    low: float = -np.inf
    high: float = np.inf

    def holds(self, value: float) -> bool:
        """Whether a value is as claimed; one on the edge is not."""
        return self.low < value < self.high

    def __str__(self) -> str:
        low, high = (f"{edge:g}".replace("-", words.MINUS) for edge in self)
        if np.isinf(self.high):
            return f"above {low}"
        return f"below {high}" if np.isinf(self.low) else f"between {low} and {high}"


@dataclass(frozen=True)
class Sample:
    """One value a seed of one cell.

    NaN: missing. Infinite: censored, known only to be longer than `longest`.
    """

    cell: str
    values: Sequence[float]
    seeds: Sequence[int]
    longest: float = 1.0

    @property
    def missing(self) -> list[int]:
        """Seeds without a value."""
        return [seed for seed, x in zip(self.seeds, self.values, strict=True) if np.isnan(x)]

    @property
    def censored(self) -> int:
        """How many seeds never got there."""
        return int(np.isinf(np.asarray(self.values, dtype=float)).sum())

    @property
    def known(self) -> np.ndarray:
        """Values with each censored one at the least that it can be."""
        values = np.asarray(self.values, dtype=float)
        return np.where(np.isinf(values), self.longest, values)


@dataclass(frozen=True)
class Verdict:
    """A verdict and what it rests on; `nan` and None where that is unknown."""

    verdict: str
    reason: str
    region: Region
    estimate: float = np.nan  # mean, or difference of two means
    low: float = np.nan  # its 95 % interval
    high: float = np.nan
    n: int = 0  # seeds of the cell that has fewer
    # The level at which the interval first comes clear of every edge: decided when p <= 0.05.
    p: float = np.nan
    inside: bool = False  # the side that the estimate lies on
    effect: float = np.nan  # Hedges' g: distance from the claim in standard deviations
    p_permutation: float = np.nan  # of two cells: exact, without assuming a bell curve
    seeds_needed: float = np.nan  # infinite: no number of seeds is enough
    parts: tuple["Verdict", ...] = ()


class _Spread(NamedTuple):
    """Variances of the estimate by source, and the degrees of freedom of each."""

    seeds: tuple[tuple[float, int], ...]  # variance of one seed's value, number of seeds
    image: float  # variance of the estimate that comes from the images
    images: int

    def at(self, n: int | None = None) -> tuple[float, float]:
        """Standard error and degrees of freedom, as seen or with n seeds a cell."""
        parts = [(s / (n or k), (n or k) - 1) for s, k in self.seeds]
        if self.image > 0:
            parts.append((self.image, self.images - 1))
        total = sum(v for v, _ in parts)
        if total == 0:
            return 0.0, np.inf
        return total**0.5, total**2 / sum(v**2 / df for v, df in parts if v > 0)


def judge(
    region: Region,
    first: Sample,
    second: Sample | None = None,
    *,
    image_error: float = 0.0,
    images: int = 0,
) -> Verdict:
    """Judge what is claimed of one cell's values, or of one cell's less another's.

    Parameters
    ----------
    region
        Where the mean of `first`, or the difference of the means, is claimed to lie.
    first, second
        The values, one a seed; seeds are the unit of replication.
    image_error
        Standard error of that mean or difference that comes from the sample of images
        (`bootstrap.image_error`); 0 where no images are sampled.
    images
        How many images there are, for the degrees of freedom.

    Returns
    -------
    Verdict
        Undecided, never an error, for missing values and for too few seeds.
    """
    samples = [first] if second is None else [first, second]
    n = min(len(sample.values) for sample in samples)
    unknown = Verdict(UNDECIDED, "", region, n=n)
    for sample in samples:
        if len(sample.values) == 0:
            return replace(unknown, reason=f"There are no results of {sample.cell}.")
        if sample.missing:
            seeds = words.listing([str(seed) for seed in sample.missing])
            return replace(
                unknown,
                reason=f"The value of {sample.cell} is missing for seed {seeds}, and a mean over "
                "the seeds that worked would be biased.",
            )
    if np.isnan(image_error):
        return replace(
            unknown,
            reason=f"The predictions of {words.listing([s.cell for s in samples])} are missing or "
            "have gaps, so what the sample of images adds to the uncertainty is not known.",
        )
    estimate = float(first.known.mean() - (second.known.mean() if second else 0.0))
    unknown = replace(unknown, estimate=estimate, inside=region.holds(estimate))
    if n < 2:
        return replace(
            unknown, seeds_needed=2, reason="One seed gives no interval; at least two are needed."
        )
    spread = _Spread(
        tuple((float(sample.known.var(ddof=1)), len(sample.values)) for sample in samples),
        image_error**2,
        images,
    )
    error, df = spread.at()
    half = float(stats.t.ppf(1 - ALPHA / 2, df)) * error
    # A censored value may be any longer one: that end of the interval is not known.
    open_high = first.censored > 0
    open_low = second is not None and second.censored > 0
    low = -np.inf if open_low else estimate - half
    high = np.inf if open_high else estimate + half
    if low == high:
        decided = low not in (region.low, region.high)
    else:
        decided = region.low <= low and high <= region.high
        decided = decided or high <= region.low or region.high <= low
    distance = _distance(region, estimate, open_low, open_high)
    verdict = UNDECIDED if not decided else REPRODUCED if unknown.inside else NOT_REPRODUCED
    needed = seeds_needed(distance, spread)
    return replace(
        unknown,
        verdict=verdict,
        low=low,
        high=high,
        p=_p(distance, error, df),
        effect=_effect(region, estimate, spread),
        p_permutation=_permutation(region, first, second),
        seeds_needed=n if decided else needed,
        reason=_reason(verdict, region, low, high, n, needed, samples, spread, distance),
    )


def combine(parts: Sequence[Verdict], *, negated: bool = False) -> Verdict:
    """Verdict on a sentence that claims several things at once.

    Reproduced when every part is. Not reproduced when a part is not, at a level of 5 % shared
    among the parts (Bonferroni): of many true parts one would else fail by chance. With a part
    that is missing nothing is decided. The numbers are those of the part that decides.

    Parameters
    ----------
    parts
        Verdicts of the parts, at least one.
    negated
        The sentence claims that they do not all hold.
    """
    k = len(parts)
    against = [part for part in parts if not part.inside]
    p_all = max((part.p for part in parts), default=np.nan) if not against else 1.0
    p_one = min((1.0, *(k * part.p for part in against)))
    p = min(p_all, p_one)
    missing = [part for part in parts if np.isnan(part.p)]
    if missing:
        chosen, verdict, p = missing[0], UNDECIDED, np.nan
    elif all(part.verdict == REPRODUCED for part in parts):
        chosen, verdict = max(parts, key=lambda part: part.p), REPRODUCED
    elif against and p_one <= ALPHA:
        chosen, verdict = min(against, key=lambda part: part.p), NOT_REPRODUCED
    else:
        open_parts = [part for part in parts if part.verdict == UNDECIDED]
        verdict = UNDECIDED
        chosen = min(open_parts, key=lambda part: part.inside) if open_parts else against[0]
    reason = chosen.reason
    if verdict == UNDECIDED and chosen.verdict == NOT_REPRODUCED:
        reason = (
            f"One of {k} parts speaks against it, but of {k} true ones such a part turns up by "
            f"chance in {words.number(100 * chosen.p * k, 0)} of 100 runs."
        )
    if negated and verdict == REPRODUCED:
        reason = f"All of it holds, which the sentence denies. {reason}"
    elif negated and verdict == NOT_REPRODUCED:
        reason = f"Not all of it holds, as the sentence says. {reason}"
    needed = [part.seeds_needed for part in parts if part.verdict == UNDECIDED]
    if verdict != UNDECIDED:
        needed = [min(part.n for part in parts)]
    return replace(
        chosen,
        verdict=OPPOSITE[verdict] if negated else verdict,
        reason=reason,
        p=p,
        inside=bool(against) if negated else not against,
        n=min(part.n for part in parts),
        seeds_needed=max(needed) if needed else np.nan,
        parts=tuple(parts),
    )


def holm(p: Sequence[float]) -> np.ndarray:
    """Holm's adjusted p values (Holm 1979); a missing one (NaN) counts as 1 and stays missing."""
    p = np.asarray(p, dtype=float)
    known = np.where(np.isnan(p), 1.0, p)
    order = np.argsort(known, kind="stable")
    steps = known[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return np.where(np.isnan(p), np.nan, adjusted)


def seeds_needed(distance: float, spread: _Spread) -> float:
    """Fewest seeds a cell that decide with a power of 0.8, if effect and spread stay as seen.

    By the usual approximation distance >= (t(0.975) + t(0.8)) standard errors. Infinite where the
    images alone leave too much open, or a censored value does.
    """
    if not distance > 0:
        return np.inf

    def enough(n: int) -> bool:
        error, df = spread.at(n)
        return distance >= (stats.t.ppf(1 - ALPHA / 2, df) + stats.t.ppf(POWER, df)) * error

    if not enough(10**9):
        return np.inf
    if not enough(MOST_SEEDS):
        return float(MOST_SEEDS + 1)
    low, high = 1, MOST_SEEDS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)


def images_needed(distance: float, spread: _Spread) -> float:
    """Images with which any number of seeds could decide, as many of each class as now."""
    if not distance > 0:
        return np.inf
    factor = (stats.norm.ppf(1 - ALPHA / 2) + stats.norm.ppf(POWER)) ** 2
    return float(np.ceil(spread.images * factor * spread.image / distance**2))


def _distance(region: Region, estimate: float, open_low: bool, open_high: bool) -> float:
    """How far the estimate is from the edges that its interval must stay clear of; 0: it cannot."""
    if region.holds(estimate):
        if (open_low and np.isfinite(region.low)) or (open_high and np.isfinite(region.high)):
            return 0.0
        return min(estimate - region.low, region.high - estimate)
    if estimate <= region.low:
        return 0.0 if open_high else region.low - estimate
    return 0.0 if open_low else estimate - region.high


def _p(distance: float, error: float, df: float) -> float:
    if error == 0:
        return 0.0 if distance > 0 else 1.0
    return float(2 * stats.t.sf(distance / error, df)) if distance > 0 else 1.0


def _effect(region: Region, estimate: float, spread: _Spread) -> float:
    """Hedges' g of the estimate against the claim's edge, or the middle of its margin."""
    edges = [edge for edge in region if np.isfinite(edge)]
    df = sum(k - 1 for _, k in spread.seeds)
    pooled = (sum(s * (k - 1) for s, k in spread.seeds) / df) ** 0.5
    if pooled == 0:
        return np.nan
    return float((estimate - np.mean(edges)) / pooled * (1 - 3 / (4 * df - 1)))


def _permutation(region: Region, first: Sample, second: Sample | None) -> float:
    """Two-sided p of an exact permutation test against the nearest edge of the claim."""
    if second is None or first.censored or second.censored:
        return np.nan
    edges = [edge for edge in region if np.isfinite(edge)]
    difference = first.known.mean() - second.known.mean()
    edge = min(edges, key=lambda x: abs(difference - x))
    test = stats.permutation_test(
        (first.known - edge, second.known),
        lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        n_resamples=9999,  # all there are, where that is fewer: exact
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(test.pvalue)


def _reason(verdict, region, low, high, n, needed, samples, spread, distance) -> str:
    """Why, in words; and what would decide it."""
    never = [
        f"{sample.censored} of {words.count(len(sample.values), 'seed')} of {sample.cell}"
        for sample in samples
        if sample.censored
    ]
    if np.isinf(low) and np.isinf(high):
        seen = "unbounded"
    elif np.isinf(high):
        seen = f"at least {words.number(low)}"
    elif np.isinf(low):
        seen = f"at most {words.number(high)}"
    else:
        seen = f"{words.number(low)} to {words.number(high)}"
    if verdict == REPRODUCED:
        return f"The whole interval ({seen}) lies {region}."
    if verdict == NOT_REPRODUCED:
        return f"No part of the interval ({seen}) lies {region}."
    if distance == 0 and never:
        return f"In {words.listing(never)} it never came, so how long it takes is not known."
    held = f"Only a part of the interval ({seen}) lies {region}"
    if needed <= MOST_SEEDS:
        return f"{held}. About {words.count(int(needed), 'seed')} would decide it, not {n}."
    if np.isinf(needed) and spread.image > 0:
        more = images_needed(distance, spread)
        tell = f"; about {words.thousands(int(more))} images might do" if more < 1e5 else ""
        return (
            f"{held}. More seeds alone would not decide it: the {spread.images} validation images "
            f"leave too much open{tell}."
        )
    return f"{held}. Even {words.count(MOST_SEEDS, 'seed')} would hardly decide it."
