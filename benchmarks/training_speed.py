"""How fast a cell trains: Labproof's engines beside `model.fit` and a PyTorch loop, in one run.

    python benchmarks/training_speed.py                  every kind of cell at the lab's sizes
    python benchmarks/training_speed.py --cells 1a-plain --preset demo
    KERAS_BACKEND=jax python benchmarks/training_speed.py --contenders fit jax --seeds 1 4 16

Each contender runs in a process of its own, round after round in turn, on noise of the cell's shape
and on one core, or on the GPU where its library finds one. With `--cores 2` fit and torch have two
threads, and two jobs of ours run at once, as the workflow runs them. Printed: images trained a
second, for each seed of a block (the median over the epochs behind the first, validation included:
a fifth as many images), each contender's ratio to `fit`, and the share that its arithmetic has of
what one large matrix product reaches. A contender whose library is not installed is left out.

fit     Keras' `compile` and `fit` as a notebook writes them, on the backend of KERAS_BACKEND
ours    `labproof.training.trainer` on TensorFlow, one seed after another
jax     the same on JAX, so many seeds at once
torch   the same network in PyTorch, in a loop as its tutorials write it
torch-channels-last
        that loop with the images and weights in the order that PyTorch's tuning guide advises
"""

import argparse
import importlib.util
import itertools
import json
import os
import statistics
import subprocess
import sys
import time

from _common import ROOT, describe

NEEDS = {
    "fit": "keras",
    "ours": "tensorflow",
    "jax": "jax",
    "torch": "torch",
    "torch-channels-last": "torch",
}
# one of each kind: plain, dropout, batch normalisation, spatial dropout, augmented, VGG16, transfer
CELLS = [
    "1a-plain", "1a-dropout", "1b-bn", "2a-spatial", "4-alexnet-augmented", "5-vgg16-skin",
    "8-vgg16-bone", "7-transfer-skin",
]  # fmt: skip
PRODUCT = 2048  # rows of the matrix product that stands for what the machine can do


def main() -> None:
    """Print a line a cell, contender and number of seeds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="lab")
    parser.add_argument("--cells", nargs="+", default=CELLS)
    parser.add_argument(
        "--contenders",
        nargs="+",
        default=[contender for contender in NEEDS if contender != "jax"],
        choices=NEEDS,
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[1], help="in a block, for jax")
    parser.add_argument("--images", type=int, default=256, help="of an epoch")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--cores", type=int, default=1, help="that each may use: by threads, ours by as many jobs"
    )
    parser.add_argument("--python", default=sys.executable, help="that has PyTorch, for torch")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return
    from labproof.lab import costs, plan  # of the workers, PyTorch's has not all that it imports

    print(describe(), flush=True)
    if hasattr(os, "sched_setaffinity"):  # `fit` has threads of its own that no setting counts
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    resolved = plan.resolve(plan.read_config(ROOT), ROOT, preset=options.preset)
    head = f"{'cell':22}{'contender':>20}{'seeds':>7}{'images/s':>10}{'to fit':>8}{'GFLOP/s':>9}"
    print(head + f"{'of a product':>14}")
    libraries: set[str] = set()
    for name in options.cells:
        cell, runs = {**resolved["cells"][name], "epochs": options.epochs}, {}
        dataset, backbone = resolved["datasets"][cell["dataset"]], resolved["backbone"]
        task = {
            **vars(options),
            "cell": cell,
            "shape": [costs.inputs(cell, dataset, backbone)]
            if cell["network"] == "mlp"
            else [dataset["size"], dataset["size"], dataset["channels"]],
            # forwards once; backwards twice; a fifth as many images for validation, forwards
            "operations": (3 + 0.2) * costs.operations(cell, dataset, backbone),
        }
        for _ in range(options.rounds):
            for contender in options.contenders:
                for seeds in options.seeds if contender == "jax" else [1]:
                    found = run({**task, "contender": contender, "seeds": seeds})
                    if found:
                        runs.setdefault((contender, seeds), []).append(found)
        show(name, runs)
        libraries |= {run["library"] for found in runs.values() for run in found}
    print(f"# {', '.join(sorted(libraries))}")


def show(name: str, runs: dict) -> None:
    """Print what one cell's runs have found."""
    speeds = {
        key: statistics.median(run["images_per_second"] for run in found)
        for key, found in runs.items()
    }
    for (contender, seeds), found in runs.items():
        speed = speeds[contender, seeds]
        ratio = speed / speeds["fit", 1] if ("fit", 1) in speeds else float("nan")
        reached = speed * found[0]["operations"] / 1e9
        product = statistics.median(run["product"] for run in found)
        print(
            f"{name:22}{contender:>20}{seeds:7d}{speed:10.1f}{ratio:8.2f}{reached:9.1f}"
            f"{reached / product:14.2f}",
            flush=True,
        )


