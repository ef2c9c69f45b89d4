"""Training: the same seed gives the same run, bit for bit; what can be learnt is learnt."""

import json
import subprocess
import sys
from functools import cache

import keras
import numpy as np
import pandas as pd
import pytest

from labproof.data import augmentation, store
from labproof.errors import LabError
from labproof.lab import trainings
from labproof.training import networks, objective, trainer
from project import ROOT

AUGMENT = {"rotation": 10, "shift": 0.1, "flip": True}
BASE = {
    "network": "alexnet",
    "base": 4,
    "dense": [8, 8],
    "outputs": 1,
    "dropout": 0.4,
    "batch_norm": False,
    "spatial_dropout": 0.0,
    "augmentation": None,
    "learning_rate": 1e-3,
    "epochs": 2,
    "batch_size": 8,
    "initializer": "he_normal",
}
KINDS = {
    "plain": {**BASE, "dropout": 0.0},
    "dropout": BASE,
    "batch norm": {**BASE, "batch_norm": True},
    "spatial dropout": {**BASE, "spatial_dropout": 0.1},
    "augmented": {**BASE, "augmentation": AUGMENT},
    "vgg16, softmax": {**BASE, "network": "vgg16", "outputs": 2, "augmentation": AUGMENT},
    "transfer": {**BASE, "network": "mlp", "dropout": 0.5, "dense": [16]},
}
# The same with all that an AlexNet of the lab can have in one: a training is traced anew each time,
# and that is what these tests take their time for.
KINDS_IN_ONE = {
    "all in one": {**BASE, "batch_norm": True, "spatial_dropout": 0.1, "augmentation": AUGMENT},
    "vgg16, softmax": KINDS["vgg16, softmax"],
    "transfer": KINDS["transfer"],
}
# the largest takes half of their time
EACH = [
    pytest.param(kind, marks=pytest.mark.slow if kind.startswith("vgg16") else ())
    for kind in KINDS_IN_ONE
]
SEEDS = [0, 5]


def dataset(cell, train=20, validation=9, signal=60, final=0):
    """Noise whose brightness tells the class; 20 is no multiple of the batch."""
    rng = np.random.default_rng(0)
    count = train + validation + final
    label = np.arange(count) % 2
    shape = (count, 24) if cell["network"] == "mlp" else (count, 32, 32, 1)
    level = label.reshape(-1, *[1] * (len(shape) - 1)) * signal
    inputs = rng.integers(0, 190, shape) + level
    inputs = inputs.astype("float32" if cell["network"] == "mlp" else "uint8")
    split = ["train"] * train + ["validation"] * validation + ["final"] * final
    records = pd.DataFrame({"image": np.arange(count), "split": split, "label": label})
    return store.Dataset(inputs, records)


@cache
def trained_once(kind: str) -> trainer.Trained:
    """One training of a kind for all tests that only look at it."""
    cell = KINDS_IN_ONE[kind]
    return trainer.train(cell, dataset(cell), SEEDS)


