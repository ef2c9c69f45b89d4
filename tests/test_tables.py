"""Tables are read whole or not at all: whatever is cut off by hand is told, with the mend."""

import pandas as pd
import pytest

from labproof import tables
from labproof.errors import LabError

SEEDS, EPOCHS, IMAGES = (3, 7), 4, range(10, 16)


def history():
    rows = [
        {"seed": seed, "epoch": epoch, "loss": 0.5 / epoch, "val_accuracy": 0.5}
        for seed in SEEDS
        for epoch in range(1, EPOCHS + 1)
    ]
    return pd.DataFrame(rows)


def predictions():
    rows = [
        {"seed": s, "image": i, "label": i % 2, "probability": 0.25} for s in SEEDS for i in IMAGES
    ]
    return pd.DataFrame(rows)


def written(tmp_path, table, kind="histories"):
    file = tmp_path / kind / "1a-plain.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(file, index=False)
    return file


def test_a_whole_table_is_read_as_it_was_written(tmp_path):
    table = history()
    table.loc[2, "loss"] = float("nan")  # a training that diverged
    file = written(tmp_path, table)
    found = tables.read(file, seeds=SEEDS, epochs=EPOCHS)
    pd.testing.assert_frame_equal(found, table)
    file = written(tmp_path, predictions(), "predictions")
    pd.testing.assert_frame_equal(tables.read(file, seeds=SEEDS, images=IMAGES), predictions())
    assert tables.read(tmp_path / "none.csv") is None
    assert tables.read(written(tmp_path, history()[:0])) is None


@pytest.mark.parametrize("kind", ["histories", "predictions"])
def test_cut_off_anywhere_it_is_told(tmp_path, kind):
    file = written(tmp_path, history() if kind == "histories" else predictions(), kind)
    whole = file.read_bytes()
    header = whole.index(b"\n") + 1
    asked = {"epochs": EPOCHS} if kind == "histories" else {"images": IMAGES}
    for size in range(header + 1, len(whole)):
        file.write_bytes(whole[:size])
        with pytest.raises(LabError, match="is not whole") as told:
            tables.read(file, seeds=SEEDS, **asked)
        assert str(told.value).startswith(f"{file}: is not whole (")
        blocks = tmp_path / "blocks/1a-plain"
        assert f"Should it be no better then, delete {blocks} too" in str(told.value)


@pytest.mark.parametrize(
    ("harm", "cause"),
    [
        (lambda text: text.replace("0.25", "0,25", 1), "line 3 has 5 values instead of 4"),
        (lambda text: text.replace(",0.125", "", 1), "line 5 has 3 values instead of 4"),
        (lambda text: text.replace("0.125", "0.1x5", 1), "in the column loss is no number"),
        (lambda text: text.replace("3,2,0.25,0.5\n", "", 1), "each of the epochs 1 to 3"),
        (lambda text: text.replace("3,2,", "3,3,", 1), "seed 3 does not have each of the epochs"),
        (lambda text: text.replace("0.5", "\0", 1), "no number"),
    ],
)
def test_changed_by_hand_it_is_told_without_knowing_what_is_asked_for(tmp_path, harm, cause):
    file = written(tmp_path, history())
    text = file.read_text()
    assert harm(text) != text
    file.write_text(harm(text))
    with pytest.raises(LabError, match=cause):
        tables.read(file)


def test_bytes_that_are_no_text_are_told(tmp_path):
    file = written(tmp_path, history())
    file.write_bytes(file.read_bytes() + b"\xff\xfe\n")
    with pytest.raises(LabError, match="is not whole"):
        tables.read(file)


@pytest.mark.parametrize("kind", ["heatmaps/8/scores.csv", "interventions/8.csv"])
def test_the_mend_is_what_the_workflow_makes_again(tmp_path, kind):
    file = tmp_path / kind
    file.parent.mkdir(parents=True)
    file.write_text("seed,image\n3")
    mend = "Delete it" if "interventions" in kind else f"Delete the folder {file.parent}"
    with pytest.raises(LabError, match=f"{mend} and run again"):
        tables.read(file)
