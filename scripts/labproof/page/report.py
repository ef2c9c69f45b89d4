"""Results folder -> the report as static Quarto Markdown.

A missing file is not an error: what cannot be read is None, and the page says "not available".
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

from labproof import tables, words
from labproof.data import audit
from labproof.explain import sanity
from labproof.judging import curves, findings, measures
from labproof.lab import published as numbers
from labproof.lab import trainings, vocabulary
from labproof.page import scoreboard, sentences
from labproof.words import Estimate

# The four numbers of every table: measure, column of published.csv, words, digits.
NUMBERS = [
    ("final_accuracy", "accuracy", "training accuracy", 3),
    ("final_val_accuracy", "val_accuracy", "validation accuracy", 3),
    ("final_loss", "loss", "training loss", 3),
    ("final_val_loss", "val_loss", "validation loss", 3),
]
KINDS = {
    "phantom": "phantoms",
    "folder": "photographs",
    "dermamnist": "DermaMNIST",
    "fracatlas": "FracAtlas",
}
HEAT_SCORES = ("energy", "pointing", "overlap", "precision", "deletion", "insertion")
NETWORKS = {"alexnet": "AlexNet", "vgg16": "VGG16", "mlp": "dense layers on frozen features"}


def estimate(values: pd.Series) -> Estimate:
    """Mean and 95 % t-interval of one value a seed."""
    return Estimate(*measures.interval(values), n=len(values))


def estimates(histories: pd.DataFrame) -> dict[str, Estimate]:
    """Every measure of one cell's histories (seed, epoch, loss, …) that needs nothing else."""
    plain = [
        name
        for name, measure in vocabulary.MEASURES.items()
        if measure.table == "histories" and not measure.parameter
    ]
    return {name: estimate(measures.over_seeds(histories, name)) for name in plain}


def read_cell(name: str, lab: dict, results: Path, published: pd.DataFrame) -> dict:
    """Everything the page says of one cell; `values` is None until it has been trained."""
    settings = lab["cells"][name]
    histories = tables.read(results / "histories" / f"{name}.csv")
    predictions = tables.read(results / "predictions" / f"{name}.csv")
    facts = tables.read(results / "facts" / f"{name}.csv")
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
        "chance": 0.5,
        "one_class": None,
        "facts": gather(facts),
        "published": rows.loc[rows["metric"] == "val_accuracy", "value"].dropna().tolist(),
        "published_rows": rows,
    }
    if predictions is not None:
        first = predictions[predictions["seed"] == predictions["seed"].iloc[0]]
        share = float(first["label"].mean())
        cell["chance"] = max(share, 1 - share)
        said = (predictions["probability"] > 0.5).groupby(predictions["seed"]).nunique()
        cell["one_class"] = sentences.one_class(int((said == 1).sum()), len(said))
    return cell


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
        "parameters": int(blocks["parameters"].iloc[0]),
        "versions": blocks.drop(columns=about_runs, errors="ignore").astype(str),
    }


def seconds(cells: Mapping[str, Mapping]) -> float:
    """Time of all trainings; that of one which another goes on from is in the longer one's."""
    trained = {name: cell for name, cell in cells.items() if cell["facts"]}
    within = [cell["settings"]["continues"] for cell in trained.values()]
    counted = [cell["facts"]["seconds"] for name, cell in trained.items() if name not in within]
    return sum(counted) if counted else np.nan


def final_rows(cells: list[dict], groups: list[str]) -> list[dict]:
    """Rows of a task's table: a cell's final number, ours and each group's."""
    rows = []
    for cell in cells:
        for measure, metric, text, digits in NUMBERS:
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
                    "cell": cell["label"],
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


def seen(cells: list[dict]) -> list[str]:
    """Sentences on a task's cells: each alone, each pair on the same data, beside published."""
    done = [cell for cell in cells if cell["values"]]
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


