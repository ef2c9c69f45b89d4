"""The files that a user's own program writes -> tables and numbers; a pickle is never opened.

CSV, JSON, TensorBoard's events, lines of what it printed.
"""

import json
import logging
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from labproof.errors import LabError, first_line
from labproof.lab import foreign_csv

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?inf(?:inity)?|nan"
KEY_VALUE = "key: value"  # the pattern for all lines of this form
log = logging.getLogger(__name__)  # what of a file is left out, and why
DIVERGED = ("nan", "inf", "-inf")
PICKLES = (".pkl", ".pickle", ".p", ".npy", ".npz", ".pt", ".pth", ".h5", ".hdf5")


def check_kind(path: Path | str) -> None:
    """LabError for a file that is no text: to open a pickle is to run what is in it."""
    if Path(path).suffix in PICKLES:
        raise LabError(
            f"{path}: is no text, and opening a pickle would run what is in it. Write JSON "
            "instead: json.dump({k: [float(x) for x in v] for k, v in history.history.items()}, "
            "open('history.json', 'w'))."
        )


History = tuple[pd.DataFrame, dict[str, float]]


def history(path: Path) -> History:
    """Read a file of whatever kind.

    Returns
    -------
    table
        epoch (1, 2, …) and columns of numbers; gaps are NaN.
    single
        Name -> number: columns with one value beside longer ones, such as a test at the end.
    """
    check_kind(path)
    if path.is_dir() and path.suffix in (".csv", ".json"):
        raise LabError(f"{path}: is a folder. Let the code write a file of that name.")
    if path.is_dir() or "tfevents" in path.name:
        return events(path)
    return json_history(path) if path.suffix == ".json" else csv_history(path)


def csv_history(path: Path) -> History:
    """A row an epoch, or several of one epoch (as Lightning's), as numbers; gaps are NaN."""
    header, lines = foreign_csv.read(path)
    rows, numbers = [], []
    for line, row in lines:
        rows.append(row)
        numbers.append(line)
    if not rows:
        raise LabError(f"{path}: holds no epochs. See in its output why the run wrote none.")
    columns = {name: [row[name].strip() for row in rows] for name in header}
    table = _numbers(columns, path, [f"line {number}" for number in numbers])
    return _with_epochs(table, path, told=[name for name in table if _tells(columns[name])])


def _numbers(columns: Mapping[str, Sequence], path: Path, places: Sequence[str]) -> pd.DataFrame:
    """Columns as numbers; what is none is a gap, and a column without a number is left out."""
    table = {}
    for name, told in columns.items():
        values = [_number(x) for x in told]
        if None in values:
            place = values.index(None)
            shown = f'{places[place]}: "{str(told[place])[:80]}" under {name} is no number'
            gap = all(value is None or math.isnan(value) for value in values)
            left = f"the column {name} is left out" if gap else "it counts as missing"
            log.warning("%s, %s; %s", path, shown, left)
            if gap:
                continue
        table[name] = [math.nan if value is None else value for value in values]
    return pd.DataFrame(table)


def _tells(told: Sequence[str]) -> bool:
    """Whether something is written where a number is missing."""
    return any(text.lower() in DIVERGED or _number(text) is None for text in told)


def _number(value: object) -> float | None:
    """A number; NaN for a gap; None for anything else."""
    if value in ("", "NA", "None", None):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _with_epochs(table: pd.DataFrame, path: Path, told: Iterable[str] = ()) -> History:
    """One row an epoch, in order, from 1, as `history`; columns without any value are left out.

    `told`: columns in which something was written for what is no number, so that it is no gap.
    """
    name = next((x for x in table if x.strip().lower() in ("epoch", "epochs")), None)
    if name is None:  # the index of a pandas table
        name = next((x for x in table if x in ("", "Unnamed: 0")), None)
    empty = [x for x in table if x != name and x not in told and table[x].isna().all()]
    table = table.drop(columns=empty)
    if not len(table.columns.drop(name or [])):
        raise LabError(f"{path}: holds no column of numbers. Let the code write some.")
    if name is None:
        table = table.reset_index(drop=True)
        table.insert(0, "epoch", range(1, len(table) + 1))
        return table, {}
    epoch = table.pop(name)
    if epoch.isna().any() or (epoch % 1 != 0).any():
        raise LabError(f"{path}: something under {name} is no whole number. Number the epochs.")
    table.insert(0, "epoch", epoch.astype(int))
    if table["epoch"].duplicated().any():
        first = table["epoch"].eq(table["epoch"].min())
        if (first & ~first.shift(fill_value=True)).any():
            raise LabError(
                f"{path}: its epochs begin anew, so more than one training stands in it. Let each "
                "write a file of its own, or the file anew (CSVLogger without append)."
            )
        table = table.drop(columns=[x for x in table if x == "step"])
        table = table.groupby("epoch", as_index=False).last()  # the last that is no gap
    table = table.sort_values("epoch", ignore_index=True)
    table["epoch"] += 1 if table["epoch"].min() == 0 else 0
    counts = table.drop(columns="epoch").notna().sum()
    single = [x for x in counts.index if counts[x] == 1 < counts.max() and x not in told]
    scalars = {x: float(table[x].dropna().iloc[0]) for x in single}
    table = table.drop(columns=single)
    if scalars:
        table = table.dropna(how="all", subset=list(table.columns[1:])).reset_index(drop=True)
    return table, scalars


