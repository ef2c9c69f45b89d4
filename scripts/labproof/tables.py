"""The one way to read a table under results/: CSV in UTF-8 with a header."""

from pathlib import Path

import pandas as pd

# Columns of names that users give. They are text, whatever they look like: 007 is no number. Nor is
# NA a gap: these tables leave a gap empty.
NAMES = ("class", "group", "source", "file", "cell")


def read(path: Path) -> pd.DataFrame | None:
    """A CSV file, or None where there is none or it holds no rows."""
    if not path.is_file() or path.stat().st_size == 0:
        return None
    text = dict.fromkeys(NAMES, str)
    table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""])
    return table if len(table) else None