def run(task: dict) -> dict | None:
    """One contender in its own process; None where it cannot run."""
    python = task["python"] if NEEDS[task["contender"]] == "torch" else sys.executable
    backend = {"ours": "tensorflow", "jax": "jax"}.get(task["contender"])
    threads = "1" if task["contender"] == "ours" else str(task["cores"])
    environment = {
        **os.environ,
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={str(task['cores'] > 1).lower()}",
        "KERAS_BACKEND": backend or os.environ.get("KERAS_BACKEND", "tensorflow"),
    }
    if task["contender"] == "ours":
        environment["TF_DETERMINISTIC_OPS"] = "1"  # as its jobs run
    command = [python, __file__, "--worker", json.dumps(task)]
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    copies = task["cores"] if task["contender"] == "ours" else 1
    started = [subprocess.Popen(command, env=environment, **piped) for _ in range(copies)]
    ended = [(process, *process.communicate()) for process in started]
    if any(process.returncode == 3 for process in started):
        return None
    if failed := [errors for process, _, errors in ended if process.returncode]:
        sys.exit(failed[0])
    found = [json.loads(told.splitlines()[-1]) for _, told, _ in ended]
    together = ("images_per_second", "product")
    return {**found[0], **{name: sum(each[name] for each in found) for name in together}}


def work(task: dict) -> dict:
    """In the contender's process: images a second of each seed, and GFLOP/s of a product."""
    if importlib.util.find_spec(NEEDS[task["contender"]]) is None:
        sys.exit(3)
    cell = task["cell"]
    inputs, labels = noise(task["shape"], task["images"])
    if NEEDS[task["contender"]] == "torch" and (cell["augmentation"] or cell["network"] == "mlp"):
        sys.exit(3)  # the loop has neither; the kinds that it has are enough of a comparison
    starts = {
        "fit": fit,
        "ours": ours,
        "jax": ours,
        "torch": torch_loop,
        "torch-channels-last": torch_loop,
    }
    product, epochs = starts[task["contender"]](cell, inputs, labels, task)
    library = NEEDS[task["contender"]]
    return {
        "library": f"{library} {sys.modules[library].__version__}",
        "images_per_second": task["seeds"] * task["images"] / statistics.median(epochs[1:]),
        "operations": task["operations"],
        "product": product,
    }


def noise(shape: list, images: int):
    """Inputs of a shape, a fifth more than `images` for validation, and labels."""
    import numpy as np

    rng, count = np.random.default_rng(0), images + images // 5
    if len(shape) == 1:
        inputs = rng.random((count, *shape), dtype="float32")
    else:
        inputs = rng.integers(0, 256, (count, *shape), dtype="uint8")
    return inputs, np.arange(count) % 2


def speed_of(product) -> float:
    """GFLOP/s of a product of two square matrices of `PRODUCT` rows: the best of five."""
    times = []
    for _ in range(6):
        start = time.perf_counter()
        product()
        times.append(time.perf_counter() - start)
    return 2 * PRODUCT**3 / min(times[1:]) / 1e9


def keras_product() -> float:
    """`speed_of` Keras' backend."""
    import keras
    import numpy as np

    one = keras.ops.convert_to_tensor(np.ones((PRODUCT, PRODUCT), "float32"))
    return speed_of(lambda: float(keras.ops.matmul(one, one)[0, 0]))


