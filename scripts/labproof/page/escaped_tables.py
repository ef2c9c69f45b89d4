"""Tables as the page may show them: all text in them escaped, the names of their columns too."""

from pathlib import Path

import pandas as pd

from labproof import tables
from labproof.page.escaping import escaped


def of(data: pd.DataFrame) -> pd.DataFrame:
    """The same table, escaped; its numbers are untouched."""
    texts = {
        name: column.map({value: escaped(value) for value in column.dropna().unique()})
        for name, column in data.items()
        if not pd.api.types.is_numeric_dtype(column)
    }
    return data.assign(**texts).rename(columns=escaped)


def read(path: Path | str) -> pd.DataFrame | None:
    """A table as `tables.read` gives it, escaped."""
    table = tables.read(Path(path))
    return None if table is None else of(table)
