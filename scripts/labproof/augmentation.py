"""The training augmentation, drawn by keras-cv in the input pipeline, and the gallery of task 3.

The only module that imports keras_cv. Its layers belong into a sequential `tf.data` map and never
into a saved model: there they also augment at inference.
"""

from collections.abc import Callable, Mapping

import keras_cv
import numpy as np


def draws(augmentation: Mapping, *, seed: int) -> Callable:
    """The training augmentation: a function from a batch of float images (0 to 255) to a new draw.

    Parameters
    ----------
    augmentation
        `rotation` (degrees, uniform in +-), `shift` (share of width and of height, uniform in
        +-), `flip` (left to right, half of the images). What moves in from outside is the mirror
        image, as nothing in the protocol says.
    seed
        Sets the sequence of draws from the first batch on.
    """
    turn = augmentation["rotation"] / 360
    shift = augmentation["shift"]
    layers = [
        keras_cv.layers.RandomRotation(turn, fill_mode="reflect", seed=1_000 * seed + 901),
        keras_cv.layers.RandomTranslation(
            shift, shift, fill_mode="reflect", seed=1_000 * seed + 902
        ),
    ]
    if augmentation["flip"]:
        layers.append(keras_cv.layers.RandomFlip("horizontal", seed=1_000 * seed + 903))

    def augment(images):
        for layer in layers:
            images = layer(images, training=True)
        return images

    return augment


def gallery(
    image: np.ndarray, augmentation: Mapping, *, number: int, seed: int
) -> dict[str, np.ndarray]:
    """Task 3: one image, what each single change makes of it, and `number` random draws.

    Parameters
    ----------
    image
        uint8, H x W x C.

    Returns
    -------
    dict
        Title -> uint8 image, in the lab's order.
    """
    batch = image[np.newaxis].astype("float32")

    def fixed(layer) -> np.ndarray:
        return _uint8(layer(batch, training=True))[0]

    half = (image.shape[0] // 2, image.shape[1] // 2)
    turn = augmentation["rotation"] / 360
    low, high = np.percentile(batch, (5, 95))
    stretched = (batch - low) / max(high - low, 1) * 255
    pictures = {
        "original": image,
        "rescaled to a half": fixed(keras_cv.layers.Resizing(*half)),
        f"rotated by {augmentation['rotation']}°": fixed(
            keras_cv.layers.RandomRotation((turn, turn), fill_mode="reflect")
        ),
        "flipped left to right": _uint8(batch[:, :, ::-1])[0],
        "flipped upside down": _uint8(batch[:, ::-1])[0],
        "intensities rescaled": _uint8(stretched)[0],
    }
    augment = draws(augmentation, seed=seed)
    for draw in range(number):
        pictures[f"draw {draw + 1}"] = _uint8(augment(batch))[0]
    return pictures


def _uint8(images) -> np.ndarray:
    return np.clip(np.round(np.asarray(images)), 0, 255).astype(np.uint8)
