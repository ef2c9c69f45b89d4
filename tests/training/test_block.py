"""A training block as Snakemake runs it: what the user's own settings do to it."""

import json

import pytest
from test_trainer import KINDS, dataset

import block


def trained(folder, cell, monkeypatch, settings):
    """The block's status, what it says on the screen and what it makes, with such a keras.json."""
    (folder / "keras").mkdir(parents=True)
    (folder / "keras/keras.json").write_text(json.dumps(settings))
    monkeypatch.setenv("KERAS_HOME", str(folder / "keras"))
    process = block.start(block.prepare(folder, cell, dataset(cell)))
    _, told = process.communicate(timeout=300)
    return process.returncode, told, block.made(folder) if process.returncode == 0 else None


@pytest.mark.slow
def test_the_user_s_keras_json_changes_nothing(tmp_path, monkeypatch):
    cell = {**KINDS["augmented"], "batch_norm": True}
    changed = {
        "floatx": "float16",
        "epsilon": 0.1,
        "image_data_format": "channels_first",
        "backend": "torch",
        "nnx_enabled": True,
    }
    status, told, one = trained(tmp_path / "changed", cell, monkeypatch, changed)
    assert status == 0, told
    _, _, other = trained(tmp_path / "plain", cell, monkeypatch, {})
    assert one == other


@pytest.mark.parametrize("settings", [{"floatx": "float128"}, ["floatx"]])
def test_a_keras_json_that_keras_cannot_read_is_named(tmp_path, monkeypatch, settings):
    status, told, _ = trained(tmp_path, KINDS["plain"], monkeypatch, settings)
    assert status == 1
    assert "train_block: Keras cannot be imported (" in told
    assert f"Delete keras.json in the folder {tmp_path}/keras, or mend it, and run again" in told
    assert "Traceback" not in told