def fingerprint(kind: str) -> dict:
    trained = trained_once(kind)
    return {
        "history": trained.histories.to_csv(index=False),
        "predictions": trained.predictions.to_csv(index=False),
        "weights": [
            float(np.sum(np.abs(w.numpy().astype("float64"))))
            for model in trained.models.values()
            for w in model.weights
        ],
    }


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The same trainings in a second process, in another order."""
    program = (
        "import json, sys; sys.path[:0] = ['scripts', 'tests', 'tests/training'];"
        "import test_trainer as t;"
        "found = {k: t.fingerprint(k) for k in reversed(t.KINDS_IN_ONE)};"
        "open(sys.argv[1], 'w').write(json.dumps(found))"
    )
    file = tmp_path_factory.mktemp("elsewhere") / "found.json"
    subprocess.run([sys.executable, "-c", program, str(file)], cwd=ROOT, check=True)
    return json.loads(file.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS_IN_ONE)
def test_two_processes_give_the_same_bits(elsewhere, kind):
    here = fingerprint(kind)
    assert here == elsewhere[kind]
    rows = [row.split(",")[1:] for row in here["history"].splitlines()[1:]]
    assert rows[:2] != rows[2:], "two seeds must not be one and the same"


@pytest.mark.parametrize("kind", ["all in one", "transfer"])
def test_a_seed_does_not_depend_on_its_block(kind):
    cell, block = KINDS_IN_ONE[kind], trained_once(kind)
    alone = trainer.train(cell, dataset(cell), [5])
    together = block.histories[block.histories.seed == 5].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        together, alone.histories.reset_index(drop=True), check_exact=True
    )
    for one, other in zip(block.models[5].weights, alone.models[5].weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("kind", "stops"), [("batch norm", (2, 5)), ("transfer", (2, 4, 5))])
def test_a_training_goes_on_from_a_shorter_one_to_the_same_bits(tmp_path, kind, stops):
    cell = {**KINDS[kind], "epochs": 5}
    whole = trainer.train(cell, dataset(cell), [2, 3])
    ends = [None, *(tmp_path / str(epochs) for epochs in stops)]
    for epochs, begun, left in zip(stops, ends, ends[1:], strict=False):
        left.mkdir()
        cell = {**cell, "epochs": epochs}
        part = trainer.train(cell, dataset(cell), [2, 3], begun=begun, left=left)
    # one that is no longer than where it goes on from
    same = trainer.train(cell, dataset(cell), [2, 3], begun=ends[-1])
    for found in (part, same):
        assert found.before > 0
        pd.testing.assert_frame_equal(found.histories, whole.histories, check_exact=True)
        pd.testing.assert_frame_equal(found.predictions, whole.predictions, check_exact=True)
        for seed, model in whole.models.items():
            for one, other in zip(model.weights, found.models[seed].weights, strict=True):
                np.testing.assert_array_equal(one, other)


def test_what_comes_back():
    trained = trained_once("all in one")
    history, predictions = trained.histories, trained.predictions
    assert list(history) == ["seed", "epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert history[["seed", "epoch"]].to_numpy().tolist() == [[0, 1], [0, 2], [5, 1], [5, 2]]
    assert list(predictions) == ["seed", "split", "image", "label", "probability"]
    assert predictions["image"].tolist() == list(range(20, 29)) * 2
    assert predictions["probability"].between(0, 1).all()
    assert list(trained.models) == [0, 5]


def test_last_history_row_agrees_with_the_predictions():
    """Validation loss and accuracy, worked out again from what the network predicts."""
    for cell in (KINDS["batch norm"], {**KINDS["vgg16, softmax"], "augmentation": None}):
        trained = trainer.train(cell, dataset(cell, 24, 70), [0])
        last, p = trained.histories.iloc[-1], trained.predictions
        right = (p.probability > 0.5) == (p.label == 1)
        loss = -np.log(np.where(p.label == 1, p.probability, 1 - p.probability))
        assert last.val_accuracy == pytest.approx(right.mean(), abs=1e-6)
        assert last.val_loss == pytest.approx(loss.mean(), rel=1e-4)


def test_models_that_come_back_make_the_predictions():
    trained = trained_once("all in one")
    images = store.scaled(dataset(BASE).split("validation")[0])
    for seed, model in trained.models.items():
        mine = trained.predictions[trained.predictions.seed == seed].probability
        np.testing.assert_allclose(model.predict(images, verbose=0)[:, 0], mine, rtol=1e-5)


@pytest.mark.parametrize("kind", EACH)
def test_final_images_are_answered_by_the_network_that_comes_back(kind):
    """More than go through it at once, and nothing else of the training hangs on them."""
    cell = KINDS_IN_ONE[kind]
    data = dataset(cell, final=70)
    trained = trainer.train(cell, data, SEEDS)
    final = trained.predictions[trained.predictions["split"] == "final"]
    assert final["image"].tolist() == list(range(29, 99)) * 2
    images, labels = data.split("final")
    assert final["label"].tolist() == labels.tolist() * 2
    for seed, model in trained.models.items():
        mine = final[final["seed"] == seed]["probability"]
        told = model.predict(store.scaled(images), verbose=0)[:, -1]
        np.testing.assert_allclose(told, mine, rtol=1e-4, atol=1e-6)
    pd.testing.assert_frame_equal(trained.histories, trained_once(kind).histories)


@pytest.mark.parametrize("kind", EACH)
def test_training_is_plain_fit(kind):
    """Dropout apart, Keras' own `fit` on the same batches, from the same weights, agrees."""
    cell = {**KINDS_IN_ONE[kind], "dropout": 0.0, "spatial_dropout": 0.0}
    data = dataset(cell)
    x, y = data.split("train")
    stream = trainings.stream(cell, 2)
    inputs, labels = [], []
    for epoch in (1, 2):
        order = trainer.order(20, seed=stream, epoch=epoch)
        images = x[order].astype("float32")
        if cell["augmentation"]:
            drawn = augmentation.draw(cell["augmentation"], 20, seed=stream, epoch=epoch)
            images = np.asarray(augmentation.changes(cell["augmentation"])(images, drawn))
        inputs.append(images / (1 if x.ndim == 2 else 255))
        labels.append(objective.targets(y[order], cell))
    model = networks.build(cell, x.shape[1:], seed=stream)
    loss = "binary_crossentropy" if cell["outputs"] == 1 else "categorical_crossentropy"
    model.compile(keras.optimizers.Adam(cell["learning_rate"]), loss, metrics=["accuracy"])
    val_x, val_y = data.split("validation")
    expected = []
    for images, targets in zip(inputs, labels, strict=True):
        told = model.fit(
            images,
            targets,
            batch_size=8,
            shuffle=False,
            verbose=0,
            validation_data=(store.scaled(val_x), objective.targets(val_y, cell)),
        )
        expected.append([told.history[name][0] for name in trainer.COLUMNS])
    found = trainer.train(cell, data, [2]).histories[trainer.COLUMNS]
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-4)


