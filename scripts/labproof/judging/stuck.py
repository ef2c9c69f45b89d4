"""Seeds that never left chance: how many, and what as many that were not seen would change.

A t interval knows no second hump. Where one seed in five is stuck, five seeds show none of it in a
third of all runs, and their interval is then short and in the wrong place. So stuck seeds are
counted; where some are seen, no mean decides before there are many seeds; and where none is, it is
said whether a verdict rests on there being none.
"""

from collections.abc import Sequence
from itertools import product

import pandas as pd
from scipy import special

from labproof import words
from labproof.judging import curves, statistics
from labproof.judging.sample import Region

LEVEL = 0.05  # a share of stuck seeds is excluded if it would show itself so seldom


def seeds(history: pd.DataFrame | None, answers: pd.DataFrame | None) -> dict[int, bool] | None:
    """Seed -> whether it ended no better than chance, on training and on new images alike.

    Chance is what the larger class alone gets right, and as much more as a sample of so many new
    images explains (one-sided, 5 %).

    Parameters
    ----------
    history, answers
        Of a cell: its curves, and its answers on new images (`measures.asked`).

    Returns
    -------
    dict or None
        None where the tables do not tell, as when there are no probabilities of two classes.
    """
    if history is None or answers is None:
        return None
    if "accuracy" not in history or not {"probability", "label"} <= set(answers):
        return None
    columns = ["label", "probability"]
    new = answers.groupby("seed")[columns].apply(statistics.accuracy)
    old = history.groupby("seed")[["epoch", "accuracy"]].apply(curves.final_accuracy)
    images = answers.groupby("seed").size().min()
    labels = answers.loc[answers["seed"] == answers["seed"].iloc[0], "label"]
    larger = labels.value_counts(normalize=True).max()
    chance = larger - special.ndtri(LEVEL) * (larger * (1 - larger) / images) ** 0.5
    both = pd.concat([new, old], axis=1, join="inner").max(axis=1)
    return {int(seed): bool(value <= chance) for seed, value in both.items()}


def counted(found: dict[int, bool], among: Sequence[int]) -> dict:
    """How many of some seeds are stuck: `stuck`, `seeds`, and the share's `low` and `high`.

    The exact interval of Clopper & Pearson (1934), 95 %.
    """
    from scipy import stats

    known = [found[seed] for seed in among if seed in found]
    share = stats.binomtest(sum(known), len(known)).proportion_ci(0.95, method="exact")
    return {"stuck": sum(known), "seeds": len(known), "low": share.low, "high": share.high}


def some(count: dict) -> bool:
    """Whether some seeds are stuck and others are not: two humps."""
    return 0 < count["stuck"] < count["seeds"]


def told(cell: str, count: dict) -> str:
    """The count in words."""
    of = words.count(count["seeds"], "seed")
    return f"{count['stuck']} of {of} of {cell} never left chance"


def unseen(n: int) -> float:
    """The largest share of stuck seeds that n seeds without one do not exclude (5 %)."""
    return float(1 - LEVEL ** (1 / n))


def turns(
    region: Region, means: Sequence[float], chances: Sequence[float], shares: Sequence[float]
) -> bool:
    """Whether a verdict would turn if as many seeds as were not excluded were stuck.

    Parameters
    ----------
    region
        What is claimed of the sum of the means.
    means
        Of each cell's seeds, none of them stuck; negative where it is taken away.
    chances
        What the measure is of a stuck seed, for each cell, likewise.
    shares
        Of stuck seeds, for each cell: none of them or all, whichever is worse.
    """

    def estimate(chosen: Sequence[float]) -> float:
        moved = [m - q * (m - c) for m, c, q in zip(means, chances, chosen, strict=True)]
        return sum(moved)

    as_seen = region.holds(estimate([0.0] * len(means)))
    worst = product(*((0.0, share) for share in shares))
    return any(region.holds(estimate(chosen)) != as_seen for chosen in worst)
