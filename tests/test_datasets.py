"""The store, images from folders, and the batches of a training."""

import numpy as np
import pytest
from PIL import Image

from labproof import datasets
from labproof.errors import LabError
from project import ROOT

REAL = ROOT.parent / "shared/data"
WANTED = {"size": 16, "channels": 1, "train": 6, "validation": 4, "classes": ["no", "yes"]}


@pytest.fixture
def folder(tmp_path):
    """Grey images, 10 a class and split, whose grey level is their number times 10."""
    for split in datasets.SPLITS:
        for name in WANTED["classes"]:
            place = tmp_path / split / name
            place.mkdir(parents=True)
            for number in range(10):
                Image.new("L", (40, 20), 10 * number).save(place / f"{number}.png")
    return tmp_path


def test_folder_takes_what_is_wanted_half_from_each_class(folder):
    images, records = datasets.from_folder(folder, WANTED)
    assert images.shape == (10, 16, 16, 1)
    assert images.dtype == np.uint8
    counts = records.groupby(["split", "class"], sort=False).size()
    assert counts.to_dict() == {
        ("train", "no"): 3,
        ("train", "yes"): 3,
        ("validation", "no"): 2,
        ("validation", "yes"): 2,
    }
    assert records["label"].tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 1, 1]
    assert records["source"][3] == "train/yes/0.png"
    np.testing.assert_array_equal(images[:3, 5, 5, 0], [0, 10, 20])


def test_one_class_fills_up_what_the_other_lacks(folder):
    for number in range(1, 10):
        (folder / f"train/no/{number}.png").unlink()
    _, records = datasets.from_folder(folder, WANTED)
    train = records[records.split == "train"]
    assert train["class"].value_counts().to_dict() == {"yes": 5, "no": 1}


def test_images_are_turned_upright_and_made_rgb_or_grey(folder):
    picture = Image.new("RGB", (32, 32), "red")
    picture.paste("blue", (0, 0, 32, 16))  # blue above
    exif = Image.Exif()
    exif[0x0112] = 3  # "turn me by 180 degrees"
    picture.save(folder / "train/no/0.jpg", exif=exif, quality=95)
    images, _ = datasets.from_folder(folder, {**WANTED, "channels": 3})
    top, bottom = images[0, 2, 8], images[0, 13, 8]
    assert top[0] > 200 > 50 > top[2]
    assert bottom[2] > 200 > 50 > bottom[0]


@pytest.mark.parametrize("content", [b"", b"no image", None], ids=["empty", "text", "cut off"])
def test_a_broken_file_is_named(folder, content):
    file = folder / "train/yes/0.png"
    if content is None:  # the first half of a file
        noise = np.random.default_rng(0).integers(0, 256, (40, 40), dtype="uint8")
        Image.fromarray(noise).save(file)
        content = file.read_bytes()[: file.stat().st_size // 2]
    file.write_bytes(content)
    with pytest.raises(LabError, match=r"train/yes/0\.png.*(Replace|take it away)"):
        datasets.from_folder(folder, WANTED)


def test_an_empty_folder_is_named(folder):
    for file in (folder / "validation/yes").iterdir():
        file.unlink()
    with pytest.raises(LabError, match=r"validation/yes: has no images"):
        datasets.from_folder(folder, WANTED)


@pytest.mark.skipif(not REAL.exists(), reason="the real images lie in ../shared, which is absent")
def test_real_images_are_read():
    wanted = {"size": 64, "channels": 3, "train": 20, "validation": 10, "classes": ["nev", "mel"]}
    images, records = datasets.from_folder(REAL / "skin", wanted)
    assert images.shape == (30, 64, 64, 3)
    assert records["label"].sum() == 15
    reds, blues = images[..., 0].mean(), images[..., 2].mean()
    assert reds > blues + 10, "skin is redder than blue"


def test_store_gives_back_what_it_took(folder, tmp_path):
    images, records = datasets.from_folder(folder, WANTED)
    zones = images[..., 0] > 10
    datasets.write(tmp_path / "store", images, records, zones)
    back = datasets.read(tmp_path / "store")
    np.testing.assert_array_equal(back.inputs, images)
    np.testing.assert_array_equal(back.zones, zones)
    assert isinstance(back.inputs, np.memmap)
    inputs, labels = back.split("validation")
    np.testing.assert_array_equal(inputs, images[6:])
    assert labels.tolist() == [0, 0, 1, 1]


def numbers(**settings):
    """The batches of inputs 0 … 9, each with its own number."""
    values = np.arange(10, dtype="float32")[:, None]
    given = {"batch_size": 4, "epochs": 3, "seed": 1, **settings}
    return [x[:, 0] for x, _ in datasets.batches(values, values, **given).as_numpy_iterator()]


def test_every_epoch_is_all_examples_in_a_new_order():
    found = numbers()
    assert [len(batch) for batch in found] == [4, 4, 2] * 3
    epochs = np.concatenate(found).reshape(3, 10)
    np.testing.assert_array_equal(np.sort(epochs), np.tile(np.arange(10), (3, 1)))
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_order_follows_from_seed_and_epoch_alone():
    first = np.concatenate(numbers())
    np.testing.assert_array_equal(first, np.concatenate(numbers()))
    np.testing.assert_array_equal(first[:20], np.concatenate(numbers(epochs=2)))
    assert not np.array_equal(first, np.concatenate(numbers(seed=2)))


def test_images_are_scaled_and_keep_their_labels():
    images = np.arange(10, dtype="uint8").reshape(10, 1, 1, 1) * 25
    labels = np.arange(10) % 2
    for x, y in datasets.batches(
        images, labels, batch_size=5, epochs=1, seed=0
    ).as_numpy_iterator():
        np.testing.assert_array_equal(np.round(x[:, 0, 0, 0] * 255 / 25) % 2, y)
        assert x.max() <= 1
    np.testing.assert_allclose(datasets.scaled(images)[:, 0, 0, 0], np.arange(10) * 25 / 255)


def test_validation_images_pass_unchanged():
    """Augmentation has no way to them: `scaled` is all that happens."""
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1)).astype("uint8")
    np.testing.assert_array_equal(np.round(datasets.scaled(images) * 255), images)
