"""Whether the code of a user's lab is seeded at all, as the page says it."""

import json
from collections.abc import Mapping
from pathlib import Path

from labproof import words
from labproof.lab import trainings
from labproof.page.escaping import escaped
from labproof.paths import Results

MOST_NAMED = 4


def told(lab: Mapping, results: Results) -> str:
    """A sentence where a second run of one seed left other numbers, or failed; else empty."""
    name = trainings.to_repeat(lab["cells"])
    blocks = lab["blocks"][name] if name else []
    file = Path(results.repeat(name, blocks[0])) if blocks else Path()
    if not file.is_file():
        return ""
    found = escaped(json.loads(file.read_text(encoding="utf-8")))
    run = f"{found['cell']} with seed {found['seed']}"
    if found["failed"]:
        return f"A second run of {run} failed, though the first one did not."
    if not found["differs"]:
        return ""
    return (
        f"Not all that is random follows from the seed: a second run of {run} left other numbers "
        f"({words.listing(found['differs'], MOST_NAMED)}). Seeds are replicates all the same, so "
        "the verdicts stand, but none of the numbers can be had again exactly."
    )
