"""One GPU for each job on a machine with several, without a scheduler."""

import fcntl
import os
import subprocess
import tempfile
from pathlib import Path

_held = []  # open files, so that the locks last as long as the process


def listed() -> list[str]:
    """Ids of this machine's GPUs that the environment leaves visible, as CUDA takes them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:  # a scheduler, or the user, has chosen
        return [number for number in visible.split(",") if number]
    try:
        told = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True)
    except OSError:
        return []
    return [str(number) for number in range(told.stdout.count("GPU "))]


def claim(folder: Path | None = None) -> str | None:
    """Make the first GPU that no other job has the only one that this process sees.

    The claim ends with the process, however it ends. Where all are taken (more jobs than GPUs were
    asked for) nothing is changed, and the jobs share; on a machine with one GPU or none as well.

    Parameters
    ----------
    folder
        For the locks: one for the whole machine and this user.

    Returns
    -------
    str or None
        The id.
    """
    found = listed()
    if len(found) < 2:
        return None
    folder = folder or Path(tempfile.gettempdir(), f"labproof-gpus-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    for name in found:
        lock = (folder / name).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        _held.append(lock)
        os.environ["CUDA_VISIBLE_DEVICES"] = name
        return name
    return None
