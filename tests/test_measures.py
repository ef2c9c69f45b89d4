"""Measures against closed forms, the interval against scipy and against its promise."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from labproof import measures


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
    assert measures.final_loss(falling) == np.mean([5, 4, 3, 2, 1])
    assert measures.final_loss(history([3.0, 2.0, 1.0])) == 1
    shuffled = falling.sample(frac=1, random_state=0)
    assert measures.final_loss(shuffled) == measures.final_loss(falling)


def test_overfitting_and_its_rise():
    loss = np.linspace(1, 0.1, 100)
    rising = history(
        loss, val_loss=np.concatenate([np.linspace(1, 0.4, 40), np.linspace(0.4, 1, 60)])
    )
    assert measures.overfitting(rising) == pytest.approx(
        rising.val_loss[90:].mean() - loss[90:].mean()
    )
    assert measures.val_loss_rise(rising) == pytest.approx(rising.val_loss[90:].mean() - 0.4)
    assert measures.overfitting(history(loss)) == 0


def test_slope_of_an_exponential_is_its_rate():
    rate = 0.004
    decay = history(np.exp(-rate * np.arange(200)))
    assert measures.slope(decay) == pytest.approx(-rate * 200 / 10, rel=0.01)
    assert measures.slope(history(np.ones(50))) == pytest.approx(0, abs=1e-12)
    assert np.isnan(measures.slope(history([1.0, 0.5])))
    assert np.isnan(measures.slope(history([*np.ones(40), np.nan])))


def test_noise_is_the_spread_of_white_noise_on_any_line():
    rng = np.random.default_rng(0)
    for line in (np.zeros(4000), np.linspace(9, 1, 4000)):
        noisy = history(np.ones(4000), val_loss=line + rng.normal(0, 0.3, 4000))
        assert measures.noise(noisy) == pytest.approx(0.3, rel=0.05)
    assert measures.noise(history(np.linspace(1, 0, 30))) == pytest.approx(0, abs=1e-12)


def test_epochs_to_an_accuracy_or_never():
    table = history(np.ones(4), accuracy=[0.5, 0.8, 0.7, 0.9])
    assert measures.epochs_to(table, 0.75) == 2
    assert measures.epochs_to(table, 0.95) == np.inf


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
