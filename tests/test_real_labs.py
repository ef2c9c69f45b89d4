"""Six labs in the shapes in which people have theirs: how much of their code has to change, what it
leaves, and whether each sentence can be judged. `tests/real_labs/` holds them: made up, and small.

`as-written/` has a file as its author wrote it, where a line of it had to change. LABPROOF_TORCH
and LABPROOF_PAPERMILL name a Python that has the packages, where this one has not.
"""

import difflib
import importlib.util
import json
import math
import os
import pickle
import re
import subprocess
import sys

import pandas as pd
import pytest

from labproof.errors import LabError
from labproof.judging import accounts, findings
from labproof.lab import commands, folders, plan, trainings
from labproof.page import ending
from labproof.training import outcomes, runs
from project import ROOT

LABS = ROOT / "tests/real_labs"
# What a lab needs beyond Labproof's environment, and who names a Python that has it.
ELSEWHERE = {
    "torch-loop": ("LABPROOF_TORCH", "torch"),
    "notebook": ("LABPROOF_PAPERMILL", "papermill, ipykernel, matplotlib"),
}
NAMES = ("keras-configs", "torch-loop", "notebook", "argparse", "one-process", "histories")
TABLES = {
    "histories": "history",
    "predictions": "predictions",
    "scalars": "scalars",
    "facts": "facts",
}


def resolved(name, **settings):
    known = {**plan.read_config(ROOT), "lab": str(LABS / name), "preset": "smoke"}
    return plan.resolve({**known, **settings}, ROOT)


