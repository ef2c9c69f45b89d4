"""Parameter counts by hand, the order of the layers, and what a seed decides."""

from itertools import pairwise

import keras
import numpy as np
import pytest

from labproof.training import networks

CELL = {
    "network": "alexnet",
    "base": 8,
    "dense": [64, 64],
    "outputs": 1,
    "dropout": 0.0,
    "batch_norm": False,
    "spatial_dropout": 0.0,
    "initializer": "glorot_uniform",
}


def conv(before, after):
    return 9 * before * after + after


def dense(*units):
    return sum((before + 1) * after for before, after in pairwise(units))


def alexnet(base, size, head, channels=1):
    maps = [channels, base, 2 * base, 4 * base, 4 * base, 2 * base]
    flat = (size // 8) ** 2 * maps[-1]
    return sum(map(conv, maps[:-1], maps[1:])) + dense(flat, *head)


def vgg16(base, size, head, channels=1):
    maps = [channels, *(base * m for m in (1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8))]
    flat = (size // 32) ** 2 * maps[-1]
    return sum(map(conv, maps[:-1], maps[1:])) + dense(flat, *head)


@pytest.mark.parametrize("base", [4, 8, 32])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_alexnet_has_as_many_parameters_as_by_hand(base, batch_norm):
    cell = {**CELL, "base": base, "batch_norm": batch_norm}
    model = networks.build(cell, (128, 128, 1), seed=0)
    # scale, shift, mean and variance of each map
    norms = 4 * (base + 2 * base + 4 * base + 4 * base + 2 * base) if batch_norm else 0
    assert model.count_params() == alexnet(base, 128, (64, 64, 1)) + norms


def test_wide_alexnet_of_task_4():
    cell = {**CELL, "base": 64, "dense": [128, 64]}
    model = networks.build(cell, (128, 128, 1), seed=0)
    assert model.count_params() == alexnet(64, 128, (128, 64, 1))


@pytest.mark.parametrize(("base", "outputs"), [(8, 2), (16, 1)])
def test_vgg16_has_as_many_parameters_as_by_hand(base, outputs):
    cell = {**CELL, "network": "vgg16", "base": base, "outputs": outputs}
    model = networks.build(cell, (64, 64, 1), seed=0)
    assert model.count_params() == vgg16(base, 64, (64, 64, outputs))


def test_published_counts():
    """VGG16 without its top, and the course's MLP on its 7 x 7 x 512 features."""
    vgg = networks.vgg16_without_top((224, 224, 3), base=64, initializer="glorot_uniform", seed=0)
    assert vgg.count_params() == 14_714_688
    assert vgg.output_shape == (None, 7, 7, 512)
    mlp = networks.build({**CELL, "network": "mlp", "dense": [128]}, (7 * 7 * 512,), seed=0)
    assert mlp.count_params() == 3_211_521


def test_order_of_the_layers():
    cell = {**CELL, "batch_norm": True, "spatial_dropout": 0.1, "dropout": 0.4}
    names = [layer.name for layer in networks.build(cell, (32, 32, 1), seed=0).layers]
    assert names[1:6] == ["conv1", "norm1", "relu1", "spatial_dropout1", "pool1"]
    assert [name for name in names if name.startswith("pool")] == ["pool1", "pool2", "pool5"]
    tail = ["flatten", "dense1", "dropout1", "dense2", "dropout2", "output"]
    assert names[-6:] == tail
    assert networks.last_activation(networks.build(cell, (32, 32, 1), seed=0)) == "relu5"


def test_outputs_are_probabilities():
    images = np.random.default_rng(0).random((5, 32, 32, 1), dtype="float32")
    one = networks.build(CELL, (32, 32, 1), seed=0).predict(images, verbose=0)
    two = networks.build({**CELL, "outputs": 2}, (32, 32, 1), seed=0).predict(images, verbose=0)
    assert one.shape == (5, 1)
    assert ((one > 0) & (one < 1)).all()
    np.testing.assert_allclose(two.sum(axis=1), 1, rtol=1e-5)


def weights(cell, seed, shape=(32, 32, 1)):
    model = networks.build(cell, shape, seed=seed)
    return {w.path: w.numpy() for w in model.weights if "kernel" in w.path}


def test_a_seed_decides_the_weights_whatever_was_built_before():
    first = weights(CELL, 3)
    keras.utils.set_random_seed(99)
    networks.build(CELL, (64, 64, 1), seed=1)
    second, other = weights(CELL, 3), weights(CELL, 4)
    for path in first:
        np.testing.assert_array_equal(first[path], second[path])
        assert not np.array_equal(first[path], other[path])


def test_dropout_leaves_the_first_weights_alone():
    """Dropout draws nothing of what the weights are drawn from."""
    plain = weights(CELL, 3)
    dropped = weights({**CELL, "dropout": 0.4, "spatial_dropout": 0.1}, 3)
    assert plain.keys() == dropped.keys()
    for path in plain:
        np.testing.assert_array_equal(plain[path], dropped[path])


def test_no_two_layers_share_their_random_numbers():
    kernels = [w.ravel()[:9] for w in weights({**CELL, "network": "vgg16"}, 0).values()]
    for i, one in enumerate(kernels):
        for other in kernels[:i]:
            scaled = one / one[0] - other / other[0]
            assert np.abs(scaled).max() > 1e-3
