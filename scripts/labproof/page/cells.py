"""What the page says of cells: their numbers beside the published ones, and their settings."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from labproof import words
from labproof.judging import curves
from labproof.judging.measures import VALIDATION, asked
from labproof.page import escaped_tables, sentences
from labproof.page.intervals import estimates
from labproof.paths import Results

# The four numbers of every table: measure, column of published.csv, words, digits.
NUMBERS = [
    ("final_accuracy", "accuracy", "training accuracy", 3),
    ("final_val_accuracy", "val_accuracy", "validation accuracy", 3),
    ("final_loss", "loss", "training loss", 3),
    ("final_val_loss", "val_loss", "validation loss", 3),
]
NETWORKS = {"alexnet": "AlexNet", "vgg16": "VGG16", "mlp": "dense layers on frozen features"}


def read_cell(name: str, lab: dict, results: Results, published: pd.DataFrame) -> dict:
    """Everything the page says of one cell; `values` is None until it has been trained."""
    settings = lab["cells"][name]
    histories = escaped_tables.read(results.history(name))
    told = escaped_tables.read(results.predictions(name))
    facts = escaped_tables.read(results.facts(name))
    rows = published[published["cell"] == name]
    cell = {
        "name": name,
        "label": settings.get("label") or name,
        "task": settings["task"],
        "settings": settings,
        "protocol": lab.get("protocol", {}).get(name, settings),
        "dropout": settings.get("dropout") or settings.get("spatial_dropout") or 0,
        "values": None if histories is None else estimates(histories),
        "trainings": 0 if histories is None else histories["seed"].nunique(),
        "chance": np.nan,
        "one_class": None,
        "answers": drawn(told, built_in=not settings.get("run")),
        # what was there already was not timed
        "facts": None if (settings.get("run") or {}).get("given") else gather(facts),
        "published": rows.loc[rows["metric"] == "val_accuracy", "value"].dropna().tolist(),
        "published_rows": rows,
    }
    if (predictions := validated(told)) is not None:
        first = predictions[predictions["seed"] == predictions["seed"].iloc[0]]
        if (said := answers(predictions)) is not None:
            cell["chance"] = float(first["label"].value_counts(normalize=True).max())
            given = said.groupby(predictions["seed"]).nunique()
            cell["one_class"] = sentences.one_class(int((given == 1).sum()), len(given))
    return cell


def validated(predictions: pd.DataFrame | None) -> pd.DataFrame | None:
    """The rows on the validation split, which a history's numbers are of; None where none is."""
    if predictions is None or "split" not in predictions:
        return predictions
    rows = predictions[predictions["split"] == VALIDATION]
    return None if rows.empty else rows


def drawn(predictions: pd.DataFrame | None, *, built_in: bool) -> dict | None:
    """Which answers of a cell its figure shows: `split`, and whether they are of two classes.

    None where there are none to show; what is built in always has some, though they may be missing.
    """
    if predictions is None:
        return {"split": VALIDATION, "two": True} if built_in else None
    if answers(predictions) is None:
        return None
    return {"split": asked(predictions)[1], "two": "probability" in predictions}


def shown(cells: Iterable[Mapping]) -> dict | None:
    """The same of some cells together; None where no cell has any."""
    found = [cell["answers"] for cell in cells if cell["answers"]]
    if not found:
        return None
    splits = words.listing(list(dict.fromkeys(each["split"] for each in found)))
    return {"split": splits, "two": any(each["two"] for each in found)}


def answers(predictions: pd.DataFrame) -> pd.Series | None:
    """The class that each prediction is of; None where they are of no classes."""
    if "probability" in predictions:
        return (predictions["probability"] > 0.5).astype(int)
    classes = [name for name in predictions if re.fullmatch(r"p\d+", name)]
    if not classes:
        return None
    return pd.Series(predictions[classes].to_numpy().argmax(axis=1), index=predictions.index)


