"""Levels of the looks, against Pocock's published constants, normal theory and simulation."""

import numpy as np
import pytest
from scipy import stats

from labproof.judging import ladder


def crossed(steps, critical, draws, seed):
    """Share of simulated runs whose t statistic about the truth is first above at each step."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(draws, steps[-1]))
    still, found = np.ones(draws, dtype=bool), []
    for n, t in zip(steps, critical, strict=True):
        seen = values[:, :n]
        above = seen.mean(axis=1) > t * seen.std(axis=1, ddof=1) / n**0.5
        found.append(float((still & above).mean()))
        still &= ~above
    return np.array(found)


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("steps", [(5, 10, 20, 40), (10, 20, 40), (3, 4, 6), (2, 3), (5, 25)])
def test_t_statistics_cross_as_often_as_is_spent(steps, parts):
    draws = 100_000
    levels = ladder.levels(steps, parts)
    critical = [stats.t.isf(level, n - 1) for level, n in zip(levels, steps, strict=True)]
    seen = crossed(steps, critical, draws, seed=sum(steps))
    spent = np.diff([0.05 / parts * n / steps[-1] for n in (0, *steps)])
    assert np.all(np.abs(seen - spent) < 4 * np.sqrt(spent / draws))


# Pocock 1977, Biometrika 64:191, table 1: two-sided 5 %, so many looks
@pytest.mark.parametrize(("looks", "constant"), [(2, 2.178), (3, 2.289), (4, 2.361), (5, 2.413)])
def test_with_many_values_they_are_those_of_normal_theory(looks, constant):
    steps = [2000 * (k + 1) for k in range(looks)]
    rows, columns = np.meshgrid(steps, steps)
    correlation = np.sqrt(np.minimum(rows, columns) / np.maximum(rows, columns))
    spent = [
        1 - stats.multivariate_normal.cdf(np.full(k, constant), cov=correlation[:k, :k])
        for k in range(1, looks + 1)
    ]
    assert spent[-1] == pytest.approx(0.025, abs=0.0003)  # the constant is Pocock's
    levels = ladder.calibrate(steps, spent)
    assert levels == pytest.approx(np.full(looks, stats.norm.sf(constant)), rel=0.01)


def test_one_look_is_a_95_percent_interval():
    assert ladder.levels((5,)) == (0.025,)
    assert ladder.levels((5,), 2) == (0.0125,)
    assert ladder.levels(()) == ()


def test_there_is_an_interval_from_two_seeds_on():
    assert ladder.looks([1, 5, 2]) == (2, 5)
    assert ladder.reached((5, 10, 20), 12) == [5, 10]
