"""What every benchmark begins with: labproof within reach, and lines that say what it ran on.

Of the standard library alone: what is imported here is imported by each contender as well.
"""

import datetime
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from labproof import provenance  # noqa: E402

LIBRARIES = ("tensorflow", "keras", "jax", "snakemake")
VECTORS = ("avx512f", "avx2")  # the widest first


def describe() -> str:
    """The command; date, commit and machine; libraries: three lines that begin with #."""
    command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    machine = [
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        f"commit {_told('git', 'rev-parse', '--short', 'HEAD') or 'unknown'}",
        f"{os.cpu_count()} threads of {_processor()}",
        f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        *_told("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").splitlines(),
    ]
    libraries = [f"{name} {found}" for name, found in provenance.versions(LIBRARIES).items()]
    return "\n".join(f"# {', '.join(parts)}" for parts in ([command], machine, libraries))


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
        ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return ended.stdout.strip()
