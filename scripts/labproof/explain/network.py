"""A cell's network as one that takes images, whatever was frozen below it; its weights by seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from labproof.data import store
from labproof.lab import trainings
from labproof.training import backbones, networks, weight_files


class Explained:
    """A cell's network, whatever comes before its dense layers; its weights by seed.

    One network takes the weights of one seed after the other, since to build it and to trace its
    maps takes longer than to draw them.

    Parameters
    ----------
    cell
        The resolved cell.
    shape
        H, W, C of its dataset.
    backbone, base
        The folder of the frozen network's weights, and its width, for a cell that was trained on
        features.
    """

    def __init__(self, cell: Mapping, shape: Sequence[int], backbone: Path | None, base: int):
        self.cell, self.base = cell, base
        self._frozen: list[np.ndarray] = []
        if backbone is None:
            self.below = None
            self.model = self.head = networks.build(cell, tuple(shape), seed=0)
        else:
            self._colour = (*shape[:2], 3)
            self.below = backbones.read(cell["backbone"], self._colour, backbone, base=base)
            self._frozen = self.below.get_weights()
            self.head = networks.build(cell, self._features, seed=0)
            self.model = backbones.join(self.below, self.head)

    @property
    def _features(self) -> tuple[int]:
        return (int(np.prod(self.below.output.shape[1:])),)

    def images(self, raw: np.ndarray) -> np.ndarray:
        """Images (uint8, N x H x W x C) as the network takes them."""
        if self.below is None:
            return store.scaled(raw)
        return backbones.preprocess(self.cell["backbone"], raw)

    def trained(self, file: Path) -> list[np.ndarray]:
        """The weights that a seed has trained, for `model`; LabError where the file is harmed."""
        mend = f"Delete the folder {file.parent} and run again."
        weight_files.load(self.head, file, of="this cell", mend=mend)
        return self._frozen + self.head.get_weights()

    def untrained(self, seed: int) -> list[np.ndarray]:
        """The seed's weights as they were before it learnt anything, its backbone's too."""
        own = trainings.stream(self.cell, seed)
        if self.below is None:
            return networks.build(self.cell, self.model.input.shape[1:], seed=own).get_weights()
        below = backbones.build(self.cell["backbone"], self._colour, base=self.base, seed=seed)
        head = networks.build(self.cell, self._features, seed=own)
        return below.get_weights() + head.get_weights()

    @property
    def layer(self) -> str:
        """The layer whose maps are weighed: the lab's, or the last convolution's rectifier."""
        return self.cell["heatmaps"].get("layer") or networks.last_activation(self.model)
