"""What would decide a claim that is still undecided: how many seeds, or how many images."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special

from labproof import words
from labproof.judging import ladder
from labproof.judging.record import MOST_SEEDS

POWER = 0.8  # chance to decide that a recommended number of seeds has


class Spread(NamedTuple):
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


class Evidence(NamedTuple):
    """What an interval rests on, so that it can be said what would decide."""

    held: str  # what is seen of the interval, in words
    distance: float  # of the estimate from the edges that the interval must stay clear of; 0: never
    spread: Spread
    n: int  # seeds of the cell that has fewer
    steps: tuple[int, ...]  # of the ladder
    fewest: int = 2  # seeds before which nothing is decided

    def needs(self, parts: int = 1) -> tuple[float, str]:
        """Seeds a cell that would decide, as one of so many parts, and in words what would."""
        if self.distance == 0:
            return np.inf, ""
        levels = ladder.levels(self.steps, parts)
        for step, level in zip(self.steps, levels, strict=True):
            later = step > self.n and step >= self.fewest
            if later and _enough(self.distance, *self.spread.at(step), level):
                return step, f"About {words.count(step, 'seed')} would decide it, not {self.n}."
        last, level = self.steps[-1], levels[-1]
        needed = seeds_needed(self.distance, self.spread, level)
        if needed <= MOST_SEEDS:
            needed = max(needed, self.fewest)
            instead = (
                f"not {self.n}" if last == self.n else f"more than the {last} of the last look"
            )
            told = f"About {words.count(int(needed), 'seed')} would decide it, {instead}."
        elif np.isinf(needed) and self.spread.image > 0:
            more = images_needed(self.distance, self.spread, level)
            tell = f"; about {words.thousands(int(more))} examples might do" if more < 1e5 else ""
            told = (
                f"More seeds alone would not decide it: the {self.spread.images} examples leave "
                f"too much open{tell}."
            )
        else:
            told = f"Even {words.count(MOST_SEEDS, 'seed')} would hardly decide it."
        return needed, told


def seeds_needed(distance: float, spread: Spread, level: float = ladder.SINGLE) -> float:
    """Fewest seeds a cell that decide with a power of 0.8, if effect and spread stay as seen.

    By the usual approximation distance >= (t(1 - level) + t(0.8)) standard errors. Infinite where
    the images alone leave too much open, or a censored value does.
    """
    if not distance > 0 or not _enough(distance, *spread.at(10**9), level):
        return np.inf
    return _fewest(lambda n: _enough(distance, *spread.at(n), level), 1, MOST_SEEDS)


def images_needed(distance: float, spread: Spread, level: float = ladder.SINGLE) -> float:
    """Fewest images with which some number of seeds decides, as many of each class as now."""
    if not distance > 0:
        return np.inf
    seen = spread.image * spread.images

    def enough(images: int) -> bool:
        more = Spread(spread.seeds, seen / images, images)
        return _enough(distance, *more.at(10**9), level)

    return _fewest(enough, spread.images, 10**6)


def _enough(distance: float, error: float, df: float, level: float) -> bool:
    return distance >= (special.stdtrit(df, POWER) - special.stdtrit(df, level)) * error


def _fewest(enough: Callable[[int], bool], low: int, most: int) -> float:
    """Least whole number above `low` that is enough; one more than `most` where that is not."""
    if not enough(most):
        return float(most + 1)
    high = most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)
