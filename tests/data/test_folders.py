"""Images from folders: every mode and orientation comes out right, every bad file is named."""

import errno
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from labproof.data import decoding, folders, store
from labproof.data.decoding import BrokenImage
from labproof.errors import LabError
from project import ROOT

REAL = ROOT.parent / "shared/data"
SKIP = pytest.mark.skipif(not REAL.exists(), reason="the real images in ../shared are absent")
WANTED = {"size": 16, "channels": 1, "train": 6, "validation": 4, "final": 6}
WANTED["classes"] = ["no", "yes"]


# --- one file --------------------------------------------------------------------------------


def grey(value, size=(24, 24)):
    return Image.new("L", size, value)


def deep(value):
    return Image.fromarray(np.full((24, 24), value, dtype=np.uint16))


def see_through():
    """Black, seen through by half: grey on white."""
    return Image.new("RGBA", (24, 24), (0, 0, 0, 128))


def palette():
    return Image.new("RGB", (24, 24), (200, 100, 50)).quantize(4)


def palette_with_a_hole():
    image = Image.new("P", (24, 24), 0)
    image.putpalette([0, 0, 0, 255, 255, 255])
    image.info["transparency"] = 0
    return image


# name -> (image, suffix, red, green, blue as they must come out)
MODES = {
    "L": (grey(100), "png", (100, 100, 100)),
    "1": (Image.new("1", (24, 24), 1), "png", (255, 255, 255)),
    "RGB": (Image.new("RGB", (24, 24), (200, 100, 50)), "png", (200, 100, 50)),
    "P": (palette(), "png", (200, 100, 50)),
    "P with a hole": (palette_with_a_hole(), "png", (255, 255, 255)),
    "RGBA": (see_through(), "png", (127, 127, 127)),
    "LA": (Image.new("LA", (24, 24), (0, 128)), "png", (127, 127, 127)),
    "16 bits": (deep(257 * 100), "png", (100, 100, 100)),
    "16 bits in a TIFF": (deep(257 * 100), "tif", (100, 100, 100)),
    "CMYK": (Image.new("CMYK", (24, 24), (0, 255, 255, 0)), "tif", (255, 0, 0)),
    "F": (Image.fromarray(np.full((24, 24), 0.7, np.float32)), "tif", (0, 0, 0)),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_comes_out_right(tmp_path, mode, channels):
    image, suffix, colour = MODES[mode]
    file = tmp_path / f"image.{suffix}"
    image.save(file)
    pixels = decoding.decode(file, 8, channels)[0]
    assert pixels.shape == (8, 8, channels) and pixels.dtype == np.uint8
    luma = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]  # ITU-R 601
    wanted = [luma] if channels == 1 else colour
    np.testing.assert_allclose(pixels.reshape(-1, channels).mean(axis=0), wanted, atol=2)


def test_real_numbers_are_scaled_by_their_own_range(tmp_path):
    ramp = np.linspace(-3, 5, 24 * 24, dtype=np.float32).reshape(24, 24)
    Image.fromarray(ramp).save(tmp_path / "ramp.tif")
    pixels = decoding.decode(tmp_path / "ramp.tif", 24, 1)[0]
    assert pixels.min() == 0 and pixels.max() == 255


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["RGB", "RGBA"])
def test_every_orientation_is_turned_upright(tmp_path, orientation, kind):
    """Against the table of the EXIF standard, by numpy."""
    upright = np.arange(4, dtype=np.uint8).reshape(2, 2) * 80
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    image = Image.fromarray(np.kron(stored, np.ones((8, 8), np.uint8))).convert(kind)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / "image.png", exif=exif)
    pixels = decoding.decode(tmp_path / "image.png", 16, 1)[0][..., 0]
    np.testing.assert_allclose(pixels[4::8, 4::8], upright, atol=1)


def test_a_fine_pattern_is_averaged_not_sampled(tmp_path):
    pattern = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)
    Image.fromarray(pattern).save(tmp_path / "image.png")
    np.testing.assert_allclose(decoding.decode(tmp_path / "image.png", 16, 1)[0], 127.5, atol=2)


