"""Take Snakemake's lock away where the run that laid it was killed; `make` does so first.

A run that is going on keeps its lock. No rule's script, since it comes before Snakemake.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from labproof import running


def main(arguments: list[str]) -> None:
    """Unlock, if need be, with the arguments that the run will get."""
    if not any((running.FOLDER / "locks").glob("*.lock")):
        return
    try:
        run = running.alone(running.RUN)
    except running.Busy:
        print("A run is going on in this folder: it keeps its lock.", flush=True)
        return
    with run:
        print("The run before was killed: its lock is taken away.", flush=True)
        try:
            jobs = running.alone(running.JOBS)
        except running.Busy:
            print("Its last jobs are still at work: waiting until they have left.", flush=True)
            jobs = running.alone(running.JOBS, wait=True)
        jobs.close()
        command = [sys.executable, "-m", "snakemake", "--unlock", *arguments]
        told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if told.returncode:
        sys.exit(told.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
