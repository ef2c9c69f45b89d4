"""The store."""

import numpy as np
import pandas as pd

from labproof.data import store


def test_store_gives_back_what_it_took(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (10, 16, 16, 1)).astype("uint8")
    labels = [0, 0, 0, 1, 1, 1, 0, 0, 1, 1]
    splits = ["train"] * 6 + ["validation"] * 4
    records = pd.DataFrame({"image": range(10), "split": splits, "label": labels})
    zones = images[..., 0] > 10
    store.write(tmp_path / "store", images, records, zones)
    back = store.read(tmp_path / "store")
    np.testing.assert_array_equal(back.inputs, images)
    np.testing.assert_array_equal(back.zones, zones)
    assert isinstance(back.inputs, np.memmap)
    inputs, labels = back.split("validation")
    np.testing.assert_array_equal(inputs, images[6:])
    assert labels.tolist() == [0, 0, 1, 1]


def test_names_stay_text(tmp_path):
    """A class called NA or 1, and patients 007 and 7."""
    records = pd.DataFrame(
        {"image": [0, 1], "class": ["NA", "1"], "group": ["007", "7"], "width": [3, np.nan]}
    )
    store.write(tmp_path / "store", np.zeros((2, 4, 4, 1), np.uint8), records)
    back = store.read(tmp_path / "store").records
    assert back["class"].tolist() == ["NA", "1"] and back["group"].tolist() == ["007", "7"]
    assert back["image"].tolist() == [0, 1] and np.isnan(back["width"][1])


def test_images_are_scaled_and_features_are_not():
    images = np.arange(10, dtype="uint8").reshape(10, 1, 1, 1) * 25
    np.testing.assert_allclose(store.scaled(images)[:, 0, 0, 0], np.arange(10) * 25 / 255)
    features = np.arange(10, dtype="float32")[:, None]
    np.testing.assert_array_equal(store.scaled(features), features)


def test_validation_images_pass_unchanged():
    """Augmentation has no way to them: `scaled` is all that happens."""
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1)).astype("uint8")
    np.testing.assert_array_equal(np.round(store.scaled(images) * 255), images)