def test_tensorflows_own_kernel_is_keras_adam():
    from labproof.training import engine_tensorflow

    rng = np.random.default_rng(0)
    start, slopes = rng.normal(size=(7, 3)), rng.normal(size=(20, 7, 3))
    ended = []
    for kind in (engine_tensorflow.Adam, keras.optimizers.Adam):
        variable = keras.Variable(start, dtype="float32")
        optimizer = kind(1e-2)
        optimizer.build([variable])
        for slope in slopes:
            optimizer.apply([keras.ops.convert_to_tensor(slope, "float32")], [variable])
        ended.append([np.array(value) for value in (variable, *optimizer.variables)])
    for one, other in zip(*ended, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)


def test_every_epoch_is_all_examples_in_a_new_order_that_follows_from_the_seed():
    found = [trainer.order(10, seed=seed, epoch=epoch) for seed in (0, 1) for epoch in (1, 2)]
    assert len({tuple(order) for order in found}) == 4
    assert {tuple(sorted(order)) for order in found} == {tuple(range(10))}
    np.testing.assert_array_equal(found[3], trainer.order(10, seed=1, epoch=2))


def test_an_engine_that_the_backend_does_not_have_says_so():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("asks for JAX's engine on TensorFlow")
    with pytest.raises(LabError, match=r"engine: block: .* KERAS_BACKEND"):
        trainer.train(BASE, dataset(BASE), [0, 1], engine="block")


def test_a_block_too_large_for_the_memory_is_trained_in_halves(monkeypatch):
    """An engine that holds two networks: five seeds go in groups of at most two, none is lost."""
    tried = []

    class Small:
        def __init__(self, *_):
            pass

        def start(self, seeds):
            tried.append(seeds)
            self.seeds = seeds
            if len(seeds) > 2:
                raise MemoryError("RESOURCE_EXHAUSTED")

        def epoch(self, order, drawn):
            return np.array([[seed, 0.5] for seed in self.seeds])

        def validate(self):
            return np.array([[seed, 0.5] for seed in self.seeds]), np.zeros((len(self.seeds), 9, 1))

        def models(self):
            return [f"network {seed}" for seed in self.seeds]

        @staticmethod
        def out_of_memory(error):
            return isinstance(error, MemoryError)

    monkeypatch.setattr(trainer, "_engine", lambda wanted: (Small, True))
    monkeypatch.setattr(trainings, "stream", lambda cell, seed: seed)
    trained = trainer.train(BASE, dataset(BASE), [3, 4, 5, 6, 7])
    assert tried == [[3, 4, 5, 6, 7], [3, 4], [5, 6, 7], [5], [6, 7]]
    assert trained.models == {seed: f"network {seed}" for seed in range(3, 8)}
    assert trained.histories.loss.tolist() == [3, 3, 4, 4, 5, 5, 6, 6, 7, 7]
    assert trained.predictions.seed.unique().tolist() == [3, 4, 5, 6, 7]


def test_an_easy_difference_is_learnt():
    cell = {**KINDS["plain"], "epochs": 12}
    trained = trainer.train(cell, dataset(cell, 80, 40), [0])
    assert trained.histories.iloc[-1].val_accuracy > 0.95


def test_progress_says_where_it_is_and_how_long_it_takes(caplog):
    with caplog.at_level("INFO"):
        trainer.train(KINDS["plain"], dataset(KINDS["plain"]), [7])
    said = [record.getMessage() for record in caplog.records if "epoch" in record.getMessage()]
    assert len(said) == 2
    assert "seed 7  epoch 2/2  loss 0." in said[1]
    assert said[1].endswith("00:00:00 left")
