"""On a terminal make report asks whether a stranger's lab may run."""

import contextlib
import os
import pty
import subprocess
import sys

import pytest

from labs import toy
from project import ROOT, environment

ASK = """
import sys
sys.path[:0] = ["{root}/workflow", "{root}/scripts"]
import spend
cell = {{"run": {{"command": "python train.py"}}}}
spend.ask({{"name": "toy", "folder": "labs/toy", "cells": {{"a": cell}}}}, [])
sys.exit("It runs.")
"""


@pytest.fixture
def on_a_terminal(tmp_path):
    """(what Python is given, what is answered) -> how it ends, and what it says."""

    def run(arguments, answer):
        ours, theirs = pty.openpty()
        os.write(ours, answer)
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment(),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # the end of a terminal that nobody holds any more
            while more := os.read(ours, 4096):
                said += more
        os.close(ours)
        return process.wait(), said.decode()

    return run


def test_without_a_yes_nothing_is_run(on_a_terminal, tmp_path):
    toy(tmp_path / "labs/toy")
    look = [f"{ROOT}/workflow/spend.py", "", "--config", "lab=labs/toy", "preset=smoke", "-n"]
    status, said = on_a_terminal(look, b"\n")
    assert status == 1 and said.strip().endswith("Nothing was run.")
    assert "python train.py --gain {gain}" in said and "[y/N]" in said
    assert not (tmp_path / ".snakemake/labproof.trusted").exists()


def test_a_yes_holds_from_now_on(on_a_terminal, tmp_path):
    ask = ["-c", ASK.format(root=ROOT)]
    _, said = on_a_terminal(ask, b"yes\n")
    assert "[y/N]" in said and said.strip().endswith("It runs.")
    kept = (tmp_path / ".snakemake/labproof.trusted").read_text()
    assert kept == f"{tmp_path / 'labs/toy'}\n"
    _, said = on_a_terminal(ask, b"")
    assert said.strip() == "It runs."


def test_where_there_is_no_terminal_nobody_is_asked(tmp_path):
    asked = subprocess.run(
        [sys.executable, "-c", ASK.format(root=ROOT)],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert asked.stderr.strip() == "It runs."  # Snakemake tells what to say
