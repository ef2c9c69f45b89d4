"""Who is at work in a folder: locks that go with the process that holds them, however it ends.

Snakemake's own lock stays when Snakemake is killed, and does not say whose it is. So every run also
holds `RUN`, and every job `JOBS`; `workflow/unlock.py` asks for both.
"""

import fcntl
from contextlib import ExitStack, suppress
from pathlib import Path

FOLDER = Path(".snakemake")
RUN, JOBS = "labproof.run", "labproof.jobs"
DONE = "labproof: this job is done"  # a line of a log whose job has come to its end
_held = []  # open files, so that the locks last as long as the process


def hold(name: str) -> None:
    """Share a lock with the others who hold it, for as long as this process lives.

    Waits while another process is `alone`. A folder that takes no files or no locks is let be.
    """
    with suppress(OSError):
        FOLDER.mkdir(exist_ok=True)
        handle = (FOLDER / name).open("a")
        _held.append(handle)
        fcntl.flock(handle, fcntl.LOCK_SH)


class Busy(Exception):
    """Others hold the lock, or nobody can tell."""


def alone(name: str, *, wait: bool = False):
    """An open file that keeps others from the lock until it is closed.

    Raises
    ------
    Busy
        Another process holds the lock (never with `wait`), or the folder has no locks.
    """
    with ExitStack() as stack:
        try:
            handle = stack.enter_context((FOLDER / name).open("a"))
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            raise Busy from error
        stack.pop_all()
        return handle
