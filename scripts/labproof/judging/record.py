"""findings.json, the record of what was judged: its words for verdicts, how it is read and written.

Imports nothing heavy: what only tells verdicts need not load what makes them.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from labproof.errors import LabError

REPRODUCED, NOT_REPRODUCED, UNDECIDED = "reproduced", "not reproduced", "undecided"
ALPHA = 0.05  # p of a claim that is decided, at most
MOST_SEEDS = 1000  # where more would be needed, no number of them is told
KEYS = {"id", "statement", "verdict", "parts", "reason"}  # of every finding


def write(entries: Sequence[Mapping], file: Path) -> None:
    """Write findings.json; None stands for what is not known."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def read(file: Path) -> list[dict]:
    """Read findings.json; an empty list where there is none. What is not whole is a LabError."""
    if not file.is_file():
        return []
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(entries, list) or not all(set(entry) >= KEYS for entry in entries):
            raise ValueError("no list of findings")
    except (ValueError, TypeError) as error:
        raise LabError(
            f"{file}: this is not what the judging wrote ({error}); it was cut or edited. Delete "
            "the file and run again: that judges anew and trains nothing."
        ) from None
    return entries
