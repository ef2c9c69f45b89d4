"""Grad-CAM heatmaps: where in an image a network finds its evidence, and whether that is the zone.

Every map comes from `grad_cam`; `upsample` and `normalise` make it fit to draw, and `score` holds
it against a zone that is known, such as the fracture of a bone phantom.
"""

import keras
import numpy as np
from keras import ops
from scipy import ndimage


def grad_cam(
    model: keras.Model,
    images: np.ndarray,
    *,
    layer: str,
    target: int | np.ndarray | None,
    batch_size: int = 32,
) -> np.ndarray:
    """Return the Grad-CAM map of each image, float32 N x h x w, non-negative and not normalised.

    Selvaraju et al. 2017, doi:10.1109/ICCV.2017.74, equations 1 and 2. With A_k the k-th feature
    map of `layer` (h x w), y the score of the target class:

        weight_k = 1 / (h w) * sum over pixels of dy / dA_k
        map      = max(0, sum over k of weight_k * A_k)

    The score is the value before the last activation, as in the paper: for softmax outputs the
    class's logit; for one sigmoid output the logit z for class 1 and -z for class 0. After the
    activation the gradients would vanish where the network is sure, and a softmax would mix in
    the evidence for the other classes. The last layer must therefore be a dense one.

    model: a flat functional model, in which every path runs through `layer`. It runs as at
        inference: no dropout, batch normalisation by its moving averages.
    images: N x H x W x C, scaled as the model takes them.
    layer: the name of a layer with N x h x w x channels as output. The paper takes the feature
        maps after their rectifier: where that is a layer of its own, name that layer.
    target: one class for all images, or one class an image, or None for each image's predicted
        class (at a logit of exactly 0: class 0, as in Keras' binary accuracy).

    Raises ValueError if the layer has no such output or is unknown, if the last layer is not
    dense, or if a target is not a class of the model.
    """
    features = model.get_layer(layer).output
    if len(features.shape) != 4:
        raise ValueError(f"layer {layer!r} gives {features.shape}, not N x h x w x channels")
    dense = model.outputs[0]._keras_history.operation
    if not isinstance(dense, keras.layers.Dense):
        raise ValueError(f"the last layer must be dense, not {type(dense).__name__}")
    classes = max(2, dense.units)
    if target is not None:
        target = np.broadcast_to(np.asarray(target, dtype=int), len(images))
        if not np.isin(target, range(classes)).all():
            raise ValueError(
                f"target {np.unique(target)}: the model's classes are 0..{classes - 1}"
            )

    # Cut in two at the layer, so that either backend differentiates a plain function of the maps.
    below = keras.Model(model.input, features)
    above = keras.Model(features, dense.input)

    def scores(maps):
        """Class scores before the last activation, N x classes."""
        logits = ops.matmul(ops.cast(above(maps, training=False), "float32"), dense.kernel)
        if dense.use_bias:
            logits = logits + dense.bias
        return ops.concatenate([-logits, logits], axis=1) if dense.units == 1 else logits

    found = []
    for start in range(0, len(images), batch_size):
        batch = slice(start, start + batch_size)
        maps = below(ops.convert_to_tensor(images[batch], dtype="float32"), training=False)
        wanted = ops.argmax(scores(maps), axis=1) if target is None else target[batch]
        chosen = ops.one_hot(wanted, classes)
        # Images do not mix at inference, so the sum's gradient holds each image's own.
        slope = _gradient(lambda a, chosen=chosen: ops.sum(chosen * scores(a)), maps)
        weights = ops.mean(slope, axis=(1, 2), keepdims=True)
        found.append(ops.convert_to_numpy(ops.relu(ops.sum(weights * maps, axis=-1))))
    return np.concatenate(found or [np.empty((0, *features.shape[1:3]))]).astype(np.float32)


def _gradient(function, at):
    """Gradient of a scalar function of one tensor: the one thing that each backend does its way."""
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
    raise NotImplementedError(f"Grad-CAM runs on tensorflow or jax, not on the {backend} backend")


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

    The minimum is left where it is: zero in a Grad-CAM map means "no evidence", so it must stay
    zero. Maps of different images are no longer comparable in strength afterwards.
    """
    peak = maps.max(axis=(1, 2), keepdims=True)
    return (maps / np.where(peak > 0, peak, 1)).astype(np.float32)


def score(heatmap: np.ndarray, zone: np.ndarray) -> dict[str, float]:
    """Hold one map H x W, non-negative, against its zone H x W (non-zero inside).

    inside: the share of the map's sum that lies inside the zone, 0..1 (energy-based pointing game,
        Wang et al. 2020, doi:10.1109/CVPRW50498.2020.00020). NaN for an all-zero map, which
        points nowhere, so that it has no share, not one of 0; and for a map that is not finite,
        as a network with NaN weights gives it.
    area: the zone's share of the pixels, 0..1: what `inside` would be for a map without a
        preference.
    peak_inside: 1 if the map's maximum lies inside the zone, else 0 (pointing game, Zhang et al.
        2018, doi:10.1007/s11263-017-1059-x); where several pixels share the maximum, the share of
        them that lies inside. NaN where `inside` is.

    Raises ValueError if the shapes differ or the map has a negative value.
    """
    if heatmap.shape != zone.shape:
        raise ValueError(f"the map is {heatmap.shape}, its zone {zone.shape}: upsample the map")
    if (heatmap < 0).any():
        raise ValueError("the map has a negative value")
    within = np.asarray(zone) > 0
    energy = heatmap.sum(dtype=float)
    points = np.isfinite(energy) and energy > 0
    return {
        "inside": float(heatmap[within].sum(dtype=float) / energy) if points else float("nan"),
        "area": float(within.mean()),
        "peak_inside": float(within[heatmap == heatmap.max()].mean()) if points else float("nan"),
    }
