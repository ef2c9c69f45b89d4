"""The store, and the batches of a training."""

import numpy as np
import pandas as pd

from labproof import datasets


def test_store_gives_back_what_it_took(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (10, 16, 16, 1)).astype("uint8")
    labels = [0, 0, 0, 1, 1, 1, 0, 0, 1, 1]
    splits = ["train"] * 6 + ["validation"] * 4
    records = pd.DataFrame({"image": range(10), "split": splits, "label": labels})
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
