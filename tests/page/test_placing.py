"""The rules that make the page: one that cannot be made leaves the one before it."""

import os
import subprocess
from pathlib import Path

import pytest

import forked_snakemake

ROOT = Path(__file__).parents[2]
SNAKEFILE = """
from pathlib import Path
from labproof import paths, provenance
ROOT, PUBLISHED = Path({root!r}), "published.csv"
RESULTS = JUDGED = paths.of("lab3")
results_of = lambda wildcards: paths.of("lab3", wildcards.preset)
lab_of = lambda preset: {{"datasets": {{}}, "cells": {{}}}}
shown = gaps_of = backbones_of = repeated = lambda wildcards: []
trained = lambda preset: []
there = list
code_of = lambda rule: rule
rule all:
    input: "results/lab3/demo/report/index.html"
include: "{root}/workflow/rules/report.smk"
"""
PAGE = "---\ntitle: {title}\nsubtitle: b\n---\n\n{text}\n"


@pytest.fixture
def project(tmp_path):
    """A folder where all is done but the page."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(root=str(ROOT)), encoding="utf-8")
    report = tmp_path / "results/lab3/demo/report"
    report.mkdir(parents=True)
    for file in (
        "results/lab3/demo/findings.json",
        "results/lab3/demo/report/vega.js",
        "published.csv",
    ):
        (tmp_path / file).touch()
        os.utime(tmp_path / file, (1, 1))
    return tmp_path, report


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    # the template and its parts may be newer than the source that the test writes: only this counts
    arguments += (
        "--rerun-triggers",
        "mtime",
        "--allowed-rules",
        "render_report",
        "place_report",
        "all",
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    return forked_snakemake.run(folder, "--cores", "1", *arguments, environment=environment)


def test_a_page_that_cannot_be_made_leaves_the_one_before_and_is_tried_again(project):
    folder, report = project
    qmd, html = report / "index.qmd", report / "index.html"
    qmd.write_text(PAGE.format(title="First", text="Once."), encoding="utf-8")
    done = snakemake(folder)
    assert done.returncode == 0, done.stdout
    first = html.read_bytes()
    assert b"Once." in first
    os.utime(html, (1e9, 1e9))

    qmd.write_text(PAGE.format(title="Second", text="See @fig-nowhere."), encoding="utf-8")
    failed = snakemake(folder)
    assert failed.returncode != 0
    assert "index.qmd" in failed.stdout and "fig-nowhere" in failed.stdout
    assert html.read_bytes() == first

    qmd.write_text(PAGE.format(title="Third", text="Mended."), encoding="utf-8")
    mended = snakemake(folder)
    assert mended.returncode == 0, mended.stdout
    assert b"Mended." in html.read_bytes()
    assert not (report / "rendered.html").exists()
    assert "Nothing to be done" in snakemake(folder).stdout
