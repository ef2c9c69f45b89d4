"""The workflow on a real SLURM: every rule of the smoke preset, jobs that end before their time."""

import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime
from itertools import pairwise

import pytest

from project import copy_to, resolved, smoke, trim

pytestmark = pytest.mark.slurm
PROFILE = "workflow/profiles/slurm"
BEGUN = []
LAB = resolved()
ON_GPU = ("train_block", "train_backbone", "extract_features", "draw_heatmaps")


def edited(file, *changes):
    text = file.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text)


def project(folder):
    """A copy of the project with the profile as this site would set it."""
    copy = trim(copy_to(folder))
    edited(
        copy / PROFILE / "config.yaml",
        ("  # slurm_partition: cpu ", "  slurm_partition: cpu "),
        ("    # slurm_partition: gpu ", "    slurm_partition: gpu "),
        ("status-checks: 20 ", "status-checks: 3 "),
        ("latency-wait: 60 ", "latency-wait: 10 "),
    )
    return copy


def begin(folder, *arguments, told=subprocess.PIPE, by=("-m", "snakemake")):
    """Start Snakemake, or what runs it, through the profile; what it tells goes into `told`."""
    command = [sys.executable, *by, "--workflow-profile", PROFILE, *arguments]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        text=True,
        stdout=told,
        stderr=subprocess.STDOUT,
    )
    BEGUN.append(process)
    return process


def finish(process):
    """Wait for its good end; gives what it has told."""
    told, _ = process.communicate(timeout=1800)
    assert process.returncode == 0, told[-4000:]
    return told


def record(number):
    """SLURM's own record of a job."""
    command = ["scontrol", "--oneliner", "show", "job", str(number)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"(\w+)=(\S*)", told))


LONG = "1a-plain:   {label: plain,   dataset: skin, learning_rate: 1.0e-4, epochs: "
TARGET = "results/lab3/smoke/histories/1a-plain.csv"
LOG = "results/lab3/smoke/logs/train_block/1a-plain/0-1.log"


def long_one(folder, pause=0.0):
    """A project with a cell of 300 epochs for each of 2 seeds, and seconds to wait after each."""
    copy = project(folder)
    edited(copy / "config/labs/lab3/tasks.yaml", (f"{LONG}50", f"{LONG}7500"))
    ended = "        self.done = epoch\n"
    trainer = copy / "scripts/labproof/training/trainer.py"
    edited(trainer, (ended, f"{ended}        time.sleep({pause})\n"))
    return copy


@pytest.fixture(scope="module", autouse=True)
def whole(cluster, tmp_path_factory):
    """The whole smoke preset through the profile, begun: it goes on beside the other tests."""
    here = project(tmp_path_factory.mktemp("whole"))
    with (here / "told.txt").open("w") as told:
        process = begin(here, "--config", "preset=smoke", told=told)
    yield here, process
    for begun in BEGUN:  # those of tests that failed as well
        begun.kill()
        begun.wait()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The long cell's history, trained here at one go."""
    copy = long_one(tmp_path_factory.mktemp("undisturbed"))
    run = smoke(copy, TARGET)
    assert run.returncode == 0, run.stdout[-3000:]
    return (copy / TARGET).read_bytes()


def epochs(folder):
    log = folder / LOG
    return len(re.findall("  epoch ", log.read_text())) if log.exists() else 0


def at_work(folder, process, least=40):
    """Wait until the training has done some epochs; gives its job's number."""
    for _ in range(1200):
        assert process.poll() is None, process.communicate()[0][-4000:]
        if epochs(folder) >= least:
            command = ["squeue", "-h", "-t", "R", "-p", "cpu", "-o", "%i %k"]
            listed = subprocess.run(command, capture_output=True, text=True).stdout
            return re.search(r"(\d+) rule_train_block", listed).group(1)
        time.sleep(0.1)
    raise AssertionError("the training does not begin")


def asks_for(folder, *more):
    """Begin the long cell's training, on a CPU, so that the GPU is left to the whole preset."""
    settings = ["gpu=0", "slurm_partition=cpu", *more]
    given = [f"train_block:{setting}" for setting in settings]
    options = ["--retries", "10", "--set-resources", *given]
    return begin(folder, "--config", "preset=smoke", "checkpoint=1", *options, "--", TARGET)


def test_a_cancelled_job_goes_on(cluster, tmp_path, undisturbed):
    folder = long_one(tmp_path, pause=0.02)
    process = asks_for(folder)
    subprocess.run(["scancel", at_work(folder, process)], check=True)
    told = finish(process)
    assert "CANCELLED" in told
    assert "goes on from its checkpoint" in (folder / LOG).read_text()
    assert (folder / TARGET).read_bytes() == undisturbed


