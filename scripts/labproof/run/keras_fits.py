"""Every `fit` of Keras, 2 or 3: its history as it goes, and at its end what the model answers."""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import math

from labproof.run import records
from labproof.run.imports import after
from labproof.run.records import Problem, harmless, run

MODELS = {  # where Model is written -> where its Callback is
    "keras.src.models.model": "keras.src.callbacks.callback",  # Keras 3
    "keras.src.engine.training": "keras.src.callbacks",  # 2.13 to 2.15
    "keras.engine.training": "keras.callbacks",  # to 2.12
    "tf_keras.src.engine.training": "tf_keras.src.callbacks",
    "tensorflow.python.keras.engine.training": "tensorflow.python.keras.callbacks",  # to TF 2.5
    "tensorflow_core.python.keras.engine.training": "tensorflow_core.python.keras.callbacks",
}


def watch() -> None:
    """Wrap Model.fit and Model.evaluate as soon as Keras is imported."""
    for model, callbacks in MODELS.items():
        after(model, functools.partial(_wrap, callbacks=callbacks))


def _wrap(module, callbacks: str) -> None:
    model = module.Model
    for name in ("fit", "fit_generator"):
        if hasattr(model, name):
            setattr(model, name, _fitting(getattr(model, name), callbacks))
    model.evaluate = _evaluating(model.evaluate)


def _fitting(fit, callbacks: str):
    @functools.wraps(fit)
    def recorded(model, *args, **kwargs):
        begun = None if run.running or run.folder is None else _begin(fit, model, args, kwargs)
        if begun is None:  # within another fit, or nothing can be recorded
            return fit(model, *args, **kwargs)
        known, target = begun
        _add_callback(known, target, callbacks)
        run.running += 1
        try:
            history = fit(*known.args, **known.kwargs)
        finally:
            run.running -= 1
        _end(known.arguments, target, model, history)
        return history

    return recorded


@harmless
def _begin(fit, model, args, kwargs):
    return inspect.signature(fit).bind(model, *args, **kwargs), run.fit()


@harmless
def _add_callback(known, target, callbacks: str) -> None:
    """Put ours before the others: what is recorded is never behind a checkpoint of theirs."""
    given = known.arguments.get("callbacks")
    if given is not None and not isinstance(given, (list, tuple)):
        if hasattr(given, "append"):  # a CallbackList of their own
            return
        given = [given]
    base = importlib.import_module(callbacks).Callback

    def on_epoch_end(_, epoch, logs=None):
        _row(target, epoch + 1, logs or {})

    ours = type("LabproofRecorder", (base,), {"on_epoch_end": on_epoch_end})()
    known.arguments["callbacks"] = [ours, *(given or [])]


@harmless
def _row(target, epoch: int, logs: dict) -> None:
    target.row(epoch, logs)


@harmless
def _end(arguments: dict, target, model, history) -> None:
    target.write_facts()  # the time of the fit, without what follows
    seconds = target.facts["seconds"]
    # Callbacks after ours may have added to the last epochs, such as the learning rate.
    told = getattr(history, "history", {})
    for place, epoch in enumerate(getattr(history, "epoch", [])):
        row = {name: values[place] for name, values in told.items() if place < len(values)}
        row = records.numbers(row, f"epoch {epoch + 1}", records.OWN)
        if len(row) > len(target.rows.get(epoch + 1, ())):
            target.row(epoch + 1, row)
    try:
        target.predict("validation", *_answers(arguments, model))
    except Problem as problem:
        target.facts["predictions"] = str(problem)
    except Exception as error:
        target.facts["predictions"] = f"{type(error).__name__}: {error}"[:200]
    target.facts["parameters"] = int(model.count_params())
    target.write_facts()
    target.facts["seconds"] = seconds
    records.write_json(target.folder / "facts.json", target.facts)
    run.write()


def _answers(arguments: dict, model) -> tuple:
    """(columns, rows) of the model's answers to the validation data; Problem: none can be had."""
    batch = arguments.get("validation_batch_size") or arguments.get("batch_size") or 32
    labels, answers, images = [], [], []
    for x, y in _batches(arguments, batch):
        answer = model.predict_on_batch(x)
        if isinstance(answer, (list, tuple, dict)) or len(getattr(answer, "shape", ())) > 2:
            raise Problem("the model's answers are more than one number a class")
        answers += records.plain(answer)
        labels += records.plain(y)
        images += _images(x)
    if not answers:
        raise Problem("there are no validation data")
    columns, rows = records.table(*_probabilities(model, labels, answers))
    for row, image in zip(rows, _apart(images)):
        row[0] = image
    return columns, rows


