"""Two planted runs: what changed comes first, with its cause, and a bad folder is one message."""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from labproof.errors import LabError
from labproof.page import comparison
from project import ROOT

YES, NO, OPEN = "reproduced", "not reproduced", "undecided"


def part(verdict, estimate, low, high, values, cell="plain", **changes):
    return {
        "claim": f"final loss of {cell} above 0.1",
        "cell": cell,
        "other": None,
        "measure": "final_loss",
        "at": None,
        "verdict": verdict,
        "estimate": estimate,
        "low": low,
        "high": high,
        "n": len(values),
        "values": {cell: {str(seed): x for seed, x in values.items()}},
        **changes,
    }


def finding(name, *parts, **changes):
    return {
        "id": name,
        "statement": f"About {name}.",
        "reason": "So it is.",
        "cells": [each["cell"] for each in parts],
        **{key: parts[0][key] for key in ("verdict", "estimate", "low", "high", "n")},
        "parts": list(parts),
        **changes,
    }


def write(folder, entries, epochs=10, facts=None, pixels=48):
    """Results of which every cell has the same epochs; facts and data as told."""
    for name in ("histories", "facts", "datasets/skin"):
        (folder / name).mkdir(parents=True)
    (folder / "findings.json").write_text(json.dumps(entries))
    for cell in {each["cell"] for entry in entries for each in entry["parts"]}:
        history = pd.DataFrame({"seed": 0, "epoch": range(1, epochs + 1), "loss": 0.5})
        history.to_csv(folder / f"histories/{cell}.csv", index=False)
        told = {"block": "0-1", "seeds": 2, "seconds": 1.0, "parameters": 100, "keras": "3.1"}
        table = pd.DataFrame([{**told, **(facts or {})}])
        table.to_csv(folder / f"facts/{cell}.csv", index=False)
    np.save(folder / "datasets/skin/images.npy", np.zeros((3, pixels, pixels, 1), "uint8"))
    (folder / "datasets/skin/records.csv").write_text(
        "image,split,label\n0,train,0\n1,train,1\n2,validation,0\n"
    )
    return folder


SAME = {0: 0.2, 1: 0.3}
BEFORE = [
    finding("stays", part(YES, 0.25, 0.2, 0.3, SAME)),
    finding("moves", part(YES, 0.25, 0.2, 0.3, SAME)),
    finding("opens", part(YES, 0.25, 0.2, 0.3, SAME)),
    finding("turns", part(YES, 0.25, 0.2, 0.3, SAME), part(YES, 0.5, 0.4, None, SAME, "other")),
    finding("gone", part(YES, 0.25, 0.2, 0.3, SAME)),
]
AFTER = [
    finding("new", part(YES, 0.25, 0.2, 0.3, SAME)),
    finding("stays", part(YES, 0.25, 0.21, 0.29, {**SAME, 2: 0.25})),
    finding("moves", part(YES, 0.45, 0.4, 0.5, {0: 0.4, 1: 0.5})),
    finding("opens", part(OPEN, 0.25, 0.05, 0.45, SAME, claim="final loss of plain above 0.2")),
    finding("turns", part(NO, 0.05, 0.0, 0.09, SAME), part(YES, 0.3, 0.25, 0.35, SAME, "other")),
]


@pytest.fixture
def runs(tmp_path):
    a = write(tmp_path / "lab3/demo", BEFORE)
    b = write(tmp_path / "lab3/lab", AFTER, epochs=50, facts={"keras": "3.2"}, pixels=128)
    return comparison.read(a, "A"), comparison.read(b, "B")


def test_the_largest_change_comes_first_and_what_is_in_one_alone_last(runs):
    found = comparison.changes(*runs)
    assert [change.before["id"] for change in found] == ["turns", "opens", "moves", "stays"]
    assert [change.rank for change in found] == [0, 1, 2, 3]
    lines = comparison.told(*runs).splitlines()
    assert lines[0].endswith("demo: 5 sentences, ✓ 5 reproduced, ✗ 0 not reproduced, ? 0 undecided")
    told = "\n".join(lines)
    assert "Another verdict: 2 of 4 sentences\n\n  ✓ → ✗  turns: About turns.\n" in told
    assert "        A ✓ reproduced      0.250 [0.200, 0.300], 2 seeds\n" in told
    assert "        B ✗ not reproduced  0.050 [0.000, 0.090], 2 seeds\n" in told
    assert told.index("✓ → ?  opens") < told.index("The same verdict: 2") < told.index("✓ moves")
    rows = [line.split("  ")[-1] for line in lines if line.startswith(("  ✓ moves", "  ✓ stays"))]
    assert rows == ["apart", "0.250 [0.210, 0.290]"]
    assert told.endswith("\n\nIn A alone: gone\n\nIn B alone: new")


