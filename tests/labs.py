"""Small labs with code of their own, written into a folder for tests."""

from pathlib import Path

import yaml

TRAIN = """
import argparse, csv, os, random, sys
parser = argparse.ArgumentParser()
for name, kind in (("gain", float), ("seed", int), ("out", str)):
    parser.add_argument("--" + name, type=kind)
options = parser.parse_args()
if str(options.seed) in os.environ.get("FAILING", "").split(","):
    sys.exit("this seed does not work")
random.seed(options.seed)
with open(os.path.join(options.out, "history.csv"), "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["epoch", "loss", "accuracy", "val_loss", "val_accuracy"])
    for epoch in range(4):
        noise = random.random() / 100
        writer.writerow([epoch, 1 / (1 + epoch), 0.5, 1 - noise, options.gain + noise])
"""
TASKS = {
    "title": "A toy",
    "run": "python train.py --gain {gain} --seed {seed} --out {out}",
    "files": ["train.py"],
    "mem_mb": 100,
    "tasks": {
        "one": {
            "title": "Two gains",
            "did": "Draw curves.",
            "cells": {"low": {"label": "low", "gain": 0.5}, "high": {"label": "high", "gain": 0.7}},
        }
    },
}
FINDINGS = {
    "findings": [
        {
            "id": "higher",
            "task": "one",
            "statement": "High ends above low.",
            "measure": "final_val_accuracy",
            "cell": "high",
            "above": "low",
            "why": "It is planted.",
        }
    ]
}


def toy(folder: Path, **changes) -> Path:
    """Write the toy lab into a folder, some keys of tasks.yaml changed (None: without it)."""
    folder.mkdir(parents=True, exist_ok=True)
    tasks = {key: x for key, x in {**TASKS, **changes}.items() if x is not None}
    (folder / "tasks.yaml").write_text(yaml.safe_dump(tasks, sort_keys=False))
    (folder / "findings.yaml").write_text(yaml.safe_dump(FINDINGS, sort_keys=False))
    (folder / "train.py").write_text(TRAIN)
    return folder
