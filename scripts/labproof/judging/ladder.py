"""Steps of seeds -> the level of each look, so that looking again and again errs no more than said.

A claim may be looked at after 5, 10, 20, 40 seeds. With 2.5 % a side at each of four looks an
interval would be on the wrong side of its edge in 7.4 % of runs. So a total error is spent over the
looks, in proportion to the seeds (the linear spending function of Kim & DeMets 1987, rho = 1), and
each look's interval is estimate ± t(1 - level, df) standard errors: a *repeated confidence
interval*, right whatever made one stop or go on (Jennison & Turnbull 2000, ch. 9).

The levels are calibrated on sequential t statistics, exactly and not by large samples. Let r be the
cosine of the angle between n normal values about 0 and the vector of ones, t = r √(n-1) / √(1-r²).
By the symmetry of the sphere, with m more values

    r' √(n+m) = r √(n q) + ρ √(m (1-q)),

q ~ Beta(n/2, m/2) the share of the sum of squares, ρ the cosine of the new values alone, and r, q
and ρ independent: r is a Markov chain, and its distribution among the runs that no look has
stopped goes from look to look by one integral over r and q. Of two cells, and of images, the same
levels are used; docs/verdicts.md shows what they err there.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from scipy import optimize, special

TOTAL = 0.05  # share of runs that end on the wrong side of an edge on which the truth lies
SINGLE = 0.025  # the same of a run that is looked at once: each side of a 95 % interval
_BINS = 160  # of r between two looks
_SHARES = 32  # nodes of the integral over q
_ANGLES = np.linspace(
    -np.pi / 2, np.pi / 2, 4001
)  # at which the cosines of new values are tabulated


def looks(ladder: Sequence[int]) -> tuple[int, ...]:
    """The steps at which there is an interval, in order: at least two seeds."""
    return tuple(sorted({step for step in ladder if step >= 2}))


def reached(ladder: Sequence[int], n: int) -> list[int]:
    """The steps that n seeds have reached."""
    return [step for step in ladder if step <= n]


@cache
def levels(ladder: tuple[int, ...], parts: int = 1) -> tuple[float, ...]:
    """One-sided level of the look at each step.

    Parameters
    ----------
    ladder
        Numbers of seeds, rising, each at least 2.
    parts
        Among how many claims the total is shared (Bonferroni).

    Returns
    -------
    tuple of float
        Of one step `SINGLE` / parts, today's 95 % interval; of more they make `TOTAL` / parts
        together.
    """
    if len(ladder) < 2:
        return (SINGLE / parts,) * len(ladder)
    total = TOTAL / parts
    return calibrate(ladder, [total * step / ladder[-1] for step in ladder])


def calibrate(ladder: Sequence[int], spent: Sequence[float]) -> tuple[float, ...]:
    """One-sided levels whose looks have erred in `spent[k]` of all runs after look k.

    Student's t of normal values about the edge, looked at after each number of values in `ladder`;
    `spent` rises.
    """
    found = [spent[0]]
    edges = _edges(ladder[0], found[0])
    below = _cosine(np.arcsin(edges), ladder[0])  # share of runs with r up to each edge
    for step, (before, now) in enumerate(pairwise(spent)):
        n, more = ladder[step], ladder[step + 1] - ladder[step]
        middles, mass = (edges[1:] + edges[:-1]) / 2, np.diff(below, prepend=0)[1:]
        to = _transition(n, more, middles, mass)
        still = float(mass.sum())

        def crossed(level, step=step, to=to, still=still, wanted=now - before):
            return still - to(_at(level, ladder[step + 1])[None])[0] - wanted

        # more may cross than at a first look, never fewer: the level is at least what it spends
        level = optimize.brentq(crossed, (now - before) / 2, 0.5, xtol=1e-9)
        found.append(float(level))
        if len(found) < len(ladder):
            edges = _edges(ladder[step + 1], level)
            below = to(edges)
    return tuple(found)


def _transition(n: int, more: int, r: np.ndarray, mass: np.ndarray):
    """Function of x: the share of runs with r' up to x, of runs with `mass` at r before."""
    chances, weights = special.roots_legendre(_SHARES)
    nodes, weights = special.betaincinv(n / 2, more / 2, (chances + 1) / 2), weights / 2
    moved = r[:, None] * np.sqrt(n * nodes)
    scale = np.sqrt(more * (1 - nodes))

    def to(x: np.ndarray) -> np.ndarray:
        needed = (x[:, None, None] * (n + more) ** 0.5 - moved) / scale
        share = _cosine(np.arcsin(np.clip(needed, -1, 1)), more)
        share = np.where(needed >= 1, 1.0, np.where(needed < -1, 0.0, share))
        return np.einsum("xrq,r,q->x", share, mass, weights)

    return to


def _cosine(angle: np.ndarray, n: int) -> np.ndarray:
    """Chance that the cosine of n normal values to the vector of ones is at most sin(angle)."""
    if n == 1:
        return np.full(np.shape(angle), 0.5)
    known = special.stdtr(n - 1, (n - 1) ** 0.5 * np.tan(_ANGLES))
    return np.interp(angle, _ANGLES, known)


def _at(level: np.ndarray | float, n: int) -> np.ndarray:
    """The cosine of a t statistic at a one-sided level."""
    t = special.stdtrit(n - 1, 1 - np.asarray(level))
    return np.asarray(t / np.sqrt(n - 1 + t * t))


def _edges(n: int, level: float) -> np.ndarray:
    """Edges of bins from -1 to the cosine at a level, of equal widths in normal scores."""
    scores = np.linspace(-6, special.ndtri(1 - level), _BINS)
    return np.concatenate([[-1.0], _at(special.ndtr(-scores), n)])
