"""Grad-CAM against closed forms, another library and finite differences; scores by hand."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

from labproof import heatmaps

SIZE = 12  # pixels along an image's side


def linear_head(outputs: int, activation: str, seed: int = 0) -> keras.Model:
    """Convolution, global average pooling, dense: Grad-CAM of this network has a closed form."""
    keras.utils.set_random_seed(seed)
    pixels = keras.Input((SIZE, SIZE, 1))
    maps = layers.Conv2D(6, 3, padding="same", activation="relu", name="conv")(pixels)
    pooled = layers.GlobalAveragePooling2D()(maps)
    return keras.Model(pixels, layers.Dense(outputs, activation=activation, name="top")(pooled))


def deep(outputs: int, activation: str, seed: int = 0) -> keras.Model:
    """Two convolutions with all that the lab's networks have after them, dropout included."""
    keras.utils.set_random_seed(seed)
    x = pixels = keras.Input((SIZE, SIZE, 1))
    x = layers.Conv2D(5, 3, padding="same", name="conv1")(x)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D()(layers.Activation("relu")(x))
    x = layers.Conv2D(7, 3, padding="same", activation="relu", name="conv2")(x)
    x = layers.SpatialDropout2D(0.5)(x)
    x = layers.Flatten()(layers.MaxPooling2D()(x))
    x = layers.Dropout(0.5)(layers.Dense(8, activation="relu", name="hidden")(x))
    return keras.Model(pixels, layers.Dense(outputs, activation=activation, name="top")(x))


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(3).random((7, SIZE, SIZE, 1)).astype(np.float32)


