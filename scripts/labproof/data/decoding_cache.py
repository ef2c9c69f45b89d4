"""What was decoded, kept between runs: a new image among many costs the decoding of one."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from labproof import tables
from labproof.data import store

COLUMNS = ["file", "bytes", "mtime_ns", "width", "height"]


class Decoded:
    """The images.npy of a store as it fills, row by row, from new pixels or an earlier run's.

    `scratch` holds the last run's images.npy (a second name of the store's file where the disk
    allows it, so it takes no room) and files.csv, which says of what file, size and time each row
    is. It is written however a run ends, so that a run that stops loses nothing it has decoded.

    Used as a context: `has`, then `add` for each file in the order of the rows.
    """

    def __init__(self, file: Path, shape: tuple[int, ...], scratch: Path | None):
        self.file, self.scratch = file, scratch
        file.unlink(missing_ok=True)  # it may be the scratch file by another name
        self.images = store.create(file, shape)
        self.rows: list[tuple] = []
        self.known: dict[str, tuple] = {}  # file -> row of the earlier images, and its line
        self.now: dict[str, tuple[int, int]] = {}
        self.before = None
        if scratch and (scratch / "files.csv").is_file():
            try:
                table = tables.read(scratch / "files.csv")[COLUMNS]
                self.before = np.load(scratch / "images.npy", mmap_mode="r")
            except (OSError, ValueError, KeyError, TypeError):
                return  # an earlier run that was killed while it wrote
            if self.before.shape[1:] == shape[1:] and len(self.before) >= len(table):
                lines = table.itertuples(index=False)
                self.known = {line[0]: (row, *line[1:]) for row, line in enumerate(lines)}

    def has(self, folder: Path, source: str) -> bool:
        """Whether the pixels of this very file are known from an earlier run."""
        try:
            told = (folder / source).stat()
        except OSError:
            return False  # a link that leads nowhere, as whoever decodes it will tell
        self.now[source] = (told.st_size, told.st_mtime_ns)
        return source in self.known and self.known[source][1:3] == self.now[source]

    def add(self, source: str, found: tuple[np.ndarray, int, int] | None) -> tuple[int, int]:
        """Fill the next row, with pixels just decoded or, for None, the earlier ones.

        Returns width and height of the file's image in pixels.
        """
        if found is None:
            row, *_, width, height = self.known[source]
            found = self.before[row], width, height
        pixels, width, height = found
        self.images[len(self.rows)] = pixels
        self.rows.append((source, *self.now[source], width, height))
        return width, height

    def __enter__(self) -> "Decoded":
        return self

    def __exit__(self, *_) -> None:
        self.images.flush()
        if not self.scratch:
            return
        self.scratch.mkdir(parents=True, exist_ok=True)
        made = self.scratch / "images.new.npy"
        made.unlink(missing_ok=True)
        try:
            os.link(self.file, made)
        except OSError:
            shutil.copyfile(self.file, made)
        (self.scratch / "files.csv").unlink(missing_ok=True)  # never lines of other rows
        made.replace(self.scratch / "images.npy")
        pd.DataFrame(self.rows, columns=COLUMNS).to_csv(self.scratch / "files.csv", index=False)
