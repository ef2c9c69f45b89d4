"""Thirty made-up reports on lab 3: what is trained for them, and how fast they stand side by side.

    python benchmarks/overview_speed.py

In a fresh folder the preset smoke runs with the lab's own findings. Then these make way for thirty
reports, each with half of the sentences, of which each third claims the opposite. Told are the
jobs that are planned then, and the seconds of judging all and of the overview: of its job, which
begins with Python's start and its imports, and of the work alone, in this process.
"""

import csv
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from _common import ROOT, describe
from labproof import paths
from labproof.lab import plan
from labproof.page import overview

REPORTS = 30
OPPOSITE = {"above": "below", "below": "above", "shows": "lacks", "lacks": "shows"}
TRAINING = ("train_block", "train_backbone", "draw_heatmaps", "extract_features")


def made_up(written: dict, count: int = REPORTS) -> dict[str, dict]:
    """Name -> what a report claims, drawn from what one report claims (the same at each call)."""
    found = {}
    for number in range(1, count + 1):
        rng = random.Random(number)
        own = [entry for entry in written["findings"] if not entry.get("ours")]
        half = sorted(rng.sample(range(len(own)), (len(own) + 1) // 2))
        entries = [_turned(own[k]) if rng.random() < 1 / 3 else own[k] for k in half]
        found[f"report-{number:02d}"] = {"findings": entries}
    return found


def _turned(entry: dict) -> dict:
    """The opposite; a number that it says is another by twice the margin. Of parts, the first."""
    if "parts" in entry:
        return {**entry, "parts": [_turned(entry["parts"][0]), *entry["parts"][1:]]}
    turned = {OPPOSITE.get(key, key): value for key, value in entry.items()}
    if "about" in turned:
        turned["about"] = round(turned["about"] - 2.1 * turned["within"], 6)
    return turned


def write(lab: Path, count: int = REPORTS) -> list[str]:
    """Put made-up reports in the place of a lab's own; their names."""
    written = yaml.safe_load((lab / "findings.yaml").read_text(encoding="utf-8"))
    reports = made_up(written, count)
    (lab / "findings").mkdir()
    for name, report in reports.items():
        text = yaml.safe_dump(report, sort_keys=False, allow_unicode=True)
        (lab / f"findings/{name}.yaml").write_text(text, encoding="utf-8")
    shared = {key: written[key] for key in ("least", "curves") if key in written}
    (lab / "findings.yaml").write_text(yaml.safe_dump(shared, sort_keys=False), encoding="utf-8")
    (lab / "report.md").unlink(missing_ok=True)
    return list(reports)


def snakemake(project: Path, *arguments: str) -> tuple[str, float]:
    """What one call prints, and its seconds."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    start = time.perf_counter()
    ran = subprocess.run(command, cwd=project, check=True, capture_output=True, text=True)
    return ran.stdout + ran.stderr, time.perf_counter() - start


def alone(project: Path) -> float:
    """Seconds to write the overview where everything is imported, from findings.json to HTML."""
    os.chdir(project)
    lab = plan.resolve({**plan.read_config(project), "preset": "smoke"}, project)
    results = paths.of_resolved(lab)
    files = {name: Path(results.of_report(name).findings) for name in lab["reports"]}
    start = time.perf_counter()
    overview.write(
        lab, files, project / "report/overview.html.jinja", Path("o.html"), Path("o.csv")
    )
    took = time.perf_counter() - start
    os.chdir(ROOT)
    return took


def main() -> None:
    """Print a line a figure."""
    print(describe(), flush=True)
    settings = ("--resources", "gpu=1", "--config", "preset=smoke")
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        for part in ("workflow", "scripts", "config", "report"):
            shutil.copytree(ROOT / part, project / part)
        snakemake(project, "--cores", "2", *settings)
        write(project / "config/labs/lab3")
        results = project / "results/lab3/smoke"
        target = str((results / "reports/index.html").relative_to(project))
        plan, planning = snakemake(project, "-n", *settings)
        jobs = dict(re.findall(r"^(\w+) +(\d+)$", plan, re.M))
        _, judging = snakemake(project, "--cores", "2", *settings, "--", target)
        with (results / "benchmarks/write_overview.tsv").open(encoding="utf-8") as table:
            (row,) = csv.DictReader(table, delimiter="\t")
        with (results / "reports/claims.csv").open(encoding="utf-8") as table:
            claims = list(csv.DictReader(table))
        sentences = sum(
            len(json.loads(file.read_text(encoding="utf-8")))
            for file in results.glob("reports/*/findings.json")
        )
        again, nothing = snakemake(project, "-n", *settings, "--", target)
        work = alone(project)
        size = (results / "reports/index.html").stat().st_size / 2**20
    trained = sum(int(jobs.get(rule, 0)) for rule in TRAINING)
    against = sum(bool(claim["contradicts"]) for claim in claims)
    print(f"trainings and heatmaps that are planned   {trained:6d}")
    print(f"reports that are judged                   {int(jobs['judge_findings']):6d}")
    print(f"  their sentences                         {sentences:6d}")
    print(f"  their claims of one thing               {len(claims):6d}")
    print(f"    that another report contradicts       {against:6d}")
    print(f"to plan all                               {planning:6.1f} s")
    print(f"to judge all on two cores, with overview  {judging:6.1f} s")
    print(f"  the overview's job                      {float(row['s']):6.1f} s")
    print(f"    its work alone                        {work:6.1f} s")
    print(f"  its page                                {size:6.2f} MiB")
    print(f"again                                     {nothing:6.1f} s", end="")
    print(", nothing to be done" if "Nothing to be done" in again else ", and something to do")


if __name__ == "__main__":
    main()
