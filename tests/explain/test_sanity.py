"""The sanity check: maps of a network pass, a method that ignores the weights must not."""

import keras
import numpy as np
import pytest
from keras import layers
from scipy import ndimage

from labproof.explain import heatmaps, sanity


def network(seed):
    keras.utils.set_random_seed(seed)
    pixels = keras.Input((16, 16, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="conv1")(pixels)
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="conv2")(x)
    x = layers.Dense(8, activation="relu", name="hidden")(layers.Flatten()(x))
    return keras.Model(pixels, layers.Dense(1, name="top")(x))


@pytest.fixture
def images():
    return np.random.default_rng(0).random((6, 16, 16, 1)).astype(np.float32)


def edges(_, images):
    """An edge detector: it looks like a heatmap and knows nothing of the network."""
    return np.abs(ndimage.sobel(images[..., 0], axis=1)) + np.abs(
        ndimage.sobel(images[..., 0], axis=2)
    )


def gradients(model, images):
    return heatmaps.explain(model, images, layer="conv2", target=1, method="integrated gradients")


def test_an_edge_detector_fails(images):
    steps = sanity.cascade(network(0), network(1).get_weights(), images, edges)
    np.testing.assert_allclose(steps["correlation"], 1)
    assert not sanity.depends_on_the_weights(steps)


def test_a_method_that_looks_at_the_weights_passes(images):
    steps = sanity.cascade(network(0), network(1).get_weights(), images, gradients)
    assert steps["layer"].tolist() == ["", "top", "hidden", "conv2", "conv1"]
    assert steps["correlation"][0] == pytest.approx(1)
    assert sanity.depends_on_the_weights(steps)


def test_the_last_step_is_the_untrained_network(images):
    trained, untrained = network(0), network(1)
    steps = sanity.cascade(trained, untrained.get_weights(), images, gradients)
    expected = sanity._likeness(gradients(trained, images), gradients(untrained, images))[0]
    assert steps["correlation"].iloc[-1] == pytest.approx(expected, abs=1e-4)


def test_the_networks_are_left_as_they_were(images):
    trained, untrained = network(0), network(1)
    before = [weight.copy() for weight in trained.get_weights()]
    sanity.cascade(trained, untrained.get_weights(), images, gradients)
    for old, new in zip(before, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_constant_maps_are_counted_and_decide_nothing(images):
    steps = sanity.cascade(
        network(0), network(1).get_weights(), images, lambda _, x: np.zeros(x.shape[:3])
    )
    assert steps["undefined"].tolist() == [6] * 5 and steps["correlation"].isna().all()
    assert not sanity.depends_on_the_weights(steps)
