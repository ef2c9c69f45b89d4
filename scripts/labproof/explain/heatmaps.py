"""Heatmaps: where in an image a network finds its evidence, by six methods behind one function.

Each map comes from `explain`; `upsample` and `normalise` make it fit to draw. `heat_scores` holds
it against a zone that is known.
"""

from collections.abc import Callable
from weakref import WeakKeyDictionary

import keras
import numpy as np
from keras import ops
from scipy import ndimage

STEPS = 32  # of the path of integrated gradients
PATCH = 8  # patches of the occlusion along a side, each moved by half of itself
TOGETHER = 64  # images that pass the network at once where there are many of one image


def explain(
    model: keras.Model,
    images: np.ndarray,
    *,
    layer: str,
    target: int | np.ndarray | None,
    method: str = "Grad-CAM",
    batch_size: int = 32,
) -> np.ndarray:
    """Return the map of each image, float32, non-negative and not normalised.

    N x h x w of the layer for the methods on feature maps, N x H x W for those on pixels.

    With y the score of the target class, A_k the k-th feature map of `layer` (h x w) and
    g_k = dy / dA_k, summed over pixels ij:

    - Grad-CAM (Selvaraju et al. 2017, doi:10.1109/ICCV.2017.74, equations 1 and 2):
      max(0, sum_k mean_ij(g_k) A_k)
    - Grad-CAM++ (Chattopadhay et al. 2018, doi:10.1109/WACV.2018.00097, equations 8 to 19, for
      exp(y), whose common factor is left out): max(0, sum_k (sum_ij alpha_k max(0, g_k)) A_k),
      alpha_k = g_k^2 / (2 g_k^2 + g_k^3 sum_ij A_k)
    - HiResCAM (Draelos & Carin 2020, arXiv:2011.08891): max(0, sum_k g_k A_k)
    - Score-CAM (Wang et al. 2020, doi:10.1109/CVPRW50498.2020.00020): max(0, sum_k a_k A_k), a the
      softmax over k of y(image * H_k) - y(black), H_k the map enlarged and scaled to 0..1. A map
      without contrast masks the whole image.
    - integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365, equation 1), from black, by
      the midpoints of `STEPS` parts of the path, summed over colours: the positive part
    - occlusion (Zeiler & Fergus 2014, doi:10.1007/978-3-319-10590-1_53): how far y falls when a
      patch, an eighth of the side, takes the image's mean colour; the mean over the patches that
      hold a pixel, moved by half a patch: the positive part

    The score is the value before the last activation, as in the papers: for softmax outputs the
    class's logit; for one sigmoid output the logit z for class 1 and -z for class 0. After the
    activation the gradients would vanish where the network is sure, and a softmax would mix in
    the evidence for the other classes. The last layer must therefore be a dense one.

    model: a flat functional model, in which every path runs through `layer`. It runs as at
        inference: no dropout, batch normalisation by its moving averages.
    images: N x H x W x C, scaled as the model takes them, 0 black.
    layer: the name of a layer with N x h x w x channels as output. The papers take the feature
        maps after their rectifier: where that is a layer of its own, name that layer.
    target: one class for all images, or one class an image, or None for each image's predicted
        class (at a logit of exactly 0: class 0, as in Keras' binary accuracy).
    method: a key of `METHODS`.

    Raises ValueError if the method is unknown, if the layer has no such output or is unknown, if
    the last layer is not dense, or if a target is not a class of the model.
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r} is none of {', '.join(METHODS)}")
    network = _network(model, layer)
    if target is not None:
        target = np.broadcast_to(np.asarray(target, dtype=int), len(images))
        if not np.isin(target, range(network.classes)).all():
            raise ValueError(
                f"target {np.unique(target)}: the model's classes are 0..{network.classes - 1}"
            )
    found = []
    for start in range(0, len(images), batch_size):
        batch = slice(start, start + batch_size)
        pixels = ops.convert_to_tensor(images[batch], dtype="float32")
        wanted = ops.argmax(network.scores(pixels), axis=1) if target is None else target[batch]
        chosen = ops.one_hot(wanted, network.classes)
        made = METHODS[method](network, pixels, chosen)
        found.append(np.asarray(ops.convert_to_numpy(ops.relu(made)), dtype=np.float32))
    if not found:
        shape = images.shape[1:3] if method in ON_PIXELS else network.shape
        return np.empty((0, *shape), np.float32)
    return np.concatenate(found)


def answer(
    model: keras.Model, images: np.ndarray, *, layer: str, batch_size: int = 32
) -> tuple[np.ndarray, np.ndarray]:
    """Probability of the last class, (N,), and Grad-CAM of each image's predicted one, at one go.

    For a network of two classes, by one sigmoid or a softmax; the rest as for `explain`.
    """
    network = _network(model, layer)
    found = []
    for start in range(0, len(images), batch_size):
        pixels = ops.convert_to_tensor(images[start : start + batch_size], dtype="float32")
        maps = network.maps(pixels)
        scores = network.scores_of_maps(maps)
        chosen = ops.one_hot(ops.argmax(scores, axis=1), network.classes)
        drawn = ops.relu(_weighed(network, maps, chosen))
        found.append([ops.convert_to_numpy(part) for part in (network.positive(scores), drawn)])
    probability, drawn = zip(*found, strict=True)
    return np.concatenate(probability), np.concatenate(drawn)


def probability(model: keras.Model, images: np.ndarray, *, layer: str) -> np.ndarray:
    """Probability of the last class, (N,), as `answer` gives it, without the maps."""
    network = _network(model, layer)
    pixels = ops.convert_to_tensor(images, dtype="float32")
    return ops.convert_to_numpy(network.positive(network.scores(pixels)))


class Network:
    """A model cut in two at a layer, so that a backend differentiates a plain function."""

    def __init__(self, model: keras.Model, layer: str):
        features = model.get_layer(layer).output
        if len(features.shape) != 4:
            raise ValueError(f"layer {layer!r} gives {features.shape}, not N x h x w x channels")
        self.dense = model.outputs[0]._keras_history.operation
        if not isinstance(self.dense, keras.layers.Dense):
            raise ValueError(f"the last layer must be dense, not {type(self.dense).__name__}")
        self.classes = max(2, self.dense.units)
        self.shape = features.shape[1:3]
        self.below = keras.Model(model.input, features)
        self.above = keras.Model(features, self.dense.input)
        # Each traced once; a change of the weights is seen. Image by image Keras' layers, one
        # Python call each, take longer than what they compute.
        self.maps = _compiled(self._maps)
        self.scores = _compiled(self._scores)
        self.scores_of_maps = _compiled(self._from_maps)
        self.slope = _compiled(self._slope)
        self.slope_of_pixels = _compiled(self._slope_of_pixels)

    def answers(self, images: np.ndarray, chosen) -> np.ndarray:
        """The chosen score of each of many images, a limited number at a time."""
        found = [
            np.sum(chosen[part] * ops.convert_to_numpy(self.scores(pixels)), axis=1)
            for start in range(0, len(images), TOGETHER)
            for part in [slice(start, start + TOGETHER)]
            for pixels in [ops.convert_to_tensor(images[part])]
        ]
        return np.concatenate(found)

    def positive(self, scores):
        """Probability of the last of two classes, (N,), from class scores."""
        half = 1 if self.dense.units > 1 else 2  # one sigmoid has the scores -z and z
        return ops.softmax(scores / half, axis=1)[:, -1]

    def _maps(self, pixels):
        """Feature maps of the layer, N x h x w x channels."""
        return self.below(pixels, training=False)

    def _from_maps(self, maps):
        """Class scores before the last activation, N x classes, from feature maps."""
        inputs = ops.cast(self.above(maps, training=False), "float32")
        logits = ops.matmul(inputs, self.dense.kernel)
        if self.dense.use_bias:
            logits = logits + self.dense.bias
        return ops.concatenate([-logits, logits], axis=1) if self.dense.units == 1 else logits

    def _scores(self, pixels):
        """Class scores before the last activation, N x classes, from images."""
        return self._from_maps(self._maps(pixels))

    def _slope(self, maps, chosen):
        """Gradient of each image's chosen score with respect to its feature maps.

        Images do not mix at inference, so the sum's gradient holds each image's own.
        """
        return _gradient(lambda a: ops.sum(chosen * self._from_maps(a)), maps)

    def _slope_of_pixels(self, pixels, chosen):
        """Gradient of each image's chosen score with respect to its pixels."""
        return _gradient(lambda x: ops.sum(chosen * self._scores(x)), pixels)


