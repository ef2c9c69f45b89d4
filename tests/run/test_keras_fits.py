"""What is recorded of a fit against what Keras itself gives back, in this process."""

import csv
import json

import keras
import numpy as np
import pytest

from labproof.run import keras_fits
from labproof.run.records import run

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype(int)


@pytest.fixture
def out(tmp_path, monkeypatch):
    """The recorder at work, and taken away again."""
    monkeypatch.setenv("LABPROOF_OUT", str(tmp_path))
    run.__init__()
    module = keras.src.models.model
    for name in ("fit", "evaluate"):
        monkeypatch.setattr(module.Model, name, getattr(module.Model, name))
    keras_fits._wrap(module, keras_fits.MODELS[module.__name__])
    yield tmp_path
    run.__init__()


def network(units=1, activation="sigmoid", loss="binary_crossentropy", metrics=("acc",)):
    model = keras.Sequential([keras.layers.Dense(units, activation=activation)])
    model.compile("sgd", loss, metrics=list(metrics))
    return model


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def columns(path, *names):
    return np.array([[float(row[name]) for name in names] for row in table(path)])


def facts(folder):
    return json.loads((folder / "facts.json").read_text())


def test_a_fit_is_recorded_as_keras_tells_it(out):
    model = network()
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    history = model.fit(X, Y, 16, 3, 0, [schedule], 0.2)
    names = list(history.history)
    assert set(names) == {"loss", "acc", "val_loss", "val_acc", "learning_rate"}
    assert np.array_equal(
        columns(out / "fit-1/history.csv", "epoch", *names),
        np.column_stack([[1, 2, 3], *(history.history[name] for name in names)]),
    )
    told = facts(out / "fit-1")
    assert (told["epochs"], told["parameters"]) == (3, 5)
    assert 0 < told["seconds"] < 60
    assert facts(out)["problems"] == []


def test_answers_to_a_share_split_off_are_those_to_its_last_images(out):
    model = network()
    model.fit(X, Y, epochs=1, verbose=0, validation_split=0.2)
    found = columns(out / "fit-1/predictions.csv", "label", "probability")
    assert found[:, 0].tolist() == Y[40:].tolist()
    assert found[:, 1] == pytest.approx(model.predict(X[40:], verbose=0)[:, 0], rel=1e-6)


def test_images_keep_their_number_in_any_order(out):
    order = RNG.permutation(20)
    network().fit(X, Y, epochs=1, verbose=0, validation_data=(X[:20], Y[:20]))
    network().fit(X, Y, epochs=1, verbose=0, validation_data=(X[:20][order], Y[:20][order]))
    first, second = (
        columns(out / f"fit-{k}/predictions.csv", "image", "label").astype(int) for k in (1, 2)
    )
    assert len(set(first[:, 0])) == 20
    assert np.array_equal(first[order], second)
    twice = np.concatenate([X[:2], X[:2]])
    network().fit(X, Y, epochs=1, verbose=0, validation_data=(twice, np.array([0, 1, 0, 1])))
    assert len({row["image"] for row in table(out / "fit-3/predictions.csv")}) == 4


def test_logits_of_classes_become_probabilities(out):
    labels = RNG.integers(0, 3, 50)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = network(3, None, loss)
    model.fit(X, labels, epochs=1, verbose=0, validation_data=(X, labels))
    found = columns(out / "fit-1/predictions.csv", "p0", "p1", "p2")
    powers = np.exp(model.predict(X, verbose=0))
    assert found == pytest.approx(powers / powers.sum(axis=1, keepdims=True), rel=1e-5)
    one_hot = np.eye(3)[labels]
    model = network(3, "softmax", "categorical_crossentropy")
    model.fit(X, one_hot, epochs=1, verbose=0, validation_data=(X, one_hot))
    assert columns(out / "fit-2/predictions.csv", "label")[:, 0].tolist() == labels.tolist()


def test_a_regression_answers_with_numbers(out):
    target = X.sum(axis=1)
    model = network(1, None, "mse", ())
    model.fit(X, target, epochs=1, verbose=0, validation_data=(X, target))
    found = columns(out / "fit-1/predictions.csv", "label", "prediction")
    assert found[:, 0] == pytest.approx(target, rel=1e-6)
    assert found[:, 1] == pytest.approx(model.predict(X, verbose=0)[:, 0], rel=1e-6)


