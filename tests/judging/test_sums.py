"""Sums of several cells, and spreads over seeds, against closed forms, SciPy and planted truths."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from labproof.judging import bootstrap, findings, statistics, telling, verdicts
from labproof.judging.verdicts import Region, Sample
from labproof.lab import leaves

RNG = np.random.default_rng(18)
NAMES = ("bn-dropout", "bn", "dropout", "plain")


def histories(values):
    rows = [{"seed": k, "epoch": 1, "val_dice": x, "dice": x} for k, x in enumerate(values)]
    return {"histories": pd.DataFrame(rows)}


def claim(**said):
    leaf = {"measure": "final(dice)", "at": None, "cell": "a", "relation": "above"}
    leaf |= {"number": None, "other": None, "other_measure": None, "margin": 0.0, "least": None}
    leaf |= said
    return leaf | ({"other_measure": leaf["measure"]} if leaf["other"] else {})


def judged(said, values, seeds=6, **options):
    entry = {"id": "x", "task": "1", "statement": "s", "why": "w", "note": None, "ours": False}
    cells = leaves.cells(said)
    return findings.judge(
        [{**entry, "cells": cells, "claim": said}],
        {name: histories(each) for name, each in values.items()},
        seeds=range(seeds),
        datasets={},
        **options,
    )[0]


GAINS = claim(cell="bn-dropout", less="bn", other="dropout", other_less="plain")


def test_a_difference_of_differences_is_welchs_of_four_cells():
    values = {
        name: RNG.normal(mean, sd, 6)
        for name, mean, sd in zip(
            NAMES, (0.9, 0.8, 0.7, 0.7), (0.01, 0.02, 0.03, 0.04), strict=True
        )
    }
    found = judged(GAINS, values)
    a, b, c, d = (values[name] for name in NAMES)
    parts = np.array([x.var(ddof=1) / 6 for x in (a, b, c, d)])
    df = parts.sum() ** 2 / (parts**2 / 5).sum()
    half = stats.t.ppf(0.975, df) * parts.sum() ** 0.5
    estimate = a.mean() - b.mean() - (c.mean() - d.mean())
    assert [found[key] for key in ("estimate", "low", "high")] == pytest.approx(
        [estimate, estimate - half, estimate + half]
    )
    (part,) = found["parts"]
    assert list(part["values"]) == list(NAMES)
    assert part["claim"] == (
        "final dice of bn-dropout less that of bn above that of dropout less that of plain"
    )


def test_what_is_taken_from_both_sides_cancels():
    """The same cell under both differences: two cells remain."""
    values = {name: RNG.normal(0.5, 0.1, 6) for name in "abc"}
    both = judged(claim(less="c", other="b", other_less="c"), values)
    plain = judged(claim(other="b"), values)
    for key in ("estimate", "low", "high", "verdict", "n"):
        assert both[key] == pytest.approx(plain[key]), key


def test_a_difference_may_be_about_a_number():
    values = {"a": 0.85 + RNG.normal(0, 0.002, 6), "b": 0.81 + RNG.normal(0, 0.002, 6)}
    gain = claim(less="b", relation="about", number=0.04, margin=0.01)
    assert judged(gain, values)["verdict"] == "reproduced"
    assert judged({**gain, "number": 0.1}, values)["verdict"] == "not reproduced"


def test_cells_that_are_one_training_are_compared_with_nothing():
    values = {name: RNG.normal(0.5, 0.1, 6) for name in NAMES}
    same = {"bn-dropout": "bn", "bn": "bn"}
    found = judged(GAINS, values, trainings=same)
    assert found["verdict"] == "undecided" and "bn-dropout and bn have" in found["reason"]
    both = {"bn-dropout": "1", "dropout": "1", "bn": "2", "plain": "2"}
    found = judged(GAINS, values, trainings=both)
    assert found["verdict"] == "undecided" and "bn-dropout and dropout have" in found["reason"]


def test_pairs_in_a_difference_of_differences_are_summed_seed_by_seed():
    long, short = RNG.normal(0.5, 0.1, (2, 6))
    values = {"bn-dropout": long + 0.1, "bn": long, "dropout": short, "plain": short}
    paired = {"bn-dropout": "1", "bn": "1", "dropout": "2", "plain": "2"}
    (part,) = judged(GAINS, values, paired=paired)["parts"]
    assert len(part["spread"]["seeds"]) == 2
    assert [part["low"], part["high"]] == pytest.approx([0.1, 0.1])


def test_a_process_that_trains_four_cells_is_one_sample_of_their_double_differences():
    values = dict(zip(NAMES, RNG.normal(0.5, 0.1, (4, 6)) + RNG.normal(0, 1, 6), strict=True))
    found = judged(GAINS, values, paired=dict.fromkeys(NAMES, "1"))
    a, b, c, d = (values[name] for name in NAMES)
    test = stats.ttest_rel(a - b, c - d)
    assert [found["low"], found["high"]] == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert found["p"] == pytest.approx(test.pvalue)
    # of two processes each is such a sample, and they are independent
    found = judged(GAINS, values, paired={NAMES[0]: 1, NAMES[1]: 1, NAMES[2]: 2, NAMES[3]: 2})
    test = stats.ttest_ind(a - b, c - d, equal_var=False)
    assert [found["low"], found["high"]] == pytest.approx(tuple(test.confidence_interval(0.95)))


def test_images_move_a_difference_of_differences_as_a_closed_form_says():
    """Four cells that answer the same images independently: their variances add."""
    label = np.arange(400) % 2
    drawn = []
    for sign in (1, -1, -1, 1):
        right = RNG.random(400) < 0.8
        probability = np.where(right == (label == 1), 0.9, 0.1)
        drawn.append(sign * bootstrap.draw(statistics.accuracy_of, np.array([probability]), label))
    error = bootstrap.image_error(*drawn, binary=400)
    assert error == pytest.approx((4 * 0.8 * 0.2 / 400) ** 0.5, rel=0.15)
    perfect = [bootstrap.draw(statistics.accuracy_of, label[None] * 1.0, label)] * 4
    assert bootstrap.image_error(*perfect, binary=400) == pytest.approx(2 / 400)


def test_cells_that_differ_are_told_as_a_denial():
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    parts = [claim(cell=x, other=y, relation="similar_to", margin=0.05) for x, y in pairs]
    values = {name: RNG.normal(0.5, 0.002, 6) for name in "ab"} | {"c": RNG.normal(0.8, 0.002, 6)}
    entry = {"id": "x", "task": "1", "statement": "s", "why": "w", "note": None, "ours": False}
    said = {"parts": parts, "curve": None, "means": None, "negated": True}
    tables = {name: histories(each) for name, each in values.items()}
    found = findings.judge(
        [{**entry, "cells": [*"abc"], "claim": said}], tables, seeds=range(6), datasets={}
    )[0]
    assert found["verdict"] == "reproduced"
    told = telling.tell(found)
    assert "The sentence claims that not all of this holds." in told
    assert told.count(": does not hold") == 2 and told.count(": holds") == 1


# --- spread over seeds -------------------------------------------------------------------------


def spread(values, **keys):
    return Sample("a", list(values), range(len(values)), **keys)


def test_the_spread_of_a_bell_curve_is_its_standard_deviation():
    """Against the exact interval by chi-squared, which holds for a bell curve alone."""
    values = RNG.normal(3, 0.2, 400)
    found = verdicts.judge(Region(low=0.1), spread(values), spread=True)
    chi = stats.chi2.ppf([0.975, 0.025], 399)
    exact = values.std(ddof=1) * (399 / chi) ** 0.5
    assert found.estimate == pytest.approx(values.std(ddof=1), rel=0.05)
    assert [found.low, found.high] == pytest.approx(exact, rel=0.05)
    assert found.verdict == "reproduced" and found.n == 400


def test_two_spreads_agree_with_the_test_of_brown_and_forsythe():
    decided = 0
    for _ in range(60):
        one, two = RNG.normal(0, 1, 20), RNG.normal(0, RNG.uniform(1, 4), 20)
        found = verdicts.judge(Region(low=1), spread(two), spread(one, weight=-1.0), spread=True)
        p = stats.levene(one, two, center="median").pvalue
        if p < 0.01 or p > 0.15:  # they are not the same test, so not at the very edge
            decided += p < 0.01
            assert (found.p < 0.05) == (p < 0.01)
    assert decided > 10


@pytest.mark.parametrize("n", [5, 10])
@pytest.mark.parametrize("draw", ["normal", "uniform"])
def test_a_spread_is_on_the_wrong_side_as_seldom_as_is_said(draw, n):
    """The truth on the edge: each side errs in 2.5 % of draws, of one cell and of two."""
    rng, runs, wrong = np.random.default_rng(n), 200, np.zeros(4)
    size = (np.pi / 2) ** 0.5 * (0.25 if draw == "uniform" else (2 / np.pi) ** 0.5)
    for _ in range(runs):
        one, two = getattr(rng, draw)(size=(2, n))
        alone = verdicts.judge(Region(low=size), spread(one), spread=True)
        pair = [spread(3 * two), spread(one, weight=-1.0)]
        both = verdicts.judge(Region(low=3), *pair, spread=True)
        for k, found in enumerate((alone, both)):
            wrong[2 * k] += found.verdict == "reproduced"
            wrong[2 * k + 1] += found.verdict == "not reproduced"
    assert (wrong / runs).max() < 0.025 + 3 * (0.025 * 0.975 / runs) ** 0.5


def test_a_spread_as_a_sentence():
    values = {"a": [0.5, 0.9, 0.7, 0.85, 0.55, 0.6], "b": [0.7, 0.71, 0.69, 0.7, 0.705, 0.7]}
    more = claim(other="b", over_seeds="spread", times=2.0)
    found = judged(more, values)
    (part,) = found["parts"]
    assert found["verdict"] == "reproduced" and part["region"] == [2, None]
    assert part["estimate"] > 10 and part["effect"] is None and part["p_permutation"] is None
    assert part["claim"] == ("spread over seeds of the final dice of a above 2 times that of b")
    few = judged(more, values, seeds=4)
    assert few["verdict"] == "undecided" and "not judged of fewer than 5" in few["reason"]
    flat = judged(more, {**values, "b": [0.7] * 6})
    assert flat["verdict"] == "undecided" and "have one value" in flat["reason"]
    alone = claim(over_seeds="spread", relation="below", number=0.1, cell="b")
    assert judged(alone, values)["verdict"] == "reproduced"
