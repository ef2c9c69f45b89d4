"""Verdicts against statsmodels, scipy and closed forms; each branch of the rule."""

import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower, TTestPower
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_ind

from labproof.judging import interval, ladder, needs, verdicts
from labproof.judging.verdicts import Region, Sample, combine

ABOVE_0 = Region(low=0)
AROUND_0 = Region(-1, 1)


def sample(*values, cell="a", longest=1.0):
    return Sample(cell, list(values), list(range(len(values))), longest)


def judge(region, first, second=None, **options):
    """A sample, or it less another."""
    less = [] if second is None else [second.weighted(-1)]
    return verdicts.judge(region, first, *less, **options)


def drawn(seed, n=5, mean=0.0, sd=1.0, cell="a"):
    return sample(*np.random.default_rng(seed).normal(mean, sd, n), cell=cell, longest=np.inf)


# --- oracles ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [3, 5, 10])
def test_interval_and_p_of_one_cell_are_students(seed, n):
    one = drawn(seed, n, mean=0.5)
    verdict = judge(ABOVE_0, one)
    test = stats.ttest_1samp(one.values, 0)
    assert (verdict.low, verdict.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert verdict.p == pytest.approx(test.pvalue)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("n", "m"), [(3, 3), (5, 4), (10, 5)])
def test_interval_and_p_of_two_cells_are_welchs(seed, n, m):
    a, b = drawn(seed, n, mean=1), drawn(seed + 100, m, sd=3, cell="b")
    verdict = judge(ABOVE_0, a, b)
    compared = CompareMeans(DescrStatsW(a.values), DescrStatsW(b.values))
    interval = compared.tconfint_diff(0.05, usevar="unequal")
    assert (verdict.low, verdict.high) == pytest.approx(interval)
    assert verdict.p == pytest.approx(compared.ttest_ind(usevar="unequal")[1])
    assert verdict.p == pytest.approx(stats.ttest_ind(a.values, b.values, equal_var=False).pvalue)
    assert verdict.n == min(n, m)


@pytest.mark.parametrize("seed", range(40))
def test_similar_is_the_test_of_two_one_sided_hypotheses(seed):
    a, b = drawn(seed, 6, sd=0.5), drawn(seed + 100, 6, sd=0.7, cell="b")
    p = ttost_ind(np.array(a.values), np.array(b.values), -1, 1, usevar="unequal")[0]
    assert (judge(AROUND_0, a, b).verdict == "reproduced") == (p < 0.025)


def test_similar_is_met_and_missed_among_those_draws():
    pairs = [(drawn(s, 6, sd=0.5), drawn(s + 100, 6, sd=0.7)) for s in range(40)]
    found = {judge(AROUND_0, a, b).verdict for a, b in pairs}
    assert {"reproduced", "undecided"} <= found


@pytest.mark.parametrize("seed", range(5))
def test_holm_is_that_of_statsmodels(seed):
    p = np.random.default_rng(seed).random(20) ** 3
    p[3] = p[7]
    assert verdicts.holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_holm_counts_a_missing_p_as_one():
    adjusted = verdicts.holm([0.01, np.nan, 0.02])
    assert adjusted[[0, 2]] == pytest.approx(
        multipletests([0.01, 1, 0.02], method="holm")[1][[0, 2]]
    )
    assert np.isnan(adjusted[1])


@pytest.mark.parametrize("effect", [0.4, 0.7, 1.2])
def test_seeds_needed_are_those_of_a_power_of_80_percent(effect):
    spread = needs.Spread(((1.0, 5),), 0.0, 0)
    exact = TTestPower().solve_power(effect, power=0.8, alpha=0.05)
    assert needs.seeds_needed(effect, spread) == pytest.approx(exact, abs=1.5)
    spread = needs.Spread(((1.0, 5), (1.0, 5)), 0.0, 0)
    exact = TTestIndPower().solve_power(effect, power=0.8, alpha=0.05)
    assert needs.seeds_needed(effect, spread) == pytest.approx(exact, abs=1.5)


def test_effect_is_hedges_g():
    a, b = drawn(1, 6, mean=2), drawn(2, 6, cell="b")
    pooled = np.sqrt((np.var(a.values, ddof=1) + np.var(b.values, ddof=1)) / 2)
    g = (np.mean(a.values) - np.mean(b.values)) / pooled * (1 - 3 / (4 * 10 - 1))
    assert judge(ABOVE_0, a, b).effect == pytest.approx(g)
    assert np.isnan(judge(ABOVE_0, drawn(1, 2, mean=2)).effect)  # the correction is 0 there


