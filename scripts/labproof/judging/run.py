"""What a run left behind, as its claims ask for it: a cell's tables, seeds, answers and values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from labproof.judging import measures, stuck
from labproof.judging.measures import MEASURES
from labproof.judging.sample import Sample
from labproof.lab import vocabulary


class Run(NamedTuple):
    """What a run left for its claims; see `findings.judge`."""

    tables: Mapping[str, Mapping[str, pd.DataFrame | None]]
    seeds: Sequence[int] | Mapping[str, Sequence[int]]
    ladder: Sequence[int]
    datasets: Mapping[str, str]
    trainings: Mapping[str, str]
    paired: Mapping[str, str]
    found: dict[str, dict[int, bool] | None]  # cell -> its stuck seeds, as they are asked for
    samples: dict[tuple, Sample]  # (cell, measure, at) -> its values, likewise
    upto: int | None = None  # seeds of each cell that the sentence at hand is looked at with

    def seeds_of(self, cell: str) -> list[int]:
        """The seeds that a cell should have, in their order."""
        return list(self.seeds[cell] if isinstance(self.seeds, Mapping) else self.seeds)

    def table(self, cell: str, name: str) -> pd.DataFrame | None:
        """A table of a cell; None where there is none or it holds nothing."""
        table = self.tables.get(cell, {}).get(name)
        return None if table is None or table.empty else table

    def answers(self, cell: str) -> tuple[pd.DataFrame | None, str]:
        """What a cell answers on new images, and of which split these are."""
        table = self.table(cell, "predictions")
        return (None, measures.VALIDATION) if table is None else measures.asked(table)

    def stuck(self, cells: Iterable[str]) -> dict[str, dict]:
        """Cell -> how many of the seeds that are looked at never left chance, where it is known."""
        told = {}
        for cell in cells:
            if cell not in self.found:
                tables = self.table(cell, "histories"), self.answers(cell)[0]
                self.found[cell] = stuck.seeds(*tables)
            found = self.found[cell]
            among = [seed for seed in self.seeds_of(cell)[: self.upto] if seed in (found or {})]
            if among:
                told[cell] = stuck.counted(found, among)
        return told

    def sample(self, cell: str, measure: str, at: float | None) -> Sample:
        """A measure of each of a cell's seeds."""
        asked = cell, measure, at
        if asked not in self.samples:
            self.samples[asked] = self._measured(*asked)
        return self.samples[asked]

    def _measured(self, cell: str, measure: str, at: float | None) -> Sample:
        table = self.table(cell, vocabulary.MEASURES[measure].table)
        if table is None:
            lacking = vocabulary.MEASURES[measure].table
            others = self.table(cell, "histories") is not None
            return Sample(cell, [], [], why=f"its runs left no {lacking}" if others else "")
        answers, split = self.answers(cell)
        told = split == measures.FINAL and measures.tells_images(answers, measure)
        if told and MEASURES[measure].final:
            found = measures.on_final(table, answers, measure)
        elif vocabulary.MEASURES[measure].table == "predictions":
            found = measures.over_seeds(answers, measure, at)
        else:
            found = measures.over_seeds(table, measure, at)
        found = found.reindex(self.seeds_of(cell))
        # a seed that is not in the table was not trained, whatever the measure
        gone = found.isna() & found.index.isin(table["seed"])
        why = measures.why_missing(table, measure, at) if gone.any() else ""
        longest = 1.0
        if vocabulary.MEASURES[measure].epochs:  # what never came takes longer than the shortest
            longest = float(table.groupby("seed")["epoch"].max().min())
        return Sample(cell, found.to_numpy(dtype=float), list(found.index), longest, why)