_NETWORKS: WeakKeyDictionary = WeakKeyDictionary()


def _network(model: keras.Model, layer: str) -> Network:
    """The model cut in two, once: cutting takes longer than some maps; weights may change."""
    cut = _NETWORKS.setdefault(model, {})
    if layer not in cut:
        cut[layer] = Network(model, layer)
    return cut[layer]


def _grad_cam(network: Network, pixels, chosen):
    return _weighed(network, network.maps(pixels), chosen)


def _weighed(network: Network, maps, chosen):
    """Grad-CAM's sum of the feature maps, each by its mean slope."""
    weights = ops.mean(network.slope(maps, chosen), axis=(1, 2), keepdims=True)
    return ops.sum(weights * maps, axis=-1)


def _grad_cam_plus_plus(network: Network, pixels, chosen):
    maps = network.maps(pixels)
    slope = network.slope(maps, chosen)
    below = 2 * slope**2 + slope**3 * ops.sum(maps, axis=(1, 2), keepdims=True)
    alpha = ops.where(below != 0, slope**2 / ops.where(below != 0, below, 1.0), 0.0)
    weights = ops.sum(alpha * ops.relu(slope), axis=(1, 2), keepdims=True)
    return ops.sum(weights * maps, axis=-1)


def _hires_cam(network: Network, pixels, chosen):
    maps = network.maps(pixels)
    return ops.sum(network.slope(maps, chosen) * maps, axis=-1)


