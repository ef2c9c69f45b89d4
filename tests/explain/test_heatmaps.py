"""Six heatmap methods against closed forms, another library and finite differences."""

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

from labproof.explain import heatmaps, network
from labproof.training import backbones, networks

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
    found = heatmaps.explain(model, images, layer="conv", target=target)
    assert found.shape == (7, SIZE, SIZE) and found.dtype == np.float32
    assert found.max() > 0
    np.testing.assert_allclose(found, closed_form(model, images, weights), rtol=1e-4, atol=1e-8)


def test_softmax_model_follows_the_closed_form_with_a_class_an_image(images):
    model = linear_head(3, "softmax")
    kernel = ops.convert_to_numpy(model.get_layer("top").kernel)
    classes = np.array([0, 1, 2, 0, 1, 2, 0])
    found = heatmaps.explain(model, images, layer="conv", target=classes)
    expected = closed_form(model, images, kernel[:, classes].T)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize(("outputs", "activation"), [(1, "sigmoid"), (2, "softmax")])
def test_answer_is_the_prediction_and_the_map_of_the_predicted_class(images, outputs, activation):
    model = deep(outputs, activation)
    probability, maps = heatmaps.answer(model, images, layer="conv2", batch_size=3)
    expected = model.predict(images, verbose=0)[:, -1]
    np.testing.assert_allclose(probability, expected, rtol=1e-5)
    np.testing.assert_allclose(
        maps, heatmaps.explain(model, images, layer="conv2", target=None), rtol=1e-5, atol=1e-9
    )