def strip(value: Estimate | None, published: list[float], low: float) -> str:
    """An interval, its mean and the published values as a row of spans that the style places."""
    if value is None:
        return ""

    def at(x: float) -> float:
        return 100 * (min(max(x, low), 1) - low) / (1 - low)

    marks = f'[]{{.tick style="left:{at(0.5):.1f}%"}}'
    if value.sign is not None:
        left, right = at(value.low), at(value.high)
        marks += f'[]{{.bar style="left:{left:.1f}%;width:{max(right - left, 0.5):.1f}%"}}'
    for x in published:
        marks += f'[]{{.theirs style="left:{at(x):.1f}%"}}'
    marks += f'[]{{.dot style="left:{at(value.mean):.1f}%"}}'
    return f'[{marks}]{{.strip aria-hidden="true"}}'


def stacked(value: Estimate | None, digits: int = 3) -> str:
    """`mean` with its interval on a second, smaller line, for the cells of a wide table."""
    if value is None:
        return words.NOTHING
    second = words.bounds(value, digits)
    return words.number(value.mean, digits) + (f" [{second}]{{.ci}}" if second else "")


def browsable(results: Path, name: str, classes: list[str], output: Path) -> dict | None:
    """A cell's heatmaps as layers for a reader to lay over one another; None where there are none.

    `methods`, `seeds`, and `tiles`, one an image: its `picture` and `outline` (paths as the page
    links to them), `truth`, `heats` (method, seed, path) and `says` (seed, text, right).
    """
    folder = results / "heatmaps" / name
    listed = tables.read(folder / "gallery.csv")
    if listed is None:
        return None

    def linked(file: str) -> str | None:
        path = folder / file
        return Path(os.path.relpath(path, output.parent)).as_posix() if path.is_file() else None

    methods, seeds = list(listed["method"].unique()), sorted(listed["seed"].unique())
    tiles = []
    for image, rows in listed.groupby("image"):
        truth = classes[rows["label"].iloc[0]]
        says = []
        for row in rows.drop_duplicates("seed").itertuples():
            chance = max(row.probability, 1 - row.probability)
            said = f"taken for {classes[row.predicted]} ({words.number(chance, 2)})"
            says.append({"seed": row.seed, "text": said, "right": row.predicted == row.label})
        tiles.append(
            {
                "image": image,
                "truth": truth,
                "picture": linked(f"gallery/{image}.png"),
                "outline": linked(f"gallery/{image}-zone.png"),
                "heats": [
                    {
                        "method": methods.index(row.method),
                        "seed": row.seed,
                        "path": linked(row.heat),
                    }
                    for row in rows.itertuples()
                ],
                "says": says,
            }
        )
    return {"methods": methods, "seeds": seeds, "tiles": tiles}


def heat(results: Path, name: str) -> dict:
    """What the page says of a cell's heatmaps.

    `said`, sentences; `rows` of the scores, one a method, then what the same scores are of the
    network before training (by its first method), of a map that points at the centre, and of maps
    that know nothing; `changed`, one row an intervention; `sanity`, one row a method.
    """
    scores = tables.read(results / "heatmaps" / name / "scores.csv")
    steps = tables.read(results / "heatmaps" / name / "sanity.csv")
    answers = tables.read(results / "interventions" / f"{name}.csv")
    found: dict = {"said": [], "rows": [], "sanity": [], "changed": []}
    if answers is not None:
        found["changed"] = changed_rows(answers)
    if scores is None:
        return found
    methods = list(scores.loc[scores["network"] == "trained", "method"].unique())
    if "energy" in scores:
        first = scores[(scores["method"] == methods[0]) & (scores["network"] == "trained")]
        by_seed = first.groupby("seed")[["energy", "energy_area"]].mean().dropna()
        if len(by_seed):
            count = first.loc[first["energy"].notna(), "image"].nunique()
            sentence = sentences.heat(
                estimate(by_seed["energy"]),
                float(by_seed["energy_area"].mean()),
                estimate(by_seed["energy"] - by_seed["energy_area"]),
            )
            found["said"].append(f"**{methods[0]}**, {words.count(count, 'image')}: {sentence}")
        found["rows"] = heat_rows(scores, methods)
    if steps is not None:
        found["sanity"] = [
            sanity_row(name, part) for name, part in steps.groupby("method", sort=False)
        ]
    return found


