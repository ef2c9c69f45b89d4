"""Labs whose own code trains their cells, through the whole workflow."""

import csv
import json
import re

import pandas as pd
import pytest
import yaml

from labs import TASKS, toy
from project import copy_to, snakemake

HISTORY = "results/toy/smoke/histories/high.csv"
# What the page of another lab must not say: words of lab 3, and of what only Labproof trains.
PACKED = r"[A-Za-z0-9+/]{76,}=*"  # the explorer's data: any letters at all
FOREIGN = (
    r"skin|bone|lesion|film|doctor|nev|melanom|phantom|VGG|AlexNet|Keras|heatmap|backbone|Grad-CAM"
)


@pytest.fixture
def project(tmp_path):
    folder = copy_to(tmp_path / "project")
    toy(folder / "labs/toy")
    return folder


def run(project, *targets, config=(), options=()):
    settings = ["lab=labs/toy", "preset=smoke", *config]
    return snakemake(project, *options, "--config", *settings, "--", *targets)


def test_code_of_a_stranger_waits_for_a_word_and_a_seed_that_fails_is_told(project, monkeypatch):
    asked = run(project, HISTORY)
    assert asked.returncode == 1 and "--config trust=toy" in asked.stdout
    assert not (project / "results/toy/smoke/blocks").exists()
    monkeypatch.setenv("FAILING", "1")
    ran = run(project, HISTORY, config=["trust=toy"])
    assert ran.returncode == 1
    assert "run_command: high, seed 1: the command ended with status 1" in ran.stdout
    assert "    this seed does not work" in ran.stdout
    assert "Traceback" not in ran.stdout
    monkeypatch.delenv("FAILING")
    ran = run(project, HISTORY)
    assert ran.returncode == 0, ran.stdout
    assert "run_command" in ran.stdout and "high, seed 0" not in ran.stdout
    table = pd.read_csv(project / HISTORY)
    assert table.groupby("seed")["epoch"].apply(list).tolist() == [[1, 2, 3, 4]] * 2
    assert (project / "results/toy/smoke/runs/high/1-1/output.log").is_file()
    # a change of logic runs again, a comment does not
    code = project / "labs/toy/train.py"
    code.write_text("# a comment\n" + code.read_text())
    assert "Nothing to be done" in run(project, HISTORY, options=["-n"]).stdout
    code.write_text(code.read_text().replace("range(4)", "range(5)"))
    assert re.search(r"run_command +2", run(project, HISTORY, options=["-n"]).stdout)


@pytest.mark.slow
def test_a_whole_report_of_a_strangers_lab_and_a_partial_one(project, monkeypatch):
    monkeypatch.setenv("FAILING", "1")
    page = project / "results/toy/smoke/report/index.html"
    ran = run(project, "all", config=["trust=toy"])
    assert ran.returncode == 1
    ran = run(project, "all", config=["partial=True", "trust=toy"])
    assert ran.returncode == 0, ran.stdout
    assert "this seed does not work" in page.read_text()
    monkeypatch.delenv("FAILING")
    ran = run(project, "all")
    assert ran.returncode == 0, ran.stdout
    (told,) = (project / "results/toy/smoke/repeats").rglob("*.json")
    assert json.loads(told.read_text())["differs"] == []
    (finding,) = json.loads((project / "results/toy/smoke/findings.json").read_text())
    assert finding["verdict"] == "reproduced"
    assert "Judged over seeds alone" in finding["reason"]
    text = re.sub(PACKED, "", page.with_suffix(".qmd").read_text())
    assert not re.search(FOREIGN, text, re.I)


@pytest.mark.slow
def test_three_reports_are_judged_on_the_trainings_of_one(project):
    ran = run(project, "all", config=["trust=toy"])
    assert ran.returncode == 0, ran.stdout
    lab, results = project / "labs/toy", project / "results/toy/smoke"
    before = json.loads((results / "findings.json").read_text())
    (lab / "findings").mkdir()
    written = yaml.safe_load((lab / "findings.yaml").read_text())
    (finding,) = written["findings"]
    for name, changes in (("anna", {}), ("ben", {"above": 0.9}), ("carl", {"id": "so"})):
        own = {"findings": [{**finding, **changes}]}
        (lab / f"findings/{name}.yaml").write_text(yaml.safe_dump(own))
    (lab / "findings/carl.yaml").write_text(
        yaml.safe_dump({"findings": [{**finding, "id": "so", "cell": "low", "above": "high"}]})
    )
    (lab / "findings/carl.md").write_text("## one\n\nWe say [low is higher]{finding=so}.\n")
    (lab / "findings.yaml").unlink()
    ran = run(project, "all")
    assert ran.returncode == 0, ran.stdout
    assert "run_command" not in ran.stdout and "gather_runs" not in ran.stdout
    assert "carl: ✓ 0 reproduced, ✗ 1 not reproduced, ? 0 undecided" in ran.stdout
    assert "All 3 reports side by side: results/toy/smoke/reports/index.html" in ran.stdout
    judged = {name: results / f"reports/{name}/findings.json" for name in ("anna", "ben", "carl")}
    assert json.loads(judged["anna"].read_text()) == before
    with (results / "reports/claims.csv").open() as file:
        rows = {row["report"]: row for row in csv.DictReader(file)}
    assert {name: row["contradicts"] for name, row in rows.items()} == {
        "anna": "carl",
        "ben": "",
        "carl": "anna",
    }
    page = results / "reports/carl/report/index.html"
    assert "low is higher" in page.read_text()
    assert "carl/so" in page.with_suffix(".qmd").read_text()
    # one report that is changed is judged and shown again, and the others are left
    times = {name: file.stat().st_mtime_ns for name, file in judged.items()}
    own = {"findings": [{**finding, "above": 0.1}]}
    (lab / "findings/ben.yaml").write_text(yaml.safe_dump(own))
    assert run(project, "all").returncode == 0
    changed = [name for name, file in judged.items() if file.stat().st_mtime_ns != times[name]]
    assert changed == ["ben"]
    assert "Nothing to be done" in run(project, "all", options=["-n"]).stdout
    ran = run(project, "finding", config=["finding=carl/so"])
    assert ran.returncode == 0 and "so: High ends above low." in ran.stdout


