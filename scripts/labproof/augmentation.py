"""The training augmentation, drawn by keras-cv in the input pipeline, and the gallery of task 3.

The only module that imports keras_cv. Its layers belong into a sequential `tf.data` map and never
into a saved model: there they also augment at inference.
"""

from collections.abc import Callable, Mapping

import keras_cv
import numpy as np


def draws(augmentation: Mapping, *, seed: int) -> Callable:
    """The training augmentation: (a batch of float images, 0 to 255; its number) -> a new draw.

    What is drawn for a batch follows from the seed and the batch's number, whatever was drawn
    before it: so a training that goes on from a checkpoint draws what it would have drawn.

    Parameters
    ----------
    augmentation
        `rotation` (degrees, uniform in +-), `shift` (share of width and of height, uniform in
        +-), `flip` (left to right, half of the images). What moves in from outside
        repeats the border, the default of Keras' `ImageDataGenerator` that the course used.
    """
    turn = augmentation["rotation"] / 360
    shift = augmentation["shift"]
    layers = [  # a seed of 0 would mean one generator for all
        keras_cv.layers.RandomRotation(turn, fill_mode="nearest", seed=1),
        keras_cv.layers.RandomTranslation(shift, shift, fill_mode="nearest", seed=1),
    ]
    if augmentation["flip"]:
        layers.append(keras_cv.layers.RandomFlip("horizontal", seed=1))

    def augment(images, number):
        for key, layer in enumerate(layers, start=1_000 * seed + 901):
            # the generator that keras_cv's base class documents; a stream of its own a batch
            layer._random_generator.reset_from_key_counter(key, [0, number])
            images = layer(images, training=True)
        return images

    return augment


def gallery(
    image: np.ndarray, augmentation: Mapping, *, seed: int, number: int = 6
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Task 3: one image, what each single change makes of it, and `number` random draws.

    Parameters
    ----------
    image
        uint8, H x W x C.

    Returns
    -------
    tuple
        Title -> uint8 image of the single changes, in the lab's order, and of the draws.
    """
    batch = image[np.newaxis].astype("float32")
    height, width = image.shape[:2]
    degrees = augmentation["rotation"]
    smaller = keras_cv.layers.Resizing(height // 2, width // 2, seed=1)
    # both bounds alike: a rotation by this very angle
    turn = keras_cv.layers.RandomRotation(
        (degrees / 360, degrees / 360), fill_mode="nearest", seed=1
    )
    low, high = np.percentile(batch, (5, 95))
    single = {
        "original": batch,
        "half the pixels": smaller(batch),
        f"rotated by {degrees}°": turn(batch, training=True),
        "flipped\nleft to right": batch[:, :, ::-1],
        "flipped\nupside down": batch[:, ::-1],
        "intensities\nrescaled": (batch - low) / max(high - low, 1) * 255,
    }
    augment = draws(augmentation, seed=seed)
    drawn = {f"draw {draw}": augment(batch, draw) for draw in range(1, number + 1)}
    first = [{title: _uint8(images)[0] for title, images in of.items()} for of in (single, drawn)]
    return first[0], first[1]


def _uint8(images) -> np.ndarray:
    return np.clip(np.round(np.asarray(images)), 0, 255).astype(np.uint8)
