"""Which cells are one training: cells that differ in nothing that changes how they train."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from math import inf

# What of a cell is told and drawn, and changes nothing of how it trains.
TOLD = ("label", "task", "control", "heatmaps", "same_as", "continues", "continued")
# What of a data set changes none of the images that are trained on.
ASKED = ("validation", "final", "classes")


def settings(cell: Mapping) -> dict:
    """What of a resolved cell its training hangs on."""
    return {key: value for key, value in cell.items() if key not in TOLD}


def alike(cells: Mapping[str, Mapping], besides: Iterable[str] = ()) -> list[list[str]]:
    """Names of the cells in groups of one training each, in order.

    Parameters
    ----------
    cells
        Name -> resolved cell.
    besides
        Keys in which the cells of a group may differ, such as "epochs".
    """
    groups: dict[str, list[str]] = {}
    for name, cell in cells.items():
        kept = {key: value for key, value in settings(cell).items() if key not in besides}
        groups.setdefault(repr(sorted(kept.items())), []).append(name)
    return list(groups.values())


def shared(
    cells: Mapping[str, Mapping], datasets: Mapping[str, Mapping], besides: Iterable[str] = ()
) -> dict[str, str]:
    """Name of each cell -> the first cell of those that are one training with it, as `alike` says.

    Data sets that differ in nothing but their names are the same images: a control without markers
    is none on films that have no marker to leave out. Cells of the user's own are each a training
    of their own: their code or their files may hang on the name, which a command is told.
    """
    seen = {
        name: {**cell, "dataset": datasets.get(cell["dataset"]), "own": cell.get("run") and name}
        for name, cell in cells.items()
    }
    return {name: group[0] for group in alike(seen, besides) for name in group}


def paired(cells: Mapping[str, Mapping], datasets: Mapping[str, Mapping]) -> dict[str, str]:
    """Name of each cell -> the first of those with which it is compared seed by seed.

    One seed's values of two such cells hang together: the cells differ in epochs alone, and one is
    the other's beginning; or one run of the user's code trains both, from one seed, mostly on one
    split of the data, perhaps one from the other's weights.
    """
    chains = shared(cells, datasets, besides=["epochs"])
    return {name: _leader(cell) or chains[name] for name, cell in cells.items()}


def chain(cells: Mapping[str, dict], datasets: Mapping[str, Mapping]) -> None:
    """Set what cells share: each training is done once, and none begins where another has been.

    - `same_as`: the first cell that is one training with this one, or None
    - `continues`, `continued`: the cell that differs in epochs alone and has the next fewer, or the
      next more; None where there is none, and of a cell that is the same as another
    """
    first = shared(cells, datasets)
    for name, cell in cells.items():
        same = None if first[name] == name else first[name]
        cell |= {"same_as": same, "continues": None, "continued": None}
    own = {name: cell for name, cell in cells.items() if cell["same_as"] is None}
    longest: dict[str, str] = {}
    chains = shared(own, datasets, besides=["epochs"])
    for name in sorted(own, key=lambda name: own[name]["epochs"]):
        shorter = longest.get(chains[name])
        if shorter:
            cells[shorter]["continued"], cells[name]["continues"] = name, shorter
        longest[chains[name]] = name


def trained_as(cells: Mapping[str, Mapping], name: str) -> str:
    """The cell under whose name a cell's seeds are trained: the first of the same ones."""
    return cells[name]["same_as"] or name


def granted_as(cells: Mapping[str, Mapping], name: str) -> str:
    """The cell with whose seeds a cell's own come: that of its training or of its run."""
    return _leader(cells[name]) or trained_as(cells, name)


def _leader(cell: Mapping) -> str | None:
    """The cell whose run of the user's code trains this one too; None where there is none."""
    return (cell.get("run") or {}).get("shares")


def to_repeat(cells: Mapping[str, Mapping]) -> str | None:
    """The cell whose first seed is run twice, to see whether its code is seeded at all; or None.

    Of those that a command trains in a run of their own, the one with the fewest epochs.
    """
    found = [
        (cell["epochs"] or inf, name)
        for name, cell in cells.items()
        if (run := cell.get("run")) and not (run["given"] or run["shares"] or run["deterministic"])
    ]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def images(dataset: Mapping) -> str:
    """Hash of what the training images of a resolved data set are, wherever they lie."""
    kept = {key: value for key, value in dataset.items() if key not in ASKED}
    kept["images"] = {key: value for key, value in dataset["images"].items() if key != "path"}
    return _hash(kept).hex()


def stream(cell: Mapping, seed: int) -> int:
    """The number, below 2^31, that all random numbers of one training follow from.

    Each training has one of its own, since cells are compared as if they were independent; cells
    that are one training, or differ in epochs alone, share it.
    """
    besides = ("dataset", "epochs")  # `images` tells one data set from another
    kept = {key: value for key, value in settings(cell).items() if key not in besides}
    return int.from_bytes(_hash([kept, seed])[:4]) >> 1


def _hash(told: object) -> bytes:
    text = json.dumps(told, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
