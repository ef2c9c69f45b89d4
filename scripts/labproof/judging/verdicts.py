"""Numbers, one a seed -> a verdict on what is claimed of them.

One rule for every claim. A claim is a region: all values above a number, or all within a margin of
one. The evidence is an interval. It lies wholly in the region: reproduced; wholly outside: not
reproduced; on both sides of an edge, or unknown: undecided.

The interval (`interval`) is Student's t over seeds, or Welch's; for a claim of similarity this is
the test of two one-sided hypotheses (Schuirmann 1987).

A claim is looked at after each step of a ladder of seeds, and each look's interval has the level
that `ladder.levels` gives it; one look alone has 95 %. A verdict that a look has given stands: the
looks err together no more often than is said, so that an earlier one is as good as a later. Looks
that contradict each other decide nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from labproof import words
from labproof.judging import interval, ladder, reasons
from labproof.judging.interval import Look
from labproof.judging.needs import Evidence
from labproof.judging.record import ALPHA, NOT_REPRODUCED, REPRODUCED, UNDECIDED
from labproof.judging.sample import Region, Sample

# With stuck seeds among them so many values at least: fewer have no bell curve about their mean.
MANY = 20
OPPOSITE = {REPRODUCED: NOT_REPRODUCED, NOT_REPRODUCED: REPRODUCED, UNDECIDED: UNDECIDED}


@dataclass(frozen=True)
class Verdict:
    """A verdict and what it rests on; `nan` and None where that is unknown."""

    verdict: str
    reason: str
    region: Region
    estimate: float = np.nan  # mean, or difference of two means
    low: float = np.nan  # the interval of the last look
    high: float = np.nan
    n: int = 0  # seeds of the cell that has fewer
    # The total error over the looks at which the claim is first decided: it is when p <= 0.05.
    p: float = np.nan
    inside: bool = False  # the side that the estimate lies on
    effect: float = np.nan  # Hedges' g: distance from the claim in standard deviations
    p_permutation: float = np.nan  # of two cells: exact, without assuming a bell curve
    seeds_needed: float = np.nan  # infinite: no number of seeds is enough
    looks: tuple[Look, ...] = ()
    steps: tuple[int, ...] = ()  # of the ladder; the looks are at the first of them
    stop: str = ""  # why no look was taken at seeds that are there
    parts: tuple["Verdict", ...] = ()
    negated: bool = False  # the claim is that the parts do not all hold
    evidence: "Evidence | None" = None  # where there is an interval

    def p_of(self, side: bool, share: int = 1) -> float:
        """Sequential p of what is claimed (`side` True) or of its opposite; NaN: not known.

        The least over the looks of 0.05 tail / level, the level being that of a total error of
        0.05 / share: at most 0.05 exactly when a look has decided so.
        """
        if self.parts:
            if side != self.negated:  # all parts are as claimed: no correction (Berger 1982)
                return float(np.max([part.p_of(True, share) for part in self.parts]))
            k = share * len(self.parts)
            return float(np.min([part.p_of(False, k) for part in self.parts]))
        if not self.looks:
            return np.nan
        levels = ladder.levels(self.steps, share)
        tails = [look.tail if look.inside == side else 1.0 for look in self.looks]
        return min(1.0, *(ALPHA * t / a for t, a in zip(tails, levels, strict=False)))

    @property
    def contradicts_itself(self) -> bool:
        """Whether one look of a claim decided one way and another the other."""
        if any(part.contradicts_itself for part in self.parts):
            return True
        return self.p_of(True) <= ALPHA and self.p_of(False) <= ALPHA

    def after(self, looks: int) -> "Verdict":
        """The same as of its first looks; its numbers are none of theirs."""
        parts = tuple(part.after(looks) for part in self.parts)
        return replace(self, looks=self.looks[:looks], parts=parts)

    def history(self) -> list[tuple[int, str]]:
        """(seeds, verdict) of each look that all parts have."""
        leaves = self.leaves()
        whole = min(leaves, key=lambda leaf: len(leaf.looks)).looks
        return [(look.n, decided(self.after(k + 1))) for k, look in enumerate(whole)]

    def leaves(self) -> list["Verdict"]:
        """The claims of one measure that it is made of."""
        return [leaf for part in self.parts for leaf in part.leaves()] or [self]


def judge(
    region: Region,
    *samples: Sample,
    paired: Sequence[object] = (),
    image_error: float | Sequence[float] = 0.0,
    images: int = 0,
    least: float = 0.0,
    steps: Sequence[int] = (),
    wait: str = "",
    spread: bool = False,
) -> Verdict:
    """Judge what is claimed of a sum of cells' values, such as one cell's less another's.

    Parameters
    ----------
    region
        Where the sum of the means is claimed to lie.
    samples
        The values, one a seed; seeds are the unit of replication. A cell whose values are taken
        away has a negative weight.
    paired
        A name for each sample. Those of one name are summed seed by seed, so that a comparison of
        two is that in pairs, right however their values of one seed hang together. Left out: all
        are independent.
    image_error
        Standard error of the sum that comes from the sample of images (`bootstrap.image_error`), of
        every look or of each; 0 where no images are sampled.
    images
        How many images there are, for the degrees of freedom.
    least
        The region's edge, where that is the least difference worth naming: what lies outside is
        told as no such difference, or as one the other way.
    steps
        The ladder: numbers of seeds after which the claim is looked at. Without, it is looked at
        once, with all seeds.
    wait
        Why no look at fewer than `MANY` seeds decides, in words.
    spread
        The claim is of the spread over seeds (`Sample.spread`), or of the ratio of two.

    Returns
    -------
    Verdict
        Undecided, never an error, for missing values and for too few seeds.
    """
    n = min(len(sample.values) for sample in samples)
    unknown = Verdict(UNDECIDED, "", region, n=n)
    for sample in samples:
        if len(sample.values) == 0:
            return replace(unknown, reason=reasons.nothing(sample))
    steps = ladder.looks(steps)
    reached = ladder.reached(steps, n)
    if steps and not reached:
        told = f"It is looked at with {words.count(steps[0], 'seed')}, and there are {n}."
        return replace(unknown, reason=told)
    steps = steps or (n,)
    levels = ladder.levels(steps)
    scale = interval.LOG if spread else interval.PLAIN
    looks: list[Look] = []
    stop = ""
    for step, level, error in zip(
        reached or [None], levels, np.broadcast_to(image_error, max(1, len(reached))), strict=False
    ):
        seen = samples if step is None else [sample.first(step) for sample in samples]
        stop = _unknown(seen, error) or (spread and reasons.no_spread(seen)) or ""
        if stop:
            break
        seen = [sample.spread() for sample in seen] if spread else seen
        groups = interval.grouped(seen, paired)
        one, evidence = interval.take(
            region,
            groups,
            image_error=float(error),
            images=images,
            least=least,
            level=level,
            steps=steps,
            scale=scale,
        )
        if wait and one.n < MANY:
            held = wait if one.tail <= level else one.held
            one = one._replace(tail=1.0, held=held)
            evidence = evidence._replace(held=held, fewest=MANY)
        looks.append(one)
    if not looks:
        if spread:
            return replace(unknown, reason=stop)
        estimate = float(sum(sample.known.mean() for sample in samples))
        return replace(
            unknown,
            reason=stop,
            estimate=estimate,
            inside=region.holds(estimate),
            seeds_needed=2 if n == 1 and np.isfinite(estimate) else np.nan,
        )
    verdict = _standing(replace(unknown, steps=steps), looks, evidence, stop)
    if spread:  # no mean, so neither its distance in standard deviations nor a test of means
        return verdict
    return replace(
        verdict,
        effect=interval.effect(region, verdict.estimate, evidence.spread),
        p_permutation=interval.permutation(region, groups),
    )


def _unknown(samples: Sequence[Sample], image_error: float) -> str:
    """Why samples make no interval; empty where they do."""
    for sample in samples:
        if sample.missing:
            return reasons.missing(sample)
    if np.isnan(image_error):
        cells = words.listing(list(dict.fromkeys(sample.cell for sample in samples)))
        return (
            f"The predictions of {cells} are missing or have gaps, so what the sample of examples "
            "adds to the uncertainty is not known."
        )
    if min(len(sample.values) for sample in samples) < 2:
        return "One seed gives no interval; at least two are needed."
    return ""


def _standing(
    verdict: Verdict,
    looks: Sequence[Look],
    evidence: Evidence,
    stop: str,
) -> Verdict:
    """The verdict on a claim after its looks; the numbers are those of the last one."""
    told: list[Look] = []
    for look in looks:
        verdict = replace(verdict, looks=(*told, look))
        told.append(look._replace(verdict=decided(verdict)))
    verdict = replace(verdict, looks=tuple(told))
    last, outcome = told[-1], decided(verdict)
    needed, would = evidence.needs()
    reason = last.held
    if verdict.contradicts_itself:
        both = [next(x for x in told if x.inside == side and x.tail <= x.level) for side in (1, 0)]
        reason = "The looks contradict each other: " + " ".join(
            f"with {words.count(x.n, 'seed')}: {x.held}" for x in sorted(both)
        )
    elif outcome == UNDECIDED:
        reason = f"{last.held} {would}".rstrip()
    elif last.tail > last.level:
        before = next(x for x in told if x.verdict == outcome)
        reason = (
            f"{before.held} That was with {words.count(before.n, 'seed')}, and a verdict stands; "
            f"with {last.n} alone the interval is {reasons.seen(last.low, last.high)}."
        )
    stop = stop and f"A look with more seeds is not possible. {stop}"
    p = min(verdict.p_of(True), verdict.p_of(False))
    return replace(
        verdict,
        verdict=outcome,
        reason=f"{reason} {stop}".rstrip(),
        stop=stop,
        estimate=last.estimate,
        low=last.low,
        high=last.high,
        n=last.n,
        p=1.0 if verdict.contradicts_itself else p,
        inside=last.inside,
        seeds_needed=needed if outcome == UNDECIDED else last.n,
        evidence=evidence,
    )


def decided(verdict: Verdict) -> str:
    """What the looks of a claim decide."""
    if verdict.contradicts_itself:
        return UNDECIDED
    if verdict.p_of(True) <= ALPHA:
        return REPRODUCED
    return NOT_REPRODUCED if verdict.p_of(False) <= ALPHA else UNDECIDED


def combine(parts: Sequence[Verdict], *, negated: bool = False) -> Verdict:
    """Verdict on a sentence that claims several things at once.

    Reproduced when every part is. Not reproduced when a part is not, at a level of 5 % shared
    among the parts (Bonferroni): of many true parts one would else fail by chance. With a part
    that is missing nothing is decided. The numbers are those of the part that decides.

    Parameters
    ----------
    parts
        Verdicts of the parts, at least one.
    negated
        The sentence claims that they do not all hold.
    """
    k = len(parts)
    whole = replace(parts[0], parts=tuple(parts), negated=False)
    against = [part for part in parts if not part.inside]
    missing = [part for part in parts if np.isnan(part.p)]
    clashing = [part for part in parts if part.contradicts_itself]
    p_all, p_one = whole.p_of(True), whole.p_of(False)
    p, verdict, needed = min(p_all, p_one), UNDECIDED, min(part.n for part in parts)
    if missing:
        chosen, p = missing[0], np.nan
        needed, reason = chosen.seeds_needed, chosen.reason
    elif clashing:
        chosen, p = clashing[0], 1.0
        needed, reason = chosen.seeds_needed, chosen.reason
    elif p_all <= ALPHA:
        chosen, verdict = max(parts, key=lambda part: part.p_of(True)), REPRODUCED
        reason = chosen.reason
    elif p_one <= ALPHA:
        chosen, verdict = min(parts, key=lambda part: part.p_of(False, k)), NOT_REPRODUCED
        reason = chosen.reason
    else:
        if against:  # the first of these to be decided, at its share of the level, decides
            chosen = min(against, key=lambda part: part.evidence.needs(k)[0])
            needed, told = chosen.evidence.needs(k)
        else:  # all have to be
            open_parts = [part for part in parts if part.verdict == UNDECIDED] or parts
            chosen = max(open_parts, key=lambda part: part.seeds_needed)
            needed, told = chosen.evidence.needs()
        held = chosen.evidence.held
        if chosen.verdict == NOT_REPRODUCED:
            held = (
                f"One of {k} parts speaks against it, but of {k} true ones such a part turns up by "
                f"chance in {words.number(100 * chosen.p * k, 0)} of 100 runs."
            )
        stops = dict.fromkeys(part.stop for part in parts if part.stop)
        reason = " ".join([held, *([told] if told else []), *stops])
    if negated and verdict == REPRODUCED:
        reason = f"All of it holds, which the sentence denies. {reason}"
    elif negated and verdict == NOT_REPRODUCED:
        reason = f"Not all of it holds, as the sentence says. {reason}"
    return replace(
        chosen,
        verdict=OPPOSITE[verdict] if negated else verdict,
        reason=reason,
        p=p,
        inside=bool(against) if negated else not against,
        n=min(part.n for part in parts),
        seeds_needed=needed,
        stop=next((part.stop for part in parts if part.stop), ""),
        parts=tuple(parts),
        negated=negated,
    )


def holm(p: Sequence[float]) -> np.ndarray:
    """Holm's adjusted p values (Holm 1979); a missing one (NaN) counts as 1 and stays missing."""
    p = np.asarray(p, dtype=float)
    known = np.where(np.isnan(p), 1.0, p)
    order = np.argsort(known, kind="stable")
    steps = known[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return np.where(np.isnan(p), np.nan, adjusted)
