"""What a benchmark ran on: its first lines, so that a kept output says what its numbers are of."""

import contextlib
import datetime
import importlib.metadata
import platform
import shlex
import subprocess
import sys
from pathlib import Path

import psutil

LIBRARIES = ("tensorflow", "tensorflow-cpu", "keras", "jax", "snakemake")
VECTORS = ("avx512f", "avx2")  # the widest first


def describe() -> str:
    """The command; date, commit and machine; libraries: three lines that begin with #."""
    memory = psutil.virtual_memory().total / 2**30
    parts = [
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        f"commit {_told('git', 'rev-parse', '--short', 'HEAD') or 'unknown'}",
        f"{psutil.cpu_count()} threads of {_processor()}",
        f"{memory:.0f} GiB",
        *_told("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").splitlines(),
    ]
    libraries = [f"Python {platform.python_version()}"]
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            libraries.append(f"{name} {importlib.metadata.version(name)}")
    command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    return "\n".join(f"# {line}" for line in (command, ", ".join(parts), ", ".join(libraries)))


def _processor() -> str:
    table = Path("/proc/cpuinfo")
    lines = table.read_text(encoding="utf-8").splitlines() if table.exists() else []
    parted = [line.partition(":") for line in lines]
    told = {name.strip(): value.strip() for name, _, value in parted}
    name = told.get("model name") or platform.processor() or platform.machine()
    widest = [kind for kind in VECTORS if kind in told.get("flags", "").split()]
    return " with ".join([name, *widest[:1]])


def _told(*command: str) -> str:
    """What a program prints; nothing where it is missing or fails."""
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return ended.stdout.strip()
