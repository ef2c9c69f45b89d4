"""One GPU for each job on a machine with several, without a scheduler."""

import errno
import fcntl
import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from labproof.errors import LabError


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

    Raises
    ------
    LabError
        The folder, or a lock in it, is a link or another user's.
    """
    found = listed()
    if len(found) < 2:
        return None
    folder = folder or Path(tempfile.gettempdir(), f"labproof-gpus-{os.getuid()}")
    try:
        place = _own(folder)
        try:
            name = next((name for name in found if _taken(name, place)), None)
        finally:
            os.close(place)
    except OSError as error:
        raise LabError(
            f"{folder}: the locks of the GPUs cannot lie there ({error.strerror}): it must be a "
            "folder of your own, without links. Remove it, or set TMPDIR to a folder of yours."
        ) from None
    if name is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = name
    return name


def _own(folder: Path) -> int:
    """The folder as a descriptor, made if need be: this user's, for nobody else, and no link.

    Others may write where it lies, and may have been there first.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    if os.fstat(place).st_uid != os.getuid():
        os.close(place)
        raise PermissionError(errno.EPERM, "it belongs to another user")
    os.fchmod(place, 0o700)
    return place


def _taken(name: str, place: int) -> bool:
    """Lock a GPU by a file in the folder, and hold it, unless another job does."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    lock = os.open(name.replace("/", "_"), flags, 0o600, dir_fd=place)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return False
    return True
