"""A copy of the project in a folder of its own, and Snakemake run in it."""

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

import forked_snakemake
from labproof.lab import plan

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("config", "workflow", "scripts", "report")
TASKS = ("1a", "1b", "3", "7", "8")  # every rule is there, and every kind of cell
# Cells like another one there, and the images that they alone are about.
TWINS = r"^      (?:1b-bn|7-transfer-bone|8-vgg16-unmarked):.*?(?=^      \S|\Z)"
THEIRS = r"^  (?:bone-colour|bone-unmarked): .*\n"


def environment(**more: str) -> dict[str, str]:
    """The shell's environment, without what a `make test ARGS=…` around it leaves there.

    Make hands the variables of its command line on, and another make would take them for its own.
    """
    variables = re.findall(r"^(\w+) *\?=", (ROOT / "Makefile").read_text(), re.M)
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("MAKE", "MFLAGS")) and key not in variables
    }
    return {**kept, **more}


def copy_to(folder: Path) -> Path:
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def equip(folder: Path) -> Path:
    """Give a copy the environment of these tests as its own, as if make had made it."""
    if not Path(sys.prefix, "requirements-quarto.lock").is_file():
        pytest.skip("the tests do not run in the environment that make makes")
    for file in ("Makefile", *(path.name for path in ROOT.glob("requirements*.lock"))):
        shutil.copy2(ROOT / file, folder / file)  # as old as they are: nothing is to be made
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def trim(folder: Path, *tasks: str) -> Path:
    """Leave of a copy's lab 3 these tasks alone, by default `TASKS`, for a fifth of the time."""
    tasks = tasks or TASKS
    lab = folder / "config/labs/lab3"
    head, *blocks = re.split(r'^(?=  "?\w+"?:$)', (lab / "tasks.yaml").read_text(), flags=re.M)
    at = next(i for i, block in enumerate(blocks) if "\n    title:" in block)
    kept = [block for block in blocks[at:] if block.strip().split(":")[0].strip('"') in tasks]
    assert len(kept) == len(tasks)
    kept = [re.sub(TWINS, "", block, flags=re.M | re.S) for block in kept]
    head = re.sub(THEIRS, "", head, flags=re.M)
    (lab / "tasks.yaml").write_text("".join([head, *blocks[:at], *kept]))
    known = set(yaml.safe_load((lab / "tasks.yaml").read_text())["tasks"])
    cells = {
        name
        for task in yaml.safe_load((lab / "tasks.yaml").read_text())["tasks"].values()
        for name in task.get("cells", {})
    }
    head, *entries = re.split(r"^(?=  - id: )", (lab / "findings.yaml").read_text(), flags=re.M)
    named = re.compile(r"(?<![\w-])(?:cell|above|below|similar_to): (\d[a-z]?-[a-z0-9-]+)")
    found = [
        entry
        for entry in entries
        if re.search(r'task: "?(\w+)', entry).group(1) in known
        and set(named.findall(entry)) <= cells
    ]
    (lab / "findings.yaml").write_text("".join([head, *found]))
    left = {re.search("id: (.*)", entry).group(1) for entry in found}
    prose = (lab / "report.md").read_text()
    for section in re.findall(r"^## .*?(?=^## |\Z)", prose, re.M | re.S):
        if section.split()[1] not in tasks:
            prose = prose.replace(section, "")
    unjudged = re.sub(
        r"\[([^\[\]]*)\]\{finding=(\S+?)\}", lambda m: m[0] if m[2] in left else m[1], prose
    )
    (lab / "report.md").write_text(unjudged)
    with (lab / "published.csv").open() as file:
        header, *rows = csv.reader(file)
    with (lab / "published.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *(row for row in rows if row[0] in cells)])
    return folder


def resolved() -> dict:
    """What a trimmed copy of the lab is under the smoke preset."""
    with tempfile.TemporaryDirectory() as folder:
        return plan.resolve(plan.read_config(ROOT), trim(copy_to(Path(folder))), preset="smoke")


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run Snakemake in a copy; stdout and stderr come together in `stdout`."""
    return forked_snakemake.run(folder, "--cores", "2", *arguments, environment=dict(os.environ))


def smoke(folder: Path, *targets: str) -> subprocess.CompletedProcess:
    return snakemake(folder, "--resources", "gpu=1", "--config", "preset=smoke", "--", *targets)
