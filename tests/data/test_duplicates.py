"""Duplicates: planted ones are found however they were made, and nothing else is."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from labproof.data import decoding, duplicates, phantoms
from project import ROOT

REAL = ROOT.parent / "shared/data"
SKIP = pytest.mark.skipif(not REAL.exists(), reason="the real images in ../shared are absent")
SIZE = 64
SAME_FILMS = [("IMG0002848", "IMG0004206"), ("IMG0002935", "IMG0004217")]


def jpeg(image, rng):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=50)
    return Image.open(buffer)


def crop(image, rng):
    """Without 5 % of the width and of the height, wherever they are cut off."""
    width, height = image.size
    left, top = rng.uniform(0, 0.05 * width), rng.uniform(0, 0.05 * height)
    return image.crop((left, top, left + 0.95 * width, top + 0.95 * height))


def turned(how):
    return lambda image, rng: image.transpose(how)


PLANTED = {
    "exact": lambda image, rng: image,
    "re-encoded": jpeg,
    "resized": lambda image, rng: image.resize((image.width // 2, image.height // 2)),
    "mirrored": turned(Image.Transpose.FLIP_LEFT_RIGHT),
    "upside down": turned(Image.Transpose.FLIP_TOP_BOTTOM),
    "turned left": turned(Image.Transpose.ROTATE_90),
    "turned right": turned(Image.Transpose.ROTATE_270),
    "cropped": crop,
}


def square(image, size=SIZE):
    made = image.convert("L").resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(made)[..., None]


def originals(kind, count, size):
    """Images as a file would hold them, larger than they are looked at."""
    if kind in phantoms.CLASSES:
        drawn, _, _ = phantoms.draw_dataset(
            kind, train=count, validation=0, size=2 * size, channels=1, seed=3
        )
        return [Image.fromarray(image[..., 0]) for image in drawn]
    return [Image.open(file).convert("L") for file in chosen(kind.removeprefix("real "), count)]


def chosen(kind, count):
    files = sorted((REAL / kind).rglob("*.jpg"))
    numbers = np.random.default_rng(4).permutation(len(files))[:count]
    return [files[number] for number in sorted(numbers)]


def planted(kind, count, each, size=SIZE):
    """Images with `each` duplicates of every kind behind them; where each came from, and how."""
    files = originals(kind, count, size)
    rng = np.random.default_rng(6)
    images, source, how = [square(file, size) for file in files], list(range(len(files))), []
    for name, make in PLANTED.items():
        for number in rng.choice(len(files), each, replace=False):
            images.append(square(make(files[number], rng), size))
            source.append(int(number))
            how.append(name)
    return np.stack(images), np.array(source), np.array(how)


def check(kind, count, each, size, *, crops):
    images, source, how = planted(kind, count, each, size)
    found = duplicates.find(images)
    pairs = set(zip(found["first"], found["second"], strict=True))
    new = range(len(source) - len(how), len(source))
    hit = {
        name: np.mean(
            [(source[i], i) in pairs for i, made in zip(new, how, strict=True) if made == name]
        )
        for name in PLANTED
    }
    assert {name for name, share in hit.items() if share < 1} <= {"cropped"}
    assert hit["cropped"] >= crops
    others = found[source[found["first"]] != source[found["second"]]]
    return source[others[["first", "second"]].to_numpy()], found


@pytest.mark.parametrize("kind", phantoms.CLASSES)
def test_planted_duplicates_of_phantoms_are_found_and_no_others(kind):
    others, found = check(kind, 150, 12, SIZE, crops=0.9)
    assert not len(others)
    assert (found["first"] < found["second"]).all()
    assert found["correlation"].between(duplicates.IN_DETAIL, 1).all()


@pytest.mark.slow
@pytest.mark.parametrize(("size", "count"), [(48, 1000), (128, 400)])
@pytest.mark.parametrize("kind", phantoms.CLASSES)
def test_planted_duplicates_among_many_phantoms(kind, size, count):
    others, _ = check(kind, count, 60, size, crops=0.95)
    assert not len(others)


@SKIP
@pytest.mark.slow
@pytest.mark.parametrize("size", [48, 128])
def test_planted_duplicates_among_a_thousand_photographs_of_skin(size):
    """What else is found has to be two photographs of one lesion, by the archive's own index."""
    others, _ = check("real skin", 1000, 60, size, crops=0.95)
    index = pd.read_csv(REAL / "skin/index.csv").set_index("image_id")["lesion_id"]
    files = chosen("skin", 1000)
    for first, second in others:
        assert index[files[first].stem] == index[files[second].stem]


