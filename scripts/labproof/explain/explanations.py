"""A network and its images -> maps by every method, their scores, and the sanity check."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from labproof.data import store
from labproof.explain import heatmaps, interventions, sanity, scores
from labproof.training import backbones, networks, weight_files

# These pass each image through the network dozens of times, so they are made of few images.
SLOW = ("Score-CAM", "integrated gradients", "occlusion")
CENTRE = "centre prior"


def choose(labels: np.ndarray, count: int) -> list[int]:
    """Rows of the first images, as many of either class; an odd one more of the first."""
    halves = [count - count // 2, count // 2]
    return [int(k) for label in (0, 1) for k in np.flatnonzero(labels == label)[: halves[label]]]


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
        if self.below is None:
            return networks.build(self.cell, self.model.input.shape[1:], seed=seed).get_weights()
        below = backbones.build(self.cell["backbone"], self._colour, base=self.base, seed=seed)
        head = networks.build(self.cell, self._features, seed=seed)
        return below.get_weights() + head.get_weights()

    @property
    def layer(self) -> str:
        """The layer whose maps are weighed: the lab's, or the last convolution's rectifier."""
        return self.cell["heatmaps"].get("layer") or networks.last_activation(self.model)


def score(
    model: keras.Model,
    images: np.ndarray,
    zones: np.ndarray | None,
    *,
    layer: str,
    target: np.ndarray,
    methods: Sequence[str],
    few: Sequence[int],
) -> tuple[Mapping[str, tuple], pd.DataFrame]:
    """Draw and score maps.

    Parameters
    ----------
    images, zones, target
        N x H x W x C as the model takes them, N x H x W (non-zero inside), the class of each.
    few
        Rows of the images for what is slow: the methods of `SLOW`, deletion and insertion.

    Returns
    -------
    maps
        Method -> (rows, maps), the maps as the method gives them.
    scores
        One row a method and image: `row`, `method`; where zones are known the scores of
        `heat_scores.score`, and each `…_area`, that of maps that know nothing; `deletion` and
        `insertion` (NaN but for the few).
    """
    maps, rows = {}, []
    for method in methods:
        places = np.array(few) if method in SLOW else np.arange(len(images))
        small = heatmaps.explain(
            model, images[places], layer=layer, target=target[places], method=method
        )
        maps[method] = (places, small)
        large = heatmaps.upsample(small, images.shape[1:3])
        for row, heatmap in zip(places, large, strict=True):
            found = {} if zones is None else _on_zone(heatmap, zones[row])
            if row in few and np.isfinite(heatmap).all():
                answer = _answer(model, layer, int(target[row]))
                found |= scores.curves(answer, images[row], heatmap)
            rows.append({"row": int(row), "method": method, **found})
    return maps, pd.DataFrame(rows)


def intervene(
    model: keras.Model,
    made: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    layer: str,
    zones: np.ndarray | None,
    markers: np.ndarray | None,
) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Put changed images to a network.

    Parameters
    ----------
    made
        As `interventions.versions` gives it, the images as the model takes them.
    zones, markers
        Of the unchanged images, N x H x W (non-zero inside); None where they are not known.

    Returns
    -------
    probability
        Version -> probability of the last class of each of its images.
    shares
        One row a version and image: `interventions.shares` of the predicted class's Grad-CAM.
    """
    given, where = {}, []
    for name, (images, rows) in made.items():
        given[name], maps = heatmaps.answer(model, images, layer=layer)
        for heatmap, row in zip(heatmaps.upsample(maps, images.shape[1:3]), rows, strict=True):
            areas = [None if areas is None else areas[row] for areas in (zones, markers)]
            where.append(interventions.shares(heatmap, *areas))
    return given, pd.DataFrame(where)


def centre(zones: np.ndarray) -> pd.DataFrame:
    """Scores of a map that always points at the centre: the same for every network."""
    heatmap = scores.centre_map(zones.shape[1:])
    rows = [
        {"row": row, "method": CENTRE, **_on_zone(heatmap, zone)} for row, zone in enumerate(zones)
    ]
    return pd.DataFrame(rows)


def check(
    model: keras.Model,
    untrained: Sequence[np.ndarray],
    images: np.ndarray,
    *,
    layer: str,
    target: np.ndarray,
    methods: Sequence[str],
    few: Sequence[int],
) -> pd.DataFrame:
    """The sanity check of `sanity.cascade` on the few images, for the methods that are not slow."""
    found = []
    for method in methods:
        if method not in SLOW:

            def explainer(network, batch, method=method):
                small = heatmaps.explain(
                    network, batch, layer=layer, target=target[few], method=method
                )
                return heatmaps.upsample(small, batch.shape[1:3])

            steps = sanity.cascade(model, untrained, images, explainer)
            found.append(steps.assign(method=method))
    names = ["step", "layer", "correlation", "undefined", "method"]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=names)


def _on_zone(heatmap: np.ndarray, zone: np.ndarray) -> dict[str, float]:
    chance = {f"{name}_area": value for name, value in scores.by_area(zone).items()}
    return scores.score(heatmap, zone) | chance


def _answer(model: keras.Model, layer: str, target: int):
    """Images -> probability of a class."""

    def of(batch: np.ndarray) -> np.ndarray:
        positive = heatmaps.probability(model, batch, layer=layer)
        return positive if target else 1 - positive

    return of
