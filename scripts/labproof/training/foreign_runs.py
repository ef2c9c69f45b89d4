"""What a user's own program left of one run -> history, predictions, scalars and facts.

The recorder's folder (`labproof.run` describes it), and files that the code itself writes: CSV,
JSON, TensorBoard's events, lines of its output. A pickle is never opened: it is a program.
"""

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd

from labproof.errors import LabError, first_line
from labproof.lab import foreign_csv

# What versions of Keras have called one metric.
ACCURACY = "acc|binary_accuracy|categorical_accuracy|sparse_categorical_accuracy"
FACTS = ("seconds", "epochs", "parameters")
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?inf(?:inity)?|nan"
KEY_VALUE = "key: value"
PICKLES = (".pkl", ".pickle", ".p", ".npy", ".npz", ".pt", ".pth", ".h5", ".hdf5")


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
        -> ours), `percent` (names, theirs or ours, that are divided by 100), `nan: keep`.
    fits
        Names of the recorder's fits that make the run; of several, as of folds, the mean. Left out:
        the only one.
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
    lines = _lines(Path(output)) if output and reads.get("output") else []
    chosen = _chosen(folder, fits, reads)
    tables = [_recorded(folder, name) for name in chosen]
    source, history = _history(places, reads, tables, lines)
    scalars = _scalars(places, reads, tables, lines, folder)
    if history is not None:
        history, single = _tidy(history, reads, source)
        scalars = {**single, **scalars}
        _check(history, source, reads, epochs, needs)
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
    history, _ = _tidy(_read_history(file), reads, file)
    _check(history, file, reads, None, ())
    return history


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
                "Correct `fits`, or see whether the run ended early."
            )
    if fits or len(there) < 2 or "history" in reads:
        return [str(name) for name in fits] or there[:1]
    raise LabError(
        f"{folder}: the run recorded {len(there)} fits ({', '.join(there)}), and nothing says "
        f"which cell each is. Name this cell's, such as `fit: {there[0]}`; where they are "
        "the folds of one cell, write all of them as a list, and their mean is taken."
    )


def _recorded(folder: Path, name: str) -> _Recorded:
    place = folder / f"fit-{quote(name, safe='')}"
    history, predictions = place / "history.csv", place / "predictions.csv"
    return _Recorded(
        place,
        _read_csv(history) if history.is_file() else None,
        _read_predictions(predictions, {}) if predictions.is_file() else None,
        _read_json(place / "scalars.json") if (place / "scalars.json").is_file() else {},
        _read_json(place / "facts.json") if (place / "facts.json").is_file() else {},
    )


def _history(places, reads, tables, lines) -> tuple[Path, pd.DataFrame | None]:
    patterns = reads.get("output", {}).get("history", [])
    if patterns:
        return Path("output"), _from_lines(lines, patterns)
    if "history" in reads:
        path = _find(places, reads["history"], "history")
        return path, _read_history(path)
    found = [table for table in tables if table.history is not None]
    if found:
        return found[0].folder / "history.csv", _mean([table.history for table in found])
    for name in ("history.csv", "history.json"):
        if (places[0] / name).is_file():
            return places[0] / name, _read_history(places[0] / name)
    return places[0], None


