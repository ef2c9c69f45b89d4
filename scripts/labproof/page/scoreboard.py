"""findings.json -> what the page says of each sentence: badge, numbers, plot, details."""

from collections.abc import Mapping, Sequence
from itertools import chain

from labproof import words
from labproof.judging import record
from labproof.lab import leaves
from labproof.page import margins
from labproof.page.spans import Axis, span

# verdict -> mark and class of its badge; the mark says it where colour does not
BADGES = {
    record.REPRODUCED: ("✓", "reproduced"),
    record.NOT_REPRODUCED: ("✗", "not-reproduced"),
    record.UNDECIDED: ("?", "undecided"),
}
# What is said of a part of a definition, which a sentence may deny.
HOLDS = {record.REPRODUCED: "holds", record.NOT_REPRODUCED: "does not hold"}


def badge(verdict: str, said: str | None = None) -> str:
    """A verdict as a span with its mark and its word."""
    mark, name = BADGES[verdict]
    return f'[[{mark}]{{aria-hidden="true"}}{words.NBSP}{said or verdict}]{{.badge .{name}}}'


def counts(judged: Sequence[Mapping]) -> list[dict]:
    """How many findings have each verdict, in the order of the page."""
    found = [entry["verdict"] for entry in judged]
    return [
        {"verdict": verdict, "class": name, "mark": mark, "count": found.count(verdict)}
        for verdict, (mark, name) in BADGES.items()
    ]


def measured(entry: Mapping, digits: int = 3) -> str:
    """`estimate [low, high]` of a finding or a part; an end that is not known is a dash."""
    if entry["estimate"] is None:
        return words.NOTHING
    low, high = (words.number(entry[key], digits) for key in ("low", "high"))
    return f"{words.number(entry['estimate'], digits)}{words.NBSP}\\[{low},{words.NBSP}{high}\\]"


def finding(
    entry: Mapping,
    among: int,
    command: str,
    *,
    price: str = "",
    warnings: Sequence[str] = (),
    stuck: Sequence[str] = (),
    explored: str = "",
) -> dict:
    """What the page says of one finding.

    Parameters
    ----------
    entry
        Of findings.json.
    among
        How many findings there are, over which p was adjusted.
    command
        What judges this finding alone.
    price
        What deciding it costs, in words.
    warnings
        Of its data, those that bear on it.
    stuck
        Sentences on seeds of its cells that never left chance.
    explored
        Where the explorer shows its cells.
    """
    defined = entry["curve"] is not None or entry["negated"]
    parts = [part(each, defined) for each in entry["parts"]]
    mark, name = BADGES[entry["verdict"]]
    return {
        **entry,
        "mark": mark,
        "class": name,
        "badge": badge(entry["verdict"]),
        "measured": measured(entry),
        "decisive": decisive(entry),
        "definition": definition(entry),
        "parts": parts,
        "chance": chance(entry, among),
        "command": command,
        "price": price,
        "warnings": warnings,
        "stuck": [*stuck],
        "explored": explored,
    }


def part(entry: Mapping, of_definition: bool) -> dict:
    """What the page says of one claim of a finding."""
    said = HOLDS.get(entry["verdict"], entry["verdict"]) if of_definition else None
    cells = []
    for cell, values in entry["values"].items():
        each = [x if isinstance(x, str) else words.number(x) for x in values.values()]
        cells.append(f"{cell}: {', '.join(each)}")
    facts = [f"Hedges' g {words.number(entry['effect'], 2)}"] if entry["effect"] is not None else []
    if entry["p"] is not None:
        facts.append(f"p {p_value(entry['p'])}")
    if entry["p_permutation"] is not None:
        facts.append(f"{p_value(entry['p_permutation'])} by permutation")
    return {
        **entry,
        "badge": badge(entry["verdict"], said),
        "measured": measured(entry),
        "what": leaves.kind(entry),
        "plot": plot(entry),
        "looks": looks(entry),
        "rests": rests(entry),
        "margins": margins.curve(entry),
        "with_margins": margins.told(entry),
        "others": others(entry),
        "cells": cells,
        "facts": ", ".join(facts),
    }


def looks(part: Mapping) -> list[dict]:
    """What was seen at each look, where there were several: seeds, level, numbers, verdict."""
    found = part.get("looks") or []
    if len(found) < 2:
        return []
    return [
        {
            "n": look["n"],
            "measured": measured(look),
            "badge": badge(look["verdict"]),
            "level": f"{100 * (1 - 2 * look['level']):.3g}{words.NBSP}%",
        }
        for look in found
    ]


def rests(part: Mapping) -> str:
    """On which examples a part rests, and where its margin is from; empty where that is unknown."""
    said = []
    images = part.get("images")
    if images:
        said.append(f"It rests on {words.count(images['count'], images['split'] + ' example')}.")
    if part.get("least"):
        said.append(f"By {part['least']:g} at least, as the least difference worth naming.")
    return " ".join(said)


def deciding(entry: Mapping) -> Mapping:
    """The part whose numbers are the finding's own."""
    return next(
        (part for part in entry["parts"] if part["estimate"] == entry["estimate"]),
        entry["parts"][0],
    )


