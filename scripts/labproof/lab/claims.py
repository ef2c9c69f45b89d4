"""findings.yaml -> claims: what each sentence says of which cells, checked.

A claim is a plain dict, so that Snakemake can compare it and pass it on. Of one measure:

- `measure`, `at` (its parameter, or None), `cell`
- `relation`: above, below, about or similar_to
- `number`, or `other` (a cell) with `other_measure`; the other two are None
- `times`, where it is said: what the other's value is multiplied by before it is compared
- `margin`: how far above or below at least, or the width of about and similar_to
- `least`: the least difference worth naming of its measure, where that is the margin of an above or
  below whose edge is 0, since no `by` is said; or None

Of several things at once: `parts` (claims); `curve`, the name of what they define together, and
`means`, its meaning in words (or None); `negated`: the sentence says that they do not all hold.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import inf
from pathlib import Path

from labproof.errors import LabError
from labproof.lab import validation, vocabulary
from labproof.lab.validation import suggest
from labproof.lab.vocabulary import MEASURES

TABLES = ("histories", "predictions", "scalars", "facts", "heatmaps", "interventions")
RELATIONS = ("above", "below", "about", "similar_to")
SHAPES = (*RELATIONS, "best_of", "ordered", "shows", "lacks", "parts")
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
            raise _problem(file, ["least", measure], _no_measure(measure), 0.05)
    least = {vocabulary.named(measure): worth for measure, worth in least.items()}
    for name, curve in curves.items():
        for number, part in enumerate(curve["parts"]):
            _leaf({"cell": None, **part}, {}, least, file, ["curves", name, "parts", number])
    findings, seen = [], set()
    for finding in written["findings"]:
        name = finding["id"]
        place = ["findings", name]
        if name in seen:
            raise _problem(file, place, "the id stands twice.")
        seen.add(name)
        if finding["task"] not in tasks:
            cause = f'"{finding["task"]}" does not exist.{suggest(finding["task"], tasks)}'
            raise _problem(file, [*place, "task"], cause)
        claim = _claim(finding, curves, cells, least, file, place)
        findings.append(
            {
                **{key: finding[key] for key in ("id", "task", "statement", "why")},
                "note": finding.get("note"),
                "ours": finding.get("ours", False),
                "claim": claim,
                "cells": list(
                    dict.fromkeys(side[0] for leaf in leaves(claim) for side in sides(leaf))
                ),
            }
        )
    return {
        "curves": {name: curve["means"] for name, curve in curves.items()},
        "findings": findings,
    }


def leaves(claim: Mapping) -> Iterator[Mapping]:
    """The claims of one measure that a claim is made of, in order."""
    if "parts" not in claim:
        yield claim
        return
    for part in claim["parts"]:
        yield from leaves(part)


def sides(leaf: Mapping) -> list[tuple[str, str, float | None]]:
    """(cell, measure, at) of the cell, and of the one that it is compared with."""
    found = [(leaf["cell"], leaf["measure"], leaf["at"])]
    if leaf["other"]:
        at = leaf["at"] if leaf["other_measure"] == leaf["measure"] else None
        found.append((leaf["other"], leaf["other_measure"], at))
    return found


def sources(claim: Mapping) -> Iterator[tuple[str, str]]:
    """(table, cell) of all that a claim is judged by; some may come twice.

    Whatever the measure, the answers say what other images would move, and histories and answers
    which seeds are stuck.
    """
    for leaf in leaves(claim):
        for cell, measure, _ in sides(leaf):
            for table in (MEASURES[measure].table, "histories", "predictions"):
                yield table, cell


def edges(leaf: Mapping) -> tuple[float, float]:
    """The claimed region of the value, or of the difference of the two cells: (low, high)."""
    middle, margin = leaf["number"] or 0.0, leaf["margin"]
    if leaf["relation"] == "above":
        return middle + margin, float("inf")
    if leaf["relation"] == "below":
        return float("-inf"), middle - margin
    return middle - margin, middle + margin


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
        raise _problem(file, place, cause, example if given else EXAMPLE)
    shape = given[0]
    if shape == "parts":
        _only(written, ["parts"], file, place)
        parts = [
            _claim(part, curves, cells, least, file, [*place, "parts", number])
            for number, part in enumerate(written["parts"])
        ]
        return {"parts": parts, "curve": None, "means": None, "negated": False}
    if shape == "ordered":
        return _ordered(written, cells, least, file, place)
    if "cell" not in written:
        raise _problem(file, [*place, "cell"], "is missing.", next(iter(cells)))
    if shape == "best_of":
        return _best_of(written, cells, least, file, place)
    if shape in ("shows", "lacks"):
        _only(written, ["cell", shape], file, place)
        name = written[shape]
        if name not in curves:
            cause = f'"{name}" does not stand under curves.{suggest(name, curves)}'
            raise _problem(file, [*place, shape], cause)
        parts = [
            _leaf({"cell": written["cell"], **part}, cells, least, file, place)
            for part in curves[name]["parts"]
        ]
        return {
            "parts": parts,
            "curve": name,
            "means": curves[name]["means"],
            "negated": shape == "lacks",
        }
    return _leaf(written, cells, least, file, place)


def _best_of(written: Mapping, cells: Mapping, least: Mapping, file: Path, place: list) -> dict:
    """A cell is better than each of several: a part each, all of which must hold."""
    shared = _shared(written, "best_of", ["cell", "measure", "at", "best_of", "by"], file, place)
    better = MEASURES[written["measure"]].better
    if not better:
        cause = (
            f"which is best is not known of {written['measure']}: neither more nor less of it is "
            "better by its name. Write parts with above or below."
        )
        raise _problem(file, [*place, "best_of"], cause)
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


def _shared(written: Mapping, shape: str, allowed: list, file: Path, place: list) -> dict:
    _only(written, allowed, file, place)
    if written.get("measure") not in MEASURES:
        name = written.get("measure")
        cause = "is missing." if name is None else _no_measure(name)
        raise _problem(file, [*place, "measure"], cause, "final_val_accuracy")
    return {key: written[key] for key in ("measure", "at", "by") if key in written}


def _all_of(parts: list, cells: Mapping, least: Mapping, file: Path, place: list) -> dict:
    if not parts:
        raise _problem(file, place, "names no other cell. Name two or more.")
    found = [_leaf(part, cells, least, file, place) for part in parts]
    return {"parts": found, "curve": None, "means": None, "negated": False}


# what a claim may have besides cell, measure, at and its relation
_EXTRA = {
    "above": ("by", "times", "other_measure"),
    "below": ("by", "times", "other_measure"),
    "about": ("within",),
    "similar_to": ("within", "times", "other_measure"),
}
_CLAIM_KEYS = {*SHAPES, "cell", "measure", "at", "within", "by", "times", "other_measure"}


def _only(written: Mapping, allowed: list[str], file: Path, place: list) -> None:
    for key in written:
        if key in _CLAIM_KEYS and key not in allowed:
            shape = next(shape for shape in SHAPES if shape in allowed)
            cause = f'does not go with "{shape}". Take it away.'
            raise _problem(file, [*place, key], cause)


def _leaf(written: Mapping, cells: Mapping, least: Mapping, file: Path, place: list) -> dict:
    given = [relation for relation in RELATIONS if relation in written]
    if len(given) != 1:
        cause = f"needs one of {', '.join(RELATIONS)}, and has {' and '.join(given) or 'none'}."
        raise _problem(file, place, cause, {"above": 0})
    relation = given[0]
    value = written[relation]
    other = value if isinstance(value, str) else None
    extra = [key for key in _EXTRA[relation] if key not in ("other_measure", "times") or other]
    _only(written, ["cell", "measure", "at", relation, *extra], file, place)
    for key, cell in (("cell", written["cell"]), (relation, other)):
        if cell is not None and cell not in cells:
            raise _problem(file, [*place, key], f'"{cell}" does not exist.{suggest(cell, cells)}')
    same = written.get("other_measure", written.get("measure")) == written.get("measure")
    if other is not None and other == written["cell"] and same:
        raise _problem(file, [*place, relation], "compares the cell with itself.")
    if "measure" not in written:
        raise _problem(file, [*place, "measure"], "is missing.", "final_val_accuracy")
    for key in ("measure", "other_measure"):
        if key in written and written[key] not in MEASURES:
            raise _problem(file, [*place, key], _no_measure(written[key]))
    theirs = written.get("other_measure")
    for key, cell in (
        ("measure", written["cell"]),
        ("other_measure" if theirs else "measure", other),
    ):
        table = MEASURES[written[key]].table
        if cell is not None and table == "scalars" and not cells[cell].get("run"):
            cause = (
                f"{written[key]} is a number that a command of the lab's own tells, and cell "
                f"{cell} is trained by Labproof. Take a measure of its history or predictions."
            )
            raise _problem(file, [*place, key], cause)
        heat = table in ("heatmaps", "interventions")
        if cell is not None and heat and not cells[cell]["heatmaps"]:
            cause = (
                f"{written[key]} is measured on heatmaps, and cell {cell} has none. In tasks.yaml, "
                "give it heatmaps: {methods: [Grad-CAM]}, or take another measure."
            )
            raise _problem(file, [*place, key], cause)
    measure = MEASURES[written["measure"]]
    if measure.parameter and "at" not in written:
        cause = f"is missing. {written['measure']} needs {measure.parameter}."
        raise _problem(file, [*place, "at"], cause, 0.65)
    if "at" in written and not measure.parameter:
        cause = f"{written['measure']} has no parameter. Take it away."
        raise _problem(file, [*place, "at"], cause)
    low, high = measure.limits
    if "at" in written and not low <= written["at"] <= high:
        allowed = f"from {low:g} to {high:g}" if high < inf else f"at least {low:g}"
        cause = f"must be {allowed}, but is {written['at']}: it is {measure.parameter}."
        raise _problem(file, [*place, "at"], cause, 0.65)
    if theirs and MEASURES[theirs].parameter:
        cause = f"{theirs} has a parameter, which only the first measure can have."
        raise _problem(file, [*place, "other_measure"], cause, "final_accuracy")
    if relation in ("about", "similar_to") and "within" not in written:
        cause = "the margin is missing: nothing is ever exactly the same."
        raise _problem(file, [*place, "within"], cause, 0.05)
    worth = None
    if relation in ("above", "below") and "by" not in written and (other or value == 0):
        worth = least.get(vocabulary.named(written["measure"]))
    leaf = {
        "measure": vocabulary.named(written["measure"]),
        "at": written.get("at"),
        "cell": written["cell"],
        "relation": relation,
        "number": None if other else float(value),
        "other": other,
        "other_measure": vocabulary.named(theirs or written["measure"]) if other else None,
        "margin": float(written.get("within", written.get("by", worth or 0.0))),
        "least": worth,
    }
    if "times" in written:
        leaf["times"] = float(written["times"])
    low, high = edges(leaf)
    if not other and (high <= measure.low or low >= measure.high):
        cause = (
            f"{written['measure']} lies between {measure.low:g} and {measure.high:g}, so this can "
            "never be true."
        )
        raise _problem(file, [*place, relation], cause)
    return leaf


def _no_measure(name: str) -> str:
    told = vocabulary.problem(name)
    if told != "missing":
        return told
    names = [*MEASURES, *vocabulary.KINDS]
    return f'"{name}" does not exist.{suggest(vocabulary.split(name)[0], names)}'


def _problem(file: Path, place: list, cause: str, example: object = None) -> LabError:
    """As `validation.problem`; the example shows the last key alone, or several as a mapping."""
    keys = [] if isinstance(example, dict) else place[-1:]
    return validation.problem(file, place, cause, example, at=keys)
