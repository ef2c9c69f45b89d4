"""Claims and the tables of the cells -> findings: each sentence with its verdict, as JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from labproof import words
from labproof.errors import LabError
from labproof.judging import bootstrap, measures, verdicts
from labproof.judging.measures import MEASURES
from labproof.lab import claims, gaps, vocabulary

# What of published.csv speaks to a measure: a column, or one less another.
PUBLISHED = {
    "final_accuracy": ("accuracy", None),
    "final_val_accuracy": ("val_accuracy", None),
    "final_loss": ("loss", None),
    "final_val_loss": ("val_loss", None),
    "accuracy_gap": ("val_accuracy", "accuracy"),
    "overfitting": ("val_loss", "loss"),
}
WRITTEN = {"id", "statement", "verdict", "parts", "reason"}  # keys of every finding
RELATION_WORDS = {"above": "above", "below": "below", "about": "about", "similar_to": "similar to"}


class Run(NamedTuple):
    """What a run left for its claims; see `judge`."""

    tables: Mapping[str, Mapping[str, pd.DataFrame | None]]
    seeds: Sequence[int]
    datasets: Mapping[str, str]
    trainings: Mapping[str, str]

    def table(self, cell: str, name: str) -> pd.DataFrame | None:
        """A table of a cell; None where there is none or it holds nothing."""
        table = self.tables.get(cell, {}).get(name)
        return None if table is None or table.empty else table

    def training(self, cell: str) -> str:
        """What names the training of a cell."""
        return self.trainings.get(cell, cell)


def judge(
    findings: Sequence[Mapping],
    tables: Mapping[str, Mapping[str, pd.DataFrame | None]],
    *,
    seeds: Sequence[int],
    datasets: Mapping[str, str],
    trainings: Mapping[str, str] | None = None,
    published: pd.DataFrame | None = None,
    warnings: Mapping[str, Sequence[str]] | None = None,
    missing: Sequence[Mapping] = (),
    adjust: bool = True,
) -> list[dict]:
    """Judge findings.

    Parameters
    ----------
    findings
        As `claims.resolve` gives them.
    tables
        Cell -> its `histories`, `predictions` and `heatmaps` (scores) tables; one that is missing
        is None or left out.
    seeds
        The seeds that every cell should have; one that is not in a table is missing.
    datasets
        Cell -> dataset. Two cells on the same one were judged on the same images.
    trainings
        Cell -> what names its training, as `trainings.shared` gives it: no claim compares a
        training with itself. Each cell is one of its own where it is not said.
    published
        What others found: columns cell, group, metric, value, and note or none.
    warnings
        Dataset -> what its audit warns of; a finding carries those of its cells' datasets.
    missing
        What `gaps.find` gives; an undecided finding of such a cell tells the cause.
    adjust
        Whether these are all findings there are, so that Holm's correction can be made over them.

    Returns
    -------
    list of dict
        One a finding, in order, for `findings.json`: `id`, `task`, `statement`, `why`, `note`,
        `ours`, `cells`, `warnings`; `curve`, `means`, `negated` of its claim; the verdict as of a
        part below; and `p_adjusted`, Holm's over all findings.
        A number that is not known, or not finite, is None.
        `parts`: the claims of one measure that it is made of, in order, each with `claim` (in
        words), `measure`, `at`, `cell`, `relation`, `number`, `other`, `other_measure`, `margin`,
        `least` (the margin, where it is the least difference worth naming; or None), `region` (its
        two edges), `verdict`, `reason`, `estimate`, `low`, `high`, `n`, `p`, `effect`,
        `p_permutation`, `seeds_needed`, `values` (of each cell, seed -> value; the text
        "never" where censored), `published` (group, value, agrees, note).
    """
    run = Run(tables, seeds, datasets, trainings or {})
    judged = [_judge(entry, run, published) for entry in findings]
    for entry in judged:
        used = dict.fromkeys(datasets[cell] for cell in entry["cells"] if cell in datasets)
        entry["warnings"] = [
            f"{name}: {text}" for name in used for text in (warnings or {}).get(name, [])
        ]
        if entry["verdict"] == verdicts.UNDECIDED:
            causes = [gaps.told(gap) for gap in missing if gap["cell"] in entry["cells"]]
            entry["reason"] = " ".join([entry["reason"], *(f"{cause}." for cause in causes)])
    adjusted = verdicts.holm([entry["p"] for entry in judged])
    for entry, p in zip(judged, adjusted, strict=True):
        entry["p_adjusted"] = float(p) if adjust else math.nan
    return [_plain(entry) for entry in judged]


def write(entries: Sequence[Mapping], file: Path) -> None:
    """Write findings.json; None stands for what is not known."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def read(file: Path) -> list[dict]:
    """Read findings.json; an empty list where there is none. What is not whole is a LabError."""
    if not file.is_file():
        return []
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(entries, list) or not all(set(entry) >= WRITTEN for entry in entries):
            raise ValueError("no list of findings")
    except (ValueError, TypeError) as error:
        raise LabError(
            f"{file}: this is not what the judging wrote ({error}); it was cut or edited. Delete "
            "the file and run again: that judges anew and trains nothing."
        ) from None
    return entries


