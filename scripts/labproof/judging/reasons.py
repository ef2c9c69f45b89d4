"""Why a verdict is what it is, in words."""

from collections.abc import Sequence

import numpy as np

from labproof import words
from labproof.judging.record import NOT_REPRODUCED, REPRODUCED
from labproof.judging.sample import Region, Sample

FEWEST = 5  # seeds that a spread is judged of


def nothing(sample: Sample) -> str:
    """Why a sample without a single value is not judged."""
    if sample.why:
        return f"It cannot be measured on {sample.cell}: {sample.why}."
    return f"There are no results of {sample.cell}."


def missing(sample: Sample) -> str:
    """Why a sample with gaps is not judged."""
    if sample.why and len(sample.missing) == len(sample.values):
        return f"It cannot be measured on {sample.cell}: {sample.why}."
    seeds = words.listing([str(seed) for seed in sample.missing])
    cause = f" ({sample.why})" if sample.why else ""
    return (
        f"The value of {sample.cell} is missing for seed {seeds}{cause}, and a mean over the seeds "
        "that worked would be biased."
    )


def no_spread(samples: Sequence[Sample]) -> str:
    """Why values have no spread that can be judged; empty where they have one."""
    for sample in samples:
        if sample.censored:
            return (
                f"Of {sample.cell} some seeds never got there, so how far they spread is not known."
            )
        if len(sample.values) < FEWEST:
            return f"A spread over seeds is not judged of fewer than {FEWEST}."
        if len(set(sample.values)) == 1:
            return f"All seeds of {sample.cell} have one value, so there is no spread to judge."
    return ""


def seen(low: float, high: float) -> str:
    """An interval; an infinite end is one that is not known."""
    if np.isinf(low) and np.isinf(high):
        return "unbounded"
    if np.isinf(high):
        return f"at least {words.number(low)}"
    if np.isinf(low):
        return f"at most {words.number(high)}"
    return f"{words.number(low)} to {words.number(high)}"


def held(
    verdict: str,
    region: Region,
    low: float,
    high: float,
    samples: Sequence[Sample],
    distance: float,
    least: float,
) -> str:
    """What is seen of the interval of one look, by which it alone has this verdict."""
    interval = seen(low, high)
    if verdict == REPRODUCED:
        return f"The whole interval ({interval}) lies {region}."
    if verdict == NOT_REPRODUCED and least:
        if -least <= low and high <= least:
            told = f"lies within {least:g} of 0: no difference worth naming"
            return f"The whole interval ({interval}) {told}."
        if (high <= -least) if region.low > 0 else (low >= least):
            other = Region(high=-least) if region.low > 0 else Region(low=least)
            return f"The whole interval ({interval}) lies {other}: a difference, but the other way."
    if verdict == NOT_REPRODUCED:
        return f"No part of the interval ({interval}) lies {region}."
    never = [
        f"{sample.censored} of {words.count(len(sample.values), 'seed')} of {sample.cell}"
        for sample in samples
        if sample.censored
    ]
    if distance == 0 and never:
        return f"In {words.listing(never)} it never came, so how long it takes is not known."
    return f"Only a part of the interval ({interval}) lies {region}."
