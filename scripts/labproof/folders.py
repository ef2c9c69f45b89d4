"""Class folders of image files -> a store, with bounded memory, by all threads of the job."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from labproof.datasets import SPLITS
from labproof.decoding import SUFFIXES, BrokenImage, decode
from labproof.errors import LabError

TOLD = 10  # broken files that a message names
CHUNK = 1000  # images in memory at once


def prepare(
    path: Path,
    dataset: Mapping,
    store: Path,
    *,
    broken: str = "stop",
    boxes: str | None = None,
    threads: int = 1,
) -> None:
    """Decode {path}/{train,validation}/{class}/* into a store.

    At most `dataset["train"]` and `dataset["validation"]` images are taken, as evenly from the two
    classes as they come, by name.

    Parameters
    ----------
    dataset
        size, channels, train, validation, and classes (negative, positive).
    store
        The folder to write.
    broken
        "stop": a file that cannot be decoded is an error, which names them all; "leave-out": it is
        left out and listed in left_out.csv (file, reason).
    boxes
        A CSV file in `path` with the columns file, x0, y0, x1, y1, in shares of the image's sides:
        the zones. An image without a box has an empty one.
    threads
        Images decoded side by side.

    Raises
    ------
    LabError
        For a folder without images, broken files, and a boxes file that does not fit.
    """
    rows = []
    for split in SPLITS:
        for label, files in enumerate(_files(path, split, dataset)):
            name = dataset["classes"][label]
            rows += [(split, label, name, file.relative_to(path).as_posix()) for file in files]
    records = pd.DataFrame(rows, columns=["split", "label", "class", "source"])
    areas = _read_boxes(path / boxes, records) if boxes else None
    store.mkdir(parents=True, exist_ok=True)
    size, channels = dataset["size"], dataset["channels"]
    images = np.lib.format.open_memmap(
        store / "images.npy", "w+", np.uint8, (len(records), size, size, channels)
    )

    def one(source: str) -> np.ndarray | str:
        try:
            return decode(path / source, size, channels)
        except BrokenImage as error:
            return str(error)

    kept, left_out = [], []
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(records), CHUNK):
            chunk = records["source"].iloc[start : start + CHUNK]
            for row, found in zip(chunk.index, pool.map(one, chunk), strict=True):
                if isinstance(found, str):
                    left_out.append((records["source"][row], found))
                else:
                    images[len(kept)] = found
                    kept.append(row)
            logging.info("%d of %d images", min(start + CHUNK, len(records)), len(records))
    if left_out and broken == "stop":
        raise LabError(_message(path, left_out))
    images.flush()
    if left_out:
        _check_left(path, records, kept, left_out)
        whole = np.load(store / "images.npy", mmap_mode="r")
        # written beside, then put in place: the file's head names its length
        np.save(store / "kept.npy", whole[: len(kept)])
        (store / "kept.npy").replace(store / "images.npy")
    records = records.loc[kept].reset_index(drop=True)
    records.insert(0, "image", range(len(records)))
    records.to_csv(store / "records.csv", index=False)
    pd.DataFrame(left_out, columns=["file", "reason"]).to_csv(store / "left_out.csv", index=False)
    if areas is not None:
        zones = np.lib.format.open_memmap(
            store / "zones.npy", "w+", np.uint8, (len(records), size, size)
        )
        for image, source in enumerate(records["source"]):
            for x0, y0, x1, y1 in areas.get(source, []):
                zones[image, _pixels(y0, y1, size), _pixels(x0, x1, size)] = 1
        zones.flush()


def _pixels(low: float, high: float, size: int) -> slice:
    """Pixels that a side of a box touches; a box is never so small that none is."""
    first = min(int(low * size), size - 1)
    return slice(first, max(first + 1, int(np.ceil(high * size))))


def _files(path: Path, split: str, dataset: Mapping) -> list[list[Path]]:
    found = []
    for name in dataset["classes"]:
        folder = path / split / name
        files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
        if not files:
            raise LabError(
                f"{folder}: has no images ({', '.join(sorted(SUFFIXES))}). "
                "Put some there, or mend path and classes of this source in config/config.yaml."
            )
        found.append(files)
    negative, positive = (len(files) for files in found)
    # halves, but what one class lacks the other fills up
    take = min(positive, max(dataset[split] // 2, dataset[split] - negative))
    return [found[0][: dataset[split] - take], found[1][:take]]


def _message(path: Path, left_out: Sequence[tuple[str, str]]) -> str:
    count = len(left_out)
    lines = [f"  {path / file}: {reason}" for file, reason in left_out[:TOLD]]
    if count > TOLD:
        lines.append(f"  and {count - TOLD} more")
    what = "1 file cannot" if count == 1 else f"{count} files cannot"
    return (
        f"{what} be read as an image:\n" + "\n".join(lines) + "\n"
        "Replace them, take them away, or leave them out by `broken: leave-out` at this source in "
        "config/config.yaml."
    )


def _check_left(path: Path, records: pd.DataFrame, kept: list[int], left_out: list) -> None:
    """With a class of a split gone altogether, nothing can be learnt or measured."""
    wanted = set(zip(records["split"], records["class"], strict=True))
    rest = records.loc[kept]
    gone = sorted(wanted - set(zip(rest["split"], rest["class"], strict=True)))
    if gone:
        raise LabError(f"{path / '/'.join(gone[0])}: has no image left. {_message(path, left_out)}")


def _read_boxes(file: Path, records: pd.DataFrame) -> dict[str, list[tuple]]:
    columns = ["file", "x0", "y0", "x1", "y1"]
    try:
        table = pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise LabError(f"{file}: cannot be read ({error}). Mend `boxes` of this source.") from None
    if list(table.columns[:5]) != columns:
        raise LabError(f"{file}: the first line must begin with {','.join(columns)}")
    numbers = table[columns[1:]].apply(pd.to_numeric, errors="coerce")
    wrong = ~(numbers.ge(0) & numbers.le(1)).all(axis=1)
    wrong |= (numbers["x0"] > numbers["x1"]) | (numbers["y0"] > numbers["y1"])
    if wrong.any():
        line = int(np.flatnonzero(wrong)[0]) + 2
        raise LabError(
            f"{file}, line {line}: a box must have 0 <= x0 <= x1 <= 1 and 0 <= y0 <= y1 <= 1, in "
            "shares of the image's sides."
        )
    found: dict[str, list[tuple]] = {}
    for name, *box in table[columns].itertuples(index=False):
        found.setdefault(name, []).append(tuple(box))
    if not set(found) & set(records["source"]):
        raise LabError(
            f"{file}: names none of the images taken. A file is named as {records['source'][0]}."
        )
    return found
