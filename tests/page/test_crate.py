"""The crate of a run: what the specifications ask for, by rocrate's own reader, and what it holds.

The rules are those of RO-Crate 1.1, Workflow RO-Crate 1.0, Process Run Crate and Workflow Run Crate
0.5. roc-validator would check the same; it fetches its contexts, and needs an older rich than ours.
"""

import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from labproof import paths
from labproof.errors import LabError
from labproof.lab import plan
from labproof.page import crate
from labs import toy
from project import ROOT, copy_to

rocrate = pytest.importorskip("rocrate.rocrate", reason="make test adds it")
LICENCE = "https://spdx.org/licenses/CC-BY-4.0"


def of_project(lab):
    """The fake lab, as one of the project's own."""
    return {**lab, "where": "lab3", "name": "lab3", "folder": "config/labs/lab3"}


@pytest.fixture(scope="module")
def packed(made, tmp_path_factory):
    """A crate of the fake results: the zip, its bytes by name, and what rocrate reads of it."""
    folder = tmp_path_factory.mktemp("crate")
    root = copy_to(folder / "project")
    results = folder / "demo"
    shutil.copytree(made.folder, results)
    images = np.arange(4 * 8 * 8, dtype=np.uint8).reshape(4, 8, 8, 1)
    np.save(results / "datasets/skin/images.npy", images)
    output = folder / "crate.zip"
    lab = of_project(made.lab)
    count = crate.write(lab, root, paths.Results(results), output, LICENCE)
    with zipfile.ZipFile(output) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    graph = json.loads(files["ro-crate-metadata.json"])["@graph"]
    return SimpleNamespace(
        count=count,
        files=files,
        graph={entity["@id"]: entity for entity in graph},
        read=rocrate.ROCrate(output),
        root=root,
        results=results,
    )


def kinds(entity):
    return {entity["@type"]} if isinstance(entity["@type"], str) else set(entity["@type"])


def referred(value):
    """Every identifier that a value refers to."""
    if isinstance(value, dict):
        return [value["@id"]] if "@id" in value else []
    return [name for each in value for name in referred(each)] if isinstance(value, list) else []


def test_it_conforms_to_the_profiles_that_it_names(packed):
    descriptor = packed.graph["ro-crate-metadata.json"]
    assert referred(descriptor["about"]) == ["./"]
    assert "https://w3id.org/ro/crate/1.1" in referred(descriptor["conformsTo"])
    root = packed.read.root_dataset
    assert {entity.id for entity in root["conformsTo"]} == set(crate.PROFILES)
    assert all(entity.type == "CreativeWork" for entity in root["conformsTo"])
    for key in ("name", "description", "datePublished"):
        assert root[key]
    assert root["license"].id == LICENCE and root["license"]["name"] == "CC-BY-4.0"
    main = packed.read.mainEntity
    assert {"File", "SoftwareSourceCode", "ComputationalWorkflow"} == set(main.type)
    assert main["programmingLanguage"]["name"] == "Snakemake"


def test_its_run_is_an_action_by_the_workflow_on_inputs_with_results(packed):
    action = packed.read.root_dataset["mentions"]
    assert action.type == "CreateAction" and action["instrument"] is packed.read.mainEntity
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", action["endTime"])
    inputs = {entity.id for entity in action["object"]}
    assert {"config/config.yaml", "config/presets/demo.yaml", "#data-skin", "#preset"} <= inputs
    assert {f"config/labs/lab3/{name}" for name in ("tasks.yaml", "findings.yaml")} <= inputs
    made = {entity.id for entity in action["result"]}
    assert {"results/findings.json", "results/report/index.html"} <= made
    assert "results/histories/1a-plain.csv" in made and inputs.isdisjoint(made)


