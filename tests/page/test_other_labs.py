"""Pages of labs that share nothing with the built-in one: no images, classes of their own."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labproof import words
from labproof.judging import findings, record
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
# The same cells from code, whose answers are of three classes.
CLASSES = TASKS.replace('given: "runs/{cell}/seed{seed}.csv"', "run: python fit.py {depth} {seed}")
CLASSED = """
findings:
  - id: right
    task: depth
    statement: The deeper tree is right more often.
    measure: final_val_accuracy
    cell: deep
    above: shallow
    why: It has more leaves.
  - id: tides
    task: depth
    statement: The deeper tree finds nearly all spring tides.
    measure: recall(2)
    cell: deep
    about: 0.99
    within: 0.005
    why: Nearly all is all but one in a hundred.
"""
# Words of the built-in lab, and of what it alone is about.
FOREIGN = (
    r"\b(skin|bones?|lesions?|films?|doctors?|photographs?|melanoma|fractures?|radiographs?"
    r"|images?|networks?|phantoms?|pixels?|heatmaps?|ROC|thresholds?|dropout)\b"
)


def text(folder: Path, tasks: str, claimed: str, tables: dict, prose: str = "") -> str:
    """The source of a lab's page, without its scripts, of histories, predictions and facts."""
    folder.mkdir()
    (folder / "fit.py").touch()
    for name, content in (("tasks.yaml", tasks), ("findings.yaml", claimed), ("report.md", prose)):
        if content:
            (folder / name).write_text(content, encoding="utf-8")
    config = {**plan.read_config(ROOT), "lab": str(folder)}
    lab = plan.resolve(config, ROOT, preset="smoke")
    results = folder / "results"
    for cell, kinds in tables.items():
        facts = {"block": "0-0", "seeds": 1, "seconds": 2.0, "peak_memory_mib": np.nan}
        facts = pd.DataFrame([{**facts, "device": "cpu", "parameters": np.nan}])
        for kind, table in {**kinds, "facts": facts}.items():
            (results / kind).mkdir(parents=True, exist_ok=True)
            table.to_csv(results / kind / f"{cell}.csv", index=False)
    sets = dict.fromkeys(tables)  # code of the lab's own trained them
    judged = findings.judge(lab["findings"], tables, seeds=lab["seeds"], datasets=sets)
    record.write(judged, results / "findings.json")
    qmd = results / "report" / "index.qmd"
    report.write(lab, results, None, ROOT / "report/index.qmd.jinja", qmd)
    page = qmd.read_text(encoding="utf-8").replace(words.NBSP, " ")
    return re.sub(r"<script>.*?</script>", "", page, flags=re.S)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Of histories that were there, of a loss and a column of its own."""
    tables = {}
    for cell, level in (("shallow", 0.6), ("deep", 0.3)):
        rows = [
            {"seed": seed, "epoch": epoch, "loss": level + 0.01 * seed + 1 / epoch, "leaves": 4}
            for seed in (0, 1)
            for epoch in range(1, 7)
        ]
        tables[cell] = {"histories": pd.DataFrame(rows)}
    return text(tmp_path_factory.mktemp("labs") / "tides", TASKS, FINDINGS, tables, PROSE)


def answers(right: float, split: str, label: np.ndarray, seed: int) -> pd.DataFrame:
    """Answers among three classes, of which the first `right` share are right, the rest are 0."""
    said = np.where(np.arange(len(label)) < right * len(label), label, 0)
    given = {f"p{k}": np.where(said == k, 0.8, 0.1) for k in range(3)}
    first = 1000 * (split == "final")
    images = np.arange(first, first + len(label))
    return pd.DataFrame({"seed": seed, "split": split, "image": images, "label": label, **given})


@pytest.fixture(scope="module")
def classed(tmp_path_factory):
    """Of three classes: what a program answers to validation examples, and to final ones."""
    tables = {}
    label = np.repeat([0, 1, 2], 40)
    for cell, right in (("shallow", 0.0), ("deep", 0.95)):
        rows = [
            {
                "seed": seed,
                "epoch": epoch,
                "loss": 1 / epoch,
                "accuracy": 0.9,
                "val_loss": 1.1 / epoch,
                "val_accuracy": right or 1 / 3 + 0.001 * seed,
            }
            for seed in (0, 1)
            for epoch in range(1, 7)
        ]
        said = [answers(right, "validation", label, seed) for seed in (0, 1)]
        said += [answers(0.5, "final", np.repeat([0, 1, 1, 2], 15), seed) for seed in (0, 1)]
        tables[cell] = {"histories": pd.DataFrame(rows), "predictions": pd.concat(said)}
    return text(tmp_path_factory.mktemp("labs") / "classes", CLASSES, CLASSED, tables)


def test_its_sentence_is_judged_and_its_numbers_are_told(page):
    assert "[the loss fell" in page and "{.passage .reproduced}" in page
    assert "Each of its sentences holds something that is judged." in page
    assert "2 models of the lab, each trained from 2 seeds: 4 trainings" in page
    row = next(line for line in page.splitlines() if "| training loss |" in line)
    assert row.startswith("| shallow | training loss | ")
    assert not re.search(r"\bnan\b|left:nan", page)
    assert "validation accuracy |" not in page  # it has none, so no table has a column of it
    assert "reproduced with a margin below 0.270" in page


def test_what_was_there_already_is_not_said_to_be_trained_anew(page, classed):
    assert "All of them were there already: read, not run." in page
    assert "of computing" not in page and "tbl-cost" not in page and "ersions are" not in page
    assert "4.0 s of computing" in classed and "tbl-cost" in classed
    assert "there already" not in classed.split("## Settings")[0]


def test_units_are_said_as_far_as_they_are_known(page, classed):
    for each in (page, classed):
        assert "shares, losses as the lab's code tells them." in each and "nats" not in each


def test_guessing_is_drawn_where_the_classes_are_known(page, classed):
    assert "always naming the commonest class would have" in classed and ".tick" in classed
    assert "commonest class" not in page and ".tick" not in page


def test_nothing_is_said_of_images_that_it_has_not(page):
    assert "## Data" not in page and "sec-audit" not in page
    assert 'name="warning"' not in page and "warns" not in page


def test_no_word_of_another_lab_is_on_it(page, classed):
    for each in (page, classed):
        assert not re.findall(FOREIGN, each, re.IGNORECASE)


def test_answers_among_several_classes_have_words_of_their_own(classed):
    assert "*Confusion matrices are not available.*" in classed
    assert re.search(r"It rests on \d+ final examples\.", classed)
    # always naming the first of three equal classes, on the validation split alone
    assert "cannot be told from always naming one class (0.333)" in classed
    assert "shallow: In 2 of 2 seeds it gives every validation example the same class." in classed
    assert "deep: In" not in classed
