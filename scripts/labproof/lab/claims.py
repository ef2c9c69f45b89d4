"""findings.yaml -> claims: what each sentence says of which cells, checked.

A claim is a plain dict, so that Snakemake can compare it and pass it on. Of one measure:

- `measure`, `at` (its parameter, or None), `cell`
- `relation`: above, below, about or similar_to
- `number`, or `other` (a cell) with `other_measure`; the other two are None
- `times`, where it is said: what the other's value is multiplied by before it is compared
- `less`, `other_less`, where they are said: cells whose values are taken away before that
- `over_seeds`: "spread", where the claim is of the spread over seeds and not of the mean
- `margin`: how far above or below at least, or the width of about and similar_to
- `least`: the least difference worth naming of its measure, where that is the margin of an above or
  below whose edge is 0, since no `by` is said; or None

Of several things at once: `parts` (claims); `curve`, the name of what they define together, and
`means`, its meaning in words (or None); `negated`: the sentence says that they do not all hold.
"""

from collections.abc import Mapping
from itertools import combinations, pairwise
from pathlib import Path

from labproof.lab import leaves, single_claims, vocabulary
from labproof.lab.single_claims import SHAPES, no_measure, only, problem
from labproof.lab.validation import suggest
from labproof.lab.vocabulary import MEASURES

EXAMPLE = {"cell": "1a-plain", "measure": "final_val_accuracy", "about": 0.85, "within": 0.1}


def resolve(written: Mapping, tasks: Mapping, cells: Mapping, file: Path) -> dict:
    """Resolve what findings.yaml holds, its schema already checked.

    Returns
    -------
    dict
        `curves`: name -> what it means, in words. `findings`: list of id, task, statement, why,
        note (or None), claim, and cells: all that the claim is about, in order.

    Raises
    ------
    LabError
        For the first claim that cannot be judged, naming its key, the cause and the mend.
    """
    curves, least = written.get("curves", {}), written.get("least", {})
    for measure in least:
        if measure not in MEASURES:
            raise problem(file, ["least", measure], no_measure(measure), 0.05)
    least = {vocabulary.named(measure): worth for measure, worth in least.items()}
    for name, curve in curves.items():
        for number, part in enumerate(curve["parts"]):
            single_claims.resolve(
                {"cell": None, **part}, {}, least, file, ["curves", name, "parts", number]
            )
    findings, seen = [], set()
    for finding in written["findings"]:
        name = finding["id"]
        place = ["findings", name]
        if name in seen:
            raise problem(file, place, "the id stands twice. Give one of the two another.")
        seen.add(name)
        if finding["task"] not in tasks:
            cause = f'"{finding["task"]}" does not exist.{suggest(finding["task"], tasks)}'
            raise problem(file, [*place, "task"], cause)
        claim = _claim(finding, curves, cells, least, file, place)
        findings.append(
            {
                **{key: finding[key] for key in ("id", "task", "statement", "why")},
                "note": finding.get("note"),
                "ours": finding.get("ours", False),
                "claim": claim,
                "cells": list(
                    dict.fromkeys(
                        cell for leaf in leaves.leaves(claim) for cell in leaves.cells(leaf)
                    )
                ),
            }
        )
    return {
        "curves": {name: curve["means"] for name, curve in curves.items()},
        "findings": findings,
    }


