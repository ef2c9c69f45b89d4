"""The protocol to the letter, and what presets and seeds make of it."""

from itertools import pairwise

import pytest

from labproof.lab import leaves, plan, seeds
from project import ROOT

CONFIG = plan.read_config(ROOT)


@pytest.fixture(scope="module")
def labs():
    return {name: plan.resolve(CONFIG, ROOT, preset=name) for name in plan.presets(ROOT)}


# The course's table: dataset, network, base, dense, dropout, BN, spatial, augmented, rate, epochs.
S, A, V, M = "skin", "alexnet", "vgg16", "mlp"
D, W = [64, 64], [128, 64]
PROTOCOL = {
    "1a-plain": (S, A, 8, D, 0, False, 0, False, 1e-4, 50),
    "1a-dropout": (S, A, 8, D, 0.4, False, 0, False, 1e-4, 50),
    "1b-bn": (S, A, 8, D, 0, True, 0, False, 1e-4, 50),
    "1b-bn-dropout": (S, A, 8, D, 0.4, True, 0, False, 1e-4, 50),
    "1c-dropout": (S, A, 8, D, 0.4, False, 0, False, 1e-5, 80),
    "1c-bn-dropout": (S, A, 8, D, 0.4, True, 0, False, 1e-5, 80),
    "1d-dropout": (S, A, 8, D, 0.4, False, 0, False, 1e-5, 150),
    "1d-bn-dropout": (S, A, 8, D, 0.4, True, 0, False, 1e-5, 150),
    "2a-dropout": (S, A, 32, D, 0.4, False, 0, False, 1e-5, 150),
    "2a-spatial": (S, A, 32, D, 0.4, False, 0.1, False, 1e-5, 150),
    "2b-dropout": (S, A, 32, D, 0.4, False, 0, False, 1e-5, 250),
    "2b-spatial": (S, A, 32, D, 0.4, False, 0.1, False, 1e-5, 250),
    "4-alexnet": (S, A, 64, W, 0.4, True, 0, False, 1e-5, 80),
    "4-alexnet-augmented": (S, A, 64, W, 0.4, True, 0, True, 1e-5, 80),
    "5-vgg16-skin": (S, V, 64, D, 0.4, False, 0, False, 1e-5, 80),
    "5-vgg16-skin-augmented": (S, V, 64, D, 0.4, False, 0, True, 1e-5, 80),
    "5-vgg16-bone": ("bone", V, 64, D, 0.4, False, 0, False, 1e-5, 80),
    "5-vgg16-bone-augmented": ("bone", V, 64, D, 0.4, False, 0, True, 1e-5, 80),
    "7-transfer-skin": ("skin-colour", M, None, [128], 0.5, False, 0, False, 1e-5, 150),
    "7-transfer-bone": ("bone-colour", M, None, [128], 0.5, False, 0, False, 1e-5, 150),
    "8-vgg16-bone": ("bone", V, 8, D, 0.4, False, 0, True, 1e-5, 80),
    "8-vgg16-unmarked": ("bone-unmarked", V, 8, D, 0.4, False, 0, True, 1e-5, 80),
}
CONTROLS = {"4-alexnet", "5-vgg16-skin", "5-vgg16-bone", "8-vgg16-unmarked"}


def test_lab_preset_holds_the_protocol_to_the_letter(labs):
    cells = labs["lab"]["cells"]
    assert set(cells) == set(PROTOCOL)
    for name, expected in PROTOCOL.items():
        cell = cells[name]
        found = (
            cell["dataset"],
            cell["network"],
            cell["base"] if cell["network"] != M else None,
            cell["dense"],
            cell["dropout"],
            cell["batch_norm"],
            cell["spatial_dropout"],
            cell["augmentation"] is not None,
            cell["learning_rate"],
            cell["epochs"],
        )
        assert found == expected, name
        assert cell["batch_size"] == 8
        assert cell["outputs"] == (2 if name.startswith("8") else 1)
        assert cell["initializer"] == "glorot_uniform"  # Keras' own, which the lab never changed
        assert cell["control"] == (name in CONTROLS)
    augmented = cells["8-vgg16-bone"]["augmentation"]
    assert augmented == {"rotation": 10, "shift": 0.1, "flip": True}


