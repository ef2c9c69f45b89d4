"""Published archives: small files in their very format, served on this machine."""

import hashlib
import http.server
import json
import threading
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from labproof.data import archives, folders, store
from labproof.errors import LabError
from labproof.lab.archives import as_folder

COUNTS = {"train": 30, "val": 16, "test": 8}


def dermamnist(file):
    """As MedMNIST publishes it: {split}_images and {split}_labels (N x 1), label = grey // 10."""
    arrays = {}
    for split, count in COUNTS.items():
        labels = (np.arange(count) % 7).astype(np.uint8)[:, None]
        arrays[f"{split}_labels"] = labels
        shades = 10 * labels[:, :, None, None] + np.array([0, 1, 2], np.uint8)
        arrays[f"{split}_images"] = np.broadcast_to(shades, (count, 64, 64, 3)).astype(np.uint8)
    np.savez(file, **arrays)
    return file


def fracatlas(file, *, extra=(), missing=()):
    """As figshare has it: images/{Fractured,Non_fractured}, a COCO file with boxes in pixels."""
    images, annotations = [], []
    with zipfile.ZipFile(file, "w") as packed:
        for number in range(0, 200, 5):
            broken = number % 2 == 0
            name = f"IMG{number:07}.jpg"
            kind = "Fractured" if broken else "Non_fractured"
            with packed.open(f"FracAtlas/images/{kind}/{name}", "w") as data:
                Image.new("L", (100, 200), number).save(data, "JPEG")
            if broken:
                images.append({"id": number, "file_name": name, "width": 100, "height": 200})
                box = [10, 20, 30, 40]
                annotations.append({"id": number, "image_id": number, "bbox": box})
        coco = json.dumps({"images": images, "annotations": annotations, "categories": []})
        if "coco" not in missing:
            packed.writestr("FracAtlas/Annotations/COCO JSON/COCO_fracture_masks.json", coco)
        packed.writestr("FracAtlas/dataset.csv", "image_id,fractured\n")
        for name in extra:
            packed.writestr(name, b"bad")
    return file


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server of files that can fail: `answers` holds what it does with the next requests."""
    (tmp_path / "served").mkdir()
    file = dermamnist(tmp_path / "served/dermamnist_64.npz")
    answers, asked = [], []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *rest):
            super().__init__(*rest, directory=str(tmp_path / "served"))

        def do_GET(self):
            asked.append(self.path)
            answer = answers.pop(0) if answers else "whole"
            if answer == "error":
                self.send_error(503)
            elif answer == "part":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(file.read_bytes()[:500])
            else:
                super().do_GET()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{running.server_port}/dermamnist_{{size}}.npz"
        monkeypatch.setattr(archives, "DERMAMNIST", address)
        digest = hashlib.md5(file.read_bytes()).hexdigest()
        monkeypatch.setitem(archives.CHECKSUMS, 64, f"md5:{digest}")
        monkeypatch.setattr("time.sleep", lambda _: None)  # pooch waits between its tries
        yield file, answers, asked
        running.shutdown()


def test_a_download_is_whole_and_made_once(server, tmp_path):
    file, _, asked = server
    found = archives.fetch("dermamnist-64", tmp_path / "archives")
    assert found.read_bytes() == file.read_bytes()
    assert archives.fetch("dermamnist-64", tmp_path / "archives") == found
    assert len(asked) == 1


@pytest.mark.parametrize("trouble", ["error", "part"])
def test_a_download_that_fails_is_tried_again(server, tmp_path, trouble):
    file, answers, asked = server
    answers += [trouble, trouble]
    found = archives.fetch("dermamnist-64", tmp_path / "archives")
    assert found.read_bytes() == file.read_bytes() and len(asked) == 3


@pytest.mark.parametrize("trouble", ["error", "part"])
def test_a_download_that_keeps_failing_is_told_and_leaves_nothing(server, tmp_path, trouble):
    server[1].extend([trouble] * 9)
    with pytest.raises(LabError, match=r"^dermamnist-64 could not be fetched .*zenodo"):
        archives.fetch("dermamnist-64", tmp_path / "archives")
    assert not list((tmp_path / "archives").iterdir())


def test_dermamnist_becomes_class_folders(tmp_path):
    source = as_folder({"kind": "dermamnist"}, 48)
    assert source["archive"] == "dermamnist-64" and source["classes"] == ["nv", "mel"]
    archives.unpack("dermamnist-64", dermamnist(tmp_path / "a.npz"), tmp_path / "derma")
    assert {path.name for path in (tmp_path / "derma").iterdir()} == {"train", "validation", "test"}
    wanted = {"size": 16, "channels": 3, "train": 99, "validation": 99, "final": 99}
    wanted["classes"] = ["nv", "mel"]
    folders.prepare(tmp_path / "derma", wanted, tmp_path / "store")
    found = store.read(tmp_path / "store")
    counts = found.records.groupby(["split", "class"]).size()
    assert counts["train", "mel"] == 4 and counts["validation", "nv"] == 2
    assert counts["final"].to_dict() == {"mel": 1, "nv": 1}
    melanoma = found.inputs[found.records["label"].to_numpy() == 1]
    assert (melanoma == [40, 41, 42]).all()


@pytest.mark.parametrize(
    ("size", "published"), [(32, 64), (64, 64), (65, 128), (224, 224), (300, 224)]
)
def test_the_smallest_that_is_large_enough_is_taken(size, published):
    assert as_folder({"kind": "dermamnist"}, size)["archive"] == f"dermamnist-{published}"


def test_a_user_may_ask_for_other_diagnoses():
    source = as_folder({"kind": "dermamnist", "classes": ["bkl", "bcc"]}, 64)
    assert source["classes"] == ["bkl", "bcc"]


def test_fracatlas_becomes_class_folders_with_boxes_and_blocks(tmp_path):
    archives.unpack("fracatlas", fracatlas(tmp_path / "a.zip"), tmp_path / "frac")
    source = as_folder({"kind": "fracatlas"}, 64)
    wanted = {
        "size": 20,
        "channels": 1,
        "train": 99,
        "validation": 99,
        "classes": source["classes"],
    }
    options = {key: source[key] for key in ("boxes", "group", "split")}
    folders.prepare(tmp_path / "frac", wanted, tmp_path / "store", **options)
    found = store.read(tmp_path / "store")
    assert found.records["class"].value_counts().to_dict() == {"normal": 20, "fracture": 20}
    assert found.records.groupby("group")["split"].nunique().max() == 1
    zone = np.zeros((20, 20), np.uint8)
    zone[2:6, 2:8] = 1  # rows 20 to 60 of 200, columns 10 to 40 of 100
    for image, label in zip(found.records["image"], found.records["label"], strict=True):
        np.testing.assert_array_equal(found.zones[image], zone * label)


def test_nothing_is_unpacked_outside_its_folder(tmp_path):
    bad = [
        "../images/Fractured/../../evil.jpg",
        "/images/Fractured/root.jpg",
        "images\\..\\win.jpg",
    ]
    (tmp_path / "inner").mkdir()
    archive = fracatlas(tmp_path / "a.zip", extra=bad)
    archives.unpack("fracatlas", archive, tmp_path / "inner/frac")
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and "frac" not in p.parts]
    assert outside == [archive]


def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 1000)
    with pytest.raises(LabError, match="unpack to more than"):
        archives.unpack("fracatlas", fracatlas(tmp_path / "a.zip"), tmp_path / "frac")


@pytest.mark.parametrize("name", ["fracatlas", "dermamnist-64"])
def test_a_file_that_is_another_is_told(tmp_path, name):
    (tmp_path / "a").write_bytes(b"no archive")
    with pytest.raises(LabError, match=rf"a: is not the archive .* as {name}.*Delete it"):
        archives.unpack(name, tmp_path / "a", tmp_path / "made")


def test_an_archive_without_its_boxes_is_told(tmp_path):
    archive = fracatlas(tmp_path / "a.zip", missing=["coco"])
    with pytest.raises(LabError, match="no COCO file"):
        archives.unpack("fracatlas", archive, tmp_path / "frac")


def test_an_archive_put_there_by_hand_is_taken(tmp_path):
    (tmp_path / "archives").mkdir()
    file = fracatlas(tmp_path / "archives/FracAtlas.zip")
    assert archives.fetch("fracatlas", tmp_path / "archives") == file


def test_boxes_are_in_shares_of_the_sides(tmp_path):
    archives.unpack("fracatlas", fracatlas(tmp_path / "a.zip"), tmp_path / "frac")
    boxes = pd.read_csv(tmp_path / "frac/boxes.csv")
    assert len(boxes) == 20 and boxes["file"].str.startswith("fracture/IMG").all()
    np.testing.assert_allclose(boxes.iloc[0, 1:].astype(float), [0.1, 0.1, 0.4, 0.3])
