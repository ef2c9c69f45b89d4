"""The images' part in a claim: what another sample of them would change of its number."""

import math
from collections.abc import Sequence

import pandas as pd

from labproof.judging import bootstrap, measures
from labproof.judging.ladder import reached
from labproof.judging.measures import MEASURES
from labproof.judging.run import Run
from labproof.lab import vocabulary
from labproof.lab.leaves import Term

SEEDS_ALONE = (
    "Judged over seeds alone: what another sample of validation data would change is not known."
)


def of_seeds_alone(cell: str, measure: str, run: Run) -> bool:
    """Whether the images' part in a measure is not known, and cannot be.

    Code of the user's trained the cell and told no answers of this kind, or no answers tell it, or
    its seeds did not answer the same images.
    """
    if not MEASURES[measure].images:  # of a measure of new images that no answers explain
        return vocabulary.MEASURES[measure].sampled
    if run.datasets.get(cell) is not None:
        return False
    table = run.table(cell, "predictions")
    if not measures.tells_images(table, measure):
        return True
    return not measures.one_set(run.answers(cell)[0])


def errors(terms: Sequence[Term], run: Run) -> tuple[list[float], int]:
    """Standard error of a sum of terms that comes from the images, and how many there are.

    One of each look; NaN: not known.
    """
    drawn = []
    for cell, measure, _, weight in terms:
        of = _images(cell, measure, run)
        if of is not None:
            table, split = of
            if table is None or measures.gaps(table):
                return [math.nan], 0
            name = measures.of_images(measure, table)
            known = MEASURES[name]
            values, label = measures.by_image(name, table, run.seeds_of(cell))
            if not values.size:
                return [math.nan], 0
            each = bootstrap.draw(known.images, values, label)
            # Code of the user's names no data set: the same labels in the same order are taken for
            # the same images, others cannot be.
            same = run.datasets.get(cell) or tuple(label)
            signed = each if weight == 1 else weight * each
            drawn.append(((same, split), signed, known.binary, len(label)))
    if not drawn:
        return [0.0], 0
    found = []
    for step in reached(run.ladder, run.upto or 0) or [None]:
        each = []
        for which in dict.fromkeys(which for which, *_ in drawn):
            group = [entry[1:] for entry in drawn if entry[0] == which]
            binary = all(right_or_wrong for _, right_or_wrong, _ in group)
            fewest = min(count for *_, count in group)
            sums = [signed[:, :step] for signed, *_ in group]
            each.append(bootstrap.image_error(*sums, binary=fewest if binary else 0))
        found.append(each[0] if len(each) == 1 else math.hypot(*each))
    return found, min(count for *_, count in drawn)


def rested_on(terms: Sequence[Term], images: int, run: Run) -> dict | None:
    """Which images a verdict counts as a sample; None where there are none."""
    of = [_images(term.cell, term.measure, run) for term in terms]
    splits = sorted({each[1] for each in of if each is not None})
    return {"split": " and ".join(splits), "count": images} if splits else None


def _images(cell: str, measure: str, run: Run) -> tuple[pd.DataFrame | None, str] | None:
    """Rows of the images that a measure samples, and their split; None where it samples none."""
    if not MEASURES[measure].images or of_seeds_alone(cell, measure, run):
        return None
    kind = vocabulary.MEASURES[measure].table
    if kind in ("histories", "predictions"):
        # the images' part in what a history says of them is that of the last predictions
        return run.answers(cell)
    return run.table(cell, kind), measures.VALIDATION
