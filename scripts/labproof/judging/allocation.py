"""What has been judged -> the seeds that the next look is granted."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from labproof import paths
from labproof.judging import ladder, record, spending
from labproof.lab import costs, grants


def first_plan(lab: Mapping, budget: float) -> dict:
    """The plan before the first look, with a budget in seconds for those behind it."""
    return grants.begin(lab, budget, ladder.levels(ladder.looks(lab["ladder"])))


def next_plan(lab: Mapping, before: Mapping, shipped: Sequence[Mapping], cores: int) -> dict:
    """The plan after the look at the findings that are there, as `grants.choose` makes it.

    Parameters
    ----------
    lab
        The resolved lab.
    before
        What was granted for these findings.
    shipped
        What trainings took elsewhere, for what has not been trained here.
    """
    results = paths.of_resolved(lab)
    entries = judged(lab, results)
    chances = spending.chances(entries, lab["ladder"], lab["seeds_of"])
    measured = [*costs.measured_in(results, lab), *shipped]
    after = grants.choose(lab, before, chances, measured, cores)
    return {**after, "changed": grants.changed(lab, before)}


def judged(lab: Mapping, results: paths.Results) -> list[dict]:
    """The findings that are there, of all reports together; ids as the resolved lab has them."""
    if not lab["reports"]:
        return record.read(Path(results.findings))
    return [
        {**entry, "id": f"{name}/{entry['id']}"}
        for name in lab["reports"]
        for entry in record.read(Path(results.of_report(name).findings))
    ]
