"""Frameworks that are not here, by stand-ins with their names, signatures and order of calls."""

import json

import pytest

from run_programs import facts, run, table

KERAS = """
class History:
    def __init__(self): self.epoch, self.history = [], {}
class Model:
    metrics_names = ["loss", "acc"]
    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose=1, callbacks=None,
            validation_split=0.0, validation_data=None, **kwargs):
        history = History()
        for epoch in range(epochs):
            self.evaluate(x, y)  # within
            logs = {"loss": 1 / (epoch + 1), "acc": epoch / 10, "phase": "warmup"}
            for callback in callbacks:
                callback.on_epoch_end(epoch, dict(logs))
            history.epoch.append(epoch)
            for name, value in logs.items():
                history.history.setdefault(name, []).append(value)
        return history
    def evaluate(self, x=None, y=None): return [0.25, 0.75]
    def predict_on_batch(self, x): return x
    def count_params(self): return 42
"""
FITS = """
from {module} import Model
for fold in range(2):
    Model().fit([1], [1], epochs=2, validation_split=.1)
    print(Model().evaluate([1], [1]))
"""


@pytest.mark.parametrize(
    ("module", "callbacks"),
    [
        ("keras.engine.training", "keras.callbacks"),
        ("tf_keras.src.engine.training", "tf_keras.src.callbacks"),
        ("tensorflow.python.keras.engine.training", "tensorflow.python.keras.callbacks"),
    ],
)
def test_keras_2_under_its_names(tmp_path, module, callbacks):
    for name, text in ((module, KERAS), (callbacks, "class Callback: pass\n")):
        parts = name.split(".")
        folder = tmp_path.joinpath(*parts[:-1])
        folder.mkdir(parents=True, exist_ok=True)
        for count in range(1, len(parts)):
            tmp_path.joinpath(*parts[:count], "__init__.py").touch()
        (folder / f"{parts[-1]}.py").write_text(text)
    if module.startswith("tensorflow"):
        (tmp_path / "tensorflow/__init__.py").write_text("def set_random_seed(seed): pass\n")
    ended = run(tmp_path, FITS.format(module=module))
    assert ended.stdout == "[0.25, 0.75]\n" * 2
    (line,) = ended.stderr.splitlines()
    assert "phase is no number, but 'warmup' (epoch 1): it is left out" in line
    for fold in "12":
        folder = tmp_path / f"out/fit-{fold}"
        assert (folder / "history.csv").read_text() == "epoch,loss,acc\n1,1.0,0.0\n2,0.5,0.1\n"
        assert json.loads((folder / "scalars.json").read_text()) == {
            "evaluate_loss": 0.25,
            "evaluate_acc": 0.75,
        }
        assert json.loads((folder / "facts.json").read_text())["parameters"] == 42


LIGHTNING = """
class Trainer:
    def __init__(self, max_epochs, callbacks=()):
        self.max_epochs, self.callbacks = max_epochs, list(callbacks)
    def fit(self, model, train=None, val=None):
        for self.current_epoch in range(self.max_epochs):
            self.callback_metrics = {"train_loss": Item(self.current_epoch), "val_acc": Item(.5),
                                     "epoch": Item(self.current_epoch), "why": None}
            for callback in self.callbacks:
                callback.on_train_epoch_end(self, model)
    def test(self, model): return [{"why": None, "test_acc": 0.9}]
    validate = test
class Item:
    def __init__(self, value): self.value = value
    def __float__(self): return float(self.value)
"""


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_lightning_logs(tmp_path, package):
    folder = tmp_path.joinpath(*package.split("."), "trainer")
    folder.mkdir(parents=True)
    for path in (folder, folder.parent, *([] if "." not in package else [folder.parent.parent])):
        (path / "__init__.py").touch()
    (folder / "trainer.py").write_text(LIGHTNING)
    (folder.parent / "callbacks.py").write_text("class Callback: pass\n")
    text = f"""
from {package}.trainer.trainer import Trainer
class Saver:
    def on_train_epoch_end(self, trainer, module):
        lines = open("out/fit-1/history.csv").read().splitlines()
        assert len(lines) == trainer.current_epoch + 2  # recorded before it is saved
class Parameter:
    def numel(self): return 21
class Module:
    def parameters(self): return [Parameter(), Parameter()]
trainer = Trainer(3, [Saver()])
trainer.fit(model=Module())
trainer.test(Module())
"""
    ended = run(tmp_path, text)
    assert ended.returncode == 0
    assert [line.split()[1] for line in ended.stderr.splitlines()] == ["epoch", "why"]
    rows = table(tmp_path / "out/fit-1/history.csv")
    assert [(row["epoch"], row["train_loss"], row["val_acc"]) for row in rows] == [
        ("1", "0.0", "0.5"),
        ("2", "1.0", "0.5"),
        ("3", "2.0", "0.5"),
    ]
    assert json.loads((tmp_path / "out/fit-1/scalars.json").read_text()) == {"test_acc": 0.9}
    assert json.loads((tmp_path / "out/fit-1/facts.json").read_text())["parameters"] == 42
    assert facts(tmp_path)["ended"] is True
