"""A claim of one measure, as findings.yaml writes it -> checked; `claims` says what it is then."""

import re
from collections.abc import Mapping
from math import inf
from pathlib import Path

from labproof.errors import LabError
from labproof.lab import leaves, validation, vocabulary
from labproof.lab.validation import suggest
from labproof.lab.vocabulary import MEASURES

RELATIONS = ("above", "below", "about", "similar_to")
SHAPES = (*RELATIONS, "best_of", "ordered", "alike", "differ", "shows", "lacks", "parts")
# What a claim may have besides cell, measure, at and its relation; the second beside a cell alone.
EXTRA = {
    "above": (("by", "less", "over_seeds"), ("times", "other_measure", "other_less")),
    "below": (("by", "less", "over_seeds"), ("times", "other_measure", "other_less")),
    "about": (("within", "less", "over_seeds"), ()),
    "similar_to": (("within", "less"), ("times", "other_measure", "other_less")),
}
KEYS = {*SHAPES, "cell", "measure", "at", "within"}.union(*(sum(x, ()) for x in EXTRA.values()))


def only(written: Mapping, allowed: list[str], file: Path, place: list) -> None:
    """Tell the first key of a claim that does not go with its shape."""
    for key in written:
        if key in KEYS and key not in allowed:
            shape = next(shape for shape in SHAPES if shape in allowed)
            cause = f'does not go with "{shape}". Take it away.'
            raise problem(file, [*place, key], cause)


def resolve(written: Mapping, cells: Mapping, least: Mapping, file: Path, place: list) -> dict:
    """Resolve a claim of one measure.

    Raises
    ------
    LabError
        It cannot be judged; names its key, the cause and the mend.
    """
    given = [relation for relation in RELATIONS if relation in written]
    if len(given) != 1:
        cause = f"needs one of {', '.join(RELATIONS)}, and has {' and '.join(given) or 'none'}."
        raise problem(file, place, cause, {"above": 0})
    relation = given[0]
    value = written[relation]
    other = value if isinstance(value, str) else None
    always, beside = EXTRA[relation]
    only(written, ["cell", "measure", "at", relation, *always, *beside * bool(other)], file, place)
    theirs = written.get("other_measure")
    _check_cells(written, relation, other, cells, file, place)
    if "measure" not in written:
        raise problem(file, [*place, "measure"], "is missing.", "final_val_accuracy")
    for key in ("measure", "other_measure"):
        if key in written and written[key] not in MEASURES:
            raise problem(file, [*place, key], no_measure(written[key]))
    for key, cell in (
        ("measure", written["cell"]),
        ("measure", written.get("less")),
        ("other_measure" if theirs else "measure", other),
        ("other_measure" if theirs else "measure", written.get("other_less")),
    ):
        _check_measured(written, key, cell, cells, file, place)
    _check_at(written, file, place)
    if relation in ("about", "similar_to") and "within" not in written:
        cause = "the margin is missing: nothing is ever exactly the same."
        raise problem(file, [*place, "within"], cause, 0.05)
    spread = written.get("over_seeds") == "spread"
    if spread:
        _check_spread(written, relation, other, file, place)
    worth = None
    nameable = relation in ("above", "below") and not spread
    if nameable and "by" not in written and (other or value == 0):
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
    leaf |= {key: written[key] for key in ("less", "other_less") if key in written}
    if spread:
        leaf["over_seeds"] = "spread"
    _check_possible(leaf, written, file, place)
    return leaf


def _check_cells(
    written: Mapping, relation: str, other: str | None, cells: Mapping, file: Path, place: list
) -> None:
    less, other_less = written.get("less"), written.get("other_less")
    named = {"cell": written["cell"], "less": less, relation: other, "other_less": other_less}
    for key, cell in named.items():
        if key == relation and cell not in cells and re.match(r"[-+]?[.,]?\d", cell or ""):
            cause = f'"{cell}" is text. Write a number with a point, and neither quotes nor %.'
            raise problem(file, [*place, key], cause, 0.85)
        if cell is not None and cell not in cells:
            raise problem(file, [*place, key], f'"{cell}" does not exist.{suggest(cell, cells)}')
    if other and (less is None) != (other_less is None):
        key = "less" if less is None else "other_less"
        cause = (
            "is missing. A difference is compared with a difference: of cell less less, and of the "
            f"cell under {relation} less other_less."
        )
        raise problem(file, [*place, key], cause, next(iter(cells)))
    same = written.get("other_measure", written.get("measure")) == written.get("measure")
    if written["cell"] is not None and same and (written["cell"], less) == (other, other_less):
        raise problem(
            file, [*place, relation], "compares the cell with itself. Name another, or a number."
        )
    if less is not None and less == written["cell"]:
        raise problem(file, [*place, "less"], "is the cell itself.")


