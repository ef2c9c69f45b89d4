"""A notebook through papermill, as docs/your-lab.md says: seeded, recorded, kept as executed.

LABPROOF_PAPERMILL names a Python that has papermill and ipykernel, where this one has not.
"""

import json
import os
import re
import subprocess
import sys

import pytest

from labproof.training import outcomes, runs
from project import ROOT

PYTHON = os.environ.get("LABPROOF_PAPERMILL", sys.executable)
CELLS = [
    ("from labproof.run import begin; begin(notebook=True)", []),
    ("dropout = 0\nepochs = 3", ["parameters"]),
    (
        "import random\nfrom labproof.run import log, log_scalar\nrandom.seed(0)\n"
        "for epoch in range(epochs):\n    log(epoch=epoch, loss=1 - dropout + random.random())\n"
        "log_scalar('dropout', dropout)\nprint('a line of the notebook')",
        [],
    ),
]


def notebook():
    cells = [
        {"cell_type": "code", "execution_count": None, "id": f"c{k}", "outputs": []}
        | {"metadata": {"tags": tags}, "source": text}
        for k, (text, tags) in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@pytest.fixture(scope="module", autouse=True)
def papermill():
    asked = subprocess.run([PYTHON, "-c", "import papermill, ipykernel"], capture_output=True)
    if asked.returncode:
        pytest.skip(f"{PYTHON} has no papermill and ipykernel")


@pytest.fixture
def documented():
    (command,) = re.findall(
        r"^run: (.*papermill.*)$", (ROOT / "docs/your-lab.md").read_text(), re.M
    )
    return command


def execute(folder, command, seed, source):
    lab = folder / "lab"
    lab.mkdir(exist_ok=True)
    (lab / "lab.ipynb").write_text(json.dumps(source))
    run = {"command": command, "files": ["lab.ipynb"], "python": PYTHON, "reads": {}}
    run |= {"fit": None, "stops_early": False}
    cell = {"run": run, "epochs": 3, "settings": {"dropout": 0.5}, "label": "x"}
    place = runs.Place(folder / f"scratch-{seed}", [])
    place.furnish(lab, run)
    runs.execute(place, cell, "half", seed, lab=lab)
    return place, outcomes.read(place.folder, cell, seed, place.output)


def test_a_notebook_is_seeded_recorded_and_kept_as_it_was_executed(tmp_path, documented):
    losses = {}
    for seed in (3, 4):
        place, found = execute(tmp_path, documented, seed, notebook())
        losses[seed] = found.history["loss"].tolist()
        assert len(losses[seed]) == 3 and min(losses[seed]) > 0.5
        assert found.scalars.to_dict("records") == [{"seed": seed, "name": "dropout", "value": 0.5}]
    assert losses[3] != losses[4]
    executed = json.loads((place.folder / "executed.ipynb").read_text())
    assert place.output.parent == place.folder  # beside its log
    assert "a line of the notebook" in json.dumps(executed["cells"][-1]["outputs"])
    assert "dropout = 0.5" in json.dumps([cell["source"] for cell in executed["cells"]])


def test_a_cell_that_fails_is_told_with_its_last_lines(tmp_path, documented):
    broken = notebook()
    broken["cells"][-1]["source"] = "raise ValueError('no such data')"
    with pytest.raises(outcomes.LabError, match="ValueError: no such data"):
        execute(tmp_path, documented, 3, broken)
