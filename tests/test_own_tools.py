"""make lab and make check, by their programs."""

import importlib
import subprocess
import sys

import pytest

from labproof import words
from labproof.errors import LabError
from labproof.lab import plan
from labs import toy
from project import ROOT, copy_to


@pytest.fixture
def project(tmp_path):
    return copy_to(tmp_path / "project")


def program(project, name, *arguments):
    return subprocess.run(
        [sys.executable, f"workflow/{name}.py", *arguments],
        cwd=project,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def test_a_new_lab_is_understood_at_once_and_trusted(project):
    for name, folder in (("my-lab", "config/labs/my-lab"), ("../outside", "../outside")):
        made = program(project, "new_lab", name)
        assert made.returncode == 0 and f"make check LAB={name}" in made.stdout
        assert (project / folder / "train.py").is_file()
        told = program(project, "check_lab", "--config", f"lab={name}", "preset=smoke")
        assert told.returncode == 0, told.stdout
        assert "plain: python -m labproof.run train.py --noise 0 --epochs 30" in told.stdout
        assert "final validation loss of noisy below that of plain" in told.stdout
        assert "trust" not in told.stdout
    again = program(project, "new_lab", "my-lab")
    assert again.returncode == 1 and "is there already" in again.stdout
    assert "Call the folder my-lab-2" in program(project, "new_lab", "My Lab_2").stdout


def test_the_check_tells_what_is_missing_and_runs_nothing(project):
    toy(project / "labs/toy", run="python train.py")
    told = program(project, "check_lab", "--config", "lab=labs/toy", "preset=smoke").stdout
    assert "2 cells, 4 trainings" in told
    assert "must read LABPROOF_SEED" in told
    assert "--config trust=toy" in told
    assert not (project / "results").exists()
    toy(project / "labs/toy", run=None, files=None, given="runs/{cell}-{seed}.csv")
    told = program(project, "check_lab", "--config", "lab=labs/toy", "preset=smoke")
    assert "MISSING: runs/low-0.csv and runs/low-1.csv" in told.stdout
    assert told.returncode == 1 and "low-0.csv: there is no such history" in told.stdout
    toy(project / "labs/toy", fiels=["train.py"])
    told = program(project, "check_lab", "--config", "lab=labs/toy")
    assert told.returncode == 1 and 'Did you mean "files"' in told.stdout
    assert "Traceback" not in told.stdout


def test_what_a_built_in_lab_trains_is_told_too(project):
    told = program(project, "check_lab", "--config", "lab=lab3", "preset=smoke").stdout
    assert "1a-plain: alexnet on skin, 2 epochs" in told


def test_histories_that_are_there_are_read_by_the_check(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "workflow")
    check_lab = importlib.import_module("check_lab")
    folder = toy(tmp_path / "toy", run=None, files=None, given="{cell}-{seed}.csv")
    for number, name in enumerate(("low-0", "low-1", "high-0", "high-1")):
        (folder / f"{name}.csv").write_text(f"epoch,loss\n1,0.{number + 1}\n")
    lab = plan.resolve({**plan.read_config(ROOT), "lab": str(folder), "preset": "smoke"}, ROOT)
    told = "\n".join(check_lab.check_given(lab)).replace(words.NBSP, " ")
    assert "  low: 1 epoch of loss" in told
    assert "higher stays undecided. Of high: it has no column val_accuracy, but loss." in told
    (folder / "low-1.csv").write_text("epoch;loss\n1;0,3\n")
    with pytest.raises(LabError, match=r"low-1.csv, line 1: semicolons stand"):
        check_lab.check_given(lab)
    (folder / "low-1.csv").write_text("epoch,loss\n1,0.1\n")
    with pytest.raises(LabError, match="low: seeds 0 and 1 give equal numbers"):
        check_lab.check_given(lab)
