"""The source task: the same in any process, balanced, and its classes are what they are called."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from labproof.data import source_task

SCRIPTS = Path(__file__).parents[2] / "scripts"
COUNT = len(source_task.CLASSES)


@pytest.fixture(scope="module")
def drawn():
    """Twenty of each class."""
    return source_task.draw(20 * COUNT, size=48, seed=4)


def test_shapes_types_and_balance(drawn):
    images, labels = drawn
    assert images.shape == (20 * COUNT, 48, 48, 3)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    assert len(set(source_task.CLASSES)) == COUNT == 24
    assert (np.bincount(labels, minlength=COUNT) == 20).all()
    uneven = np.bincount(source_task.draw(31, size=32, seed=4)[1], minlength=COUNT)
    assert uneven.max() - uneven.min() == 1


def test_a_shorter_draw_is_the_beginning_of_a_longer_one(drawn):
    images, labels = source_task.draw(30, size=48, seed=4)
    assert (images == drawn[0][:30]).all()
    assert (labels == drawn[1][:30]).all()


def test_same_after_other_draws_and_in_a_second_process():
    first = source_task.draw(COUNT, size=32, seed=9)[0]
    other = source_task.draw(COUNT, size=32, seed=10)[0]
    assert (first != other).any(axis=(1, 2, 3)).all()
    assert (source_task.draw(COUNT, size=32, seed=9)[0] == first).all()
    code = (
        "from hashlib import sha256; from labproof.data import source_task;"
        f"print(sha256(source_task.draw({COUNT}, size=32, seed=9)[0].tobytes()).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SCRIPTS), "PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == sha256(first.tobytes()).hexdigest()


def test_every_picture_shows_something(drawn):
    """No picture is flat or burnt out: its structure outweighs its noise."""
    grey = drawn[0].mean(axis=-1)
    smooth = ndimage.gaussian_filter(grey, (0, 1, 1))
    noise = (grey - smooth).std(axis=(1, 2))
    assert (smooth.std(axis=(1, 2)) > 4).all()
    assert np.median(smooth.std(axis=(1, 2)) / noise) > 2
    assert np.mean((grey <= 1) | (grey >= 254)) < 0.02


def test_colour_and_polarity_do_not_tell_the_class(drawn):
    images, labels = drawn
    grey = (images == images[..., :1]).all(axis=(1, 2, 3))
    assert abs(grey.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(grey))
    by_class = [grey[labels == label].mean() for label in range(COUNT)]
    assert 0 < min(by_class) <= max(by_class) < 1
    # Dark on light or the reverse, as the picture's border shows. Grounds are lighter than 100
    # (but for shade), so only reversed pictures fall below, in every class.
    border = np.concatenate([images[:, 0], images[:, -1]], axis=1).mean(axis=(1, 2))
    assert 0.25 < (border < 100).mean() < 0.5
    for label in range(COUNT):
        assert border[labels == label].min() < 100 < 140 < border[labels == label].max()


@pytest.mark.parametrize(
    ("course", "angle"), [("level", 0), ("rising", 45), ("upright", 90), ("falling", 135)]
)
def test_straight_lines_run_as_they_are_called(drawn, course, angle):
    """The structure tensor's main direction (Bigun and Granlund 1987), averaged over the class."""
    images, labels = drawn
    grey = images[labels == source_task.CLASSES.index(f"line-{course}")].mean(axis=-1)
    down = ndimage.gaussian_filter(grey, (0, 1, 1), order=(0, 1, 0))
    right = ndimage.gaussian_filter(grey, (0, 1, 1), order=(0, 0, 1))
    # The doubled angle of the gradient, anticlockwise (so rows count upwards), one per image.
    double = ((right - 1j * down) ** 2).sum(axis=(1, 2))
    mean = (double / abs(double)).mean()
    line = np.degrees(np.angle(mean)) / 2 + 90
    assert abs((line - angle + 90) % 180 - 90) < 10
    assert abs(mean) > 0.8  # and most of its pictures agree