def heat_rows(scores: pd.DataFrame, methods: list[str]) -> list[dict]:
    """Rows of the table of heatmap scores: means over images, with intervals over seeds."""
    trained = scores[scores["network"] == "trained"]
    parts = [(method, trained[trained["method"] == method]) for method in methods]
    untrained = scores[(scores["network"] == "untrained") & (scores["method"] == methods[0])]
    parts.append((f"{methods[0]}, network not trained", untrained))
    parts.append(("a map that points at the centre", scores[scores["network"] == "none"]))
    rows = []
    for what, part in parts:
        scored = part[part["energy"].notna()] if "energy" in part else part
        row = {"what": what, "images": scored["image"].nunique()}
        for column in HEAT_SCORES:
            values = part.groupby("seed")[column].mean().dropna() if column in part else []
            row[column] = stacked(estimate(values), 2) if len(values) else words.NOTHING
        rows.append(row)
    chance = {"what": "maps that know nothing", "images": rows[0]["images"]}
    for column in HEAT_SCORES:
        known = f"{column}_area"
        value = parts[0][1][known].mean() if known in scores else np.nan
        chance[column] = words.number(value, 2) if np.isfinite(value) else words.NOTHING
    return [*rows, chance]


def changed_rows(answers: pd.DataFrame) -> list[dict]:
    """Rows of the table of interventions: accuracy, and where the heat lies, over seeds."""
    rows = []
    for name, part in answers.groupby("intervention", sort=False):
        right = (part["probability"] > 0.5) == (part["label"] == 1)
        row = {"what": name, "images": part["image"].nunique()}
        row["accuracy"] = stacked(estimate(right.groupby(part["seed"]).mean()), 2)
        for place in ("zone", "marker", "border", "rest"):
            values = part.groupby("seed")[place].mean().dropna()
            row[place] = stacked(estimate(values), 2) if len(values) else words.NOTHING
        rows.append(row)
    return rows