def closed_form(model: keras.Model, images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Maps of `linear_head`: y = sum_k w_k mean(A_k), so dy/dA_k = w_k / Z at each of Z pixels."""
    convolution = keras.Model(model.input, model.get_layer("conv").output)
    maps = ops.convert_to_numpy(convolution(images)).astype(float)
    return np.maximum(0, np.einsum("nhwk,nk->nhw", maps, weights)) / (SIZE * SIZE)


@pytest.mark.parametrize("target", [0, 1])
def test_sigmoid_model_follows_the_closed_form(images, target):
    model = linear_head(1, "sigmoid")
    model.get_layer("top").kernel.assign(np.array([[0.7, -1.2, 0.4, 1.1, -0.8, -0.3]]).T)
    kernel = ops.convert_to_numpy(model.get_layer("top").kernel)[:, 0]
    weights = np.tile(kernel if target else -kernel, (len(images), 1))
    found = heatmaps.grad_cam(model, images, layer="conv", target=target)
    assert found.shape == (7, SIZE, SIZE) and found.dtype == np.float32
    assert found.max() > 0
    np.testing.assert_allclose(found, closed_form(model, images, weights), rtol=1e-4, atol=1e-8)


def test_softmax_model_follows_the_closed_form_with_a_class_an_image(images):
    model = linear_head(3, "softmax")
    kernel = ops.convert_to_numpy(model.get_layer("top").kernel)
    classes = np.array([0, 1, 2, 0, 1, 2, 0])
    found = heatmaps.grad_cam(model, images, layer="conv", target=classes)
    expected = closed_form(model, images, kernel[:, classes].T)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-8)


def test_a_sure_network_keeps_its_map(images):
    """A bias saturates the sigmoid, whose slope is then 0; the score lies before it."""
    model = linear_head(1, "sigmoid")
    before = heatmaps.grad_cam(model, images, layer="conv", target=1)
    model.get_layer("top").bias.assign([200.0])
    assert (ops.convert_to_numpy(model(images)) == 1).all()
    np.testing.assert_allclose(
        heatmaps.grad_cam(model, images, layer="conv", target=1), before, rtol=1e-6
    )


@pytest.mark.parametrize(("outputs", "activation"), [(1, "sigmoid"), (2, "softmax")])
def test_no_target_means_the_predicted_class(images, outputs, activation):
    model = deep(outputs, activation)
    given = ops.convert_to_numpy(model(images))
    odds = given[:, -1] / (given[:, 0] if outputs == 2 else 1 - given[:, 0])
    between = -np.log(np.sort(odds)[2:4]).mean()  # this bias makes the network predict both
    model.get_layer("top").bias.assign([0, between][-outputs:])
    given = ops.convert_to_numpy(model(images))
    predicted = given.argmax(axis=1) if outputs == 2 else (given[:, 0] > 0.5).astype(int)
    assert set(predicted) == {0, 1}
    found = heatmaps.grad_cam(model, images, layer="conv2", target=None)
    named = heatmaps.grad_cam(model, images, layer="conv2", target=predicted)
    np.testing.assert_array_equal(found, named)
    other = heatmaps.grad_cam(model, images, layer="conv2", target=1 - predicted)
    assert not np.allclose(found, other)


@pytest.mark.parametrize(("outputs", "activation"), [(1, "sigmoid"), (2, "softmax")])
@pytest.mark.parametrize("layer", ["conv1", "conv2"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_agrees_with_tf_keras_vis(images, outputs, activation, layer):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf-keras-vis needs the TensorFlow backend")
    gradcam = pytest.importorskip("tf_keras_vis.gradcam")
    scores = pytest.importorskip("tf_keras_vis.utils.scores")
    model = deep(outputs, activation)
    linear = deep(outputs, "linear")
    linear.set_weights(model.get_weights())
    for target in (0, 1):
        wanted = (
            scores.BinaryScore(bool(target)) if outputs == 1 else scores.CategoricalScore(target)
        )
        oracle = gradcam.Gradcam(linear, clone=False)(
            wanted, images, penultimate_layer=layer, expand_cam=False, normalize_cam=False
        )
        found = heatmaps.grad_cam(model, images, layer=layer, target=target)
        assert found.max() > 0
        np.testing.assert_allclose(found, np.asarray(oracle), rtol=1e-4, atol=1e-7)


def test_agrees_with_finite_differences(images):
    """The channel weights by central differences: shift a whole feature map, watch the logit.

    Shifting each of the Z pixels of map k by e moves y by e * sum of dy/dA_k, so the weight is
    that change / (e Z). A smooth network in double precision keeps the differences exact.
    """
    keras.utils.set_random_seed(4)
    pixels = keras.Input((SIZE, SIZE, 1), dtype="float64")
    with_double = {"dtype": "float64", "activation": "tanh"}
    maps = layers.Conv2D(4, 3, name="conv", **with_double)(pixels)
    hidden = layers.Dense(6, **with_double)(layers.Flatten(dtype="float64")(maps))
    logit = layers.Dense(1, activation="sigmoid", name="top")(hidden)
    model = keras.Model(pixels, logit)
    activation = ops.convert_to_numpy(keras.Model(pixels, maps)(images))

    def y(feature_maps):
        (w1, b1), (w2, b2) = (model.layers[i].get_weights() for i in (-2, -1))
        return np.tanh(feature_maps.reshape(len(images), -1) @ w1 + b1) @ w2 + b2

    cells = activation.shape[1] * activation.shape[2]
    expected = np.zeros(activation.shape[:3])
    for k in range(4):
        step = np.zeros(4)
        step[k] = 1e-5
        slope = (y(activation + step) - y(activation - step)) / 2e-5
        expected += slope[:, :, None] / cells * activation[..., k]
    found = heatmaps.grad_cam(model, images, layer="conv", target=1)
    assert found.max() > 0
    np.testing.assert_allclose(found, np.maximum(0, expected), rtol=1e-3, atol=1e-6)


def test_batches_equal_single_images_and_a_second_run(images):
    model = deep(1, "sigmoid")
    together = heatmaps.grad_cam(model, images, layer="conv2", target=None)
    in_threes = heatmaps.grad_cam(model, images, layer="conv2", target=None, batch_size=3)
    one_by_one = [
        heatmaps.grad_cam(model, images[[i]], layer="conv2", target=None)[0]
        for i in range(len(images))
    ]
    np.testing.assert_allclose(together, in_threes, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(together, one_by_one, rtol=1e-4, atol=1e-8)
    np.testing.assert_array_equal(
        together, heatmaps.grad_cam(model, images, layer="conv2", target=None)
    )


def test_no_images_give_no_maps(images):
    found = heatmaps.grad_cam(deep(1, "sigmoid"), images[:0], layer="conv2", target=None)
    assert found.shape == (0, SIZE // 2, SIZE // 2)


def test_the_model_is_left_as_it_was(images):
    model = deep(1, "sigmoid")
    weights = model.get_weights()
    answer = ops.convert_to_numpy(model(images))
    names = [layer.name for layer in model.layers]
    heatmaps.grad_cam(model, images, layer="conv2", target=None)
    assert [layer.name for layer in model.layers] == names
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(answer, ops.convert_to_numpy(model(images)))


def test_an_all_zero_map_is_a_valid_answer(images):
    """Rectified maps with negative weights only: no evidence for class 1, all of it for 0."""
    model = linear_head(1, "sigmoid")
    model.get_layer("top").kernel.assign(-np.ones((6, 1)))
    maps = heatmaps.grad_cam(model, images, layer="conv", target=1)
    assert not maps.any()
    drawn = heatmaps.normalise(heatmaps.upsample(maps, (24, 24)))
    assert drawn.shape == (7, 24, 24) and not drawn.any()
    zone = np.zeros((24, 24), np.uint8)
    zone[:12] = 1
    found = heatmaps.score(drawn[0], zone)
    assert np.isnan(found["inside"]) and np.isnan(found["peak_inside"]) and found["area"] == 0.5
    assert (heatmaps.grad_cam(model, images, layer="conv", target=0).max(axis=(1, 2)) > 0).all()


def test_mistakes_are_named(images):
    model = deep(2, "softmax")
    with pytest.raises(ValueError, match=r"classes are 0\.\.1"):
        heatmaps.grad_cam(model, images, layer="conv2", target=2)
    with pytest.raises(ValueError, match="not N x h x w"):
        heatmaps.grad_cam(model, images, layer="hidden", target=0)
    with pytest.raises(ValueError, match="No such layer"):
        heatmaps.grad_cam(model, images, layer="conv9", target=0)
    headless = keras.Model(model.input, model.get_layer("conv2").output)
    with pytest.raises(ValueError, match="must be dense"):
        heatmaps.grad_cam(headless, images, layer="conv2", target=0)


def test_upsample_agrees_with_keras_resize():
    maps = np.random.default_rng(0).random((3, 5, 4)).astype(np.float32)
    resized = ops.image.resize(maps[..., None], (40, 33), interpolation="bilinear")
    found = heatmaps.upsample(maps, (40, 33))
    assert found.shape == (3, 40, 33)
    np.testing.assert_allclose(found, ops.convert_to_numpy(resized)[..., 0], atol=1e-5)


def test_upsample_keeps_a_map_in_its_place():
    """The centre of mass stays put, in units of the side; equal sizes change nothing."""
    maps = np.zeros((1, 8, 8), np.float32)
    maps[0, 2, 5] = 1
    found = heatmaps.upsample(maps, (64, 64))[0]
    rows, columns = (np.indices(found.shape) + 0.5) / 64
    assert (rows * found).sum() / found.sum() == pytest.approx(2.5 / 8)
    assert (columns * found).sum() / found.sum() == pytest.approx(5.5 / 8)
    np.testing.assert_array_equal(heatmaps.upsample(maps, (8, 8)), maps)


def test_normalise_scales_each_image_by_its_own_maximum():
    maps = np.array([[[0, 2], [4, 1]], [[5, 5], [5, 5]], [[0, 0], [0, 0]]], np.float32)
    expected = [[[0, 0.5], [1, 0.25]], [[1, 1], [1, 1]], [[0, 0], [0, 0]]]
    np.testing.assert_array_equal(heatmaps.normalise(maps), expected)


def test_score_by_hand():
    zone = np.zeros((4, 5), np.uint8)
    zone[1:3, 1:3] = 1
    heatmap = np.zeros((4, 5), np.float32)
    heatmap[1, 1], heatmap[2, 2], heatmap[0, 4] = 3, 1, 4
    assert heatmaps.score(heatmap, zone) == {"inside": 0.5, "area": 0.2, "peak_inside": 0.0}
    heatmap[1, 1] = 4  # two maxima, one of them inside
    assert heatmaps.score(heatmap, zone) == {"inside": 5 / 9, "area": 0.2, "peak_inside": 0.5}
    flat = heatmaps.score(np.ones((4, 5)), zone)
    assert flat["inside"] == pytest.approx(flat["area"])
    assert heatmaps.score(heatmap, np.zeros((4, 5)))["inside"] == 0
    assert heatmaps.score(heatmap, np.ones((4, 5)))["inside"] == 1


def test_score_refuses_what_is_no_map():
    with pytest.raises(ValueError, match="upsample"):
        heatmaps.score(np.ones((2, 2)), np.ones((4, 4)))
    with pytest.raises(ValueError, match="negative"):
        heatmaps.score(-np.eye(2), np.ones((2, 2)))


def test_a_network_that_diverged_has_maps_without_a_score(images):
    model = deep(1, "sigmoid")
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    maps = heatmaps.grad_cam(model, images, layer="conv2", target=None)
    drawn = heatmaps.normalise(heatmaps.upsample(maps, (SIZE, SIZE)))
    found = heatmaps.score(drawn[0], np.eye(SIZE))
    assert np.isnan(found["inside"]) and np.isnan(found["peak_inside"])
    assert found["area"] == pytest.approx(1 / SIZE)


ON_JAX = """
import json, sys
import keras, numpy as np
from labproof import heatmaps
assert keras.backend.backend() == "jax"
model = keras.models.load_model(sys.argv[1])
images = np.load(sys.argv[2])
maps = {t: heatmaps.grad_cam(model, images, layer="conv2", target=t).tolist() for t in (0, 1)}
print(json.dumps(maps))
"""


def test_jax_draws_the_same_maps(images, tmp_path):
    """The same saved model in another process, differentiated by the other backend."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("compares the TensorFlow backend with JAX")
    # LABPROOF_JAX_PYTHON: an interpreter with jax, since the lock file does not bring it.
    python = os.environ.get("LABPROOF_JAX_PYTHON", sys.executable)
    if python == sys.executable and importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    model = deep(1, "sigmoid")
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", images)
    scripts = str(Path(heatmaps.__file__).parents[1])
    done = subprocess.run(
        [python, "-c", ON_JAX, tmp_path / "model.keras", tmp_path / "images.npy"],
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": scripts, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    maps = json.loads(done.stdout.splitlines()[-1])
    for target in (0, 1):
        here = heatmaps.grad_cam(model, images, layer="conv2", target=target)
        assert here.max() > 0
        np.testing.assert_allclose(maps[str(target)], here, rtol=1e-4, atol=1e-6)
