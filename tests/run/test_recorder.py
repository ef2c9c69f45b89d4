"""The recorder inside a program that knows nothing of it: another process, the standard library."""

import ast
import json
import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from labproof.run import seeds
from run_programs import LIBRARY, facts, run, table

LOOP = """
import os, random, signal, sys
from pathlib import Path
from labproof.run import log
saved = Path("checkpoint.txt")
first = int(saved.read_text()) + 1 if saved.exists() else 1
for epoch in range(first, 31):
    random.seed(epoch)
    log(epoch=epoch, loss=random.random(), val_accuracy=epoch / 30)
    saved.write_text(str(epoch))
    if len(sys.argv) > 1 and epoch == first + int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_imports_the_standard_library_alone():
    code = (
        f"import sys; sys.path.insert(0, {str(LIBRARY)!r}); before = set(sys.modules)\n"
        "import labproof.run, labproof.run.__main__\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))\n"
        "print(*sorted(name for name in sys.modules if name.startswith('labproof')))"
    )
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert set(told[0].split()) - {"labproof"} <= sys.stdlib_module_names
    assert all(name == "labproof" or name.startswith("labproof.run") for name in told[1].split())


def test_python_3_9_can_read_it():
    files = sorted((LIBRARY / "labproof/run").glob("*.py"))
    assert len(files) > 5
    for file in files:
        ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 9))
    ast.parse((LIBRARY / "labproof/__init__.py").read_text(), feature_version=(3, 9))


def test_a_script_sees_what_it_would_see_by_itself(tmp_path):
    text = """
import pickle, sys
import records, run, seeds, draw_dataset  # modules of its own, some of our names
class Thing: pass
assert type(pickle.loads(pickle.dumps(Thing()))) is Thing
print(sys.argv, __name__, __file__, records.mine, sys.path[0] == sys.argv[-1])
sys.exit(7)
"""
    for name in ("records", "run", "seeds", "draw_dataset"):
        tmp_path.joinpath(f"{name}.py").write_text("mine = True")
    arguments = ["--rate", "1e-3", "a b", str(tmp_path)]
    ended = run(tmp_path, text, *arguments)
    assert ended.returncode == 7
    assert ended.stdout.strip() == f"{['train.py', *arguments]} __main__ train.py True True"
    assert ended.stderr == ""
    assert facts(tmp_path)["ended"] is False


def test_the_seed_reaches_every_generator_and_seeds_of_the_code_are_mixed_with_it(tmp_path):
    text = """
import random
import numpy as np
state = random.random(), np.random.rand(), hash("text")
random.seed(0); np.random.seed(seed=0)
fixed = random.random(), np.random.rand()
random.seed(); np.random.seed()
clock = random.random(), np.random.rand()
own = random.Random(0).random(), np.random.RandomState(2).rand(), np.random.default_rng(0).random()
print(*state, *fixed, *clock, *own)
"""
    told = {
        key: [float(x) for x in run(tmp_path, text, seed=seed).stdout.split()]
        for key, seed in (("first", "5"), ("again", "5"), ("other", "6"))
    }
    assert told["first"] == told["again"]
    differ = [x != y for x, y in zip(told["first"], told["other"], strict=True)]
    assert differ == [True] * 7 + [False] * 3
    # as if the first line had set every seed to 5
    assert told["first"][0] == random.Random(5).random()
    assert told["first"][1] == np.random.RandomState(5).rand()
    assert facts(tmp_path)["mixed"] == [
        "random seed(0)",
        "numpy seed(0)",
        "random seed()",
        "numpy seed()",
    ]


def test_seeds_are_mixed_without_a_clash():
    found = {seeds.mixed(ours, theirs) for ours in range(100) for theirs in range(100)}
    assert len(found) > 9990  # of 10,000 numbers of 32 bits one pair in a hundred runs clashes
    assert all(0 <= x < 2**32 for x in found)
    assert seeds.mixed(1, np.int64(3)) == seeds.mixed(1, 3)


TORCH = """
torch = {}
def manual_seed(seed):
    torch["seed"] = seed