def test_permutation_is_exact():
    a, b = drawn(1, 4, mean=1.5), drawn(2, 4, cell="b")
    both = np.array([*a.values, *b.values])
    seen = np.mean(a.values) - np.mean(b.values)
    differences = []
    for chosen in itertools.combinations(range(8), 4):
        rest = [i for i in range(8) if i not in chosen]
        differences.append(both[list(chosen)].mean() - both[rest].mean())
    differences = np.array(differences)
    tails = [np.mean(differences >= seen - 1e-12), np.mean(differences <= seen + 1e-12)]
    assert judge(ABOVE_0, a, b).p_permutation == pytest.approx(min(1, 2 * min(tails)))


def test_three_seeds_cannot_be_significant_by_permutation():
    found = judge(ABOVE_0, sample(9.0, 9.1, 9.2), sample(1.0, 1.1, 1.2))
    assert found.p_permutation == pytest.approx(0.1)


def test_images_widen_the_interval_by_satterthwaite():
    one = drawn(3, 5, mean=1, sd=0.1)
    error, images = 0.2, 50
    seeds = np.var(one.values, ddof=1) / 5
    total = seeds + error**2
    df = total**2 / (seeds**2 / 4 + error**4 / (images - 1))
    half = stats.t.ppf(0.975, df) * np.sqrt(total)
    verdict = judge(ABOVE_0, one, image_error=error, images=images)
    assert (verdict.high - verdict.low) / 2 == pytest.approx(half)


# --- the rule --------------------------------------------------------------------------------

HIGH, LOW = (1.0, 1.1, 0.9), (-1.0, -1.1, -0.9)
WIDE = (-1.0, 0.1, 1.2)


@pytest.mark.parametrize(
    ("region", "values", "verdict"),
    [
        (ABOVE_0, HIGH, "reproduced"),
        (ABOVE_0, LOW, "not reproduced"),
        (ABOVE_0, WIDE, "undecided"),
        (Region(high=0), LOW, "reproduced"),
        (Region(high=0), HIGH, "not reproduced"),
        (Region(high=0), WIDE, "undecided"),
        (Region(0.5, 1.5), HIGH, "reproduced"),
        (Region(0.5, 1.5), LOW, "not reproduced"),
        (Region(0.5, 1.5), (2.0, 2.1, 1.9), "not reproduced"),
        (Region(0.5, 1.5), WIDE, "undecided"),
        (Region(0.95, 1.05), HIGH, "undecided"),
        (ABOVE_0, (1.0, 1.0, 1.0), "reproduced"),
        (ABOVE_0, (-1.0, -1.0, -1.0), "not reproduced"),
        (ABOVE_0, (0.0, 0.0, 0.0), "undecided"),
    ],
)
def test_the_verdict_is_where_the_interval_lies(region, values, verdict):
    found = judge(region, sample(*values, longest=np.inf))
    assert found.verdict == verdict
    assert (found.p <= 0.05) == (verdict != "undecided")
    assert {"undecided": "Only a part", "reproduced": "The whole interval"}.get(
        verdict, "No part"
    ) in found.reason


@pytest.mark.parametrize("seed", range(30))
def test_decided_exactly_when_p_is_at_most_5_percent(seed):
    rng = np.random.default_rng(seed)
    region = [ABOVE_0, Region(high=0.2), Region(-0.4, 0.6)][seed % 3]
    one = sample(*rng.normal(rng.normal(0, 0.5), 0.4, 5), longest=np.inf)
    found = judge(region, one)
    assert (found.verdict != "undecided") == (found.p <= 0.05)


def test_what_is_missing_is_undecided_with_the_reason():
    nothing = judge(ABOVE_0, sample())
    gap = judge(ABOVE_0, sample(1.0, np.nan, 2.0), sample(1.0, 1.0, 1.0, cell="b"))
    other = judge(ABOVE_0, sample(1.0, 1.0, 1.0), sample(1.0, np.nan, 2.0, cell="b"))
    lonely = judge(ABOVE_0, sample(1.0))
    images = judge(ABOVE_0, sample(1.0, 2.0), image_error=np.nan)
    for found, words in [
        (nothing, "no results of a"),
        (gap, "of a is missing for seed 1"),
        (other, "of b is missing for seed 1"),
        (lonely, "at least two"),
        (images, "predictions of a"),
    ]:
        assert found.verdict == "undecided"
        assert words in found.reason
        assert np.isnan(found.p)
    assert lonely.estimate == 1.0 and np.isnan(gap.estimate)


