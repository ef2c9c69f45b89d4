"""What a training costs: operations, memory and time, from a cell's numbers and what was measured.

Kept free of Keras: Snakemake reads it to ask a cluster for what a job needs.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from labproof.lab.architectures import CONVOLUTIONAL, FEATURES
from labproof.lab.seeds import seeds_of
from labproof.paths import Results

# A process before its first step and behind its last: imports, tracing, writing. Seconds.
SET_UP = 5
RUNS = ("run_command", "repeat_run")  # rules that run a user's command
# A run of a user's command, before there was one.
UNKNOWN = 60
# TensorFlow's own, in MiB. Peak of a block at the demo's sizes: 740 to 880 MiB, for AlexNet at 128
# pixels on 1200 images: 950 to 1000 MiB (`max_rss` in results/*/*/benchmarks/train_block). CUDA's
# libraries add some GiB on a GPU, which has not been measured.
RESIDENT = 1000
# Times of a rule's jobs beside training, measured on one core at the demo's size, in seconds.
FIXED = {
    "prepare_dataset": 4,
    "audit_dataset": 3,
    "draw_dataset": 1,
    "draw_gallery": 7,
    "draw_task": 3,
    "gather_blocks": 0.1,
    "judge_findings": 3,
    "write_report": 3,
    "write_records": 2,
    "write_overview": 3,
    "render_report": 3,
}
# A look on the wall beside its trainings: planning, judging, the figures that change, a page.
LOOK = 30
# A method's heatmaps: as a multiple of the time to train once, one seed, on the validation images.
# Of the demo's four cells: 9 by six methods; 2, 10, 15 by Grad-CAM alone, with interventions.
PASSES = 10


def read(file: Path) -> list[dict]:
    """Measurements as `per_image` takes them, from a CSV file."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        row |= {key: int(row[key]) for key in ("batch_norm", "augmented")}
        row |= {key: float(row[key]) for key in ("operations", "seconds_per_image")}
    return rows


def operations(cell: Mapping, dataset: Mapping, backbone: Mapping) -> float:
    """Multiplications and additions of one image's way through a cell's network, forwards.

    Parameters
    ----------
    cell, dataset, backbone
        As `plan.resolve` gives them; a cell on features counts its dense layers alone.
    """
    return 2.0 * sum(
        inputs * outputs * places for inputs, outputs, places in _layers(cell, dataset, backbone)
    )


def parameters(cell: Mapping, dataset: Mapping, backbone: Mapping) -> int:
    """Weights of a cell's network, biases and normalisation left out."""
    return sum(inputs * outputs for inputs, outputs, _ in _layers(cell, dataset, backbone))


def memory(cell: Mapping, dataset: Mapping, backbone: Mapping) -> int:
    """Upper bound of a block's peak, in MiB.

    The images as floats twice over, the final ones as they are; weights, gradients, the optimiser's
    two moments, a copy for the checkpoint and one as it is written; and what the layers hold of 64
    images, the most that go through at once, forwards and backwards.
    """
    layers = _layers(cell, dataset, backbone)
    values = inputs(cell, dataset, backbone)
    data = 2 * (dataset["train"] + dataset["validation"]) * values
    data += dataset["final"] * values / (1 if cell["network"] == "mlp" else 4)  # not as floats
    held = 64 * 4 * sum(outputs * places for _, outputs, places in layers)
    floats = data + 6 * parameters(cell, dataset, backbone) + held
    return round(RESIDENT + 4 * floats / 2**20)


def per_image(
    cell: Mapping, dataset: Mapping, backbone: Mapping, measured: Sequence[Mapping]
) -> float:
    """Seconds that a cell trains on one image, once.

    Parameters
    ----------
    measured
        Rows with `network`, `batch_norm`, `augmented`, `operations` and `seconds_per_image`. The
        row of the same kind with the most similar number of operations is taken, and its time
        scaled by the operations, where there are more; where there are fewer, the fixed part of a
        step weighs more, and it is left as it is.
    """
    wanted = operations(cell, dataset, backbone)

    def unlike(row):
        kind = [
            row["network"] != cell["network"],
            bool(row["batch_norm"]) != bool(cell["batch_norm"]),
            bool(row["augmented"]) != bool(cell["augmentation"]),
        ]
        return (*kind, abs(math.log(row["operations"] / wanted)))

    nearest = min(measured, key=unlike)
    return nearest["seconds_per_image"] * max(1.0, wanted / nearest["operations"])


