"""Labs as folders: found by name or path, told apart, and trusted before their code runs."""

import shutil

import pytest

from labproof import paths
from labproof.errors import LabError
from labproof.lab import folders, plan, settings
from project import ROOT


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder to run in, with a copy of the shipped lab as mine/lab4."""
    shutil.copytree(ROOT / "config/labs/lab3", tmp_path / "mine/lab4")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def resolved(lab):
    return plan.resolve({**plan.read_config(ROOT), "lab": lab, "preset": "smoke"}, ROOT)


@pytest.mark.parametrize("written", ["mine/lab4", "./mine/lab4/", "{}/mine/lab4"])
def test_a_lab_is_found_by_its_path_and_named_by_its_folder(written, elsewhere):
    lab = resolved(written.format(elsewhere))
    assert lab["name"] == "lab4"
    assert {**lab, **dict.fromkeys(("name", "folder", "where"))} == {
        **resolved("lab3"),
        **dict.fromkeys(("name", "folder", "where")),
    }
    assert paths.of_resolved(lab).root == "results/lab4/smoke"
    assert paths.of(written.format(elsewhere), "smoke").root == "results/lab4/smoke"
    assert resolved(lab["where"]) == lab
    assert settings.words(lab)[0] == f"lab={lab['where']}"


def test_without_published_numbers_there_are_none(elsewhere):
    (elsewhere / "mine/lab4/published.csv").unlink()
    assert resolved("mine/lab4")["name"] == "lab4"
    assert plan.published_of("mine/lab4", ROOT) == []


def test_a_wrong_line_of_a_lab_elsewhere_is_named_by_its_path(elsewhere):
    file = elsewhere / "mine/lab4/tasks.yaml"
    file.write_text(file.read_text().replace("network: alexnet", "network: alexnit"))
    with pytest.raises(LabError, match=r"^mine/lab4/tasks.yaml, key defaults.network: "):
        resolved("mine/lab4")


def test_what_is_no_lab_is_told(elsewhere):
    with pytest.raises(LabError, match=r'Did you mean "lab3"\?'):
        resolved("lab33")
    with pytest.raises(LabError, match="no folder of this path"):
        resolved("mine")
    with pytest.raises(LabError, match=r"tasks.yaml: is a file. Name the lab's folder"):
        resolved("mine/lab4/tasks.yaml")
    (elsewhere / "mine/lab4").rename(elsewhere / "mine/Mün Lab")
    with pytest.raises(LabError, match="Call the folder mun-lab"):
        resolved("mine/Mün Lab")


@pytest.mark.parametrize("name", ["tasks", "findings"])
def test_a_file_that_is_called_otherwise_is_told(name, elsewhere):
    file = elsewhere / f"mine/lab4/{name}.yaml"
    file.rename(file.with_suffix(".yml"))
    with pytest.raises(LabError, match=rf"mine/lab4/{name}.*[.:] [Cc]all "):
        resolved("mine/lab4")
    file.touch()
    with pytest.raises(LabError, match=rf"{name}.yaml: is empty. workflow/template/ has one"):
        resolved("mine/lab4")


def test_results_of_another_lab_of_this_name_are_not_taken(elsewhere):
    results = elsewhere / "results/lab4"
    folders.check_results("mine/lab4", ROOT, results)
    folders.record("mine/lab4", ROOT, results)
    folders.check_results("mine/lab4", ROOT, results)
    folders.check_results(f"{elsewhere}/mine/lab4", ROOT, results)
    shutil.copytree("mine", "yours")
    with pytest.raises(LabError, match=r"of the lab in mine/lab4, .* the one in yours/lab4"):
        folders.check_results("yours/lab4", ROOT, results)
    shutil.rmtree("mine")  # moved: the results are still this lab's
    folders.check_results("yours/lab4", ROOT, results)


def test_code_from_elsewhere_runs_only_when_it_is_trusted_and_then_for_good(elsewhere):
    run = {"command": "python train.py", "given": None}
    lab = {
        "name": "lab4",
        "folder": "mine/lab4",
        "where": "mine/lab4",
        "cells": {"a": {"run": run}},
    }
    with pytest.raises(LabError, match=r"    python train.py\n(.|\n)*trust=lab4"):
        folders.check_trust(lab, ROOT, None)
    with pytest.raises(LabError):
        folders.check_trust(lab, ROOT, "lab3")
    folders.check_trust(lab, ROOT, "lab4")
    folders.check_trust(lab, ROOT, None)
    with pytest.raises(LabError):
        folders.check_trust({**lab, "folder": "yours/lab4"}, ROOT, None)
    # the project's own, and those that run nothing
    folders.check_trust({**lab, "folder": str(ROOT / "config/labs/lab3")}, ROOT, None)
    folders.check_trust({**lab, "folder": "x", "cells": {"a": {}}}, ROOT, None)
    nothing = {"command": None, "given": "runs/{cell}.csv"}
    folders.check_trust({**lab, "folder": "x", "cells": {"a": {"run": nothing}}}, ROOT, None)