@SKIP
@pytest.mark.slow
@pytest.mark.parametrize("size", [48, 128])
def test_planted_duplicates_among_a_thousand_films(size):
    """Two pairs are in these films, looked at: the same limb in the same place, twice."""
    others, _ = check("real bone", 1000, 60, size, crops=0.95)
    files = chosen("bone", 1000)
    known = {frozenset(pair) for pair in SAME_FILMS}
    assert {frozenset(files[k].stem for k in pair) for pair in others} <= known


@pytest.fixture(scope="module")
def three():
    files = originals("skin", 30, SIZE)
    return [square(file) for file in files], files[0]


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (Image.Transpose.FLIP_LEFT_RIGHT, "mirrored left to right"),
        (Image.Transpose.FLIP_TOP_BOTTOM, "mirrored top to bottom"),
        (Image.Transpose.ROTATE_180, "turned by 180°"),
        (Image.Transpose.ROTATE_90, "turned by 90° anticlockwise"),
        (Image.Transpose.ROTATE_270, "turned by 90° clockwise"),
        (Image.Transpose.TRANSPOSE, "mirrored along the diagonal"),
        (Image.Transpose.TRANSVERSE, "mirrored along the other diagonal"),
    ],
)
def test_the_turn_is_named_as_pillow_has_it(three, how, told):
    images, first = three
    found = duplicates.find(np.stack([*images, square(first.transpose(how))]))
    assert len(found) == 1 and found["turn"][0] == told and found["kind"][0] == "near"


def test_a_crop_tells_its_share(three):
    images, first = three
    side = first.width
    cut = first.crop((0.02 * side, 0.06 * side, 0.94 * side, 0.98 * side))
    found = duplicates.find(np.stack([*images, square(cut)]))
    assert len(found) == 1 and found["crop"][0] == pytest.approx(0.92, abs=0.015)


def test_equal_images_make_one_pair_less_than_they_are(three):
    images = np.stack(three[0][:5] + three[0][:1] * 3)
    found = duplicates.find(images)
    assert found["kind"].tolist() == ["exact"] * 3
    assert found[["first", "second"]].to_numpy().tolist() == [[0, 5], [0, 6], [0, 7]]


def test_flat_images_are_duplicates_of_equal_ones_alone():
    images = (
        np.zeros((4, 32, 32, 1), np.uint8)
        + np.array([10, 20, 20, 30], np.uint8)[:, None, None, None]
    )
    found = duplicates.find(images)
    assert found[["first", "second"]].to_numpy().tolist() == [[1, 2]]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_images_for_a_pair(count):
    assert duplicates.find(np.zeros((count, 32, 32, 3), np.uint8)).empty


def test_colours_are_looked_at_as_grey(three):
    grey = np.stack(three[0])
    colour = np.repeat(grey, 3, axis=-1)
    images = np.concatenate([colour, colour[:1, :, ::-1]])
    assert duplicates.find(images)["turn"].tolist() == ["mirrored left to right"]


def test_decoding_the_same_picture_twice_gives_equal_pixels(tmp_path, three):
    three[1].save(tmp_path / "a.png")
    three[1].save(tmp_path / "b.bmp")
    images = np.stack([decoding.decode(tmp_path / name, 32, 1)[0] for name in ("a.png", "b.bmp")])
    assert duplicates.find(images)["kind"].tolist() == ["exact"]
