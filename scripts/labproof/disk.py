"""Room on the disk, asked for before it is written to."""

import errno
import os
import shutil
from pathlib import Path
from typing import IO

from labproof.errors import LabError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # a limit on the size of files is told alike
# A file system that cannot set room aside; EINVAL is how some say it.
UNABLE = {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
STEP = 2**20  # bytes written at once


def reserve(file: IO[bytes], size: int) -> None:
    """Fill a new, unbuffered file with `size` zero bytes, each with its room on the disk.

    What is written into a memory map that the disk has no room for ends the process by SIGBUS, with
    no word. LabError, which names the disk, where there is none; the file is taken away then.
    """
    try:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except (AttributeError, OSError) as error:  # macOS has no such function
            if getattr(error, "errno", None) not in {None, *UNABLE}:
                raise
            while file.tell() < size:
                # may write less, just before the disk is full
                file.write(bytes(min(STEP, size - file.tell())))
            file.seek(0)
    except OSError as error:
        if error.errno not in FULL:
            raise
        file.truncate(0)  # the disk has as much room as before
        path = Path(file.name).resolve()
        path.unlink()
        raise LabError(
            f"{file.name}: {size / 2**20:,.1f} MiB are needed, but the disk {_disk(path)} has "
            f"{shutil.disk_usage(path.parent).free / 2**20:,.1f} MiB left for it "
            f"({error.strerror}). Free some room and run again: what is done stays done."
        ) from None


def _disk(path: Path) -> Path:
    """Where the disk of a file is mounted."""
    return next(folder for folder in path.parents if os.path.ismount(folder))
