"""The training augmentation, and the gallery of task 3, by keras-cv.

The only module that imports keras_cv. Its layers never belong into a saved model: there they also
augment at inference. So what they do is drawn here, and they are told.
"""

from collections.abc import Callable, Mapping

import numpy as np
from keras import ops


def draw(augmentation: Mapping | None, count: int, *, seed: int, epoch: int) -> dict:
    """What an epoch does to each of its images: it follows from seed and epoch alone.

    Parameters
    ----------
    augmentation
        `rotation` (degrees, uniform in +-), `shift` (share of width and of height, uniform in
        +-), `flip` (left to right, half of the images); None for none.

    Returns
    -------
    dict
        `angle` (radians), `down`, `across` (shares of the sides), `flip` (0 or 1): (count,)
        float32 each. Empty where nothing is augmented.
    """
    if augmentation is None:
        return {}
    rng = np.random.default_rng([seed, epoch, 1])
    turn, shift = np.radians(augmentation["rotation"]), augmentation["shift"]
    drawn = {
        "angle": rng.uniform(-turn, turn, count),
        "down": rng.uniform(-shift, shift, count),
        "across": rng.uniform(-shift, shift, count),
        "flip": rng.integers(0, 2, count) * bool(augmentation["flip"]),
    }
    return {name: values.astype(np.float32) for name, values in drawn.items()}


def changes(augmentation: Mapping) -> Callable:
    """The training augmentation on TensorFlow, by keras-cv's layers.

    (Float images N x H x W x C, 0 to 255; of `draw` as many) -> the changed images. What moves in
    from outside repeats the border, the default of Keras' `ImageDataGenerator` that the course
    used.
    """
    import keras_cv  # slow to import, needs TensorFlow, and few cells augment

    shift = augmentation["shift"]
    # a seed of 0 would mean one generator for all, which refuses to be deterministic
    rotation = keras_cv.layers.RandomRotation(
        augmentation["rotation"] / 360, fill_mode="nearest", seed=1
    )
    translation = keras_cv.layers.RandomTranslation(shift, shift, fill_mode="nearest", seed=1)
    flip = keras_cv.layers.RandomFlip("horizontal", seed=1)

    def change(images, drawn):
        images = rotation.augment_images(images, {"angles": drawn["angle"]})
        moved = {
            "height_translations": drawn["down"][:, None],
            "width_translations": drawn["across"][:, None],
        }
        images = translation.augment_images(images, moved)
        flips = drawn["flip"][:, None]
        return flip.augment_images(images, {"flip_horizontals": flips, "flip_verticals": 0 * flips})

    return change


def change_anywhere(images, drawn: Mapping):
    """What `changes` does, on any backend of Keras: keras-cv's layers run on TensorFlow alone."""
    height, width = images.shape[1:3]
    cos, sin = ops.cos(drawn["angle"]), ops.sin(drawn["angle"])
    one, none = ops.ones_like(cos), ops.zeros_like(cos)
    # (a0, a1, a2, b0, b1, b2, 0, 0): a pixel (x, y) comes from (a0 x + a1 y + a2, b0 x + …)
    turn = [
        cos,
        -sin,
        ((width - 1) * (1 - cos) + sin * (height - 1)) / 2,
        sin,
        cos,
        ((height - 1) * (1 - cos) - sin * (width - 1)) / 2,
        none,
        none,
    ]
    move = [one, none, -drawn["across"] * width, none, one, -drawn["down"] * height, none, none]
    for matrix in (turn, move):
        images = ops.image.affine_transform(
            images,
            ops.stack(matrix, axis=1),
            interpolation="bilinear",
            fill_mode="nearest",
            data_format="channels_last",
        )
    return ops.where(drawn["flip"][:, None, None, None] > 0.5, images[:, :, ::-1], images)


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
    import keras_cv

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
    drawn = draw(augmentation, number, seed=seed, epoch=0)
    found = changes(augmentation)(np.repeat(batch, number, axis=0), drawn)
    many = {f"draw {count}": picture[None] for count, picture in enumerate(found, start=1)}
    first = [{title: _uint8(images)[0] for title, images in of.items()} for of in (single, many)]
    return first[0], first[1]


def _uint8(images) -> np.ndarray:
    return np.clip(np.round(np.asarray(images)), 0, 255).astype(np.uint8)