def sanity_row(method: str, steps: pd.DataFrame) -> dict:
    """How like the original a method's maps are as the network's layers become random."""
    last = steps["step"].max()
    row = {"method": method}
    for key, step in (("top", 1), ("half", (last + 1) // 2), ("all", last)):
        values = steps.loc[steps["step"] == step].set_index("seed")["correlation"].dropna()
        row[key] = stacked(estimate(values), 2) if len(values) else words.NOTHING
    passed = [sanity.depends_on_the_weights(part) for _, part in steps.groupby("seed")]
    row["passed"] = f"{sum(passed)} of {len(passed)}"
    return row


def backbone(results: Path, name: str) -> str | None:
    """How well a frozen network knew its own task before it was frozen."""
    facts = tables.read(results / "backbones" / name / "facts.csv")
    history = tables.read(results / "backbones" / name / "history.csv")
    if facts is None:
        return None
    weights = str(facts["weights"].iloc[0])
    parameters = words.thousands(int(facts["parameters"].iloc[0]))
    said = f"{NETWORKS.get(name, name)} with {parameters} parameters. " + {
        "procedural": "It was trained here, on a source task whose images a program draws.",
        "imagenet": "It was trained on ImageNet; its weights come with Keras.",
    }.get(weights, f"Its weights were read from `{Path(weights).name}`.")
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
    groups = trainings.alike({name: cell["settings"] for name, cell in cells.items()})
    return [[f"`{name}`" for name in names] for names in groups if len(names) > 1]


def dataset_row(name: str, lab: dict, results: Path) -> dict:
    """A dataset's size and its images a class and split, counted in its records."""
    entry = lab["datasets"][name]
    records = tables.read(results / "datasets" / name / "records.csv")
    counts = {}
    if records is not None:
        for split in ("train", "validation"):
            part = records[records["split"] == split]
            by_class = part.groupby(["label", "class"]).size()
            each = ", ".join(f"{k} {label}" for (_, label), k in by_class.items())
            counts[split] = f"{len(part)} ({each})" if each else "0"
    return {
        "name": name,
        "kind": KINDS[entry["images"]["kind"]],
        "pixels": f"{entry['size']} × {entry['size']}",
        "channels": entry["channels"],
        "train": counts.get("train", words.NOTHING),
        "validation": counts.get("validation", words.NOTHING),
    }


def audit_row(name: str, results: Path) -> dict:
    """What the page says of a dataset's audit; `facts` is None where there is none."""
    facts = audit.read(results / "audit" / name)
    row = {"name": name, "facts": facts}
    if facts:
        sizes, groups = facts["sizes"], facts["groups"]
        ends = [f"{words.NBSP}×{words.NBSP}".join(map(str, sizes[k])) for k in sizes or ()]
        row["sizes"] = " to ".join(dict.fromkeys(ends)) or words.NOTHING
        row["groups"] = f"{groups['across']} of {groups['number']}" if groups else words.NOTHING
        for key, found in facts["baselines"].items():
            value = Estimate(found["auc"], found["low"], found["high"], 2) if found else None
            row[key] = stacked(value, 2)
    return row


def without_twins(cell: dict, results: Path) -> dict | None:
    """A cell's validation accuracy on all images and on those that are not in training too.

    None where no validation image has a duplicate there, or the cell is not trained.
    """
    facts = audit.read(results / "audit" / cell["settings"]["dataset"])
    predictions = tables.read(results / "predictions" / f"{cell['name']}.csv")
    if not facts or not facts["twins"] or predictions is None:
        return None
    found = audit.without_twins(predictions, facts["twins"])
    row = {key: estimate(found[key].dropna()) for key in ("all", "without")}
    row["less"] = estimate((found["all"] - found["without"]).dropna())
    return {"cell": cell["name"], **{key: words.estimate(value) for key, value in row.items()}}


def context(
    lab: dict,
    results: Path,
    published: Path,
    output: Path,
    styles: Path,
    missing: Sequence[Mapping] = (),
) -> dict:
    """All that the template reads, from a resolved lab and its results folder."""
    told = pd.DataFrame(numbers.read(published), columns=numbers.COLUMNS)
    lacking = [gap["cell"] for gap in missing]
    # of a cell without any seed, what an earlier run may have left is not shown
    gone = {cell for cell in lacking if lacking.count(cell) == len(lab["blocks"])}

    def place(cell: str) -> Path:
        return results / "gone" if cell in gone else results

    cells = {name: read_cell(name, lab, place(name), told) for name in lab["cells"]}
    trained = [cell for cell in cells.values() if cell["values"]]
    entries = findings.read(results / "findings.json")
    seeds = lab["seeds"]
    first_ones = seeds == list(range(len(seeds)))
    seeds_option = f"seeds={len(seeds)}" if first_ones else f"seeds={seeds}"
    command = f'make finding ID={{}} PRESET={lab["preset"]} CONFIG="{seeds_option}"'
    judged = [scoreboard.finding(entry, len(entries), command) for entry in entries]

    def figure(name: str, kind: str, folder: str = "figures") -> str | None:
        """Path of {folder}/{name}.{kind} as the page links to it, or None."""
        path = place(name.split("/")[-1]) / folder / f"{name}.{kind}"
        return Path(os.path.relpath(path, output.parent)).as_posix() if path.is_file() else None

    tasks = []
    for task, entry in lab["tasks"].items():
        members = [cells[name] for name in entry["cells"]]
        rows = pd.concat([c["published_rows"] for c in members]) if members else told[:0]
        groups = [g for g in told["group"].unique() if g in set(rows["group"])]
        tasks.append(
            {
                "id": task,
                "title": entry["title"],
                "did": entry["did"].strip(),
                "cells": members,
                "groups": groups,
                "rows": final_rows(members, groups),
                "notes": notes(members, groups),
                "seen": seen(members),
                "findings": [entry for entry in judged if entry["task"] == task],
                "unjudged": [f for f in lab["findings"] if f["task"] == task and not judged],
                "gallery": bool(entry.get("gallery")),
                "backbones": {
                    name: backbone(results, name)
                    for name in dict.fromkeys(c["settings"].get("backbone") for c in members)
                    if name
                },
                "heat": {
                    c["name"]: heat(place(c["name"]), c["name"])
                    | {
                        "gallery": browsable(
                            place(c["name"]),
                            c["name"],
                            lab["datasets"][c["settings"]["dataset"]]["classes"],
                            output,
                        )
                    }
                    for c in members
                    if c["settings"].get("heatmaps")
                },
            }
        )
    accuracies = [c["values"]["final_val_accuracy"] for c in trained]
    lowest = [x for a in accuracies for x in (a.mean, a.low) if np.isfinite(x)]
    lowest += [x for c in trained for x in c["published"]] + [0.5]
    axis = max(0.0, np.floor(10 * min(lowest) - 1e-9) / 10)
    rows = [settings_row(cell) for cell in cells.values()]
    often_same = ("batch size", "initialiser")
    differing = [key for key in often_same if len({row[key] for row in rows}) > 1]
    facts = [c["facts"] for c in cells.values() if c["facts"]]
    versions = pd.concat([f["versions"] for f in facts]) if facts else pd.DataFrame()
    kinds = {dataset["images"]["kind"] for dataset in lab["datasets"].values()}
    return {
        "lab": lab,
        "missing": missing,
        "seeds_option": seeds_option,
        "judged": judged,
        "counts": scoreboard.counts(judged),
        "contradicted": scoreboard.contradicted(judged),
        "cells": cells,
        "tasks": tasks,
        "groups": [g for g in told["group"].unique()],
        "summary": sentences.summary(trained),
        "axis": axis,
        "datasets": [dataset_row(name, lab, results) for name in lab["datasets"]],
        "audits": [audit_row(name, results) for name in lab["datasets"]],
        "twins_out": [row for cell in trained if (row := without_twins(cell, results))],
        "settings": rows,
        "twins": twins(cells),
        "differing": differing,
        "same": {key: rows[0][key] for key in often_same if rows and key not in differing},
        "phantoms": "phantom" in kinds,
        "only_phantoms": kinds == {"phantom"},
        "trainings": sum(c["trainings"] for c in cells.values()),
        "seconds": seconds(cells),
        "continued": {
            name: cell["settings"]["continues"]
            for name, cell in cells.items()
            if cell["settings"]["continues"]
        },
        "versions": {key: ", ".join(sorted(set(versions[key]))) for key in sorted(versions)},
        "figure": figure,
        "styles": Path(os.path.relpath(styles, output.parent)).as_posix(),
    }


def write(
    lab: dict,
    results: Path,
    published: Path,
    template: Path,
    output: Path,
    missing: Sequence[Mapping] = (),
) -> None:
    """Write the report's Quarto Markdown.

    Parameters
    ----------
    lab
        The resolved lab, as `labproof.lab.plan.resolve` gives it.
    results
        The preset's results folder.
    published
        The lab's published.csv.
    template
        report/index.qmd.jinja; what it includes and the styles lie beside it.
    output
        The .qmd to write; its links to figures and styles are relative to it.
    missing
        What a partial report lacks, as `gaps.find` gives it.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        comment_start_string="<#",  # {# begins an identifier in Quarto
        comment_end_string="#>",
    )
    environment.filters |= {
        "number": words.number,
        "estimate": words.estimate,
        "stacked": stacked,
        "duration": words.duration,
        "thousands": words.thousands,
        "cell": lambda text: str(text).replace("|", "\\|"),
        "literal": words.literal,
    }
    environment.globals |= {
        "count": words.count,
        "listing": words.listing,
        "badge": scoreboard.badge,
        "strip": strip,
        "their_accuracy": their_accuracy,
    }
    text = environment.get_template(template.name).render(
        context(lab, results, published, output, template.parent, missing)
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