def json_history(path: Path) -> History:
    """Keras' dict of lists, the same under "history", or a list of dicts, one an epoch."""
    data = mapping(path)
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
        columns = pd.DataFrame(data, dtype=object).to_dict("list")
    except (ValueError, TypeError, AttributeError) as error:
        raise LabError(
            f"{path}: is no history ({first_line(error)}). Write a list of numbers for each "
            'column, one an epoch: {"loss": [0.7, 0.6], "accuracy": [0.5, 0.6]}.'
        ) from None
    places = [
        f"entry {place}" for place in range(1, 1 + max(map(len, columns.values()), default=0))
    ]
    table = _numbers({str(name): told for name, told in columns.items()}, path, places)
    if table.empty:
        raise LabError(f"{path}: holds no epochs. See in its output why the run wrote none.")
    return _with_epochs(table, path, told=list(table))


def events(path: Path) -> History:
    """TensorBoard's scalars: a step is an epoch; folders train and validation as Keras has them.

    Where there is a scalar `epoch`, as of Lightning, whose steps are batches, that is the epoch.
    """
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
            if tag.endswith("_vs_iterations"):  # Keras' of evaluate: its steps are batches
                continue
            for event in events.Tensors(tag):
                value = tensor_util.make_ndarray(event.tensor_proto)
                if value.ndim == 0 and value.dtype.kind == "f":
                    table.setdefault(event.step, {})[prefix + _plain_tag(tag)] = float(value)
    if not table:
        raise LabError(f"{path}: TensorBoard's events hold no scalars. Write some, one an epoch.")
    rows = pd.DataFrame.from_dict(table, orient="index").sort_index()
    epoch = rows.pop("epoch").bfill().ffill() if "epoch" in rows else rows.index
    rows.insert(0, "epoch", epoch)
    return _with_epochs(rows.reset_index(drop=True), path)


def _plain_tag(tag: str) -> str:
    return tag.removeprefix("epoch_")


def mapping(path: Path):
    """What a JSON file holds."""
    try:
        text = path.read_text(encoding="utf-8")
        if text.strip():
            return json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise LabError(
            f"{path}: is no JSON ({first_line(error)}). Write it by json.dump."
        ) from None
    raise LabError(f"{path}: is empty. See in its output why the run wrote nothing into it.")


def scalars(path: Path) -> dict[str, float]:
    """JSON: name -> number; CSV: the columns name and value, or one row."""
    if path.suffix == ".csv":
        header, lines = foreign_csv.read(path)
        rows = [row for _, row in lines]
        if {"name", "value"} <= set(header):
            data = {row["name"]: row["value"] for row in rows}
        else:
            data = rows[-1] if rows else {}
    else:
        data = mapping(path)
    if not isinstance(data, dict):
        raise LabError(f'{path}: is no table of names and numbers. Write {{"test_accuracy": 0.8}}.')
    found = {}
    for name, value in data.items():
        if isinstance(value, str):
            value = _number(value.strip())
            if value is None:
                continue  # text
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            continue
        found[str(name)] = scalar(value, path, str(name))
    return found


def scalar(value: float | None, path: Path, name: str) -> float:
    """A number as it is; NaN for what is none, as of a run that has diverged, told in the log."""
    value = _number(value)
    if value is not None and math.isfinite(value):
        return value
    log.warning("%s: %s is NaN, infinite or empty; a sentence about it stays undecided", path, name)
    return math.nan


