"""What a checkpoint after every epoch costs: the demo's kinds of cells, with and without, in turn.

    python benchmarks/cost_of_checkpoints.py

Prints the time of an epoch (the median over all but the first) without and with, and the ratio of
the two (the median over the rounds, in each of which one follows the other). Where epochs take but
milliseconds, not each is kept (`checkpoints.SHARE`). The default is one write in 30 seconds.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from _common import ROOT, describe
from _timing import epochs, random_data
from labproof.lab import plan
from labproof.training.checkpoints import Checkpoints

CELLS = ("1a-plain", "1b-bn", "4-alexnet-augmented", "5-vgg16-skin", "7-transfer-skin")


def main() -> None:
    """Print one line a cell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(describe(), flush=True)
    resolved = plan.resolve(plan.read_config(ROOT), ROOT, preset="demo")
    print(f"{'cell':22}{'without (ms)':>14}{'with (ms)':>12}{'ratio':>8}")
    for name in CELLS:
        cell = {**resolved["cells"][name], "epochs": options.epochs}
        dataset = resolved["datasets"][cell["dataset"]]
        data = random_data(cell, dataset, resolved["backbone"], dataset["train"])
        without, using, ratios = [], [], []
        for _ in range(options.rounds):
            without.append(statistics.median(epochs(cell, data)))
            with (
                tempfile.TemporaryDirectory(dir=ROOT) as folder,
                Checkpoints(Path(folder), "key") as saved,
            ):
                using.append(statistics.median(epochs(cell, data, saved)))
            ratios.append(using[-1] / without[-1])
        first, second = (1000 * statistics.median(times) for times in (without, using))
        ratio = statistics.median(ratios)
        print(f"{name:22}{first:14.1f}{second:12.1f}{ratio:8.3f}", flush=True)


if __name__ == "__main__":
    main()