def seed():
    manual_seed(12345)
"""


def test_a_framework_that_comes_later_is_seeded_too(tmp_path):
    fake = tmp_path / "torch"
    fake.mkdir()
    (fake / "random.py").write_text(TORCH)
    (fake / "__init__.py").write_text("from torch.random import manual_seed, seed\n")
    text = """
import torch
from torch import manual_seed
import importlib.util
assert torch.random.__loader__ is torch.random.__spec__.loader
assert type(torch.random.__loader__).__name__ == "SourceFileLoader"
seen = [torch.random.torch["seed"]]
manual_seed(0); seen.append(torch.random.torch["seed"])
torch.seed(); seen.append(torch.random.torch["seed"])
print(*seen)
"""
    first, other = (
        [int(x) for x in run(tmp_path, text, seed=seed).stdout.split()] for seed in "12"
    )
    assert (first[0], other[0]) == (1, 2)
    assert first[1] == seeds.mixed(1, 0) != other[1]
    assert 12345 not in (first[2], other[2]) and first[2] != other[2]


def test_an_epoch_that_goes_back_begins_the_next_fit(tmp_path):
    text = """
from labproof.run import log, log_scalar, log_predictions
log_scalar("images", 40)
for nodes in (1, 2):
    for epoch in range(3):
        log(epoch=epoch, loss=nodes + epoch)
        log(epoch=epoch, val_loss=2 * nodes + epoch)
    log_predictions([0, 1], [[.75], [.25]], images=[7, 9])
    log_predictions([0, 1], [.5, .5], split="final")
    log_scalar("test_accuracy", nodes / 10)
for loss in (3, 2):
    log(fit="a b/c", loss=loss)
"""
    ended = run(tmp_path, text)
    assert ended.stderr == ""
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        "facts.json",
        "fit-1",
        "fit-2",
        "fit-a%20b%2Fc",
        "scalars.json",
    ]
    assert (out / "fit-2/history.csv").read_text() == (
        "epoch,loss,val_loss\n0,2.0,4.0\n1,3.0,5.0\n2,4.0,6.0\n"
    )
    assert (out / "fit-a%20b%2Fc/history.csv").read_text() == "epoch,loss\n1,3.0\n2,2.0\n"
    assert (out / "fit-1/predictions.csv").read_text() == (
        "split,image,label,probability\n"
        "validation,7,0,0.75\nvalidation,9,1,0.25\nfinal,0,0,0.5\nfinal,1,1,0.5\n"
    )
    assert json.loads((out / "fit-2/scalars.json").read_text()) == {"test_accuracy": 0.2}
    assert json.loads((out / "scalars.json").read_text()) == {"images": 40}


@pytest.mark.parametrize(
    ("call", "cause"),
    [
        ('log(epoch=2, loss="high")', "loss is no number, but 'high'"),
        ("log_predictions([0, 1], [0.5])", "there are 2 labels and 1 predictions"),
        ("log_predictions([0, 3], [[0.5, 0.5]] * 2)", "a label is no number of a class, 0 to 1"),
        ("log_predictions([0, 1], [[3.0, -1.0]] * 2)", "give them after softmax"),
        ("log_predictions([0], [1], split='test')", 'split is "test"'),
        ("log_predictions([0, 1], [0.5, 0.5], images=[1])", "there are 1 images and 2 labels"),
        ("log_predictions([0, 1], [0.5, 0.5], images=[1, 1])", "two predictions are of one image"),
        ("log_predictions(['cat', 'dog'], [0.5, 0.5])", "labels: 'cat' is no number"),
        ("log_predictions([0, float('nan')], [0.5, 0.5])", "a label is NaN"),
        ("log_predictions([0, 1], [[0.5, 0.5], [1]])", "of other numbers of classes"),
        ("log(epoch=2.5, loss=1)", "epoch is '2.5', no whole number"),
        ("log_scalar('test', None)", "test is no number, but 'None'"),
    ],
)
def test_a_mistake_is_told_once_and_the_training_goes_on(tmp_path, call, cause):
    text = f"""
