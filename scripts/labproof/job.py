"""What every script of the workflow shares: its log, threads and GPU, its last line on failure."""

import ctypes
import errno
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from labproof import gpus, running
from labproof.errors import LabError, first_line

DISK = {
    errno.ENOSPC: "the disk {disk} is full. Free some room",
    errno.EDQUOT: "the quota on the disk {disk} is used up. Free some room",
    errno.EFBIG: "no file may grow so large here. Raise the limit (ulimit -f)",
    errno.EROFS: "the disk {disk} can only be read. Mount it for writing",
    errno.EACCES: "this may not be written or read. Change the permissions",
}


class Job:
    """A running script, as `job` gives it."""

    def __init__(self, snakemake, screen: int):
        self.snakemake, self._screen = snakemake, screen

    def say(self, text: str) -> None:
        """Show a line on the screen."""
        os.write(self._screen, f"\n{self.snakemake.rule}: {text}\n".encode())


@contextmanager
def job(snakemake) -> Iterator[Job]:
    """Send all output into the job's log; end a failure with one line on the screen and status 1.

    Import numerical libraries inside: they read the number of threads and speak when imported. The
    traceback goes into the log, so that the screen shows only what a user can act on.
    """
    running.hold(running.JOBS)
    end_with_parent()
    # whatever the user's keras.json says; its other settings: `import_keras`
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ["KERAS_NNX_ENABLED"] = "false"
    threads = str(snakemake.threads)
    for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = threads
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    # two jobs on one GPU must not each take all of its memory
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    # cuDNN's convolution gradients differ from run to run unless told otherwise. On a CPU it costs
    # nothing, and a job that asks for a GPU in vain has the bits of one that does not ask.
    os.environ["TF_DETERMINISTIC_OPS"] = "1"
    sys.stdout.flush()
    sys.stderr.flush()
    screen = os.dup(2)
    log = os.open(snakemake.log[0], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s  %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    for noisy in ("absl", "tensorflow", "matplotlib"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    this = Job(snakemake, screen)
    try:
        if snakemake.resources.get("gpu", 0):
            gpus.claim()
        else:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        yield this
        print(running.DONE, flush=True)
    except Exception as error:
        with suppress(OSError):  # a full disk takes no log either
            traceback.print_exc()
        this.say(f"{_message(error, snakemake.log[0])}\n(more in {snakemake.log[0]})")
        raise SystemExit(1) from None


def import_keras() -> None:
    """Import Keras with its own settings, whatever the user's keras.json says.

    And without what it and TensorFlow take along, if it is there, for what no job uses: that takes
    up to two seconds. Afterwards all can be imported as ever.

    Raises
    ------
    LabError
        Keras cannot read its keras.json.
    """
    hidden = {"sklearn", "matplotlib", "jax"} - {*sys.modules, os.environ["KERAS_BACKEND"]}
    sys.modules |= dict.fromkeys(hidden)
    try:
        import keras
    except (AssertionError, AttributeError, TypeError, ValueError) as error:
        raise LabError(
            f"Keras cannot be imported ({first_line(error)}). Delete keras.json in the folder "
            f"{os.environ.get('KERAS_HOME', '~/.keras')}, or mend it, and run again."
        ) from error
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_epsilon(1e-7)


def end_with_parent() -> None:
    """Get SIGTERM when the parent is killed: no job goes on, and writes, behind the next run.

    Linux alone has this. Elsewhere such a job comes to its end, and `workflow/unlock.py` waits.
    """
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _message(error: Exception, log: str) -> str:
    if isinstance(error, LabError):
        return str(error)
    cause = DISK.get(getattr(error, "errno", None))
    if cause:
        where = f"{error.filename}: " if error.filename else ""
        # an error of a write knows no name; what a job writes is mostly on the disk of its log
        cause = cause.format(disk=_disk(error.filename or log))
        return f"{where}{cause} and run again: what is done stays done."
    return f"{type(error).__name__}: {error}"


def _disk(file: str) -> Path:
    """Where the disk of a file is mounted."""
    place = Path(file).absolute().resolve()
    return next(folder for folder in (place, *place.parents) if folder.is_mount())
