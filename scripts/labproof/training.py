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
from labproof.checkpoints import Checkpoints, State

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
    before
        Seconds that earlier processes spent on it, where it went on from their checkpoints.
    """

    histories: pd.DataFrame
    predictions: pd.DataFrame
    models: dict[int, keras.Model]
    before: float


def train(
    cell: Mapping,
    dataset: datasets.Dataset,
    seeds: Sequence[int],
    checkpoints: Checkpoints | None = None,
) -> Trained:
    """Train one network for each seed, on the training split, watched on the validation split.

    The network is built, compiled and traced once; each seed then starts from its own fresh
    variables. A seed's result does not depend on the other seeds of the block.

    Parameters
    ----------
    cell
        See `networks.build`; and `learning_rate`, `batch_size`, `epochs`, `augmentation` (None, or
        see `augmentation.draws`).
    checkpoints
        What each seed goes on from, to the same bits, and where it is kept after each epoch.
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

    histories, predictions, models, before = [], [], {}, 0.0
    for seed in seeds:
        own = networks.build(cell, inputs.shape[1:], seed=seed)
        _assign(model.variables, own.variables)
        _assign(model.optimizer.variables, fresh_optimizer)
        progress = Progress(f"seed {seed}", cell["epochs"], checkpoints)
        done = progress.restore(model)
        if done < cell["epochs"]:
            model.fit(
                datasets.batches(
                    inputs,
                    targets(labels, cell),
                    batch_size=cell["batch_size"],
                    epochs=cell["epochs"],
                    seed=seed,
                    first=done,
                    augment=_augment(cell, seed),
                ),
                shuffle=False,  # `batches` has shuffled already
                steps_per_epoch=steps,
                initial_epoch=done,
                epochs=cell["epochs"],
                validation_data=(val_inputs, targets(val_labels, cell)),
                validation_batch_size=len(val_inputs) if val_inputs.ndim == 2 else 64,
                callbacks=[progress],
                verbose=0,
            )
            if checkpoints:
                checkpoints.save()  # the next seed's state is kept in place of this one's
        before += progress.before
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
        pd.concat(histories)[["seed", "epoch", *COLUMNS]], pd.concat(predictions), models, before
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
    """Collects the history, keeps a checkpoint, and writes a line an epoch into the log."""

    def __init__(self, name: str, epochs: int, checkpoints: Checkpoints | None = None):
        super().__init__()
        self.name, self.epochs, self.checkpoints = name, epochs, checkpoints
        self.rows: list[Mapping] = []
        self.before = 0.0  # seconds, in earlier processes
        self.seconds = 0.0

    def restore(self, model: keras.Model) -> int:
        """Bring a network to where its checkpoint has it; gives the epochs done, 0 without one."""
        found = self.checkpoints.load(self.name) if self.checkpoints else None
        if found is None:
            return 0
        _assign(_variables(model), found.variables)
        self.rows = list(found.rows)
        self.before = self.seconds = found.seconds
        LOG.info("%s  goes on from its checkpoint after epoch %d", self.name, found.epoch)
        return found.epoch

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
        self.seconds = self.before + time.monotonic() - self.start
        if self.checkpoints:
            # copies, since some backends change a variable in place
            variables = [
                np.array(keras.ops.convert_to_numpy(variable))
                for variable in _variables(self.model)
            ]
            state = State(row["epoch"], tuple(self.rows), self.seconds, variables)
            self.checkpoints.keep(self.name, state)
        left = self.seconds / row["epoch"] * (self.epochs - row["epoch"])
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


def _variables(model: keras.Model) -> list:
    """All that changes while a network trains: weights, random states, the optimiser's."""
    return [*model.variables, *model.optimizer.variables]


def _assign(variables: Sequence, values: Sequence) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