def predictions(path: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    """split, image, label and probability, p0 … pK or prediction; `columns`: their name -> ours."""
    header, lines = foreign_csv.read(path)
    rows = [row for _, row in lines]
    names = [columns.get(name, name) for name in header]
    table = pd.DataFrame(rows, columns=header).set_axis(names, axis=1)
    classes = sorted(
        (x for x in names if re.fullmatch(r"p\d+", x)), key=lambda name: int(name.removeprefix("p"))
    )
    if len(set(names)) < len(names):
        raise LabError(f"{path}: two columns have one name, by `columns`. Give one another name.")
    kind = classes or [x for x in ("probability", "prediction") if x in names][:1]
    if "label" not in names or not kind or classes != [f"p{k}" for k in range(len(classes))]:
        raise LabError(
            f"{path}: has the columns {', '.join(header) or 'none'}. Predictions need label, and "
            "probability (of label 1), p0, p1, ... (one a class) or prediction (a number)."
        )
    numbers = table[["label", *kind]].apply(pd.to_numeric, errors="coerce")
    diverged = table[kind].apply(lambda told: told.str.strip().str.lower().isin(DIVERGED))
    if (numbers.isna() & ~diverged).any(axis=None) or not len(table):
        raise LabError(f"{path}: a label or an answer is no number, or there is none. Write them.")
    if diverged.any(axis=None):
        log.warning("%s: an answer is NaN or infinite; a sentence about it stays undecided", path)
        numbers[kind] = numbers[kind].mask(diverged)
    if not numbers["label"].abs().lt(math.inf).all():
        raise LabError(f"{path}: a label is infinite. Write a number.")
    image = pd.to_numeric(table["image"], errors="coerce") if "image" in names else table.index
    found = pd.DataFrame(
        {
            "split": table["split"] if "split" in names else "validation",
            "image": image,
            "label": numbers["label"],
        }
    )
    if (found["image"] % 1 != 0).any():
        place = (found["image"] % 1 != 0).idxmax()
        raise LabError(
            f'{path}: under image is "{table["image"][place]}", no whole number. Give each image '
            "a number that it keeps in every run, or leave the column out where the order is the "
            "same in every run."
        )
    if other := set(found["split"]) - {"validation", "final"}:
        raise LabError(
            f'{path}: under split is "{min(other)}". Write validation, or final for images that '
            "nothing was watched or chosen on."
        )
    twice = found.duplicated(["split", "image"])
    if twice.any():
        raise LabError(
            f"{path}: image {found['image'][twice].iloc[0]:.0f} stands in it twice. Write one line "
            "an image, of the network at its end."
        )
    if kind == ["prediction"]:
        return found.assign(prediction=numbers["prediction"])
    answers = numbers[kind]
    if ((answers < 0) | (answers > 1)).any(axis=None):
        raise LabError(f"{path}: a probability is not from 0 to 1. Write them after softmax.")
    top = len(classes) - 1 if classes else 1
    if not found["label"].isin(range(top + 1)).all():
        raise LabError(f"{path}: a label is not one of the classes 0 to {top}.")
    if classes and ((answers.sum(axis=1, skipna=False) - 1).abs() > 0.01).any():
        raise LabError(f"{path}: p0 to p{top} do not sum to 1. Write them after softmax.")
    found["label"] = found["label"].astype(int)
    if len(classes) == 2:
        return found.assign(probability=answers["p1"])
    return pd.concat([found, answers], axis=1)


def printed(path: Path) -> list[str]:
    """Lines of what was printed, as a terminal shows them last."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x08", "", text))


def caught(pattern: str, line: str) -> list[dict[str, float]]:
    """What a pattern catches in a line: name -> number, for each time that it is there."""
    if pattern == KEY_VALUE:
        found = re.fullmatch(
            rf"\s*([A-Za-z][\w ./-]*?)\s*[:=]\s*({NUMBER})\s*%?\s*", line, re.IGNORECASE
        )
        return [{re.sub(r"\s+", "_", found[1]): float(found[2])}] if found else []
    parts = re.split(r"\{(\w+)\}", pattern)
    names = parts[1::2]
    text = "".join(
        rf"({NUMBER})" if place % 2 else re.sub(r"(?:\\?\s)+", r"\\s+", re.escape(part))
        for place, part in enumerate(parts)
    )
    return [
        dict(zip(names, map(float, found.groups()), strict=True))
        for found in re.finditer(text, line, re.IGNORECASE)
    ]


def printed_history(lines: Sequence[str], patterns: Sequence[str]) -> History:
    """The n-th time that a name is caught is epoch n, but for a pattern with {epoch}."""
    table = {}
    for pattern in patterns:
        seen = {}
        for line in lines:
            for match in caught(pattern, line):
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
