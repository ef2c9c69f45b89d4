"""The whole of a preset by Labproof beside a plain script of the same trainings, in one run.

    python benchmarks/demo_speed.py [--preset demo] [--seeds 1]

Labproof: `snakemake` in a fresh folder, on all cores: data, audits, trainings, heatmaps, verdicts,
page. The script: one process that trains every cell and seed in turn with `compile` and `fit`, as a
notebook would, on all cores, with the images and the backbone's features that Labproof has made,
and no heatmaps, verdicts or page. `--seeds 1` runs it for one seed and multiplies.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _common import ROOT, describe
from labproof import paths
from labproof.lab import plan


def main() -> None:
    """Print the two times and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="demo")
    parser.add_argument("--seeds", type=int, help="of each cell, by the script; default: all")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        train(options.worker, options.preset, options.seeds)
        return
    print(describe(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "snakemake", "--cores", options.cores, "--directory", folder,
            "--quiet", "all", "--config", f"preset={options.preset}",
        ]  # fmt: skip
        start = time.perf_counter()
        subprocess.run([str(part) for part in command], cwd=ROOT, check=True)
        workflow = time.perf_counter() - start
        print(f"Labproof, all of it: {workflow:.0f} s", flush=True)
        resolved = plan.resolve(plan.read_config(ROOT), ROOT, preset=options.preset)
        all_seeds = len(resolved["seeds"])
        seeds = options.seeds or all_seeds
        command = [
            sys.executable, __file__, "--preset", options.preset, "--seeds", seeds,
            "--worker", Path(folder) / paths.of_resolved(resolved).root,
        ]  # fmt: skip
        defaults = {key: value for key, value in os.environ.items() if "THREADS" not in key}
        start = time.perf_counter()
        subprocess.run([str(part) for part in command], env=defaults, check=True)
        script = (time.perf_counter() - start) * all_seeds / seeds
    note = "" if seeds == all_seeds else f" ({seeds} of {all_seeds} seeds run, and multiplied)"
    print(f"the script, trainings alone: {script:.0f} s{note}")
    print(f"ratio {script / workflow:.2f}")


def train(results: Path, preset: str, seeds: int) -> None:
    """Every cell and seed in turn."""
    import keras

    from labproof.data import augmentation, store
    from labproof.training import networks, objective

    resolved = plan.resolve(plan.read_config(ROOT), ROOT, preset=preset)
    for name, cell in resolved["cells"].items():
        kind = f"features/{cell['backbone']}" if cell["backbone"] else "datasets"
        data = store.read(results / kind / cell["dataset"])
        (x, labels), (val_x, val_labels) = data.split("train"), data.split("validation")
        y, val_y = objective.targets(labels, cell), objective.targets(val_labels, cell)
        loss = "binary_crossentropy" if cell["outputs"] == 1 else "categorical_crossentropy"
        for seed in range(seeds):
            model = networks.build(cell, x.shape[1:], seed=seed)
            model.compile(keras.optimizers.Adam(cell["learning_rate"]), loss, metrics=["accuracy"])
            examples, batch = (store.scaled(x), y), {"batch_size": cell["batch_size"]}
            if cell["augmentation"]:
                import tensorflow as tf

                drawn = augmentation.draw(cell["augmentation"], len(x), seed=seed, epoch=1)
                change = augmentation.changes(cell["augmentation"])
                examples, batch = (
                    (
                        tf.data.Dataset.from_tensor_slices((*examples, drawn))
                        .shuffle(len(x))
                        .batch(cell["batch_size"])
                        .map(lambda x, y, drawn, change=change: (change(x, drawn), y))
                        .prefetch(2),
                    ),
                    {},
                )
            model.fit(
                *examples,
                **batch,
                epochs=cell["epochs"],
                validation_data=(store.scaled(val_x), val_y),
                verbose=0,
            )
            model.predict(store.scaled(val_x), verbose=0)
        print(f"  {name}", flush=True)


if __name__ == "__main__":
    main()
