"""Code of the user's that is killed in the middle and started again, as a job of a report does it.

LABPROOF_TORCH names a Python that has PyTorch, where this one has not.
"""

import os
import random
import subprocess
import sys

import pytest

from labproof.errors import LabError
from labproof.lab import commands
from labproof.training import outcomes, runs

EPOCHS, BATCHES = 8, 4
# Dies at once, as of a lost node, before the batch that is named, unless it has died before.
DIES = """
import os, signal
at = os.environ["DIES_AT"]
def alive(epoch, batch):
    if f"{epoch} {batch}" == at:
        os.kill(os.getpid(), signal.SIGKILL)
"""
DATA = """
import numpy as np
rng = np.random.RandomState(2)
x = rng.normal(size=(80, 5)).astype("float32")
y = (x[:, 0] > 0).astype("float32")
"""
KERAS = f"""
import keras
{DIES}{DATA}
class Die(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
    def on_train_batch_begin(self, batch, logs=None):
        alive(self.epoch, batch)
layers = [keras.Input((5,)), keras.layers.Dense(3), keras.layers.Dense(1, "sigmoid")]
model = keras.Sequential(layers)
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
backup = keras.callbacks.BackupAndRestore(os.environ["LABPROOF_CHECKPOINTS"])
model.fit(x[:40], y[:40], batch_size=10, epochs={EPOCHS}, shuffle=False, verbose=0,
          validation_data=(x[40:], y[40:]), callbacks=[backup, Die()])
"""
TORCH = f"""
import torch
from labproof.run import log
{DIES}{DATA}
x, y = torch.tensor(x), torch.tensor(y)
model = torch.nn.Sequential(torch.nn.Linear(5, 3), torch.nn.Linear(3, 1), torch.nn.Flatten(0))
optimizer = torch.optim.Adam(model.parameters())
criterion = torch.nn.BCEWithLogitsLoss()
saved = os.path.join(os.environ["LABPROOF_CHECKPOINTS"], "last.pt")
first = 0
if os.path.exists(saved):
    state = torch.load(saved)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    first = state["epoch"] + 1
for epoch in range(first, {EPOCHS}):
    total = 0.0
    for batch in range({BATCHES}):
        alive(epoch, batch)
        rows = slice(10 * batch, 10 * batch + 10)
        optimizer.zero_grad()
        loss = criterion(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        total += loss.item() / {BATCHES}
    val_loss = criterion(model(x[40:]), y[40:]).item()
    log(epoch=epoch, loss=total, val_loss=val_loss)
    torch.save({{"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}},
               saved + ".new")
    os.replace(saved + ".new", saved)
"""
PYTHON = {"keras": sys.executable, "torch": os.environ.get("LABPROOF_TORCH", sys.executable)}


@pytest.mark.slow
@pytest.mark.parametrize(("package", "code"), [("keras", KERAS), ("torch", TORCH)])
def test_a_script_killed_at_random_goes_on_to_the_same_history(
    package, code, tmp_path, monkeypatch
):
    python = PYTHON[package]
    if subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode:
        pytest.skip(f"{python} has no {package}; LABPROOF_TORCH names another")
    (tmp_path / "train.py").write_text(code)
    described = {key: x for key, x in commands.RUN.items() if key != "run"}
    command = {"command": "python -m labproof.run train.py", "python": python}
    cell = {"epochs": EPOCHS, "settings": {}, "run": {**described, **command}}

    def run(folder, dies=""):
        monkeypatch.setenv("DIES_AT", dies)
        place = runs.Place(tmp_path / folder, "key")
        place.furnish(tmp_path, cell["run"])
        runs.execute(place, cell, "plain", 3, lab=tmp_path)
        return outcomes.read(place.folder, cell, 3, place.output)

    chance = random.Random(package)
    when = f"{chance.randrange(2, EPOCHS)} {chance.randrange(BATCHES)}"
    with pytest.raises(LabError, match="plain, seed 3: the command was ended by SIGKILL"):
        run("killed", when)
    assert (tmp_path / "killed/run/fit-1/history.csv").is_file()
    found, whole = run("killed"), run("whole")
    assert found.facts["problems"] == []
    assert '"resumed": true' in (tmp_path / "killed/run/fit-1/facts.json").read_text()
    assert "resumed" not in (tmp_path / "whole/run/fit-1/facts.json").read_text()
    assert len(found.history) == EPOCHS
    assert found.history.to_numpy() == pytest.approx(whole.history.to_numpy(), rel=1e-5)
