"""What a user's own program left of one run -> history, predictions, scalars and facts.

Which of the recorder's fits (`labproof.run` describes its folder) and which of the files that the
code itself writes, under the lab's names and in its units, checked.
"""

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
import yaml

from labproof.errors import LabError
from labproof.training import foreign_files, foreign_names

FACTS = ("seconds", "epochs", "parameters")


class Run(NamedTuple):
    """One run of one cell.

    history
        epoch (1, 2, …) and columns of numbers; None where the code tells of no epochs.
    predictions
        split, image, label, and probability, p0 … pK or prediction; None where there are none.
    scalars
        Name -> number.
    facts
        seconds, epochs, parameters, memory (MiB), versions, mixed, problems, as far as known.
    """

    history: pd.DataFrame | None
    predictions: pd.DataFrame | None
    scalars: dict[str, float]
    facts: dict


def fit_names(folder: Path | str) -> list[str]:
    """The fits that the recorder left in a folder: "1", "2" … in order, then names."""
    found = [unquote(path.name.removeprefix("fit-")) for path in Path(folder).glob("fit-*")]
    return sorted(found, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0))


def read_run(
    folder: Path | str,
    reads: Mapping | None = None,
    *,
    fits: Sequence[str] = (),
    stages: bool = False,
    work: Path | str | None = None,
    output: Path | str | None = None,
    epochs: int | None = None,
    needs: Collection[str] = (),
) -> Run:
    """Read what one run left.

    Parameters
    ----------
    folder
        LABPROOF_OUT of the run.
    reads
        Of tasks.yaml, all optional: `history`, `predictions`, `scalars` (names of files that the
        code writes), `output` (`history` and `scalars`: patterns of lines), `columns` (their name
        -> ours), `percent` (names, theirs or ours, that are divided by 100).
    fits
        Names of the recorder's fits that make the run; of several, as of folds, the mean. Left out:
        the only one.
    stages
        The fits are one training in a row, as of a network that is trained frozen and then
        fine-tuned: epochs count on, a column that one of them lacks is NaN there, seconds add up,
        and all else is the last one's.
    work
        The folder that the program ran in, where its files are looked for second.
    output
        A file with what it printed.
    epochs
        How many there must be at least.
    needs
        Columns that the history must have.

    Raises
    ------
    LabError
        Nothing was left, or something cannot be used; names the file, the cause and the mend.
    """
    folder, reads = Path(folder), reads or {}
    places = [folder, *([Path(work)] if work else [])]
    lines = foreign_files.printed(Path(output)) if output and reads.get("output") else []
    chosen = _chosen(folder, fits, reads)
    tables = [_recorded(folder, name) for name in chosen]
    source, history, single = _history(places, reads, tables, lines, stages)
    if history is not None:
        foreign_names.check_extent(history, source, epochs, needs)
    if stages:
        tables = [_in_a_row(tables)]
    scalars = foreign_names.renamed(single | _scalars(places, reads, tables, lines, folder), reads)
    predictions = _predictions(places, reads, tables)
    if history is None and predictions is None and not scalars:
        raise LabError(
            f"{folder}: the run left nothing that can be read: no fit was recorded, and there is "
            "no history, no scalars and no predictions. Start it by `python -m labproof.run`, call "
            "labproof.run.log in its loop, or name the file that it writes by `reads: {history: "
            "...}`."
        )
    return Run(history, predictions, scalars, _facts(folder, tables))


def read_history(file: Path | str, reads: Mapping | None = None) -> pd.DataFrame:
    """The history in one file of a run: epoch (1, 2, …) and columns of numbers; see `read_run`."""
    file, reads = Path(file), reads or {}
    return foreign_names.tidy(foreign_files.history(file)[0], reads, file)


class _Recorded(NamedTuple):
    """The files of one fit."""

    folder: Path
    history: pd.DataFrame | None
    predictions: pd.DataFrame | None
    scalars: dict
    facts: dict


def _chosen(folder: Path, fits: Sequence[str], reads: Mapping) -> list[str]:
    there = fit_names(folder)
    for name in fits:
        if str(name) not in there:
            raise LabError(
                f"{folder}: fit {name} is missing; the run recorded {', '.join(there) or 'none'}. "
                "Correct `fit`, or see whether the run ended early."
            )
    if fits or len(there) < 2 or "history" in reads:
        return [str(name) for name in fits] or there[:1]
    each = [int(name) if name.isdigit() else name for name in there]
    last, stages, folds = (
        yaml.safe_dump({"fit": value}, default_flow_style=True, width=math.inf).strip()[1:-1]
        for value in (each[-1], {"stages": each}, each)
    )
    raise LabError(
        f"{folder}: the run recorded {len(there)} fits ({', '.join(there)}), and nothing says "
        f"which of them the cell is. Write into the cell one of these:\n\n"
        f"    {last}   # this one alone\n"
        f"    {stages}   # one training in a row, as frozen and then fine-tuned\n"
        f"    {folds}   # folds, whose mean is taken"
    )


def _recorded(folder: Path, name: str) -> _Recorded:
    place = folder / f"fit-{quote(name, safe='')}"
    paths = [place / f"{kind}.csv" for kind in ("history", "predictions")]
    history, single = foreign_files.csv_history(paths[0]) if paths[0].is_file() else (None, {})
    scalars, facts = (
        foreign_files.mapping(path) if path.is_file() else {}
        for path in (place / "scalars.json", place / "facts.json")
    )
    predictions = foreign_files.predictions(paths[1], {}) if paths[1].is_file() else None
    return _Recorded(place, history, predictions, single | scalars, facts)


