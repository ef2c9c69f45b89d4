"""What the page says of datasets: their sizes, and what their audit found."""

from collections.abc import Mapping
from pathlib import Path

from labproof import words
from labproof.data import audit
from labproof.lab import leaves
from labproof.lab.vocabulary import MEASURES
from labproof.page import escaped_tables
from labproof.page.escaping import escaped
from labproof.page.intervals import estimate, stacked
from labproof.paths import Results
from labproof.words import Estimate

KINDS = {
    "phantom": "phantoms",
    "folder": "image files",
    "dermamnist": "DermaMNIST",
    "fracatlas": "FracAtlas",
}


def dataset_row(name: str, lab: dict, results: Results) -> dict:
    """A dataset's size and its images a class and split, counted in its records."""
    entry = lab["datasets"][name]
    records = escaped_tables.read(f"{results.dataset(name)}/records.csv")
    counts = {}
    if records is not None:
        for split in ("train", "validation", "final"):
            part = records[records["split"] == split]
            by_class = part.groupby(["label", "class"]).size()
            each = ", ".join(f"{k} {label}" for (_, label), k in by_class.items())
            counts[split] = f"{len(part)} ({each})" if each else "0"
    return {
        "name": name,
        "total": 0 if records is None else len(records),
        "kind": KINDS[entry["images"]["kind"]],
        "pixels": f"{entry['size']} × {entry['size']}",
        "channels": entry["channels"],
        "train": counts.get("train", words.NOTHING),
        "validation": counts.get("validation", words.NOTHING),
        "final": counts.get("final", words.NOTHING),
    }


def audit_row(name: str, results: Results) -> dict:
    """What the page says of a dataset's audit; `facts` is None where there is none."""
    facts = escaped(audit.read(Path(results.audit(name))))
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


def bearing(entry: Mapping, datasets: Mapping[str, str]) -> list[str]:
    """The warnings of a finding's data that bear on it, out of all that it carries.

    What tells the classes apart for nothing makes answers look better than they are, so it bears
    on accuracies and on where a network looks; not on a loss or its noise, nor on two cells that
    have seen the same images.

    Parameters
    ----------
    entry
        Of findings.json.
    datasets
        Cell -> dataset.
    """

    def of_answers(part: Mapping) -> bool:
        measure = MEASURES.get(part["measure"])
        asked = "accuracy" in part["measure"] or (measure and measure.table != "histories")
        terms = leaves.terms(part)
        alike = len({datasets.get(term.cell) for term in terms}) == 1 < len(terms)
        return bool(asked) and not alike

    return list(entry["warnings"]) if any(map(of_answers, entry["parts"])) else []


def without_twins(cell: dict, results: Results) -> dict | None:
    """A cell's validation accuracy on all images and on those that are not in training too.

    None where no validation image has a duplicate there, or the cell is not trained.
    """
    facts = escaped(audit.read(Path(results.audit(cell["settings"]["dataset"]))))
    predictions = escaped_tables.read(results.predictions(cell["name"]))
    if not facts or not facts["twins"] or predictions is None:
        return None
    found = audit.without_twins(predictions, facts["twins"])
    row = {key: estimate(found[key].dropna()) for key in ("all", "without")}
    row["less"] = estimate((found["all"] - found["without"]).dropna())
    return {"cell": cell["name"], **{key: words.estimate(value) for key, value in row.items()}}
