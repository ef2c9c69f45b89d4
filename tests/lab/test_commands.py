"""Cells that a command trains: what is understood of tasks.yaml, and what is told of mistakes."""

import copy
import shlex
from pathlib import Path

import pytest
import yaml

from labproof.errors import LabError
from labproof.lab import commands, plan, validation
from project import ROOT

LAB = {
    "title": "A lab",
    "run": "python train.py --rate {rate} --seed {seed} --out {out}",
    "defaults": {"rate": 0.1, "epochs": 5},
    "tasks": {
        "one": {
            "title": "One",
            "did": "Train.",
            "cells": {
                "plain": {"label": "plain"},
                "fast": {"label": "fast", "rate": 0.5, "epochs": 2, "gpu": True},
            },
        }
    },
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "lab/lib").mkdir(parents=True)
    (tmp_path / "lab/lib/a.py").write_text("")
    (tmp_path / "lab/train.py").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "lab"


def understood(lab, folder):
    file = folder / "tasks.yaml"
    file.write_text(yaml.safe_dump(lab, sort_keys=False))
    written = validation.read("lab/tasks.yaml", folder.parent)
    schemas = validation.Schemas(ROOT / "workflow/schemas")
    schemas.check(written, "runs.schema.yaml", Path("lab/tasks.yaml"))
    return commands.cells(written, Path("lab/tasks.yaml"), folder.parent)


def changed(*keys, value):
    lab = copy.deepcopy(LAB)
    part = lab
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = value
    return lab


def test_defaults_own_keys_and_what_differs_are_told_apart(folder):
    cells = understood(LAB, folder)
    assert cells["plain"]["settings"] == {"rate": 0.1}
    assert cells["fast"]["settings"] == {"rate": 0.5}
    assert [cells[name]["epochs"] for name in ("plain", "fast")] == [5, 2]
    assert [cells[name]["run"]["gpu"] for name in ("plain", "fast")] == [False, True]


def test_a_grid_is_every_combination_named_by_its_values(folder):
    lab = changed("tasks", "one", "cells", "plain", value={"label": "g"})
    grid = {"label": "{rate}, {kind}", "for": {"rate": [1e-3, 10], "kind": ["A_b", "c"]}}
    lab["tasks"]["one"]["cells"] = {"g": grid}
    cells = understood(lab, folder)
    assert list(cells) == ["g-0-001-a-b", "g-0-001-c", "g-10-a-b", "g-10-c"]
    assert cells["g-10-a-b"]["settings"] == {"rate": 10, "kind": "A_b"}
    assert cells["g-10-a-b"]["label"] == "10, A_b"
    grid["label"] = "g"
    assert understood(lab, folder)["g-10-c"]["label"] == "g, rate 10, kind c"


@pytest.mark.parametrize(
    "value", ["a b", "; touch x", "$(touch x)", "`x`", "'", '"', "{seed}", "\n"]
)
def test_no_value_is_more_than_a_word_of_the_command(value):
    words = commands.words("run '{a}' --b={a} {a}{seed} {{a}}", {"a": value, "seed": 3})
    assert words == ["run", value, f"--b={value}", f"{value}3", "{a}"]
    assert shlex.split(shlex.join(words)) == words


def test_values_are_written_as_yaml_has_them():
    values = {"a": True, "b": 0.0001, "c": [1, 2], "d": "x"}
    assert commands.words("{a} {b} {c} {d}", values) == ["true", "0.0001", "1,2", "x"]


@pytest.mark.parametrize(
    ("lab", "told"),
    [
        (
            changed("run", value="python t.py {rat}"),
            ["key tasks.one.cells.plain.run", 'mean "rate"'],
        ),
        (changed("run", value="python tarin.py {seed}"), ["plain.run", 'mean "train.py"']),
        (changed("run", value="python -m x lib/a.py"), ["lib/a.py is not named under files"]),
        (changed("run", value="python t.py > log"), ["none reads the command", "bash train.sh"]),
        (changed("run", value="python 't.py"), ["quotes do not close"]),
        ({k: v for k, v in LAB.items() if k != "run"}, ["cells.plain.run", "missing", "{seed}"]),
        (changed("given", value="x/{seed}.csv"), ["cells.plain.given", "stands beside run"]),
        (changed("files", value=["model.py"]), ["nothing in lab is called model.py"]),
        (changed("files", value=["../x"]), ["files", "inside the lab's folder"]),
        (changed("files", value=["/x"]), ["files", "inside the lab's folder"]),
        (changed("environment", value="r.txt"), ["there is no file lab/r.txt"]),
        (changed("python", value=".venv/bin/python"), ["no program .venv/bin/python"]),
        (changed("defaults", "seed", value=1), ["cells.plain.seed", "Call it otherwise"]),
        (changed("defaults", "Rate", value=1), ["small letters, digits and _"]),
        (changed("thread", value=1), ["key thread", 'mean "threads"']),
        (changed("tasks", "one", "cells", "fast", "label", value="plain"), ["has the label"]),
        (
            changed("tasks", "one", "cells", "fast", "for", value={"rate": [1, 2]}),
            ["cells.fast.rate", "stands under for too"],
        ),
        (
            changed(
                "tasks", "one", "cells", "plain", "for", value={"epochs": [1, 2], "gpu": [True]}
            ),
            ["for.gpu", "cannot be varied"],
        ),
        (changed("reads", value={"histroy": "x"}), ["key reads.histroy", 'mean "history"']),
    ],
)
def test_a_mistake_is_one_message_that_names_key_and_mend(lab, told, folder):
    with pytest.raises(LabError) as raised:
        understood(lab, folder)
    for text in told:
        assert text in str(raised.value)


def test_code_may_stand_in_a_folder_be_named_by_a_key_or_lie_elsewhere(folder):
    lab = changed("files", value=["lib"])
    for command in ("python lib/a.py", "python ./lib/a.py x.py", "python {rate}.py", "sh /x/a.sh"):
        assert understood({**lab, "run": command}, folder)


def test_code_is_found_by_the_path_that_a_job_has(folder):
    told = commands.cells(LAB, Path("lab/tasks.yaml"), folder.parent / "lab" / "..")
    assert told == commands.cells(LAB, Path("lab/tasks.yaml"), folder.parent)


def test_given_histories_need_a_file_for_each_seed(folder):
    lab = {k: v for k, v in LAB.items() if k != "run"}
    with pytest.raises(LabError, match=r"no \{seed\}"):
        understood({**lab, "given": "runs/{cell}.csv"}, folder)
    cells = understood({**lab, "given": "runs/{cell}/{seed}.csv"}, folder)
    assert cells["plain"]["run"]["command"] is None


def test_the_shipped_digits_are_understood():
    lab = plan.resolve({**plan.read_config(ROOT), "lab": "digits"}, ROOT)
    assert lab["datasets"] == {} and lab["sources"] == {}
    assert set(lab["cells"]) >= {"units-4", "units-64", "plain", "stopped"}
    for blocks in lab["blocks"].values():
        assert all(block.split("-")[0] == block.split("-")[1] for block in blocks)


def test_cells_that_differ_in_the_fit_alone_are_one_run(folder):
    cells = {name: {"label": name, "fit": number} for number, name in enumerate("abc", 1)}
    cells["d"] = {"label": "d", "fit": 1, "rate": 0.2}
    cells["e"] = {"label": "e"}
    cells["f"] = {"label": "f"}
    found = understood(changed("tasks", "one", "cells", value=cells), folder)
    shares = {name: cell["run"]["shares"] for name, cell in found.items()}
    assert shares == {"a": None, "b": "a", "c": "a", "d": None, "e": None, "f": None}
