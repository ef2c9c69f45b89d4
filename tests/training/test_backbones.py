"""Backbones: VGG16 is VGG16, folding and batches change nothing, training repeats to the bit."""

from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import yaml
from keras.src.legacy.saving import legacy_h5_format
from PIL import Image
from scipy import stats
from test_checkpoints import Dying, Killed

from labproof.data import source_task
from labproof.errors import LabError
from labproof.training import backbones, networks, pretraining
from labproof.training.checkpoints import Checkpoints
from project import ROOT

DATA = Path(__file__).parents[2].parent / "shared" / "data"
MOBILENET = DATA / "mobilenet_v2_notop.weights.h5"
TINY = {"base": 2, "size": 32, "images": 48, "epochs": 2, "learning_rate": 1e-3}


def pictures(count, size=32, channels=3):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, size, size, channels), dtype=np.uint8)


def kernels(model):
    return [layer.kernel for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


@pytest.fixture(scope="module")
def published():
    """Keras' own VGG16, with random weights in place of ImageNet's."""
    return keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))


def test_vgg16_has_the_layers_of_vgg16(published):
    ours = backbones.build("vgg16", (32, 32, 3))
    assert ours.count_params() == 14_714_688
    assert [kernel.shape for kernel in kernels(ours)] == [k.shape for k in kernels(published)]
    assert ours.output_shape == published.output_shape


@pytest.mark.parametrize("name", ["all.weights.h5", "as_published.h5"])
def test_weights_of_keras_vgg16_load_and_give_its_features(published, tmp_path, name):
    path = tmp_path / name
    if name.endswith(".weights.h5"):
        published.save_weights(path)
    else:  # the layout of the files that keras.applications downloads
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, published)
    ours = backbones.load("vgg16", (32, 32, 3), weights=path)
    assert not ours.trainable_weights
    inputs = backbones.preprocess("vgg16", pictures(2))
    expected = np.asarray(published(inputs))
    assert expected.max() > 0
    np.testing.assert_allclose(ours(inputs), expected, rtol=1e-4, atol=1e-5 * expected.max())


def test_weights_follow_from_the_seed():
    first, second = (backbones.build("vgg16", (32, 32, 3), base=2, seed=s) for s in (1, 2))
    keras.utils.set_random_seed(99)
    again = backbones.build("vgg16", (32, 32, 3), base=2, seed=1)
    assert all(
        (a == b).all() for a, b in zip(first.get_weights(), again.get_weights(), strict=True)
    )
    pairs = zip(kernels(first), kernels(second), strict=True)
    assert not any(np.array_equal(a, b) for a, b in pairs)


def test_preprocessing_is_the_published_one():
    images = pictures(2)
    blue_green_red = images[..., ::-1] - np.array([103.939, 116.779, 123.68])
    np.testing.assert_allclose(backbones.preprocess("vgg16", images), blue_green_red, atol=1e-4)
    np.testing.assert_allclose(
        backbones.preprocess("mobilenet_v2", images), images / 127.5 - 1, atol=1e-6
    )
    assert backbones.preprocess("vgg16", images).dtype == np.float32


def test_folded_normalisation_gives_the_same_features():
    inputs = keras.Input((32, 32, 3))
    features = networks.convolutions(
        inputs,
        networks.VGG16,
        base=4,
        initializer="he_normal",
        seeds=networks.Seeds(3),
        batch_norm=True,
    )
    normalised = keras.Model(inputs, features)
    rng = np.random.default_rng(1)
    for layer in normalised.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            units = layer.gamma.shape[0]
            gamma, variance = rng.uniform(0.5, 1.5, (2, units))
            beta, mean = rng.normal(0, 0.3, (2, units))
            layer.set_weights([gamma, beta, mean, variance])
        elif isinstance(layer, keras.layers.Conv2D):
            layer.bias.assign(rng.normal(0, 0.1, layer.bias.shape))
    plain = backbones.build("vgg16", (32, 32, 3), base=4)
    images = rng.uniform(-1, 1, (6, 32, 32, 3)).astype("float32")
    expected = np.asarray(normalised(images, training=False))
    assert expected.std() > 0.1
    assert not np.allclose(plain(images), expected, rtol=0.1)
    folded = pretraining.fold(normalised, plain)
    np.testing.assert_allclose(folded(images), expected, rtol=1e-4, atol=1e-4 * expected.max())


def test_features_in_batches_from_a_file_and_from_grey_images(tmp_path):
    backbone = backbones.build("vgg16", (64, 64, 3), base=2)
    grey = pictures(7, size=64, channels=1)
    colour = np.repeat(grey, 3, axis=-1)
    output = backbone(keras.applications.vgg16.preprocess_input(colour.astype("float32")))
    expected = np.asarray(keras.layers.Flatten()(output))
    assert expected.shape == (7, 2 * 2 * 16)
    assert expected.std() > 0
    np.save(tmp_path / "images.npy", grey)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    for images in (colour, grey, mapped):
        found = backbones.extract(backbone, images, name="vgg16", batch_size=3)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * expected.max())


@pytest.fixture(scope="module")
def trained():
    return pretraining.train("vgg16", **TINY, seed=6)


@pytest.mark.slow
def test_training_that_dies_and_goes_on_ends_in_the_same_bits(trained, tmp_path):
    with pytest.raises(Killed), Dying(tmp_path, "key") as saved:
        saved.left = 1
        pretraining.train("vgg16", **TINY, seed=6, checkpoints=saved)
    with Checkpoints(tmp_path, "key") as saved:
        assert saved.load("vgg16").epoch == 1
        backbone, history = pretraining.train("vgg16", **TINY, seed=6, checkpoints=saved)
    assert history.equals(trained[1])
    pairs = zip(backbone.get_weights(), trained[0].get_weights(), strict=True)
    assert all((a == b).all() for a, b in pairs)


