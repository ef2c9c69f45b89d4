"""A network's weights as a file: written whole or not at all, read with a check."""

import hashlib
import io
from pathlib import Path

import h5py
import keras
import numpy as np

from labproof import whole
from labproof.errors import LabError, first_line

DIGEST = "sha256"  # an attribute of the file, beside what Keras writes


class _Memory(io.BytesIO):
    """Bytes that Keras takes for a .weights.h5 file, since it goes by the end of the name."""

    def __str__(self) -> str:
        return "memory.weights.h5"


def save(model: keras.Model, file: Path) -> None:
    """Write a .weights.h5 file.

    Keras writes into memory, since HDF5 ends the process (SIGSEGV) where the disk is full.

    Raises
    ------
    OSError
        With the name of the file; the disk is full, say.
    """
    content = _Memory()
    model.save_weights(content)
    with h5py.File(content, "a") as opened:
        opened.attrs[DIGEST] = _digest(opened)
    whole.write(file, [content.getbuffer()])


def load(model: keras.Model, file: Path, *, of: str, mend: str) -> None:
    """Give a network the weights of a .weights.h5 file, or of a .h5 file of keras.applications.

    One that was written here is of the numbers that were written, to the bit.

    Parameters
    ----------
    of
        Whose weights they should be, in words.
    mend
        What the user is to do where they are not, a sentence.

    Raises
    ------
    LabError
        The file does not open, or is not of this very network.
    """
    try:
        _check(file, model)
        model.load_weights(file)
    except Exception as error:  # h5py and Keras raise many kinds for a file that does not fit
        raise LabError(
            f"{file}: these are not the weights of {of} ({first_line(error)}). {mend}"
        ) from error


def _digest(content: h5py.File) -> str:
    """Hash of all numbers in a file and of their names: HDF5 checks none of what Keras writes."""
    told = hashlib.sha256()

    def tell(name: str, entry: h5py.Group | h5py.Dataset) -> None:
        if isinstance(entry, h5py.Dataset):
            told.update(f"{name}\0{entry.dtype}\0{entry.shape}\0".encode())
            told.update(np.ascontiguousarray(entry[()]))

    content.visititems(tell)
    return told.hexdigest()


def _check(file: Path, model: keras.Model) -> None:
    """Refuse changed numbers, and layers that the network has not: Keras would pass over them."""
    with h5py.File(file) as content:
        if DIGEST in content.attrs and content.attrs[DIGEST] != _digest(content):
            raise ValueError("its numbers have changed since they were written")
        saved = content.get("layers", {}).values()  # the .h5 files of keras.applications have none
        found = sum(len(layer.get("vars", ())) > 0 for layer in saved)
    expected = sum(len(layer.weights) > 0 for layer in model.layers)
    if found > expected:
        raise ValueError(f"{found} layers with weights instead of {expected}")