def test_a_sure_network_keeps_its_map(images):
    """A bias saturates the sigmoid, whose slope is then 0; the score lies before it."""
    model = linear_head(1, "sigmoid")
    before = heatmaps.explain(model, images, layer="conv", target=1)
    model.get_layer("top").bias.assign([200.0])
    assert (ops.convert_to_numpy(model(images)) == 1).all()
    np.testing.assert_allclose(
        heatmaps.explain(model, images, layer="conv", target=1), before, rtol=1e-6
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
    found = heatmaps.explain(model, images, layer="conv2", target=None)
    named = heatmaps.explain(model, images, layer="conv2", target=predicted)
    np.testing.assert_array_equal(found, named)
    other = heatmaps.explain(model, images, layer="conv2", target=1 - predicted)
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
        found = heatmaps.explain(model, images, layer=layer, target=target)
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
    found = heatmaps.explain(model, images, layer="conv", target=1)
    assert found.max() > 0
    np.testing.assert_allclose(found, np.maximum(0, expected), rtol=1e-3, atol=1e-6)


def test_batches_equal_single_images_and_a_second_run(images):
    model = deep(1, "sigmoid")
    together = heatmaps.explain(model, images, layer="conv2", target=None)
    in_threes = heatmaps.explain(model, images, layer="conv2", target=None, batch_size=3)
    one_by_one = [
        heatmaps.explain(model, images[[i]], layer="conv2", target=None)[0]
        for i in range(len(images))
    ]
    np.testing.assert_allclose(together, in_threes, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(together, one_by_one, rtol=1e-4, atol=1e-8)
    np.testing.assert_array_equal(
        together, heatmaps.explain(model, images, layer="conv2", target=None)
    )


def test_no_images_give_no_maps(images):
    found = heatmaps.explain(deep(1, "sigmoid"), images[:0], layer="conv2", target=None)
    assert found.shape == (0, SIZE // 2, SIZE // 2)


def test_the_model_is_left_as_it_was(images):
    model = deep(1, "sigmoid")
    weights = model.get_weights()
    answer = ops.convert_to_numpy(model(images))
    names = [layer.name for layer in model.layers]
    heatmaps.explain(model, images, layer="conv2", target=None)
    assert [layer.name for layer in model.layers] == names
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(answer, ops.convert_to_numpy(model(images)))


def test_an_all_zero_map_is_a_valid_answer(images):
    """Rectified maps with negative weights only: no evidence for class 1, all of it for 0."""
    model = linear_head(1, "sigmoid")
    model.get_layer("top").kernel.assign(-np.ones((6, 1)))
    maps = heatmaps.explain(model, images, layer="conv", target=1)
    assert not maps.any()
    drawn = heatmaps.normalise(heatmaps.upsample(maps, (24, 24)))
    assert drawn.shape == (7, 24, 24) and not drawn.any()
    assert (heatmaps.explain(model, images, layer="conv", target=0).max(axis=(1, 2)) > 0).all()


def test_mistakes_are_named(images):
    model = deep(2, "softmax")
    with pytest.raises(ValueError, match=r"classes are 0\.\.1"):
        heatmaps.explain(model, images, layer="conv2", target=2)
    with pytest.raises(ValueError, match="not N x h x w"):
        heatmaps.explain(model, images, layer="hidden", target=0)
    with pytest.raises(ValueError, match="No such layer"):
        heatmaps.explain(model, images, layer="conv9", target=0)
    headless = keras.Model(model.input, model.get_layer("conv2").output)
    with pytest.raises(ValueError, match="must be dense"):
        heatmaps.explain(headless, images, layer="conv2", target=0)


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


def test_a_network_that_diverged_has_maps_that_are_not_finite(images):
    model = deep(1, "sigmoid")
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    maps = heatmaps.explain(model, images, layer="conv2", target=None)
    drawn = heatmaps.normalise(heatmaps.upsample(maps, (SIZE, SIZE)))
    assert not np.isfinite(drawn).any()


# --- the other methods -------------------------------------------------------------------------


def smooth(images, channels=4):
    """A smooth network in double precision, its score from feature maps in plain numpy."""
    keras.utils.set_random_seed(4)
    pixels = keras.Input((SIZE, SIZE, 1), dtype="float64")
    with_double = {"dtype": "float64", "activation": "tanh"}
    maps = layers.Conv2D(channels, 3, name="conv", **with_double)(pixels)
    hidden = layers.Dense(6, **with_double)(layers.Flatten(dtype="float64")(maps))
    model = keras.Model(pixels, layers.Dense(1, activation="sigmoid", name="top")(hidden))
    (w1, b1), (w2, b2) = (model.layers[i].get_weights() for i in (-2, -1))

    def y(feature_maps):
        flat = feature_maps.reshape(len(feature_maps), -1)
        return (np.tanh(flat @ w1 + b1) @ w2 + b2)[:, 0]

    return model, ops.convert_to_numpy(keras.Model(pixels, maps)(images)), y


def slopes(y, maps):
    """dy / dA of each value of the feature maps, by central differences."""
    found = np.zeros_like(maps)
    for place in np.ndindex(maps.shape[1:]):
        step = np.zeros(maps.shape[1:])
        step[place] = 1e-5
        found[(slice(None), *place)] = (y(maps + step) - y(maps - step)) / 2e-5
    return found


def close(found, expected):
    """Within 1e-4 of each map's own maximum."""
    assert found.max() > 0
    peak = expected.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found / peak, expected / peak, atol=1e-4)


def test_hires_cam_agrees_with_finite_differences(images):
    model, maps, y = smooth(images)
    expected = np.maximum(0, (slopes(y, maps) * maps).sum(axis=-1))
    close(heatmaps.explain(model, images, layer="conv", target=1, method="HiResCAM"), expected)


def test_grad_cam_plus_plus_agrees_with_finite_differences(images):
    """Equation 19's alpha from powers of the first derivative, as the paper has it for exp(y)."""
    model, maps, y = smooth(images)
    g = slopes(y, maps)
    alpha = g**2 / (2 * g**2 + g**3 * maps.sum(axis=(1, 2), keepdims=True))
    weights = (alpha * np.maximum(0, g)).sum(axis=(1, 2), keepdims=True)
    expected = np.maximum(0, (weights * maps).sum(axis=-1))
    close(heatmaps.explain(model, images, layer="conv", target=1, method="Grad-CAM++"), expected)


def test_grad_cam_plus_plus_follows_the_closed_form(images):
    """y = sum_k w_k mean(A_k): g = w / Z everywhere, so alpha = 1 / (2 + g sum A)."""
    model = linear_head(1, "sigmoid")
    kernel = np.array([0.7, -1.2, 0.4, 1.1, -0.8, -0.3])
    model.get_layer("top").kernel.assign(kernel[:, None])
    maps = ops.convert_to_numpy(keras.Model(model.input, model.get_layer("conv").output)(images))
    cells = SIZE * SIZE
    g = kernel / cells
    weights = cells * np.maximum(0, g) / (2 + g * maps.sum(axis=(1, 2)))
    expected = np.maximum(0, np.einsum("nhwk,nk->nhw", maps, weights))
    found = heatmaps.explain(model, images, layer="conv", target=1, method="Grad-CAM++")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-8)


def test_hires_cam_is_grad_cam_where_the_slope_is_even(images):
    model = linear_head(1, "sigmoid")
    options = {"layer": "conv", "target": 1}
    found = heatmaps.explain(model, images, method="HiResCAM", **options)
    np.testing.assert_allclose(found, heatmaps.explain(model, images, **options), rtol=1e-4)


def test_score_cam_follows_its_formula_in_numpy(images):
    """The masks and the forward passes of `linear_head` done by scipy in double precision."""
    from scipy.signal import correlate

    model = linear_head(1, "sigmoid")
    kernel, bias = (x.astype(float) for x in model.get_layer("conv").get_weights())
    top, _ = (
        x.astype(float)[:, 0] if x.ndim > 1 else x for x in model.get_layer("top").get_weights()
    )

    def maps_of(batch):
        made = [
            [correlate(image, kernel[:, :, 0, k], mode="same") + bias[k] for k in range(6)]
            for image in batch[..., 0].astype(float)
        ]
        return np.maximum(0, np.moveaxis(np.array(made), 1, -1))

    def y(batch):
        return maps_of(batch).mean(axis=(1, 2)) @ top

    maps = maps_of(images)
    low, high = maps.min(axis=(1, 2), keepdims=True), maps.max(axis=(1, 2), keepdims=True)
    masks = (maps - low) / np.where(high > low, high - low, 1)
    gains = np.stack([y(images * masks[..., [k]]) for k in range(6)], axis=1)
    gains -= y(np.zeros_like(images))[:, None]
    weights = np.exp(gains) / np.exp(gains).sum(axis=1, keepdims=True)
    expected = np.maximum(0, np.einsum("nhwk,nk->nhw", maps, weights))
    found = heatmaps.explain(model, images, layer="conv", target=1, method="Score-CAM")
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_integrated_gradients_are_complete(images):
    """They sum to y(image) - y(black), of a network that only ever adds (the paper's axiom)."""
    model = deep(1, "sigmoid")
    for layer in ("conv1", "conv2", "hidden", "top"):
        kernel, bias = model.get_layer(layer).get_weights()
        model.get_layer(layer).set_weights([np.abs(kernel), np.abs(bias)])
    found = heatmaps.explain(model, images, layer="conv2", target=1, method="integrated gradients")
    logit = keras.Model(model.input, model.get_layer("top").input)
    kernel, bias = model.get_layer("top").get_weights()
    rise = [ops.convert_to_numpy(logit(x)) @ kernel + bias for x in (images, np.zeros_like(images))]
    np.testing.assert_allclose(found.sum(axis=(1, 2)), (rise[0] - rise[1])[:, 0], rtol=1e-4)


def linear():
    """A network that is a weighted sum of the pixels, and its weights, SIZE x SIZE."""
    keras.utils.set_random_seed(1)
    pixels = keras.Input((SIZE, SIZE, 1))
    maps = layers.Conv2D(1, 1, use_bias=False, name="conv")(pixels)
    model = keras.Model(pixels, layers.Dense(1, name="top")(layers.Flatten()(maps)))
    conv, top = (model.get_layer(name).get_weights()[0] for name in ("conv", "top"))
    return model, (top * conv.item()).reshape(SIZE, SIZE)


def test_integrated_gradients_of_a_linear_network_are_weight_times_pixel(images):
    model, weights = linear()
    expected = np.maximum(0, images[..., 0] * weights)
    found = heatmaps.explain(model, images, layer="conv", target=1, method="integrated gradients")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_occlusion_of_a_linear_network_by_hand(images):
    """A patch takes away sum of w (x - mean): each pixel has the mean over the patches on it."""
    model, weights = linear()
    lost = (images[..., 0] - images.mean(axis=(1, 2, 3), keepdims=True)[..., 0]) * weights
    width = 2  # an eighth of 12, rounded; moved by 1
    fall, times = np.zeros(images.shape[:3]), np.zeros((SIZE, SIZE))
    for top in range(SIZE - width + 1):
        for left in range(SIZE - width + 1):
            part = (slice(top, top + width), slice(left, left + width))
            fall[:, *part] += lost[:, *part].sum(axis=(1, 2))[:, None, None]
            times[part] += 1
    found = heatmaps.explain(model, images, layer="conv", target=1, method="occlusion")
    np.testing.assert_allclose(found, np.maximum(0, fall / times), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("method", heatmaps.METHODS)
def test_every_method_gives_a_map_an_image_in_any_batches(images, method):
    model = deep(2, "softmax")
    options = {"layer": "conv2", "target": None, "method": method}
    found = heatmaps.explain(model, images, **options)
    side = SIZE if method in heatmaps.ON_PIXELS else SIZE // 2
    assert found.shape == (7, side, side) and found.dtype == np.float32
    assert (found >= 0).all() and found.max() > 0
    in_threes = heatmaps.explain(model, images, batch_size=3, **options)
    np.testing.assert_allclose(found, in_threes, rtol=1e-3, atol=1e-6)
    assert heatmaps.explain(model, images[:0], **options).shape == (0, side, side)


def test_an_unknown_method_is_named(images):
    with pytest.raises(ValueError, match=r"'grad-cam' is none of Grad-CAM, Grad-CAM\+\+"):
        heatmaps.explain(deep(1, "sigmoid"), images, layer="conv2", target=1, method="grad-cam")


ON_JAX = """
import json, sys
import keras, numpy as np
from labproof.explain import heatmaps
from labproof.training import backbones
assert keras.backend.backend() == "jax"
model = keras.models.load_model(sys.argv[1])
images = np.load(sys.argv[2])
maps = {
    name: heatmaps.explain(model, images, layer="conv2", target=1, method=name).tolist()
    for name in heatmaps.METHODS
}
print(json.dumps(maps))
"""


@pytest.mark.slow
def test_jax_draws_the_same_maps_by_every_method(images, tmp_path):
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
    scripts = str(Path(heatmaps.__file__).parents[2])
    done = subprocess.run(
        [python, "-c", ON_JAX, tmp_path / "model.keras", tmp_path / "images.npy"],
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": scripts, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    maps = json.loads(done.stdout.splitlines()[-1])
    for method, found in maps.items():
        here = heatmaps.explain(model, images, layer="conv2", target=1, method=method)
        assert here.max() > 0
        np.testing.assert_allclose(found, here, rtol=1e-4, atol=1e-6)


# --- a network in two parts --------------------------------------------------------------------

HEAD = {
    "network": "mlp",
    "backbone": "vgg16",
    "base": None,
    "dense": [8],
    "dropout": 0.5,
    "outputs": 1,
    "initializer": "he_normal",
    "heatmaps": {"methods": ["Grad-CAM"]},
}


@pytest.fixture
def two_parts(tmp_path):
    """A frozen network and a head trained on its features, as the workflow leaves them."""
    below = backbones.build("vgg16", (64, 64, 3), base=2, seed=3)
    below.save_weights(tmp_path / "backbone.weights.h5")
    cells = network.Explained(HEAD, (64, 64, 1), tmp_path, 2)
    head = networks.build(HEAD, (64,), seed=5)
    head.save_weights(tmp_path / "7.weights.h5")
    return cells, below, head, tmp_path / "7.weights.h5"


def test_joined_networks_answer_as_the_two_one_after_the_other(two_parts):
    cells, below, head, weights = two_parts
    raw = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 1), dtype=np.uint8)
    features = backbones.extract(below, raw, name="vgg16")
    cells.model.set_weights(cells.trained(weights))
    found = cells.model(cells.images(raw), training=False)
    np.testing.assert_allclose(found, head(features, training=False), rtol=1e-4, atol=1e-6)


def test_a_joined_network_has_maps_of_its_frozen_part(two_parts):
    """Against the closed form for a head without a hidden layer: a dense weight at each place."""
    cells, below, _, _ = two_parts
    raw = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 1), dtype=np.uint8)
    top = keras.Sequential([keras.Input((64,)), layers.Dense(1, name="top")])
    model = backbones.join(below, keras.Model(top.inputs, top.outputs))
    layer = cells.layer
    last = model.get_layer(layer).output
    assert tuple(last.shape[1:3]) == (4, 4), "the rectifier before the last pooling"
    found = heatmaps.explain(model, cells.images(raw), layer=layer, target=1, method="HiResCAM")
    maps = ops.convert_to_numpy(keras.Model(model.input, last)(cells.images(raw)))
    kernel = ops.convert_to_numpy(model.get_layer("top").kernel).reshape(2, 2, 16)
    blocks = maps.reshape(5, 2, 2, 2, 2, 16).transpose(0, 1, 3, 5, 2, 4).reshape(5, 2, 2, 16, 4)
    best = blocks.argmax(axis=-1)  # the pooling hands on each block's largest value
    expected = np.zeros((5, 4, 4))
    for n, row, column, k in np.ndindex(best.shape):
        place = divmod(best[n, row, column, k], 2)
        value = kernel[row, column, k] * blocks[n, row, column, k].max()
        expected[n, 2 * row + place[0], 2 * column + place[1]] += value
    np.testing.assert_allclose(found, np.maximum(0, expected), rtol=1e-3, atol=1e-5 * found.max())


def test_an_untrained_network_has_no_learnt_part(two_parts):
    cells, _, _, weights = two_parts
    for one, other in zip(cells.trained(weights), cells.untrained(7), strict=True):
        assert one.shape == other.shape
        assert not one.any() or not np.allclose(one, other)
