"""Images in one store for each dataset, and the batches that training draws from it.

A store is a folder: `images.npy` (uint8, N x H x W x C), or `features.npy` (float32, N x F) where a
backbone has gone before; `records.csv` (image, split, label, class, source, …); `zones.npy` (uint8,
N x H x W, 1 inside) where known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

SPLITS = ("train", "validation")


@dataclass(frozen=True)
class Dataset:
    """A store, read: `inputs` may be a memory map; `zones` is None where unknown."""

    inputs: np.ndarray
    records: pd.DataFrame
    zones: np.ndarray | None = None

    def split(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (N, …) and labels (N,) int of one split, in the order of the records."""
        rows = self.records.loc[self.records["split"] == name]
        return self.inputs[rows["image"].to_numpy()], rows["label"].to_numpy()


def write(
    folder: Path, inputs: np.ndarray, records: pd.DataFrame, zones: np.ndarray | None = None
) -> None:
    """Write a store; images are uint8, features float32."""
    folder.mkdir(parents=True, exist_ok=True)
    name = "images.npy" if inputs.dtype == np.uint8 else "features.npy"
    np.save(folder / name, inputs)
    if zones is not None:
        np.save(folder / "zones.npy", zones.astype(np.uint8))
    records.to_csv(folder / "records.csv", index=False)


def read(folder: Path) -> Dataset:
    """Read a store; inputs and zones are mapped, not loaded."""
    inputs = next(
        path for name in ("images", "features") if (path := folder / f"{name}.npy").exists()
    )
    zones = folder / "zones.npy"
    return Dataset(
        np.load(inputs, mmap_mode="r"),
        pd.read_csv(folder / "records.csv"),
        np.load(zones, mmap_mode="r") if zones.exists() else None,
    )


def batches(
    inputs: np.ndarray,
    labels: np.ndarray,
    *,
    batch_size: int,
    epochs: int,
    seed: int,
    first: int = 0,
    augment: Callable | None = None,
):
    """The epochs of a training run, batch by batch, in an order that follows from the seed.

    Each epoch is a new order of all examples; epoch e of seed s is the same whatever ran before.

    Parameters
    ----------
    inputs
        (N, …), uint8 images or float32 features.
    labels
        (N,) int, or (N, K) one-hot.
    first
        Epochs to leave out, since they were trained before.
    augment
        (Batch of float images, 0 to 255; the batch's number in the whole run) -> the same shape.

    Returns
    -------
    tf.data.Dataset
        (epochs - first) * ceil(N / batch_size) pairs of float32: images in 0 to 1, or features as
        they are.
    """
    import tensorflow as tf  # a heavy import, and only training needs it

    count = len(inputs)
    inputs, labels = tf.constant(np.asarray(inputs)), tf.constant(labels, "float32")

    def epoch(number):
        order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=[seed, number])
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

    def load(order):
        batch = tf.cast(tf.gather(inputs, order), "float32")
        return batch, tf.gather(labels, order)

    data = tf.data.Dataset.range(first, epochs).flat_map(epoch).map(load)
    if augment:
        steps = -(-count // batch_size)
        # one after the other: in a parallel map the draws of two batches get into one another
        data = data.enumerate(start=first * steps).map(
            lambda number, batch: (augment(batch[0], number), batch[1])
        )
    if inputs.dtype == tf.uint8:
        data = data.map(lambda images, targets: (images / 255.0, targets))
    return data.prefetch(2)


def scaled(inputs: np.ndarray) -> np.ndarray:
    """Validation inputs as `batches` gives training ones: uint8 to 0 to 1, features unchanged."""
    return inputs.astype("float32") / (255.0 if inputs.dtype == np.uint8 else 1.0)
