"""The page of a lab that shares nothing with the built-in one: no images, columns of its own."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labproof import words
from labproof.judging import findings
from labproof.lab import plan
from labproof.page import report

ROOT = Path(__file__).parents[2]
TASKS = """
title: Sorting of tides
given: "runs/{cell}/seed{seed}.csv"
tasks:
  depth:
    title: How deep
    did: Fit a tree of two depths.
    cells:
      shallow: {label: shallow, depth: 2, epochs: 6}
      deep: {label: deep, depth: 9, epochs: 6}
"""
FINDINGS = """
findings:
  - id: deeper
    task: depth
    statement: The deeper tree ends with the lower loss.
    measure: final_loss
    cell: deep
    below: shallow
    why: It has more leaves.
"""
PROSE = "## depth\n\nWe went deeper, and [the loss fell]{finding=deeper}.\n"
# Words that are the built-in lab's own.
FOREIGN = (
    r"\b(skin|bones?|lesions?|films?|doctors?|photographs?|melanoma|fractures?|radiographs?)\b"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page's source."""
    folder = tmp_path_factory.mktemp("labs") / "tides"
    folder.mkdir()
    for name, text in (("tasks.yaml", TASKS), ("findings.yaml", FINDINGS), ("report.md", PROSE)):
        (folder / name).write_text(text, encoding="utf-8")
    config = {**plan.read_config(ROOT), "lab": str(folder)}
    lab = plan.resolve(config, ROOT, preset="smoke")
    results = folder / "results"
    tables = {}
    for cell, level in (("shallow", 0.6), ("deep", 0.3)):
        rows = [
            {"seed": seed, "epoch": epoch, "loss": level + 0.01 * seed + 1 / epoch, "leaves": 4}
            for seed in lab["seeds"]
            for epoch in range(1, 7)
        ]
        (results / "histories").mkdir(parents=True, exist_ok=True)
        (results / "facts").mkdir(exist_ok=True)
        tables[cell] = {"histories": pd.DataFrame(rows)}
        tables[cell]["histories"].to_csv(results / f"histories/{cell}.csv", index=False)
        facts = {"block": "0-0", "seeds": 1, "seconds": 2.0, "peak_memory_mib": np.nan}
        pd.DataFrame([{**facts, "device": "cpu", "parameters": np.nan}]).to_csv(
            results / f"facts/{cell}.csv", index=False
        )
    judged = findings.judge(lab["findings"], tables, seeds=lab["seeds"], datasets={})
    findings.write(judged, results / "findings.json")
    qmd = results / "report" / "index.qmd"
    report.write(lab, results, None, ROOT / "report/index.qmd.jinja", qmd)
    return qmd.read_text(encoding="utf-8").replace(words.NBSP, " ")


def test_its_sentence_is_judged_and_its_numbers_are_told(page):
    assert "[the loss fell" in page and "{.passage .reproduced}" in page
    assert "2 networks of the lab were trained again, each from 2 seeds: 4 trainings" in page
    row = next(line for line in page.splitlines() if "| training loss |" in line)
    assert row.startswith("| shallow | training loss | ")
    assert not re.search(r"\bnan\b|left:nan", page)
    assert "validation accuracy |" not in page  # it has none, so no table has a column of it
    assert "reproduced with a margin below 0.270" in page


def test_nothing_is_said_of_images_that_it_has_not(page):
    assert "## Data" not in page and "sec-audit" not in page
    assert "phantoms" not in page and "validation images" not in page.split("## Settings")[1]


def test_no_word_of_another_lab_is_on_it(page):
    assert not re.findall(FOREIGN, page, re.IGNORECASE)