class Pieces(keras.utils.PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, number):
        return X[number * 10 : number * 10 + 10], Y[number * 10 : number * 10 + 10]


def test_data_sets_and_sequences_are_seen_too(out):
    import tensorflow as tf

    shuffled = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(50, seed=0).batch(8)
    for data in (shuffled, Pieces()):
        model = network()
        model.fit(X, Y, epochs=1, verbose=0, validation_data=data)
        answers = dict(zip(keras_fits._images(X), model.predict(X, verbose=0)[:, 0], strict=True))
        found = columns(run.fits[-1].folder / "predictions.csv", "image", "probability")
        assert found[:, 1] == pytest.approx([answers[int(image)] for image in found[:, 0]])
        assert len(found) == 50


def test_why_there_are_no_answers_is_a_fact(out):
    network().fit(X, Y, epochs=1, verbose=0)
    assert facts(out / "fit-1")["predictions"] == "there are no validation data"

    def forever():
        while True:
            yield X[:5], Y[:5]

    network().fit(X, Y, epochs=1, verbose=0, validation_data=forever(), validation_steps=2)
    assert "generator" in facts(out / "fit-2")["predictions"]
    assert len(table(out / "fit-2/history.csv")) == 1
    assert facts(out)["problems"] == []


def test_evaluate_afterwards_is_a_scalar_and_within_a_fit_is_none(out):
    model = network()
    model.fit(X, Y, epochs=1, verbose=0, validation_split=0.2)
    loss, accuracy = model.evaluate(X[:9], Y[:9], verbose=0)
    again = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert json.loads((out / "fit-1/scalars.json").read_text()) == {
        "evaluate_loss": loss,
        "evaluate_acc": accuracy,
        "evaluate2_loss": again["loss"],
        "evaluate2_acc": again["acc"],
    }


def test_the_second_fit_has_the_columns_of_the_first(out):
    for _ in range(2):
        model = network(metrics=[keras.metrics.AUC()])
        history = model.fit(X, Y, epochs=2, verbose=0, validation_split=0.2)
    assert "auc" not in history.history  # Keras counts on: auc_1
    first, second = (table(out / f"fit-{k}/history.csv")[0] for k in (1, 2))
    assert list(first) == list(second)
    assert {"auc", "val_auc"} <= set(second)


def test_a_checkpoint_is_never_ahead_of_the_history(out):
    seen = []
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(len(table(out / "fit-1/history.csv")))
    )
    network().fit(X, Y, epochs=3, verbose=0, callbacks=look)
    assert seen == [1, 2, 3]


def test_a_fit_that_goes_on_keeps_its_first_epochs(out):
    model = network()
    model.fit(X, Y, epochs=2, verbose=0)
    first = (out / "fit-1/history.csv").read_text().splitlines()
    run.__init__()  # as a second process
    model.fit(X, Y, epochs=4, initial_epoch=2, verbose=0)
    second = (out / "fit-1/history.csv").read_text().splitlines()
    assert second[:3] == first and len(second) == 5
    assert facts(out / "fit-1")["resumed"] is True


def test_a_callback_may_log_to_the_epoch(out):
    from labproof.run import log

    extra = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: log(f1=epoch / 10))
    network().fit(X, Y, epochs=2, verbose=0, callbacks=[extra])
    assert columns(out / "fit-1/history.csv", "f1")[:, 0].tolist() == [0, 0.1]
    assert len(run.fits) == 1


def test_what_a_fit_raises_comes_through_and_its_epochs_stay(out):
    def stop(epoch, logs):
        if epoch == 1:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        network().fit(
            X, Y, epochs=3, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=stop)]
        )
    assert len(table(out / "fit-1/history.csv")) == 2
    assert run.running == 0


def test_the_recorder_broken_trains_all_the_same(out, monkeypatch, capsys):
    def broken(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(run, "fit", broken)
    history = network().fit(X, Y, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert "RuntimeError: broken (the training goes on)" in capsys.readouterr().err
