"""What findings are judged by: a run's tables, whole before anything rests on them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from labproof import tables
from labproof.data import audit
from labproof.errors import LabError
from labproof.judging import accounts
from labproof.judging.measures import FINAL, VALIDATION
from labproof.paths import Results

ASKED = (VALIDATION, FINAL)  # splits of the images that every seed answers


def read(
    results: Results, cells: Iterable[str], given: Collection[str]
) -> dict[str, dict[str, pd.DataFrame | None]]:
    """Cell -> its tables by kind; None for one that is missing.

    `given` are the files and folders that may be read: another, of a cell that a partial report
    lacks, may be of an earlier run.
    """
    found = {
        cell: {
            kind: tables.read(Path(file))
            if file in given or str(Path(file).parent) in given
            else None
            for kind, file in results.evidence(cell).items()
        }
        for cell in cells
    }
    return {
        cell: {**kinds, "facts": accounts.by_seed(kinds["facts"])} for cell, kinds in found.items()
    }


def warnings(results: Results, datasets: Iterable[str]) -> dict[str, list[str]]:
    """Dataset -> what its audit warns of, for those that have one."""
    found = {name: audit.read(Path(results.audit(name))) for name in datasets}
    return {name: facts["warnings"] for name, facts in found.items() if facts}


def check(
    lab: Mapping,
    results: Results,
    missing: Sequence[Mapping] = (),
    cells: Iterable[str] | None = None,
) -> None:
    """Read each cell's histories and predictions, with every epoch and image of every seed.

    Parameters
    ----------
    lab
        The resolved lab.
    results
        The paths of its results.
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
        seeds = set(lab["seeds_of"][name]) - lacking
        if not seeds:
            continue
        if cell.get("run"):  # its tables were checked when they were gathered
            tables.read(Path(results.history(name)), seeds=seeds)
            continue
        records = tables.read(Path(results.dataset(cell["dataset"]), "records.csv"))
        images = ()
        if records is not None:
            images = records.loc[records["split"].isin(ASKED), "image"]
        for file, whole in (
            (results.history(name), {"epochs": cell["epochs"]}),
            (results.predictions(name), {"images": images}),
        ):
            path = Path(file)
            if tables.read(path, seeds=seeds, **whole) is None:
                raise LabError(f"{path}: holds nothing. {tables.mend(path)}")