def tell(entry: Mapping) -> str:
    """One finding as plain text for a terminal, some lines."""
    lines = [f"{entry['id']}: {entry['statement']}", "", f"  {entry['verdict'].upper()}"]
    if len(entry["parts"]) > 1:
        lines[-1] += f". {entry['reason']}"
    if entry["curve"]:
        claimed = "does not" if entry["negated"] else "does"
        lines += ["", f"  {entry['curve'].capitalize()} means: {entry['means']}."]
        lines += [f"  The sentence claims that it {claimed} show."]
    for part in entry["parts"]:
        lines += [
            "",
            f"  {part['claim'][0].upper()}{part['claim'][1:]}: {_part_verdict(part, entry)}",
        ]
        if part["estimate"] is not None:
            what = "difference" if part["other"] else "mean"
            lines.append(
                f"    {what} {words.number(part['estimate'])}, 95 % interval {_interval(part)}, "
                f"{words.count(part['n'], 'seed')}"
            )
        lines.append(f"    {part['reason']}")
        for cell, values in part["values"].items():
            each = [x if isinstance(x, str) else words.number(x) for x in values.values()]
            lines.append(f"    {cell}: {', '.join(each)}")
    for text in entry["warnings"]:
        lines += ["", f"  Its data carry a warning. {text[0].upper()}{text[1:]}."]
    return "\n".join(lines).replace(words.NBSP, " ") + "\n"


def _part_verdict(part: Mapping, entry: Mapping) -> str:
    """The verdict of a part; of a definition, which the sentence may deny, whether it holds."""
    if entry["curve"] is None:
        return part["verdict"]
    holds = {verdicts.REPRODUCED: "holds", verdicts.NOT_REPRODUCED: "does not hold"}
    return holds.get(part["verdict"], part["verdict"])


def claim_words(leaf: Mapping) -> str:
    """A claim of one measure in words, such as "final training loss of 1a-dropout above …"."""
    what = vocabulary.words_of(leaf["measure"], leaf["at"])
    said = f"{what} of {leaf['cell']} {RELATION_WORDS[leaf['relation']]} "
    if leaf["other"] is None:
        said += f"{leaf['number']:g}"
    elif leaf["other_measure"] == leaf["measure"]:
        said += f"that of {leaf['other']}"
    else:
        said += f"the {vocabulary.words_of(leaf['other_measure'])} of {leaf['other']}"
    if leaf["relation"] in ("about", "similar_to"):
        return f"{said}, within {leaf['margin']:g}"
    return f"{said}, by at least {leaf['margin']:g}" if leaf["margin"] else said


def _judge(entry, run, published) -> dict:
    parts: list[dict] = []
    verdict = _verdict(entry["claim"], parts, run, published)
    deciding = min(
        (part for part in parts if part["estimate"] == verdict.estimate),
        default=parts[0],
        key=lambda part: part["reason"] != verdict.reason,
    )
    return {
        **{key: entry[key] for key in ("id", "task", "statement", "why", "note", "ours", "cells")},
        "curve": entry["claim"].get("curve"),
        "means": entry["claim"].get("means"),
        "negated": entry["claim"].get("negated", False),
        "measure": deciding["measure"],
        **_numbers(verdict),
        "parts": parts,
    }


def _verdict(claim, parts, run, published) -> verdicts.Verdict:
    """The verdict on a claim; what it is made of is added to `parts`."""
    if "parts" in claim:
        inner = [_verdict(part, parts, run, published) for part in claim["parts"]]
        return verdicts.combine(inner, negated=claim["negated"])
    verdict = _leaf(claim, run)
    values = {}
    for cell, measure, at in claims.sides(claim):
        sample = _sample(cell, measure, at, run)
        key = cell if cell not in values else f"{cell}: {vocabulary.words_of(measure, at)}"
        values[key] = {
            str(seed): "never" if np.isinf(x) else float(x)
            for seed, x in zip(sample.seeds, sample.values, strict=True)
        }
    parts.append(
        {
            "claim": claim_words(claim),
            **claim,
            "region": list(claims.edges(claim)),
            **_numbers(verdict),
            "values": values,
            "published": [] if published is None else _published(claim, published),
        }
    )
    return verdict


