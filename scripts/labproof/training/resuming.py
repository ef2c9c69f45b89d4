"""A training job that may end at any moment: its checkpoints, written as well on its way out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from labproof.job import Job
from labproof.training import checkpoints, stopping

# Seconds before a cluster's time limit at which a training saves and leaves by itself.
MARGIN = 60


@contextmanager
def resumable(
    job: Job, settings: Mapping, data: Path | None = None
) -> Iterator[checkpoints.Checkpoints]:
    """Checkpoints of a job in its scratch folder, written as well when it is told to stop.

    The folder goes when the context ends well, so write the outputs inside.

    Parameters
    ----------
    job
        As `labproof.job.job` gives it.
    settings, data
        What a checkpoint must agree in, see `checkpoints.key_of`.

    Raises
    ------
    LabError
        Another process does this job.
    """

    def leave(cause: str) -> None:
        text = f"{cause}: {saved.hold()}, from where the next run goes on"
        print(text, flush=True)
        job.say(text)

    left = stopping.time_left()
    seconds_left = None if left is None else max(1.0, left - min(MARGIN, left / 4))
    folder, key = Path(job.snakemake.params.scratch), checkpoints.key_of(settings, data)
    seconds = job.snakemake.config.get("checkpoint", 30)
    with checkpoints.Checkpoints(folder, key, seconds=seconds) as saved:
        with stopping.stoppable(leave, seconds=seconds_left):
            yield saved
        saved.remove()
