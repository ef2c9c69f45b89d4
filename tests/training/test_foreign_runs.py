"""Files of many shapes -> tables, against what was written; each mistake as one message."""

import json
import pickle
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from labproof.errors import LabError
from labproof.lab import validation
from labproof.run import records
from labproof.training.foreign_runs import fit_names, read_history, read_run
from project import ROOT


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_csv", ".csv").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def values(table):
    return {name: column.tolist() for name, column in table.items()}


def test_keras_csv_logger_counts_from_0_and_leaves_columns_empty(tmp_path):
    text = "epoch,acc,loss,val_acc,val_loss\n0,0.5,0.7,,\n1,0.75,0.6,,\n"
    write(tmp_path, log_csv=text)
    assert values(read_history(tmp_path / "log.csv")) == {
        "epoch": [1, 2],
        "accuracy": [0.5, 0.75],
        "loss": [0.7, 0.6],
    }


def test_lightning_splits_an_epoch_over_rows_and_tests_at_the_end(tmp_path):
    text = (
        "epoch,step,train_loss,val_loss,test_acc\n"
        "0,9,,0.9,\n0,9,0.8,,\n1,19,,0.7,\n1,19,0.6,,\n2,20,,,0.91\n"
    )
    found = read_run(write(tmp_path, metrics_csv=text), {"history": "metrics.csv"})
    assert values(found.history) == {
        "epoch": [1, 2],
        "train_loss": [0.8, 0.6],
        "val_loss": [0.9, 0.7],
    }
    assert found.scalars == {"test_acc": 0.91}


@pytest.mark.parametrize("shape", ["lists", "within", "rows"])
def test_json_of_keras(tmp_path, shape):
    lists = {"loss": [0.5, 0.25], "binary_accuracy": [0.5, 0.75]}
    data = {
        "lists": lists,
        "within": {"history": lists, "params": {"epochs": 2}},
        "rows": [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)],
    }[shape]
    path = write(tmp_path, h_json=json.dumps(data)) / "h.json"
    assert values(read_history(path)) == {
        "epoch": [1, 2],
        "loss": [0.5, 0.25],
        "accuracy": [0.5, 0.75],
    }


def test_a_table_of_pandas_with_its_index(tmp_path):
    table = pd.DataFrame({"train_acc": [55.0, 60.0], "when": ["mon", "tue"]})
    table.to_csv(tmp_path / "h.csv")
    reads = {"columns": {"train_acc": "accuracy"}, "percent": ["train_acc"]}
    assert values(read_history(tmp_path / "h.csv", reads)) == {
        "epoch": [1, 2],
        "accuracy": [0.55, 0.6],
    }


OUTPUT = """Using TensorFlow backend.
Epoch 1/2
\x1b[1m1/2\x1b[0m acc: 0.1\r\x1b[1m2/2\x1b[0m acc: 0.2
TRAIN LOSS :   0.01 (best 0.01)
TRAIN LOSS : 2e-3 (best 0.002)
Baseline: 23.81 (8.70) MSE
final MSE: -1.5
Test accuracy = 87.5 %
"""


def test_lines_of_the_output(tmp_path):
    write(tmp_path, out_csv=OUTPUT)
    reads = {
        "output": {
            "history": ["TRAIN LOSS : {loss}"],
            "scalars": ["Baseline: {mse} ({sd}) MSE", "key: value"],
        },
        "columns": {"final_MSE": "final"},
        "percent": ["Test_accuracy"],
    }
    found = read_run(tmp_path / "none", reads, output=tmp_path / "out.csv")
    assert values(found.history) == {"epoch": [1, 2], "loss": [0.01, 0.002]}
    assert found.scalars == {"mse": 23.81, "sd": 8.7, "final": -1.5, "Test_accuracy": 0.875}


def test_lines_that_tell_their_epoch(tmp_path):
    text = "[epoch 0] loss=0.5 acc=10\n[epoch 1] loss=nope\n[epoch 1] loss=0.4 acc=20\n"
    write(tmp_path, out_csv=text)
    reads = {
        "output": {"history": ["[epoch {epoch}] loss={loss} acc={acc}"]},
        "percent": ["acc"],
    }
    found = read_run(tmp_path, reads, output=tmp_path / "out.csv")
    assert values(found.history) == {"epoch": [1, 2], "loss": [0.5, 0.4], "accuracy": [0.1, 0.2]}


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """What the recorder itself leaves: eleven fits by number, the last shorter, and a named one."""
    monkeypatch.setenv("LABPROOF_OUT", str(tmp_path))
    records.run.__init__()
    for fold in range(1, 12):
        for epoch in range(1, 3 if fold < 11 else 2):
            records.log(epoch=epoch, loss=fold * epoch)
        records.log_predictions([0, 1], [[0.75, 0.25], [0.5, 0.5]], images=[fold, 100 + fold])
        records.log_scalar("test_acc", fold / 100)
    records.log(fit="a b", epoch=0, loss=7)
    records.run.write(ended=True)
    records.run.__init__()
    return tmp_path