def _history(
    places, reads, tables, lines, stages: bool
) -> tuple[Path, pd.DataFrame | None, dict[str, float]]:
    """Where it is from, and what `foreign_files.history` gives, tidy."""

    def tidy(source: Path, history: pd.DataFrame, single: dict):
        return source, foreign_names.tidy(history, reads, source), single

    patterns = reads.get("output", {}).get("history", [])
    if patterns:
        return tidy(Path("output"), *foreign_files.printed_history(lines, patterns))
    if "history" in reads:
        path = _find(places, reads["history"], "history")
        return tidy(path, *foreign_files.history(path))
    found = [table for table in tables if table.history is not None]
    if found:
        each = []
        for table in found:
            history = table.history
            if stages and each:  # it counts anew, or on from `initial_epoch`
                history = history.assign(epoch=history["epoch"] - history["epoch"].iloc[0] + 1)
            each.append(tidy(table.folder / "history.csv", history, {})[1])
        joined = _numbered_on(each) if stages else _mean(each)
        return found[0].folder / "history.csv", joined, {}
    there = [name for name in ("history.csv", "history.json") if (places[0] / name).is_file()]
    if len(there) > 1:
        raise LabError(
            f"{places[0]}: the run left {' and '.join(there)}, and nothing says which is meant. "
            f"Name one of them: `reads: {{history: {there[0]}}}`."
        )
    if there:
        return tidy(places[0] / there[0], *foreign_files.history(places[0] / there[0]))
    return places[0], None, {}


def _numbered_on(stages: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One below the other, numbered on; NaN where a stage lacks a column of another's."""
    joined = pd.concat(stages, ignore_index=True)
    return joined.assign(epoch=range(1, len(joined) + 1))


def _in_a_row(tables: Sequence[_Recorded]) -> _Recorded:
    """The last of several stages, with what all of them told and took."""
    scalars = {name: value for table in tables for name, value in table.scalars.items()}
    facts = tables[-1].facts | {
        name: math.fsum(table.facts.get(name, 0) for table in tables)
        for name in ("seconds", "epochs")
        if name in tables[-1].facts
    }
    return tables[-1]._replace(scalars=scalars, facts=facts)


def _mean(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Mean of folds by epoch; a fold that stopped earlier keeps its last values to the end."""
    if len(tables) == 1:
        return tables[0]
    longest = max(tables, key=len)
    filled = [
        table.drop(columns="epoch")
        .reset_index(drop=True)
        .reindex(range(len(longest)), method="ffill")  # behind its end alone: a gap stays one
        for table in tables
    ]
    mean = sum(filled[1:], filled[0]) / len(filled)
    return pd.concat([longest[["epoch"]].reset_index(drop=True), mean], axis=1)


def _scalars(places, reads, tables, lines, folder: Path) -> dict[str, float]:
    found = {}
    for path in (folder / "scalars.json", reads.get("scalars")):
        if path is None:
            continue
        if isinstance(path, str):
            path = _find(places, path, "scalars")
        if path.is_file():
            found |= foreign_files.scalars(path)
    if tables:
        for name in tables[0].scalars:
            path = tables[0].folder / "scalars.json"
            told = [table.scalars[name] for table in tables if name in table.scalars]
            values = [foreign_files.scalar(value, path, name) for value in told]
            found[name] = math.fsum(values) / len(values)
    for pattern in reads.get("output", {}).get("scalars", []):
        matches = [match for line in lines for match in foreign_files.caught(pattern, line)]
        if not matches and pattern != foreign_files.KEY_VALUE:
            raise LabError(
                f'output: no line is "{pattern}". Correct the pattern under reads, output; '
                "{name} stands for a number."
            )
        for match in matches:
            found |= match
    return found


def _predictions(places, reads, tables) -> pd.DataFrame | None:
    columns = reads.get("columns", {})
    if "predictions" in reads:
        return foreign_files.predictions(
            _find(places, reads["predictions"], "predictions"), columns
        )
    found = [table.predictions for table in tables if table.predictions is not None]
    if found:
        together = pd.concat(found, ignore_index=True)
        if together.duplicated(["split", "image"]).any():  # each fold has images of its own
            first = itertools.accumulate([0, *(table["image"].max() + 1 for table in found)])
            together["image"] += np.repeat(list(first)[:-1], [len(table) for table in found])
        return together
    path = places[0] / "predictions.csv"
    return foreign_files.predictions(path, columns) if path.is_file() else None


def _facts(folder: Path, tables: Sequence[_Recorded]) -> dict:
    """Of the process, and of its fits: seconds in all, epochs and parameters of the first."""
    path = folder / "facts.json"
    facts = foreign_files.mapping(path) if path.is_file() else {}
    if tables:
        facts |= {name: tables[0].facts[name] for name in FACTS if name in tables[0].facts}
        seconds = [table.facts["seconds"] for table in tables if "seconds" in table.facts]
        if seconds:
            facts["seconds"] = math.fsum(seconds)
    return facts


def _find(places: Sequence[Path], name: str, kind: str) -> Path:
    foreign_files.check_kind(name)
    for place in places:
        if (place / name).exists():
            return place / name
    raise LabError(
        f"reads, {kind}: the run wrote no {name}, neither in {{out}} nor where it ran. Let the "
        "code write it there, or correct the name."
    )