def check_lab():
    spec = importlib.util.spec_from_file_location("check_lab", ROOT / "workflow/check_lab.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(file):
    """Of a notebook the lines of its cells, and their tags."""
    if file.suffix != ".ipynb":
        return file.read_text().splitlines()
    cells = json.loads(file.read_text())["cells"]
    return [
        line
        for cell in cells
        for line in (str(cell["metadata"].get("tags")), *"".join(cell["source"]).splitlines())
    ]


def changed(name):
    """How many lines of its author's code a lab has otherwise, or beside them."""
    count = 0
    for old in (LABS / name / "as-written").glob("*"):
        matcher = difflib.SequenceMatcher(
            None, lines(old), lines(LABS / name / old.name), autojunk=False
        )
        count += sum(
            max(before_end - before, after_end - after)
            for kind, before, before_end, after, after_end in matcher.get_opcodes()
            if kind != "equal"
        )
    return count


def test_the_six_are_there():
    assert sorted(NAMES) == sorted(folder.name for folder in LABS.iterdir() if folder.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_all_of_a_lab_is_understood_and_nothing_is_missing(name, monkeypatch, tmp_path):
    check, lab = check_lab(), resolved(name)
    monkeypatch.chdir(tmp_path)  # no results of an earlier run are there
    monkeypatch.setattr(folders, "check_trust", lambda *_: None)
    told = "\n".join(check.told(lab))
    assert "MISSING" not in told
    hints = [] if name == "histories" else ["What a training takes is known after the first"]
    assert [hint.partition(":")[0] for hint in check._hints(lab)] == hints
    for entry in lab["findings"]:
        assert f"  {entry['id']}: {entry['statement']}\n      " in told


def test_the_check_tells_which_cells_one_run_makes(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    told = "\n".join(check_lab().told(resolved("one-process")))
    assert "      fit 1 of this run" in told and "      fit 4 of the run of low" in told
    lab = resolved("one-process")
    lab["cells"]["bn-high"]["run"]["fit"] = {"stages": [3, 4]}
    told = "\n".join(check_lab().told(lab))
    assert "      fits 3 and 4 of the run of low, one training in a row" in told


def test_of_histories_that_are_there_no_look_asks_for_more(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    lab = resolved("histories", preset="demo")
    assert (lab["ladder"], lab["planned"]) == ([5], False)
    commands.check_given(lab)
    with pytest.raises(LabError, match=r"run5.csv: there is no such history, .*seeds=5 "):
        commands.check_given(resolved("histories", seeds=7))
    with pytest.raises(LabError, match=r"run8.csv: .* Correct the path under given"):
        commands.check_given(resolved("histories", seeds="8-9"))
    assert "histories of more seeds" in ending._next(lab)


def test_what_the_page_says_of_them_is_so():
    """Lines of the author's code that are changed, and of tasks.yaml."""
    page = (ROOT / "docs/your-lab.md").read_text()
    rows = re.findall(r"^\| `tests/real_labs/(\S+)` \|.*\| (\d+) \| (\d+) \|$", page, re.M)
    written = {
        name: len((LABS / name / "tasks.yaml").read_text().strip().splitlines()) for name in NAMES
    }
    assert rows == [(name, str(changed(name)), str(written[name])) for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_code_that_is_left_alone_knows_nothing_of_labproof(name):
    folder = LABS / name
    ours = [file for file in folder.rglob("*") if file.suffix in (".py", ".ipynb")]
    edited = [folder / old.name for old in (folder / "as-written").glob("*")]
    assert all("labproof" not in file.read_text() for file in ours if file not in edited)


def python(name):
    """The Python that runs a lab of its own environment; the test skips where there is none."""
    if name not in ELSEWHERE:
        return None
    variable, packages = ELSEWHERE[name]
    known = os.environ.get(variable, sys.executable)
    if subprocess.run([known, "-c", f"import {packages}"], capture_output=True).returncode:
        pytest.skip(f"{known} has no {packages.replace(', ', ' or no ')}; {variable} names another")
    return known


@pytest.fixture(scope="module", params=NAMES)
def trained(request, tmp_path_factory):
    """A lab, what each cell left, and the folder of each run, as the jobs of a report do it."""
    name, folder = request.param, tmp_path_factory.mktemp(request.param)
    own, lab = python(name), resolved(name)
    left, places = {}, {}
    for cell_name, cell in lab["cells"].items():
        if own:
            cell["run"] |= {"environment": None, "python": own}
        for seed in lab["seeds"]:
            left[cell_name, seed], places[cell_name, seed] = run(
                lab, cell_name, seed, folder, places
            )
    tables = {}
    for cell_name in lab["cells"]:
        tables[cell_name] = {}
        for table, key in TABLES.items():
            files = [folder / f"{cell_name}-{seed}-{table}.csv" for seed in lab["seeds"]]
            for seed, file in zip(lab["seeds"], files, strict=True):
                getattr(left[cell_name, seed], key).to_csv(file, index=False)
            tables[cell_name][table] = outcomes.gather(files, cell_name, table)
        outcomes.check_seeds(tables[cell_name]["histories"], cell_name)
        tables[cell_name]["facts"] = accounts.by_seed(tables[cell_name]["facts"])
    return lab, tables, places


def run(lab, name, seed, folder, places):
    cell = lab["cells"][name]
    if cell["run"]["given"]:
        file = commands.filled(cell["run"]["given"], {"cell": name, "seed": seed})
        found = outcomes.given(LABS / lab["name"] / file, cell, seed)
        return found._replace(facts=runs.facts({}, runs.Ended(0, 0), seed)), None
    ended = runs.Ended(0, 0)
    place = places.get((cell["run"]["shares"], seed))
    if place is None:
        place = runs.Place(folder / f"{name}-{seed}", [])
        place.furnish(LABS / lab["name"], cell["run"])
        ended = runs.execute(place, cell, name, seed, lab=LABS / lab["name"])
    found = outcomes.read(place.folder, cell, seed, place.output)
    of_fits = cell["run"]["fit"] is not None
    return found._replace(facts=runs.facts(found.facts, ended, seed, of_fits=of_fits)), place


def told_by_its_author(place):
    """Final validation accuracies, in the order in which the code prints them."""
    text = place.output.read_text()
    for file in place.folder.glob("executed.ipynb"):
        cells = json.loads(file.read_text())["cells"]
        text += json.dumps([cell.get("outputs") for cell in cells])
    return [float(x) for x in re.findall(r"final val acc(?:uracy)?: ([\d.]+)", text, re.I)]


@pytest.mark.slow
def test_what_is_recorded_is_what_the_authors_code_says(trained):
    lab, tables, places = trained
    for seed in lab["seeds"]:
        each = [name for name in lab["cells"] if not lab["cells"][name]["run"]["shares"]]
        said = [
            x for name in each if places[name, seed] for x in told_by_its_author(places[name, seed])
        ]
        last = []
        for name, cell in lab["cells"].items():
            history = tables[name]["histories"].query(f"seed == {seed}")
            assert history["epoch"].tolist() == list(range(1, len(history) + 1))
            assert len(history) == (cell["epochs"] or len(history))
            last.append(history["val_accuracy"].iloc[-1])
        if lab["name"] == "histories":
            said = [
                pd.read_csv(LABS / f"histories/runs/{name}_run{seed}.csv")["valid_acc"].iloc[-1]
                / 100
                for name in lab["cells"]
            ]
        assert last == pytest.approx(said, abs=1e-4)
        for name in lab["cells"] if lab["name"] == "keras-configs" else []:
            theirs = pickle.loads((places[name, seed].folder / "history.pkl").read_bytes())
            ours = tables[name]["histories"].query(f"seed == {seed}")
            assert ours["loss"].tolist() == pytest.approx(theirs["loss"])
            assert ours["accuracy"].tolist() == pytest.approx(theirs["acc"])


@pytest.mark.slow
def test_each_sentence_has_a_value_of_every_seed(trained):
    lab, tables, _ = trained
    judged = findings.judge(
        lab["findings"],
        tables,
        seeds=lab["seeds_of"],
        ladder=lab["ladder"],
        datasets={name: cell["dataset"] for name, cell in lab["cells"].items()},
        trainings=trainings.shared(lab["cells"], lab["datasets"]),
        paired=trainings.paired(lab["cells"], lab["datasets"]),
    )
    assert len(judged) == len(lab["findings"]) >= 4
    for entry in judged:
        for part in entry["parts"]:
            values = [x for cell in part["values"].values() for x in cell.values()]
            assert len(values) >= len(lab["seeds"]) and None not in values, entry["reason"]
            assert all(x == "never" or math.isfinite(x) for x in values)
            assert part["estimate"] is not None
        assert not re.search(r"missing|cannot be measured|no results", entry["reason"])