def _score_cam(network: Network, pixels, chosen):
    images, wanted = ops.convert_to_numpy(pixels), ops.convert_to_numpy(chosen)
    maps = ops.convert_to_numpy(network.maps(pixels))
    black = network.answers(np.zeros_like(images), wanted)
    gains = []
    for image, own, target, least in zip(images, maps, wanted, black, strict=True):
        channels = np.moveaxis(own, -1, 0)
        lifted = channels - channels.min(axis=(1, 2), keepdims=True)
        masks = upsample(normalise(lifted), images.shape[1:3])
        gains.append(
            network.answers(image * masks[..., None], np.tile(target, (len(masks), 1))) - least
        )
    weights = ops.softmax(ops.convert_to_tensor(np.stack(gains)), axis=1)
    return ops.sum(weights[:, None, None, :] * maps, axis=-1)


def _integrated_gradients(network: Network, pixels, chosen):
    total = ops.zeros_like(pixels)
    for step in range(STEPS):
        share = (step + 0.5) / STEPS
        total = total + network.slope_of_pixels(share * pixels, chosen)
    return ops.sum(pixels * total / STEPS, axis=-1)


def _occlusion(network: Network, pixels, chosen):
    images, wanted = ops.convert_to_numpy(pixels), ops.convert_to_numpy(chosen)
    whole = network.answers(images, wanted)
    places = [
        (rows, columns)
        for rows in _patches(images.shape[1])
        for columns in _patches(images.shape[2])
    ]
    times = np.zeros(images.shape[1:3])
    for place in places:
        times[place] += 1
    fall = np.zeros(images.shape[:3], np.float32)
    for image, target, score, falls in zip(images, wanted, whole, fall, strict=True):
        hidden = np.repeat(image[None], len(places), axis=0)
        for one, place in zip(hidden, places, strict=True):
            one[place] = image.mean(axis=(0, 1))
        less = score - network.answers(hidden, np.tile(target, (len(places), 1)))
        for place, lost in zip(places, less, strict=True):
            falls[place] += lost
    return ops.convert_to_tensor((fall / times).astype(np.float32))


def _patches(side: int) -> list[slice]:
    """Windows of an eighth of a side, each moved by half of itself, the last one at the end."""
    width = max(1, round(side / PATCH))
    starts = sorted({*range(0, side - width, max(1, width // 2)), side - width})
    return [slice(start, start + width) for start in starts]


METHODS: dict[str, Callable] = {
    "Grad-CAM": _grad_cam,
    "Grad-CAM++": _grad_cam_plus_plus,
    "HiResCAM": _hires_cam,
    "Score-CAM": _score_cam,
    "integrated gradients": _integrated_gradients,
    "occlusion": _occlusion,
}
ON_PIXELS = ("integrated gradients", "occlusion")


def _compiled(function: Callable) -> Callable:
    """The function in one call into TensorFlow; on JAX, which would keep the weights, as it is."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, autograph=False, reduce_retracing=True)
    return function


def _gradient(function, at):
    """Gradient of a scalar function of one tensor: what each backend does in its own way."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(at)
            value = function(at)
        return tape.gradient(value, at)
    if backend == "jax":
        import jax

        return jax.grad(function)(at)
    raise NotImplementedError(f"heatmaps run on tensorflow or jax, not on the {backend} backend")


def upsample(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Enlarge maps N x h x w bilinearly to N x H x W, with size = (H, W), float32.

    Pixels are areas, not points: a map's cell lies centred over the H/h x W/w pixels that it
    stands for, and beyond the outermost centres the values are carried on to the border.
    """
    factors = (1, size[0] / maps.shape[1], size[1] / maps.shape[2])
    return ndimage.zoom(
        np.asarray(maps, dtype=np.float32), factors, order=1, mode="nearest", grid_mode=True
    )


def normalise(maps: np.ndarray) -> np.ndarray:
    """Scale each of the maps N x h x w by its own maximum, to 0..1; an all-zero map stays zero.

    The minimum is left where it is: zero in a map means "no evidence", so it must stay zero. Maps
    of different images are no longer comparable in strength afterwards.
    """
    peak = maps.max(axis=(1, 2), keepdims=True)
    return (maps / np.where(peak > 0, peak, 1)).astype(np.float32)