def test_a_job_whose_time_is_over_leaves_before_it_and_goes_on(cluster, tmp_path, undisturbed):
    folder = long_one(tmp_path, pause=0.1)  # a minute at least, however fast this machine is
    process = asks_for(folder, "runtime=1")
    told = finish(process)
    assert "TIMEOUT" not in told
    said = [file.read_text() for file in (folder / "results/slurm/rule_train_block").rglob("*.log")]
    assert said, "SLURM's log of a failed job stays"
    assert all("its time is nearly over: seed" in text for text in said)
    assert "goes on from its checkpoint" in (folder / LOG).read_text()
    assert (folder / TARGET).read_bytes() == undisturbed


def test_a_preempted_job_is_requeued_and_goes_on(cluster, tmp_path, undisturbed):
    folder = long_one(tmp_path, pause=0.02)
    process = asks_for(folder)
    number = at_work(folder, process)
    urgent = ["srun", "-p", "urgent", "-n", "2", "sleep", "5"]  # both processors of the node
    subprocess.run(urgent, check=True, timeout=300)
    told = finish(process)
    assert "Error in rule" not in told, "no retry was to be spent"
    assert told.count("with SLURM jobid") == 2  # the images, the training
    assert record(number)["Restarts"] == "1"
    assert "goes on from its checkpoint" in (folder / LOG).read_text()
    assert (folder / TARGET).read_bytes() == undisturbed


def test_looks_go_on_through_the_cluster(cluster, tmp_path):
    """The second look trains the new seeds alone, by jobs of their own, and judges with them."""
    folder = trim(project(tmp_path), "1a")
    edited(folder / "config/presets/smoke.yaml", ("seeds: 2\n", "seeds: 2\nladder: [2, 3]\n"))
    told = finish(begin(folder, "--config", "preset=smoke", by=("workflow/spend.py", "2h")))
    results = folder / "results/lab3/smoke"
    cells = json.loads((results / "plan.json").read_text())["cells"]
    granted = {cell for cell, seeds in cells.items() if seeds == 3}
    assert granted
    assert {file.parent.parent.name for file in results.glob("blocks/*/2-2/facts.csv")} == granted
    jobs = re.findall(r"rule_train_block/\S*\.log\)", told)
    assert len(jobs) == len(cells) + len(granted)
    entries = json.loads((results / "findings.json").read_text())
    looked = {look["n"] for entry in entries for look in entry["looks"]}
    assert looked == {2, 3}


def test_the_whole_preset(whole, tmp_path):
    """All by sbatch, one job on the GPU at a time, the page rendered, the bytes of a local run."""
    here, process = whole
    process.wait(timeout=1800)
    told = (here / "told.txt").read_text()
    assert process.returncode == 0, told[-4000:]
    submitted = [int(number) for number in re.findall(r"with SLURM jobid (\d+)", told)]
    ended = {number: record(number) for number in submitted}
    assert {ended[number]["JobState"] for number in submitted} == {"COMPLETED"}
    rules = re.findall(r"rule_(\w+)/\S*\.log\)", told)
    assert len(rules) == len(submitted)
    counts = {rule: rules.count(rule) for rule in set(rules)}
    on_features = {cell["dataset"] for cell in LAB["cells"].values() if cell["backbone"]}
    drawn = sum(1 for cell in LAB["cells"].values() if cell["heatmaps"])
    assert counts == {
        "prepare_dataset": len(LAB["datasets"]),
        "audit_dataset": len(LAB["datasets"]),
        "train_block": sum(1 for cell in LAB["cells"].values() if cell["same_as"] is None),
        "train_backbone": 1,
        "extract_features": len(on_features),
        "draw_heatmaps": drawn,
    }

    times = []
    for rule, number in zip(rules, submitted, strict=True):
        row = ended[number]
        on_gpu = rule in ON_GPU
        assert row["Partition"] == ("gpu" if on_gpu else "cpu")
        assert row.get("TresPerJob") == ("gres:gpu:1" if on_gpu else None)
        if on_gpu:
            times.append([datetime.fromisoformat(row[key]) for key in ("StartTime", "EndTime")])
    times.sort()
    for (_, end), (start, _) in pairwise(times):
        assert start >= end, "two jobs had the GPU at once"

    assert (here / "results/lab3/smoke/report/index.html").stat().st_size > 100_000
    there = trim(copy_to(tmp_path / "local"))
    cells = ["1a-plain", "1b-bn-dropout", "7-transfer-skin", "8-vgg16-bone"]
    wanted = [f"results/lab3/smoke/histories/{cell}.csv" for cell in cells]
    run = smoke(there, *wanted, "results/lab3/smoke/heatmaps/7-transfer-skin")
    assert run.returncode == 0, run.stdout[-3000:]
    compared = 0
    heatmaps = "heatmaps/*/scores.csv"
    for pattern in ("histories/*.csv", "predictions/*.csv", "models/*/*/*.h5", heatmaps):
        for file in sorted((there / "results/lab3/smoke").glob(pattern)):
            twin = here / file.relative_to(there)
            assert twin.read_bytes() == file.read_bytes(), file.name
            compared += 1
    assert compared == 4 * len(cells) + 1
