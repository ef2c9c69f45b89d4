"""Images in one store for each dataset.

A store is a folder: `images.npy` (uint8, N x H x W x C), or `features.npy` (float32, N x F) where a
backbone has gone before; `records.csv` (image, split, label, class, source, …); `zones.npy` (uint8,
N x H x W, 1 inside) where known.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from labproof import tables

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
        tables.read(folder / "records.csv"),
        np.load(zones, mmap_mode="r") if zones.exists() else None,
    )


def scaled(inputs: np.ndarray) -> np.ndarray:
    """Inputs as the networks take them: uint8 to 0 to 1, features unchanged."""
    return inputs.astype("float32") / (255.0 if inputs.dtype == np.uint8 else 1.0)
