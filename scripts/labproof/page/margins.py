"""The margin curve: with which mark or margin a claim would have which verdict, by its interval.

The verdict is that of the region that is claimed (`judging.verdicts`); moving its edge along the
interval says what another reader, with another margin, would have been told.
"""

from collections.abc import Mapping

from labproof import words
from labproof.judging import record
from labproof.lab import leaves
from labproof.page.spans import Axis, span

YES, OPEN, NO = "yes", "open", "no"


def zones(part: Mapping) -> list[tuple[float | None, float | None, str]]:
    """(from, to, verdict) along the mark (above, below) or the margin (about, similar_to).

    In rising order, `None` where a zone has no end; empty where there is no interval.
    """
    low, high = part["low"], part["high"]
    if low is None and high is None:
        return []
    if part["relation"] in ("above", "below"):
        first, last = (YES, NO) if part["relation"] == "above" else (NO, YES)
        found = [(None, low, first), (low, high, OPEN), (high, None, last)]
        return [zone for zone in found if zone[:2] != (None, None) or zone[2] == OPEN]
    middle = part["number"] or 0.0
    if low is None or high is None:
        near = max(0.0, (low - middle) if high is None else (middle - high))
        return [(0.0, near, NO), (near, None, OPEN)] if near else [(0.0, None, OPEN)]
    far = max(abs(low - middle), abs(high - middle))
    near = 0.0 if low <= middle <= high else min(abs(low - middle), abs(high - middle))
    return [(0.0, near, NO)] * (near > 0) + [(near, far, OPEN), (far, None, YES)]


def told(part: Mapping, digits: int = 3) -> str:
    """The curve in words; empty where there is no interval."""
    found = {verdict: (low, high) for low, high, verdict in zones(part)}
    if not found:
        return ""
    difference = leaves.kind(part) == "difference" and not part["number"]
    if part["relation"] == "below" and difference:  # how far below, as it is said
        turned = {verdict: [x and -x for x in ends][::-1] for verdict, ends in found.items()}
        found = {verdict: tuple(ends) for verdict, ends in turned.items()}
    similar = part["relation"] in ("about", "similar_to")
    subject = "margin" if similar or difference else "mark"
    said = []
    for verdict, name in (
        (YES, record.REPRODUCED),
        (OPEN, record.UNDECIDED),
        (NO, record.NOT_REPRODUCED),
    ):
        if verdict not in found:
            continue
        low, high = (None if x is None else words.number(x, digits) for x in found[verdict])
        if similar and found[verdict][0] == 0:
            low = None
        if low is None and high is None:
            where = f"any {subject}"
        elif low is None:
            where = f"a {subject} below {high}"
        else:
            where = f"a {subject} above {low}" if high is None else f"one from {low} to {high}"
        said.append(f"{name} with {where}")
    return f"It would be {', '.join(said)}."


def curve(part: Mapping) -> str:
    """The curve as a row of spans that the style places, with the claim's own margin as a tick."""
    found = zones(part)
    if not found:
        return ""
    similar = part["relation"] in ("about", "similar_to")
    own = part["margin"]
    if not similar:
        own = part["region"][part["relation"] == "below"]
    ends = [end for zone in found for end in zone[:2] if end is not None]
    axis = Axis([*ends, own], least=0.0 if similar else None)
    marks = ""
    for low, high, verdict in found:
        marks += span(f"zone .{verdict}", axis.at(low, 0), axis.at(high, 100))
    marks += span("own", axis.at(own))
    for end in dict.fromkeys(ends):
        if not similar or end > 0:
            text = words.number(end)
            marks += f'[{text}]{{.edge style="left:{axis.at(end):.1f}%"}}'
    return f'[{marks}]{{.strip .margins aria-hidden="true"}}'
