"""A CSV file that a user wrote -> its lines as text, or one message that names the line."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from labproof.errors import LabError


def read(file: str | Path, root: Path = Path()) -> tuple[list[str], Iterator[tuple[int, dict]]]:
    """Read the CSV file `root / file`; messages name `file`.

    All values stay text: 0001 is no number, and NA is no gap. A byte order mark, as spreadsheets
    write it, is passed over, and so are empty lines and blanks after a comma.

    Returns
    -------
    header
        Names of the columns; empty for an empty file.
    lines
        Number of the line (from 1, the header's) and its values by column, checked as they come.

    Raises
    ------
    LabError
        Where the file cannot be read or is not UTF-8, for other signs than commas between the
        columns, for quotes that do not close, and for a line that has other than one value a
        column.
    """
    try:
        data = (root / file).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise LabError(f"{file}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LabError(f"{file}, line {line}: is not text in UTF-8. Save it as UTF-8.") from None
    lines = _lines(file, text)
    _, header = next(lines, (1, []))
    apart = {";": "semicolons", "\t": "tabs"}
    found = next((apart[sign] for sign in apart if len(header) == 1 and sign in header[0]), None)
    if found:
        raise LabError(
            f"{file}, line 1: {found} stand between the columns. Save it with commas between them, "
            "and with points in numbers."
        )
    if len(set(header)) < len(header):
        raise LabError(f"{file}, line 1: two columns have one name. Name each otherwise.")
    return header, _by_column(file, header, lines)


def _lines(file: str | Path, text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    try:
        for values in reader:
            if values:
                yield reader.line_num, values
    except csv.Error as error:
        raise LabError(
            f"{file}, line {reader.line_num}: is not valid CSV, {error}. Check its quotes."
        ) from None


def _by_column(file: str | Path, header: list[str], lines: Iterator) -> Iterator[tuple[int, dict]]:
    for number, values in lines:
        if len(values) != len(header):
            raise LabError(
                f"{file}, line {number}: has {len(values)} values, but {len(header)} columns "
                f"({','.join(header)}). Put a value that holds a comma in quotes, and write "
                "numbers with a point."
            )
        yield number, dict(zip(header, values, strict=True))
