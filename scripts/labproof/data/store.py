"""Images in one store for each dataset.

A store is a folder: `images.npy` (uint8, N x H x W x C), or `features.npy` (float32, N x F) where a
backbone has gone before; `records.csv` (image, split, label, class, source, …); `zones.npy` (uint8,
N x H x W, 1 inside) where known.
"""

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from labproof import disk, tables

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


def create(file: Path, shape: tuple[int, ...], dtype: np.dtype | type = np.uint8) -> np.memmap:
    """A new array of zeros on the disk, mapped; LabError where the disk has no room for it."""
    dtype = np.dtype(dtype)
    told = {"descr": dtype.str, "fortran_order": False, "shape": tuple(shape)}
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, told)
    with file.open("wb", buffering=0) as made:
        disk.reserve(made, head.tell() + dtype.itemsize * math.prod(shape))
        made.write(head.getvalue())
    return np.load(file, mmap_mode="r+")


def save(file: Path, array: np.ndarray) -> None:
    """As numpy.save, but where the disk has no room for it, that is what is said."""
    made = create(file, array.shape, array.dtype)
    made[...] = array
    made.flush()


def write(
    folder: Path, inputs: np.ndarray, records: pd.DataFrame, zones: np.ndarray | None = None
) -> None:
    """Write a store; images are uint8, features float32."""
    folder.mkdir(parents=True, exist_ok=True)
    name = "images.npy" if inputs.dtype == np.uint8 else "features.npy"
    save(folder / name, inputs)
    if zones is not None:
        save(folder / "zones.npy", zones.astype(np.uint8))
    records.to_csv(folder / "records.csv", index=False)


def read(folder: Path) -> Dataset:
    """Read a store; inputs and zones are mapped, not loaded."""
    inputs = next(
        path for name in ("images", "features") if (path := folder / f"{name}.npy").exists()
    )
    zones = folder / "zones.npy"
    return Dataset(
        np.load(inputs, mmap_mode="r"),
        tables.read(folder / "records.csv"),
        np.load(zones, mmap_mode="r") if zones.exists() else None,
    )


def scaled(inputs: np.ndarray) -> np.ndarray:
    """Inputs as the networks take them: uint8 to 0 to 1, features unchanged."""
    return inputs.astype("float32") / (255.0 if inputs.dtype == np.uint8 else 1.0)
