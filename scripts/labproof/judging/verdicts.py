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
from labproof.judging.needs import ALPHA, Evidence, Spread

REPRODUCED, NOT_REPRODUCED, UNDECIDED = "reproduced", "not reproduced", "undecided"
OPPOSITE = {REPRODUCED: NOT_REPRODUCED, NOT_REPRODUCED: REPRODUCED, UNDECIDED: UNDECIDED}


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
    why: str = ""  # why values are missing, in words, where that is known

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
    evidence: "Evidence | None" = None  # where there is an interval


def judge(
    region: Region,
    first: Sample,
    second: Sample | None = None,
    *,
    image_error: float = 0.0,
    images: int = 0,
    least: float = 0.0,
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
    least
        The region's edge, where that is the least difference worth naming: what lies outside is
        told as no such difference, or as one the other way.

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
            return replace(unknown, reason=_missing(sample))
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
    spread = Spread(
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
    held = _held(verdict, region, low, high, samples, distance, least)
    evidence = Evidence(held, distance, spread, n)
    needed, told = evidence.needs()
    return replace(
        unknown,
        verdict=verdict,
        low=low,
        high=high,
        p=_p(distance, error, df),
        effect=_effect(region, estimate, spread),
        p_permutation=_permutation(region, first, second),
        seeds_needed=n if decided else needed,
        reason=held if decided else f"{held} {told}".rstrip(),
        evidence=evidence,
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
    needed = min(part.n for part in parts)
    if missing:
        chosen, verdict, p = missing[0], UNDECIDED, np.nan
        needed, reason = chosen.seeds_needed, chosen.reason
    elif all(part.verdict == REPRODUCED for part in parts):
        chosen, verdict = max(parts, key=lambda part: part.p), REPRODUCED
        reason = chosen.reason
    elif against and p_one <= ALPHA:
        chosen, verdict = min(against, key=lambda part: part.p), NOT_REPRODUCED
        reason = chosen.reason
    else:
        verdict = UNDECIDED
        if against:  # the first of these to be decided, at its share of the level, decides
            chosen = min(against, key=lambda part: part.evidence.needs(ALPHA / k)[0])
            needed, told = chosen.evidence.needs(ALPHA / k)
        else:  # all have to be
            open_parts = [part for part in parts if part.verdict == UNDECIDED]
            chosen = max(open_parts, key=lambda part: part.seeds_needed)
            needed, told = chosen.evidence.needs()
        held = chosen.evidence.held
        if chosen.verdict == NOT_REPRODUCED:
            held = (
                f"One of {k} parts speaks against it, but of {k} true ones such a part turns up by "
                f"chance in {words.number(100 * chosen.p * k, 0)} of 100 runs."
            )
        reason = f"{held} {told}".rstrip()
    if negated and verdict == REPRODUCED:
        reason = f"All of it holds, which the sentence denies. {reason}"
    elif negated and verdict == NOT_REPRODUCED:
        reason = f"Not all of it holds, as the sentence says. {reason}"
    return replace(
        chosen,
        verdict=OPPOSITE[verdict] if negated else verdict,
        reason=reason,
        p=p,
        inside=bool(against) if negated else not against,
        n=min(part.n for part in parts),
        seeds_needed=needed,
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


def _effect(region: Region, estimate: float, spread: Spread) -> float:
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


def _missing(sample: Sample) -> str:
    """Why a sample with gaps is not judged."""
    if sample.why and len(sample.missing) == len(sample.values):
        return f"It cannot be measured on {sample.cell}: {sample.why}."
    seeds = words.listing([str(seed) for seed in sample.missing])
    cause = f" ({sample.why})" if sample.why else ""
    return (
        f"The value of {sample.cell} is missing for seed {seeds}{cause}, and a mean over the seeds "
        "that worked would be biased."
    )


def _held(verdict, region, low, high, samples, distance, least) -> str:
    """What is seen of the interval, in words."""
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
    if verdict == NOT_REPRODUCED and least:
        if -least <= low and high <= least:
            told = f"lies within {least:g} of 0: no difference worth naming"
            return f"The whole interval ({seen}) {told}."
        if (high <= -least) if region.low > 0 else (low >= least):
            other = Region(high=-least) if region.low > 0 else Region(low=least)
            return f"The whole interval ({seen}) lies {other}: a difference, but the other way."
    if verdict == NOT_REPRODUCED:
        return f"No part of the interval ({seen}) lies {region}."
    if distance == 0 and never:
        return f"In {words.listing(never)} it never came, so how long it takes is not known."
    return f"Only a part of the interval ({seen}) lies {region}."
