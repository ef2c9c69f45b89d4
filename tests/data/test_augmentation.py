"""What the training augmentation draws."""

import numpy as np
import pytest

from labproof.data import augmentation

PROTOCOL = {"rotation": 10, "shift": 0.1, "flip": True}
NOTHING = {"rotation": 0, "shift": 0, "flip": False}


def picture(size=32, channels=1):
    """A soft spot off the centre."""
    y, x = np.mgrid[:size, :size] / size
    spot = 255 * np.exp(-((x - 0.3) ** 2 + (y - 0.4) ** 2) / 0.02)
    return np.repeat(spot[..., None], channels, axis=-1).astype("float32")


def drawn(settings, *, seed=0, epochs=40, copies=8):
    """One and the same picture as training changes it, 0 to 255."""
    images, change = np.repeat(picture()[None], copies, axis=0), augmentation.changes(settings)
    return np.concatenate(
        [
            change(images, augmentation.draw(settings, copies, seed=seed, epoch=epoch))
            for epoch in range(1, epochs + 1)
        ]
    )


def centre(images):
    """Centre of mass (x, y) of each image, as shares of the side."""
    size = images.shape[1]
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    mass = images[..., 0].sum((1, 2))
    return (images[..., 0] * x).sum((1, 2)) / mass, (images[..., 0] * y).sum((1, 2)) / mass


@pytest.mark.parametrize("channels", [1, 3])
def test_no_augmentation_changes_nothing(channels):
    batch = np.repeat(picture(channels=channels)[None], 3, axis=0)
    given = augmentation.draw(NOTHING, 3, seed=0, epoch=1)
    out = np.asarray(augmentation.changes(NOTHING)(batch, given))
    np.testing.assert_allclose(out, batch, atol=1e-2)


def test_no_two_draws_repeat_and_a_seed_gives_them_again():
    first = drawn(PROTOCOL)
    assert len(np.unique(first.reshape(len(first), -1), axis=0)) == len(first)
    np.testing.assert_array_equal(first, drawn(PROTOCOL))
    assert not np.array_equal(first, drawn(PROTOCOL, seed=1))


def test_nothing_is_drawn_where_nothing_is_augmented():
    assert augmentation.draw(None, 5, seed=0, epoch=1) == {}


@pytest.mark.parametrize("channels", [1, 3])
def test_keras_own_transformation_does_what_keras_cv_does(channels):
    """Two libraries' interpolation, with the same draws: what training on JAX goes by."""
    images = np.random.default_rng(0).uniform(0, 255, (6, 24, 20, channels)).astype("float32")
    given = augmentation.draw(PROTOCOL, 6, seed=4, epoch=2)
    assert set(given["flip"]) == {0, 1}
    one = np.asarray(augmentation.changes(PROTOCOL)(images, given))
    other = np.asarray(augmentation.change_anywhere(images, given))
    assert np.abs(one - images).mean() > 10
    np.testing.assert_allclose(one, other, atol=0.05)


def test_every_layer_draws_from_a_generator_of_its_own(monkeypatch):
    def shared():
        raise AssertionError("TensorFlow's global generator refuses to be deterministic")

    monkeypatch.setattr("tensorflow.random.get_global_generator", shared)
    augmentation.changes(PROTOCOL)
    augmentation.gallery(picture(channels=3).astype("uint8"), PROTOCOL, seed=0, number=1)


def test_half_of_the_images_are_flipped():
    x, _ = centre(drawn({**NOTHING, "flip": True}))
    flipped = np.mean(x > 0.5)
    assert pytest.approx(flipped, abs=4 * 0.5 / np.sqrt(len(x))) == 0.5
    np.testing.assert_allclose(np.sort(np.unique(np.round(x, 2))), [0.3, 0.7], atol=0.02)


def test_shifts_are_uniform_within_the_protocol():
    x, y = centre(drawn({**NOTHING, "shift": 0.1}))
    here_x, here_y = centre(picture()[None])
    for moved in (x - here_x, y - here_y):
        assert np.abs(moved).max() < 0.11
        assert moved.min() < -0.08
        assert moved.max() > 0.08
        # variance of a uniform density over +-0.1
        assert np.var(moved) == pytest.approx(0.2**2 / 12, rel=0.3)


def test_rotations_are_uniform_within_the_protocol():
    x, y = centre(drawn({**NOTHING, "rotation": 10}))
    here_x, here_y = centre(picture()[None])
    angle = np.degrees(np.arctan2(y - 0.5, x - 0.5) - np.arctan2(here_y - 0.5, here_x - 0.5))
    angle = (angle + 180) % 360 - 180
    assert np.abs(angle).max() < 11
    assert angle.min() < -8
    assert angle.max() > 8


def test_gallery_shows_single_changes_and_draws():
    image = picture(channels=3).astype("uint8")
    single, draws = augmentation.gallery(image, PROTOCOL, seed=0, number=4)
    np.testing.assert_array_equal(single["original"], image)
    np.testing.assert_array_equal(single["flipped\nleft to right"], image[:, ::-1])
    np.testing.assert_array_equal(single["flipped\nupside down"], image[::-1])
    assert single["half the pixels"].shape == (16, 16, 3)
    stretched = single["intensities\nrescaled"]
    assert (stretched.min(), stretched.max()) == (0, 255)
    x, y = centre(single["rotated by 10°"][None].astype(float))
    here_x, here_y = centre(image[None].astype(float))
    turned = np.degrees(np.arctan2(y - 0.5, x - 0.5) - np.arctan2(here_y - 0.5, here_x - 0.5))
    assert abs(turned[0]) == pytest.approx(10, abs=1)
    assert len({pixels.tobytes() for pixels in draws.values()}) == 4
