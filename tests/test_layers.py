"""Layers: clear where they should be, and in their place."""

import numpy as np

from labproof import figures, layers


def test_cold_places_are_clear_and_hot_ones_are_not():
    ramp = np.tile(np.linspace(0, 1, 32), (32, 1))
    made = np.asarray(layers.heat(ramp).convert("RGBA")).astype(int)
    assert made.shape == (32, 32, 4) and (made[:, 0, 3] < 8).all()
    assert (np.diff(made[0, :, 3]) >= -8).all() and made[0, -1, 3] > 150
    expected = 255 * figures.HEAT(1.0)[0]
    assert abs(made[0, -1, 0] - expected) < 16


def test_an_outline_runs_round_its_zone_and_is_clear_elsewhere():
    zone = np.zeros((20, 20), np.uint8)
    zone[5:10, 8:16] = 1
    made = np.asarray(layers.outline(zone).convert("RGBA"))
    scale = layers.FINER
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
        np.testing.assert_array_equal(np.asarray(layers.picture(image)).reshape(shape), image)
    layers.save(layers.picture(image), tmp_path / "new/picture.png")
    assert (tmp_path / "new/picture.png").stat().st_size > 0
