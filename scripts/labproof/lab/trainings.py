"""Which cells are one training: cells that differ in nothing that changes how they train."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

# What of a cell is told and drawn, and changes nothing of how it trains.
TOLD = ("label", "task", "control", "heatmaps", "continues", "continued")


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
    is none on films that have no marker to leave out.
    """
    seen = {name: {**cell, "dataset": datasets[cell["dataset"]]} for name, cell in cells.items()}
    return {name: group[0] for group in alike(seen, besides) for name in group}


def chain(cells: Mapping[str, dict]) -> None:
    """Set `continues` and `continued` of cells that differ in epochs alone, the shortest first."""
    for cell in cells.values():
        cell |= {"continues": None, "continued": None}
    for group in alike(cells, besides=["epochs"]):
        group.sort(key=lambda name: cells[name]["epochs"])
        for shorter, longer in pairwise(group):
            cells[shorter]["continued"], cells[longer]["continues"] = longer, shorter
