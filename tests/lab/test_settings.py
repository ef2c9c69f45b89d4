"""What a page prints of how it was made is what a command line takes to make it again."""

import shlex
import subprocess
import sys

import pytest
import yaml
from snakemake.cli import parse_config
from snakemake.utils import update_config

from labproof.errors import LabError
from labproof.lab import plan, seeds, settings
from project import ROOT, copy_to, environment

OWN = {
    "kind": "folder",
    "path": 'data/it\'s $HOME "quoted" `x`',
    "classes": ["no", "yes"],
    "split": {"validation": 0.2, "seed": 3},
}


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ([0, 1, 2], "3"),
        ([3, 7], "3,7"),
        ([7], "7-7"),
        ([2, 3, 4, 9], "2-4,9"),
        ([0], "1"),
        ([0, 2], "0,2"),
    ],
)
def test_seeds_are_spelt_as_they_are_read(chosen, text):
    assert seeds.spell(chosen) == text
    config = {**plan.read_config(ROOT), **parse_config([f"seeds={text}"])}
    assert plan.resolve(config, ROOT)["seeds"] == chosen


@pytest.mark.parametrize("words", [["preset"], ["seeds", "=", "5"], ["seeds="], ["=5"], ["5"]])
def test_what_is_no_setting_is_told(words):
    with pytest.raises(LabError, match=r'is no setting. Write name=value.*CONFIG="'):
        settings.given(["--cores", "2", "--config", "lab=lab3", *words, "--quiet"])
    assert settings.given(["--config", "lab=a b", "seeds=3,7", "-n", *words]) == [
        "lab=a b",
        "seeds=3,7",
    ]
    assert settings.given(words) == []


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A project with a second lab, and class folders whose path needs every kind of quote."""
    project = copy_to(tmp_path)
    (project / "config/labs/lab3").rename(project / "config/labs/lab4")
    (project / "Makefile").write_text((ROOT / "Makefile").read_text())
    for name in OWN["classes"]:
        (project / OWN["path"] / name).mkdir(parents=True)
        (project / OWN["path"] / name / "1.png").write_bytes(b"")
    monkeypatch.chdir(project)
    return project


def resolved(config):
    made = plan.overridden(config, plan.read_config(ROOT), ROOT)
    return plan.resolve(made, plan.Path())


def test_the_settings_of_a_page_give_the_same_lab_again(own):
    written = plan.read_config(own)
    config = {**written, "lab": "lab4", "preset": "smoke", "seeds": [3, 7]}
    config["sources"] = {**config["sources"], "skin": OWN}
    lab = resolved(config)
    assert settings.words(lab)[:3] == ["lab=lab4", "preset=smoke", "seeds=3,7"]
    again = plan.read_config(own)
    update_config(again, parse_config(settings.words(lab)))
    assert resolved(again) == lab
    # as a shell and make take them
    assert shlex.split(settings.snakemake(lab))[6:] == settings.words(lab)
    (own / "Makefile").write_text(
        ".PHONY: report\nreport:\n\t@printf '%s\\n' preset=$(PRESET) $(CONFIG)\n"
    )
    run = subprocess.run(
        settings.make(lab),
        shell=True,
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    assert sorted(run.stdout.splitlines()) == sorted(settings.words(lab))


def test_a_printed_command_runs(own):
    config = {**plan.read_config(own), "lab": "lab4", "preset": "smoke", "seeds": [3, 7]}
    config["sources"] = {**config["sources"], "skin": OWN}
    command = settings.snakemake(resolved(config), "results/lab4/smoke/histories/1a-plain.csv")
    python = shlex.join([sys.executable, "-m"])
    command = f"{python} {command.replace('snakemake', 'snakemake --dry-run', 1)}"
    run = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    for block in ("3-3", "7-7"):
        assert f"results/lab4/smoke/blocks/1a-plain/{block}/history.csv" in run.stdout
    assert (
        "data/it's $HOME" in yaml.safe_load(settings.words(resolved(config))[3][8:])["skin"]["path"]
    )
