"""The one way to read a table under results/: CSV in UTF-8 with a header."""

from pathlib import Path

import pandas as pd


def read(path: Path) -> pd.DataFrame | None:
    """A CSV file, or None where there is none or it holds no rows."""
    if not path.is_file() or path.stat().st_size == 0:
        return None
    table = pd.read_csv(path)
    return table if len(table) else None
