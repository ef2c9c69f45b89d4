"""What a claim is about: the region that it names, and the values of its cells, one a seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from labproof import words


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
    weight: float = 1.0  # what each value is multiplied by in a sum of cells
    of: int = 0  # how many seeds `values` stand for, where not one each

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
        """Weighted values, with each censored one at the least that it can be."""
        values = np.asarray(self.values, dtype=float)
        values = np.where(np.isinf(values), self.longest, values)
        return values if self.weight == 1 else self.weight * values

    def first(self, n: int) -> "Sample":
        """The same of the first n seeds alone."""
        return replace(self, values=self.values[:n], seeds=self.seeds[:n])

    def weighted(self, weight: float) -> "Sample":
        """The same values, each multiplied by a number where they are summed."""
        return replace(self, weight=weight)

    def spread(self) -> "Sample":
        """Values whose mean is the logarithm of the spread over seeds, and whose error is its.

        The spread is the mean distance from the median, for a bell curve's sake by sqrt(pi / 2), so
        that of such values it is the standard deviation, and by n / (n - 1), since the median is
        their own (Bonett & Seier 2003, Am Stat 57:233). Its logarithm's error is that of the
        distances over their mean. Of an odd number the median's own distance is 0 by construction
        and is left out (Hines & Hines 2000, Biometrics 56:451).
        """
        values = np.sort(np.asarray(self.values, dtype=float))
        n = len(values)
        away = np.abs(values - np.median(values))
        size = (np.pi / 2) ** 0.5 * away.sum() / (n - 1)
        away = np.delete(away, n // 2) if n % 2 else away
        linear = np.log(size) + away / away.mean() - 1
        return replace(self, values=linear, seeds=range(len(linear)), of=n)
