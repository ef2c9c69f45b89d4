"""What the recorder costs a Keras script: the same `fit` by `python` and by `-m labproof.run`.

    python benchmarks/recorder_overhead.py

Prints CPU seconds of `fit`, and of the whole process, without and with (medians over the rounds,
in each of which one follows the other), and the medians of the ratios. CPU seconds, since others at
work on the machine move the clock's by more than what is measured. What is recorded: each epoch,
and at the end the answers to the validation images.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from _common import ROOT, describe

SCRIPT = """
import sys, time
import keras, numpy as np
from keras import layers
images, epochs = int(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(0)
x = rng.random((images, 32, 32, 3), dtype="float32")
y = rng.integers(0, 2, images)
model = keras.Sequential([
    layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
    layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
begun = time.process_time()
model.fit(x, y, batch_size=32, epochs=epochs, validation_split=0.2, verbose=0)
print(time.process_time() - begun)
"""


def main() -> None:
    """Print one line for `fit` and one for the process."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(describe(), flush=True)
    arguments = [str(options.images), str(options.epochs)]
    rounds = [[_run(flags, arguments) for flags in ([], _RECORDER)] for _ in range(options.rounds)]
    print(f"{'':10}{'without (s)':>14}{'with (s)':>12}{'ratio':>8}")
    for place, name in enumerate(("fit", "process")):
        pairs = [(without[place], using[place]) for without, using in rounds]
        first, second = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
        ratio = statistics.median(using / without for without, using in pairs)
        print(f"{name:10}{first:14.2f}{second:12.2f}{ratio:8.3f}")


_RECORDER = ["-m", "labproof.run"]


def _run(flags: list[str], arguments: list[str]) -> tuple[float, float]:
    """Seconds of `fit` and of the process."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "train.py").write_text(SCRIPT, encoding="utf-8")
        told = {"LABPROOF_SEED": "1", "LABPROOF_OUT": "out", "PYTHONHASHSEED": "1"}
        one_thread = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
        begun = _children()
        ended = subprocess.run(
            [sys.executable, *flags, "train.py", *arguments],
            cwd=folder,
            env={
                **os.environ,
                **told,
                **one_thread,
                "CUDA_VISIBLE_DEVICES": "",
                "PYTHONPATH": str(ROOT / "scripts"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
        )
        seconds = _children() - begun
        if flags and not Path(folder, "out/fit-1/predictions.csv").is_file():
            raise SystemExit("nothing was recorded")
        return float(ended.stdout.split()[-1]), seconds


def _children() -> float:
    """CPU seconds of all that this process has started, which has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