def gather(blocks: pd.DataFrame | None) -> dict | None:
    """Facts of a cell's blocks together: seconds add up, memory is the largest."""
    if blocks is None:
        return None
    about_runs = ["block", "seeds", "seconds", "peak_memory_mib", "device", "parameters"]
    return {
        "seconds": float(blocks["seconds"].sum()),
        "seeds": int(blocks["seeds"].sum()),
        "memory": float(blocks["peak_memory_mib"].max()),
        "device": ", ".join(sorted(set(blocks["device"].astype(str)))),
        "parameters": None
        if blocks["parameters"].isna().any()
        else int(blocks["parameters"].iloc[0]),
        "versions": blocks.drop(columns=about_runs, errors="ignore").astype(str),
    }


def seconds(cells: Mapping[str, Mapping]) -> float:
    """Time of all trainings; that of one which another goes on from is in the longer one's."""
    trained = {
        name: cell
        for name, cell in cells.items()
        if cell["facts"] and not cell["settings"]["same_as"]
    }
    within = [cell["settings"]["continues"] for cell in trained.values()]
    counted = [cell["facts"]["seconds"] for name, cell in trained.items() if name not in within]
    return sum(counted) if counted else np.nan


def known(cells: Iterable[Mapping]) -> list[tuple]:
    """The numbers that a table of some cells has: those that one of them has, or all of them."""
    trained = [cell["values"] for cell in cells if cell["values"]]
    if not trained:
        return NUMBERS
    return [
        number
        for number in NUMBERS
        if any(np.isfinite(values[number[0]].mean) for values in trained)
    ]


def final_rows(cells: list[dict], groups: list[str]) -> list[dict]:
    """Rows of a task's table: a cell's final number, ours and each group's."""
    rows = []
    for cell in cells:
        for measure, metric, text, digits in known(cells):
            told = cell["published_rows"]
            others = []
            for group in groups:
                hit = told[(told["group"] == group) & (told["metric"] == metric)]
                value = float(hit["value"].iloc[0]) if len(hit) else np.nan
                note = hit["note"].iloc[0] if len(hit) else ""
                shown = words.number(value, digits) if np.isfinite(value) else note or words.NOTHING
                others.append(shown + ("\\*" if note and np.isfinite(value) else ""))
            value = cell["values"][measure] if cell["values"] else None
            rows.append(
                {
                    "cell": cell["label"] if text == known(cells)[0][2] else "",
                    "what": text,
                    "ours": words.estimate(value, digits) if value else words.NOTHING,
                    "n": value.n if value else 0,
                    "others": others,
                }
            )
    return rows


def their_accuracy(cell: dict, group: str) -> str:
    """A group's published validation accuracy of a cell, or its note, or a dash."""
    rows = cell["published_rows"]
    rows = rows[(rows["group"] == group) & (rows["metric"] == "val_accuracy")]
    if rows.empty:
        return words.NOTHING
    row = rows.iloc[0]
    return words.number(row["value"]) if np.isfinite(row["value"]) else row["note"]


def notes(cells: list[dict], groups: list[str]) -> list[str]:
    """Notes on published numbers that have a value, each said once."""
    said = []
    for cell in cells:
        rows = cell["published_rows"]
        rows = rows[(rows["note"] != "") & rows["value"].notna() & rows["group"].isin(groups)]
        for row in rows.itertuples():
            text = f"{row.group}, {cell['label']}: {row.note}"
            if text not in said:
                said.append(text)
    return said


def standard(cell: Mapping) -> bool:
    """Whether a cell is trained and has all four curves that our sentences speak of."""
    return bool(cell["values"]) and all(
        np.isfinite(cell["values"][measure].mean) for measure, *_ in NUMBERS
    )


def command_row(cell: Mapping) -> dict:
    """How a user's command trains a cell: the command as it is written, and the cell's own keys."""
    run, own = cell["settings"]["run"], cell["settings"]["settings"]
    return {
        "name": cell["name"],
        "control": bool(cell["settings"].get("control")),
        "command": run["command"] or run["given"],
        "own": ", ".join(f"{key} {value}" for key, value in own.items()) or words.NOTHING,
        "epochs": cell["settings"]["epochs"] or words.NOTHING,
    }


