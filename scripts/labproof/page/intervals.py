"""Means over seeds with their intervals: computed, written in a table's cell, and drawn there."""

import math

import pandas as pd

from labproof import words
from labproof.judging import measures
from labproof.lab import vocabulary
from labproof.words import Estimate


def estimate(values: pd.Series) -> Estimate:
    """Mean and 95 % t-interval of one value a seed."""
    return Estimate(*measures.interval(values), n=len(values))


def estimates(histories: pd.DataFrame) -> dict[str, Estimate]:
    """Every measure of one cell's histories (seed, epoch, loss, …) that needs nothing else."""
    plain = [
        name
        for name, measure in vocabulary.MEASURES.items()
        if measure.table == "histories" and not measure.parameter
    ]
    return {name: estimate(measures.over_seeds(histories, name)) for name in plain}


def stacked(value: Estimate | None, digits: int = 3) -> str:
    """`mean` with its interval on a second, smaller line, for the cells of a wide table."""
    if value is None:
        return words.NOTHING
    second = words.bounds(value, digits)
    return words.number(value.mean, digits) + (f" [{second}]{{.ci}}" if second else "")


def strip(
    value: Estimate | None, published: list[float], low: float, chance: float = math.nan
) -> str:
    """An interval, its mean and the published values as a row of spans that the style places.

    `chance`, the accuracy of always naming one class, is a broken line where it is known.
    """
    if value is None or not math.isfinite(value.mean):
        return ""

    def at(x: float) -> float:
        return 100 * (min(max(x, low), 1) - low) / (1 - low)

    marks = f'[]{{.tick style="left:{at(chance):.1f}%"}}' if math.isfinite(chance) else ""
    if value.sign is not None:
        left, right = at(value.low), at(value.high)
        marks += f'[]{{.bar style="left:{left:.1f}%;width:{max(right - left, 0.5):.1f}%"}}'
    for x in published:
        marks += f'[]{{.theirs style="left:{at(x):.1f}%"}}'
    marks += f'[]{{.dot style="left:{at(value.mean):.1f}%"}}'
    return f'[{marks}]{{.strip aria-hidden="true"}}'