def _leaf(claim, run) -> verdicts.Verdict:
    region = verdicts.Region(*claims.edges(claim))
    sides = claims.sides(claim)
    samples = [_sample(*side, run) for side in sides]
    cells, asked = zip(*((cell, rest) for cell, *rest in sides), strict=True)
    if len(sides) > 1 and asked[0] == asked[1] and run.training(cells[0]) == run.training(cells[1]):
        told = f"{cells[0]} and {cells[1]} have the same settings and the same images"
        return verdicts.Verdict(
            verdicts.UNDECIDED,
            f"Under this preset these are one training: {told}.",
            region,
            n=min(len(sample.values) for sample in samples),
        )
    error, images = _image_error(sides, run)
    return verdicts.judge(
        region, *samples, image_error=error, images=images, least=claim["least"] or 0.0
    )


def _sample(cell: str, measure: str, at: float | None, run: Run) -> verdicts.Sample:
    table = run.table(cell, vocabulary.MEASURES[measure].table)
    if table is None:
        return verdicts.Sample(cell, [], [])
    found = measures.over_seeds(table, measure, at).reindex(list(run.seeds))
    # a seed that is not in the table was not trained, whatever the measure
    gone = found.isna() & found.index.isin(table["seed"])
    why = measures.why_missing(table, measure) if gone.any() else ""
    return verdicts.Sample(cell, found.to_numpy(dtype=float), list(found.index), why=why)


def _image_error(sides, run) -> tuple[float, int]:
    """Standard error that comes from the images, and how many there are; NaN: not known."""
    drawn = []
    for cell, measure, _ in sides:
        known = MEASURES[measure]
        if known.images:
            # the images' part in what a history says of them is that of the last predictions
            kind = vocabulary.MEASURES[measure].table
            table = run.table(cell, "predictions" if kind == "histories" else kind)
            if table is None or table["probability"].isna().any():
                return math.nan, 0
            values, label = measures.by_image(measure, table)
            if not values.size:
                return math.nan, 0
            drawn.append((cell, known, values, label))
    if not drawn:
        return 0.0, 0
    (cell, known, probability, label), *rest = drawn
    if not rest:
        error = bootstrap.image_error(known.images, probability, label, binary=known.binary)
        return error, len(label)
    (other, theirs, their_probability, their_label) = rest[0]
    if run.datasets[cell] == run.datasets[other]:
        error = bootstrap.image_error(
            known.images,
            probability,
            label,
            statistic_2=theirs.images,
            probability_2=their_probability,
            binary=known.binary and theirs.binary,
        )
        return error, len(label)
    errors = [
        bootstrap.image_error(known.images, probability, label, binary=known.binary),
        bootstrap.image_error(theirs.images, their_probability, their_label, binary=theirs.binary),
    ]
    return math.hypot(*errors), min(len(label), len(their_label))


def _published(claim: Mapping, published: pd.DataFrame) -> list[dict]:
    """What each group's own numbers, one run each, say of a claim."""
    rows = published.dropna(subset=["value"])
    values = rows.set_index(["group", "cell", "metric"])["value"]
    found = []
    for group in dict.fromkeys(published["group"]):
        value, used = 0.0, []
        for sign, (cell, measure, _) in zip((1, -1), claims.sides(claim), strict=False):
            for side, metric in zip((1, -1), PUBLISHED.get(measure, ("", None)), strict=True):
                if metric is not None:
                    used.append((group, cell, metric))
                    value += sign * side * values.get(used[-1], math.nan)
        low, high = claims.edges(claim)
        if used and math.isfinite(value):
            value = round(value, 6)  # 0.9 - 0.85 is 0.05, whatever binary makes of it
            agrees = round(low, 6) <= value <= round(high, 6)
            notes = [
                getattr(row, "note", None)
                for row in rows.itertuples()
                if (row.group, row.cell, row.metric) in used
            ]
            told = dict.fromkeys(note for note in notes if isinstance(note, str) and note)
            note = "; ".join(told) or None
            found.append({"group": group, "value": value, "agrees": agrees, "note": note})
    return found


def _numbers(verdict: verdicts.Verdict) -> dict:
    names = (
        "verdict",
        "reason",
        "estimate",
        "low",
        "high",
        "n",
        "p",
        "effect",
        "p_permutation",
        "seeds_needed",
    )
    return {name: getattr(verdict, name) for name in names}


def _interval(part: Mapping) -> str:
    low, high = ("?" if part[key] is None else words.number(part[key]) for key in ("low", "high"))
    return f"[{low}, {high}]"


def _plain(value):
    """The same in JSON's terms: what is not finite is None, and no numpy number is left."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