def _batches(arguments: dict, batch: int):
    """Pairs of inputs and labels, as arrays."""
    data, share = arguments.get("validation_data"), arguments.get("validation_split") or 0
    if data is None and share:
        x, y = arguments.get("x"), arguments.get("y")
        first = math.floor(len(x) * (1 - share))  # Keras takes the last ones
        data = (x[first:], y[first:])
    if data is None:
        raise Problem("there are no validation data")
    if isinstance(data, (list, tuple)):
        x, y = data[0], data[1]
        if isinstance(x, (list, tuple, dict)) or isinstance(y, (list, tuple, dict)):
            raise Problem("the model has several inputs or outputs, or they are lists")
        for first in range(0, len(x), batch):
            yield x[first : first + batch], y[first : first + batch]
        return
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):  # a Sequence
        parts = (data[place] for place in range(len(data)))
    elif hasattr(data, "element_spec"):  # a tf.data.Dataset
        steps = arguments.get("validation_steps")
        parts = iter(data if steps is None else data.take(steps))
    else:
        raise Problem("the validation data are a generator, which cannot be read twice")
    for part in parts:
        if not isinstance(part, (list, tuple)) or len(part) < 2:
            raise Problem("the validation data have no labels beside the inputs")
        yield part[0], part[1]


def _images(x) -> list:
    """A number for each input, of its content: an image keeps it in whatever order it comes."""
    x = x.numpy() if hasattr(x, "numpy") else x
    x = x.to_numpy() if hasattr(x, "to_numpy") else x
    if not hasattr(x, "tobytes"):
        raise Problem("the inputs are no arrays")
    return [
        int.from_bytes(hashlib.blake2b(part.tobytes(), digest_size=6).digest(), "little")
        for part in x
    ]


def _apart(images: list) -> list:
    """The same numbers, but the second of two equal images gets the next free one."""
    seen, found = set(), []
    for image in images:
        while image in seen:
            image += 1
        seen.add(image)
        found.append(image)
    return found


def _probabilities(model, labels: list, answers: list) -> tuple:
    """Labels as numbers of classes, and probabilities where the model answers with logits."""
    wide = isinstance(answers[0], list) and len(answers[0]) > 1
    if wide and isinstance(labels[0], list) and len(labels[0]) == len(answers[0]):
        if any(sorted(label)[-2] != 0 or max(label) != 1 for label in labels):
            raise Problem("the labels are not of one class each")
        labels = [label.index(max(label)) for label in labels]
    if not getattr(_loss(model), "from_logits", False) and "from_logits" not in str(
        getattr(_loss(model), "_fn_kwargs", "")
    ):
        return labels, answers
    if wide:
        return labels, [_softmax(answer) for answer in answers]
    flat = [x[0] if isinstance(x, list) else x for x in answers]
    # in this order NaN stays NaN
    return labels, [1 / (1 + math.exp(-max(min(x, 700), -700))) for x in flat]


def _loss(model):
    return getattr(model, "loss", None)


def _softmax(values: list) -> list:
    top = max(values)
    powers = [math.exp(x - top) for x in values]
    return [x / sum(powers) for x in powers]


def _evaluating(evaluate):
    @functools.wraps(evaluate)
    def recorded(model, *args, **kwargs):
        result = evaluate(model, *args, **kwargs)
        if not run.running and run.folder is not None:
            _scalars(model, result)
        return result

    return recorded


@harmless
def _scalars(model, result) -> None:
    """`evaluate_loss`, `evaluate_accuracy`; of the second call after a fit `evaluate2_loss`."""
    if not isinstance(result, dict):
        values = result if isinstance(result, (list, tuple)) else [result]
        names = ["loss"]
        if len(values) > 1:
            told = model.get_metrics_result() if hasattr(model, "get_metrics_result") else {}
            names = list(told) if len(told) == len(values) else list(model.metrics_names)
        result = dict(zip(names, values))
    target = run.fits[-1] if run.fits else None
    known = run.scalars if target is None else target.scalars
    calls = 1
    while any(name.startswith(f"evaluate{calls if calls > 1 else ''}_") for name in known):
        calls += 1
    for name, value in records.numbers(result, "evaluate").items():
        if target is not None:
            name = target._name(name)
        run.scalar(f"evaluate{calls if calls > 1 else ''}_{name}", value)