def test_every_file_is_told_with_its_size_and_hash_and_no_other(packed):
    told = {name: entity for name, entity in packed.graph.items() if "File" in kinds(entity)}
    assert set(told) == set(packed.files) - {"ro-crate-metadata.json"}
    assert len(told) == packed.count > 50
    assert set(referred(packed.graph["./"]["hasPart"])) == set(told)
    for name, entity in told.items():
        assert entity["sha256"] == hashlib.sha256(packed.files[name]).hexdigest()
        assert int(entity["contentSize"]) == len(packed.files[name])
        assert re.fullmatch(r"[\w-]+/[\w.+-]+", entity["encodingFormat"])
    page = (packed.results / "report/index.html").read_bytes()
    assert packed.files["results/report/index.html"] == page
    assert not any(name.startswith("/") or ".." in name for name in packed.files)


def test_whatever_it_refers_to_is_in_it_or_an_address(packed):
    names = {
        name for entity in packed.graph.values() for key in entity for name in referred(entity[key])
    }
    missing = names - set(packed.graph)
    assert [name for name in missing if not name.startswith("https://")] == []


def test_data_stay_out_and_their_hash_is_told(packed):
    told = packed.graph["#data-skin"]
    images = (packed.results / "datasets/skin/images.npy").read_bytes()
    assert told["sha256"] == hashlib.sha256(images).hexdigest()
    assert "results/datasets/skin/records.csv" in packed.files
    assert not any(name.endswith(".npy") for name in packed.files)
    assert "sha256" not in packed.graph["#data-bone"]  # which is not there


def test_the_codes_commit_and_what_is_in_none_is_told(packed):
    assert packed.read.mainEntity["version"].startswith("sha256:")  # the copy is in no repository

    def git(*asked):
        told = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", *told, *asked], cwd=packed.root, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q")
    git("add", "workflow/Snakefile")
    git("commit", "-qm", "all")
    assert crate._commit(packed.root) == (git("rev-parse", "HEAD"), True)
    git("add", "workflow", "scripts", "report")
    git("commit", "-qm", "the rest")
    assert crate._commit(packed.root) == (git("rev-parse", "HEAD"), False)


def test_versions_are_those_that_the_trainings_report(packed):
    used = packed.read.mainEntity["softwareRequirements"]
    assert {entity["name"]: entity["version"] for entity in used}["keras"] == "0.0"
    assert all(entity.type == "SoftwareApplication" for entity in used)


def test_the_code_that_a_labs_cells_run_is_taken_along(tmp_path):
    folder = toy(tmp_path / "toy")
    (folder / "notes.txt").write_text("nobody names this")
    lab = plan.resolve({**plan.read_config(ROOT), "lab": str(folder)}, ROOT, preset="smoke")
    names = [file.name for file in crate._of_lab(lab, folder)]
    assert names == ["tasks.yaml", "findings.yaml", "train.py"]


def test_a_run_without_a_page_is_not_packed(made, tmp_path):
    with pytest.raises(LabError, match=r"no page of this run yet.*make report PRESET=demo"):
        crate.write(of_project(made.lab), tmp_path, paths.Results(tmp_path), tmp_path / "crate.zip")
    assert not (tmp_path / "crate.zip").exists()


def test_of_several_reports_each_is_packed(made, packed, tmp_path):
    results = paths.Results(tmp_path / "demo")
    lab = {**of_project(made.lab), "reports": {"first": {}, "second": {}}}
    for name in lab["reports"]:
        one = results.of_report(name)
        for source, place in (
            (packed.results / "findings.json", one.findings),
            (packed.results / "report/index.html", one.report(".html")),
        ):
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place)
    Path(results.overview[0]).write_text("both")
    crate.write(lab, packed.root, results, tmp_path / "crate.zip")
    with zipfile.ZipFile(tmp_path / "crate.zip") as archive:
        pages = [name for name in archive.namelist() if name.endswith(".html")]
        graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    assert len(pages) == 3
    root = next(entity for entity in graph if entity["@id"] == "./")
    assert "Verdicts on 10 sentences: 6 reproduced" in root["description"]
    assert root["license"] == crate.UNSAID