def bomb():
    """A PNG that claims 50,000 × 50,000 pixels in some bytes."""
    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    return png(head, zlib.compress(b"\0" * 100))


def png(head, body):
    def chunk(name, data):
        crc = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + crc

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def cut():
    noise = np.random.default_rng(0).integers(0, 256, (40, 40), dtype="uint8")
    return as_bytes(Image.fromarray(noise))[:800]


def as_bytes(image):
    import io

    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


BROKEN = {
    "empty": (b"", "is empty"),
    "text": (b"no image at all", "no image of a known format"),
    "cut off": (cut(), "damaged or cut off"),
    "a wrong checksum": (as_bytes(grey(9)).replace(b"IDAT", b"IDAT\0", 1), "damaged or cut off"),
    "without pixels": (png(struct.pack(">IIBBBBB", 0, 4, 8, 0, 0, 0, 0), b""), "no "),
    "a bomb": (bomb(), "fill the memory"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_tells_its_cause(tmp_path, kind):
    content, cause = BROKEN[kind]
    (tmp_path / "image.png").write_bytes(content)
    with pytest.raises(BrokenImage, match=cause):
        decoding.decode(tmp_path / "image.png", 8, 1)


# --- a folder --------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Grey images, 10 a class and split, whose grey level is their number times 10."""
    for split in store.SPLITS:
        for name in WANTED["classes"]:
            place = tmp_path / "images" / split / name
            place.mkdir(parents=True)
            for number in range(10):
                grey(10 * number, (40, 20)).save(place / f"{number}.png")
    return tmp_path / "images"


def prepared(folder, wanted=WANTED, **options):
    made = folder.parent / "store"
    folders.prepare(folder, wanted, made, **options)
    return store.read(made)


def left_out(folder):
    return pd.read_csv(folder.parent / "store" / "left_out.csv")


def test_a_folder_test_has_the_final_images(folder):
    for name in WANTED["classes"]:
        (folder / "test" / name).mkdir(parents=True)
        for number in range(10):
            grey(200 + number).save(folder / "test" / name / f"{number}.png")
    found = prepared(folder)
    counts = found.records.groupby(["split", "class"], sort=False).size()
    assert counts["final"].to_dict() == {"no": 3, "yes": 3}
    images, labels = found.split("final")
    assert (images >= 200).all() and labels.tolist() == [0] * 3 + [1] * 3
    assert (found.split("train")[0] < 200).all() and (found.split("validation")[0] < 200).all()
    assert "final" not in set(prepared(folder, {**WANTED, "final": 0}).records["split"])


def test_what_is_wanted_is_taken_half_from_each_class(folder):
    found = prepared(folder)
    assert found.inputs.shape == (10, 16, 16, 1) and found.inputs.dtype == np.uint8
    counts = found.records.groupby(["split", "class"], sort=False).size()
    assert counts.tolist() == [3, 3, 2, 2]
    assert found.records["label"].tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 1, 1]
    assert found.records["image"].tolist() == list(range(10))
    assert found.records["source"][3] == "train/yes/0.png"
    np.testing.assert_array_equal(found.inputs[:3, 5, 5, 0], [0, 10, 20])
    assert found.zones is None and left_out(folder).empty


def test_one_class_fills_up_what_the_other_lacks(folder):
    for number in range(1, 10):
        (folder / f"train/no/{number}.png").unlink()
    train = prepared(folder).records.query("split == 'train'")
    assert train["class"].value_counts().to_dict() == {"yes": 5, "no": 1}


@pytest.mark.parametrize("threads", [1, 4])
def test_threads_and_chunks_change_nothing(folder, monkeypatch, threads):
    whole = np.array(prepared(folder).inputs)
    monkeypatch.setattr(folders, "CHUNK", 3)
    np.testing.assert_array_equal(prepared(folder, threads=threads).inputs, whole)


def spoil(folder):
    for name, (content, _) in zip(("0", "1"), list(BROKEN.values())[:2], strict=True):
        (folder / f"train/yes/{name}.png").write_bytes(content)


def test_all_broken_files_are_named_at_once_and_the_mend(folder):
    spoil(folder)
    with pytest.raises(LabError) as raised:
        prepared(folder)
    message = str(raised.value)
    assert message.startswith("2 files cannot be read as an image:")
    assert "train/yes/0.png: the file is empty" in message
    assert "train/yes/1.png: it is no image of a known format" in message
    assert "broken: leave-out" in message


def test_many_broken_files_are_counted(folder):
    wanted = {**WANTED, "train": 20}
    for file in (folder / "train").rglob("*.png"):
        file.write_bytes(b"")
    with pytest.raises(LabError, match="and 10 more"):
        prepared(folder, wanted)


def test_broken_files_can_be_left_out_and_are_listed(folder):
    spoil(folder)
    found = prepared(folder, broken="leave-out")
    assert left_out(folder)["file"].tolist() == ["train/yes/0.png", "train/yes/1.png"]
    assert left_out(folder)["reason"][0] == "the file is empty"
    assert found.inputs.shape == (8, 16, 16, 1)
    sources = found.records["source"].tolist()
    assert "train/yes/0.png" not in sources and sources[3] == "train/yes/2.png"
    np.testing.assert_array_equal(found.inputs[2:5, 5, 5, 0], [20, 20, 0])


def test_a_class_without_any_whole_image_cannot_be_left_out(folder):
    for file in (folder / "train/yes").iterdir():
        file.write_bytes(b"")
    with pytest.raises(LabError, match=r"train/yes: has no image left"):
        prepared(folder, broken="leave-out")


def test_an_empty_folder_is_named(folder):
    for file in (folder / "validation/yes").iterdir():
        file.unlink()
    with pytest.raises(LabError, match=r"validation/yes: has no images"):
        prepared(folder)


def test_boxes_become_zones(folder):
    (folder / "boxes.csv").write_text(
        "file,x0,y0,x1,y1\n"
        "train/yes/0.png,0.5,0.25,1,0.5\n"
        "train/yes/0.png,0,0,0.001,0.001\n"
        "train/yes/9.png,0,0,1,1\n"  # there, but not taken
    )
    zones = prepared(folder, boxes="boxes.csv").zones
    wanted = np.zeros((16, 16), np.uint8)
    wanted[4:8, 8:16] = 1
    wanted[0, 0] = 1  # smaller than a pixel, and still there
    np.testing.assert_array_equal(zones[3], wanted)
    assert zones.sum() == wanted.sum()


BOXES = "file,x0,y0,x1,y1\n"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("name,x0,y0,x1,y1\n", "first line must begin with file,x0,y0,x1,y1"),
        (BOXES + "train/no/9.png,0,0,1,1\nb.png,3,0,9,1\n", "line 3: a box must have"),
        (BOXES + "a.png,0.9,0,0.1,1\n", "line 2: a box must have"),
        (BOXES + "a.png,0,0,NA,1\n", "line 2: a box must have"),
        (BOXES + "train/no/9.png,0,0,1,1\n", "names none of the images taken"),
        (BOXES + "train/no/1.pgn,0,0,1,1\n", 'there is no image.*Did you mean "train/no/1.png"'),
        (BOXES + "train/no/1.png,0,0,1\n", "line 2: has 4 values, but 5 columns"),
        (BOXES.encode() + b"\xff.png,0,0,1,1\n", "line 2: is not text in UTF-8"),
        ("", "first line must begin with file"),
    ],
)
def test_boxes_that_do_not_fit_are_told(folder, text, cause):
    (folder / "boxes.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(LabError, match=cause):
        prepared(folder, boxes="boxes.csv")


@SKIP
def test_real_photographs_and_boxes_are_read(tmp_path):
    wanted = {**WANTED, "size": 64, "channels": 3, "train": 20, "validation": 10}
    wanted["classes"] = ["nev", "mel"]
    folders.prepare(REAL / "skin", wanted, tmp_path / "skin", threads=2)
    skin = store.read(tmp_path / "skin")
    assert skin.inputs.shape == (30, 64, 64, 3) and skin.records["label"].sum() == 15
    assert skin.inputs[..., 0].mean() > skin.inputs[..., 2].mean() + 10, "redder than blue"
    wanted = {**wanted, "channels": 1, "classes": ["normal", "fracture"]}
    folders.prepare(REAL / "bone", wanted, tmp_path / "bone", boxes="boxes.csv")
    bone = store.read(tmp_path / "bone")
    marked = bone.zones.any(axis=(1, 2))
    np.testing.assert_array_equal(marked, bone.records["label"] == 1)


# --- splits, groups, masks ---------------------------------------------------------------------


@pytest.fixture
def unsplit(tmp_path):
    """40 grey images a class, in 16 groups of five, some of which are in both classes."""
    lines = ["file,patient,age"]
    for name in WANTED["classes"]:
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(40):
            grey(5 * number, (40, 20)).save(tmp_path / f"images/{name}/{name}{number}.png")
            shift = 0 if name == "no" else 8
            lines.append(f"{name}{number},P{number // 5 + shift * (number >= 10)},50")
    (tmp_path / "images/index.csv").write_text("\n".join(lines))
    return tmp_path / "images"


ALL = {**WANTED, "train": 80, "validation": 80}
SPLIT = {"validation": 0.25}


def test_a_folder_without_splits_is_split_by_class_and_by_a_seed(unsplit):
    records = prepared(unsplit, ALL, split=SPLIT).records
    counts = records.groupby(["split", "class"]).size()
    assert counts.to_dict() == {
        ("train", "no"): 30,
        ("train", "yes"): 30,
        ("validation", "no"): 10,
        ("validation", "yes"): 10,
    }
    assert records["source"].is_unique
    again = prepared(unsplit, ALL, split=SPLIT).records
    pd.testing.assert_frame_equal(again, records)
    other = prepared(unsplit, ALL, split={**SPLIT, "seed": 1}).records
    assert set(other.query("split == 'train'")["source"]) != set(
        records.query("split == 'train'")["source"]
    )


def test_no_group_is_in_both_splits(unsplit):
    records = prepared(unsplit, ALL, split=SPLIT, group="patient").records
    assert records.groupby("group")["split"].nunique().max() == 1
    assert records["group"].nunique() == 14
    share = records.groupby("class")["split"].apply(lambda split: (split == "validation").mean())
    assert share.between(0.1, 0.4).all()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("a,patient\nno0,1\n", "no column says which image"),
        ("file,age\nno0,1\n", 'has no column "patient". Set group of this source to: age'),
        ("file,patient\nno0,1\n", "says nothing of no/no1.png in the column patient"),
        (None, "index.csv: cannot be read"),
    ],
)
def test_an_index_that_does_not_fit_is_told(unsplit, text, cause):
    (unsplit / "index.csv").unlink()
    if text is not None:
        (unsplit / "index.csv").write_text(text)
    with pytest.raises(LabError, match=cause):
        prepared(unsplit, ALL, split=SPLIT, group="patient")


