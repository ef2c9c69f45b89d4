"""Claims of several reports on one lab -> who claims what of one thing, and who contradicts whom.

Two claims are about one thing by what they measure and on which cells, whatever their reports call
them: "the loss of a lies above that of b", "that of b lies below that of a" and "a less b is above
0" are one claim. They contradict each other where no value can make both true.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from labproof.judging import record
from labproof.lab import leaves
from labproof.lab.leaves import Term

DIGITS = 9  # 0.85 - 0.1 is 0.75, whatever binary makes of it


class Said(NamedTuple):
    """A sentence of a report, and what its own judging says of the claim at hand."""

    report: str
    finding: str  # its id
    statement: str
    verdict: str


class Evidence(NamedTuple):
    """What was measured of a sum of terms, a spread or a ratio of spreads; None: not known."""

    kind: str  # as `leaves.kind` has it
    terms: list[Term]  # in one order, the first with the weight 1
    estimate: float | None
    low: float | None
    high: float | None
    n: int


@dataclass
class Stance:
    """One claim about a thing, by all who make it."""

    region: tuple[float, float] | None  # where it puts the value; None where it is of several
    negated: bool | None  # whether it denies that several hold together; None: of one value
    said: list[Said] = field(default_factory=list)

    def excludes(self, other: "Stance") -> bool:
        """Whether no value makes both true."""
        if self.region is None or other.region is None:
            return self.negated is not other.negated
        (low, high), (bottom, top) = self.region, other.region
        return high <= bottom or top <= low


@dataclass
class Subject:
    """One thing that reports make claims about."""

    key: tuple
    task: str
    curve: str | None  # its name, where it is one
    means: str | None
    evidence: list[Evidence]  # of the value, or of all that hold together
    leaves: list[Mapping]  # the claims of one measure that its first claim is made of
    stances: list[Stance] = field(default_factory=list)

    def against(self, stance: Stance) -> list[str]:
        """Names of the reports that contradict one of the claims; its own may be among them."""
        others = [other for other in self.stances if other.excludes(stance)]
        return list(dict.fromkeys(said.report for other in others for said in other.said))

    @property
    def clashes(self) -> bool:
        """Whether two of the claims contradict each other."""
        return any(map(self.against, self.stances))

    @property
    def reports(self) -> list[str]:
        """Names of the reports that claim something about it."""
        return list(dict.fromkeys(said.report for each in self.stances for said in each.said))


def subjects(
    claimed: Mapping[str, Sequence[Mapping]], judged: Mapping[str, Sequence[Mapping]]
) -> list[Subject]:
    """The things that reports are about, in the order in which they come up.

    Parameters
    ----------
    claimed
        Report -> its resolved findings. Those that are `ours` are no report's claims.
    judged
        Report -> its findings.json, of the same findings.
    """
    found: dict[tuple, Subject] = {}
    for report, entries in claimed.items():
        by_id = {entry["id"]: entry for entry in judged[report]}
        for entry in entries:
            if entry["ours"]:
                continue
            verdict = by_id[entry["id"]]
            parts = iter(verdict["parts"])
            for unit in _units(entry["claim"], parts, verdict["verdict"]):
                subject = found.setdefault(unit.key, _subject(unit, entry["task"]))
                said = Said(report, entry["id"], entry["statement"], unit.verdict)
                _stance(subject, unit).said.append(said)
    return list(found.values())


class _Unit(NamedTuple):
    key: tuple
    region: tuple[float, float] | None
    negated: bool | None
    verdict: str
    leaves: list[tuple[Mapping, Mapping]]  # a claim of one measure, and its part of findings.json
    curve: str | None = None
    means: str | None = None


def _units(claim: Mapping, parts: Iterator[Mapping], verdict: str | None) -> Iterator[_Unit]:
    """What a sentence claims: each of its leaves, and each curve or range of cells as a whole.

    `verdict` is that of the whole claim, where it is known.
    """
    if "parts" not in claim:
        leaf, part = claim, next(parts)
        yield _Unit((_quantity(leaf)[0],), _region(leaf), None, part["verdict"], [(leaf, part)])
    elif claim["curve"] is None and not claim["negated"] and not _is_range(claim):
        for each in claim["parts"]:
            yield from _units(each, parts, None)
    else:
        both = [(leaf, next(parts)) for leaf in leaves.leaves(claim)]
        defined = sorted((_quantity(leaf)[0], _region(leaf)) for leaf, _ in both)
        negated = claim["negated"]
        verdict = verdict or _together([part["verdict"] for _, part in both], negated)
        yield _Unit(tuple(defined), None, negated, verdict, both, claim["curve"], claim["means"])


def _is_range(claim: Mapping) -> bool:
    """Whether it claims that each of some cells is similar to each other one."""
    pairs = [(part.get("cell"), part.get("other")) for part in claim["parts"]]
    cells = {cell for pair in pairs for cell in pair}
    similar = all(part.get("relation") == "similar_to" for part in claim["parts"])
    return similar and len(set(pairs)) == len(cells) * (len(cells) - 1) / 2


def _quantity(leaf: Mapping) -> tuple[str, list[Term], float | None]:
    """What is measured as text that two claims of it share, the terms in one order, and what the
    sum that is claimed of is divided by to have that order's weights; None: a ratio is inverted.
    """
    kind, terms = leaves.kind(leaf), leaves.terms(leaf)
    ordered = sorted(terms, key=repr)
    scale: float | None = ordered[0].weight
    if kind == "ratio":
        scale = None if ordered[0] != terms[0] else 1.0
        ordered = [term._replace(weight=1.0) for term in ordered]
    elif kind != "spread":
        weights = [round(term.weight / scale, DIGITS) for term in ordered]
        pairs = zip(ordered, weights, strict=True)
        ordered = [term._replace(weight=weight) for term, weight in pairs]
    spread = kind if leaves.is_spread(leaf) else "mean"
    return repr((spread, ordered)), ordered, scale


def _region(leaf: Mapping) -> tuple[float, float]:
    low, high = leaves.edges(leaf)
    if leaves.kind(leaf) == "ratio":
        low = max(low, 0.0)
    return _turned(low, high, _quantity(leaf)[2])


def _turned(low: float | None, high: float | None, scale: float | None) -> tuple:
    """Two ends as those of the quantity in its one order; one that is not known is None."""

    def turned(x: float | None) -> float | None:
        if x is None:
            return None
        if scale is not None:
            return round(x / scale, DIGITS) + 0.0  # no minus before a 0
        return math.inf if x == 0 else round(1 / x, DIGITS)

    ends = (turned(low), turned(high))
    return ends[::-1] if scale is None or scale < 0 else ends


def _together(parts: Sequence[str], negated: bool) -> str:
    """Verdict on several within a sentence of more, by those of its leaves.

    All hold; or one does not; or it is not known (`verdicts.combine` knows the level more exactly).
    """
    if record.NOT_REPRODUCED in parts:
        holds = record.NOT_REPRODUCED
    else:
        holds = max(parts, key=[record.REPRODUCED, record.UNDECIDED].index)
    opposite = {
        record.REPRODUCED: record.NOT_REPRODUCED,
        record.NOT_REPRODUCED: record.REPRODUCED,
    }
    return opposite.get(holds, holds) if negated else holds


def _subject(unit: _Unit, task: str) -> Subject:
    evidence = []
    for leaf, part in unit.leaves:
        _, terms, scale = _quantity(leaf)
        estimate, _ = _turned(part["estimate"], part["estimate"], scale)
        low, high = _turned(part["low"], part["high"], scale)
        evidence.append(Evidence(leaves.kind(leaf), terms, estimate, low, high, part["n"]))
    made_of = [leaf for leaf, _ in unit.leaves]
    return Subject(unit.key, task, unit.curve, unit.means, evidence, made_of)


def _stance(subject: Subject, unit: _Unit) -> Stance:
    for stance in subject.stances:
        if (stance.region, stance.negated) == (unit.region, unit.negated):
            return stance
    subject.stances.append(Stance(unit.region, unit.negated))
    return subject.stances[-1]


def in_words(stance: Stance, subject: Subject) -> str:
    """What a stance says of its subject, such as "higher, by at least 0.05": the first cell is."""
    if stance.region is None:
        yes, no = ("shows it", "lacks it") if subject.curve else ("so it is", "not so")
        return no if stance.negated else yes
    low, high = stance.region
    open_low, open_high = math.isinf(low), math.isinf(high)
    evidence = subject.evidence[0]
    if evidence.kind == "ratio":
        return f"above {low:g} times" if open_high else f"below {high:g} times"
    if len(evidence.terms) == 2:
        if (open_high and low >= 0) or (open_low and high <= 0):
            edge, side = (low, "higher") if open_high else (-high, "lower")
            return f"{side}, by at least {edge:g}" if edge else side
        if low == -high:
            return f"similar, within {high:g}"
    if open_high:
        return f"above {low:g}"
    if open_low:
        return f"below {high:g}"
    return f"about {(low + high) / 2:g}, within {(high - low) / 2:g}"