def seen(cells: list[dict]) -> list[str]:
    """Sentences on a task's cells: each alone, each pair on the same data, beside published."""
    done = [cell for cell in cells if standard(cell)]
    said = []
    for cell in done:
        about = sentences.about_cell(cell["label"], cell["values"], cell["dropout"], cell["chance"])
        said.append(" ".join(about + ([cell["one_class"]] if cell["one_class"] else [])))
    for i, first in enumerate(done):
        for second in done[i + 1 :]:
            if first["settings"]["dataset"] != second["settings"]["dataset"]:
                continue
            for measure, what in (
                ("final_val_accuracy", "validation accuracy"),
                ("final_val_loss", "validation loss"),
            ):
                a, b = first["values"][measure], second["values"][measure]
                said.append(sentences.order(first["label"], second["label"], a, b, what))
    for cell in done:
        value = cell["values"]["final_val_accuracy"]
        said.append(sentences.beside_published(cell["label"], value, cell["published"]))
    return [sentence for sentence in said if sentence]


def backbone(results: Results, name: str) -> str | None:
    """How well a frozen network knew its own task before it was frozen."""
    facts = escaped_tables.read(f"{results.backbone(name)}/facts.csv")
    history = escaped_tables.read(f"{results.backbone(name)}/history.csv")
    if facts is None:
        return None
    weights = str(facts["weights"].iloc[0])
    parameters = words.thousands(int(facts["parameters"].iloc[0]))
    said = f"{NETWORKS.get(name, name)} with {parameters} parameters. " + {
        "procedural": "It was trained here, on a source task whose images a program draws.",
        "imagenet": "It was trained on ImageNet; its weights come with Keras.",
    }.get(weights, f"Its weights were read from <code>{Path(weights).name}</code>.")
    if history is not None:
        said += (
            f" On its source task it reaches a training accuracy of "
            f"{words.number(curves.final_accuracy(history))} and a validation accuracy of "
            f"{words.number(curves.final_val_accuracy(history))} in "
            f"{words.count(len(history), 'epoch')}. That is one training, so it has no interval. "
            f"Guessing among its {int(facts['classes'].iloc[0])} classes would give "
            f"{words.number(1 / facts['classes'].iloc[0])}."
        )
    return said


def difference(now, before, show) -> str:
    """A setting, with the protocol's in front where the preset has changed it."""
    return show(now) if now == before else f"{show(before)}{words.NBSP}→{words.NBSP}{show(now)}"


def settings_row(cell: dict) -> dict:
    """A cell's settings in words; what the preset scaled shows the protocol's number first."""
    now, before = cell["settings"], cell["protocol"]

    def shown(key: str, show=str) -> str:
        return difference(now.get(key), before.get(key), show)

    regularised = [
        text
        for key, text in (
            ("batch_norm", "BN"),
            ("dropout", f"dropout {now.get('dropout')}"),
            ("spatial_dropout", f"spatial dropout {now.get('spatial_dropout')}"),
        )
        if now.get(key)
    ]
    return {
        "name": cell["name"],
        "control": bool(now.get("control")),
        "dataset": now["dataset"],
        "network": NETWORKS.get(now["network"], now["network"]),
        "base": words.NOTHING if now["network"] == "mlp" else shown("base"),
        "dense": shown("dense", lambda units: f",{words.NBSP}".join(str(u) for u in units or [])),
        "regularised": ", ".join(regularised) or "none",
        "augmented": "yes" if now.get("augmentation") else "no",
        "rate": shown("learning_rate", words.power),
        "epochs": shown("epochs"),
        "batch size": shown("batch_size"),
        "initialiser": shown("initializer", lambda x: str(x or words.NOTHING).replace("_", " ")),
    }


def twins(cells: dict[str, dict]) -> list[list[str]]:
    """Cells that a preset has made into one and the same training, by the protocol different."""
    groups: dict[str, list[str]] = {}
    for name, cell in cells.items():
        groups.setdefault(cell["settings"]["same_as"] or name, []).append(f"`{name}`")
    return [names for names in groups.values() if len(names) > 1]
