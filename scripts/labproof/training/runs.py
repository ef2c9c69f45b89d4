"""One run of a user's command: its folder, its environment, its end, and what it left behind."""

import contextlib
import ctypes
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from labproof import provenance
from labproof.errors import LabError
from labproof.lab import commands
from labproof.training import outcomes

COPIED = 16 * 2**20  # bytes; a larger file of the lab is linked
OUTPUT = "output.log"  # all that the command prints, in its folder
GRACE = 20  # seconds between asking a command to end and ending it

# What the last lines of a program tell -> what mends it. The first that fits is told.
MENDS = (
    (
        r"(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)",
        "The Python that ran it ({python}) lacks the package {0}. Name another under python, or "
        "write the packages that the code needs into a file and name it under environment.",
    ),
    (
        r"(?:ImportError: cannot import name '([\w.]+)'|AttributeError: module '([\w.]+)' has no)",
        "The code was written for another version of a package than {python} has. Write the "
        "versions that it needs into a file and name it under environment.",
    ),
    (
        r"(?:No such file or directory|can't open file)[^'\"]*['\"]([^'\"]+)['\"]",
        "Only what is named under files is in the folder of a run. If {0} is a file of the lab, "
        "name it there.",
    ),
    (
        r"error: (?:unrecognized arguments|the following arguments are required|argument)",
        "The program and the line under run do not agree on its arguments.",
    ),
    (
        r"(?:MemoryError|out of memory|CUDA_ERROR_OUT_OF_MEMORY|ResourceExhaustedError)",
        "It lacks memory: ask for more under mem_mb, or train on less.",
    ),
)
AGAIN = "Mend it and run again: what is done stays done."


class Ended(NamedTuple):
    """How a command ended."""

    seconds: float
    memory: float  # largest of it and what it started, MiB


class Place:
    """Where one run is at work: `folder`, where it writes; `checkpoints`, which it may use.

    What is in `checkpoints`, and what the recorder has written, is there again after a kill; all
    else begins anew. Nothing is, where the settings or the code are others than before.

    Parameters
    ----------
    root
        Absolute; holds all that follows.
    key
        What JSON can say of all that the run hangs on.
    """

    def __init__(self, root: Path, key: object):
        self.root, self.folder, self.checkpoints = root, root / "run", root / "checkpoints"
        self.output = self.folder / OUTPUT
        wanted, told = provenance.data_hash(key), root / "key.txt"
        if not told.is_file() or told.read_text(encoding="utf-8") != wanted:
            shutil.rmtree(root, ignore_errors=True)
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        told.write_text(wanted, encoding="utf-8")
        self.folder.mkdir(exist_ok=True)
        for path in self.folder.iterdir():
            if path.is_symlink() or path.is_file():
                path.unlink()
            elif not path.name.startswith("fit-"):
                shutil.rmtree(path)

    def furnish(self, lab: Path, run: Mapping) -> None:
        """Put the files there that a run needs: code copied, large files and folders linked.

        What the run wrote through a link would be written into the lab.
        """
        for path in commands.files(run, lab):
            target = self.folder / path.relative_to(lab)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_file() and path.stat().st_size <= COPIED:
                shutil.copy2(path, target)
            else:
                target.symlink_to(path.absolute())