@pytest.mark.slow
def test_histories_that_are_there_are_judged_and_nothing_is_run(project):
    lab = toy(project / "labs/toy", run=None, files=None, given="runs/{cell}/seed{seed}.csv")
    for cell, gain in (("low", 0.5), ("high", 0.7)):
        (lab / "runs" / cell).mkdir(parents=True)
        for seed in (0, 1):
            rows = {"epoch": [0, 1], "loss": [1, 0.5], "val_acc": [100 * gain, 100 * gain + seed]}
            pd.DataFrame(rows).to_csv(lab / f"runs/{cell}/seed{seed}.csv", index=False)
    reads = {"columns": {"val_acc": "val_accuracy"}, "percent": ["val_acc"]}
    toy(lab, run=None, files=None, given="runs/{cell}/seed{seed}.csv", reads=reads)
    ran = run(project, "all")
    assert ran.returncode == 0, ran.stdout
    table = pd.read_csv(project / HISTORY)
    assert table["val_accuracy"].tolist() == [0.7, 0.7, 0.7, 0.71]
    assert TASKS["run"] not in (project / "results/toy/smoke/report/index.qmd").read_text()


LOOP = """
import random
from labproof.run import log
print("a process")
for level in (0.5, 0.7):
    for epoch in range(3):
        log(epoch=epoch, val_accuracy=level + random.random() / 100)
"""


@pytest.mark.slow
def test_one_process_that_trains_all_cells_runs_once_a_seed(project):
    cells = {name: {"label": name, "fit": k} for k, name in enumerate(("low", "high"), 1)}
    tasks = {"one": {"title": "Both", "did": "Draw curves.", "cells": cells}}
    lab = toy(project / "labs/toy", run="python -m labproof.run train.py", tasks=tasks)
    (lab / "train.py").write_text(LOOP)
    ran = run(project, "all", config=["trust=toy"])
    assert ran.returncode == 0, ran.stdout
    results = project / "results/toy/smoke"
    printed = list(results.glob("runs/*/*/output.log"))
    assert [file.read_text().count("a process") for file in printed] == [1, 1]
    assert "Not all that is random" not in (results / "report/index.qmd").read_text()
    # the same without a seed: seeds are replicates all the same, and the page tells of it
    (lab / "train.py").write_text(LOOP.replace("random.random", "random.SystemRandom().random"))
    ran = run(project, "all")
    assert ran.returncode == 0, ran.stdout
    told = (results / "report/index.qmd").read_text()
    assert "a second run of low with seed 0 left other numbers" in told
    for cell, level in (("low", 0.5), ("high", 0.7)):
        table = pd.read_csv(results / f"histories/{cell}.csv")
        assert table["val_accuracy"].between(level, level + 0.01).all() and len(table) == 6


@pytest.mark.slow
def test_a_run_that_ignores_its_seed_is_told(project):
    toy(project / "labs/toy", run="python train.py --gain {gain} --seed 0 --out {out}")
    ran = run(project, HISTORY, config=["trust=toy"])
    assert ran.returncode == 1
    assert "high: seeds 0 and 1 give equal numbers in all columns" in ran.stdout
    assert "deterministic: true" in ran.stdout
    toy(
        project / "labs/toy",
        run="python train.py --gain {gain} --seed 0 --out {out}",
        deterministic=True,
    )
    assert run(project, HISTORY).returncode == 0


@pytest.mark.slow
def test_the_digits_lab_and_its_page(tmp_path):
    project = copy_to(tmp_path)
    ran = snakemake(project, "--config", "lab=digits", "preset=smoke")
    assert ran.returncode == 0, ran.stdout
    results = project / "results/digits/smoke"
    predictions = pd.read_csv(results / "predictions/plain.csv")
    assert predictions.groupby(["seed", "split"]).size().unique().tolist() == [600]
    answers = predictions[[f"p{digit}" for digit in range(10)]]
    assert answers.sum(axis=1).between(0.999, 1.001).all()
    # what the code says of the images is what can be counted in its answers
    final = predictions[predictions["split"] == "final"]
    right = answers.loc[final.index].to_numpy().argmax(axis=1) == final["label"]
    told = pd.read_csv(results / "scalars/plain.csv").set_index(["seed", "name"])["value"]
    for seed, share in right.groupby(final["seed"]).mean().items():
        assert told[seed, "test_accuracy"] == pytest.approx(share)
    assert len(json.loads((results / "findings.json").read_text())) >= 19
    text = re.sub(PACKED, "", (results / "report/index.qmd").read_text())
    assert "test images" in text
    assert not re.search(FOREIGN, text, re.I)
