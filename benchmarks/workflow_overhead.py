"""What the workflow itself takes: to plan, to find nothing to do, and beside its jobs.

    python benchmarks/workflow_overhead.py

Planning is `snakemake -n` of the lab's whole matrix with 1000 seeds in blocks of 10, and with the
preset's five; of a lab that is this one twenty times over, with 5 and with 100 seeds. A run without
anything to do and the time beside the jobs are of the preset smoke, in a fresh folder on one core,
where jobs do not overlap.
"""

import csv
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from _common import ROOT, describe

SEEDS, BLOCK = 1000, 10
TIMES, MORE_SEEDS = 20, 100


def snakemake(project: Path, *arguments: str) -> float:
    """Seconds of one call."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    start = time.perf_counter()
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    return time.perf_counter() - start


def multiply(tasks: Path) -> int:
    """Write a lab's tasks `TIMES` over, each time at another learning rate; the number of cells."""
    lab = yaml.safe_load(tasks.read_text())
    made = {}
    for n in range(TIMES):
        end = f"-{n}" if n else ""  # the first ones keep the names that findings know
        for name, task in lab["tasks"].items():
            cells = {
                f"{cell}{end}": {**own, "learning_rate": own["learning_rate"] * (1 + n / 1000)}
                for cell, own in task.get("cells", {}).items()
            }
            made[f"{name}{end}"] = {**task, **({"cells": cells} if cells else {})}
    tasks.write_text(yaml.safe_dump({**lab, "tasks": made}, sort_keys=False))
    return sum(len(task.get("cells", {})) for task in made.values())


def main() -> None:
    """Print a line a kind of overhead."""
    print(describe(), flush=True)
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        for part in ("workflow", "scripts", "config", "report"):
            shutil.copytree(ROOT / part, project / part)
        plan = ("-n", "--quiet", "all", "--config", "preset=lab")
        few = snakemake(project, *plan)
        tasks = project / "config/labs/lab3/tasks.yaml"
        before = tasks.read_text()
        cells = multiply(tasks)
        large = snakemake(project, *plan)
        largest = snakemake(project, *plan, f"seeds={MORE_SEEDS}")
        tasks.write_text(before)
        preset = project / "config/presets/lab.yaml"
        preset.write_text(re.sub(r"(?m)^block: \d+", f"block: {BLOCK}", preset.read_text()))
        many = snakemake(project, *plan, f"seeds={SEEDS}")
        run = ("--cores", "1", "--config", "preset=smoke")
        whole, again = snakemake(project, *run), snakemake(project, *run)
        jobs = 0.0
        for file in project.glob("results/lab3/smoke/benchmarks/**/*.tsv"):
            with file.open(encoding="utf-8") as table:
                jobs += sum(float(row["s"]) for row in csv.DictReader(table, delimiter="\t"))
    print(f"to plan the lab with 5 seeds           {few:6.1f} s")
    print(
        f"to plan it with {SEEDS} in blocks of {BLOCK:3d}    {many:6.1f} s, times {many / few:.1f}"
    )
    print(f"to plan {cells} cells with 5 seeds         {large:6.1f} s, times {large / few:.1f}")
    print(f"to plan them with {MORE_SEEDS}                  {largest:6.1f} s")
    print(f"smoke on one core                      {whole:6.1f} s")
    beside = whole - jobs
    print(f"  beside its jobs                      {beside:6.1f} s, share {beside / whole:.2f}")
    print(f"  again, with nothing to do            {again:6.1f} s")


if __name__ == "__main__":
    main()
