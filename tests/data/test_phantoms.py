"""Phantoms: the same in any order and process, with the truth that their records state."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage, stats

from labproof.data import phantom_skin, phantoms
from labproof.errors import LabError

SCRIPTS = Path(__file__).parents[2] / "scripts"
KINDS = sorted(phantoms.CLASSES)


def picture(kind, index, *, size=48, channels=1, seed=5, label=None, **settings):
    label = index % 2 if label is None else label
    return phantoms.draw(
        kind, label=label, index=index, seed=seed, size=size, channels=channels, **settings
    )


def digest(order):
    """Digest of a few phantoms of both kinds, drawn in the given order."""
    found = {}
    for index in order:
        for kind in KINDS:
            phantom = picture(kind, index, size=32, channels=3)
            found[kind, index] = (
                phantom.image.tobytes() + phantom.zone.tobytes() + repr(phantom.facts).encode()
            )
    return sha256(b"".join(found[key] for key in sorted(found))).hexdigest()


def correlation(a, b):
    return np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1]


def box_mask(facts, size, margin=0.015):
    """The marker's box as a mask, a little wider for the pen's round joints."""
    place = (np.arange(size) + 0.5) / size
    across = (place > facts["marker_x0"] - margin) & (place < facts["marker_x1"] + margin)
    down = (place > facts["marker_y0"] - margin) & (place < facts["marker_y1"] + margin)
    return down[:, None] & across


def test_same_in_any_order_and_in_a_second_process():
    here = digest([3, 0, 2])
    assert here == digest([2, 3, 0])
    code = f"import test_phantoms; print(test_phantoms.digest({[0, 2, 3]}))"
    path = f"{SCRIPTS}:{Path(__file__).parent}"
    there = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path, "PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here


@pytest.mark.parametrize("kind", KINDS)
def test_seed_and_index_change_the_picture(kind):
    images = [picture(kind, index, seed=seed).image for seed in (0, 1) for index in (0, 2)]
    assert len({image.tobytes() for image in images}) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_one_scene_looks_the_same_at_two_sizes(kind):
    same, other = [], []
    for index in range(8):
        large = Image.fromarray(picture(kind, index, size=128).image[..., 0])
        small = np.asarray(large.resize((64, 64), Image.Resampling.BOX))
        same.append(correlation(small, picture(kind, index, size=64).image))
        other.append(correlation(small, picture(kind, index + 8, size=64).image))
    assert min(same) > 0.98
    assert np.mean(other) < 0.8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_types_and_channels(kind, channels):
    phantom = picture(kind, 1, size=40, channels=channels)
    assert phantom.image.shape == (40, 40, channels)
    assert phantom.image.dtype == np.uint8
    assert phantom.zone.shape == (40, 40)
    assert phantom.zone.dtype == bool


def test_grey_is_the_luminance_of_colour():
    colour = picture("skin", 1, channels=3).image.astype(float)
    grey = picture("skin", 1, channels=1).image[..., 0]
    assert np.ptp(colour, axis=-1).max() > 20  # it is in colour
    assert abs(colour @ [0.299, 0.587, 0.114] - grey).max() <= 1
    bone = picture("bone", 1, channels=3).image
    assert (bone == picture("bone", 1, channels=1).image).all()


@pytest.mark.parametrize("kind", KINDS)
def test_dataset_is_balanced_and_its_splits_share_no_phantom(kind):
    images, zones, records = phantoms.draw_dataset(
        kind, train=6, validation=4, final=8, size=32, channels=1, seed=3
    )
    assert images.shape == (18, 32, 32, 1)
    assert zones.shape == (18, 32, 32)
    assert set(np.unique(zones)) == {0, 1}
    assert list(records["image"]) == list(range(18))
    assert list(records["split"]) == ["train"] * 6 + ["validation"] * 4 + ["final"] * 8
    assert (records.groupby("split")["label"].mean() == 0.5).all()
    assert list(records["class"]) == [phantoms.CLASSES[kind][label] for label in records["label"]]
    assert records["source"].is_unique
    assert len({image.tobytes() for image in images}) == 18


def test_larger_split_begins_with_the_smaller_one():
    sizes = {"size": 24, "channels": 1, "seed": 3}
    few, _, few_records = phantoms.draw_dataset("bone", train=4, validation=3, **sizes)
    many, _, records = phantoms.draw_dataset("bone", train=8, validation=5, **sizes)
    assert (many[:4] == few[:4]).all()
    assert (many[8:11] == few[4:]).all()
    pairs = [(records.iloc[:4], few_records.iloc[:4]), (records.iloc[8:11], few_records.iloc[4:])]
    for large, small in pairs:
        large, small = (
            part.drop(columns="image").reset_index(drop=True) for part in (large, small)
        )
        assert large.equals(small)


@pytest.mark.parametrize("overlap", [0.3, 0.8])
def test_best_threshold_on_the_latent_is_as_good_as_the_closed_form_says(overlap):
    labels = np.arange(1500) % 2
    latent = np.array(
        [
            phantoms.scene("skin", label=label, index=index, seed=11, overlap=overlap)["facts"][
                "latent"
            ]
            for index, label in enumerate(labels.tolist())
        ]
    )
    order = np.argsort(latent)
    # Accuracy of every threshold at once: class 0 below it and class 1 above it.
    right = np.concatenate([[0], np.cumsum(1 - 2 * labels[order])]) + labels.sum()
    best = right.max() / len(labels)
    expected = phantom_skin.best_accuracy(overlap)
    error = np.sqrt(expected * (1 - expected) / len(labels))
    assert expected == pytest.approx(1 - overlap / 2)
    assert abs(best - expected) < 4 * error
    assert abs(np.mean((latent > 0) == labels) - expected) < 4 * error


@pytest.mark.parametrize("overlap", [0.1, 0.3, 1])
def test_separation_gives_the_overlap_of_two_normal_densities(overlap):
    assert NormalDist(0, 1).overlap(
        NormalDist(phantom_skin.separation(overlap), 1)
    ) == pytest.approx(overlap)


@pytest.mark.parametrize("share", [0.8, 0.5, 1])
def test_marker_agrees_with_the_class_as_often_as_asked(share):
    facts = [
        phantoms.scene("bone", label=index % 2, index=index, seed=2, marker=share)["facts"]
        for index in range(1500)
    ]
    agrees = np.array([fact["marker_agrees"] for fact in facts])
    # Where it sits is what a network sees: near the upper border for class 1, if it agrees.
    upper = np.array([(fact["marker_y0"] + fact["marker_y1"]) / 2 < 0.5 for fact in facts])
    assert ((upper == (np.arange(1500) % 2)) == agrees).all()
    assert abs(agrees.mean() - share) <= 4 * np.sqrt(share * (1 - share) / 1500)


@pytest.mark.parametrize("index", range(6))
def test_marker_changes_its_box_alone_and_is_absent_at_0(index):
    size = 96
    without = picture("bone", index, size=size, marker=0)
    assert all(np.isnan(without.facts[f"marker_{name}"]) for name in ("x0", "y1", "agrees"))
    boxes = []
    for share in (1, 1e-9):  # always and (as good as) never in agreement: at opposite borders
        marked = picture("bone", index, size=size, marker=share)
        changed = (marked.image != without.image)[..., 0]
        box = box_mask(marked.facts, size)
        assert not (changed & ~box).any()
        assert changed[box].mean() > 0.2
        assert (marked.zone == without.zone).all()
        boxes.append(box)
    # Each box is unmarked in the other film, so without a marker there is none in either.
    assert not (boxes[0] & boxes[1]).any()


def test_side_of_the_body_tells_nothing_of_the_class():
    sides = [
        phantoms.scene("bone", label=index % 2, index=index, seed=8)["facts"]["side"]
        for index in range(1500)
    ]
    table = [[sides[label::2].count(side) for side in "LR"] for label in (0, 1)]
    assert stats.chi2_contingency(table).pvalue > 0.01
    assert stats.binomtest(sides.count("L"), len(sides)).pvalue > 0.01


def test_lesions_are_dark_and_keep_off_the_border():
    contrasts = []
    for index in range(40):
        phantom = picture("skin", index, size=48)
        grey, zone = phantom.image[..., 0].astype(float), phantom.zone
        assert 0.02 < zone.mean() < 0.6
        assert not (zone[[0, -1]].any() or zone[:, [0, -1]].any())
        around = ndimage.binary_dilation(zone, iterations=5) & ~ndimage.binary_dilation(zone)
        contrasts.append(grey[zone].mean() - grey[around].mean())
    contrasts = np.array(contrasts)
    assert contrasts.mean() < -20
    assert (contrasts < 0).mean() > 0.9


def test_fractures_lie_in_the_shaft():
    ranks = []
    for index in range(40):
        phantom = picture("bone", index, size=64, marker=0)
        grey, zone = phantom.image[..., 0].astype(float), phantom.zone
        assert 0.003 < zone.mean() < 0.25
        assert not (zone[[0, -1]].any() or zone[:, [0, -1]].any())
        rows = zone.any(axis=1)
        # The collimator's frame may be brighter than bone, so it is left out.
        middle = grey[rows, 6:-6]
        ranks.append((grey[zone].mean() > middle).mean())
    # Bone is the brightest tissue: the zone outshines most of the rows that it crosses.
    assert np.mean(ranks) > 0.7
    assert np.mean(np.array(ranks) > 0.5) > 0.9


def test_fracture_zone_holds_what_a_fracture_changes():
    """An incomplete fracture moves nothing: without it, the film changes in the zone alone."""
    shares = []
    for index in range(1, 80, 2):
        if phantoms.scene("bone", label=1, index=index, seed=5)["facts"]["displacement"] > 0:
            continue
        broken = picture("bone", index, size=96, visibility=3)
        whole = picture("bone", index, size=96, visibility=1e-6)
        change = abs(broken.image.astype(float) - whole.image)[..., 0]
        shares.append(
            change[ndimage.binary_dilation(broken.zone, iterations=2)].sum() / change.sum()
        )
    assert len(shares) > 3
    assert np.mean(shares) > 0.8


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("skin", "overlap", 0),
        ("skin", "overlap", 1.5),
        ("skin", "overlap", "much"),
        ("skin", "marker", 0.5),
        ("bone", "marker", -0.1),
        ("bone", "marker", True),
        ("bone", "visibility", 0),
        ("bone", "visibility", float("nan")),
        ("skin", "size", 8),
        ("skin", "channels", 2),
        ("bone", "seed", -1),
        ("bone", "index", 1.5),
        ("bone", "label", 2),
        ("liver", "kind", "liver"),
    ],
)
def test_a_bad_setting_is_named(kind, key, value):
    arguments = {"label": 0, "index": 0, "seed": 0, "size": 32, "channels": 1}
    if key != "kind":
        arguments[key] = value
    with pytest.raises(LabError, match=rf"^{key}: "):
        phantoms.draw(kind, **arguments)


def test_an_empty_dataset_is_refused():
    with pytest.raises(LabError, match="train, validation"):
        phantoms.draw_dataset("skin", train=0, validation=0, size=32, channels=1, seed=0)
