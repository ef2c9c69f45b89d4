"""A cell, its dataset and some seeds -> histories, predictions and trained networks."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd

from labproof import datasets, networks

LOG = logging.getLogger(__name__)
COLUMNS = ["loss", "accuracy", "val_loss", "val_accuracy"]


@dataclass(frozen=True)
class Trained:
    """What `train` gives back, for all seeds of a block.

    histories
        seed, epoch (from 1), loss, accuracy, val_loss, val_accuracy.
    predictions
        Of the validation images: seed, image, label, probability (of label 1, 0 to 1).
    models
        seed -> trained network, uncompiled.
    """

    histories: pd.DataFrame
    predictions: pd.DataFrame
    models: dict[int, keras.Model]


def train(cell: Mapping, dataset: datasets.Dataset, seeds: Sequence[int]) -> Trained:
    """Train one network for each seed, on the training split, watched on the validation split.

    The network is built, compiled and traced once; each seed then starts from its own fresh
    variables. A seed's result does not depend on the other seeds of the block.

    Parameters
    ----------
    cell
        See `networks.build`; and `learning_rate`, `batch_size`, `epochs`, `augmentation` (None, or
        see `augmentation.draws`).
    """
    inputs, labels = dataset.split("train")
    val_inputs, val_labels = dataset.split("validation")
    val_images = dataset.records.loc[dataset.records["split"] == "validation", "image"].to_numpy()
    val_inputs = datasets.scaled(val_inputs)
    steps = math.ceil(len(inputs) / cell["batch_size"])
    model = networks.build(cell, inputs.shape[1:], seed=seeds[0])
    compile_for_training(model, cell, steps)
    fresh_optimizer = [
        keras.ops.convert_to_numpy(variable) for variable in model.optimizer.variables
    ]

    histories, predictions, models = [], [], {}
    for seed in seeds:
        own = networks.build(cell, inputs.shape[1:], seed=seed)
        _assign(model.variables, own.variables)
        _assign(model.optimizer.variables, fresh_optimizer)
        progress = Progress(f"seed {seed}", cell["epochs"])
        model.fit(
            datasets.batches(
                inputs,
                targets(labels, cell),
                batch_size=cell["batch_size"],
                epochs=cell["epochs"],
                seed=seed,
                augment=_augment(cell, seed),
            ),
            shuffle=False,  # `batches` has shuffled already
            steps_per_epoch=steps,
            epochs=cell["epochs"],
            validation_data=(val_inputs, targets(val_labels, cell)),
            validation_batch_size=len(val_inputs) if val_inputs.ndim == 2 else 64,
            callbacks=[progress],
            verbose=0,
        )
        histories.append(progress.history().assign(seed=seed))
        probability = positive(model.predict(val_inputs, batch_size=64, verbose=0))
        predictions.append(
            pd.DataFrame(
                {
                    "seed": seed,
                    "image": val_images,
                    "label": val_labels,
                    "probability": probability,
                }
            )
        )
        _assign(own.variables, model.variables)
        models[seed] = own
    return Trained(
        pd.concat(histories)[["seed", "epoch", *COLUMNS]], pd.concat(predictions), models
    )


def compile_for_training(model: keras.Model, cell: Mapping, steps: int) -> None:
    """Compile with Adam and cross-entropy; one call into the backend trains up to `steps` steps."""
    kind = "binary" if cell["outputs"] == 1 else "categorical"
    model.compile(
        keras.optimizers.Adam(cell["learning_rate"]),
        loss=f"{kind}_crossentropy",
        metrics=[keras.metrics.get(f"{kind}_accuracy")],
        steps_per_execution=steps,
    )
    model.optimizer.build(model.trainable_variables)


def targets(labels: np.ndarray, cell: Mapping) -> np.ndarray:
    """Labels (N,) as the loss wants them: (N, 1) for one output, one-hot (N, 2) for two."""
    if cell["outputs"] == 1:
        return labels[:, np.newaxis].astype("float32")
    return np.eye(2, dtype="float32")[labels]


def positive(outputs: np.ndarray) -> np.ndarray:
    """Probability of label 1, (N,), of sigmoid (N, 1) or softmax (N, 2) outputs."""
    return np.asarray(outputs)[:, -1]


class Progress(keras.callbacks.Callback):
    """Collects the history, and writes a line an epoch into the log, with the time that is left."""

    def __init__(self, name: str, epochs: int):
        super().__init__()
        self.name, self.epochs = name, epochs
        self.rows: list[dict] = []

    def on_train_begin(self, logs=None):
        """Start the clock."""
        self.start = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Keep and log the epoch's numbers."""
        logs = logs or {}
        row = {"epoch": epoch + 1}
        for name, value in logs.items():
            row[name.replace("binary_", "").replace("categorical_", "")] = float(value)
        self.rows.append(row)
        left = (time.monotonic() - self.start) / (epoch + 1) * (self.epochs - epoch - 1)
        LOG.info(
            "%s  epoch %d/%d  loss %.4f  accuracy %.3f  val_loss %.4f  val_accuracy %.3f  %s left",
            self.name,
            row["epoch"],
            self.epochs,
            *(row[column] for column in COLUMNS),
            time.strftime("%H:%M:%S", time.gmtime(left)),
        )

    def history(self) -> pd.DataFrame:
        """epoch, loss, accuracy, val_loss, val_accuracy."""
        return pd.DataFrame(self.rows)[["epoch", *COLUMNS]]


def _augment(cell: Mapping, seed: int):
    if cell["augmentation"] is None:
        return None
    from labproof import augmentation  # keras_cv is slow to import, and few cells augment

    return augmentation.draws(cell["augmentation"], seed=seed)


def _assign(variables: Sequence, values: Sequence) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
