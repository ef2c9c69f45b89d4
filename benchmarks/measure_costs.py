"""Seconds that each kind of cell trains on an image -> workflow/costs.csv, on one thread of a CPU.

    python benchmarks/measure_costs.py

Some epochs on few phantoms or random features, at the sizes of the presets; the median of the
epochs behind the first, which traces. Take a machine that does nothing else.
"""

import csv
import statistics

from _common import ROOT
from _timing import epochs, random_data
from labproof.lab import costs, plan

EPOCHS = 4
COLUMNS = [
    "network", "batch_norm", "augmented", "base", "size", "operations", "seconds_per_image",
]  # fmt: skip


def measure(cell: dict, dataset: dict, backbone: dict) -> float:
    """Seconds an image, for as many validation images as the protocol has to training ones."""
    # few of what takes long; of the rest, enough for an epoch's fixed part not to count
    images = 64 if costs.operations(cell, dataset, backbone) > 1e8 else 512
    data = random_data(cell, dataset, backbone, images)
    return statistics.median(epochs({**cell, "epochs": EPOCHS}, data)) / images


def main():
    """Measure each kind once, print and write."""
    rows = {}
    for preset in ("smoke", "demo", "lab"):
        resolved = plan.resolve(plan.read_config(ROOT), ROOT, preset=preset)
        for cell in resolved["cells"].values():
            dataset, backbone = resolved["datasets"][cell["dataset"]], resolved["backbone"]
            row = {
                "network": cell["network"],
                "batch_norm": int(cell["batch_norm"]),
                "augmented": int(cell["augmentation"] is not None),
                "base": cell["base"] or "",
                "size": dataset["size"],
                "operations": round(costs.operations(cell, dataset, backbone)),
            }
            if (key := tuple(row.values())) not in rows:
                rows[key] = row | {"seconds_per_image": f"{measure(cell, dataset, backbone):.3g}"}
                print(*rows[key].values(), sep="\t", flush=True)
    with (ROOT / "workflow/costs.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows.values())


if __name__ == "__main__":
    main()
