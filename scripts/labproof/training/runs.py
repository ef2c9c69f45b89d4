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
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from labproof.errors import LabError
from labproof.lab import commands

LINES = 15  # of the command's own output, in a message
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


def furnish(folder: Path, lab: Path, run: Mapping) -> None:
    """Make the folder of a run, with the files that it needs: code copied, the rest linked.

    A link to a file would let the run write into the lab, so only large files and folders are ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in commands.files(run, lab):
        target = folder / path.relative_to(lab)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.stat().st_size <= COPIED:
            shutil.copy2(path, target)
        else:
            target.symlink_to(path.absolute())


def settings(cell: Mapping, name: str, seed: int, folder: Path, saved: Path) -> dict:
    """What the command may ask for, in braces; and a file of it, which `config` names."""
    values = commands.fields(name, cell, seed, str(folder))
    values["checkpoints"] = str(saved)
    with open(values["config"], "w", encoding="utf-8") as file:
        json.dump({key: x for key, x in values.items() if key != "config"}, file, indent=1)
    return values


def surroundings(values: Mapping, threads: int) -> dict[str, str]:
    """The environment variables of a run: those of this process, and what the run is about."""
    # the folder alone that holds the recorder, behind the script's own
    package = Path(__file__).resolve().parents[2]
    known = {key: x for key, x in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    counts = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    told = {f"LABPROOF_{key.upper()}": commands.text(x) for key, x in values.items()}
    return {
        **known,
        **{key: str(count) for key, count in counts.items()},
        **told,
        "MPLBACKEND": "Agg",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": str(values["seed"]),
        "PYTHONPATH": str(package),
        "PYTHONUNBUFFERED": "1",
    }


def execute(
    words: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    python: Path,
    what: str,
) -> Ended:
    """Run a command in its folder, its output in this process' own and in a file there.

    Parameters
    ----------
    words
        The command; python as the first one is `python`.
    what
        What a message calls this run.

    Raises
    ------
    LabError
        It cannot be started or ends otherwise than with status 0: with its last lines, and what
        mends it where that can be told.
    """
    shown = " ".join(words)
    words = [str(python), *words[1:]] if words[0] in commands.INTERPRETERS else list(words)
    last: deque[str] = deque(maxlen=LINES)
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_job if sys.platform == "linux" else None,
        )
    except OSError as error:
        raise LabError(
            f"{what}: {words[0]} cannot be started ({error.strerror}). {AGAIN}"
        ) from None
    with _ended_with_this_one(process), (folder / OUTPUT).open("wb") as file:
        for line in process.stdout:
            file.write(line)
            file.flush()
            os.write(sys.stdout.fileno(), line)
            last.append(line.decode(errors="replace").split("\r")[-1].rstrip())
        status = process.wait()
    if status:
        told = "\n".join(f"    {line}" for line in last) or "    (it printed nothing)"
        cause = _cause(status, list(last), python)
        raise LabError(f"{what}: {shown}\n{_status(status)} Its last lines:\n\n{told}\n\n{cause}")
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
        return f"ended with status {status}."
    return f"was ended by {signal.Signals(-status).name}."


def _cause(status: int, lines: Sequence[str], python: Path) -> str:
    text = "\n".join(lines)
    for pattern, mend in MENDS:
        found = re.search(pattern, text)
        if found:
            return f"{mend.format(*filter(None, found.groups()), python=python)} {AGAIN}"
    if status == -signal.SIGKILL:
        return f"Mostly that is for lack of memory: ask for more under mem_mb. {AGAIN}"
    return AGAIN


def facts(recorded: Mapping, ended: Ended, seed: int) -> pd.DataFrame:
    """One row of what a run cost and by what it ran, as `trainer.facts` has it of a block."""
    row = {
        "block": f"{seed}-{seed}",
        "seeds": 1,
        "seconds": round(ended.seconds, 1),
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
            last = "\n".join(f"    {line}" for line in told.stdout.splitlines()[-LINES:])
            raise LabError(
                f"{packages}: no environment can be made of it. The last lines of pip:\n\n{last}"
                "\n\nMend the file; where it needs another Python, make the environment yourself "
                "and name its program under python."
            )
