"""A script run through the recorder, in a process of its own."""

import csv
import json
import os
import subprocess
import sys

from project import ROOT

LIBRARY = ROOT / "scripts"


def run(folder, text, *arguments, seed="1", out="out", python=("-m", "labproof.run")):
    """A script in a folder of its own, through the recorder."""
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(text)
    known = {key: x for key, x in os.environ.items() if key not in ("PYTHONHASHSEED", "MPLBACKEND")}
    told = {"LABPROOF_SEED": seed, "LABPROOF_OUT": out}
    return subprocess.run(
        [sys.executable, *python, "train.py", *arguments],
        cwd=folder,
        env={**known, "PYTHONPATH": str(LIBRARY), **{key: x for key, x in told.items() if x}},
        capture_output=True,
        text=True,
    )


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def facts(folder):
    return json.loads((folder / "out/facts.json").read_text())
