"""Where a training stands, on the disk: stopped at any moment, it goes on to the very same bits."""

import fcntl
import hashlib
import json
import logging
import math
import os
import shutil
import threading
import time
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from labproof import files, provenance
from labproof.errors import LabError

LOG = logging.getLogger(__name__)
# What the bits of a training may hang on beside its cell, its code and its data.
VERSIONS = ("keras", "keras-cv", "tensorflow", "jax", "numpy", "scipy")
SHARE = 0.03
HEAD = ("key", "epoch", "rows", "seconds", "kinds")


@dataclass(frozen=True)
class State:
    """A training between two epochs.

    epoch
        Epochs done.
    rows
        The history so far, a mapping an epoch.
    seconds
        Spent on it so far, in all processes.
    variables
        Weights, random states, and the optimiser's, in the network's order.
    """

    epoch: int = 0
    rows: Sequence[Mapping] = ()
    seconds: float = 0.0
    variables: Sequence[np.ndarray] = field(default=(), repr=False)

    def fits(self, variables: Sequence, epochs: int) -> bool:
        """Whether a training of so many epochs, with variables of these shapes, can go on from it.

        One that it cannot is of another version or backend, and would fail at every try.
        """
        shapes = [tuple(value.shape) for value in variables]
        return self.epoch <= epochs and [value.shape for value in self.variables] == shapes


def key_of(settings: Mapping, data: Path | None = None) -> str:
    """What a training must agree in to go on from a checkpoint, as a hash.

    Parameters
    ----------
    settings
        The cell, the hash of the code, the backend: whatever can be JSON.
    data
        The folder it trains on, if any; its files are read.
    """
    told = hashlib.blake2b(digest_size=16)
    installed = provenance.versions(VERSIONS)
    told.update(json.dumps([settings, installed], sort_keys=True).encode())
    for file in sorted(data.iterdir()) if data else ():
        told.update(file.name.encode())
        with file.open("rb") as content:
            told.update(hashlib.file_digest(content, "blake2b").digest())
    return told.hexdigest()


