"""What a partial report lacks, and the cause that the logs tell."""

import pytest

from labproof import running
from labproof.lab import gaps
from labproof.paths import Results

BLOCKS = ["0-1", "2-2"]
ALONE = {"same_as": None, "continues": None}
LAB = {
    "blocks": dict.fromkeys(["1a-plain", "7-skin"], BLOCKS),
    "cells": {
        "1a-plain": {"dataset": "skin", "backbone": None, **ALONE},
        "7-skin": {"dataset": "skin-colour", "backbone": "vgg16", **ALONE},
    },
}


def make(results, *names):
    for name in names:
        file = results / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")


def log(results, name, text):
    file = results / f"logs/{name}.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


ALL = [f"blocks/{cell}/{block}/history.csv" for cell in LAB["cells"] for block in BLOCKS]


def test_nothing_is_missing_from_what_is_whole(tmp_path):
    make(tmp_path, *ALL)
    assert gaps.find(LAB, Results(tmp_path)) == []


TRACEBACK = """10:00:01  seed 0  epoch 1/2  loss 0.7
Traceback (most recent call last):
  File "train.py", line 1, in <module>
    train()
{}
"""


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            TRACEBACK.format("MemoryError: no room\n\nfor [2, 3]"),
            "train_block failed: MemoryError: no room for [2, 3]",
        ),
        (
            TRACEBACK.format("labproof.errors.LabError: data/x.png: is broken. Mend it."),
            "train_block failed: data/x.png: is broken. Mend it",
        ),
        (
            "10:00:01  seed 0  epoch 1/2\nSIGTERM: seed 0 is saved at epoch 1, from where …\n",
            "train_block was stopped by SIGTERM: seed 0 is saved at epoch 1, from where …",
        ),
        (
            "10:00:01  seed 0  epoch 1/2\nits time is nearly over: seed 0 is saved at epoch 1\n",
            "train_block was stopped, since its time is nearly over: seed 0 is saved at epoch 1",
        ),
        (
            "10:00:01  seed 0  epoch 1/2\n",
            "train_block ended without a word, as when it is killed or lacks memory after: "
            "10:00:01  seed 0  epoch 1/2",
        ),
        (
            TRACEBACK.format("OSError: caught by the code itself") + f"{running.DONE}\nbye\n",
            "train_block was done, and its files are gone since; running again makes them",
        ),
        ("", "train_block ended without a word, as when it is killed or lacks memory"),
    ],
    ids=["exception", "our own error", "stopped", "no time", "killed", "deleted", "empty log"],
)
def test_the_cause_is_read_from_the_log(tmp_path, text, cause):
    make(tmp_path, "datasets/skin/images.npy", *ALL[1:])
    log(tmp_path, "train_block/1a-plain/0-1", text)
    (gap,) = gaps.find(LAB, Results(tmp_path))
    assert gap == {
        "cell": "1a-plain",
        "seeds": [0, 1],
        "cause": cause,
        "log": "logs/train_block/1a-plain/0-1.log",
    }
    assert gaps.told(gap) == f"1a-plain lacks seeds 0 and 1: {cause}"


def test_the_cause_is_that_of_the_first_job_of_the_chain(tmp_path):
    make(tmp_path, "datasets/skin-colour/images.npy", *ALL[:3])
    log(tmp_path, "train_backbone/vgg16", TRACEBACK.format("OSError: gone"))
    (gap,) = gaps.find(LAB, Results(tmp_path))
    assert gap["seeds"] == [2]
    assert gap["cause"] == "train_backbone failed: OSError: gone"
    assert gap["log"] == "logs/train_backbone/vgg16.log"
    make(tmp_path, "backbones/vgg16/backbone.weights.h5", "features/vgg16/skin-colour/x.npy")
    assert gaps.find(LAB, Results(tmp_path))[0]["cause"] == "train_block was not begun"


def test_a_longer_training_lacks_what_the_shorter_one_lacked(tmp_path):
    longer = {**LAB["cells"]["1a-plain"], "continues": "1a-plain"}
    cells = {"1a-plain": LAB["cells"]["1a-plain"], "1a-longer": longer}
    make(tmp_path, "datasets/skin/images.npy")
    log(tmp_path, "train_block/1a-plain/0-1", TRACEBACK.format("OSError: gone"))
    lab = {"cells": cells, "blocks": {cell: ["0-1"] for cell in cells}}
    found = gaps.find(lab, Results(tmp_path))
    assert [gap["cause"] for gap in found] == ["train_block failed: OSError: gone"] * 2
    make(tmp_path, ALL[0])
    assert gaps.find(lab, Results(tmp_path))[0]["cause"] == ("train_block was not begun")


def test_a_cell_that_is_another_lacks_what_that_one_lacks(tmp_path):
    cells = {"1a-plain": LAB["cells"]["1a-plain"], "1a-same": {**ALONE, "same_as": "1a-plain"}}
    lab = {"cells": cells, "blocks": dict.fromkeys(cells, BLOCKS)}
    make(tmp_path, ALL[0], "datasets/skin/images.npy")
    found = gaps.find(lab, Results(tmp_path))
    assert [(gap["cell"], gap["seeds"]) for gap in found] == [("1a-plain", [2]), ("1a-same", [2])]
