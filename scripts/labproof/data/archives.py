"""Published archives -> class folders, as `folders` reads them. Nothing is fetched unasked."""

import json
import logging
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
import pandas as pd
import pooch
from PIL import Image
from tqdm import tqdm

from labproof.errors import LabError
from labproof.lab.archives import BONES

# DermaMNIST (Yang et al. 2023, doi:10.1038/s41597-022-01721-8), of HAM10000; CC BY-NC 4.0.
# Addresses and checksums as in medmnist 3.0.2, medmnist/info.py. That package itself is not a
# dependency: it brings torch, and of it only these lines would be used.
DERMAMNIST = "https://zenodo.org/records/10519652/files/dermamnist_{size}.npz"
CHECKSUMS = {
    64: "md5:b70a2f5635c6199aeaa28c31d7202e1f",
    128: "md5:2defd784463fa5243564e855ed717de1",
    224: "md5:8974907d8e169bef5f5b96bc506ae45d",
}
DIAGNOSES = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")  # labels 0 to 6
DERMAMNIST_SPLITS = {"train": "train", "val": "validation", "test": "test"}

# FracAtlas (Abedeen et al. 2023, doi:10.1038/s41597-023-02432-4); CC BY 4.0. The checksum comes
# with the list of files that the archive's DOI leads to.
FRACATLAS = "doi:10.6084/m9.figshare.22363012"
BLOCK = 20  # neighbouring numbers are often one patient's; there are no patient ids
LARGEST = 4 * 2**30  # bytes that an archive may unpack to


def fetch(name: str, folder: Path, screen: IO | None = None) -> Path:
    """Download an archive into a folder, or take the one that is there; a part of one is not kept.

    Parameters
    ----------
    name
        "dermamnist-64", "dermamnist-128", "dermamnist-224" or "fracatlas".
    screen
        Where the progress is shown.

    Raises
    ------
    LabError
        Where it cannot be fetched, or what came is not what was published.
    """
    kind, _, size = name.partition("-")
    there = sorted(folder.glob("*.zip")) if kind == "fracatlas" else []
    if there:
        return there[0]  # its own checksums are compared as it is unpacked
    # a total, or the bar counts as none; the download sets the real one
    bar = tqdm(desc=name, total=1, unit="B", unit_scale=True, mininterval=5, file=screen)
    try:
        if kind == "dermamnist":
            base = DERMAMNIST.rpartition("/")[0] + "/"
            file = DERMAMNIST.rpartition("/")[2].format(size=size)
            registry = {file: CHECKSUMS[int(size)]}
        else:
            base, registry = FRACATLAS + "/", None
        store = pooch.create(folder, base, registry=registry, retry_if_failed=3)
        if registry is None:
            store.load_registry_from_doi()
        file = next(file for file in store.registry if file.endswith((".npz", ".zip")))
        return Path(store.fetch(file, progressbar=bar))
    except Exception as error:  # whatever a download may die of: sockets, requests, checksums
        raise LabError(
            f"{name} could not be fetched ({str(error).splitlines()[0]}). Try again where the "
            f"network reaches {'zenodo.org' if kind == 'dermamnist' else 'doi.org and figshare'}, "
            f"or put the archive into {folder}/ yourself."
        ) from error


def unpack(name: str, archive: Path, folder: Path) -> None:
    """Write an archive's images into class folders, with what is known of them.

    A folder that is there is written anew.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        if name.startswith("dermamnist"):
            unpack_dermamnist(archive, folder)
        else:
            unpack_fracatlas(archive, folder)
    except (zipfile.BadZipFile, OSError, KeyError, ValueError) as error:
        raise LabError(
            f"{archive}: is not the archive that was published as {name} ({error}). Delete it, and "
            "it will be fetched anew."
        ) from error


def unpack_dermamnist(archive: Path, folder: Path) -> None:
    """Write {train,validation,test}/{akiec,bcc,bkl,df,mel,nv,vasc}/{number}.png.

    The archive has {train,val,test}_images, uint8 N x H x W x 3, and …_labels, N x 1, 0 to 6.
    """
    with np.load(archive) as arrays:
        for theirs, ours in DERMAMNIST_SPLITS.items():
            labels = arrays[f"{theirs}_labels"].ravel()
            for name in DIAGNOSES:
                (folder / ours / name).mkdir(parents=True)
            images = arrays[f"{theirs}_images"]
            for number, (image, label) in enumerate(zip(images, labels, strict=True)):
                file = folder / ours / DIAGNOSES[label] / f"{number:05}.png"
                Image.fromarray(image).save(file, compress_level=1)
            logging.info("%s: %d images", ours, len(labels))


def unpack_fracatlas(archive: Path, folder: Path) -> None:
    """Write {fracture,normal}/*.jpg, boxes.csv from the COCO file, and index.csv (file, block).

    Only images are taken out, under their bare names, so that no path in the archive leads
    anywhere else; and no more than `LARGEST` bytes.
    """
    with zipfile.ZipFile(archive) as packed:
        images, coco = {}, None
        for member in packed.infolist():
            path = PurePosixPath(member.filename.replace("\\", "/"))
            if path.suffix.lower() == ".jpg" and "images" in path.parts[:-1]:
                kind = BONES[0] if path.parent.name.lower().startswith("non") else BONES[1]
                images.setdefault(path.name, (kind, member))
            elif path.suffix == ".json" and "coco" in path.as_posix().lower():
                coco = member
        if not images or coco is None:
            raise ValueError("it has no images/…/*.jpg, or no COCO file")
        if sum(member.file_size for _, member in images.values()) > LARGEST:
            raise ValueError(f"it would unpack to more than {LARGEST / 2**30:.0f} GiB")
        for name in BONES:
            (folder / name).mkdir(parents=True)
        for name, (kind, member) in images.items():
            with packed.open(member) as data, (folder / kind / name).open("wb") as file:
                shutil.copyfileobj(data, file)
        known = json.loads(packed.read(coco))
    kinds = {name: kind for name, (kind, _) in images.items()}
    columns = ["file", "x0", "y0", "x1", "y1"]
    pd.DataFrame(_boxes(known, kinds), columns=columns).to_csv(folder / "boxes.csv", index=False)
    rows = [
        (f"{kind}/{name}", int("".join(filter(str.isdigit, name)) or 0) // BLOCK)
        for name, kind in kinds.items()
    ]
    index = pd.DataFrame(rows, columns=["file", "block"]).sort_values("file")
    index.to_csv(folder / "index.csv", index=False)


def _boxes(coco: Mapping, kinds: Mapping[str, str]) -> list[tuple]:
    """COCO's boxes (x, y, width, height; pixels) as file, x0, y0, x1, y1 in shares of the sides."""
    images = {image["id"]: image for image in coco["images"]}
    rows = []
    for annotation in coco["annotations"]:
        image = images[annotation["image_id"]]
        name = PurePosixPath(image["file_name"]).name
        if name in kinds:
            x, y, width, height = annotation["bbox"]
            across, down = image["width"], image["height"]
            box = (x / across, y / down, (x + width) / across, (y + height) / down)
            rows.append((f"{kinds[name]}/{name}", *(min(max(side, 0), 1) for side in box)))
    return rows
