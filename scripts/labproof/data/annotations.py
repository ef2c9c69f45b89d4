"""What a user says of the images in a folder: groups, boxes, masks."""

import difflib
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from labproof import files
from labproof.data.decoding import SUFFIXES
from labproof.errors import LabError
from labproof.lab import foreign_csv

NAMES = ("file", "image", "image_id")  # the column of the index that says which image it is
BOX = ["file", "x0", "y0", "x1", "y1"]


def images(folder: Path) -> list[Path]:
    """All image files below a folder, by their suffix, sorted."""
    return sorted(file for file in files.below(folder) if file.suffix.lower() in SUFFIXES)


def groups(file: Path, group: str, sources: Sequence[str]) -> list[str]:
    """The group of each image, as a column of an index says it.

    An image is called by its path, its name or its name without suffix. LabError where one has no
    group, or two.
    """
    header, lines = foreign_csv.read(file)
    name = next((column for column in NAMES if column in header), None)
    if name is None:
        raise LabError(f"{file}: no column says which image a line is of. Call one of them file.")
    if group not in header:
        known = ", ".join(column for column in header if column != name)
        raise LabError(f'{file}: has no column "{group}". Set group of this source to: {known}.')
    said: dict[str, dict[str, int]] = {}  # name of an image -> group -> first line
    for line, row in lines:
        said.setdefault(row[name], {}).setdefault(row[group], line)
    found = []
    for source in sources:
        path = PurePosixPath(source)
        of_image: dict[str, int] = {}
        for key in (source, path.name, path.stem):
            of_image = said.get(key, {}) | of_image
        if set(of_image) <= {""}:
            raise LabError(
                f"{file}: says nothing of {source} in the column {group}. Add a line, or take "
                "`group` away from this source."
            )
        if len(of_image) > 1:
            told = " and ".join(f'"{one}" (line {line})' for one, line in of_image.items())
            raise LabError(
                f"{file}: {source} has two values of {group}: {told}. Leave one, or call the image "
                "by its path."
            )
        found += of_image
    return found


def boxes(file: Path, sources: Collection[str], there: Collection[str]) -> dict[str, list[tuple]]:
    """Image -> its boxes (x0, y0, x1, y1; shares of the sides); `there`: all that may have one.

    LabError for a box that is none or of no image, and where none is of the images `sources`.
    """
    header, lines = foreign_csv.read(file)
    if header[: len(BOX)] != BOX:
        raise LabError(f"{file}: the first line must begin with {','.join(BOX)}")
    found: dict[str, list[tuple]] = {}
    for line, row in lines:
        name = row["file"]
        try:
            x0, y0, x1, y1 = box = tuple(float(row[column]) for column in BOX[1:])
            fits = 0 <= x0 <= x1 <= 1 and 0 <= y0 <= y1 <= 1
        except ValueError:
            fits = False
        if not fits:
            raise LabError(
                f"{file}, line {line}: a box must have 0 <= x0 <= x1 <= 1 and 0 <= y0 <= y1 <= 1, "
                "in shares of the image's sides."
            )
        if name not in there:
            raise LabError(f"{file}, line {line}: {_no_image(name, there)}")
        found.setdefault(name, []).append(box)
    if not set(found) & set(sources):
        raise LabError(
            f"{file}: names none of the images taken. A file is named as {min(sources)}."
        )
    return found


def masks(folder: Path, sources: Sequence[str], there: Collection[str]) -> dict[str, Path]:
    """Image -> its mask, at the same path below `folder` whatever the suffix.

    `there`: all images that may have one. LabError for a mask of no image, two of one, or none of
    the images `sources`.
    """
    known = {_stem(source) for source in there}
    found: dict[str, Path] = {}
    for file in images(folder):
        stem = _stem(file.relative_to(folder).as_posix())
        if stem not in known:
            raise LabError(f"{file}: {_no_image(stem, known)}")
        if stem in found:
            raise LabError(f"{file}: is a second mask beside {found[stem]}. Take one of them away.")
        found[stem] = file
    taken = {source: found[_stem(source)] for source in sources if _stem(source) in found}
    if not taken:
        raise LabError(
            f"{folder}: has no mask of any of the images taken. The mask of {sources[0]} is "
            f"expected at {folder / sources[0]}."
        )
    return taken


def _stem(source: str) -> str:
    return PurePosixPath(source).with_suffix("").as_posix()


def _no_image(name: str, there: Collection[str]) -> str:
    near = difflib.get_close_matches(name, there, n=1, cutoff=0.8)
    meant = f' Did you mean "{near[0]}"?' if near else ""
    return f'there is no image "{name}".{meant} Mend the name, or take this away.'
