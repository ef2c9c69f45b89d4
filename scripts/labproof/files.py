"""The files below a folder of a user's, wherever their links lead."""

import os
from pathlib import Path

from labproof.errors import LabError


def below(folder: Path | str, above: tuple = ()) -> list[Path]:
    """Paths of all files below a folder, in a fixed order; LabError where one cannot be listed.

    Links are followed, but for one that leads back to a folder above it (`above`: device and inode
    of each). A link that leads nowhere is listed as a file, so that whoever opens it can tell. What
    Python compiled (`__pycache__`) is left out: it is there after any import.
    """
    try:
        told = os.stat(folder)
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise LabError(
            f"{folder}: cannot be listed ({error.strerror}). Change its permissions, or take it "
            "away."
        ) from None
    here = (told.st_dev, told.st_ino)
    if here in above:
        return []
    found = []
    for path in (Path(folder, name) for name in names if name != "__pycache__"):
        found += below(path, (*above, here)) if os.path.isdir(path) else [path]
    return found
