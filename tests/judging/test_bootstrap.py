"""The error that comes from the images, against closed forms and the jackknife."""

import numpy as np
import pytest
from scipy import stats

from labproof.judging import bootstrap, statistics

RNG = np.random.default_rng(0)
LABEL = np.arange(200) % 2
EASE = RNG.normal(0, 1.5, 200)


def answers(seeds, shift=0.0):
    """Probabilities of seeds that find the same images hard."""
    right = RNG.random((seeds, 200)) < 1 / (1 + np.exp(-(1.4 + shift + EASE)))
    sure = RNG.uniform(0.5, 1, (seeds, 200))
    return np.where(right == (LABEL == 1), sure, 1 - sure)


def image_error(statistic, first, label, second=None, binary=0, seed=0):
    drawn = [bootstrap.draw(statistic, first, label, seed)]
    if second is not None:
        drawn.append(-bootstrap.draw(statistic, second, label, seed))
    return bootstrap.image_error(*drawn, binary=binary)


def covariances(first, second):
    """Of means over images between all seeds (seeds, seeds), each class drawn by itself."""
    found = 0
    for name in (0, 1):
        x, y = first[:, name == LABEL], second[:, name == LABEL]
        x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
        found = found + x @ y.T / len(LABEL) ** 2
    return found


def of_others(matrix):
    """Mean over pairs of different seeds."""
    return matrix[~np.eye(len(matrix), dtype=bool)].mean()


@pytest.mark.parametrize("statistic", [statistics.accuracy_of, statistics.brier_of])
def test_of_a_mean_it_is_the_closed_form(statistic):
    probability = answers(5)
    each = {
        statistics.accuracy_of: (probability > 0.5) == (LABEL == 1),
        statistics.brier_of: (probability - LABEL) ** 2,
    }[statistic]
    each = each.astype(float)
    closed = of_others(covariances(each, each)) ** 0.5
    assert image_error(statistic, probability, LABEL) == pytest.approx(closed, rel=0.06)
    assert closed < 0.95 * covariances(each, each).mean() ** 0.5  # which holds a seed's own part


def test_of_the_auc_it_is_the_jackknifes():
    probability = answers(1)
    ones = np.ones((1, 199))

    def auc(keep):
        return statistics.auc_of(probability[:, keep], LABEL[keep], ones)[0, 0]

    left_out = np.array([auc(np.arange(200) != image) for image in range(200)])
    jackknife = np.sqrt(199 / 200 * np.sum((left_out - left_out.mean()) ** 2))
    assert image_error(statistics.auc_of, probability, LABEL) == pytest.approx(jackknife, rel=0.08)


def test_a_pair_on_the_same_images_shares_their_luck():
    a, b = answers(20), answers(20, shift=0.3)
    alone = [image_error(statistics.accuracy_of, x, LABEL) for x in (a, b)]
    pair = image_error(statistics.accuracy_of, a, LABEL, b)
    right = [((x > 0.5) == (LABEL == 1)).astype(float) for x in (a, b)]
    own = sum(of_others(covariances(x, x)) for x in right)
    both = of_others(covariances(*right))
    assert pair < 0.5 * np.hypot(*alone)
    assert own - pair**2 == pytest.approx(2 * both, rel=0.06)


def test_what_moves_one_seed_alone_is_left_to_the_seeds():
    """Seeds that are right at random agree on no image: the images add nothing to their spread."""
    rng = np.random.default_rng(1)
    probability = rng.random((40, 200))
    whole = ((probability > 0.5) == (LABEL == 1)).mean(axis=0).std() / 200**0.5
    assert image_error(statistics.accuracy_of, probability, LABEL) < 0.4 * whole
    # one seed has no other to agree with, and keeps the whole
    one = image_error(statistics.accuracy_of, probability[:1], LABEL)
    assert one == pytest.approx(0.5 / 200**0.5, rel=0.05)


def test_a_perfect_score_keeps_the_error_of_plus_four():
    perfect = np.where(LABEL == 1, 0.9, 0.1)[None]
    assert image_error(statistics.accuracy_of, perfect, LABEL) == 0
    share = 202 / 204  # two right and two wrong answers more: Agresti & Coull
    plus_four = np.sqrt(share * (1 - share) / 204)
    floor = image_error(statistics.accuracy_of, perfect, LABEL, binary=200)
    assert floor == pytest.approx(plus_four, rel=0.05)


def test_the_same_error_every_time():
    probability = answers(2)
    first = image_error(statistics.accuracy_of, probability, LABEL)
    assert first == image_error(statistics.accuracy_of, probability, LABEL)
    assert first != image_error(statistics.accuracy_of, probability, LABEL, seed=1)


def test_auc_of_weights_is_that_of_the_drawn_images():
    probability = answers(1).round(1)  # with ties
    draw = RNG.integers(0, 200, 200)
    weight = np.bincount(draw, minlength=200)[None]
    yes, no = (probability[0, draw][LABEL[draw] == name] for name in (1, 0))
    u = stats.mannwhitneyu(yes, no).statistic / (len(yes) * len(no))
    assert statistics.auc_of(probability, LABEL, weight)[0, 0] == pytest.approx(u)
