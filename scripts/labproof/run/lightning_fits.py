"""Every `fit` of a Lightning Trainer: what it has logged by the end of each epoch."""

from __future__ import annotations

import functools
import importlib

from labproof.run import records
from labproof.run.imports import after
from labproof.run.records import harmless, run

PACKAGES = ("lightning.pytorch", "pytorch_lightning")


def watch() -> None:
    """Wrap Trainer.fit, validate and test as soon as Lightning is imported."""
    for package in PACKAGES:
        after(f"{package}.trainer.trainer", functools.partial(_wrap, package=package))


def _wrap(module, package: str) -> None:
    trainer = module.Trainer
    trainer.fit = _fitting(trainer.fit, package)
    for name in ("validate", "test"):
        setattr(trainer, name, _testing(getattr(trainer, name)))


def _fitting(fit, package: str):
    @functools.wraps(fit)
    def recorded(trainer, model, *args, **kwargs):
        target = None if run.running or run.folder is None else _begin(trainer, package)
        if target is None:
            return fit(trainer, model, *args, **kwargs)
        run.running += 1
        try:
            result = fit(trainer, model, *args, **kwargs)
        finally:
            run.running -= 1
        _end(target, model)
        return result

    return recorded


@harmless
def _begin(trainer, package: str):
    base = importlib.import_module(f"{package}.callbacks").Callback
    target = run.fit()

    def on_train_epoch_end(_, trainer, *__, **___):
        _row(target, trainer)

    ours = type("LabproofRecorder", (base,), {"on_train_epoch_end": on_train_epoch_end})()
    trainer.callbacks.insert(0, ours)
    return target


@harmless
def _row(target, trainer) -> None:
    target.row(trainer.current_epoch + 1, dict(trainer.callback_metrics))


@harmless
def _end(target, model) -> None:
    target.write_facts(parameters=sum(int(p.numel()) for p in model.parameters()))
    run.write()


def _testing(test):
    @functools.wraps(test)
    def recorded(trainer, *args, **kwargs):
        result = test(trainer, *args, **kwargs)
        if not run.running and run.folder is not None:
            _scalars(result)
        return result

    return recorded


@harmless
def _scalars(result) -> None:
    for told in result or []:
        for name, value in records.numbers(told, "test").items():
            run.scalar(name, value)
