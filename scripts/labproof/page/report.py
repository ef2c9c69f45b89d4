"""Results folder -> the report as static Quarto Markdown.

A missing file is not an error: what cannot be read is None, and the page says "not available".
"""

import os
from collections.abc import Mapping, Sequence
from html import unescape
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

from labproof import words
from labproof.errors import LabError
from labproof.judging import record
from labproof.judging.measures import VALIDATION
from labproof.lab import leaves, settings
from labproof.lab import prose as written
from labproof.lab import published as numbers
from labproof.lab.vocabulary import MEASURES
from labproof.page import (
    answer,
    escaped_tables,
    explorer,
    prose,
    records,
    scoreboard,
    seeding,
    sentences,
)
from labproof.page.cells import (
    backbone,
    command_row,
    final_rows,
    known,
    notes,
    read_cell,
    seconds,
    seen,
    settings_row,
    shown,
    standard,
    their_accuracy,
    twins,
)
from labproof.page.data import audit_row, bearing, dataset_row, without_twins
from labproof.page.escaping import escaped, literal
from labproof.page.heatmaps import browsable, heat
from labproof.page.intervals import stacked, strip
from labproof.paths import Results


def context(
    lab: dict,
    results: Results,
    published: Path | str | None,
    output: Path,
    styles: Path,
    missing: Sequence[Mapping] = (),
) -> dict:
    """All that the template reads, from a resolved lab and the paths of its results."""
    commands = {"make": settings.make(lab), "snakemake": settings.snakemake(lab)}
    of_one = f"{lab['report']}/" if lab["report"] else ""
    commands |= {
        entry["id"]: settings.make(lab, "finding", finding=of_one + entry["id"])
        for entry in lab["findings"]
    }
    commands = {name: literal(command) for name, command in commands.items()}
    verdicts = Path(results.of_report(lab["report"]).findings)
    reviews = records.of_page(lab["title"], verdicts)
    told = escaped_tables.of(pd.DataFrame(numbers.read(published), columns=numbers.COLUMNS))
    plain = lab  # as it was written
    lab, missing = escaped(lab), escaped(missing)
    lacking = [gap["cell"] for gap in missing]
    # of a cell without any seed, what an earlier run may have left is not shown
    gone = {cell for cell in lacking if lacking.count(cell) == len(lab["blocks"][cell])}

    def place(cell: str) -> Results:
        return Results(f"{results.root}/gone") if cell in gone else results

    cells = {name: read_cell(name, lab, place(name), told) for name in lab["cells"]}
    curves = {name: Path(place(name).history(name)) for name in cells}
    trained = [cell for cell in cells.values() if cell["values"]]
    entries = escaped(record.read(verdicts))
    unlike = {entry["id"] for entry in entries} ^ {entry["id"] for entry in lab["findings"]}
    if entries and unlike:
        raise LabError(
            f"{verdicts}: it is not of the lab's sentences "
            f"({words.listing(sorted(unlike))}). Delete the file and run again: that judges anew "
            "and trains nothing."
        )
    each = {
        name: cell["facts"]["seconds"] / cell["facts"]["seeds"]
        for name, cell in cells.items()
        if cell["facts"] and cell["facts"]["seeds"]
    }
    sets = {name: cell.get("dataset") for name, cell in lab["cells"].items()}
    judged = [
        scoreboard.finding(
            entry,
            len(entries),
            commands[entry["id"]],
            price=str(answer.price(entry, each) or ""),
            warnings=bearing(entry, sets),
            stuck=[
                f"{name}: {cells[name]['one_class']}"
                for name in entry["cells"]
                if name in cells and cells[name]["one_class"]
            ],
            explored=explorer.address(
                [name for name in entry["cells"] if name in cells and cells[name]["values"]],
                unescape(entry["measure"]),
            ),
        )
        for entry in entries
    ]
    by_id = {entry["id"]: entry for entry in judged}
    passages = set(written.passages(lab["prose"])) if lab.get("prose") else set()

    def linked(path: Path) -> str | None:
        """A file's path as the page links to it, or None."""
        return Path(os.path.relpath(path, output.parent)).as_posix() if path.is_file() else None

    def figure(name: str, kind: str) -> str | None:
        return linked(Path(place(name.split("/")[-1]).figure(name, f".{kind}")))

    def pairs(dataset: str) -> str | None:
        return linked(Path(results.audit(dataset)) / "pairs.png")

    tasks = []
    for task, entry in lab["tasks"].items():
        members = [cells[name] for name in entry["cells"]]
        rows = pd.concat([c["published_rows"] for c in members]) if members else told[:0]
        groups = [g for g in told["group"].unique() if g in set(rows["group"])]
        tasks.append(
            {
                "id": task,
                "title": entry["title"],
                "did": entry["did"],
                "cells": members,
                "groups": groups,
                "rows": final_rows(members, groups),
                "answers": shown(members),
                "notes": notes(members, groups),
                "seen": seen(members),
                "explored": explorer.address([c["name"] for c in members if c["values"]]),
                "prose": prose.paragraphs((lab.get("prose") or {}).get(task, ()), by_id),
                "findings": [
                    entry
                    for entry in judged
                    if entry["task"] == task and entry["id"] not in passages
                ],
                "unjudged": [f for f in lab["findings"] if f["task"] == task and not judged],
                "gallery": bool(entry.get("gallery")),
                "spoken": {
                    cell
                    for entry in judged
                    if entry["task"] == task
                    for each in entry["parts"]
                    for cell in leaves.cells(each)
                    if MEASURES[each["measure"]].table in ("heatmaps", "interventions")
                },
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
    built_in = [cell for cell in cells.values() if not cell["settings"].get("run")]
    accuracies = [c["values"]["final_val_accuracy"] for c in trained]
    lowest = [x for a in accuracies for x in (a.mean, a.low) if np.isfinite(x)]
    lowest += [x for c in trained for x in (*c["published"], c["chance"]) if np.isfinite(x)]
    axis = max(0.0, np.floor(10 * min(lowest, default=0.0) - 1e-9) / 10)
    rows = [settings_row(cell) for cell in built_in]
    often_same = ("batch size", "initialiser")
    differing = [key for key in often_same if len({row[key] for row in rows}) > 1]
    facts = [c["facts"] for c in cells.values() if c["facts"]]
    versions = pd.concat([f["versions"] for f in facts]) if facts else pd.DataFrame()
    kinds = {dataset["images"]["kind"] for dataset in lab["datasets"].values()}
    datasets = [dataset_row(name, lab, results) for name in lab["datasets"]]
    return {
        "lab": lab,
        "missing": missing,
        "commands": commands,
        "judged": judged,
        "counts": scoreboard.counts(judged),
        "introduction": prose.paragraphs((lab.get("prose") or {}).get("", ()), by_id),
        "plain": written.unjudged(lab["prose"]) if lab.get("prose") else None,
        "surprises": [
            {**by_id[entry["id"]], "told": answer.told(entry)}
            for entry in answer.surprises(entries)
        ],
        "undecided": answer.undecided(entries, each) if entries else [],
        "reviews": reviews,
        "scale": answer.scale(lab),
        "unseeded": seeding.told(lab, results),
        "sources": answer.sources(lab, {row["name"]: row["total"] for row in datasets}),
        "on_final": any(
            part.get("images") and part["images"]["split"] != VALIDATION
            for entry in entries
            for part in entry["parts"]
        ),
        "contradicted": scoreboard.contradicted(judged),
        "cells": cells,
        "tasks": tasks,
        "numbers": known(cells.values()),
        "groups": [g for g in told["group"].unique()],
        "summary": sentences.summary([cell for cell in trained if standard(cell)])
        if not trained or any(map(standard, trained))
        else [],
        "axis": axis,
        "guessed": any(np.isfinite(c["chance"]) for c in trained),
        "datasets": datasets,
        "audits": [audit_row(name, results) for name in lab["datasets"]],
        "twins_out": [
            row
            for cell in trained
            if not cell["settings"].get("run") and (row := without_twins(cell, results))
        ],
        "settings": rows,
        "runs": [command_row(cell) for cell in cells.values() if cell["settings"].get("run")],
        "explorer": explorer.packed(plain, curves, published),
        "twins": twins(cells),
        "differing": differing,
        "same": {key: rows[0][key] for key in often_same if rows and key not in differing},
        "phantoms": "phantom" in kinds,
        "only_phantoms": kinds == {"phantom"},
        "given": sum(
            c["trainings"] for c in cells.values() if (c["settings"].get("run") or {}).get("given")
        ),
        "losses": " or ".join(
            said
            for said, some in (
                ("in nats", built_in),
                ("as the lab's code tells them", len(built_in) < len(cells)),
            )
            if some
        ),
        "trainings": sum(c["trainings"] for c in cells.values()),
        "seeds": seeds_in_words([cell["trainings"] for cell in trained]),
        "seconds": seconds(cells),
        "continued": {
            name: cell["settings"]["continues"]
            for name, cell in cells.items()
            if cell["settings"]["continues"]
        },
        "versions": {key: ", ".join(sorted(set(versions[key]))) for key in sorted(versions)},
        "figure": figure,
        "pairs": pairs,
        "styles": Path(os.path.relpath(styles, output.parent)).as_posix(),
    }


def seeds_in_words(numbers: Sequence[int]) -> str:
    """How many seeds a cell has, such as "5 seeds" or "5 to 40 seeds"."""
    if not numbers:
        return "no seed yet"
    least, most = min(numbers), max(numbers)
    return words.count(most, "seed") if least == most else f"{least} to {most} seeds"


def write(
    lab: dict,
    results: Path,
    published: Path | str | None,
    template: Path,
    output: Path,
    missing: Sequence[Mapping] = (),
) -> None:
    """Write the report's Quarto Markdown.

    Parameters
    ----------
    lab
        The resolved lab, as `labproof.lab.plan.resolve` gives it, or as one of its reports claims
        it.
    results
        The preset's results folder.
    published
        The lab's published.csv, if it has one.
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
        "plain": lambda text: text.replace("\\[", "[").replace("\\]", "]"),
    }
    environment.globals |= {
        "count": words.count,
        "listing": words.listing,
        "badge": scoreboard.badge,
        "strip": strip,
        "their_accuracy": their_accuracy,
    }
    text = environment.get_template(template.name).render(
        context(lab, Results(results), published, output, template.parent, missing)
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
