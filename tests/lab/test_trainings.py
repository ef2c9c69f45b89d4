"""Which cells are one training, which go on from one another, and their random numbers."""

import copy

import pytest

from labproof.lab import plan, trainings
from project import ROOT

DATASETS = {
    "films": {"size": 48, "train": 20, "validation": 9, "classes": ["no", "yes"]},
    "others": {"size": 48, "train": 20, "validation": 9, "classes": ["no", "yes"]},
}
for name, dataset in DATASETS.items():
    dataset["images"] = {"kind": "folder", "path": "films" if name == "films" else "others"}
DATASETS["films-unmarked"] = copy.deepcopy(DATASETS["films"])
CELL = {"label": "plain", "dataset": "films", "network": "alexnet", "base": 8, "epochs": 10}


def resolved(**cells):
    made = {name.replace("_", "-"): {**CELL, **own} for name, own in cells.items()}
    for cell in made.values():
        cell["images"] = trainings.images(DATASETS[cell["dataset"]])
    trainings.chain(made, DATASETS)
    return made


def test_equal_settings_on_equal_images_are_one_training_whatever_the_names():
    cells = resolved(
        plain={},
        control={"dataset": "films-unmarked", "label": "control", "heatmaps": {"methods": []}},
        wide={"base": 16},
        elsewhere={"dataset": "others"},
    )
    same = {name: cell["same_as"] for name, cell in cells.items()}
    assert same == {"plain": None, "control": "plain", "wide": None, "elsewhere": None}
    assert trainings.trained_as(cells, "control") == "plain"
    assert trainings.trained_as(cells, "wide") == "wide"


def test_cells_of_ones_own_are_trainings_of_their_own_for_their_names_may_tell_them_apart():
    cell = {"run": {"given": "runs/{cell}/{seed}.csv"}, "dataset": None, "epochs": None}
    cells = {"slow": {**cell, "label": "slow"}, "fast": {**cell, "label": "fast"}}
    for besides in ([], ["epochs"]):
        assert trainings.shared(cells, {}, besides) == {"slow": "slow", "fast": "fast"}


def test_what_hangs_together_by_the_seed_is_compared_in_pairs():
    """Cells of one chain, and cells that one run of the user's code trains."""
    built_in = resolved(short={}, long={"epochs": 30}, wide={"base": 16})
    assert trainings.paired(built_in, DATASETS) == {
        "short": "short",
        "long": "short",
        "wide": "wide",
    }
    run = {"command": "python train.py", "shares": None}
    one = {"label": "x", "dataset": None, "same_as": None, "epochs": 3}
    cells = {
        "frozen": {**one, "run": {**run, "fit": 1}},
        "tuned": {**one, "run": {**run, "fit": {"stages": [1, 2]}, "shares": "frozen"}},
        "scratch": {**one, "run": run},
    }
    assert trainings.paired(cells, {}) == {
        "frozen": "frozen",
        "tuned": "frozen",
        "scratch": "scratch",
    }
    assert trainings.granted_as(cells, "tuned") == "frozen"
    assert trainings.trained_as(cells, "tuned") == "tuned"  # its tables are its own


def test_a_chain_runs_through_one_cell_of_each_training():
    cells = resolved(
        long={"epochs": 30}, short={"dataset": "films-unmarked"}, twin={}, middle={"epochs": 20}
    )
    assert cells["twin"]["same_as"] == "short"
    ways = {name: (cell["continues"], cell["continued"]) for name, cell in cells.items()}
    assert ways == {
        "short": (None, "middle"),
        "middle": ("short", "long"),
        "long": ("middle", None),
        "twin": (None, None),
    }


def test_each_training_has_numbers_of_its_own_and_one_training_has_one():
    cells = resolved(plain={}, wide={"base": 16}, elsewhere={"base": 4}, longer={"epochs": 30})
    cells |= resolved(control={"dataset": "films-unmarked"})
    found = {
        name: [trainings.stream(cell, seed) for seed in range(50)] for name, cell in cells.items()
    }
    assert found["plain"] == found["longer"] == found["control"]
    apart = found["plain"] + found["wide"] + found["elsewhere"]
    assert len(set(apart)) == 150
    assert all(0 <= number < 2**31 for number in apart)
    # what is told and drawn of a cell changes none of its numbers
    told = {**cells["plain"], "label": "x", "task": "1", "control": True, "heatmaps": {}}
    assert trainings.stream(told, 0) == found["plain"][0]
    # nor does where its images lie
    moved = copy.deepcopy(DATASETS["films"])
    moved["images"]["path"] = "elsewhere"
    assert trainings.images(moved) == trainings.images(DATASETS["films"])
    assert trainings.images({**moved, "train": 21}) != trainings.images(moved)


def test_the_numbers_stay_what_they_were():
    """Another number would be another training: what was trained before would be lost."""
    assert trainings.stream({"network": "alexnet", "learning_rate": 2e-3, "epochs": 5}, 3) == NUMBER


NUMBER = 964672717


@pytest.mark.parametrize("preset", ["smoke", "demo", "lab"])
def test_all_cells_of_the_lab_but_chains_and_twins_have_numbers_of_their_own(preset):
    lab = plan.resolve(plan.read_config(ROOT), ROOT, preset=preset)
    groups = trainings.shared(lab["cells"], lab["datasets"], besides=["epochs"])
    numbers = {}
    for name, cell in lab["cells"].items():
        numbers.setdefault(groups[name], set()).add(trainings.stream(cell, 0))
    assert all(len(found) == 1 for found in numbers.values())
    assert len(set.union(*numbers.values())) == len(numbers)


def test_one_seed_is_run_twice_of_the_cheapest_run_of_its_own():
    run = {"given": None, "shares": None, "deterministic": False}
    cells = {
        "built-in": {"epochs": 1},
        "long": {"epochs": 30, "run": run},
        "unknown": {"epochs": None, "run": run},
        "there": {"epochs": 2, "run": {**run, "given": "x.csv"}},
        "shared": {"epochs": 2, "run": {**run, "shares": "long"}},
        "fixed": {"epochs": 2, "run": {**run, "deterministic": True}},
        "short": {"epochs": 3, "run": run},
    }
    assert trainings.to_repeat(cells) == "short"
    del cells["short"], cells["long"]
    assert trainings.to_repeat(cells) == "unknown"
    del cells["unknown"]
    assert trainings.to_repeat(cells) is None
