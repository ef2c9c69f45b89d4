"""Checkpoints: whole or not at all, of this very cell or none, one process at a time."""

import json
import os
import subprocess
import sys
import time
import zlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_trainer import KINDS, dataset

from labproof.data import store
from labproof.errors import LabError
from labproof.training import checkpoints, trainer
from labproof.training.checkpoints import Checkpoints, State
from project import ROOT

ROWS = ({"epoch": 1, "loss": 0.1 + 0.2}, {"epoch": 2, "loss": float("nan")})


def state(epoch=2, value=1.5):
    variables = [np.full((2, 3), value, "float32"), np.array([7, 9], "uint32"), np.array(4)]
    return State(epoch, ROWS, 12.25, variables)


def test_what_was_kept_comes_back_bit_for_bit(tmp_path):
    with Checkpoints(tmp_path / "a/b", "key") as saved:
        saved.keep("seed 3", state())
    with Checkpoints(tmp_path / "a/b", "key") as saved:
        back = saved.load("seed 3")
        assert saved.load("seed 4") is None
    assert (back.epoch, back.seconds) == (2, 12.25)
    assert [row["epoch"] for row in back.rows] == [1, 2]
    assert back.rows[0]["loss"] == 0.1 + 0.2
    assert np.isnan(back.rows[1]["loss"])
    for one, other in zip(back.variables, state().variables, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_a_changed_cell_never_goes_on_from_an_old_one(tmp_path, caplog):
    with Checkpoints(tmp_path, "key") as saved:
        saved.keep("seed 3", state())
    with caplog.at_level("INFO"), Checkpoints(tmp_path, "another") as saved:
        assert saved.load("seed 3") is None
    assert "of another cell, code or data set: seed 3 starts anew" in caplog.text


@pytest.mark.parametrize(
    "harm", ["cut off", "a flipped bit", "empty", "no checkpoint", "another digit in its head"]
)
def test_a_harmed_file_is_passed_over(tmp_path, harm, caplog):
    with Checkpoints(tmp_path, "key") as saved:
        saved.keep("seed 3", state(value=np.float32(np.pi)))
        saved.save()
        file = tmp_path / "seed-3.checkpoint"
        content = bytearray(file.read_bytes())
        if harm == "a flipped bit":
            content[content.index(np.float32(np.pi).tobytes())] ^= 1
        if harm == "another digit in its head":
            content = content.replace(b'"loss": 0.3', b'"loss": 0.4')
            assert content != file.read_bytes()
        file.write_bytes(
            {"cut off": content[:-100], "empty": b"", "no checkpoint": b"x" * 9}.get(harm, content)
        )
        assert saved.load("seed 3") is None
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("change", ["more", "less", "a list"])
def test_a_whole_file_of_a_later_version_is_passed_over(tmp_path, change, caplog):
    checkpoints.write(tmp_path, "seed 3", state())
    file = tmp_path / "seed-3.checkpoint"
    _, head, values = file.read_bytes().split(b"\n", 2)
    told = json.loads(head)
    told |= {"schedule": [1]} if change == "more" else {}
    if change == "less":
        del told["rows"]
    content = json.dumps([told] if change == "a list" else told).encode() + b"\n" + values
    file.write_bytes(b"%08x\n" % zlib.crc32(content) + content)
    assert checkpoints.read(tmp_path, "seed 3") is None
    assert "it is of another version): seed 3 starts anew" in caplog.text


@pytest.fixture(scope="module")
def whole_one(tmp_path_factory):
    """A cell, its data, its training, and the folder where that has left its end."""
    cell, left = KINDS["plain"], tmp_path_factory.mktemp("left")
    data = dataset(cell)
    return cell, data, trainer.train(cell, data, [0], left=left), left


@pytest.mark.parametrize("change", ["shape", "number", "epochs"])
def test_a_whole_file_of_another_network_starts_the_training_anew(
    whole_one, tmp_path, change, caplog
):
    cell, data, whole, left = whole_one
    key, stood = checkpoints.read(left, "seed 0")
    if change == "epochs":
        stood = replace(stood, epoch=3)
    elif change == "number":
        stood = replace(stood, variables=stood.variables[1:])
    else:
        stood = replace(stood, variables=[value[1:] for value in stood.variables])
    with Checkpoints(tmp_path / "scratch", key) as saved:
        checkpoints.write(saved.folder, "seed 0", stood)
        again = trainer.train(cell, data, [0], saved)
    assert "of another network: it starts anew" in caplog.text
    pd.testing.assert_frame_equal(again.histories, whole.histories, check_exact=True)


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    with Checkpoints(tmp_path, "key") as saved:
        saved.keep("seed 3", state(1))
        saved.save()

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        saved.keep("seed 3", state(2))
        with pytest.raises(OSError, match="No space"):
            saved.save()
        with pytest.raises(OSError, match="No space"):
            for epoch in range(3, 1000):  # the training hears of it at one of its next epochs
                saved.keep("seed 3", state(epoch))
                time.sleep(0.01)
        assert saved.load("seed 3").epoch == 1
        assert {file.name for file in tmp_path.iterdir()} == {"lock", "seed-3.checkpoint"}


def test_how_often_is_a_setting_and_save_writes_what_is_not_yet_on_the_disk(tmp_path):
    with Checkpoints(tmp_path, "key", seconds=3600) as saved:
        assert saved.save() == "nothing was done yet"
        saved.keep("seed 3", state(1))
        saved.keep("seed 3", state(2))
        assert saved.load("seed 3") is None
        assert saved.save() == "seed 3 is saved at epoch 2"
        assert saved.load("seed 3").epoch == 2


def test_keeping_takes_no_more_than_its_share_of_the_time(tmp_path, monkeypatch):
    clock = iter([100.0, 101.0, 103.9, 104.1])
    with Checkpoints(tmp_path, "key", seconds=3600, share=0.25) as saved:
        monkeypatch.setattr(time, "monotonic", lambda: now)
        now = next(clock)
        assert saved.due()
        now = next(clock)  # keeping has taken a second: three others must pass
        saved.keep("seed 3", state(1))
        now = next(clock)
        assert not saved.due()
        now = next(clock)
        assert saved.due()
        monkeypatch.undo()


def test_a_second_copy_of_the_job_is_refused_until_the_first_is_dead(tmp_path):
    program = (
        "import sys; sys.path.insert(0, 'scripts')\n"
        "from pathlib import Path; from labproof.training.checkpoints import Checkpoints\n"
        f"with Checkpoints(Path({str(tmp_path)!r}), 'key'):\n"
        "    print('holding', flush=True); sys.stdin.read()\n"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout.readline() == "holding\n"
    with (
        pytest.raises(LabError, match=f"in use by process {first.pid} on .*this very job"),
        Checkpoints(tmp_path, "key"),
    ):
        pass
    first.kill()
    first.communicate()
    with Checkpoints(tmp_path, "key") as saved:
        saved.remove()
    assert not tmp_path.exists()


def test_the_key_follows_cell_code_data_and_nothing_else(tmp_path):
    def key(settings, **changed):
        data = dataset(KINDS["plain"], **changed)
        store.write(tmp_path / "data", data.inputs, data.records)
        return checkpoints.key_of(settings, tmp_path / "data")

    first = key({"cell": KINDS["plain"], "code": "a"})
    assert key({"code": "a", "cell": json.loads(json.dumps(KINDS["plain"]))}) == first
    assert key({"cell": KINDS["plain"], "code": "b"}) != first
    assert key({"cell": KINDS["dropout"], "code": "a"}) != first
    assert key({"cell": KINDS["plain"], "code": "a"}, signal=61) != first


class Killed(Exception):
    pass


class Dying(Checkpoints):
    """Writes as many epochs as it is given, and dies behind the last one."""

    left = 0

    def __init__(self, folder, key):
        super().__init__(folder, key, share=1)

    def keep(self, name, state):
        super().keep(name, state)
        self.left -= 1
        if self.left == 0:
            raise Killed


@pytest.mark.parametrize("kind", ["plain", "transfer"])  # all by real deaths: test_resume
def test_a_training_that_dies_after_any_epoch_ends_in_the_same_bits(tmp_path, kind):
    cell = {**KINDS[kind], "epochs": 3}
    data = dataset(cell)
    whole = trainer.train(cell, data, [0, 1])
    for epochs in (1, 4):  # within the first seed, within the second
        with pytest.raises(Killed), Dying(tmp_path, "key") as saved:
            saved.left = epochs
            trainer.train(cell, data, [0, 1], saved)
    with Checkpoints(tmp_path, "key") as saved:
        assert [saved.load(f"seed {seed}").epoch for seed in (0, 1)] == [3, 2]
        parts = trainer.train(cell, data, [0, 1], saved)
    pd.testing.assert_frame_equal(parts.histories, whole.histories, check_exact=True)
    pd.testing.assert_frame_equal(parts.predictions, whole.predictions, check_exact=True)
    for seed in (0, 1):
        for one, other in zip(parts.models[seed].weights, whole.models[seed].weights, strict=True):
            np.testing.assert_array_equal(one, other)
    assert parts.before > 0 == whole.before
