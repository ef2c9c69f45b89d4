"""Layers: clear where they should be, and in their place."""

import numpy as np

from labproof.page import overlays
from labproof.page.figures import style


def test_cold_places_are_clear_and_hot_ones_are_not():
    ramp = np.tile(np.linspace(0, 1, 32), (32, 1))
    made = np.asarray(overlays.heat(ramp).convert("RGBA")).astype(int)
    assert made.shape == (32, 32, 4) and (made[:, 0, 3] < 8).all()
    assert (np.diff(made[0, :, 3]) >= -8).all() and made[0, -1, 3] > 150
    expected = 255 * style.HEAT(1.0)[0]
    assert abs(made[0, -1, 0] - expected) < 16


def test_an_outline_runs_round_its_zone_and_is_clear_elsewhere():
    zone = np.zeros((20, 20), np.uint8)
    zone[5:10, 8:16] = 1
    made = np.asarray(overlays.outline(zone).convert("RGBA"))
    scale = overlays.FINER
    assert made.shape == (20 * scale, 20 * scale, 4)
    drawn = made[..., 3] > 0
    rows, columns = np.nonzero(drawn)
    assert (rows.min() + 1, columns.min() + 1) == (5 * scale, 8 * scale)
    assert (rows.max(), columns.max()) == (10 * scale, 16 * scale)
    assert not drawn[7 * scale : 8 * scale, 11 * scale : 13 * scale].any()


def test_a_picture_is_its_pixels(tmp_path):
    rng = np.random.default_rng(0)
    for shape in ((8, 8, 1), (8, 8, 3)):
        image = rng.integers(0, 256, shape, dtype=np.uint8)
        np.testing.assert_array_equal(np.asarray(overlays.picture(image)).reshape(shape), image)
    overlays.save(overlays.picture(image), tmp_path / "new/picture.png")
    assert (tmp_path / "new/picture.png").stat().st_size > 0


def test_an_overlay_is_the_image_where_the_map_is_cold_and_its_heat_where_it_is_hot():
    ramp = np.zeros((16, 16))
    ramp[:, 8:] = 1
    zone = np.zeros((16, 16), np.uint8)
    zone[1:4, 1:5] = 1
    for channels in (1, 3):
        image = np.full((16, 16, channels), 128, np.uint8)
        plain, outlined = (np.asarray(overlays.overlay(image, ramp, each)) for each in (None, zone))
        assert plain.shape == (16 * overlays.FINER, 16 * overlays.FINER, 3)
        np.testing.assert_array_equal(plain[:, : 7 * overlays.FINER], 128)
        red, green, blue = plain[32, 48].astype(int)
        assert red > 180 and red > blue and green > blue  # inferno's bright end is yellow
        changed = np.nonzero((plain != outlined).any(axis=2))
        assert changed[0].max() == 4 * overlays.FINER and changed[1].max() == 5 * overlays.FINER