def test_the_fits_of_the_recorder(recorded):
    assert fit_names(recorded) == [*map(str, range(1, 12)), "a b"]
    found = read_run(recorded, fits=["2"])
    assert values(found.history) == {"epoch": [1, 2], "loss": [2, 4]}
    assert found.scalars == {"test_acc": 0.02}
    assert values(found.predictions) == {
        "split": ["validation"] * 2,
        "image": [2, 102],
        "label": [0, 1],
        "probability": [0.25, 0.5],
    }
    assert found.facts["ended"] and found.facts["epochs"] == 2
    assert values(read_run(recorded, fits=["a b"]).history) == {"epoch": [1], "loss": [7]}
    with pytest.raises(LabError, match=r"recorded 12 fits \(1, 2, "):
        read_run(recorded)
    with pytest.raises(LabError, match="fit 12 is missing"):
        read_run(recorded, fits=["12"])


def test_each_fold_has_images_of_its_own(tmp_path):
    for fold in (1, 2):
        folder = tmp_path / f"fit-{fold}"
        folder.mkdir()
        (folder / "history.csv").write_text("epoch,loss\n1,0.5\n")
        rows = "".join(f"validation,{k},{k % 2},0.{fold}\n" for k in range(fold + 2))
        (folder / "predictions.csv").write_text("split,image,label,probability\n" + rows)
    found = read_run(tmp_path, fits=["1", "2"]).predictions
    assert found["image"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert found["label"].tolist() == [0, 1, 0, 0, 1, 0, 1]


def test_folds_are_averaged_and_one_that_stopped_keeps_its_last_value(recorded):
    found = read_run(recorded, fits=["1", "3", "11"])
    assert values(found.history) == {"epoch": [1, 2], "loss": [(1 + 3 + 11) / 3, (2 + 6 + 11) / 3]}
    assert found.scalars["test_acc"] == pytest.approx(0.05)
    assert sorted(found.predictions["image"]) == [1, 3, 11, 101, 103, 111]
    single = [read_run(recorded, fits=[name]).facts["seconds"] for name in ("1", "3", "11")]
    assert found.facts["seconds"] == pytest.approx(sum(single))


def test_the_first_epoch_of_a_loop_takes_as_long_as_the_others(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setenv("LABPROOF_OUT", str(tmp_path))
    monkeypatch.setattr(records, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    records.run.__init__()
    for wait, length, epochs in ((50, 2, 3), (7, 5, 4), (1, 4, 1)):  # imports and data, then a loop
        clock[0] += wait
        for epoch in range(epochs):
            clock[0] += length
            records.log(epoch=epoch, loss=1)
    clock[0] += 3
    records.log_predictions([0, 1], [0.25, 0.75])
    records.run.__init__()
    found = [read_run(tmp_path, fits=[name]).facts["seconds"] for name in ("1", "2", "3")]
    assert found == [3 * 2, 4 * 5, 1 + 4 + 3]


def stage(folder, name, history, answers, told, facts):
    return write(
        folder,
        **{
            f"fit-{name}__history_csv": history,
            f"fit-{name}__predictions_csv": f"split,image,label,probability\n{answers}",
            f"fit-{name}__scalars_json": json.dumps(told),
            f"fit-{name}__facts_json": json.dumps(facts),
        },
    )


# Keras counts from 1 again; on, from `initial_epoch`; or by the last epoch's number of TensorFlow's
# old tutorial, `history.epoch[-1]`, which is that of one more before.
@pytest.mark.parametrize("first", [1, 3, 2, 11])
def test_a_network_that_is_fitted_twice_is_one_training_in_a_row(tmp_path, first):
    told = {"evaluate_accuracy": 0.5, "frozen_accuracy": 0.5}
    history = "epoch,loss,acc\n1,0.9,0.5\n2,0.8,0.6\n"
    stage(tmp_path, "1", history, "validation,7,1,0.25\n", told, {"seconds": 2.5, "epochs": 2})
    rows = "".join(f"{first + k},{0.5 - k / 10},{0.7 + k / 10},0.001\n" for k in range(3))
    facts = {"seconds": 4, "epochs": 3, "parameters": 9}
    stage(
        tmp_path,
        "2",
        f"epoch,loss,acc,learning_rate\n{rows}",
        "validation,7,1,0.75\n",
        {"evaluate_accuracy": 0.9},
        facts,
    )
    found = read_run(tmp_path, {"percent": ["acc"]}, fits=["1", "2"], stages=True, epochs=5)
    assert values(found.history.drop(columns="learning_rate")) == {
        "epoch": [1, 2, 3, 4, 5],
        "loss": [0.9, 0.8, 0.5, 0.4, 0.3],
        "accuracy": pytest.approx([0.005, 0.006, 0.007, 0.008, 0.009]),
    }
    assert found.history["learning_rate"].isna().tolist() == [True, True, False, False, False]
    assert found.predictions["probability"].tolist() == [0.75]
    assert found.scalars == {"evaluate_accuracy": 0.9, "frozen_accuracy": 0.5}
    assert found.facts == {"seconds": 6.5, "epochs": 5, "parameters": 9}
    with pytest.raises(LabError, match="has 5 epochs instead of 6"):
        read_run(tmp_path, fits=["1", "2"], stages=True, epochs=6)


def test_a_stage_that_has_a_gap_is_told_and_so_is_one_that_is_not_there(tmp_path):
    stage(tmp_path, "1", "epoch,loss\n1,0.9\n2,0.8\n", "validation,7,1,0.25\n", {}, {})
    stage(tmp_path, "2", "epoch,loss\n3,0.9\n5,0.8\n", "validation,7,1,0.25\n", {}, {})
    with pytest.raises(LabError, match=r"fit-2/history.csv: epoch 2 is missing"):
        read_run(tmp_path, fits=["1", "2"], stages=True)
    with pytest.raises(LabError, match=r"fit 3 is missing; the run recorded 1, 2. Correct `fit`"):
        read_run(tmp_path, fits=["1", "3"], stages=True)


def test_of_two_fits_without_a_word_what_to_write_is_told_to_be_pasted(recorded, tmp_path):
    with pytest.raises(LabError) as raised:
        read_run(recorded)
    each = [*range(1, 12), "a b"]
    told = [yaml.safe_load(line) for line in str(raised.value).splitlines() if "   fit:" in line]
    assert told == [{"fit": "a b"}, {"fit": {"stages": each}}, {"fit": each}]
    schemas = validation.Schemas(ROOT / "workflow/schemas")
    cell = {"label": "tuned", **told[1]}
    task = {"title": "T", "did": "D.", "cells": {"tuned": cell}}
    lab = {"title": "L", "run": "python t.py {seed}", "tasks": {"one": task}}
    schemas.check(lab, "runs.schema.yaml", tmp_path)
    cell["fit"] = {"stages": [1]}
    with pytest.raises(LabError, match=r"cells.tuned.fit.stages"):
        schemas.check(lab, "runs.schema.yaml", tmp_path)


def test_predictions_of_many_classes(tmp_path):
    text = "img,target,p0,p1,p2\n5,2,0.1,0.2,0.7\n6,0,0.5,0.25,0.25\n"
    reads = {"predictions": "mine.csv", "columns": {"img": "image", "target": "label"}}
    found = read_run(write(tmp_path, mine_csv=text), reads).predictions
    assert values(found) == {
        "split": ["validation"] * 2,
        "image": [5, 6],
        "label": [2, 0],
        "p0": [0.1, 0.5],
        "p1": [0.2, 0.25],
        "p2": [0.7, 0.25],
    }


GOOD = "epoch,loss,val_accuracy\n1,0.5,0.5\n2,0.4,0.6\n"


@pytest.mark.parametrize(
    ("text", "reads", "options", "told"),
    [
        (GOOD.replace("\n2", "\n3"), {}, {}, "epoch 2 is missing"),
        (GOOD.replace("\n2", "\n1.5"), {}, {}, "something under epoch is no whole number"),
        (GOOD.replace("0.6", "60"), {}, {}, r"val_accuracy is 60, .*percent: \[val_accuracy\]"),
        (GOOD, {}, {"epochs": 3}, "has 2 epochs instead of 3"),
        (GOOD, {}, {"needs": ["val_loss"]}, "no column val_loss, .* it has loss, val_accuracy"),
        (GOOD, {"columns": {"loss": "val_accuracy"}}, {}, "has a column val_accuracy beside loss"),
        (GOOD + "3,0.3\n", {}, {}, "line 4: has 2 values, but 3 columns"),
        ("epoch,loss\n", {}, {}, "holds no epochs"),
        ("epoch,phase\n1,warmup\n", {}, {}, "holds no column of numbers"),
        (GOOD + "1,0.3,0.5\n", {}, {}, "its epochs begin anew, so more than one training"),
        ("", {}, {}, "holds no epochs"),
        (GOOD, {"history": "other.csv"}, {}, "the run wrote no other.csv"),
        (GOOD, {"history": "history.pkl"}, {}, "opening a pickle would run .* json.dump"),
        (GOOD, {"output": {"scalars": ["MSE {x}"]}}, {}, 'no line is "MSE {x}"'),
    ],
)
def test_a_mistake_is_told_with_its_place_and_mend(tmp_path, text, reads, options, told):
    write(tmp_path, history_csv=text)
    (tmp_path / "output").write_text("nothing")
    with pytest.raises(LabError, match=told) as raised:
        read_run(tmp_path, reads, output=tmp_path / "output", **options)
    assert re.search(r"history\.|other\.csv|output:", str(raised.value))
    assert len(str(raised.value)) < 450


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_what_is_no_number_costs_itself_alone_and_is_told(tmp_path, caplog, kind):
    columns = {
        "epoch": [1, 2],
        "loss": [0.5, "high"],
        "phase": ["warmup", "main"],
        "val_loss": [0.75, 0.5],
    }
    path = tmp_path / f"history.{kind}"
    pd.DataFrame(columns).to_csv(path, index=False)
    if kind == "json":
        path.write_text(json.dumps(columns))
    found = read_history(path)
    assert list(found) == ["epoch", "loss", "val_loss"]
    assert found["val_loss"].tolist() == [0.75, 0.5]
    assert found["loss"][0] == 0.5 and np.isnan(found["loss"][1])
    first, second = ("line 3", "line 2") if kind == "csv" else ("entry 2", "entry 1")
    assert f'{path}, {first}: "high" under loss is no number; it counts as missing' in caplog.text
    assert f'{path}, {second}: "warmup" under phase is no number; the column' in caplog.text


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("history.json", "[" * 100_000, "is no JSON"),
        ("history.json", '{"loss": [[1, 2], [3, 4]]}', "holds no epochs"),
        ("scalars.json", '{"mse": ' + "9" * 400 + "}", None),
        ("history.csv", None, "is a folder"),
    ],
    ids=["deep", "nested", "large", "folder"],
)
def test_an_odd_file_ends_in_one_message(tmp_path, name, text, told):
    if text is None:
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_text(text)
    if told is None:
        assert np.isnan(read_run(tmp_path).scalars["mse"])
        return
    with pytest.raises(LabError, match=told):
        read_run(tmp_path, {"history": name})


def test_two_histories_of_one_run_are_told(tmp_path):
    write(tmp_path, history_csv=GOOD, history_json='{"loss": [0.5]}')
    with pytest.raises(LabError, match=r"left history.csv and history.json, .*reads: {history: "):
        read_run(tmp_path)
    assert len(read_run(tmp_path, {"history": "history.json"}).history) == 1


def test_a_pickle_is_never_opened(tmp_path):
    path = tmp_path / "history.pkl"

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    path.write_bytes(pickle.dumps(Trap()))
    for reading in (
        lambda: read_history(path),
        lambda: read_run(tmp_path, {"scalars": path.name}),
        lambda: read_run(tmp_path, {"predictions": path.name}),
    ):
        with pytest.raises(LabError, match=r"json\.dump"):
            reading()
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("image,label\n1,0\n", "has the columns image, label. Predictions need label, and"),
        ("label,probability\n0,1.5\n", "a probability is not from 0 to 1"),
        ("label,p0,p1\n2,0.5,0.5\n", "a label is not one of the classes 0 to 1"),
        ("label,p0,p2\n0,0.5,0.5\n", "has the columns"),
        ("label,probability\n0,\n", "is no number"),
        ("label,prediction\ninf,1\n", "a label is infinite"),
        ("label,p0,p1,p2\n0,0.9,0.9,0.9\n", "p0 to p2 do not sum to 1. Write them after softmax"),
        ("image,label,probability\nx.png,0,0.5\n", 'under image is "x.png", no whole number'),
        ("image,label,probability\n1,0,0.5\n1,0,0.6\n", "image 1 stands in it twice"),
        ("split,label,probability\ntest,0,0.5\n", 'under split is "test". Write validation, or'),
    ],
)
def test_wrong_predictions_are_told(tmp_path, text, told):
    with pytest.raises(LabError, match=told):
        read_run(write(tmp_path, predictions_csv=text))


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", ""])
def test_what_is_no_finite_number_is_kept_as_missing_and_told(tmp_path, caplog, value):
    text = GOOD.replace("0.4", value) + "3,0.3,0.7\n"
    write(tmp_path, history_csv=text, scalars_json='{"mse": NaN, "mae": 2}')
    found = read_run(tmp_path)
    assert np.isnan(found.history["loss"][1]) and found.history["loss"][0] == 0.5
    assert found.history["val_accuracy"].tolist() == [0.5, 0.6, 0.7]
    assert np.isnan(found.scalars["mse"]) and found.scalars["mae"] == 2
    place = tmp_path / "history.csv"
    assert f"{place}: loss is missing, NaN or infinite at epoch 2; a sentence" in caplog.text
    assert "mse is NaN, infinite or empty; a sentence about it stays undecided" in caplog.text