def test_lab_preset_uses_the_images_as_the_lab_did(labs):
    found = {
        name: (d["size"], d["channels"], d["train"], d["validation"])
        for name, d in labs["lab"]["datasets"].items()
    }
    assert found == {
        "skin": (128, 1, 1000, 200),
        "skin-colour": (224, 3, 1000, 200),
        "bone": (128, 1, 1112, 96),
        "bone-unmarked": (128, 1, 1112, 96),
        "bone-colour": (224, 3, 1112, 96),
    }
    assert labs["lab"]["backbone"]["weights"] == "imagenet"


def test_a_preset_scales_and_drops_no_cell(labs):
    for resolved in labs.values():
        assert list(resolved["cells"]) == list(labs["lab"]["cells"])
        assert resolved["protocol"] == labs["lab"]["protocol"]
    demo, whole = labs["demo"], labs["lab"]
    for name, cell in demo["cells"].items():
        before = whole["cells"][name]
        assert cell["epochs"] == round(0.2 * before["epochs"])
        assert cell["learning_rate"] == pytest.approx(20 * before["learning_rate"])
        for key in ("dense", "dropout", "batch_norm", "spatial_dropout", "augmentation", "outputs"):
            assert cell[key] == before[key]


def test_demo_keeps_learning_rate_times_steps(labs):
    """What its comment promises: as far to walk as in the lab, within rounding."""
    for name in labs["demo"]["cells"]:
        walked = []
        for resolved in (labs["demo"], labs["lab"]):
            this = resolved["cells"][name]
            steps = -(-resolved["datasets"][this["dataset"]]["train"] // this["batch_size"])
            walked.append(steps * this["epochs"] * this["learning_rate"])
        assert walked[0] == pytest.approx(walked[1], rel=0.07)


def test_cells_that_differ_in_epochs_alone_go_on_from_one_another(labs):
    """The lab's tasks 1d and 2b repeat 1c and 2a "for 150 epochs", "for 250 epochs"."""
    chained = {"1d-dropout": "1c-dropout", "1d-bn-dropout": "1c-bn-dropout"}
    chained |= {"2b-dropout": "2a-dropout", "2b-spatial": "2a-spatial"}
    cells = labs["lab"]["cells"]
    found = {name: cell["continues"] for name, cell in cells.items() if cell["continues"]}
    assert found == chained
    assert {name for name, cell in cells.items() if cell["continued"]} == set(chained.values())
    # in the demo's width 1d and 2a are one training
    demo = labs["demo"]["cells"]
    assert demo["2a-dropout"]["same_as"] == demo["2b-dropout"]["continues"] == "1d-dropout"
    for resolved in labs.values():
        for cell in resolved["cells"].values():
            if cell["continues"]:
                assert resolved["cells"][cell["continues"]]["epochs"] <= cell["epochs"]


def test_seeds_as_a_number_or_a_list(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where there are no results
    resolved = plan.resolve({**CONFIG, "seeds": 10}, ROOT)
    assert resolved["seeds"] == list(range(10))
    assert resolved["seeds_of"] == {cell: [*range(10)] for cell in resolved["cells"]}
    assert all(blocks == ["0-4", "5-9"] for blocks in resolved["blocks"].values())
    resolved = plan.resolve({**CONFIG, "seeds": [7, 3]}, ROOT)
    assert resolved["seeds"] == [3, 7]
    assert all(blocks == ["3-3", "7-7"] for blocks in resolved["blocks"].values())


@pytest.mark.parametrize(
    ("asked", "ladder"), [(5, [5, 10, 20, 40]), (7, [5, 10, 20, 40]), (4, [4]), ([3, 7], [2])]
)
def test_fewer_seeds_than_the_first_step_are_looked_at_once(asked, ladder):
    assert plan.resolve({**CONFIG, "seeds": asked}, ROOT, preset="demo")["ladder"] == ladder
    assert plan.resolve({**CONFIG, "seeds": 3}, ROOT, preset="smoke")["ladder"] == [3]


def test_no_block_holds_seeds_of_two_steps():
    """Or a step would train again what the one before it has trained."""
    assert seeds.in_steps(range(12), [3, 10], 4) == ["0-2", "3-3", "4-7", "8-9", "10-11"]
    for size in (1, 2, 4, 5, 7):
        order = [*range(2, 7), 0, 1, *range(7, 40)]
        found = [seeds.in_steps(order[:count], [5, 10, 20, 40], size) for count in (5, 10, 20, 40)]
        for few, more in pairwise(found):
            assert more[: len(few)] == few
        assert sorted(seed for block in found[-1] for seed in seeds.seeds_of(block)) == [*range(40)]


def test_behind_the_last_step_blocks_are_longer():
    found = seeds.in_steps(range(100), [5, 10], 5, 20)
    assert found == ["0-4", "5-9", "10-19", "20-39", "40-59", "60-79", "80-99"]
    assert seeds.in_steps(range(10), [5, 10], 5, 20) == ["0-4", "5-9"]


def test_blocks_that_are_there_stay_and_each_seed_has_one():
    there = ["0-7", "5-9", "11-11", "14-20", "40-59"]
    found = seeds.in_steps(range(18), [5, 10], 5, 20, there)
    assert found == ["0-7", "8-9", "10-10", "11-11", "12-17"]  # 14-20 has seeds that nobody wants
    # what is trained by one plan is there at the next, which is the same
    for made in range(1, len(found) + 1):
        assert seeds.in_steps(range(18), [5, 10], 5, 20, [*there, *found[:made]]) == found


def test_the_blocks_on_the_disk_are_planned_with(tmp_path, monkeypatch):
    """Of the cell itself, of the training that it equals, and of the one that it goes on from."""
    monkeypatch.chdir(tmp_path)
    for place in ("1a-plain/0-4", "1a-plain/5-6", "1c-dropout/5-7", "1d-dropout/0-3", "1b-bn/5-6x"):
        folder = tmp_path / "results/lab3/demo/blocks" / place
        folder.mkdir(parents=True)
        (folder / "history.csv").touch()
    blocks = plan.resolve({**CONFIG, "seeds": 10}, ROOT)["blocks"]
    assert blocks["1a-plain"] == ["0-4", "5-6", "7-9"]
    assert blocks["1c-dropout"] == ["0-4", "5-7", "8-9"]
    assert blocks["1d-dropout"] == blocks["2a-dropout"] == ["0-3", "4-4", "5-7", "8-9"]
    assert blocks["1b-bn"] == ["0-4", "5-9"]


@pytest.mark.parametrize("size", [1, 2, 5, 7])
def test_blocks_hold_each_seed_once_and_stay_when_seeds_are_added(size):
    for chosen in ([0], list(range(23)), [0, 2, 3, 4, 5, 11, 12]):
        blocks = seeds.blocks(chosen, size)
        held = [seed for block in blocks for seed in seeds.seeds_of(block)]
        assert held == chosen
        assert max(len(seeds.seeds_of(block)) for block in blocks) <= size
    few, many = seeds.blocks(range(2 * size), size), seeds.blocks(range(5 * size), size)
    assert many[: len(few)] == few


def test_every_task_that_was_trained_has_a_finding(labs):
    judged = [entry["task"] for entry in labs["lab"]["findings"]]
    assert set(judged) == {task for task, entry in labs["lab"]["tasks"].items() if entry["cells"]}
    assert len(judged) >= 25


# The claims of the report that must at least be judged: task -> (cell, measure, relation).
CLAIMS = {
    "1a": [
        ("1a-plain", "overfitting", "above"),
        ("1a-plain", "slope", "about"),
        ("1a-plain", "final_accuracy", "about"),
        ("1a-plain", "final_val_accuracy", "about"),
        ("1a-dropout", "overfitting", "above"),
        ("1a-dropout", "final_loss", "above"),
        ("1a-dropout", "final_accuracy", "about"),
        ("1a-dropout", "final_val_accuracy", "about"),
        ("1a-dropout", "noise", "above"),
    ],
    "1b": [
        ("1b-bn-dropout", "time_to_accuracy", "below"),
        ("1b-bn-dropout", "slope", "about"),
        ("1b-bn-dropout", "final_accuracy", "above"),
        ("1b-bn-dropout", "accuracy_after", "similar_to"),
        ("1b-bn", "overfitting", "above"),
        ("1b-bn", "final_accuracy", "above"),
    ],
    "1c": [
        ("1c-dropout", "final_val_accuracy", "about"),
        ("1c-dropout", "final_val_loss", "above"),
        ("1c-dropout", "noise", "above"),
        ("1c-bn-dropout", "final_val_accuracy", "about"),
        ("1c-bn-dropout", "final_val_loss", "below"),
        ("1c-dropout", "accuracy_gap", "above"),
        ("1c-bn-dropout", "accuracy_gap", "above"),
        ("1c-bn-dropout", "speed", "above"),
    ],
    "1d": [
        ("1d-dropout", "final_val_accuracy", "similar_to"),
        ("1d-bn-dropout", "final_val_accuracy", "similar_to"),
        ("1d-bn-dropout", "final_accuracy", "above"),
        ("1d-bn-dropout", "final_val_accuracy", "above"),
        ("1d-bn-dropout", "slope", "above"),
        ("1d-bn-dropout", "final_val_loss", "below"),
    ],
    "2a": [
        ("2a-spatial", "slope", "about"),
        ("2a-spatial", "final_accuracy", "below"),
        ("2a-spatial", "final_val_accuracy", "below"),
    ],
    "2b": [
        ("2b-spatial", "slope", "about"),
        ("2b-spatial", "final_accuracy", "below"),
        ("2b-spatial", "final_val_accuracy", "below"),
    ],
    "4": [
        ("4-alexnet-augmented", "final_val_accuracy", "above"),
        ("4-alexnet-augmented", "lowest_loss", "above"),
        ("4-alexnet-augmented", "final_val_accuracy", "about"),
    ],
    "5": [
        ("5-vgg16-skin-augmented", "final_val_accuracy", "similar_to"),
        ("5-vgg16-skin-augmented", "noise", "above"),
        ("5-vgg16-bone-augmented", "final_val_accuracy", "above"),
        ("5-vgg16-bone-augmented", "final_val_loss", "about"),
        ("5-vgg16-bone-augmented", "final_accuracy", "about"),
        ("5-vgg16-bone-augmented", "overfitting", "below"),
    ],
    "7": [
        ("7-transfer-skin", "final_val_accuracy", "above"),
        ("7-transfer-bone", "final_val_accuracy", "above"),
        ("7-transfer-skin", "settling_time", "below"),
        ("7-transfer-bone", "settling_time", "below"),
    ],
    "8": [
        ("8-vgg16-bone", "final_val_accuracy", "above"),
        ("8-vgg16-bone", "heat_peak_in_zone", "below"),
    ],
}


@pytest.mark.parametrize("task", CLAIMS)
def test_every_claim_of_the_report_is_judged(labs, task):
    judged = {
        (leaf["cell"], leaf["measure"], leaf["relation"])
        for entry in labs["lab"]["findings"]
        if entry["task"] == task
        for leaf in leaves.leaves(entry["claim"])
    }
    assert set(CLAIMS[task]) <= judged


def test_the_control_without_markers_differs_in_nothing_else(labs):
    for made in labs.values():
        cells, datasets = made["cells"], made["datasets"]
        other = ("label", "control", "heatmaps", "dataset", "images")
        marked, unmarked = (
            {key: x for key, x in cells[name].items() if key not in other}
            for name in ("8-vgg16-bone", "8-vgg16-unmarked")
        )
        assert marked == unmarked
        bone, control = dict(datasets["bone"]), dict(datasets["bone-unmarked"])
        assert bone.pop("images") == {"kind": "phantom", "marker": 0.95}
        assert control.pop("images") == {"kind": "phantom", "marker": 0} and bone == control


def test_what_the_lab_did_not_write_says_so(labs):
    ours = [entry["id"] for entry in labs["demo"]["findings"] if entry["ours"]]
    assert ours == ["8-reads-the-marker", "8-needs-the-fracture", "8-marker-helps"]
