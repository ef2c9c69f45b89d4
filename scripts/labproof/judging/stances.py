"""Claims of several reports on one lab -> who claims what of one thing, and who contradicts whom.

Two claims are about one thing by what they measure and on which cells, whatever their reports call
them: "the loss of a lies above that of b" and "that of b lies below that of a" are one claim. They
contradict each other where no value can make both true.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from labproof.judging import verdicts
from labproof.lab import claims

DIGITS = 9  # 0.85 - 0.1 is 0.75, whatever binary makes of it


class Said(NamedTuple):
    """A sentence of a report, and what its own judging says of the claim at hand."""

    report: str
    finding: str  # its id
    statement: str
    verdict: str


class Evidence(NamedTuple):
    """What was measured of a value, or of the first side's less the second's; None: not known."""

    sides: list[tuple[str, str, float | None]]  # cell, measure, at: one, or two
    times: float  # what the second is multiplied by
    estimate: float | None
    low: float | None
    high: float | None
    n: int


@dataclass
class Stance:
    """One claim about a thing, by all who make it."""

    region: tuple[float, float] | None  # where it puts the value or difference; None: of a curve
    negated: bool | None  # whether it denies a curve; None: of a value
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
    evidence: list[Evidence]  # of the value, or of all that define the curve
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
    curve: str | None
    means: str | None


def _units(claim: Mapping, parts: Iterator[Mapping], verdict: str | None) -> Iterator[_Unit]:
    """What a sentence claims: each of its leaves, and each curve as a whole.

    `verdict` is that of the whole claim, where it is known.
    """
    if "parts" not in claim:
        part = next(parts)
        sides, times, sign = _quantity(claim)
        region = _turned(claims.edges(claim), sign)
        key = ("value", *sides, times)
        yield _Unit(key, region, None, part["verdict"], [(claim, part)], None, None)
    elif claim["curve"] is None:
        for each in claim["parts"]:
            yield from _units(each, parts, None)
    else:
        leaves = [(leaf, next(parts)) for leaf in claims.leaves(claim)]
        defined = []
        for leaf, _ in leaves:
            *quantity, sign = _quantity(leaf)
            defined.append((repr(quantity), _turned(claims.edges(leaf), sign)))
        yield _Unit(
            ("curve", *sorted(defined)),
            None,
            claim["negated"],
            verdict or _together([part["verdict"] for _, part in leaves], claim["negated"]),
            leaves,
            claim["curve"],
            claim["means"],
        )


def _quantity(leaf: Mapping) -> tuple[list[tuple], float, int]:
    """The sides in one order, whoever writes them; what the second is multiplied by; and 1, or -1
    where the claim has them the other way round.
    """
    sides = [tuple(side) for side in claims.sides(leaf)]
    times = leaf.get("times", 1.0)
    turn = len(sides) > 1 and times == 1 and repr(sides[1]) < repr(sides[0])
    return sides[::-1] if turn else sides, times, -1 if turn else 1


def _turned(ends: tuple[float, float], sign: int) -> tuple[float, float]:
    low, high = ends if sign > 0 else (-ends[1], -ends[0])
    return round(low, DIGITS) + 0.0, round(high, DIGITS) + 0.0  # no minus before a 0


def _together(parts: Sequence[str], negated: bool) -> str:
    """Verdict on a curve within a sentence of several parts, by those of its leaves.

    All hold; or one does not; or it is not known (`verdicts.combine` knows the level more exactly).
    """
    if verdicts.NOT_REPRODUCED in parts:
        holds = verdicts.NOT_REPRODUCED
    else:
        holds = max(parts, key=[verdicts.REPRODUCED, verdicts.UNDECIDED].index)
    opposite = {
        verdicts.REPRODUCED: verdicts.NOT_REPRODUCED,
        verdicts.NOT_REPRODUCED: verdicts.REPRODUCED,
    }
    return opposite.get(holds, holds) if negated else holds


def _subject(unit: _Unit, task: str) -> Subject:
    evidence = []
    for leaf, part in unit.leaves:
        sides, times, sign = _quantity(leaf)
        low, high = (part["low"], part["high"])[::sign]
        numbers = [None if x is None else sign * x for x in (part["estimate"], low, high)]
        evidence.append(Evidence(sides, times, *numbers, part["n"]))
    return Subject(unit.key, task, unit.curve, unit.means, evidence)


def _stance(subject: Subject, unit: _Unit) -> Stance:
    for stance in subject.stances:
        if (stance.region, stance.negated) == (unit.region, unit.negated):
            return stance
    subject.stances.append(Stance(unit.region, unit.negated))
    return subject.stances[-1]


def in_words(stance: Stance, subject: Subject) -> str:
    """What a stance says of its subject, such as "higher, by at least 0.05": the first side is."""
    if stance.region is None:
        return "lacks it" if stance.negated else "shows it"
    low, high = stance.region
    if len(subject.evidence[0].sides) == 1:
        if math.isinf(high):
            return f"above {low:g}"
        if math.isinf(low):
            return f"below {high:g}"
        return f"about {(low + high) / 2:g}, within {(high - low) / 2:g}"
    if math.isinf(high) or math.isinf(low):
        edge = -high if math.isinf(low) else low
        side = "lower" if math.isinf(low) else "higher"
        return f"{side}, by at least {edge:g}" if edge else side
    return f"similar, within {high:g}"
