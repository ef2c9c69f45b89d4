"""A training block in its own process, as Snakemake runs it: `python tests/block.py FOLDER`."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from project import ROOT


def prepare(folder: Path, cell: dict, dataset) -> Path:
    """A folder with what the block needs."""
    from labproof.data import store

    store.write(folder / "data", dataset.inputs, dataset.records)
    (folder / "cell.json").write_text(json.dumps(cell))
    return folder


def snakemake(folder: Path, cell: dict) -> SimpleNamespace:
    """What Snakemake would put into the script, for files in `folder`."""
    outputs = {name: str(folder / f"{name}.csv") for name in ("history", "predictions", "facts")}
    return SimpleNamespace(
        rule="train_block",
        threads=1,
        resources={},
        config={"checkpoint": 0},
        wildcards=SimpleNamespace(block="0-1"),
        input=SimpleNamespace(data=str(folder / "data"), begun=[]),
        output=SimpleNamespace(**outputs, models=str(folder / "models")),
        params=SimpleNamespace(
            cell=cell, code="code", continued=False, scratch=str(folder / "scratch")
        ),
        log=[str(folder / "log")],
    )


def start(folder: Path) -> subprocess.Popen:
    """Begin the block, or go on with it; what it says on the screen is piped."""
    command = [sys.executable, __file__, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def made(folder: Path) -> dict[str, bytes]:
    """Name -> content of what the block is for."""
    files = [folder / "history.csv", folder / "predictions.csv"]
    files += sorted((folder / "models").glob("*.h5"))
    return {file.name: file.read_bytes() for file in files}


if __name__ == "__main__":
    here = Path(sys.argv[1])
    given = {"snakemake": snakemake(here, json.loads((here / "cell.json").read_text()))}
    runpy.run_path(str(ROOT / "scripts/train_block.py"), init_globals=given)