def test_training_gives_a_frozen_backbone_and_its_history(trained):
    backbone, history = trained
    assert list(history) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert list(history["epoch"]) == [1, 2]
    assert np.isfinite(history).all(axis=None)
    assert history.filter(like="accuracy").stack().between(0, 1).all()
    # A network that knows nothing has the loss log(classes).
    assert abs(history["loss"][0] - np.log(len(source_task.CLASSES))) < 1
    assert not backbone.trainable_weights
    assert backbone.count_params() == backbones.build("vgg16", (32, 32, 3), base=2).count_params()


def test_a_backbone_saved_and_loaded_gives_the_same_features(trained, tmp_path):
    path = tmp_path / "backbone.weights.h5"
    trained[0].save_weights(path)
    loaded = backbones.load("vgg16", (32, 32, 3), weights=path, base=2)
    found, expected = (
        backbones.extract(model, pictures(3), name="vgg16") for model in (loaded, trained[0])
    )
    assert (found == expected).all()


def test_an_unknown_network_is_refused_with_the_known_ones():
    with pytest.raises(LabError, match=r"^backbone: vgg17.*vgg16.*mobilenet_v2"):
        backbones.build("vgg17", (32, 32, 3))


@pytest.mark.parametrize(
    ("shape", "told"), [((31, 64, 3), "31 pixels.*32"), ((32, 32, 1), "3 channels, not 1")]
)
def test_an_image_that_does_not_fit_is_refused(shape, told):
    with pytest.raises(LabError, match=rf"^backbone: vgg16: .*{told}"):
        backbones.load("vgg16", shape, weights="imagenet")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LabError, match=r"^weights: .*nowhere\.weights\.h5: no such file"):
        backbones.load("vgg16", (32, 32, 3), weights=tmp_path / "nowhere.weights.h5")


@pytest.mark.filterwarnings("ignore::UserWarning")  # Keras names every layer that it misses
@pytest.mark.parametrize(
    "content", ["another width", "another depth", "normalised", "another network", "not HDF5"]
)
def test_a_file_of_another_network_is_named(tmp_path, content):
    path = tmp_path / "wrong.weights.h5"
    inputs = keras.Input((32, 32, 3))
    plan = {"initializer": "he_normal", "seeds": networks.Seeds(0)}
    if content == "not HDF5":
        path.write_text(content)
    else:
        outputs = {
            "another width": lambda: networks.convolutions(inputs, networks.VGG16, base=4, **plan),
            "another depth": lambda: networks.convolutions(
                inputs, networks.VGG16[:-1], base=2, **plan
            ),
            # Keras would take this one: it has every layer of VGG16, and others.
            "normalised": lambda: networks.convolutions(
                inputs, networks.VGG16, base=2, batch_norm=True, **plan
            ),
            "another network": lambda: keras.layers.Dense(2)(inputs),
        }[content]()
        keras.Model(inputs, outputs).save_weights(path)
    with pytest.raises(LabError, match=r"^weights: .*wrong\.weights\.h5: .* vgg16 with base 2 "):
        backbones.load("vgg16", (32, 32, 3), weights=path, base=2)


@pytest.mark.parametrize("name", ["vgg16", "mobilenet_v2"])
def test_a_failed_download_tells_the_way_out(monkeypatch, name):
    def refuse(*args, **kwargs):
        raise OSError("the network is unreachable\nand more")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", refuse)
    with pytest.raises(LabError) as caught:
        backbones.load(name, (224, 224, 3), weights="imagenet")
    message = str(caught.value)
    assert message.startswith(f"weights: imagenet: the published weights of {name} could not")
    assert "the network is unreachable)" in message
    assert "weights: procedural" in message


def real_skin(split, each):
    """Colour images of 224 pixels, `each` of nevi and as many of melanomata, and their labels."""
    files = [
        path
        for folder in ("nev", "mel")
        for path in sorted((DATA / "skin" / split / folder).glob("*.jpg"))[:each]
    ]
    images = [np.asarray(Image.open(path).convert("RGB").resize((224, 224))) for path in files]
    return np.stack(images), np.repeat([0, 1], each)


@pytest.mark.slow
@pytest.mark.skipif(not MOBILENET.is_file(), reason="needs ../shared/data with published weights")
def test_published_weights_tell_real_lesions_apart():
    backbone = backbones.load("mobilenet_v2", (224, 224, 3), weights=MOBILENET)
    known, labels = real_skin("train", 60)
    unseen, truth = real_skin("validation", 40)
    train, test = (
        backbones.extract(backbone, images, name="mobilenet_v2") for images in (known, unseen)
    )
    # Ridge regression in its dual form (Saunders et al. 1998), as features outnumber images.
    middle = train.mean(axis=0)
    train, test = train - middle, test - middle
    gram = train @ train.T
    ridge = np.trace(gram) / len(gram)
    score = test @ train.T @ np.linalg.solve(gram + ridge * np.eye(len(gram)), labels - 0.5)
    wins = stats.mannwhitneyu(score[truth == 1], score[truth == 0]).statistic
    assert wins / (truth == 1).sum() / (truth == 0).sum() > 0.75


def test_a_config_may_name_every_backbone_and_no_other():
    schema = yaml.safe_load((ROOT / "workflow/schemas/common.schema.yaml").read_text())
    named = schema["$defs"]["backbone"]["enum"]
    assert set(named) == set(backbones.APPLICATIONS)
