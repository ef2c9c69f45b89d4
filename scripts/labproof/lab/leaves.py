"""What a resolved claim is made of: claims of one measure, each a sum of cells' values in a region.

A leaf (`claims` describes it) says that a sum of terms lies in a region: one cell's value, less
another's, or what one cell has over a second less what a third has over a fourth.
"""

from collections.abc import Iterator, Mapping
from math import inf
from typing import NamedTuple

from labproof.lab import vocabulary
from labproof.lab.vocabulary import MEASURES

TABLES = ("histories", "predictions", "scalars", "facts", "heatmaps", "interventions")
RELATION_WORDS = {"above": "above", "below": "below", "about": "about", "similar_to": "similar to"}


class Term(NamedTuple):
    """A measure of a cell, and what it is multiplied by in the sum."""

    cell: str
    measure: str
    at: float | None
    weight: float


def leaves(claim: Mapping) -> Iterator[Mapping]:
    """The claims of one measure that a claim is made of, in order."""
    if "parts" not in claim:
        yield claim
        return
    for part in claim["parts"]:
        yield from leaves(part)


def terms(leaf: Mapping) -> list[Term]:
    """The terms whose sum is claimed to lie in `edges`, the leaf's own cell first.

    Of spreads over seeds the second is divided by, in place of being taken away, and `edges` are of
    the ratio.
    """
    measure, at = leaf["measure"], leaf["at"]
    found = [Term(leaf["cell"], measure, at, 1.0)]
    if leaf.get("less"):
        found.append(Term(leaf["less"], measure, at, -1.0))
    if leaf["other"]:
        times = 1.0 if is_spread(leaf) else leaf.get("times", 1.0)
        theirs = leaf["other_measure"]
        at = at if theirs == measure else None
        found.append(Term(leaf["other"], theirs, at, -times))
        if leaf.get("other_less"):
            found.append(Term(leaf["other_less"], theirs, at, times))
    return found


def cells(leaf: Mapping) -> list[str]:
    """The cells that a leaf is about, each once."""
    return list(dict.fromkeys(term.cell for term in terms(leaf)))


def sources(claim: Mapping) -> Iterator[tuple[str, str]]:
    """(table, cell) of all that a claim is judged by; some may come twice.

    Whatever the measure, the answers say what other images would move, and histories and answers
    which seeds are stuck.
    """
    for leaf in leaves(claim):
        for term in terms(leaf):
            for table in (MEASURES[term.measure].table, "histories", "predictions"):
                yield table, term.cell


def edges(leaf: Mapping) -> tuple[float, float]:
    """The claimed region of the sum of the terms, of spreads their ratio: (low, high)."""
    middle, margin = leaf["number"] or 0.0, leaf["margin"]
    if is_spread(leaf) and leaf["other"]:
        middle = leaf.get("times", 1.0)
    if leaf["relation"] == "above":
        return middle + margin, inf
    if leaf["relation"] == "below":
        return -inf, middle - margin
    return middle - margin, middle + margin


def is_spread(leaf: Mapping) -> bool:
    """Whether the claim is of the spread over seeds, and not of the mean."""
    return leaf.get("over_seeds") == "spread"


def kind(leaf: Mapping) -> str:
    """What its number is: a mean, a difference, a spread or a ratio of spreads."""
    if is_spread(leaf):
        return "ratio" if leaf["other"] else "spread"
    return "difference" if leaf["other"] or leaf.get("less") else "mean"


def subject(leaf: Mapping) -> str:
    """What is claimed something of, in words: "final training loss of 1a-plain"."""
    what = f"{vocabulary.words_of(leaf['measure'], leaf['at'])} of {leaf['cell']}"
    if is_spread(leaf):
        what = f"spread over seeds of the {what}"
    return f"{what} less that of {leaf['less']}" if leaf.get("less") else what


def compared(leaf: Mapping) -> str:
    """What that is compared with, of a leaf that has `other`: "that of 1a-dropout"."""
    what = f"that of {leaf['other']}"
    if leaf["other_measure"] != leaf["measure"]:
        what = f"the {vocabulary.words_of(leaf['other_measure'])} of {leaf['other']}"
        what = f"that of {what}" if is_spread(leaf) else what
    if leaf.get("other_less"):
        what += f" less that of {leaf['other_less']}"
        what = f"({what})" if "times" in leaf else what
    return f"{leaf['times']:g} times {what}" if "times" in leaf else what


def words(leaf: Mapping) -> str:
    """A claim of one measure in words, such as "final training loss of 1a-dropout above …"."""
    said = f"{subject(leaf)} {RELATION_WORDS[leaf['relation']]} "
    said += f"{leaf['number']:g}" if leaf["other"] is None else compared(leaf)
    if leaf["relation"] in ("about", "similar_to"):
        return f"{said}, within {leaf['margin']:g}"
    return f"{said}, by at least {leaf['margin']:g}" if leaf["margin"] else said