class Checkpoints:
    """A folder with one file for each training of a job; holds the folder's lock while it is used.

    Parameters
    ----------
    folder
        Not among the outputs of a rule: Snakemake would delete it before it tries again.
    key
        See `key_of`. A file with another key is passed over.
    seconds
        Least time between two writes; 0 writes after every epoch. In memory the last epoch is
        kept, so that `save` loses nothing.
    share
        Of the time, what may go into keeping, and as much again into writing: where epochs take
        but milliseconds, some are passed over. 1 passes over none.

    Raises
    ------
    LabError
        Another process holds the lock.
    """

    def __init__(self, folder: Path, key: str, *, seconds: float = 0.0, share: float = SHARE):
        self.folder, self.key, self.seconds, self.share = folder, key, seconds, share
        self._asked = self._kept = 0.0  # seconds of the clock
        self._cost = self._cost_of_write = 0.0
        self._writing = threading.RLock()
        self._latest: tuple[str, State] | None = None
        self._on_disk: State | None = None
        self._written = time.monotonic()
        self._background = ThreadPoolExecutor(1)
        self._last: Future | None = None

    def __enter__(self) -> "Checkpoints":
        self.folder.mkdir(parents=True, exist_ok=True)
        # the kernel lets go of it when the process dies, however it dies
        self._lock = (self.folder / "lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.seek(0)
            holder = self._lock.read() or "another process"
            self._lock.close()
            raise LabError(
                f"{self.folder} is in use by {holder}, which does this very job. "
                "Wait for its end, or end it."
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"process {os.getpid()} on {os.uname().nodename}")
        self._lock.flush()
        return self

    def __exit__(self, *_) -> None:
        self._background.shutdown()
        self._lock.close()

    def load(self, name: str) -> State | None:
        """Where a training stood; None: never begun, begun from something else, or unreadable."""
        found = read(self.folder, name)
        if found and found[0] != self.key:
            file = _file(self.folder, name)
            LOG.info("%s is of another cell, code or data set: %s starts anew", file, name)
            return None
        return found and found[1]

    def due(self) -> bool:
        """Whether the state is to be kept now, going by what the last one cost."""
        self._asked = time.monotonic()
        return self._asked - self._kept >= self._pause(self._cost)

    def keep(self, name: str, state: State) -> None:
        """Remember where a training stands, and write it if the last write is long enough ago.

        The training goes on while the disk is waited for; an error of a write is raised by the
        next call.
        """
        if self._last and self._last.done():
            self._last.result()
        self._latest = name, state
        if time.monotonic() - self._written >= max(self.seconds, self._pause(self._cost_of_write)):
            self._last = self._background.submit(self.save)
        self._kept = time.monotonic()
        self._cost = self._kept - self._asked

    def save(self) -> str:
        """Write the last state that was kept, unless it is written; says which one it is."""
        with self._writing:
            if self._latest is None:
                return "nothing was done yet"
            name, state = self._latest
            if self._on_disk is not state:
                begun = time.monotonic()
                write(self.folder, name, state, self.key)
                self._on_disk = state
                self._written = time.monotonic()
                self._cost_of_write = self._written - begun
            return f"{name} is saved at epoch {state.epoch}"

    def hold(self) -> str:
        """`save`, and let nobody write or remove anything from then on."""
        self._writing.acquire()
        return self.save()

    def remove(self) -> None:
        """Delete the folder: the job is done."""
        self._background.shutdown()
        with self._writing:
            shutil.rmtree(self.folder)

    def _pause(self, cost: float) -> float:
        """Seconds to let pass behind what took `cost` seconds."""
        return cost * (1 / self.share - 1)


def write(folder: Path, name: str, state: State, key: str = "") -> None:
    """Write where a training stands: the old file or the new.

    A line with the checksum of all that follows, a line of JSON, the variables' bytes: NumPy's
    archives take several times as long.
    """
    values = [np.asarray(value, order="C") for value in state.variables]
    kinds = [[value.dtype.str, *value.shape] for value in values]
    told = dict(zip(HEAD, (key, state.epoch, list(state.rows), state.seconds, kinds), strict=True))
    parts = [json.dumps(told).encode() + b"\n", *values]
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    files.write(_file(folder, name), [b"%08x\n" % checksum, *parts])


def read(folder: Path, name: str) -> tuple[str, State] | None:
    """The key and the state that `write` wrote; None where there is none, or none to be trusted."""
    file = _file(folder, name)
    if not file.is_file():
        return None
    try:
        checksum, _, content = file.read_bytes().partition(b"\n")
        if zlib.crc32(content) != int(checksum, 16):
            raise ValueError("its content does not agree with its checksum")
        head, _, values = content.partition(b"\n")
        told = json.loads(head)
        if not isinstance(told, dict) or sorted(told) != sorted(HEAD):
            raise ValueError("it is of another version")
        key, kinds = told.pop("key"), told.pop("kinds")
        variables = _apart(np.frombuffer(values, np.uint8), kinds)
        return key, State(**told, variables=variables)
    except (OSError, ValueError, TypeError) as error:
        LOG.warning("%s cannot be read (%s): %s starts anew", file, error, name)
        return None


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name.replace(' ', '-')}.checkpoint"


def _apart(values: np.ndarray, kinds: Sequence[Sequence]) -> list[np.ndarray]:
    """The variables, of (dtype, *shape) each, whose bytes lie behind one another in `values`."""
    found, start = [], 0
    for dtype, *shape in kinds:
        end = start + np.dtype(dtype).itemsize * math.prod(shape)
        # a copy, since the bytes need not begin where a number may
        found.append(values[start:end].copy().view(dtype).reshape(shape))
        start = end
    return found