from labproof.run import log, log_predictions, log_scalar
log(epoch=1, loss=1)
for _ in range(3):
    {call}
print("done")
"""
    ended = run(tmp_path, text)
    assert (ended.stdout, ended.returncode) == ("done\n", 0)
    (line,) = ended.stderr.splitlines()
    assert cause in line and line.startswith("labproof.run: ")
    assert [cause in problem for problem in facts(tmp_path)["problems"]] == [True]


VALUES = """
import numpy as np
from labproof.run import log, log_predictions
class Tensor:  # of PyTorch: its error is of a kind of its own
    def __init__(self, *values): self.values = values
    def __float__(self):
        if len(self.values) > 1: raise RuntimeError("a Tensor with 2 elements")
        return float(self.values[0])
odd = {" two words": 2, 'a,"b"\\nc': 3, "epoch ": 9, "seed": 9, "half\\ud800": 4}
for epoch, phase in ((1, "warmup"), (2, "main"), (3, None)):
    log(epoch=epoch, loss=np.float32(0.5), phase=phase, good=True, one=np.array([0.25]),
        tensor=Tensor(1), many=np.arange(3), tensors=Tensor(1, 2), part=None if epoch == 2 else 1,
        whole=10**400, between=1j, nested={"a": 1}, **odd)
