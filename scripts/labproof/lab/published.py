"""published.csv -> checked rows: the numbers that other groups found, one run each."""

import math
from collections.abc import Collection
from pathlib import Path

from labproof.errors import LabError
from labproof.lab import foreign_csv
from labproof.lab.validation import suggest

COLUMNS = ["cell", "group", "metric", "value", "note"]
# Name in the file -> the highest that it can be; none is below 0.
METRICS = {"accuracy": 1.0, "val_accuracy": 1.0, "loss": math.inf, "val_loss": math.inf}


def read(
    file: str | Path | None, root: Path = Path(), cells: Collection[str] | None = None
) -> list[dict[str, str | float]]:
    """Read the published numbers in `root / file`; messages name `file`. None are in no file.

    Parameters
    ----------
    cells
        The lab's cells; None where they are not known, and any is taken.

    Returns
    -------
    list
        One dict a line by `COLUMNS`: `value` is a float (accuracies 0 to 1, losses in nats), NaN
        where a note says in words what no number is known of; the others are text, `note` may be
        empty. No cell, group and metric come twice.

    Raises
    ------
    LabError
        For the first line that is wrong, with its number, the cause and the mend.
    """
    if not file:
        return []
    header, lines = foreign_csv.read(file, root)
    if header != COLUMNS:
        raise LabError(
            f"{file}, line 1: must be {','.join(COLUMNS)}, with commas, but is "
            f"{','.join(header) or 'empty'}."
        )
    rows, seen = [], {}
    for number, row in lines:
        try:
            rows.append({**row, "value": _check(row, cells)})
            key = (row["cell"], row["group"], row["metric"])
            if seen.setdefault(key, number) != number:
                raise ValueError(f"says again what line {seen[key]} says. Take one of them away.")
        except ValueError as error:
            raise LabError(f"{file}, line {number}: {error}") from None
    return rows


def _check(row: dict[str, str], cells: Collection[str] | None) -> float:
    """The value of a row; ValueError with the cause where something of the row is wrong."""
    for key, known in (("cell", cells), ("metric", METRICS)):
        if known is not None and row[key] not in known:
            raise ValueError(f'the {key} "{row[key]}" is not known.{suggest(row[key], known)}')
    if not row["group"]:
        raise ValueError("the group is empty. Write who found it.")
    if not math.isnan(_number(row["note"])):
        raise ValueError(
            f'the note "{row["note"]}" is a number. Write 0.85 with a point, and notes in words.'
        )
    value, highest = _number(row["value"]), METRICS[row["metric"]]
    if math.isnan(value) and (row["value"] or not row["note"]):
        raise ValueError(f'the value "{row["value"]}" is no number. Write 0.85.')
    if math.isinf(value) or value < 0 or value > highest:
        limits = "from 0 to 1" if highest == 1 else "0 or more"
        raise ValueError(
            f"the {row['metric']} {row['value']} cannot be: it is {limits}. Write 85 % as 0.85."
        )
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
