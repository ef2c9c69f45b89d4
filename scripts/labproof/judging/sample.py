"""What a claim is about: the region that it names, and the values of its cells, one a seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from labproof import words

REPRODUCED, NOT_REPRODUCED, UNDECIDED = "reproduced", "not reproduced", "undecided"


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

    def first(self, n: int) -> "Sample":
        """The same of the first n seeds alone."""
        return replace(self, values=self.values[:n], seeds=self.seeds[:n])

    def times(self, by: float) -> "Sample":
        """The same, each value multiplied by a number."""
        if by == 1:
            return self
        values = by * np.asarray(self.values, dtype=float)
        return replace(self, values=values, longest=by * self.longest)
