"""Backbones for transfer learning: build, load, extract features, join with a head."""

import os
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

from labproof.errors import LabError, first_line
from labproof.training import networks, weight_files

# name -> module and class of keras.applications
APPLICATIONS = {
    "vgg16": ("vgg16", "VGG16"),
    "vgg19": ("vgg19", "VGG19"),
    "resnet50": ("resnet", "ResNet50"),
    "mobilenet_v2": ("mobilenet_v2", "MobileNetV2"),
    "densenet121": ("densenet", "DenseNet121"),
    "efficientnet_v2_b0": ("efficientnet_v2", "EfficientNetV2B0"),
}
FILE = "backbone.weights.h5"
SMALLEST = 32  # pixels a side: these networks halve an image five times


def build(
    name: str,
    input_shape: Sequence[int],
    *,
    base: int = 64,
    seed: int = 0,
    initializer: str = "he_normal",
) -> keras.Model:
    """Build a backbone without its top, with random weights.

    Parameters
    ----------
    name
        "vgg16" (the lab's, of any width) or another key of `APPLICATIONS`.
    input_shape
        (H, W, 3), at least 32 pixels a side.
    base
        Maps of VGG16's first convolution, 64 in the original; the others have a fixed width.
    seed, initializer
        Of every kernel (He et al. 2015, arXiv:1502.01852, by default). Nothing is taken from a
        global random state, so the same seed gives the same weights whatever was built before.

    Raises
    ------
    LabError
        Unknown name, too small an image, not three channels.
    """
    check(name, input_shape)
    if name == "vgg16":
        return networks.vgg16_without_top(
            input_shape, base=base, initializer=initializer, seed=seed
        )
    model = _application(name)(weights=None, include_top=False, input_shape=tuple(input_shape))
    for number, layer in enumerate(model.layers):
        kernel = getattr(layer, "kernel", None)
        if kernel is not None:
            config = {"class_name": initializer, "config": {"seed": 1_000 * seed + number}}
            kernel.assign(keras.initializers.get(config)(kernel.shape))
    return model


def load(
    name: str, input_shape: Sequence[int], *, weights: str | os.PathLike, base: int = 64
) -> keras.Model:
    """Build a backbone with weights from ImageNet or from a file, frozen.

    Parameters
    ----------
    weights
        "imagenet": downloaded by keras.applications (VGG16 has base 64 then, whatever `base`
        says). Anything else: a .weights.h5 file, or a .h5 file as keras.applications publishes
        them, of this very network without its top.

    Raises
    ------
    LabError
        The download failed, the file is missing, or it holds another network's weights.
    """
    check(name, input_shape)
    if str(weights) == "imagenet":
        try:
            model = _application(name)(
                weights="imagenet", include_top=False, input_shape=tuple(input_shape)
            )
        except Exception as error:  # whatever a download may die of: urllib, sockets, checksums
            raise LabError(
                f"weights: imagenet: the published weights of {name} could not be fetched "
                f"({first_line(error)}). Write weights: procedural, which needs no network, or "
                f"weights: path/to/{name}.weights.h5"
            ) from error
    else:
        path = Path(weights)
        if not path.is_file():
            raise LabError(
                f"weights: {path}: no such file. Give the path of a .weights.h5 file, or write "
                "weights: procedural"
            )
        model = build(name, input_shape, base=base)
        width = f" with base {base}" if name == "vgg16" else ""
        mend = "Give the file that belongs to this network, or write weights: procedural"
        try:
            weight_files.load(model, path, of=f"{name}{width} without its top", mend=mend)
        except LabError as error:
            raise LabError(f"weights: {error}") from error
    model.trainable = False
    return model


def read(name: str, input_shape: Sequence[int], folder: Path, *, base: int = 64) -> keras.Model:
    """Read the backbone that `train_backbone` has left in a folder, frozen.

    Raises
    ------
    LabError
        The file with its weights does not open, or lacks some of them.
    """
    model = build(name, input_shape, base=base)
    mend = f"Delete the folder {folder} and run again."
    weight_files.load(model, folder / FILE, of="this backbone", mend=mend)
    model.trainable = False
    return model


def preprocess(name: str, images: np.ndarray) -> np.ndarray:
    """Scale images as the network's published weights expect, whatever its weights are.

    uint8, N x H x W x C (grey is repeated to 3 channels) -> float32, N x H x W x 3. VGG16: BGR
    minus ImageNet's mean; MobileNetV2: -1 to 1 (`keras.applications.*.preprocess_input`).
    """
    images = np.asarray(images)
    if images.shape[-1] == 1:
        images = np.repeat(images, 3, axis=-1)
    module = getattr(keras.applications, APPLICATIONS[name][0])
    return np.asarray(module.preprocess_input(images.astype("float32")), dtype="float32")


def extract(
    backbone: keras.Model, images: np.ndarray, *, name: str, batch_size: int = 32
) -> np.ndarray:
    """Features of images (uint8, N x H x W x C, may be a memory map), float32 N x F.

    F runs over rows, columns and maps of the backbone's output, as `Flatten` would have it. No
    more than a batch is in memory beside the result.
    """
    found = [
        np.asarray(backbone(preprocess(name, images[start : start + batch_size]), training=False))
        for start in range(0, len(images), batch_size)
    ]
    return np.concatenate(found).reshape(len(images), -1)


def join(backbone: keras.Model, head: keras.Model) -> keras.Model:
    """A backbone and the dense layers trained on its features as one flat network.

    Preprocessed images (`preprocess`) -> the head's outputs. Flat, since a model nested in another
    has feature maps that no gradient reaches from outside.
    """
    x = layers.Flatten(name="features")(backbone.output)
    for layer in head.layers[1:]:
        copy = type(layer).from_config(layer.get_config())  # a layer has one place in one network
        x = copy(x)
        copy.set_weights(layer.get_weights())
    return keras.Model(backbone.input, x)


def check(name: str, input_shape: Sequence[int]) -> None:
    """Refuse an unknown network, too small an image, and other than three channels (LabError)."""
    if name not in APPLICATIONS:
        raise LabError(
            f"backbone: {name}: there is no such network. Known: {', '.join(APPLICATIONS)}."
        )
    if input_shape[2] != 3:
        raise LabError(f"backbone: {name}: takes images with 3 channels, not {input_shape[2]}.")
    if min(input_shape[:2]) < SMALLEST:
        raise LabError(
            f"backbone: {name}: images of {min(input_shape[:2])} pixels are too small, "
            f"it needs {SMALLEST}."
        )


def _application(name: str):
    module, network = APPLICATIONS[name]
    return getattr(getattr(keras.applications, module), network)
