"""One run of a user's command: its folder, what it is told, how it ends, what it leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from labproof import provenance
from labproof.errors import LabError
from labproof.lab import commands
from labproof.training import outcomes, runs
from project import ROOT

RUN = {"command": None, **{key: x for key, x in commands.RUN.items() if key != "run"}}
HISTORY = """
import csv, os, random
random.seed(int(os.environ["LABPROOF_SEED"]))
with open("history.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["epoch", "loss", "val_accuracy"])
    for epoch in range(int(os.environ["LABPROOF_EPOCHS"])):
        writer.writerow([epoch, random.random(), random.random()])
"""


def cell(command="python train.py", epochs=3, **run):
    return {"epochs": epochs, "settings": {"rate": 0.1}, "run": {**RUN, "command": command, **run}}


@pytest.fixture
def at_work(tmp_path):
    """(code of train.py, cell, seed) -> where it has run, and how it ended."""
    lab = tmp_path / "lab"
    lab.mkdir()

    def run(code, cell, seed=3, key="key"):
        (lab / "train.py").write_text(code)
        place = runs.Place(tmp_path / "scratch", key)
        place.furnish(lab, cell["run"])
        return place, runs.execute(place, cell, "plain", seed, lab=lab)

    return run


def told(at_work, code, cell):
    with pytest.raises(LabError) as raised:
        place, _ = at_work(code, cell)
        outcomes.read(place.folder, cell, 3, place.output)
    return str(raised.value)


def test_a_run_is_told_what_it_is_about_three_times_over(at_work):
    code = (
        "import json, os, sys\n"
        "print(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]))\n"
        "print(open(os.environ['LABPROOF_CONFIG']).read())\n"
    )
    place, _ = at_work(code, cell("python train.py {seed} {rate} {out} {checkpoints} {epochs}"))
    first, *rest = place.output.read_text().splitlines()
    words, here, environment = json.loads(first)
    assert words == ["3", "0.1", str(place.folder), str(place.checkpoints), "3"]
    assert here == str(place.folder)
    for name, value in {
        "SEED": "3",
        "RATE": "0.1",
        "OUT": here,
        "EPOCHS": "3",
        "CELL": "plain",
    }.items():
        assert environment[f"LABPROOF_{name}"] == value
    assert environment["PYTHONHASHSEED"] == "3" and environment["MPLBACKEND"] == "Agg"
    config = json.loads("".join(rest))
    assert config["rate"] == 0.1 and config["seed"] == 3


def test_code_is_copied_and_folders_are_linked_and_nothing_else_is_there(tmp_path):
    lab = tmp_path / "lab"
    (lab / "data").mkdir(parents=True)
    for name in ("train.py", "model.py", "data/x.csv", "history.csv"):
        (lab / name).write_text("1")
    place = runs.Place(tmp_path / "scratch", 0)
    place.furnish(lab, {**RUN, "files": ["*.py", "data"]})
    assert sorted(path.name for path in place.folder.iterdir()) == ["data", "model.py", "train.py"]
    (place.folder / "train.py").write_text("2")
    assert (lab / "train.py").read_text() == "1"
    assert (place.folder / "data").is_symlink()


def test_what_python_compiles_changes_nothing(at_work, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    package = tmp_path / "lab" / "nets"
    package.mkdir()
    for module in (tmp_path / "lab" / "model.py", package / "small.py"):
        module.write_text("width = 8\n")
    own = cell(files=["*.py", "nets"])

    def now():
        return provenance.files_hash(commands.files(own["run"], tmp_path / "lab"), tmp_path)

    before = now()
    place, _ = at_work("import model\nfrom nets import small\nprint(small.width)\n", own)
    assert list(package.glob("__pycache__/*.pyc"))
    assert {path.name for path in place.folder.iterdir()} >= {"model.py", "nets"}
    assert not (place.folder / "__pycache__").exists()
    (tmp_path / "lab" / "train.py").unlink()
    assert now() == before


def test_what_a_run_leaves_becomes_the_tables_of_a_seed(at_work):
    place, ended = at_work(HISTORY, cell())
    found = outcomes.read(place.folder, cell(), 3, place.output)
    assert list(found.history) == ["seed", "epoch", "loss", "val_accuracy"]
    assert found.history["epoch"].tolist() == [1, 2, 3]
    assert set(found.history["seed"]) == {3}
    assert found.predictions.empty and found.scalars.empty
    facts = runs.facts(found.facts, ended, 3)
    assert facts["block"].tolist() == ["3-3"] and facts["seconds"].iloc[0] >= 0


FITS = """
from labproof.run import log, log_scalar
for fit in (1, 2, 3):
    for epoch in (0, 1):
        log(epoch=epoch, loss=fit)
"""


def test_of_cells_that_share_a_run_each_has_the_seconds_of_its_fits_and_one_those_of_all(at_work):
    own = cell("python -m labproof.run train.py", epochs=2, fit={"stages": [2, 3]})
    place, _ = at_work(FITS, own)
    for fit, seconds in ((1, 100), (2, 20), (3, 3)):
        file = place.folder / f"fit-{fit}/facts.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"seconds": seconds}))
    ended, shared = runs.Ended(150.04, 7.4), runs.Ended(0.0, 0.0)
    for fit, end, seconds, process in (
        (1, ended, 100, 150.0),
        ({"stages": [2, 3]}, shared, 23, 0),
        ([1, 2], shared, 120, 0),
    ):
        run = cell(epochs=None, fit=fit)
        found = outcomes.read(place.folder, run, 3, place.output).facts
        row = runs.facts(found, end, 3, of_fits=True).iloc[0]
        assert (row["seconds"], row["process_seconds"]) == (seconds, process)
    row = runs.facts(found, ended, 3).iloc[0]  # one cell alone: all that its process took
    assert (row["seconds"], row["process_seconds"]) == (150.0, 150.0)


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        (
            "print('one')\nraise SystemExit(7)",
            ["plain, seed 3: the command ended with status 7", "    one"],
        ),
        ("import no_such_thing", ["lacks the package no_such_thing", "under environment"]),
        ("open('data/x.csv')", ["Only what is named under files", "data/x.csv"]),
        (
            "import os; os.kill(os.getpid(), 9)",
            ["ended by SIGKILL", "mem_mb", "it printed nothing"],
        ),
        ("raise MemoryError", ["mem_mb"]),
    ],
)
def test_a_command_that_fails_is_told_with_its_last_lines_and_the_mend(code, texts, at_work):
    message = told(at_work, code, cell())
    for text in texts:
        assert text in message


def test_arguments_that_do_not_fit_are_told(at_work):
    code = "import argparse\nargparse.ArgumentParser().parse_args()"
    assert "do not agree on its arguments" in told(at_work, code, cell("python train.py --x 1"))
    with pytest.raises(LabError, match=r"no-such-program cannot be started"):
        at_work("", cell("no-such-program"))


@pytest.mark.parametrize(
    ("code", "more", "texts"),
    [
        ("print('hello')", {}, ["left nothing that can be read", "    hello"]),
        (HISTORY, {"epochs": 5}, []),
        (
            HISTORY + "\nimport os\nos.remove('history.csv')",
            {"reads": {"history": "log.csv"}},
            ["no log.csv"],
        ),
        (HISTORY.replace('"])):', '"]) - 1):'), {}, ["has 2 epochs instead of 3", "stop"]),
        (HISTORY.replace('"])):', '"]) + 1):'), {}, ["has 4 epochs, and the cell says 3"]),
    ],
)
def test_a_history_that_cannot_be_used_is_told(code, more, texts, at_work):
    own = cell(**more)
    if not texts:
        place, _ = at_work(code, own)
        assert len(outcomes.read(place.folder, own, 3, place.output).history) == 5
        return
    message = told(at_work, code, own)
    for text in texts:
        assert text in message


def test_a_run_that_may_stop_early_may(at_work):
    own = cell(stops_early=True)
    place, _ = at_work(HISTORY.replace('"])):', '"]) - 1):'), own)
    assert len(outcomes.read(place.folder, own, 3, place.output).history) == 2


def test_scalars_alone_are_a_history_of_one_line(at_work):
    code = "import json\njson.dump({'test_accuracy': 0.5}, open('scalars.json', 'w'))"
    place, _ = at_work(code, cell(epochs=None))
    found = outcomes.read(place.folder, cell(epochs=None), 3, place.output)
    assert found.history.to_dict("records") == [{"seed": 3, "epoch": 1, "test_accuracy": 0.5}]
    assert found.scalars.to_dict("records") == [{"seed": 3, "name": "test_accuracy", "value": 0.5}]


def test_the_recorder_needs_no_line_and_its_seed_makes_the_run(at_work):
    code = (
        "import random\nrandom.seed(0)\nfrom labproof.run import log, log_predictions\n"
        "for _ in range(3):\n    log(loss=random.random())\n"
        "log_predictions([0, 1, 2], [[0.5, 0.3, 0.2]] * 3)\n"
    )
    own = cell("python -m labproof.run train.py")
    tables = []
    for seed in (3, 3, 4):
        place, _ = at_work(code, own, seed, key=[seed, len(tables)])
        tables.append(outcomes.read(place.folder, own, seed, place.output))
    losses = [table.history["loss"].tolist() for table in tables]
    assert losses[0] == losses[1] != losses[2]
    assert list(tables[0].predictions) == ["seed", "split", "image", "label", "p0", "p1", "p2"]
    three = pd.concat([tables[0].history, tables[2].history])
    outcomes.check_seeds(three, "plain")


def test_seeds_with_equal_numbers_are_told_whatever_the_clock_says():
    history = pd.DataFrame({"epoch": [1, 2], "loss": [0.5, 0.4]})
    both = pd.concat(
        [history.assign(seed=0, time=[1.0, 2.0]), history.assign(seed=1, time=[3.0, 4.0])]
    )
    with pytest.raises(LabError, match=r"plain: seeds 0 and 1 give equal numbers"):
        outcomes.check_seeds(both, "plain")
    both.loc[both["seed"] == 1, "loss"] += 1e-9
    outcomes.check_seeds(both, "plain")


def test_seeds_that_have_diverged_at_once_are_equal_for_another_reason():
    history = pd.DataFrame({"epoch": [1, 2], "loss": [float("nan")] * 2, "accuracy": [0.1, 0.1]})
    outcomes.check_seeds(pd.concat([history.assign(seed=seed) for seed in (0, 1)]), "plain")
    with pytest.raises(LabError, match=r"plain: seeds 0 and 1 give equal numbers"):
        rows = [history.assign(seed=seed, loss=[0.5, float("nan")]) for seed in (0, 1)]
        outcomes.check_seeds(pd.concat(rows), "plain")


def test_seeds_whose_columns_differ_are_told(tmp_path):
    files = [tmp_path / str(seed) for seed in range(3)]
    for seed, name in enumerate(("loss", "loss", "mse")):
        pd.DataFrame({"seed": [seed], "epoch": [1], name: [0.1]}).to_csv(files[seed], index=False)
    outcomes.gather(files[:2], "plain", "histories")
    with pytest.raises(LabError, match=r"loss is in that of seed 0, and not in that of seed 2"):
        outcomes.gather(files, "plain", "histories")
    pd.DataFrame(columns=["seed", "image"]).to_csv(files[1], index=False)
    with pytest.raises(LabError, match=r"of 3 seeds only 0, 2 left predictions"):
        outcomes.gather(files, "plain", "predictions")


def test_checkpoints_survive_a_kill_and_not_a_change_of_code(tmp_path):
    place = runs.Place(tmp_path / "scratch", ["a"])
    (place.checkpoints / "model").write_text("half")
    (place.folder / "fit-1").mkdir()
    (place.folder / "model.pt").write_text("of a killed run")
    again = runs.Place(tmp_path / "scratch", ["a"])
    assert (again.checkpoints / "model").read_text() == "half"
    assert [path.name for path in again.folder.iterdir()] == ["fit-1"]
    other = runs.Place(tmp_path / "scratch", ["b"])
    assert not list(other.checkpoints.iterdir()) and not list(other.folder.iterdir())


def test_a_run_that_fails_over_what_an_earlier_one_has_left_says_where_that_is(at_work):
    code = "import os, sys\nsys.exit(os.listdir(os.environ['LABPROOF_CHECKPOINTS']) != [])"
    place, _ = at_work(code, cell())
    (place.checkpoints / "last.pt").write_text("half")
    assert f"left in {place.checkpoints} is broken, delete it" in told(at_work, code, cell())


WAITS = """
import os, sys, time
open(os.path.join(os.environ["LABPROOF_CHECKPOINTS"], "pid"), "w").write(str(os.getpid()))
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whoever_ends_the_job_ends_the_command(number, tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/train.py").write_text(WAITS)
    code = (
        # a shell that starts what runs the tests in the background leaves this one ignored
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\nfrom labproof.training import runs\n"
        f"root, lab, cell = Path({str(tmp_path)!r}), Path({str(tmp_path / 'lab')!r}), {cell()!r}\n"
        "place = runs.Place(root / 'scratch', 0)\nplace.furnish(lab, cell['run'])\n"
        "runs.execute(place, cell, 'plain', 3, lab=lab)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    job = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
    file, end = tmp_path / "scratch/checkpoints/pid", time.monotonic() + 60
    while not (file.is_file() and file.read_text()):
        assert job.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    job.send_signal(number)
    assert job.wait(60) == 128 + number
    assert "the command was ended" in job.stdout.read().decode()
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)


def test_a_comment_changes_no_hash_of_the_users_files_and_all_else_does(tmp_path):
    code, data = tmp_path / "train.py", tmp_path / "data"
    data.mkdir()
    code.write_text("x = 1\n")
    notebook = tmp_path / "lab.ipynb"
    cells = [{"cell_type": "code", "source": "x = 1", "outputs": []}]
    notebook.write_text(json.dumps({"cells": cells}))
    files = [code, notebook, data]

    def now():
        return provenance.files_hash(files, tmp_path)

    first = now()
    code.write_text("# a comment\nx = 1  # another\n")
    cells[0]["outputs"] = ["1"]
    notebook.write_text(json.dumps({"cells": cells}))
    assert now() == first
    code.write_text("x = 2\n")
    second = now()
    assert second != first
    code.write_text("print 'Python 2'\n")
    third = now()
    assert third != second
    (data / "x.csv").write_text("1")
    assert now() != third
    module = data / "model.py"
    module.write_text("x = 1\n")
    fourth = now()
    module.write_text("x = 1  # a comment\n")
    assert now() == fourth
    module.write_text("x = 2\n")
    assert now() != fourth
    assert Path(code).read_text().startswith("print")
