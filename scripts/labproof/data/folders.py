"""Class folders of image files -> a store, with bounded memory, by all threads of the job."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from labproof.data import annotations
from labproof.data.decoding import SUFFIXES, BrokenImage, decode
from labproof.data.decoding_cache import Decoded
from labproof.data.store import SPLITS, create, save
from labproof.errors import LabError

TOLD = 10  # broken files that a message names
CHUNK = 1000  # images in memory at once
INDEX = "index.csv"
TEST = "test"  # a folder of final images
FOLDS = 20  # so a split goes in steps of 5 %


def prepare(
    path: Path,
    dataset: Mapping,
    store: Path,
    *,
    broken: str = "stop",
    split: Mapping | None = None,
    group: str | None = None,
    boxes: str | None = None,
    masks: str | None = None,
    threads: int = 1,
    scratch: Path | None = None,
) -> None:
    """Decode {path}/{train,validation}/{class}/* into a store, or {path}/{class}/* with `split`.

    Beside them may lie {path}/test/{class}/*, the final images. At most `dataset["train"]`,
    `dataset["validation"]` and `dataset["final"]` images are taken, as evenly from the two classes
    as they come, by name.

    Parameters
    ----------
    dataset
        size, channels, train, validation, final, and classes (negative, positive).
    store
        The folder to write.
    broken
        "stop": a file that cannot be decoded is an error, which names them all; "leave-out": it is
        left out and listed in left_out.csv (file, reason).
    split
        `validation`, the share of the images to validate on, and `seed`. The split is stratified
        by class, and keeps groups together.
    group
        A column of index.csv in `path`, such as the patient: images of one group are no strangers.
    boxes
        A CSV file in `path` with the columns file, x0, y0, x1, y1, in shares of the image's sides:
        the zones. An image without a box has an empty one.
    masks
        A folder in `path` with the zones as images, white inside, at the same relative path as
        the image and of any suffix. An image without a mask has an empty zone.
    threads
        Images decoded side by side.
    scratch
        A folder that keeps what was decoded, so that the next run decodes only what is new.

    Raises
    ------
    LabError
        For a folder without images, broken files, an index, boxes or masks that do not fit, and a
        disk without room for the images.
    """
    records = _list(path, dataset, split, group)
    sources = records["source"].tolist()
    # those of a preset that takes few images may be of others
    there = {_name(path, file) for file in annotations.images(path)} if boxes or masks else set()
    areas = annotations.boxes(path / boxes, sources, there) if boxes else None
    drawn = annotations.masks(path / masks, sources, there) if masks else None
    size, channels = dataset["size"], dataset["channels"]

    def one(source: str) -> tuple[np.ndarray, int, int] | str:
        try:
            return decode(path / source, size, channels)
        except BrokenImage as error:
            return str(error)

    kept, left_out, sides = [], [], []
    store.mkdir(parents=True, exist_ok=True)
    shape = (len(records), size, size, channels)
    with (
        Decoded(store / "images.npy", shape, scratch) as decoded,
        ThreadPoolExecutor(threads) as pool,
    ):
        for start in range(0, len(records), CHUNK):
            chunk = records["source"].iloc[start : start + CHUNK]
            new = [source for source in chunk if not decoded.has(path, source)]
            found = dict(zip(new, pool.map(one, new), strict=True))
            for source in chunk:
                if isinstance(found.get(source), str):
                    left_out.append((source, found[source]))
                    continue
                sides.append(decoded.add(source, found.get(source)))
                kept.append(source)
            logging.info("%d of %d images", min(start + CHUNK, len(records)), len(records))
    if left_out and broken == "stop":
        raise LabError(_message(path, left_out))
    if left_out:
        _check_left(path, records, kept, left_out)
        whole = np.load(store / "images.npy", mmap_mode="r")
        # written beside, then put in place: the file's head names its length
        save(store / "kept.npy", whole[: len(kept)])
        (store / "kept.npy").replace(store / "images.npy")
    records = records[records["source"].isin(set(kept))].reset_index(drop=True)
    records.insert(0, "image", range(len(records)))
    records[["width", "height"]] = sides
    records.to_csv(store / "records.csv", index=False)
    pd.DataFrame(left_out, columns=["file", "reason"]).to_csv(store / "left_out.csv", index=False)
    if areas is None and drawn is None:
        return
    zones = create(store / "zones.npy", (len(records), size, size))
    for image, source in enumerate(records["source"]):
        for x0, y0, x1, y1 in (areas or {}).get(source, []):
            zones[image, _pixels(y0, y1, size), _pixels(x0, x1, size)] = 1
        if drawn and source in drawn:
            try:
                zones[image] |= decode(drawn[source], size, 1)[0][..., 0] > 127
            except BrokenImage as error:
                raise LabError(f"{drawn[source]}: {error}. Replace this mask.") from None
    zones.flush()


def _list(path: Path, dataset: Mapping, split: Mapping | None, group: str | None) -> pd.DataFrame:
    """The records of the images that are taken: split, label, class, source, and group if known."""
    rows, seen = [], {}
    places = {"": ""} if split else {name: name for name in SPLITS}
    if not split and dataset["final"] and (path / TEST).is_dir():
        places["final"] = TEST
    for name, place in places.items():
        for label, wanted in enumerate(dataset["classes"]):
            folder = path / place / wanted
            files = annotations.images(folder)
            _check_once(folder, files, seen)
            if not files:
                raise LabError(
                    f"{folder}: has no images ({', '.join(sorted(SUFFIXES))}). "
                    "Put some there, or mend path and classes of this source in config/config.yaml."
                )
            rows += [(name, label, wanted, _name(path, file)) for file in files]
    records = pd.DataFrame(rows, columns=["split", "label", "class", "source"])
    if group:
        records["group"] = annotations.groups(path / INDEX, group, records["source"])
    if split is not None:
        records["split"] = _split(path, records, split)
    taken = [
        part.sort_values("source").head(count)
        for name in (SPLITS if split else places)
        for part, count in _share(records[records["split"] == name], dataset[name])
    ]
    return pd.concat(taken, ignore_index=True)


def _name(path: Path, file: Path) -> str:
    """An image as records, index and boxes call it."""
    return file.relative_to(path).as_posix()


def _check_once(folder: Path, files: Sequence[Path], seen: dict[Path, Path]) -> None:
    """LabError where images are reached twice, by folders within one another or by links.

    `seen`: each folder with images, its links resolved -> the class folder that it was reached by.
    """
    for place in dict.fromkeys(file.parent for file in files):
        real = place.resolve()
        if real in seen:
            raise LabError(
                f"{place}: its images would count twice, for {seen[real]} and for {folder}. Give "
                "each class and split a folder of its own, and mend classes of this source in "
                "config/config.yaml."
            )
        seen[real] = folder


def _share(records: pd.DataFrame, wanted: int) -> list[tuple[pd.DataFrame, int]]:
    """How many to take of each class: halves, but what one class lacks the other fills up."""
    negative, positive = (records[records["label"] == label] for label in (0, 1))
    take = min(len(positive), max(wanted // 2, wanted - len(negative)))
    return [(negative, wanted - take), (positive, take)]


def _split(path: Path, records: pd.DataFrame, split: Mapping) -> np.ndarray:
    groups = records["group"] if "group" in records else records["source"]
    least = records.groupby("label")["source"].nunique().min()
    each = groups.groupby(records["label"]).nunique().min()
    folds = int(min(FOLDS, least, each))
    if folds < 2:
        raise LabError(
            f"{path}: cannot be split: a class has a single "
            f"{'image' if least < 2 else 'group'}. Add images, or split them by hand into "
            "train/ and validation/."
        )
    part = min(folds - 1, max(1, round(split["validation"] * folds)))
    by = StratifiedGroupKFold(folds, shuffle=True, random_state=split.get("seed", 0))
    found = np.full(len(records), "train", dtype=object)
    for number, (_, rows) in enumerate(by.split(records, records["label"], groups)):
        if number < part:
            found[rows] = "validation"
    for name in SPLITS:
        if records.loc[found == name, "label"].nunique() < 2:
            raise LabError(
                f"{path}: no split keeps the groups together and both classes in both parts. "
                "Take another column as group, or split them by hand into train/ and validation/."
            )
    return found


def _pixels(low: float, high: float, size: int) -> slice:
    """Pixels that a side of a box touches; a box is never so small that none is."""
    first = min(int(low * size), size - 1)
    return slice(first, max(first + 1, int(np.ceil(high * size))))


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


def _check_left(path: Path, records: pd.DataFrame, kept: list[str], left_out: list) -> None:
    """With a class of a split gone altogether, nothing can be learnt or measured."""
    wanted = set(zip(records["split"], records["class"], strict=True))
    rest = records[records["source"].isin(set(kept))]
    gone = sorted(wanted - set(zip(rest["split"], rest["class"], strict=True)))
    if gone:
        raise LabError(f"{path / '/'.join(gone[0])}: has no image left. {_message(path, left_out)}")
