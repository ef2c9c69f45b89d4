"""Measures against closed forms, the interval against scipy and against its promise."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from labproof.explain import interventions
from labproof.judging import curves, measures, statistics
from labproof.lab import vocabulary


def history(loss, **columns):
    count = len(loss)
    table = {
        "epoch": np.arange(1, count + 1),
        "loss": loss,
        "accuracy": np.linspace(0.5, 1, count),
        "val_loss": loss,
        "val_accuracy": np.full(count, 0.75),
    }
    return pd.DataFrame({**table, **columns})


def test_final_is_the_mean_of_the_last_tenth():
    falling = history(np.arange(50, 0, -1.0))
    assert curves.final_loss(falling) == np.mean([5, 4, 3, 2, 1])
    assert curves.final_loss(history([3.0, 2.0, 1.0])) == 1
    shuffled = falling.sample(frac=1, random_state=0)
    assert curves.final_loss(shuffled) == curves.final_loss(falling)


def test_overfitting_and_its_rise():
    loss = np.linspace(1, 0.1, 100)
    rising = history(
        loss, val_loss=np.concatenate([np.linspace(1, 0.4, 40), np.linspace(0.4, 1, 60)])
    )
    assert curves.overfitting(rising) == pytest.approx(
        rising.val_loss[90:].mean() - loss[90:].mean()
    )
    assert curves.val_loss_rise(rising) == pytest.approx(rising.val_loss[90:].mean() - 0.4)
    assert curves.overfitting(history(loss)) == 0


def test_slope_of_an_exponential_is_its_rate():
    rate = 0.004
    decay = history(np.exp(-rate * np.arange(200)))
    assert curves.slope(decay) == pytest.approx(-rate * 200 / 10, rel=0.01)
    assert curves.slope(history(np.ones(50))) == pytest.approx(0, abs=1e-12)
    assert np.isnan(curves.slope(history([1.0, 0.5])))
    assert np.isnan(curves.slope(history([*np.ones(40), np.nan])))


def test_noise_is_the_spread_of_white_noise_on_any_line():
    rng = np.random.default_rng(0)
    for line in (np.zeros(4000), np.linspace(9, 1, 4000)):
        noisy = history(np.ones(4000), val_loss=line + rng.normal(0, 0.3, 4000))
        assert curves.noise(noisy) == pytest.approx(0.3, rel=0.05)
    assert curves.noise(history(np.linspace(1, 0, 30))) == pytest.approx(0, abs=1e-12)


def test_time_to_an_accuracy_or_never():
    table = history(np.ones(5), accuracy=[0.5, 0.8, 0.7, 0.9, 0.9])
    assert curves.time_to_accuracy(table, 0.75) == 2 / 5
    assert curves.time_to_accuracy(table, 0.9) == 4 / 5
    assert curves.time_to_accuracy(table, 0.95) == np.inf
    broken = history(np.ones(5), accuracy=[0.5, np.nan, 0.7, 0.9, 0.9])
    assert np.isnan(curves.time_to_accuracy(broken, 0.75))


@pytest.mark.parametrize(("at", "epoch"), [(0.4, 20), (0.39, 19), (1, 50), (0, 1), (0.02, 1)])
def test_accuracy_after_a_share_of_the_run(at, epoch):
    table = history(np.ones(50), accuracy=np.arange(1, 51) / 100)
    assert curves.accuracy_after(table, at) == pytest.approx(epoch / 100)


def test_speed_is_the_area_under_the_learning_curve():
    table = history(np.ones(11), accuracy=np.linspace(0.5, 1, 11))
    assert curves.speed(table) == pytest.approx(0.75)
    early = history(np.ones(4), accuracy=[0.9, 0.9, 0.9, 0.9])
    late = history(np.ones(4), accuracy=[0.5, 0.5, 0.5, 0.9])
    assert curves.speed(early) > curves.speed(late)


@pytest.mark.parametrize("tau", [5, 20])
def test_settling_time_of_an_exponential(tau):
    """What is left falls below a tenth after log(10) time constants."""
    loss = 0.3 + np.exp(-np.arange(200) / tau)
    assert curves.settling_time(history(loss)) == pytest.approx(np.log(10) * tau / 200, abs=0.011)
    assert curves.settling_time(history(np.linspace(1, 0, 101))) == pytest.approx(0.86, abs=0.02)
    assert np.isnan(curves.settling_time(history([1.0, 1.1, 1.2])))


def test_lowest_is_of_any_epoch_and_a_gap_stays_a_gap():
    dip = history([1.0, 0.2, 0.6], val_loss=[0.9, 0.8, 0.4])
    assert curves.lowest_loss(dip) == 0.2
    assert curves.lowest_val_loss(dip) == 0.4
    gap = history([1.0, np.nan, 0.6], val_loss=[0.9, np.nan, 0.4])
    assert np.isnan(curves.lowest_loss(gap)) and np.isnan(curves.lowest_val_loss(gap))


@pytest.mark.parametrize("step", [0.01, -0.02, 0.0])
def test_validation_trend_of_a_straight_line(step):
    epochs = np.arange(1, 21)
    line = history(np.ones(20), val_loss=1 + step * epochs).sample(frac=1, random_state=0)
    # the second half is ten epochs, nine steps
    assert curves.validation_trend(line) == pytest.approx(9 * step)


def predicted(probability, label):
    return pd.DataFrame({"image": range(len(label)), "probability": probability, "label": label})


def test_auc_is_that_of_mann_and_whitney():
    rng = np.random.default_rng(0)
    probability, label = rng.random(60).round(1), rng.integers(0, 2, 60)
    u = stats.mannwhitneyu(probability[label == 1], probability[label == 0]).statistic
    pairs = (label == 1).sum() * (label == 0).sum()
    assert statistics.auc(predicted(probability, label)) == pytest.approx(u / pairs)
    assert np.isnan(statistics.auc(predicted([0.1, 0.2], [1, 1])))
    assert np.isnan(statistics.auc(predicted([0.1, np.nan], [0, 1])))


def test_brier_is_the_mean_squared_error():
    assert statistics.brier(predicted([1.0, 0.0], [1, 0])) == 0
    assert statistics.brier(predicted([0.5, 0.5, 0.5], [1, 0, 1])) == 0.25
    assert statistics.brier(predicted([0.7, 0.4], [1, 0])) == pytest.approx((0.09 + 0.16) / 2)


def test_cross_entropy_clips_as_keras_does():
    probability, label = np.array([[0.7, 1.0]]), np.array([1, 0])
    found = statistics.cross_entropy_of(probability, label, np.ones((1, 2)))
    assert found[0, 0] == pytest.approx((-np.log(0.7) - np.log(1e-7)) / 2, rel=1e-4)


@pytest.mark.parametrize("name", measures.MEASURES)
def test_every_measure_has_words_a_range_and_a_value_of_one_seed(name):
    measure, computed = vocabulary.MEASURES[name], measures.MEASURES[name]
    rng = np.random.default_rng(0)
    table = {
        "histories": history(np.linspace(0.7, 0.2, 20) + rng.normal(0, 0.01, 20)),
        "predictions": predicted(rng.random(20), np.arange(20) % 2),
        "heatmaps": pd.DataFrame(
            {
                "method": "Grad-CAM",
                "network": "trained",
                "energy": [0.3, 0.1],
                "energy_area": 0.1,
                "pointing": [1.0, 0.0],
            }
        ),
        "interventions": pd.DataFrame(
            {
                "image": [0, 1] * 4,
                "label": [0, 1] * 4,
                "probability": [0.1, 0.9, 0.9, 0.9, 0.1, 0.2, 0.2, 0.8],
                "intervention": np.repeat(
                    [
                        interventions.AS_IT_IS,
                        interventions.MARKER_MOVED,
                        interventions.ZONE_OUT,
                        interventions.ELSEWHERE,
                    ],
                    2,
                ),
            }
        ),
    }[measure.table].assign(seed=3)
    value = measures.over_seeds(table, name, 0.7 if measure.parameter else None)
    assert value.index.tolist() == [3]
    assert measure.low <= value[3] <= measure.high
    assert "{" not in vocabulary.words_of(name, 0.7) and computed.of.__doc__
    assert measure.sampled == (computed.images is not None)


def test_each_name_that_a_claim_may_use_is_computed():
    assert set(measures.MEASURES) == set(vocabulary.MEASURES)


def test_reliance_by_hand():
    """As it is both right; moved, the first wrong; zone out, the second; elsewhere both right."""
    right = {
        interventions.AS_IT_IS: [1, 1],
        interventions.MARKER_MOVED: [0, 1],
        interventions.ZONE_OUT: [1, 0],
        interventions.ELSEWHERE: [1, 1],
    }
    rows = [
        {"seed": 0, "image": image, "label": 1, "probability": float(x), "intervention": name}
        for name, each in right.items()
        for image, x in enumerate(each)
    ]
    table = pd.DataFrame(rows)
    for name, wanted in (("marker_reliance", [1, 0]), ("zone_reliance", [0, 1])):
        assert measures.over_seeds(table, name)[0] == 0.5
        values, label = measures.by_image(name, table)
        assert values.tolist() == [wanted] and label.tolist() == [1, 1]
    plain = table[table["intervention"] == interventions.AS_IT_IS]
    assert np.isnan(measures.over_seeds(plain, "marker_reliance")[0])
    assert not measures.by_image("zone_reliance", plain)[0].size


def test_over_seeds_gives_each_seed_its_own():
    both = pd.concat(
        [history(np.ones(10)).assign(seed=4), history(np.full(10, 2.0)).assign(seed=1)]
    )
    found = measures.over_seeds(both, "final_loss")
    assert found.to_dict() == {1: 2.0, 4: 1.0}


def test_interval_is_students():
    values = np.random.default_rng(1).normal(0.8, 0.05, 7)
    mean, low, high = measures.interval(values)
    expected = stats.t.interval(0.95, 6, values.mean(), stats.sem(values))
    np.testing.assert_allclose((low, high), expected, rtol=1e-12)
    assert mean == values.mean()


def test_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(2)
    inside = 0
    for values in rng.normal(0, 1, (4000, 5)):
        _, low, high = measures.interval(values)
        inside += low <= 0 <= high
    # four standard errors of a share of 4000
    assert inside / 4000 == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 4000))


@pytest.mark.parametrize("values", [[], [0.5], [0.5, np.nan]])
def test_interval_of_too_little_is_nan(values):
    _, low, high = measures.interval(values)
    assert np.isnan([low, high]).all()