def test_groups_are_text_and_not_numbers(unsplit):
    """0001 stays, 007 and 7 are two patients, and NA is one."""
    ids = ["0001", "007", "7", "NA"]
    names = [file.stem for file in sorted(unsplit.rglob("*.png"))]
    lines = [f"{name},{ids[number % 4]}" for number, name in enumerate(names)]
    text = "\ufefffile,patient\n" + "\n".join(lines)  # as spreadsheets write it
    (unsplit / "index.csv").write_text(text, encoding="utf-8")
    records = prepared(unsplit, ALL, split=SPLIT, group="patient").records
    assert records["group"].value_counts().to_dict() == dict.fromkeys(ids, 20)
    by_name = dict(line.split(",") for line in lines)
    assert records["group"].tolist() == [by_name[Path(name).stem] for name in records["source"]]


def test_images_may_be_called_by_numbers(tmp_path):
    for name in WANTED["classes"]:
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(4):
            grey(9).save(tmp_path / f"images/{name}/000{number}.png")
    lines = [f"000{number},p{number}" for number in range(4)]
    (tmp_path / "images/index.csv").write_text("\n".join(["file,patient", *lines]))
    records = prepared(
        tmp_path / "images", WANTED, split={"validation": 0.5}, group="patient"
    ).records
    assert records["group"].tolist() == ["p" + source[-5] for source in records["source"]]


