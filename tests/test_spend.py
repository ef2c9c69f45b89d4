"""The loop of looks: killed at any moment, it goes on to the same verdicts."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from project import copy_to, trim

RESULTS = "results/lab3/smoke"


def project(folder):
    """A task of the lab, looked at after two and three seeds."""
    trim(copy_to(folder), "1a")
    preset = folder / "config/presets/smoke.yaml"
    text = preset.read_text()
    preset.write_text(text.replace("seeds: 2\n", "seeds: 2\nladder: [2, 3]\n", 1))
    return folder


def start(folder):
    subprocess.run([sys.executable, "workflow/unlock.py"], cwd=folder, check=True)
    command = [sys.executable, "workflow/spend.py", "2h", "--config", "preset=smoke"]
    return subprocess.Popen(
        [*command, "--cores", "2", "--resources", "gpu=1"],
        cwd=folder,
        text=True,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def ended(folder):
    run = start(folder)
    said, _ = run.communicate()
    assert run.returncode == 0, said[-3000:]
    return said


MOMENTS = (
    "plan.json",
    "blocks/1a-plain/0-1/facts.csv",
    "findings.json",
    "blocks/*/2-2/history.csv",
    "report/index.html",
)


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_to_the_same_findings(tmp_path):
    whole, killed = project(tmp_path / "whole"), project(tmp_path / "killed")
    said = ended(whole)
    assert "Next, seeds of" in said and "No cell gets more seeds" in said
    for moment in MOMENTS:
        run = start(killed)
        while run.poll() is None and not list((killed / RESULTS).glob(moment)):
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
    ended(killed)
    kinds = ("findings.json", "histories/*.csv", "predictions/*.csv", "models/*/*/*.h5", "**/*.svg")
    files = [file for kind in kinds for file in sorted((whole / RESULTS).glob(kind))]
    assert len({file.suffix for file in files}) == 4
    for file in files:
        assert (killed / file.relative_to(whole)).read_bytes() == file.read_bytes(), file
    plans = [json.loads((place / RESULTS / "plan.json").read_text()) for place in (whole, killed)]
    assert plans[0]["cells"] == plans[1]["cells"] and 3 in plans[0]["cells"].values()
    assert not plans[1]["changed"]