log_predictions([0, 1], [0.25, 0.75])
"""


def test_of_an_epoch_all_that_are_numbers_are_kept_and_the_others_told_once(tmp_path):
    ended = run(tmp_path, VALUES)
    kept = {"loss": 0.5, "good": 1, "one": 0.25, "tensor": 1, "part": 1}
    kept |= {"two words": 2, 'a,"b"\nc': 3, "half\\ud800": 4}
    rows = table(tmp_path / "out/fit-1/history.csv")
    assert [row.pop("epoch") for row in rows] == ["1", "2", "3"]
    assert rows[1].pop("part") == ""
    for row in rows:
        assert {name: float(x) for name, x in row.items()} == {name: kept[name] for name in row}
    assert list(rows[0]) == list(kept)
    assert len(table(tmp_path / "out/fit-1/predictions.csv")) == 2
    left = ["phase", "many", "tensors", "whole", "between", "nested", "epoch", "seed", "part"]
    assert [line.split()[1] for line in ended.stderr.splitlines()] == left
    assert "phase is no number, but 'warmup' (epoch 1): it is left out" in ended.stderr
    assert len(facts(tmp_path)["problems"]) == len(left)


def test_a_folder_that_takes_no_files_stops_no_training(tmp_path):
    tmp_path.joinpath("out").write_text("a file")
    ended = run(tmp_path, LOOP)
    assert ended.returncode == 0
    assert (tmp_path / "checkpoint.txt").read_text() == "30"
    (line,) = ended.stderr.splitlines()
    assert line.startswith("labproof.run: out cannot be written")


def test_without_a_folder_log_does_nothing(tmp_path):
    ended = run(tmp_path, LOOP, seed="", out="", python=())
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.txt", "train.py"]


def test_log_alone_records_a_script_that_seeds_itself(tmp_path):
    assert run(tmp_path, LOOP, python=()).stderr == ""
    assert [row["epoch"] for row in table(tmp_path / "out/fit-1/history.csv")] == [
        str(epoch) for epoch in range(1, 31)
    ]
    assert facts(tmp_path)["seconds"] >= 0


def test_a_run_that_is_killed_goes_on_in_its_history(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run(whole, LOOP)
    deaths = [run(killed, LOOP, str(after)).returncode for after in (0, 6, 11)]
    assert deaths == [-9, -9, -9]
    assert len(table(killed / "out/fit-1/history.csv")) == 1 + 7 + 12
    assert run(killed, LOOP).returncode == 0
    first, second = (folder / "out/fit-1/history.csv" for folder in (whole, killed))
    assert first.read_bytes() == second.read_bytes()
    assert json.loads((second.parent / "facts.json").read_text())["resumed"] is True


def test_a_run_that_is_killed_at_random_goes_on_in_its_history(tmp_path):
    """Whatever line it dies in: what was saved was recorded before."""
    text = LOOP.replace("saved.write_text(str(epoch))", "save(epoch)").replace(
        "saved = ",
        "import time\n"
        "def save(epoch):\n"
        "    time.sleep(0.003)\n"
        "    Path('new').write_text(str(epoch)); os.replace('new', 'checkpoint.txt')\n"
        "saved = ",
    )
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run(whole, text)
    killed.mkdir()
    (killed / "train.py").write_text(text)
    rng = random.Random(0)
    environment = {**os.environ, "PYTHONPATH": str(LIBRARY), "LABPROOF_OUT": "out"}
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "train.py"], cwd=killed, env=environment, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and not (killed / "out/fit-1/history.csv").exists():
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.06))
        process.kill()
        process.wait()
    run(killed, text, python=())
    first, second = (folder / "out/fit-1/history.csv" for folder in (whole, killed))
    assert [row["epoch"] for row in table(second)] == [row["epoch"] for row in table(first)]
    assert [row["val_accuracy"] for row in table(second)] == [
        row["val_accuracy"] for row in table(first)
    ]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import kerras_of_old", "the package kerras_of_old is missing"),
        ("import numpy; from numpy import Inf0", "numpy {numpy} does not fit this code"),
        ("import numpy as np; np.bool0", "numpy {numpy} has no bool0: too new or too old"),
        ("import numpy.old_part", "numpy {numpy} has no numpy.old_part"),
    ],
)
def test_what_cannot_be_imported_is_told_with_the_mend(tmp_path, code, told):
    ended = run(tmp_path, code)
    assert ended.returncode == 1
    *trace, last = ended.stderr.splitlines()
    assert told.format(numpy=np.__version__) in last
    assert "`python: path/to/bin/python`, or `environment: requirements.txt`" in last
    assert f'File "{"train.py"}", line 1' in ended.stderr
    assert not any("labproof" in line for line in trace)


def test_another_error_keeps_its_traceback_alone(tmp_path):
    ended = run(tmp_path, "def f():\n    return {}['missing']\nf()")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "KeyError: 'missing'"
    assert "labproof" not in ended.stderr


def test_figures_open_no_window(tmp_path):
    (tmp_path / "matplotlib.py").write_text("asked = []\ndef use(name): asked.append(name)\n")
    text = """
import os, matplotlib
matplotlib.use("TkAgg")
print(os.environ["MPLBACKEND"], matplotlib.asked)
"""
    assert run(tmp_path, text).stdout == "Agg ['Agg']\n"


def test_a_child_process_writes_nothing(tmp_path):
    text = """
import os
from labproof.run import log
log(epoch=1, loss=1)
if os.fork() == 0:
    log(epoch=2, loss=2)
    os._exit(0)
os.wait()
log(epoch=2, loss=3)
"""
    run(tmp_path, text)
    assert (tmp_path / "out/fit-1/history.csv").read_text() == "epoch,loss\n1,1.0\n2,3.0\n"


def test_a_module_runs_as_well(tmp_path):
    package = tmp_path / "study"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "train.py").write_text("import sys; print(__name__, sys.argv[1:])")
    ended = run(tmp_path, "", python=("-m", "labproof.run", "-m", "study.train", "--epochs", "3"))
    assert ended.stdout == "__main__ ['--epochs', '3', 'train.py']\n"