NEVER = np.inf


def test_only_what_never_came_is_cut_off():
    assert judge(ABOVE_0, sample(3.0, 5.0, NEVER)).estimate == pytest.approx(3)
    assert judge(ABOVE_0, sample(3.0, 5.0, 7.0)).estimate == pytest.approx(5)


@pytest.mark.parametrize(
    ("region", "own", "other", "verdict"),
    [
        # below a number: a seed that never came may have taken any time
        (Region(high=0.5), (0.1, 0.1, 0.1), None, "reproduced"),
        (Region(high=0.5), (0.1, 0.1, NEVER), None, "undecided"),
        (Region(high=0.5), (NEVER, NEVER, NEVER), None, "not reproduced"),
        (Region(low=0.5), (NEVER, NEVER, NEVER), None, "reproduced"),
        (Region(low=1.5), (NEVER, NEVER, NEVER), None, "undecided"),
        (Region(0.4, 1.2), (NEVER, NEVER, NEVER), None, "undecided"),
        # sooner than another cell
        (Region(high=0), (0.1, 0.1, 0.2), (NEVER, NEVER, NEVER), "reproduced"),
        (Region(high=0), (NEVER, NEVER, NEVER), (0.1, 0.1, 0.2), "not reproduced"),
        (Region(high=0), (NEVER, 0.1, 0.1), (NEVER, 0.9, 0.9), "undecided"),
        (Region(-0.1, 0.1), (NEVER, NEVER, NEVER), (NEVER, NEVER, NEVER), "undecided"),
    ],
)
def test_never_is_known_only_to_be_longer(region, own, other, verdict):
    second = None if other is None else sample(*other, cell="b")
    found = judge(region, sample(*own), second)
    assert found.verdict == verdict
    if verdict == "undecided":
        assert "never came" in found.reason
    else:
        # any longer time in place of "never" gives the same verdict
        for longer in (2.0, 50.0):
            own_2, other_2 = (
                None if x is None else sample(*np.minimum(x, longer), longest=np.inf)
                for x in (own, other)
            )
            assert judge(region, own_2, other_2).verdict == verdict


def test_what_would_decide_it_is_said():
    seeds = judge(ABOVE_0, sample(-0.2, 0.6, 0.5, 0.7, -0.1, longest=np.inf))
    assert f"About {seeds.seeds_needed:.0f}" in seeds.reason.replace("\u00a0", " ")
    assert 5 < seeds.seeds_needed < 30
    images = judge(ABOVE_0, sample(0.05, 0.06, 0.05), image_error=0.05, images=200)
    assert "More seeds alone would not" in images.reason
    assert "200 examples" in images.reason
    assert np.isinf(images.seeds_needed)
    hardly = judge(ABOVE_0, sample(-1.0, 1.0, 0.001))
    assert "hardly" in hardly.reason


def test_recommended_seeds_decide_in_four_of_five_runs():
    rng = np.random.default_rng(0)
    spread = needs.Spread(((1.0, 5),), 0.0, 0)
    n = int(needs.seeds_needed(0.8, spread))
    runs = rng.normal(0.8, 1, (800, n))
    decided = [judge(ABOVE_0, sample(*run, longest=np.inf)).verdict == "reproduced" for run in runs]
    assert 0.76 < np.mean(decided) < 0.86


# --- sentences with parts --------------------------------------------------------------------


def part(verdict, p=None):
    values = {"reproduced": HIGH, "not reproduced": LOW, "undecided": WIDE}[verdict]
    found = judge(ABOVE_0, sample(*values, longest=np.inf))
    if p is None:
        return found
    return verdicts.replace(found, p=p, looks=(found.looks[0]._replace(tail=p / 2),))


YES, NO, OPEN = "reproduced", "not reproduced", "undecided"


@pytest.mark.parametrize(
    ("parts", "verdict", "denied"),
    [
        ((YES, YES), YES, NO),
        ((YES, NO), NO, YES),
        ((NO, NO), NO, YES),
        ((YES, OPEN), OPEN, OPEN),
        ((NO, OPEN), NO, YES),
        ((OPEN, OPEN), OPEN, OPEN),
    ],
)
def test_a_sentence_follows_from_its_parts(parts, verdict, denied):
    made = [part(name) for name in parts]
    assert combine(made).verdict == verdict
    assert combine(made, negated=True).verdict == denied
    found = combine(made)
    assert (found.p <= 0.05) == (verdict != OPEN)
    assert found.reason in [each.reason for each in made]
    if denied != OPEN:
        said = {
            YES: "Not all of it holds, as the sentence says.",
            NO: "All of it holds, which the sentence denies.",
        }[denied]
        assert combine(made, negated=True).reason == f"{said} {found.reason}"


