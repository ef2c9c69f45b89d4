"""Seeds, and the blocks of them that share a process."""

from collections.abc import Sequence
from itertools import groupby


def blocks(seeds: Sequence[int], size: int) -> list[str]:
    """Cut seeds into blocks "first-last" of neighbours that share a process.

    The cuts lie at multiples of `size`, whatever the seeds, so that more seeds leave the full
    blocks as they are: blocks(range(5), 5) == ["0-4"], blocks(range(10), 5) == ["0-4", "5-9"].
    """
    # within a run of neighbours, seed less position is constant
    order = sorted(seeds)
    runs = groupby(enumerate(order), key=lambda pair: (pair[1] // size, pair[1] - pair[0]))
    found = [[seed for _, seed in run] for _, run in runs]
    return [f"{run[0]}-{run[-1]}" for run in found]


def seeds_of(block: str) -> list[int]:
    """Seeds of a block: "0-4" -> [0, 1, 2, 3, 4]."""
    first, last = block.split("-")
    return list(range(int(first), int(last) + 1))