def test_what_may_be_why_is_told_of_the_run_and_of_each_sentence(runs):
    told = comparison.told(*runs)
    lines = told.partition("tell apart\n")[2].partition("\n\n")[0].splitlines()
    rows = {line.split("  ")[1]: line.split()[-2:] for line in lines}
    assert rows["preset"] == ["demo", "lab"]
    assert rows["epochs of a cell"] == ["10", "50"]
    assert rows["keras"] == ["3.1", "3.2"]
    assert "  images skin       48 px, 2 train, 1 validation (" in told
    why = {change.before["id"]: change.why for change in comparison.changes(*runs)}
    assert why["turns"] == ["10 | 50 epochs", "other data"]
    assert why["opens"] == ["another claim", "10 | 50 epochs", "other data"]
    assert why["stays"] == ["2 | 3 seeds", "10 | 50 epochs", "other data"]


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (part(YES, 0.25, 0.2, 0.3, {0: 0.2, 1: 0.4}), "the same seeds gave other numbers"),
        (part(NO, 0.25, 0.2, 0.3, SAME), "the same values of the same seeds"),
        (part(YES, 0.25, 0.2, 0.3, {5: 0.2, 6: 0.3}), "their files do not tell"),
    ],
)
def test_what_no_file_says_is_concluded_from_the_seeds(after, why, tmp_path):
    runs = [
        comparison.read(write(tmp_path / name / "demo", [finding("it", each)]), "A")
        for name, each in (("a", BEFORE[0]["parts"][0]), ("b", after))
    ]
    (change,) = comparison.changes(*runs)
    assert len(change.why) == 1 and change.why[0].startswith(why)
    assert "Their files tell no difference" in comparison.told(*runs)


def test_the_table_has_a_line_a_claim(runs):
    rows = list(csv.DictReader(io.StringIO(comparison.table(*runs))))
    assert [row["id"] for row in rows] == ["turns", "turns", "opens", "moves", "stays"]
    first, second = rows[:2]
    assert (first["verdict_a"], first["verdict_b"], first["apart"]) == (YES, NO, "True")
    assert (second["low_a"], second["high_a"], second["high_b"]) == ("0.4", "", "0.35")
    assert second["apart"] == "True" and second["finding_b"] == NO


def test_an_end_that_is_not_known_keeps_nothing_apart():
    one, other = part(YES, 0.5, 0.4, None, SAME), part(YES, 0.9, 0.8, 1.0, SAME)
    assert not comparison.apart(one, other) and not comparison.apart(other, one)
    assert comparison.apart(part(YES, 0.1, None, 0.2, SAME), one)
    assert not comparison.apart(one, None)


def test_one_of_several_reports_finds_its_runs_files(tmp_path):
    base = write(tmp_path / "lab3/demo", BEFORE)
    folder = base / "reports/anna"
    folder.mkdir(parents=True)
    (base / "findings.json").rename(folder / "findings.json")
    run = comparison.read(folder, "A")
    assert run.cells["plain"] == {"epochs": "10", "parameters": "100"}
    assert (run.about["preset"], run.about["report"]) == ("demo", "anna")


def program(*arguments):
    command = [sys.executable, "workflow/compare_runs.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True)


def test_what_is_no_run_is_one_message(runs, tmp_path):
    whole, lacking = runs[0].folder, tmp_path / "lacking"
    lacking.mkdir()
    del (told := json.loads(json.dumps(BEFORE)))[0]["parts"][0]["values"]
    (lacking / "findings.json").write_text(json.dumps(told))
    for folder, cause in (
        (tmp_path / "nothing", "there is no .*findings.json. Name the folder"),
        (lacking, "lack numbers"),
    ):
        with pytest.raises(LabError, match=cause):
            comparison.read(folder, "B")
    ran = program(whole, tmp_path / "nothing", "")
    assert ran.returncode == 1 and ran.stdout == ""
    assert ran.stderr.startswith("\nB: there is no ") and "Traceback" not in ran.stderr
    assert program(whole, "", "").stderr.startswith("\nB: name the folders of two runs")
    ran = program(whole, runs[1].folder, tmp_path / "out.csv")
    assert ran.returncode == 0 and ran.stdout == comparison.told(*runs)
    assert (tmp_path / "out.csv").read_text().startswith("id,claim,")
    assert "cannot be written" in program(whole, whole, tmp_path / "no/out.csv").stderr
