"""What every script of the workflow shares: its log file, its threads, its last line on failure."""

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from labproof.errors import LabError


@contextmanager
def job(snakemake) -> Iterator[None]:
    """Send all output into the job's log; end a failure with one line on the screen and status 1.

    Import numerical libraries inside: they read the number of threads and speak when imported. The
    traceback goes into the log, so that the screen shows only what a user can act on.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # whatever the user's keras.json says
    threads = str(snakemake.threads)
    for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = threads
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    # two jobs on one GPU must not each take all of its memory
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    if snakemake.resources.get("gpu", 0):
        # cuDNN's convolution gradients differ from run to run unless told otherwise
        os.environ["TF_DETERMINISTIC_OPS"] = "1"
    else:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
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
    try:
        yield
    except Exception as error:
        traceback.print_exc()
        message = str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
        text = f"\n{snakemake.rule}: {message}\n(more in {snakemake.log[0]})\n"
        os.write(screen, text.encode())
        raise SystemExit(1) from None