@pytest.mark.parametrize("line", ["no0,P9", "no0.png,P9", "no/no0.png,P9", "no0,"])
def test_an_index_that_contradicts_itself_is_told(unsplit, line):
    with (unsplit / "index.csv").open("a") as file:
        file.write(f"\n{line},50\n")
    wanted = r'no/no0.png has two values of patient: .*"P0" \(line 2\)'
    with pytest.raises(LabError, match=wanted) as raised:
        prepared(unsplit, ALL, split=SPLIT, group="patient")
    assert "(line 82)" in str(raised.value)


def test_one_group_cannot_be_split(unsplit):
    names = [file.stem for file in unsplit.rglob("*.png")]
    (unsplit / "index.csv").write_text("file,patient\n" + "\n".join(f"{n},1" for n in names))
    with pytest.raises(LabError, match="a class has a single group"):
        prepared(unsplit, ALL, split=SPLIT, group="patient")


def test_masks_become_zones(folder):
    drawn = np.zeros((20, 40), np.uint8)
    drawn[:10, 20:] = 255
    (folder / "masks/train/yes").mkdir(parents=True)
    Image.fromarray(drawn).save(folder / "masks/train/yes/0.gif")
    zones = prepared(folder, masks="masks").zones
    wanted = np.zeros((16, 16), np.uint8)
    wanted[:8, 8:] = 1
    np.testing.assert_array_equal(zones[3], wanted)
    assert zones.sum() == wanted.sum()