def fit(cell, inputs, labels, task):
    """What a notebook writes."""
    import keras

    from labproof.data import augmentation, store
    from labproof.training import networks, objective

    class Clock(keras.callbacks.Callback):
        times: list = []  # noqa: RUF012

        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.times.append(time.perf_counter() - self.start)

    product = keras_product()
    images = task["images"]
    model = networks.build(cell, inputs.shape[1:], seed=0)
    kind = "binary" if cell["outputs"] == 1 else "categorical"
    model.compile(
        keras.optimizers.Adam(cell["learning_rate"]), f"{kind}_crossentropy", metrics=["accuracy"]
    )
    x, y = store.scaled(inputs), objective.targets(labels, cell)
    data, batch = (x[:images], y[:images]), {"batch_size": cell["batch_size"]}
    if cell["augmentation"] and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        change, settings = augmentation.changes(cell["augmentation"]), cell["augmentation"]
        drawn = augmentation.draw(settings, images, seed=0, epoch=1)
        data = (
            tf.data.Dataset.from_tensor_slices((*data, drawn))
            .shuffle(images)
            .batch(cell["batch_size"])
            .map(lambda x, y, drawn: (change(x, drawn), y))
            .prefetch(2),
        )
        batch = {}
    clock = Clock()
    model.fit(
        *data,
        **batch,
        epochs=cell["epochs"],
        validation_data=(x[images:], y[images:]),
        verbose=0,
        callbacks=[clock],
    )
    return product, clock.times


def ours(cell, inputs, labels, task):
    """`training.train`, on whichever backend."""
    import logging

    import pandas as pd

    from labproof.data import store
    from labproof.training import trainer

    class Clock(logging.Handler):
        times: list = []  # noqa: RUF012

        def emit(self, record):
            self.times.append(time.perf_counter())

    product, images = keras_product(), task["images"]
    split = ["train"] * images + ["validation"] * (len(labels) - images)
    records = pd.DataFrame({"image": range(len(labels)), "split": split, "label": labels})
    clock = Clock()
    trainer.LOG.addHandler(clock)
    trainer.LOG.setLevel("INFO")
    start = time.perf_counter()
    engine = "block" if task["contender"] == "jax" else "single"
    data = store.Dataset(inputs, records)
    trainer.train(cell, data, list(range(task["seeds"])), engine=engine)
    return product, [after - before for before, after in itertools.pairwise([start, *clock.times])]


def torch_loop(cell, inputs, labels, task):
    """A loop in PyTorch: Adam, the same layers, a number of each batch's loss kept."""
    import torch
    from torch import nn

    from labproof.lab.architectures import CONVOLUTIONAL

    torch.set_num_threads(task["cores"])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    one = torch.ones((PRODUCT, PRODUCT), device=device)
    product = speed_of(lambda: float((one @ one)[0, 0]))

    parts, maps, side = [], inputs.shape[3], inputs.shape[1]
    for width, pool in CONVOLUTIONAL[cell["network"]]:
        parts.append(nn.Conv2d(maps, width * cell["base"], 3, padding=1))
        maps = width * cell["base"]
        parts += [nn.BatchNorm2d(maps)] if cell["batch_norm"] else []
        parts.append(nn.ReLU())
        parts += [nn.Dropout2d(cell["spatial_dropout"])] if cell["spatial_dropout"] else []
        if pool:
            parts.append(nn.MaxPool2d(2))
            side //= 2
    parts.append(nn.Flatten())
    width = maps * side * side
    for units in cell["dense"]:
        parts += [nn.Linear(width, units), nn.ReLU()]
        parts += [nn.Dropout(cell["dropout"])] if cell["dropout"] else []
        width = units
    model = nn.Sequential(*parts, nn.Linear(width, cell["outputs"])).to(device)
    optimizer = torch.optim.Adam(model.parameters(), cell["learning_rate"])
    measure = nn.BCEWithLogitsLoss() if cell["outputs"] == 1 else nn.CrossEntropyLoss()
    # copied, since a permuted view would have channels last without a word
    x = torch.tensor(inputs.transpose(0, 3, 1, 2).copy()).float().div(255).to(device)
    if task["contender"] == "torch-channels-last":
        x = x.to(memory_format=torch.channels_last)
        model = model.to(memory_format=torch.channels_last)
    y = torch.tensor(labels).to(device)
    y = y.float()[:, None] if cell["outputs"] == 1 else y
    images, times = task["images"], []
    for _ in range(cell["epochs"]):
        start = time.perf_counter()
        model.train()
        total = 0.0
        for rows in torch.randperm(images, device=device).split(cell["batch_size"]):
            optimizer.zero_grad()
            loss = measure(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        with torch.no_grad():
            for rows in torch.arange(images, len(y), device=device).split(32):
                total += measure(model(x[rows]), y[rows]).item()
        times.append(time.perf_counter() - start)
    return product, times


if __name__ == "__main__":
    main()