def _check_measured(
    written: Mapping, key: str, cell: str | None, cells: Mapping, file: Path, place: list
) -> None:
    """Whether a cell has what a measure is taken of."""
    if cell is None:
        return
    table = MEASURES[written[key]].table
    if table == "scalars" and not cells[cell].get("run"):
        cause = (
            f"{written[key]} is a number that a command of the lab's own tells, and cell "
            f"{cell} is trained by Labproof. Take a measure of its history or predictions."
        )
        raise problem(file, [*place, key], cause)
    if table in ("heatmaps", "interventions") and not cells[cell]["heatmaps"]:
        mend = "In tasks.yaml, give it heatmaps: {methods: [Grad-CAM]}, or take another measure."
        if cells[cell].get("run"):
            mend = "Labproof draws them of networks that it trains; a command may tell a scalar."
        cause = f"{written[key]} is measured on heatmaps, and cell {cell} has none. {mend}"
        raise problem(file, [*place, key], cause)


def _check_at(written: Mapping, file: Path, place: list) -> None:
    measure, theirs = MEASURES[written["measure"]], written.get("other_measure")
    if measure.parameter and "at" not in written:
        cause = f"is missing. {written['measure']} needs {measure.parameter}."
        raise problem(file, [*place, "at"], cause, 0.65)
    if "at" in written and not measure.parameter:
        cause = f"{written['measure']} has no parameter. Take it away."
        raise problem(file, [*place, "at"], cause)
    low, high = measure.limits
    if "at" in written and not low <= written["at"] <= high:
        allowed = f"from {low:g} to {high:g}" if high < inf else f"at least {low:g}"
        cause = f"must be {allowed}, but is {written['at']}: it is {measure.parameter}."
        raise problem(file, [*place, "at"], cause, 0.65)
    if theirs and MEASURES[theirs].parameter:
        cause = f"{theirs} has a parameter, which only the first measure can have."
        raise problem(file, [*place, "other_measure"], cause, "final_accuracy")


def _check_spread(
    written: Mapping, relation: str, other: str | None, file: Path, place: list
) -> None:
    for key in ("less", "similar_to", *(("by",) if other else ())):
        if key in written:
            cause = (
                "does not go with over_seeds: spread, since spreads are compared by their ratio. "
                "Write above or below, with times."
            )
            raise problem(file, [*place, key], cause)
    if not other and written[relation] <= 0:
        raise problem(file, [*place, relation], "must be above 0, as a spread is.", 0.01)


def _check_possible(leaf: Mapping, written: Mapping, file: Path, place: list) -> None:
    measure, (low, high) = MEASURES[written["measure"]], leaves.edges(leaf)
    if leaves.kind(leaf) == "mean" and (high <= measure.low or low >= measure.high):
        cause = (
            f"{written['measure']} lies between {measure.low:g} and {measure.high:g}, so this can "
            "never be true."
        )
        if measure.high == 1 < (leaf["number"] or 0) <= 100:
            cause += f" Write {leaf['number']:g} % as {leaf['number'] / 100:g}."
        raise problem(file, [*place, leaf["relation"]], cause)


def no_measure(name: str) -> str:
    """Why there is no such measure, as the cause of a message."""
    told = vocabulary.problem(name)
    if told != "missing":
        return told
    names = [*MEASURES, *vocabulary.KINDS]
    return f'"{name}" does not exist.{suggest(vocabulary.split(name)[0], names)}'


def problem(file: Path, place: list, cause: str, example: object = None) -> LabError:
    """As `validation.problem`; the example shows the last key alone, or several as a mapping."""
    keys = [] if isinstance(example, dict) else place[-1:]
    return validation.problem(file, place, cause, example, at=keys)
