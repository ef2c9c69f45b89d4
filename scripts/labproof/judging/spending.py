"""Findings -> for each undecided sentence the chances that its next steps of seeds decide it.

Arithmetic on the numbers of findings.json alone. With n seeds a cell seen and n' at the next step,
f = n / n', the estimate there is distributed as

    estimate + t(df) √(1 - f) · (standard error of the seeds at n),

the predictive distribution under a flat prior; it decides where an interval of the step's level
and of the standard error that is expected there (the seeds' part shrunk by f, the images' as it is)
lies wholly on one side of the claim's edges (predictive power, Jennison & Turnbull 2000, ch. 10).
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from labproof.judging import ladder as steps_of
from labproof.judging.interval import LOG, PLAIN
from labproof.judging.needs import Spread
from labproof.judging.record import REPRODUCED, UNDECIDED
from labproof.lab import leaves


class Chance(NamedTuple):
    """What later looks at a sentence may bring."""

    id: str
    cells: dict[str, int]  # seeds that each of its cells has
    later: dict[int, float]  # step -> the chance that a look there decides the sentence (0 to 1)


def chances(
    entries: Sequence[Mapping], ladder: Sequence[int], seeds_of: Mapping[str, Sequence[int]]
) -> list[Chance]:
    """Of each undecided sentence that has a step before it, in the order of the findings.

    Parameters
    ----------
    entries
        Of findings.json.
    ladder
        The lab's steps of seeds.
    seeds_of
        Cell -> the seeds that it has, or that are planned.

    Returns
    -------
    list of Chance
        A sentence that no number of seeds decides, since a value is missing or a training is
        compared with itself, has chance 0. Parts are taken as independent.
    """
    found = []
    steps = steps_of.looks(ladder)
    for entry in entries:
        seen = max((look["n"] for part in entry["parts"] for look in part["looks"]), default=0)
        later = {step: chance(entry, steps, step) for step in steps if step > seen}
        if entry["verdict"] == UNDECIDED and later:
            has = {cell: len(seeds_of[cell]) for cell in entry["cells"]}
            found.append(Chance(entry["id"], has, later))
    return found


def chance(entry: Mapping, steps: tuple[int, ...], step: int) -> float:
    """Chance that a look at `step` seeds decides an undecided sentence (0 to 1)."""
    share, at = len(entry["parts"]), steps.index(step)
    levels = [steps_of.levels(steps, parts)[at] for parts in (1, share)]
    all_hold, none_fails = 1.0, 1.0
    for part in entry["parts"]:
        if part["spread"] is None or _contradicts_itself(part):
            return 0.0
        holds, fails = _part(part, step, *levels)
        all_hold *= 1.0 if part["verdict"] == REPRODUCED else holds
        none_fails *= 1 - fails
    return min(1.0, all_hold + 1 - none_fails)


def _contradicts_itself(part: Mapping) -> bool:
    ready = part["n"] >= part["spread"]["fewest"]
    decided = any(look["verdict"] != UNDECIDED for look in part["looks"])
    return part["verdict"] == UNDECIDED and decided and ready


def _part(part: Mapping, step: int, level_in: float, level_out: float) -> tuple[float, float]:
    """Chances that a look finds a claim's interval inside its region, and outside."""
    if step < part["spread"]["fewest"]:
        return 0.0, 0.0
    spread = Spread(
        tuple((v, n) for v, n in part["spread"]["seeds"]),
        part["spread"]["image"],
        part["spread"]["images"],
    )
    ends = (-math.inf, math.inf)
    edges = [end if x is None else x for x, end in zip(part["region"], ends, strict=True)]
    scale = LOG if leaves.is_spread(part) else PLAIN
    edges, estimate = list(map(scale.to, edges)), scale.to(part["estimate"])
    error, df = spread.at(step)
    before, seeds_df = Spread(spread.seeds, 0.0, 0).at()
    moves = before * max(0.0, 1 - part["n"] / step) ** 0.5

    def below(x: float) -> float:
        if moves == 0:
            return float(estimate < x)
        return float(special.stdtr(seeds_df, (x - estimate) / moves))

    inner, outer = (
        float(-special.stdtrit(df, level)) * error if error else 0.0
        for level in (level_in, level_out)
    )
    # an end that is censored stays so
    low_open = part["low"] is None
    high_open = part["high"] is None
    low_blocked = low_open and np.isfinite(edges[0])
    high_blocked = high_open and np.isfinite(edges[1])
    inside = 0.0
    if not low_blocked and not high_blocked:
        inside = max(0.0, below(edges[1] - inner) - below(edges[0] + inner))
    under = 0.0 if high_open else below(edges[0] - outer)
    over = 0.0 if low_open else 1 - below(edges[1] + outer)
    return inside, under + over