def test_of_folds_one_that_has_diverged_is_not_filled_up(tmp_path):
    write(tmp_path, fit_1__history_csv="epoch,loss\n1,0.5\n2,nan\n3,nan\n")
    write(tmp_path, fit_2__history_csv="epoch,loss\n1,0.5\n")
    for fold in (1, 2):
        (tmp_path / f"fit_{fold}").rename(tmp_path / f"fit-{fold}")
    assert read_run(tmp_path, fits=["1", "2"]).history["loss"].isna().tolist() == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("classes", [1, 3])
def test_answers_of_a_network_that_has_diverged_are_kept_as_missing(recorded, caplog, classes):
    answer = np.nan if classes == 1 else [np.nan] * classes
    records.run.__init__()
    records.log(fit="x", loss=1)
    records.log_predictions([0, 1], [answer, answer], fit="x")
    found = read_run(recorded, fits=["x"]).predictions
    names = ["probability"] if classes == 1 else ["p0", "p1", "p2"]
    assert list(found)[3:] == names and found[names].isna().all(axis=None)
    assert "an answer is NaN or infinite" in caplog.text


def test_a_run_that_left_nothing_is_told(tmp_path):
    with pytest.raises(LabError, match=r"left nothing .*python -m labproof\.run"):
        read_run(tmp_path)
    write(tmp_path, scalars_json='{"mse": 4, "name": "x"}')
    assert read_run(tmp_path).scalars == {"mse": 4.0}


