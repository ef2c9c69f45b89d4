"""What make does before Snakemake begins: the folder, the user's settings, a lock that was left."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from project import ROOT, copy_to, environment, smoke, trim

PYTHON = """#!/bin/sh
echo "began: $*"
env | grep -E '^(SNAKEMAKE_PROFILE|XDG_CACHE_HOME|PYTHON[A-Z]+)='
true
"""


@pytest.fixture
def make(tmp_path):
    """Runs make in a folder whose environment has a Python that tells how it is started."""

    def run(*arguments, folder=tmp_path / "clone", **told):
        venv = folder / ".venv"
        (venv / "bin").mkdir(parents=True)
        shutil.copy(ROOT / "Makefile", folder)
        (venv / "bin/python").write_text(PYTHON)
        (venv / "bin/python").chmod(0o755)
        for kind in ("", "-test", "-quarto", "-crate"):
            (folder / f"requirements{kind}.lock").touch()
            (venv / f"requirements{kind}.lock").touch()
        return subprocess.run(
            ["make", *arguments],
            cwd=folder,
            env=environment(**{"HOME": str(tmp_path), **told}),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    return run


@pytest.mark.parametrize("name", ["a b", "a(b", "it's", "a$b", "a:b"])
def test_a_folder_that_a_shell_would_misread_is_told_at_once(name, make, tmp_path):
    run = make("report", folder=tmp_path / name)
    assert run.returncode == 2
    assert "move the folder to a path without" in run.stdout
    assert "began" not in run.stdout


def test_a_folder_with_an_accent_will_do(make, tmp_path):
    run = make("report", folder=tmp_path / "Jürgen_1.0,x@y+z=%~")
    assert run.returncode == 0, run.stdout
    assert "began: workflow/spend.py" in run.stdout


def test_the_users_own_profile_and_python_settings_are_not_obeyed(make):
    settings = {"SNAKEMAKE_PROFILE": "cluster", "PYTHONPATH": "odd", "PYTHONDONTWRITEBYTECODE": "1"}
    run = make("report", **settings)
    assert "began: workflow/spend.py" in run.stdout
    assert not [name for name in settings if f"{name}=" in run.stdout]


def test_a_crate_is_of_the_run_that_is_named_and_says_its_licence(make):
    run = make("crate", "LAB=labs/a", "PRESET=smoke", "LICENSE=CC-BY-4.0 or later")
    assert run.returncode == 0, run.stdout
    asked = "CC-BY-4.0 or later --config lab=labs/a preset=smoke"
    assert f"began: workflow/make_crate.py {asked}" in run.stdout


def test_where_the_home_folder_takes_no_files_the_cache_is_the_projects(make, tmp_path):
    run = make("report", HOME=os.devnull, XDG_CACHE_HOME="")
    assert f"XDG_CACHE_HOME={tmp_path}/clone/.snakemake/cache" in run.stdout


def test_where_it_does_the_cache_is_left_as_it_is(make, tmp_path):
    run = make("report", XDG_CACHE_HOME=str(tmp_path / "mine"))
    assert f"XDG_CACHE_HOME={tmp_path}/mine\n" in run.stdout


def unlock(folder):
    return subprocess.run(
        [sys.executable, "workflow/unlock.py", "--config", "preset=smoke"],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def locks(folder):
    return list((folder / ".snakemake/locks").glob("*.lock"))


def test_a_killed_run_leaves_no_lock_and_no_job_and_a_living_one_keeps_both(tmp_path):
    folder = trim(copy_to(tmp_path), "1a")
    target = "results/lab3/smoke/histories/1a-plain.csv"
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--config", "preset=smoke"]
    run = subprocess.Popen(
        [*command, "--", target],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 120
    try:
        while not (locks(folder) and (folder / ".snakemake/labproof.jobs").exists()):
            assert run.poll() is None and time.monotonic() < end
            time.sleep(0.02)
        assert "it keeps its lock" in unlock(folder).stdout
        assert locks(folder)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert "LockException" in smoke(folder, target).stdout
    told = unlock(folder)
    assert told.returncode == 0
    assert "The run before was killed: its lock is taken away." in told.stdout
    if sys.platform == "linux":
        assert "still at work" not in told.stdout
    assert not locks(folder)
    assert unlock(folder).stdout == ""
