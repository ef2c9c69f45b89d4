"""Whether the tables of a lab's cells hold all that was trained, before anything rests on them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from labproof import tables
from labproof.errors import LabError


def check(
    lab: Mapping,
    results: Path,
    missing: Sequence[Mapping] = (),
    cells: Iterable[str] | None = None,
) -> None:
    """Read each cell's histories and predictions, with every epoch and image of every seed.

    Parameters
    ----------
    lab
        The resolved lab.
    results
        The preset's results folder.
    missing
        What `gaps.find` gives; nobody expects these seeds.
    cells
        Which; all by default.

    Raises
    ------
    LabError
        A table is not whole, see `tables.read`, or holds nothing.
    """
    for name in lab["cells"] if cells is None else cells:
        cell = lab["cells"][name]
        lacking = {seed for gap in missing if gap["cell"] == name for seed in gap["seeds"]}
        seeds = set(lab["seeds"]) - lacking
        if not seeds:
            continue
        records = tables.read(results / "datasets" / cell["dataset"] / "records.csv")
        images = ()
        if records is not None:
            images = records.loc[records["split"] == "validation", "image"]
        for kind, whole in (
            ("histories", {"epochs": cell["epochs"]}),
            ("predictions", {"images": images}),
        ):
            path = results / kind / f"{name}.csv"
            if tables.read(path, seeds=seeds, **whole) is None:
                raise LabError(f"{path}: holds nothing. {tables.mend(path)}")
