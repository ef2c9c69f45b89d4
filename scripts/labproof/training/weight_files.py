"""A network's weights as a file: written whole or not at all, read with a check."""

import io
from pathlib import Path

import h5py
import keras

from labproof import files
from labproof.errors import LabError, first_line


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
    files.write(file, [content.getbuffer()])


def load(model: keras.Model, file: Path, *, of: str, mend: str) -> None:
    """Give a network the weights of a .weights.h5 file, or of a .h5 file of keras.applications.

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
        _check_layers(file, model)
        model.load_weights(file)
    except Exception as error:  # h5py and Keras raise many kinds for a file that does not fit
        raise LabError(
            f"{file}: these are not the weights of {of} ({first_line(error)}). {mend}"
        ) from error


def _check_layers(file: Path, model: keras.Model) -> None:
    """Refuse a .weights.h5 file with more layers than the network: Keras would pass over them."""
    with h5py.File(file) as content:
        saved = content.get("layers", {}).values()  # the .h5 files of keras.applications have none
        found = sum(len(layer.get("vars", ())) > 0 for layer in saved)
    expected = sum(len(layer.weights) > 0 for layer in model.layers)
    if found > expected:
        raise ValueError(f"{found} layers with weights instead of {expected}")