def test_masks_of_other_images_are_told(folder):
    (folder / "masks").mkdir()
    with pytest.raises(LabError, match=r"no mask of any.*is expected at .*train/no/0.png"):
        prepared(folder, masks="masks")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("train/yes/O.gif", 'there is no image "train/yes/O". Did you mean "train/yes/'),
        ("train/yes/0.png", "is a second mask beside"),
    ],
)
def test_a_mask_that_fits_no_image_is_told(folder, name, wanted):
    (folder / "masks/train/yes").mkdir(parents=True)
    for file in ("train/yes/0.gif", name):
        grey(255).save(folder / "masks" / file)
    with pytest.raises(LabError, match=wanted):
        prepared(folder, masks="masks")


# --- classes and links -------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [["NA", "1"], ["007", "null"]])
def test_a_class_may_have_any_name(folder, classes):
    for split in store.SPLITS:
        for old, new in zip(WANTED["classes"], classes, strict=True):
            (folder / split / old).rename(folder / split / new)
    records = prepared(folder, {**WANTED, "classes": classes}).records
    assert records["class"].value_counts().to_dict() == dict.fromkeys(classes, 5)


@pytest.mark.parametrize("kind", ["inside", "itself", "linked", "linked below"])
def test_images_that_would_count_twice_are_told(folder, kind):
    no, yes = "no", "yes"
    if kind == "inside":
        (folder / "train/yes").rename(folder / "train/no/yes")
        yes = "no/yes"
    elif kind == "itself":
        yes = "no/."
    elif kind == "linked":
        (folder / "train/again").symlink_to("no")
        yes = "again"
    else:
        (folder / "train/no/more").symlink_to("../yes")
    with pytest.raises(LabError, match=r"would count twice, for .*/train/no and for .*/train/"):
        prepared(folder, {**WANTED, "classes": [no, yes]})


def test_linked_folders_are_read_as_others(folder):
    wanted = prepared(folder).records
    (folder / "train/yes").rename(folder.parent / "elsewhere")
    (folder / "train/yes").symlink_to("../../elsewhere")
    pd.testing.assert_frame_equal(prepared(folder).records, wanted)
    (folder / "train/yes/loop").symlink_to(".")  # adds nothing
    (folder / "train/yes/folder.png").mkdir()
    pd.testing.assert_frame_equal(prepared(folder).records, wanted)


