"""The lab's networks, as flat functional Keras models: AlexNet, scaled VGG16, an MLP on features.

Every random number of a network (initial weights, dropout masks) follows from the `seed` argument,
so that two builds with one seed are equal whatever was built before them.
"""

import math
from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import layers
from scipy.special import ndtr, ndtri

from labproof.lab.architectures import CONVOLUTIONAL, VGG16
from labproof.training import fused_layers

LAYERS = 1000  # more than any network has
CUT = 0.87962566103423978  # deviation of a standard normal distribution that is cut off at +-2


class Seeds:
    """A seed below 2^31 for each layer in turn, of weights and of masks."""

    def __init__(self, seed: int):
        self.weights, self.masks = (
            map(int, part.generate_state(LAYERS) >> 1)
            for part in np.random.SeedSequence(seed).spawn(2)
        )


def build(
    cell: Mapping, input_shape: Sequence[int], *, seed: int, logits: bool = False
) -> keras.Model:
    """Build a cell's network, uncompiled, with freshly drawn weights.

    Parameters
    ----------
    cell
        `network` (alexnet, vgg16, mlp), `base` (maps of the first convolution; None for an MLP),
        `dense` (units of the hidden dense layers), `dropout` (rate behind each of the first two
        dense layers, 0 for none), `batch_norm` (between convolution and activation),
        `spatial_dropout` (rate behind each activation, before the pooling, 0 for none),
        `outputs` (1: sigmoid, 2: softmax), `initializer` (a Keras name).
    input_shape
        (H, W, C) in pixels, values 0 to 1, for a convolutional network; (F,) for an MLP.
    seed
        Sets the initial weights and the dropout masks.
    logits
        Leave out the last activation.

    Returns
    -------
    keras.Model
        (N, *input_shape) -> (N, outputs): the probability of the positive class, or of each.
    """
    seeds = Seeds(seed)
    inputs = keras.Input(tuple(input_shape), name="input")
    if cell["network"] == "mlp":
        hidden = inputs
    else:
        hidden = convolutions(
            inputs,
            CONVOLUTIONAL[cell["network"]],
            base=cell["base"],
            batch_norm=cell["batch_norm"],
            spatial_dropout=cell["spatial_dropout"],
            initializer=cell["initializer"],
            seeds=seeds,
        )
        hidden = layers.Flatten(name="flatten")(hidden)
    outputs = head(hidden, cell, seeds=seeds, logits=logits)
    return keras.Model(inputs, outputs, name=cell["network"])


def vgg16_without_top(
    input_shape: Sequence[int], *, base: int, initializer: str, seed: int
) -> keras.Model:
    """VGG16 without its dense layers, (N, H, W, C) -> (N, H // 32, W // 32, 8 * base).

    With base 64 and 3 channels it has VGG16's own 14,714,688 parameters (Simonyan and Zisserman
    2015, arXiv:1409.1556, configuration D).
    """
    inputs = keras.Input(tuple(input_shape), name="input")
    outputs = convolutions(inputs, VGG16, base=base, initializer=initializer, seeds=Seeds(seed))
    return keras.Model(inputs, outputs, name="vgg16")


def convolutions(
    x,
    plan: Sequence[tuple[int, bool]],
    *,
    base: int,
    initializer: str,
    seeds: Seeds,
    batch_norm: bool = False,
    spatial_dropout: float = 0.0,
    momentum: float = 0.99,
):
    """Stack 3 x 3 "same" convolutions with ReLU by a plan such as `VGG16`: conv1, conv2 …"""
    for number, (width, pool) in enumerate(plan, start=1):
        x = layers.Conv2D(
            width * base,
            3,
            padding="same",
            kernel_initializer=_initializer(initializer, seeds),
            name=f"conv{number}",
        )(x)
        if batch_norm:
            x = fused_layers.BatchNormalization(momentum=momentum, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        if spatial_dropout:
            x = fused_layers.SpatialDropout2D(
                spatial_dropout, seed=next(seeds.masks), name=f"spatial_dropout{number}"
            )(x)
        if pool:
            x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    return x


def head(x, cell: Mapping, *, seeds: Seeds, logits: bool = False):
    """The dense layers behind flat features: hidden ones with dropout, then the class(es)."""
    for number, units in enumerate(cell["dense"], start=1):
        x = layers.Dense(
            units,
            activation="relu",
            kernel_initializer=_initializer(cell["initializer"], seeds),
            name=f"dense{number}",
        )(x)
        if cell["dropout"] and number <= 2:
            x = layers.Dropout(cell["dropout"], seed=next(seeds.masks), name=f"dropout{number}")(x)
    return layers.Dense(
        cell["outputs"],
        activation=None if logits else "sigmoid" if cell["outputs"] == 1 else "softmax",
        kernel_initializer=_initializer(cell["initializer"], seeds),
        name="output",
    )(x)


def last_activation(model: keras.Model) -> str:
    """Name of the last convolution's rectifier, whose maps Grad-CAM takes."""
    rectifiers = (layers.ReLU, layers.Activation)
    return [
        layer.name
        for layer in model.layers
        if isinstance(layer, rectifiers) and len(layer.output.shape) == 4
    ][-1]


@keras.saving.register_keras_serializable("labproof")
class Drawn(keras.initializers.VarianceScaling):
    """One of Keras' scaled initialisers, whose numbers are NumPy's and so alike on each backend."""

    def __call__(self, shape, dtype=None):
        """Draw a kernel (…, inputs, outputs)."""
        field = math.prod(shape[:-2])
        fans = {"fan_in": field * shape[-2], "fan_out": field * shape[-1]}
        fans["fan_avg"] = (fans["fan_in"] + fans["fan_out"]) / 2
        deviation = math.sqrt(self.scale / fans[self.mode])
        rng = np.random.default_rng(self.seed)
        if self.distribution == "uniform":
            values = rng.uniform(-math.sqrt(3), math.sqrt(3), shape)
        else:  # a normal one, cut off at two deviations and widened to the deviation asked for
            values = ndtri(rng.uniform(ndtr(-2), ndtr(2), shape)) / CUT
        return keras.ops.convert_to_tensor(deviation * values, dtype=dtype or "float32")


def _initializer(name: str, seeds: Seeds) -> keras.initializers.Initializer:
    scaled = keras.initializers.get(name)
    return Drawn(scaled.scale, scaled.mode, scaled.distribution, seed=next(seeds.weights))
