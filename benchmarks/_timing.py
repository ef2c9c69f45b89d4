"""Keras set up for one thread of a CPU, and the time that an epoch takes."""

import logging
import os
import time

# told before Keras is imported below
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import pandas as pd

import _common  # noqa: F401  (puts labproof within reach)
from labproof.data import store
from labproof.lab import costs
from labproof.training import trainer
from labproof.training.checkpoints import Checkpoints


class Times(logging.Handler):
    """When each epoch's line was written."""

    def __init__(self):
        super().__init__()
        self.times = []

    def emit(self, record):
        """Look at the clock."""
        self.times.append(time.perf_counter())


def random_data(cell: dict, dataset: dict, backbone: dict, images: int) -> store.Dataset:
    """Noise of the shape that a cell trains on, a fifth as many for validation."""
    rng = np.random.default_rng(0)
    validation = images // 5
    count = images + validation
    if cell["network"] == "mlp":
        inputs = rng.random((count, costs.inputs(cell, dataset, backbone)), dtype="float32")
    else:
        shape = (count, dataset["size"], dataset["size"], dataset["channels"])
        inputs = rng.integers(0, 256, shape, dtype="uint8")
    split = ["train"] * images + ["validation"] * validation
    records = pd.DataFrame({"image": range(count), "split": split, "label": np.arange(count) % 2})
    return store.Dataset(inputs, records)


def epochs(cell: dict, data: store.Dataset, checkpoints: Checkpoints | None = None) -> list:
    """Seconds of each epoch but the first, which traces."""
    lines = Times()
    trainer.LOG.addHandler(lines)
    trainer.LOG.setLevel("INFO")
    trainer.train(cell, data, [0], checkpoints)
    trainer.LOG.removeHandler(lines)
    return list(np.diff(lines.times))
