"""The one way to read a table under results/: CSV in UTF-8 with a header, and whole."""

import csv
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from labproof.errors import LabError, first_line

# Columns of names that users give. They are text, whatever they look like: 007 is no number. Nor is
# NA a gap: these tables leave a gap empty.
NAMES = ("class", "group", "source", "file", "cell")

NUMBERS = ("seed", "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "probability")
GATHERED = ("histories", "predictions", "facts")  # folders with a table a cell, from its blocks


def read(
    path: Path,
    *,
    seeds: Collection[int] = (),
    epochs: int | None = None,
    images: Collection[int] = (),
) -> pd.DataFrame | None:
    """A CSV file, or None where there is none or it holds no rows.

    Parameters
    ----------
    seeds, epochs, images
        What it must hold at least, where that is known: the seeds; of each its epochs, from 1, as
        many as it has where that is not known; of each its images.

    Raises
    ------
    LabError
        It was cut or changed by hand: a line or a seed has less than the others, or less than is
        asked for; a number is none.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return None
    try:
        _check_lines(path)
        table = pd.read_csv(
            path, dtype=dict.fromkeys(NAMES, str), keep_default_na=False, na_values=[""]
        )
        if not len(table):
            return None
        _check_numbers(table)
        if "seed" in table:
            _check_seeds(table, seeds, epochs, images)
    except ValueError as error:  # pandas' and Unicode's are of this kind too
        raise LabError(f"{path}: is not whole ({first_line(error)}). {mend(path)}") from error
    return table


def _check_lines(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        text = file.read()
    if not text.endswith("\n"):
        raise ValueError("its last line is cut off")
    lines = csv.reader(text.splitlines(keepends=True))
    width = len(next(lines))
    for line in lines:
        if len(line) != width:
            raise ValueError(f"line {lines.line_num} has {len(line)} values instead of {width}")


def _check_numbers(table: pd.DataFrame) -> None:
    for name in NUMBERS:
        if name in table and not pd.api.types.is_numeric_dtype(table[name]):
            raise ValueError(f"something in the column {name} is no number")


def _check_seeds(
    table: pd.DataFrame, seeds: Collection[int], epochs: int | None, images: Collection[int]
) -> None:
    rows = table.groupby("seed").size()
    if missing := sorted(set(seeds) - set(rows.index)):
        raise ValueError(f"it lacks seed {missing[0]}")
    if rows.nunique() > 1 and (epochs or "epoch" not in table):
        raise ValueError(f"seed {rows.idxmin()} has {rows.min()} rows, seed {rows.idxmax()} more")
    for seed, of_seed in table.groupby("seed"):
        if "epoch" in table:
            last = epochs or len(of_seed)
            if of_seed["epoch"].tolist() != list(range(1, last + 1)):
                raise ValueError(f"seed {seed} does not have each of the epochs 1 to {last}")
        if missing := set(images) - set(of_seed.get("image", ())):
            raise ValueError(f"seed {seed} lacks image {min(missing)}")


def mend(path: Path) -> str:
    """What the user is to delete, so that the next run makes the table again."""
    if path.parent.name in GATHERED:
        blocks = path.parent.parent / "blocks" / path.stem
        return (
            f"Delete it and run again. Should it be no better then, delete {blocks} too, and its "
            "seeds train again."
        )
    if path.parent.name == "interventions":
        return "Delete it and run again."
    return f"Delete the folder {path.parent} and run again."