def _mean(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Mean of folds by epoch; a fold that stopped earlier keeps its last values to the end."""
    if len(tables) == 1:
        return tables[0]
    longest = max(tables, key=len)
    filled = [
        table.drop(columns="epoch").reset_index(drop=True).reindex(range(len(longest))).ffill()
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
            found |= _read_scalars(path)
    if tables:
        for name in tables[0].scalars:
            values = [table.scalars[name] for table in tables if name in table.scalars]
            if None in values:
                raise LabError(_not_a_number(tables[0].folder / "scalars.json", name))
            found[name] = math.fsum(values) / len(values)
    for pattern in reads.get("output", {}).get("scalars", []):
        matches = [match for line in lines for match in _match(pattern, line)]
        if not matches and pattern != KEY_VALUE:
            raise LabError(
                f'output: no line is "{pattern}". Correct the pattern under reads, output; '
                "{name} stands for a number."
            )
        for match in matches:
            found |= match
    return _renamed(found, reads)


def _renamed(scalars: dict, reads: Mapping) -> dict[str, float]:
    columns, percent = reads.get("columns", {}), reads.get("percent", [])
    found = {}
    for name, value in scalars.items():
        ours = columns.get(name, name)
        found[ours] = value / 100 if name in percent or ours in percent else value
    names = _one_accuracy(found)
    return {names.get(name, name): value for name, value in found.items()}


def _one_accuracy(names: Iterable[str]) -> dict[str, str]:
    """acc -> accuracy, val_acc -> val_accuracy and the like, where nothing else is called so."""
    told = {}
    for name in names:
        if found := re.fullmatch(rf"((?:val_|evaluate\d*_)?)(?:{ACCURACY})", name):
            told.setdefault(f"{found[1]}accuracy", []).append(name)
    return {old[0]: new for new, old in told.items() if len(old) == 1 and new not in names}


def _predictions(places, reads, tables) -> pd.DataFrame | None:
    columns = reads.get("columns", {})
    if "predictions" in reads:
        return _read_predictions(_find(places, reads["predictions"], "predictions"), columns)
    found = [table.predictions for table in tables if table.predictions is not None]
    if found:
        return pd.concat(found, ignore_index=True)
    path = places[0] / "predictions.csv"
    return _read_predictions(path, columns) if path.is_file() else None


def _facts(folder: Path, tables: Sequence[_Recorded]) -> dict:
    """Of the process, and of its fits: seconds in all, epochs and parameters of the first."""
    path = folder / "facts.json"
    facts = _read_json(path) if path.is_file() else {}
    if tables:
        facts |= {name: tables[0].facts[name] for name in FACTS if name in tables[0].facts}
        seconds = [table.facts["seconds"] for table in tables if "seconds" in table.facts]
        if seconds:
            facts["seconds"] = math.fsum(seconds)
    return facts


def _find(places: Sequence[Path], name: str, kind: str) -> Path:
    if Path(name).suffix in PICKLES:
        raise LabError(
            f"reads, {kind}: {name} is no text, and opening a pickle would run what is in it. "
            "Write JSON instead: json.dump({k: [float(x) for x in v] for k, v in "
            "history.history.items()}, open('history.json', 'w'))."
        )
    for place in places:
        if (place / name).exists():
            return place / name
    raise LabError(
        f"reads, {kind}: the run wrote no {name}, neither in {{out}} nor where it ran. Let the "
        "code write it there, or correct the name."
    )


def _read_history(path: Path) -> pd.DataFrame:
    if path.suffix in PICKLES:
        _find([], str(path), "history")
    if path.is_dir() or "tfevents" in path.name:
        return _read_events(path)
    return _from_json(path) if path.suffix == ".json" else _read_csv(path)


def _read_csv(path: Path) -> pd.DataFrame:
    """A row an epoch, or several of one epoch (as Lightning's), as numbers; gaps are NaN."""
    header, lines = foreign_csv.read(path)
    rows, numbers = [], []
    for line, row in lines:
        rows.append(row)
        numbers.append(line)
    if not rows:
        raise LabError(f"{path}: holds no epochs. See in its output why the run wrote none.")
    table = {}
    for name in header:
        texts = [row[name].strip() for row in rows]
        values = [_number(text) for text in texts]
        if all(value is None for value in values):
            continue  # text, such as a date
        if None in values:
            place = values.index(None)
            raise LabError(
                f'{path}, line {numbers[place]}: "{texts[place]}" under {name} is no number. Let '
                "the code write a number there, or nothing."
            )
        table[name] = values
    return _with_epochs(pd.DataFrame(table), path, told=[t for t in table if _is_nan_text(rows, t)])


def _is_nan_text(rows: list[dict], name: str) -> bool:
    return any(row[name].strip().lower() in ("nan", "inf", "-inf") for row in rows)


def _number(text: str) -> float | None:
    """A number; NaN for a gap; None for anything else."""
    if text in ("", "NA", "None"):
        return math.nan
    try:
        return float(text)
    except ValueError:
        return None


def _with_epochs(table: pd.DataFrame, path: Path, told: Iterable[str] = ()) -> pd.DataFrame:
    """One row an epoch, in order, from 1; columns without any value are left out.

    `told`: columns in which NaN was written as such, and is no gap.
    """
    name = next((x for x in table if x.strip().lower() in ("epoch", "epochs")), None)
    if name is None:  # the index of a pandas table
        name = next((x for x in table if x in ("", "Unnamed: 0")), None)
    empty = [x for x in table if x != name and x not in told and table[x].isna().all()]
    table = table.drop(columns=empty)
    if name is None:
        table = table.reset_index(drop=True)
        table.insert(0, "epoch", range(1, len(table) + 1))
        return table
    epoch = table.pop(name)
    if epoch.isna().any() or (epoch % 1 != 0).any():
        raise LabError(f"{path}: something under {name} is no whole number. Number the epochs.")
    table.insert(0, "epoch", epoch.astype(int))
    if table["epoch"].duplicated().any():
        table = table.drop(columns=[x for x in table if x == "step"])
        table = table.groupby("epoch", as_index=False).last()  # the last that is no gap
    table = table.sort_values("epoch", ignore_index=True)
    table["epoch"] += 1 if table["epoch"].min() == 0 else 0
    return table


def _from_json(path: Path) -> pd.DataFrame:
    """Keras' dict of lists, the same under "history", or a list of dicts, one an epoch."""
    data = _read_json(path)
    if isinstance(data, dict) and isinstance(data.get("history"), dict):
        data = data["history"]
    if isinstance(data, dict):
        data = {name: values for name, values in data.items() if isinstance(values, list)}
        lengths = {name: len(values) for name, values in data.items()}
        if len(set(lengths.values())) > 1:
            raise LabError(
                f"{path}: the lists are of different lengths ({lengths}). Write one number an "
                "epoch for each."
            )
    try:
        table = pd.DataFrame(data).apply(pd.to_numeric)
    except (ValueError, TypeError) as error:
        raise LabError(
            f"{path}: is no history ({first_line(error)}). Write a list of numbers for each "
            'column, one an epoch: {"loss": [0.7, 0.6], "accuracy": [0.5, 0.6]}.'
        ) from None
    if table.empty:
        raise LabError(f"{path}: holds no epochs. See in its output why the run wrote none.")
    return _with_epochs(table, path, told=list(table))


def _read_events(path: Path) -> pd.DataFrame:
    """TensorBoard's scalars: a step is an epoch; folders train and validation as Keras has them."""
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.util import tensor_util
    except ImportError:
        raise LabError(
            f"{path}: TensorBoard's events need the package tensorboard, which is not installed. "
            "Install it into Labproof's environment (`.venv/bin/pip install tensorboard`), or let "
            "the code write a CSV file as well (keras.callbacks.CSVLogger)."
        ) from None
    table = {}
    files = sorted(path.rglob("*tfevents*")) if path.is_dir() else [path]
    if not files:
        raise LabError(f"{path}: holds no events of TensorBoard. Name the folder that it writes.")
    for folder in sorted({file.parent if path.is_dir() else file for file in files}):
        events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
        events.Reload()
        prefix = "val_" if folder.name == "validation" else ""
        for tag in events.Tags()["scalars"]:
            for event in events.Scalars(tag):
                table.setdefault(event.step, {})[prefix + _plain_tag(tag)] = event.value
        for tag in events.Tags()["tensors"]:
            for event in events.Tensors(tag):
                value = tensor_util.make_ndarray(event.tensor_proto)
                if value.ndim == 0 and value.dtype.kind == "f":
                    table.setdefault(event.step, {})[prefix + _plain_tag(tag)] = float(value)
    if not table:
        raise LabError(f"{path}: TensorBoard's events hold no scalars. Write some, one an epoch.")
    rows = pd.DataFrame.from_dict(table, orient="index").sort_index()
    rows.insert(0, "epoch", rows.index)
    return _with_epochs(rows.reset_index(drop=True), path)


def _plain_tag(tag: str) -> str:
    return tag.removeprefix("epoch_")


def _read_json(path: Path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LabError(
            f"{path}: is no JSON ({first_line(error)}). Write it by json.dump."
        ) from None


def _read_scalars(path: Path) -> dict[str, float]:
    """JSON: name -> number; CSV: the columns name and value, or one row."""
    if path.suffix == ".csv":
        header, lines = foreign_csv.read(path)
        rows = [row for _, row in lines]
        if {"name", "value"} <= set(header):
            data = {row["name"]: row["value"] for row in rows}
        else:
            data = rows[-1] if rows else {}
    else:
        data = _read_json(path)
    if not isinstance(data, dict):
        raise LabError(f'{path}: is no table of names and numbers. Write {{"test_accuracy": 0.8}}.')
    found = {}
    for name, value in data.items():
        value = _number(value) if isinstance(value, str) else value
        if isinstance(value, bool) or (value is not None and not isinstance(value, int | float)):
            continue
        if value is None or not math.isfinite(value):
            raise LabError(_not_a_number(path, name))
        found[str(name)] = float(value)
    return found


def _not_a_number(path: Path | str, name: str) -> str:
    return (
        f"{path}: {name} is no number (NaN or empty). See in its output why; a run that diverges "
        "cannot be judged by it."
    )


def _read_predictions(path: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    header, lines = foreign_csv.read(path)
    rows = [row for _, row in lines]
    names = [columns.get(name, name) for name in header]
    table = pd.DataFrame(rows, columns=header).set_axis(names, axis=1)
    classes = sorted(
        (x for x in names if re.fullmatch(r"p\d+", x)), key=lambda name: int(name.removeprefix("p"))
    )
    kind = classes or [x for x in ("probability", "prediction") if x in names][:1]
    if "label" not in names or not kind or classes != [f"p{k}" for k in range(len(classes))]:
        raise LabError(
            f"{path}: has the columns {', '.join(header) or 'none'}. Predictions need label, and "
            "probability (of label 1), p0, p1, ... (one a class) or prediction (a number)."
        )
    numbers = table[["label", *kind]].apply(pd.to_numeric, errors="coerce")
    if numbers.isna().any(axis=None) or not len(table):
        raise LabError(f"{path}: a label or an answer is no number, or there is none. Write them.")
    found = pd.DataFrame(
        {
            "split": table["split"] if "split" in names else "validation",
            "image": pd.to_numeric(table["image"]) if "image" in names else range(len(table)),
            "label": numbers["label"],
        }
    )
    if kind == ["prediction"]:
        return found.assign(prediction=numbers["prediction"])
    answers = numbers[kind]
    if ((answers < 0) | (answers > 1)).any(axis=None):
        raise LabError(f"{path}: a probability is not from 0 to 1. Write them after softmax.")
    top = len(classes) - 1 if classes else 1
    if not found["label"].isin(range(top + 1)).all():
        raise LabError(f"{path}: a label is not one of the classes 0 to {top}.")
    found["label"] = found["label"].astype(int)
    if len(classes) == 2:
        return found.assign(probability=answers["p1"])
    return pd.concat([found, answers], axis=1)


def _lines(path: Path) -> list[str]:
    """Lines of what was printed, as a terminal shows them last."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x08", "", text))


def _match(pattern: str, line: str) -> list[dict[str, float]]:
    """What a pattern catches in a line: name -> number, for each time that it is there."""
    if pattern == KEY_VALUE:
        found = re.fullmatch(rf"\s*([A-Za-z][\w ./-]*?)\s*[:=]\s*({NUMBER})\s*%?\s*", line, re.I)
        return [{re.sub(r"\s+", "_", found[1]): float(found[2])}] if found else []
    parts = re.split(r"\{(\w+)\}", pattern)
    names = parts[1::2]
    text = "".join(
        rf"({NUMBER})" if place % 2 else re.sub(r"(?:\\?\s)+", r"\\s+", re.escape(part))
        for place, part in enumerate(parts)
    )
    return [
        dict(zip(names, map(float, found.groups()), strict=True))
        for found in re.finditer(text, line)
    ]


def _from_lines(lines: Sequence[str], patterns: Sequence[str]) -> pd.DataFrame:
    """The n-th time that a name is caught is epoch n, but for a pattern with {epoch}."""
    table = {}
    for pattern in patterns:
        seen = {}
        for line in lines:
            for match in _match(pattern, line):
                for name, value in match.items():
                    seen[name] = seen.get(name, 0) + 1
                    at = int(match.get("epoch", seen[name]))
                    if name != "epoch":
                        table.setdefault(at, {})[name] = value
        if not seen:
            raise LabError(
                f'output: no line is "{pattern}". Correct the pattern under reads, output; '
                "{name} stands for a number."
            )
    rows = pd.DataFrame.from_dict(table, orient="index").sort_index()
    rows.insert(0, "epoch", rows.index)
    return _with_epochs(rows.reset_index(drop=True), Path("output"), told=list(rows))


def _tidy(
    history: pd.DataFrame, reads: Mapping, source: Path
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Our names and units; columns with one value in a longer history are scalars."""
    columns, percent = reads.get("columns", {}), reads.get("percent", [])
    single = {}
    if len(history) > 1:
        counts = history.drop(columns="epoch").notna().sum()
        if counts.max() > 1:
            for name in counts.index[counts == 1]:
                single[name] = float(history.pop(name).dropna().iloc[0])
            history = history.dropna(how="all", subset=list(history.columns[1:]))
    for name in set(columns) & set(history):
        if columns[name] in history and columns[name] != name:
            raise LabError(
                f"{source}: has a column {columns[name]} beside {name}, which `columns` calls the "
                "same. Give one of them another name."
            )
    theirs = list(history.columns)
    history = history.rename(columns=columns)
    for old, new in zip(theirs, list(history.columns), strict=True):
        if old in percent or new in percent:
            history[new] = history[new] / 100
    history = history.rename(columns=_one_accuracy(history))
    return history.reset_index(drop=True), _renamed(single, reads)


def _check(
    history: pd.DataFrame,
    source: Path,
    reads: Mapping,
    epochs: int | None,
    needs: Collection[str],
) -> None:
    names = list(history.columns[1:])
    if missing := [name for name in needs if name not in names]:
        raise LabError(
            f"{source}: has no column {missing[0]}, which a sentence asks for; it has "
            f"{', '.join(names)}. Let the code write it, or say which it is by `reads: {{columns: "
            f"{{theirs: {missing[0]}}}}}`."
        )
    expected = list(range(1, len(history) + 1))
    if history["epoch"].tolist() != expected:
        gap = next(x for x, y in zip(expected, history["epoch"], strict=True) if x != y)
        raise LabError(
            f"{source}: epoch {gap} is missing. Write one line an epoch, numbered from 0 or from 1."
        )
    if epochs is not None and len(history) < epochs:
        raise LabError(
            f"{source}: has {len(history)} epochs instead of {epochs}. See in its output why it "
            "stopped; where it may stop early, leave `epochs` away."
        )
    for name in names:
        broken = history.loc[~np.isfinite(history[name]), "epoch"]
        if len(broken) and reads.get("nan") != "keep":
            raise LabError(
                f"{source}: {name} is missing, NaN or infinite at epoch {broken.iloc[0]}. Let the "
                "code write a number at each epoch; where a run may diverge, say "
                "`reads: {nan: keep}`, and what rests on it stays undecided."
            )
        if name.removeprefix("val_") == "accuracy" and (history[name] > 1.0001).any():
            raise LabError(
                f"{source}: {name} is {history[name].max():g}, but a share is from 0 to 1. Where "
                f"it is in per cent, say `reads: {{percent: [{name}]}}`."
            )