def test_events_of_tensorboard_need_its_package(tmp_path):
    pytest.importorskip("tensorboard", reason="an extra: Labproof's environment lacks it")
    import tensorflow as tf

    for folder, start in (("train", 0.5), ("validation", 0.75)):
        with tf.summary.create_file_writer(str(tmp_path / "logs" / folder)).as_default():
            for epoch in range(3):
                tf.summary.scalar("epoch_loss", start / (epoch + 1), step=epoch)
    found = read_run(tmp_path, {"history": "logs"}).history
    assert found["val_loss"].tolist() == pytest.approx([0.75, 0.375, 0.25])
    assert found["loss"].tolist() == pytest.approx([0.5, 0.25, 0.5 / 3])


def test_events_whose_steps_are_batches(tmp_path):
    """As Keras 2.15 writes those of evaluate, and Lightning 2.6 all: beside the epoch."""
    pytest.importorskip("tensorboard", reason="an extra: Labproof's environment lacks it")
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    def events(folder, told):
        writer = EventFileWriter(str(tmp_path / folder))
        for step, values in told:
            each = [summary_pb2.Summary.Value(tag=x, simple_value=y) for x, y in values.items()]
            summary = summary_pb2.Summary(value=each)
            writer.add_event(event_pb2.Event(step=step, summary=summary))
        writer.close()

    rows = [(5 * k + 4, {"epoch": k, "train_loss": 1 / (k + 1), "val_acc": k / 4}) for k in (0, 1)]
    events("lightning", [*rows, (10, {"epoch": 2, "test_acc": 0.5})])
    found = read_run(tmp_path, {"history": "lightning"})
    assert values(found.history) == {
        "epoch": [1, 2],
        "train_loss": [1, 0.5],
        "val_accuracy": [0, 0.25],
    }
    assert found.scalars == {"test_acc": 0.5} or found.scalars == {"test_accuracy": 0.5}


def test_without_tensorboard_its_events_are_told(tmp_path, monkeypatch):
    monkeypatch.setitem(
        __import__("sys").modules, "tensorboard.backend.event_processing.event_accumulator", None
    )
    (tmp_path / "logs").mkdir()
    with pytest.raises(LabError, match=r"pip install tensorboard.*CSVLogger"):
        read_run(tmp_path, {"history": "logs"})
