"""What other groups' published numbers, one run each, say of a claim."""

import math
from collections.abc import Mapping

import pandas as pd

from labproof.lab import leaves

# What of published.csv speaks to a measure: a column, or one less another.
PUBLISHED = {
    "final_accuracy": ("accuracy", None),
    "final_val_accuracy": ("val_accuracy", None),
    "final_loss": ("loss", None),
    "final_val_loss": ("val_loss", None),
    "accuracy_gap": ("val_accuracy", "accuracy"),
    "overfitting": ("val_loss", "loss"),
}


def said(claim: Mapping, published: pd.DataFrame) -> list[dict]:
    """What each group's own numbers, one run each, say of a claim."""
    if leaves.is_spread(claim):  # one run has none
        return []
    rows = published.dropna(subset=["value"])
    values = rows.set_index(["group", "cell", "metric"])["value"]
    found = []
    for group in dict.fromkeys(published["group"]):
        value, used = 0.0, []
        for cell, measure, _, weight in leaves.terms(claim):
            for side, metric in zip((1, -1), PUBLISHED.get(measure, ("", None)), strict=True):
                if metric is not None:
                    used.append((group, cell, metric))
                    value += weight * side * values.get(used[-1], math.nan)
        low, high = leaves.edges(claim)
        if used and math.isfinite(value):
            value = round(value, 6)  # 0.9 - 0.85 is 0.05, whatever binary makes of it
            agrees = round(low, 6) <= value <= round(high, 6)
            notes = [
                getattr(row, "note", None)
                for row in rows.itertuples()
                if (row.group, row.cell, row.metric) in used
            ]
            told = dict.fromkeys(note for note in notes if isinstance(note, str) and note)
            note = "; ".join(told) or None
            found.append({"group": group, "value": value, "agrees": agrees, "note": note})
    return found
