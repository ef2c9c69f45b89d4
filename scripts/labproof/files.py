"""The one way to write a file that must be whole: aside, to the disk, then renamed."""

import os
from collections.abc import Iterable
from pathlib import Path


def write(file: Path, parts: Iterable) -> None:
    """Write bytes, or whatever is a buffer of them, one behind the other: the old file or the new.

    Raises
    ------
    OSError
        The disk is full, say: with the name of the file, and nothing is left of what was written.
    """
    aside = file.with_name(f"{file.name}.new")
    try:
        with aside.open("wb") as target:
            for part in parts:
                target.write(part)
            target.flush()
            os.fsync(target.fileno())
        aside.replace(file)
    except OSError as error:
        aside.unlink(missing_ok=True)
        error.filename = str(file)  # a write that fails does not know it
        raise
