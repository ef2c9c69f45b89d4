"""A cell, its dataset and some seeds -> histories, predictions and trained networks.

What the seeds draw (initial weights, the order of the images, the augmentation) is drawn here and
in `networks` by NumPy, from the training's own stream (`lab.trainings.stream`), so that it is the
same whichever engine trains: `engine_tensorflow`, one network after another, or `engine_jax`, which
can train all seeds of a block at once.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from labproof import provenance
from labproof.data import augmentation, store
from labproof.errors import LabError
from labproof.lab import trainings
from labproof.training import checkpoints, objective
from labproof.training.checkpoints import Checkpoints, State

LOG = logging.getLogger(__name__)
COLUMNS = ["loss", "accuracy", "val_loss", "val_accuracy"]


@dataclass(frozen=True)
class Trained:
    """What `train` gives back, for all seeds of a block.

    histories
        seed, epoch (from 1), loss, accuracy, val_loss, val_accuracy.
    predictions
        Of the validation images and of the final ones, on which nothing was watched: seed, split,
        image, label, probability (of label 1, 0 to 1).
    models
        seed -> trained network, uncompiled.
    before
        Seconds that earlier processes spent on it, where it went on from what they left.
    """

    histories: pd.DataFrame
    predictions: pd.DataFrame
    models: dict[int, keras.Model]
    before: float


def train(
    cell: Mapping,
    dataset: store.Dataset,
    seeds: Sequence[int],
    saved: Checkpoints | None = None,
    *,
    engine: str = "auto",
    begun: Path | None = None,
    left: Path | None = None,
) -> Trained:
    """Train one network for each seed, on the training split, watched on the validation split.

    Trained one after another, a seed's result does not depend on the other seeds, to the bit.
    Trained at once, it may in its last digits. An epoch does not know how many there will be, so
    a training can go on from the end of a shorter one, to the same bits.

    Parameters
    ----------
    cell
        See `networks.build`; and `learning_rate`, `batch_size`, `epochs`, `augmentation` (None, or
        see `augmentation.draw`).
    saved
        What a training that was stopped goes on from, and where it is kept after each epoch.
    engine
        "single": one seed after another; "block": all at once, on the JAX backend, and in halves
        where the device's memory does not suffice; "auto": "block" on JAX with a GPU.
    begun, left
        Folders with the ends of trainings: of this cell's with fewer epochs, and where this one is
        to leave its own.

    Raises
    ------
    LabError
        The engine does not run on Keras' backend.
    """
    inputs, labels = dataset.split("train")
    val_inputs, val_labels = dataset.split("validation")
    asked = ("validation", "final") if "final" in set(dataset.records["split"]) else ("validation",)
    final = dataset.split("final")[0]
    about = pd.concat([dataset.records.query("split == @name") for name in asked])
    about = about[["split", "image", "label"]]
    kind, together = _engine(engine)
    runner = kind(
        cell,
        (inputs, objective.targets(labels, cell)),
        (val_inputs, objective.targets(val_labels, cell)),
    )

    waiting = [list(seeds)] if together else [[seed] for seed in seeds]
    histories, predictions, models, before = [], [], {}, 0.0
    while waiting:
        group = waiting.pop(0)
        progress = Progress(group, cell["epochs"], saved, begun)
        try:
            _train(runner, cell, len(inputs), progress)
            outputs = runner.validate()[1]
            if len(final):
                outputs = np.concatenate([outputs, runner.answer(final)], axis=1)
        except Exception as error:
            if len(group) == 1 or not kind.out_of_memory(error):
                raise
            LOG.info("%s do not fit into the memory at once: in halves", progress.name)
            half = len(group) // 2
            waiting[:0] = [group[:half], group[half:]]
            continue
        if left:
            checkpoints.write(left, progress.name, progress.state(runner))
        before += progress.before
        histories.append(progress.history())
        for seed, given in zip(group, outputs, strict=True):
            found = about.assign(seed=seed, probability=objective.positive(given))
            predictions.append(found[["seed", "split", "image", "label", "probability"]])
        models |= dict(zip(group, runner.models(), strict=True))
    return Trained(pd.concat(histories, ignore_index=True), pd.concat(predictions), models, before)


def facts(trained: Trained, block: str, seconds: float) -> pd.DataFrame:
    """What a block took and ran on, one row; `seconds` are of all processes that trained it."""
    row = {
        "block": block,
        "seeds": len(trained.models),
        "seconds": round(seconds, 1),
        "peak_memory_mib": round(provenance.peak_memory()),
        "device": ", ".join(keras.distribution.list_devices()),
        "backend": keras.backend.backend(),
        "parameters": next(iter(trained.models.values())).count_params(),
        **provenance.versions(),
    }
    return pd.DataFrame([row])


def _train(runner, cell: Mapping, count: int, progress: "Progress") -> None:
    """Train a group of seeds at once, from its checkpoint or from the beginning."""
    streams = [trainings.stream(cell, seed) for seed in progress.seeds]
    runner.start(streams)
    for epoch in range(progress.restore(runner) + 1, cell["epochs"] + 1):
        drawn = [
            augmentation.draw(cell["augmentation"], count, seed=stream, epoch=epoch)
            for stream in streams
        ]
        told = runner.epoch(
            np.stack([order(count, seed=stream, epoch=epoch) for stream in streams]),
            {name: np.stack([each[name] for each in drawn]) for name in drawn[0]},
        )
        progress.add(epoch, np.concatenate([told, runner.validate()[0]], axis=1), runner)
    progress.end()


def order(count: int, *, seed: int, epoch: int) -> np.ndarray:
    """In which order an epoch takes its examples, (N,) int32: it follows from the two alone."""
    return np.random.default_rng([seed, epoch]).permutation(count).astype(np.int32)


class Progress:
    """Collects a group's history, keeps its checkpoint, and writes a line an epoch into the log."""

    def __init__(
        self,
        seeds: Sequence[int],
        epochs: int,
        saved: Checkpoints | None = None,
        begun: Path | None = None,
    ):
        self.seeds, self.epochs, self.saved, self.begun = seeds, epochs, saved, begun
        self.name = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]}-{seeds[-1]}"
        self.rows: list[Mapping] = []
        self.done = 0
        self.before = 0.0  # seconds, in earlier processes
        self.start = time.monotonic()

    def restore(self, runner) -> int:
        """Bring the networks to where an earlier process left them; gives the epochs done."""
        found, where = self.saved and self.saved.load(self.name), "its checkpoint"
        if not found and self.begun and (shorter := checkpoints.read(self.begun, self.name)):
            found, where = shorter[1], "the end of a shorter training"
        if found and not found.fits(runner.state(), self.epochs):
            LOG.warning("%s  %s is of another network: it starts anew", self.name, where)
            found = None
        if found:
            runner.restore(found.variables)
            self.done, self.rows, self.before = found.epoch, list(found.rows), found.seconds
            LOG.info("%s  goes on from %s after epoch %d", self.name, where, found.epoch)
        return self.done

    def add(self, epoch: int, numbers: np.ndarray, runner) -> None:
        """Keep and log an epoch's numbers, (seeds, `COLUMNS`)."""
        for seed, row in zip(self.seeds, numbers.tolist(), strict=True):
            self.rows.append({"seed": seed, "epoch": epoch, **dict(zip(COLUMNS, row, strict=True))})
        self.done = epoch
        if self.saved and (self.saved.due() or epoch == self.epochs):
            self.saved.keep(self.name, self.state(runner))
        LOG.info(
            "%s  epoch %d/%d  loss %.4f  accuracy %.3f  val_loss %.4f  val_accuracy %.3f  %s left",
            self.name,
            epoch,
            self.epochs,
            *numbers.mean(axis=0),
            time.strftime("%H:%M:%S", time.gmtime(self.seconds / epoch * (self.epochs - epoch))),
        )

    def end(self) -> None:
        """Write the last epoch, since the next group's state is kept in place of this one's."""
        if self.saved:
            self.saved.save()

    @property
    def seconds(self) -> float:
        """Spent on it so far, in all processes."""
        return self.before + time.monotonic() - self.start

    def state(self, runner) -> State:
        """Where the group stands now."""
        return State(self.done, tuple(self.rows), self.seconds, runner.state())

    def history(self) -> pd.DataFrame:
        """seed, epoch, loss, accuracy, val_loss, val_accuracy, one seed after the other."""
        rows = pd.DataFrame(self.rows)[["seed", "epoch", *COLUMNS]]
        return rows.sort_values(["seed", "epoch"], ignore_index=True)


def _engine(wanted: str) -> tuple[type, bool]:
    """The engine of Keras' backend, and whether it is to train all seeds at once."""
    backend = keras.backend.backend()
    if backend == "tensorflow" and wanted != "block":
        from labproof.training import engine_tensorflow

        return engine_tensorflow.Engine, False
    if backend == "jax":
        from labproof.training import engine_jax

        return engine_jax.Engine, wanted == "block" or (wanted == "auto" and engine_jax.on_gpu())
    raise LabError(
        f"engine: {wanted}: does not run on the {backend} backend of Keras. Write engine: auto, "
        "and set KERAS_BACKEND to tensorflow, or to jax, which alone trains a block at once."
    )