def decisive(entry: Mapping) -> str:
    """What decided, in plain words: the measure, its number and what was claimed of it."""
    part = deciding(entry)
    if part["estimate"] is None:
        return entry["reason"]
    what = f"the {leaves.subject(part)}"
    if part["other"] is None:
        return f"{what} is {measured(part)}; {_claimed(part)}."
    if leaves.is_spread(part):
        ratio = leaves.compared({key: x for key, x in part.items() if key != "times"})
        return f"{what} is {measured(part)} times {ratio}; {_claimed(part)}."
    beside = leaves.compared(part)
    side = "above" if part["estimate"] >= 0 else "below"
    turned = -1 if part["estimate"] < 0 else 1
    ends = [part["low"], part["high"]][::turned]
    low, high = (None if x is None else turned * x for x in ends)
    size = {"estimate": turned * part["estimate"], "low": low, "high": high}
    return f"{what} lies {measured(size)} {side} {beside}; {_claimed(part)}."


def _claimed(part: Mapping) -> str:
    """What is claimed of a part's number; a margin that the lab did not write is told as ours."""
    relation, margin = part["relation"], f"{part['margin']:g}"
    middle = "it" if part["other"] else f"{part['number']:g}".replace("-", words.MINUS)
    if leaves.kind(part) == "ratio" and part.get("times", 1) != 1:
        middle = f"{part['times']:g} times it"
    if relation in ("about", "similar_to"):
        return f"claimed: within {margin} of {middle}"
    said = f"claimed: {relation} {middle}"
    if part.get("least"):
        return f"{said}, where less than {margin} counts as no difference"
    return f"{said}, by {margin}" if part["margin"] else said


def definition(entry: Mapping) -> str:
    """What the lab's word for a curve means, and whether the sentence claims or denies it."""
    if entry["curve"] is None:
        return "The sentence claims that not all of this holds." if entry["negated"] else ""
    asked = "denies" if entry["negated"] else "claims"
    return f"The sentence {asked} *{entry['curve']}*: {entry['means']}."


def others(part: Mapping) -> str:
    """Published numbers, one run each, beside one claim: those that contradict it stand out."""
    told = []
    for row in part["published"]:
        text = f"{row['group']} {row['value']:g}".replace("-", words.MINUS)
        if not row["agrees"]:
            text = f"**{text} contradicts it**"
        told.append(text + (f" ({row['note']})" if row["note"] else ""))
    return f"Published: {', '.join(told)}." if told else ""


def contradicted(judged: Sequence[Mapping]) -> list[str]:
    """Ids of the findings that another group's published numbers, or the lab's own, contradict."""
    return [
        entry["id"]
        for entry in judged
        if any(not row["agrees"] for each in entry["parts"] for row in each["published"])
    ]


def p_value(p: float) -> str:
    """A p value as it is printed: three decimals, never 0."""
    return "below 0.001" if p < 0.001 else words.number(p)


def chance(entry: Mapping, among: int) -> str:
    """Raw and adjusted p side by side, and what it means where the two disagree."""
    if entry["p"] is None or entry["p_adjusted"] is None:
        return ""
    said = (
        f"p {p_value(entry['p'])}; adjusted for {words.count(among, 'finding')} (Holm) "
        f"{p_value(entry['p_adjusted'])}."
    )
    if entry["p"] <= record.ALPHA < entry["p_adjusted"]:
        said += " Among so many findings, one such verdict may be chance."
    return said


def plot(entry: Mapping) -> str:
    """A claim and its evidence as a row of spans that the style places.

    The claimed region is shaded, its edges are labelled; a bar is the interval, an upright the
    mean, dots are seeds, rings the other groups' numbers and a diamond the lab report's own.
    """
    edges = [edge for edge in entry["region"] if edge is not None]
    known = [entry[key] for key in ("estimate", "low", "high") if entry[key] is not None]
    if not known:
        return ""
    seeds = []
    if leaves.kind(entry) == "mean":
        all_values = chain.from_iterable(values.values() for values in entry["values"].values())
        seeds = [x for x in all_values if isinstance(x, float | int)]
    theirs = [row["value"] for row in entry["published"]]
    axis = Axis([*edges, *known, *seeds, *theirs])

    sides = ("low", "high")
    open_sides = [
        f" .open-{side}" for side, x in zip(sides, entry["region"], strict=True) if x is None
    ]
    marks = span(
        "claimed" + "".join(open_sides),
        axis.at(entry["region"][0], 0),
        axis.at(entry["region"][1], 100),
    )
    if entry["low"] is not None or entry["high"] is not None:
        marks += span("bar", axis.at(entry["low"], 0), axis.at(entry["high"], 100))
    marks += "".join(span("seed", axis.at(x)) for x in seeds)
    for row in entry["published"]:
        marks += span("own" if row["group"] == "lab report" else "theirs", axis.at(row["value"]))
    if entry["estimate"] is not None:
        marks += span("dot", axis.at(entry["estimate"]))
    for edge in edges:
        text = f"{edge:g}".replace("-", words.MINUS)
        marks += f'[{text}]{{.edge style="left:{axis.at(edge):.1f}%"}}'
    return f'[{marks}]{{.strip .evidence aria-hidden="true"}}'