def _claim(
    written: Mapping, curves: Mapping, cells: Mapping, least: Mapping, file: Path, place: list
) -> dict:
    given = [shape for shape in SHAPES if shape in written]
    if len(given) != 1:
        cause = (
            f"claims {' and '.join(given)} at once. Write them as parts, each a claim of its own."
            if given
            else f"claims nothing. A claim has one of {', '.join(SHAPES)}."
        )
        example = {"parts": [EXAMPLE, {**EXAMPLE, "measure": "final_accuracy"}]}
        raise problem(file, place, cause, example if given else EXAMPLE)
    shape = given[0]
    if shape == "parts":
        only(written, ["parts"], file, place)
        parts = [
            _claim(part, curves, cells, least, file, [*place, "parts", number])
            for number, part in enumerate(written["parts"])
        ]
        return {"parts": parts, "curve": None, "means": None, "negated": False}
    if shape in ("alike", "differ"):
        return _range(written, shape, cells, least, file, place)
    if shape == "ordered":
        return _ordered(written, cells, least, file, place)
    if "cell" not in written:
        raise problem(file, [*place, "cell"], "is missing.", next(iter(cells)))
    if shape == "best_of":
        return _best_of(written, cells, least, file, place)
    if shape in ("shows", "lacks"):
        only(written, ["cell", shape], file, place)
        name = written[shape]
        if name not in curves:
            cause = f'"{name}" does not stand under curves.{suggest(name, curves)}'
            raise problem(file, [*place, shape], cause)
        parts = [
            single_claims.resolve({"cell": written["cell"], **part}, cells, least, file, place)
            for part in curves[name]["parts"]
        ]
        return {
            "parts": parts,
            "curve": name,
            "means": curves[name]["means"],
            "negated": shape == "lacks",
        }
    return single_claims.resolve(written, cells, least, file, place)


def _best_of(written: Mapping, cells: Mapping, least: Mapping, file: Path, place: list) -> dict:
    """A cell is better than each of several: a part each, all of which must hold."""
    shared = _shared(written, "best_of", ["cell", "measure", "at", "best_of", "by"], file, place)
    better = MEASURES[written["measure"]].better
    if not better:
        cause = (
            f"which is best is not known of {written['measure']}: neither more nor less of it is "
            "better by its name. Write parts with above or below."
        )
        raise problem(file, [*place, "best_of"], cause)
    side = "above" if better == "more" else "below"
    others = [cell for cell in written["best_of"] if cell != written["cell"]]
    return _all_of(
        [{**shared, "cell": written["cell"], side: other} for other in others],
        cells,
        least,
        file,
        [*place, "best_of"],
    )


def _ordered(written: Mapping, cells: Mapping, least: Mapping, file: Path, place: list) -> dict:
    """Several cells, the highest value first: a part for each and the next."""
    shared = _shared(written, "ordered", ["measure", "at", "ordered", "by"], file, place)
    order = written["ordered"]
    return _all_of(
        [{**shared, "cell": first, "above": second} for first, second in pairwise(order)],
        cells,
        least,
        file,
        [*place, "ordered"],
    )


def _range(
    written: Mapping, shape: str, cells: Mapping, least: Mapping, file: Path, place: list
) -> dict:
    """The range of several cells: all pairs within a margin, or not all."""
    margin = {"alike": "within", "differ": "by"}[shape]
    shared = _shared(written, shape, ["measure", "at", shape, margin], file, place)
    if margin not in written:
        raise problem(file, [*place, margin], "the margin is missing.", 0.05)
    shared.pop("by", None)
    claim = _all_of(
        [
            {**shared, "cell": first, "similar_to": second, "within": written[margin]}
            for first, second in combinations(written[shape], 2)
        ],
        cells,
        least,
        file,
        [*place, shape],
    )
    return {**claim, "negated": shape == "differ"}


def _shared(written: Mapping, shape: str, allowed: list, file: Path, place: list) -> dict:
    only(written, allowed, file, place)
    if written.get("measure") not in MEASURES:
        name = written.get("measure")
        cause = "is missing." if name is None else no_measure(name)
        raise problem(file, [*place, "measure"], cause, "final_val_accuracy")
    return {key: written[key] for key in ("measure", "at", "by") if key in written}


def _all_of(parts: list, cells: Mapping, least: Mapping, file: Path, place: list) -> dict:
    if not parts:
        raise problem(file, place, "names no other cell. Name two or more.")
    found = [single_claims.resolve(part, cells, least, file, place) for part in parts]
    return {"parts": found, "curve": None, "means": None, "negated": False}