def test_among_many_parts_one_against_may_be_chance():
    found = combine([part(YES), part(YES), part(NO, p=0.03)])
    assert found.verdict == OPEN
    assert "of 3 true ones" in found.reason
    assert combine([part(YES), part(YES), part(NO, p=0.016)]).verdict == NO


def test_the_number_of_a_sentence_is_that_of_its_reason():
    """All parts that look true have to be decided; of those against, the first is enough."""
    values = ((-0.2, 0.6, 0.5, 0.7, -0.1), (-0.5, 0.6, 0.3, 0.5, -0.3))
    near, far = (judge(ABOVE_0, sample(*each, longest=np.inf)) for each in values)
    against = [judge(Region(high=0), sample(*each, longest=np.inf)) for each in values]
    assert near.seeds_needed < far.seeds_needed
    both = combine([near, far])
    assert both.seeds_needed == far.seeds_needed and both.reason == far.reason
    first = combine(against)
    assert first.estimate == against[0].estimate
    assert first.seeds_needed > near.seeds_needed  # at half of the level
    for found in (both, first):
        assert f"About {found.seeds_needed:.0f}" in found.reason.replace("\u00a0", " ")


def test_so_many_images_as_are_recommended_let_seeds_decide():
    found = judge(ABOVE_0, sample(0.05, 0.06, 0.05, longest=np.inf), image_error=0.05, images=40)
    evidence = found.evidence
    more = needs.images_needed(evidence.distance, evidence.spread)
    assert f"about {more:.0f} examples" in found.reason.replace("\u00a0", " ") and more > 40

    def seeds(images):
        spread = needs.Spread(evidence.spread.seeds, evidence.spread.image * 40 / images, images)
        return needs.seeds_needed(evidence.distance, spread)

    assert np.isfinite(seeds(int(more))) and np.isinf(seeds(int(more) - 1))


def test_a_missing_part_decides_nothing():
    found = combine([part(NO), judge(ABOVE_0, sample())])
    assert found.verdict == OPEN and "no results" in found.reason
    assert np.isnan(found.p)


# --- looks, one after the other ------------------------------------------------------------------

STEPS = (5, 10, 20)
TIGHT = (1.0, 1.1, 0.9, 1.05, 0.95)
BROAD = (4.0, -4.0, 2.0, -3.0, 1.0)


def test_each_look_is_students_interval_of_the_first_seeds_at_its_level():
    one = drawn(7, 23, mean=0.1)
    found = judge(ABOVE_0, one, steps=STEPS)
    levels = ladder.levels(STEPS)
    assert [look.n for look in found.looks] == list(STEPS)
    assert [look.level for look in found.looks] == list(levels)
    for look, level in zip(found.looks, levels, strict=True):
        interval = stats.ttest_1samp(one.values[: look.n], 0).confidence_interval(1 - 2 * level)
        assert (look.low, look.high) == pytest.approx(tuple(interval))
    assert (found.low, found.high, found.n) == (look.low, look.high, 20)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("parts", [1, 3])
def test_p_is_at_most_5_percent_exactly_when_a_look_decided(seed, parts):
    rng = np.random.default_rng(seed)
    one = sample(*rng.normal(rng.normal(0, 0.5), 1, 20), longest=np.inf)
    found = judge(ABOVE_0, one, steps=STEPS)
    above = below = False
    for n, level in zip(STEPS, ladder.levels(STEPS, parts), strict=True):
        test = stats.ttest_1samp(one.values[:n], 0)
        low, high = test.confidence_interval(1 - 2 * level)
        above, below = above or low > 0, below or high < 0
    assert (found.p_of(True, parts) <= 0.05) == above
    assert (found.p_of(False, parts) <= 0.05) == below


def test_a_verdict_of_an_earlier_look_stands_and_says_so():
    found = judge(ABOVE_0, sample(*TIGHT, *BROAD, longest=np.inf), steps=STEPS)
    assert [look.verdict for look in found.looks] == ["reproduced", "reproduced"]
    assert found.low < 0 < found.high and found.verdict == "reproduced"
    assert "That was with 5" in found.reason and "a verdict stands" in found.reason
    assert found.seeds_needed == 10