@pytest.mark.parametrize("target", ["gone.png", "0.png"])
def test_a_link_that_leads_nowhere_is_a_broken_image(folder, target):
    link = folder / "train/yes/0.png"
    link.unlink()
    link.symlink_to(target)  # to no file, or to itself
    with pytest.raises(LabError, match=r"train/yes/0.png: it is a link that leads nowhere"):
        prepared(folder)
    found = prepared(folder, broken="leave-out", scratch=folder.parent / "scratch")
    assert len(found.records) == 9
    assert left_out(folder)["file"].tolist() == ["train/yes/0.png"]


def test_a_folder_that_cannot_be_listed_is_told(folder, monkeypatch):
    (folder / "train/yes/more").mkdir()
    listdir = os.listdir

    def refused(path):
        if Path(path).name == "more":  # permissions are nothing to root
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refused)
    with pytest.raises(LabError, match=r"train/yes/more: cannot be listed \(Permission denied\)"):
        prepared(folder)


# --- a second run ------------------------------------------------------------------------------


@pytest.fixture
def decodings(monkeypatch):
    """Names of the files that are decoded, as it happens."""
    names = []

    def decode(file, *rest):
        names.append(file.name)
        return decoding.decode(file, *rest)

    monkeypatch.setattr(folders, "decode", decode)
    return names


def test_a_second_run_with_a_new_image_decodes_one(folder, decodings):
    scratch, wanted = folder.parent / "scratch", {**WANTED, "train": 40}
    first = prepared(folder, wanted, scratch=scratch)
    assert len(decodings) == 24
    (folder.parent / "store/images.npy").unlink()  # as Snakemake does before it runs a rule again
    grey(77, (30, 30)).save(folder / "train/no/4a.png")
    decodings.clear()
    second = prepared(folder, wanted, scratch=scratch)
    assert decodings == ["4a.png"]
    assert second.records["width"].tolist() == [40] * 5 + [30] + [40] * 19
    assert second.inputs[5, 0, 0, 0] == 77
    np.testing.assert_array_equal(np.delete(second.inputs, 5, axis=0), first.inputs)


def test_a_changed_file_is_decoded_again_and_another_size_altogether(folder, decodings):
    scratch = folder.parent / "scratch"
    prepared(folder, scratch=scratch)
    decodings.clear()
    grey(99, (41, 20)).save(folder / "train/no/1.png")
    assert prepared(folder, scratch=scratch).inputs[1, 0, 0, 0] == 99
    assert decodings == ["1.png"]
    decodings.clear()
    prepared(folder, {**WANTED, "size": 8}, scratch=scratch)
    assert len(decodings) == 10


def test_a_run_that_stops_at_a_broken_file_keeps_what_it_decoded(folder, decodings):
    scratch = folder.parent / "scratch"
    (folder / "train/yes/1.png").write_bytes(b"")
    with pytest.raises(LabError, match="the file is empty"):
        prepared(folder, scratch=scratch)
    decodings.clear()
    grey(10, (40, 20)).save(folder / "train/yes/1.png")
    np.testing.assert_array_equal(prepared(folder, scratch=scratch).inputs, prepared(folder).inputs)
    assert decodings[0] == "1.png" and len(decodings) == 1 + 10


def test_a_run_that_stops_at_a_full_disk_keeps_what_was_decoded(folder, decodings, monkeypatch):
    scratch = folder.parent / "scratch"
    prepared(folder, scratch=scratch)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched, pytest.raises(LabError, match="but the disk /"):
        patched.setattr(os, "posix_fallocate", full, raising=False)
        prepared(folder, scratch=scratch)
    decodings.clear()
    assert len(prepared(folder, scratch=scratch).inputs) == 10 and decodings == []


def test_scratch_that_was_cut_off_is_passed_over(folder, decodings):
    scratch = folder.parent / "scratch"
    whole = np.array(prepared(folder, scratch=scratch).inputs)
    (scratch / "images.npy").write_bytes(b"torn")
    np.testing.assert_array_equal(prepared(folder, scratch=scratch).inputs, whole)