def surroundings(values: Mapping, threads: int, python: str) -> dict[str, str]:
    """The environment variables of a run: those of this process, and what the run is about.

    Programs beside its Python come first.
    """
    # the folder that holds the recorder; a script's own modules come before it
    package = Path(__file__).resolve().parents[2]
    known = {key: x for key, x in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    counts = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    told = {f"LABPROOF_{key.upper()}": commands.text(x) for key, x in values.items()}
    return {
        **known,
        **{key: str(count) for key, count in counts.items()},
        **told,
        "MPLBACKEND": "Agg",
        "PATH": os.pathsep.join([str(Path(python).parent), os.environ.get("PATH", os.defpath)]),
        "PYTHONHASHSEED": str(values["seed"]),
        "PYTHONPATH": str(package),
        "PYTHONUNBUFFERED": "1",
    }


def execute(
    place: Place,
    cell: Mapping,
    name: str,
    seed: int,
    *,
    lab: Path,
    made: Path | None = None,
    threads: int = 1,
) -> Ended:
    """Run a cell's command for one seed, its output in this process' own and in `place.output`.

    Parameters
    ----------
    lab
        The lab's folder, from where `python` may be a path.
    made
        The environment that was made for the lab.

    Raises
    ------
    LabError
        It cannot be started or ends otherwise than with status 0: with its last lines, and what
        mends it where that can be told.
    """
    values = commands.fields(name, cell, seed, str(place.folder))
    values["checkpoints"] = str(place.checkpoints)
    with open(values["config"], "w", encoding="utf-8") as file:
        json.dump({key: x for key, x in values.items() if key != "config"}, file, indent=1)
    words = commands.words(cell["run"]["command"], values)
    shown = " ".join(words)
    python = sys.executable
    if made:
        python = str(made.absolute() / "bin/python")
    elif cell["run"]["python"]:
        python = str(commands.interpreter(cell["run"]["python"], lab))
    if words[0] in commands.INTERPRETERS:
        words[0] = python
    goes_on = any(place.checkpoints.iterdir())
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            words,
            cwd=place.folder,
            env=surroundings(values, threads, python),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_job if sys.platform == "linux" else None,
        )
    except OSError as error:
        cause = f"{words[0]} cannot be started ({error.strerror}). {AGAIN}"
        raise LabError(f"{name}, seed {seed}: {cause}") from None
    with _ended_with_this_one(process), place.output.open("wb") as file:
        for line in process.stdout:
            file.write(line)
            file.flush()
            os.write(sys.stdout.fileno(), line)
        status = process.wait()
    if status:
        last = outcomes.tail(place.output)
        cause = _cause(status, last, python)
        if goes_on and status > 0:
            cause += (
                f" If what an earlier run has left in {place.checkpoints} is broken, delete it."
            )
        raise LabError(
            f"{name}, seed {seed}: {_status(status)}: {shown}\n\nThe last lines that it printed:"
            f"\n\n{last}\n\n{cause}"
        )
    for kept, folders, _ in os.walk(place.folder):  # what Python compiled is no result
        if "__pycache__" in folders:
            folders.remove("__pycache__")
            shutil.rmtree(Path(kept, "__pycache__"))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return Ended(time.monotonic() - began, peak / (2**20 if sys.platform == "darwin" else 2**10))


def _end_with_job() -> None:
    """In the command, before it begins: it is ended when this process is killed."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


@contextlib.contextmanager
def _ended_with_this_one(process: subprocess.Popen):
    """Whatever ends this process ends the command and what it has started, first politely."""

    def end(number, _):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        print(f"{signal.Signals(number).name}: the command was ended", flush=True)
        os._exit(128 + number)

    before = {
        number: signal.signal(number, end)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _status(status: int) -> str:
    if status >= 0:
        return f"the command ended with status {status}"
    return f"the command was ended by {signal.Signals(-status).name}"


def _cause(status: int, text: str, python: str) -> str:
    for pattern, mend in MENDS:
        found = re.search(pattern, text)
        if found:
            return f"{mend.format(*filter(None, found.groups()), python=python)} {AGAIN}"
    if status == -signal.SIGKILL:
        return f"Mostly that is for lack of memory: ask for more under mem_mb. {AGAIN}"
    return AGAIN


def facts(recorded: Mapping, ended: Ended, seed: int, *, of_fits: bool = False) -> pd.DataFrame:
    """One row of what a run cost and by what it ran, as `trainer.facts` has it of a block.

    With `of_fits`, of a run that trains several cells, `seconds` are those of this cell's fits.
    """
    seconds = recorded.get("seconds", ended.seconds) if of_fits else ended.seconds
    row = {
        "block": f"{seed}-{seed}",
        "seeds": 1,
        "seconds": round(seconds, 1),
        "process_seconds": round(ended.seconds, 1),
        "peak_memory_mib": round(ended.memory),
        "device": "GPU" if os.environ.get("CUDA_VISIBLE_DEVICES") else "CPU",
        "parameters": recorded.get("parameters"),
    }
    return pd.DataFrame([{**row, **recorded.get("versions", {})}])


def make_environment(folder: Path, packages: Path) -> None:
    """Make a virtual environment with the packages that a file names.

    Raises
    ------
    LabError
        pip could not install them: with its last lines.
    """
    made = [sys.executable, "-m", "venv", "--clear", str(folder)]
    install = [str(folder / "bin/python"), "-m", "pip", "install", "--disable-pip-version-check"]
    for words in (made, [*install, "-r", str(packages)]):
        told = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(told.stdout, flush=True)
        if told.returncode:
            last = "\n".join(f"    {line}" for line in told.stdout.splitlines()[-15:])
            raise LabError(
                f"{packages}: no environment can be made of it. The last lines of pip:\n\n{last}"
                "\n\nMend the file; where it needs another Python, make the environment yourself "
                "and name its program under python."
            )
