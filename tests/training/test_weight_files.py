"""Weights as files: whole or not there, the same bytes for the same weights, read with a check."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from labproof.errors import LabError
from labproof.training import backbones, weight_files
from project import ROOT

PROGRAM = """
import sys
sys.path.insert(0, "scripts")
from pathlib import Path
from types import SimpleNamespace
from labproof.job import import_keras, job
given = SimpleNamespace(threads=1, resources=dict(), rule="train_block", log=[sys.argv[1]])
with job(given):
    import_keras()
    import keras
    from labproof.training import weight_files
    model = keras.Sequential([keras.Input((1000,)), keras.layers.Dense(1000)])
    weight_files.save(model, Path(sys.argv[2]))
"""


def network():
    return keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dropout(0.5, seed=3),
            layers.Dense(2),
        ]
    )


def test_what_was_saved_comes_back_and_has_the_same_bytes_each_time(tmp_path):
    model, other = network(), network()
    weight_files.save(model, tmp_path / "one.weights.h5")
    weight_files.save(model, tmp_path / "two.weights.h5")
    assert (tmp_path / "one.weights.h5").read_bytes() == (tmp_path / "two.weights.h5").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2
    weight_files.load(other, tmp_path / "one.weights.h5", of="this", mend="")
    for ours, keras_own in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, keras_own)
    # and Keras alone can read it
    network().load_weights(tmp_path / "one.weights.h5")


@pytest.mark.parametrize(
    "harm", ["cut", "empty", "zeros", "a bit", "a layer less", "a layer more", "gone"]
)
def test_a_harmed_file_is_told_with_its_name_and_the_mend(tmp_path, harm):
    file = tmp_path / "3.weights.h5"
    saved = network()
    weight_files.save(saved, file)
    content = file.read_bytes()
    if harm in ("cut", "empty", "zeros"):
        half = content[: len(content) // 2]
        file.write_bytes({"cut": half, "empty": b"", "zeros": half + bytes(len(half))}[harm])
    elif harm == "a bit":
        at = content.index(saved.get_weights()[0].tobytes())
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    elif harm == "gone":
        file.unlink()
    else:
        with h5py.File(file, "a") as opened:
            if harm == "a layer less":
                del opened["layers/dense"]
            else:
                opened.copy("layers/dense", "layers/dense_1")
    with pytest.raises(LabError) as told:
        weight_files.load(network(), file, of="this cell", mend="Delete it and run again.")
    assert str(told.value).startswith(f"{file}: these are not the weights of this cell (")
    assert str(told.value).endswith("Delete it and run again.")
    assert "\n" not in str(told.value)


def test_a_backbone_of_a_run_is_read_with_a_check(tmp_path):
    model = backbones.build("vgg16", (32, 32, 3), base=1, seed=5)
    weight_files.save(model, tmp_path / backbones.FILE)
    back = backbones.read("vgg16", (32, 32, 3), tmp_path, base=1)
    np.testing.assert_array_equal(back.get_weights()[0], model.get_weights()[0])
    assert not back.trainable_weights
    with (tmp_path / backbones.FILE).open("r+b") as file:
        file.truncate(2000)
    with pytest.raises(LabError, match=f"Delete the folder {tmp_path} and run again"):
        backbones.read("vgg16", (32, 32, 3), tmp_path, base=1)


def saved(tmp_path, file: Path, **more):
    """What is on the screen when a job saves 4 MB of weights into a file, and does not succeed."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "log"), str(file)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **more)
    assert run.returncode == 1, run.stderr  # not a signal's: HDF5 died of it
    assert not list(file.parent.iterdir())
    return run.stderr


def test_a_full_disk_is_told_by_its_name(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs root, who may mount a small disk")
    try:
        file = disk / "3.weights.h5"
        screen = saved(tmp_path, file)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert f"train_block: {file}: the disk {disk} is full. Free some room and run again" in screen


def test_a_file_that_may_not_grow_is_told_too(tmp_path):
    (tmp_path / "models").mkdir()
    file = tmp_path / "models/3.weights.h5"
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))}
    screen = saved(tmp_path, file, **limit)
    assert f"train_block: {file}: no file may grow so large here" in screen
