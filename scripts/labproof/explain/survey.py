"""What one cell's networks are asked, seed by seed: maps by every method, their scores, the sanity
check, and interventions.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd

from labproof.data.store import Dataset
from labproof.explain import heatmaps, interventions, sanity, scores
from labproof.explain.network import Explained

# These pass each image through the network dozens of times, so they are made of few images.
SLOW = ("Score-CAM", "integrated gradients", "occlusion")
CENTRE = "centre prior"


def choose(labels: np.ndarray, count: int) -> list[int]:
    """Rows of the first images, as many of either class; an odd one more of the first."""
    halves = [count - count // 2, count // 2]
    return [int(k) for label in (0, 1) for k in np.flatnonzero(labels == label)[: halves[label]]]


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
        `scores.score`, and each `…_area`, that of maps that know nothing; `deletion` and
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


class Answers(NamedTuple):
    """What the network of one seed gave."""

    seed: int
    about: pd.DataFrame  # image, label, predicted, probability (of label 1), a row an image
    maps: dict[str, tuple]  # method -> (rows, maps), as `score` gives them
    scores: pd.DataFrame  # of the trained network, the untrained one and the centre
    sanity: pd.DataFrame
    interventions: pd.DataFrame


class Survey:
    """A cell's networks and the validation images that they are asked about.

    Parameters
    ----------
    cell
        The resolved cell.
    dataset
        Its images, whatever the network was trained on.
    backbone, base
        As `Explained` takes them.
    few
        How many images serve for what is slow.
    """

    def __init__(
        self, cell: Mapping, dataset: Dataset, backbone: Path | None, *, base: int, few: int
    ):
        records = dataset.records[dataset.records["split"] == "validation"].reset_index(drop=True)
        self.raw, self.labels = dataset.split("validation")
        self.numbers = records["image"].to_numpy()
        self.network = Explained(cell, self.raw.shape[1:], backbone, base)
        self.images = self.network.images(self.raw)
        self.zones = None if dataset.zones is None else dataset.zones[self.numbers]
        self.markers = interventions.marker_boxes(records, self.raw.shape[1:3])
        versions = interventions.versions(self.raw, self.zones, records)
        self.made = {
            name: (self.network.images(images), rows) for name, (images, rows) in versions.items()
        }
        self.few = choose(self.labels, few)
        self.wanted = cell["heatmaps"]
        self.centre = None if self.zones is None else centre(self.zones).assign(network="none")

    def ask(self, file: Path) -> Answers:
        """Put all to the network of one seed, whose weights a file `{seed}.weights.h5` holds."""
        seed = int(file.name.split(".")[0])
        model = self.network.model
        trained, untrained = self.network.trained(file), self.network.untrained(seed)
        model.set_weights(trained)
        given, where = intervene(
            model, self.made, layer=self.network.layer, zones=self.zones, markers=self.markers
        )
        found = interventions.answers(given, self.made, self.labels, self.numbers)
        probability = given[interventions.AS_IT_IS]
        predicted = (probability > 0.5).astype(int)
        asked = {
            "layer": self.network.layer,
            "target": self._target(predicted),
            "methods": self.wanted["methods"],
            "few": self.few,
        }
        about = pd.DataFrame(
            {
                "image": self.numbers,
                "label": self.labels,
                "predicted": predicted,
                "probability": probability,
            }
        )
        maps, of_trained = score(model, self.images, self.zones, **asked)
        model.set_weights(untrained)
        _, of_untrained = score(model, self.images, self.zones, **asked)
        model.set_weights(trained)
        each = [of_trained.assign(network="trained"), of_untrained.assign(network="untrained")]
        if self.centre is not None:
            each.append(self.centre)
        rows = pd.concat(each, ignore_index=True)
        scored = about.loc[rows.pop("row")].reset_index(drop=True).join(rows)
        steps = check(model, untrained, self.images[self.few], **asked)
        logging.info("seed %d: %d maps", seed, sum(len(small) for _, small in maps.values()))
        return Answers(
            seed,
            about,
            maps,
            scored.assign(seed=seed),
            steps.assign(seed=seed),
            found.join(where).assign(seed=seed),
        )

    def _target(self, predicted: np.ndarray) -> np.ndarray:
        """The class of each image that its maps are to explain."""
        return {
            "predicted": predicted,
            "label": self.labels,
            "negative": np.zeros_like(self.labels),
            "positive": np.ones_like(self.labels),
        }[self.wanted.get("target", "predicted")]


def write(
    answers: Sequence[Answers], survey: Survey, folder: Path, interventions: Path
) -> pd.DataFrame:
    """Write maps.npz, scores.csv and sanity.csv into a folder, and the table of interventions.

    Returns the table of scores.
    """
    kept = {
        f"{method}/{each.seed}": small
        for each in answers
        for method, (_, small) in each.maps.items()
    }
    np.savez_compressed(
        folder / "maps.npz", image=survey.numbers, few=survey.numbers[survey.few], **kept
    )
    front = ["seed", "image", "label", "method", "network", "predicted", "probability"]
    _write([each.interventions for each in answers], ["seed"], interventions)
    _write([each.sanity for each in answers], [], folder / "sanity.csv")
    return _write([each.scores for each in answers], front, folder / "scores.csv")


def _write(parts: Sequence[pd.DataFrame], first: list[str], file: Path) -> pd.DataFrame:
    """Write tables as one, some columns first."""
    table = pd.concat(parts, ignore_index=True)
    table = table[[*first, *(name for name in table if name not in first)]]
    table.to_csv(file, index=False)
    return table
