"""What one seed's run told of itself besides curves and answers -> one number."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def scalar(scalars: "pd.DataFrame", name: str) -> float:
    """A number that the run told by name (its own units); NaN where it did not."""
    found = scalars.loc[scalars["name"] == name, "value"]
    return float(found.iloc[-1]) if len(found) else np.nan


def seconds(facts: "pd.DataFrame") -> float:
    """Seconds that a run takes (>= 0); of runs trained together, their share."""
    return float(facts["seconds"].iloc[0])


def parameters(facts: "pd.DataFrame") -> float:
    """How many parameters the network has."""
    return float(facts["parameters"].iloc[0])


def memory(facts: "pd.DataFrame") -> float:
    """Largest memory of the process that trained (MiB)."""
    return float(facts["peak_memory_mib"].iloc[0])


def by_seed(facts: "pd.DataFrame | None") -> "pd.DataFrame | None":
    """One row a seed, of a table with one a block ("0-4") of seeds that were trained together."""
    if facts is None:
        return None
    ends = facts["block"].astype(str).str.extract(r"^(\d+)-(\d+)$").astype(int)
    seeds = [range(first, last + 1) for first, last in ends.itertuples(index=False)]
    table = facts.assign(seed=seeds, seconds=facts["seconds"] / facts["seeds"])
    return table.explode("seed", ignore_index=True).astype({"seed": int})