def test_looks_that_contradict_each_other_decide_nothing():
    far = [-30.0 + x for x in TIGHT * 3]
    found = judge(ABOVE_0, sample(*TIGHT, *far, longest=np.inf), steps=STEPS)
    assert [look.verdict for look in found.looks] == ["reproduced", "undecided", "undecided"]
    assert found.verdict == "undecided" and found.p == 1
    assert found.reason.startswith("The looks contradict each other: with 5")
    assert combine([found, part(YES)]).verdict == "undecided"


def test_before_its_first_step_a_claim_waits():
    found = judge(ABOVE_0, sample(*TIGHT[:3]), steps=STEPS)
    assert found.verdict == "undecided" and np.isnan(found.p)
    assert "It is looked at with 5" in found.reason


def test_a_gap_stops_the_looks_and_leaves_what_was_decided():
    found = judge(ABOVE_0, sample(*TIGHT, 1.0, np.nan, 1.0, 1.0, 1.0, longest=np.inf), steps=STEPS)
    assert found.verdict == "reproduced" and found.n == 5
    assert "missing for seed 6" in found.reason
    early = judge(ABOVE_0, sample(1.0, np.nan, *TIGHT, *TIGHT), steps=STEPS)
    assert early.verdict == "undecided" and np.isnan(early.p)


def test_seeds_that_would_decide_are_those_of_a_step():
    found = judge(ABOVE_0, sample(-0.2, 0.6, 0.5, 0.7, -0.1, longest=np.inf), steps=STEPS)
    assert found.seeds_needed == 20
    assert "About 20" in found.reason.replace("\u00a0", " ")
    hard = judge(ABOVE_0, sample(-0.8, 0.6, 0.5, 0.7, -0.6, longest=np.inf), steps=STEPS)
    assert hard.seeds_needed > 20 and "more than the 20 of the last look" in hard.reason


def test_of_a_pair_the_interval_is_that_of_the_differences():
    rng = np.random.default_rng(3)
    base = rng.normal(0, 1, 8)
    a, b = (sample(*(base + rng.normal(mean, 0.1, 8)), longest=np.inf) for mean in (0.3, 0))
    found = judge(ABOVE_0, a, b, paired="cc")
    test = stats.ttest_rel(a.values, b.values)
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert found.p == pytest.approx(test.pvalue)
    flipped = [
        np.mean(np.array(signs) * np.subtract(a.values, b.values))
        for signs in itertools.product((1, -1), repeat=8)
    ]
    seen = np.mean(np.subtract(a.values, b.values))
    assert found.p_permutation == pytest.approx(2 * np.mean(np.array(flipped) >= seen - 1e-12))
    assert judge(ABOVE_0, a, b).verdict == "undecided"


@pytest.mark.parametrize("correlation", [-0.9, 0, 0.9])
def test_pairs_err_no_more_often_than_is_said_however_the_cells_hang_together(correlation):
    """The truth is on the edge, and 5 % of the intervals miss it; Welch's miss other shares."""
    rng = np.random.default_rng(11)
    covariance = [[1, correlation], [correlation, 1]]
    missed = {"cc": 0, "ab": 0}
    for values in rng.multivariate_normal([0, 0], covariance, (400, 5)):
        cells = [sample(*each, longest=np.inf) for each in values.T]
        for paired in missed:
            groups = interval.grouped([cells[0], cells[1].weighted(-1)], paired)
            rest = {"images": 0, "least": 0.0, "level": 0.025, "steps": (5,)}
            look, _ = interval.take(ABOVE_0, groups, image_error=0.0, **rest)
            missed[paired] += look.tail <= look.level
    assert stats.binomtest(missed["cc"], 400, 0.05).pvalue > 0.01
    welch = stats.binomtest(missed["ab"], 400, 0.05)
    assert (welch.pvalue < 0.001) == (correlation != 0)
    assert correlation == 0 or (missed["ab"] > missed["cc"]) == (correlation < 0)


def test_with_stuck_seeds_nothing_is_decided_before_20():
    wait = "1 of 5 seeds of a never left chance, so no mean of it decides before 20."
    few = judge(ABOVE_0, sample(*TIGHT * 2, longest=np.inf), steps=STEPS, wait=wait)
    assert few.verdict == "undecided" and few.reason.startswith(wait) and few.seeds_needed == 20
    many = judge(ABOVE_0, sample(*TIGHT * 4, longest=np.inf), steps=STEPS, wait=wait)
    assert many.verdict == "reproduced"
    assert [look.verdict for look in many.looks] == ["undecided", "undecided", "reproduced"]