def seconds(
    cell: Mapping, dataset: Mapping, backbone: Mapping, seeds: int, measured: Sequence[Mapping]
) -> float:
    """Time of a block of so many seeds."""
    each = per_image(cell, dataset, backbone, measured)
    return SET_UP + seeds * cell["epochs"] * dataset["train"] * each


def inputs(cell: Mapping, dataset: Mapping, backbone: Mapping) -> int:
    """Numbers that a cell's network sees of one image: pixels, or a backbone's features."""
    if cell["network"] != "mlp":
        return dataset["size"] ** 2 * dataset["channels"]
    maps = FEATURES.get(cell["backbone"]) or 8 * backbone.get("base", 64)
    return (dataset["size"] // 32) ** 2 * maps


def _layers(cell: Mapping, dataset: Mapping, backbone: Mapping) -> list[tuple[int, int, int]]:
    """(values that one output sums over, outputs a place, places) of each layer with weights."""
    found = []
    values = inputs(cell, dataset, backbone)
    if cell["network"] != "mlp":
        side, maps = dataset["size"], dataset["channels"]
        for width, pool in CONVOLUTIONAL[cell["network"]]:
            outputs = width * cell["base"]
            found.append((9 * maps, outputs, side * side))
            maps, side = outputs, side // 2 if pool else side
        values = maps * side * side
    for units in [*cell["dense"], cell["outputs"]]:
        found.append((values, units, 1))
        values = units
    return found


def measured_in(results: Results, lab: Mapping) -> list[dict]:
    """Measurements as `per_image` takes them, of the blocks that an earlier run has trained.

    Parameters
    ----------
    results
        The paths of the preset's results.
    lab
        The resolved lab of this preset.

    Returns
    -------
    list of dict
        With `gpu`, whether it was trained on one, beside the rest.
    """
    found = []
    for name, cell in lab["cells"].items():
        if cell.get("run"):
            if cell["run"]["shares"]:
                continue
            found += _of_command(results, name, cell)
            continue
        dataset = lab["datasets"][cell["dataset"]]
        for file in sorted(Path().glob(results.block(name, "*", "facts"))):
            with file.open(encoding="utf-8", newline="") as lines:
                facts = next(csv.DictReader(lines))
            with file.with_name("history.csv").open(encoding="utf-8") as lines:
                epochs = sum(1 for _ in lines) - 1
            spent = float(facts["seconds"])  # from behind the imports
            found.append(
                {
                    "network": cell["network"],
                    "batch_norm": int(cell["batch_norm"]),
                    "augmented": int(bool(cell["augmentation"])),
                    "operations": operations(cell, dataset, lab["backbone"]),
                    "seconds_per_image": spent / (epochs * dataset["train"]),
                    "gpu": "gpu" in facts["device"].lower(),
                }
            )
    return found


def _of_command(results: Results, name: str, cell: Mapping) -> list[dict]:
    """What runs of a user's command have taken: `cell`, `epochs` and `seconds`, and `gpu`."""
    found = []
    for file in sorted(Path().glob(results.block(name, "*", "facts"))):
        with file.open(encoding="utf-8", newline="") as lines:
            facts = next(csv.DictReader(lines))
        spent = float(facts.get("process_seconds") or facts["seconds"])
        row = {"cell": name, "epochs": cell["epochs"], "seconds": spent, "gpu": cell["run"]["gpu"]}
        found.append(row)
    return found


def of_command(name: str, cell: Mapping, measured: Sequence[Mapping]) -> float:
    """Seconds of one run of a user's command: as its others took, or those of its lab's others.

    Scaled by the epochs, where both say them; `UNKNOWN` before the first run.
    """
    rows = [row for row in measured if "cell" in row]
    rows = [row for row in rows if row["cell"] == name] or rows
    if cell["run"]["given"] or cell["run"]["shares"]:
        return 0
    if not rows:
        return UNKNOWN
    times = [
        row["seconds"] * (cell["epochs"] / row["epochs"] if cell["epochs"] and row["epochs"] else 1)
        for row in rows
    ]
    return sum(times) / len(times)


def job(rule: str, wildcards: Mapping, lab: Mapping, measured: Sequence[Mapping]) -> float:
    """Seconds of one job of the workflow, as well as is known; 0 for a rule that only gathers."""
    backbone = lab["backbone"]
    network = {"network": "vgg16", "base": backbone.get("base", 64), "dense": [], "outputs": 0}
    network |= {"batch_norm": True, "augmentation": None}
    if rule in ("train_backbone", "extract_features"):
        if rule == "extract_features":  # the way forwards is a third of a training step
            dataset = lab["datasets"][wildcards["dataset"]]
            images = (dataset["train"] + dataset["validation"] + dataset["final"]) / 3
        elif backbone["weights"] == "procedural":
            dataset = {"size": backbone["size"], "channels": 3}
            images = backbone["images"] * backbone["epochs"]
        else:
            return SET_UP
        return SET_UP + images * per_image(network, dataset, backbone, measured)
    if "cell" not in wildcards or rule == "gather_blocks":
        return FIXED.get(rule, 0)
    cell = lab["cells"][wildcards["cell"]]
    if cell.get("run"):
        return of_command(wildcards["cell"], cell, measured) if rule in RUNS else 1
    measured = [row for row in measured if "cell" not in row]
    dataset = lab["datasets"][cell["dataset"]]
    if rule == "train_block":
        count = len(seeds_of(wildcards["block"]))
        shorter = lab["cells"].get(cell["continues"], {"epochs": 0})
        rest = {**cell, "epochs": cell["epochs"] - shorter["epochs"]}
        return seconds(rest, dataset, backbone, count, measured)
    if not cell["backbone"]:
        network = {**cell, "augmentation": None}
    count = len(lab["seeds_of"][wildcards["cell"]])
    images = PASSES * len(cell["heatmaps"]["methods"]) * count * dataset["validation"]
    return SET_UP + images * per_image(network, dataset, backbone, measured)


def chain(rule: str, wildcards: Mapping, lab: Mapping, measured: Sequence[Mapping]) -> float:
    """Seconds from a job's beginning to the end of the longest chain of jobs that waits for it.

    Jobs begun in this order leave few cores without work in the end (critical path scheduling,
    Graham 1969, doi:10.1137/0117039). What draws, judges and writes at the end does not count.
    """
    cells = lab["cells"].items()

    def trainings(wanted):
        return [
            ("train_block", {"cell": name, "block": lab["blocks"][name][0]})
            for name, cell in cells
            if wanted(cell) and cell["same_as"] is None
        ]

    waiting = []
    if rule == "train_backbone":
        datasets = {cell["dataset"] for _, cell in cells if cell["backbone"]}
        waiting = [("extract_features", {**wildcards, "dataset": name}) for name in datasets]
    elif rule == "extract_features":
        waiting = trainings(
            lambda cell: cell["backbone"] and cell["dataset"] == wildcards["dataset"]
        )
    elif rule == "train_block":
        trained = wildcards["cell"]
        if lab["cells"][trained]["continued"]:
            waiting.append(
                ("train_block", {**wildcards, "cell": lab["cells"][trained]["continued"]})
            )
        waiting += [
            ("draw_heatmaps", {"cell": name})
            for name, cell in cells
            if cell["heatmaps"] and trained in (name, cell["same_as"])
        ]
    after = (chain(*each, lab, measured) for each in waiting)
    return job(rule, wildcards, lab, measured) + max(after, default=0)
