"""What a run leaves in LABPROOF_OUT, written so that a kill loses no epoch."""

from __future__ import annotations

import atexit
import csv
import functools
import io
import json
import math
import os
import re
import sys
import time
from pathlib import Path
from urllib.parse import quote

SPLITS = ("validation", "final")
LARGEST = 10_000_000  # numbers of one table of predictions
OWN = ("epoch", "seed")  # columns of a history that are Labproof's


class Problem(Exception):
    """Something that cannot be recorded, in words for the user."""


def harmless(function):
    """A function of the recorder that tells what went wrong, once, and lets the training go on."""

    @functools.wraps(function)
    def guarded(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:
            tell(error)
            return None

    return guarded


def tell(error: Exception) -> None:
    """One line on the error stream for each kind of problem, and one among the facts."""
    cause = str(error) if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
    if isinstance(error, OSError):
        cause = f"{os.environ.get('LABPROOF_OUT')} cannot be written: nothing more is recorded"
    if cause in run.facts["problems"]:
        return
    run.facts["problems"].append(cause)
    print(f"labproof.run: {cause} (the training goes on)", file=sys.stderr, flush=True)


class Run:
    """All that this process records; LABPROOF_OUT is looked up when something is first written."""

    def __init__(self):
        self.process = os.getpid()
        self.began = self.last = time.perf_counter()  # last: when something was last recorded
        self.facts = {"problems": []}
        self.scalars = {}
        self.fits = []  # in the order in which they began
        self.named = {}
        self.left_out = set()  # names of which that was told
        self.running = 0  # how deep in fits that are recorded

    @property
    def folder(self) -> Path | None:
        """Where to write; None: nowhere. A forked child writes nothing."""
        out = os.environ.get("LABPROOF_OUT")
        return Path(out) if out and os.getpid() == self.process else None

    def fit(self, name: str | None = None) -> Fit:
        """The fit of that name, or a new one."""
        if name is not None and name in self.named:
            fit = self.named[name]
            if fit is not self.fits[-1]:  # the one that is told of now
                self.fits.remove(fit)
                self.fits.append(fit)
            return fit
        if not self.fits:
            atexit.register(self.write)
        number = len(self.fits) - len(self.named) + 1
        key = quote(str(name), safe="") if name is not None else str(number)
        fit = Fit(self.folder / f"fit-{key}", self.fits[0] if self.fits else None)
        self.fits.append(fit)
        if name is not None:
            self.named[name] = fit
        return fit

    def scalar(self, name: str, value: float, fit: str | None = None) -> None:
        """A number of the fit that began last, or of the run where none has."""
        if fit is None and not self.fits:
            self.scalars[name] = value
            write_json(self.folder / "scalars.json", self.scalars)
            return
        target = self.fits[-1] if fit is None else self.fit(fit)
        target.scalars[name] = value
        target.write_scalars()

    @harmless
    def write(self, ended: bool = False) -> None:
        """The facts of the process."""
        if self.folder is None:
            return
        self.facts.update(
            seconds=round(time.perf_counter() - self.began, 3),
            memory=_memory(),
            versions=_versions(),
            ended=ended or self.facts.get("ended", False),
        )
        write_json(self.folder / "facts.json", self.facts)


class Fit:
    """One training: its rows, predictions, scalars and facts."""

    def __init__(self, folder: Path, first: Fit | None = None):
        self.folder = folder
        self.first = first  # of the process: what its columns are called
        self.columns = []
        self.rows = {}  # epoch -> {column: value}
        self.scalars = {}
        self.predictions = {}  # split -> (columns, rows)
        self.facts = {}
        self.since, self.began = run.last, time.perf_counter()
        self.lead = 0.0  # seconds before that
        self.told = 0  # epochs of this process
        self.before = 0.0  # seconds of earlier processes
        self.manual = False  # told by `log`

    def row(self, epoch: int, values: dict) -> None:
        """Write what is known of an epoch; what was known of it before stays."""
        known = numbers(values, f"epoch {epoch}", OWN)
        values = {self._name(name): value for name, value in known.items()}
        begins = not self.rows
        if begins:
            self._take_up(epoch)
        follows = not begins and epoch > next(reversed(self.rows))
        if epoch not in self.rows:
            self._reckon()
        self.rows.setdefault(epoch, {}).update(values)
        new = [name for name in values if name not in self.columns]
        self.columns += new
        if follows and not new:
            # one call of `write` a line: it is there whole or not at all
            with open(self.folder / "history.csv", "a", encoding="utf-8", newline="") as file:
                file.write(_lines([self._line(epoch)]))
        else:
            self._rewrite()
        self.write_facts(epochs=len(self.rows))

    def _reckon(self) -> None:
        """The time of the first epoch of a loop, which is heard of when that is over.

        It is that of its later epochs, on average: what lies between two fits, or before the first
        one, is data and imports as well, and more of them for one fit than for the next. Where it
        stays alone, all since something was recorded last, or since the recorder's start.
        """
        self.told += 1
        if self.manual:
            span = time.perf_counter() - self.began
            self.lead = span / (self.told - 1) if self.told > 1 else self.began - self.since

    def _take_up(self, epoch: int) -> None:
        """Go on from the rows that an earlier process left, before this epoch."""
        path = self.folder / "history.csv"
        if not path.is_file():
            return
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        lines = csv.reader(io.StringIO(text[: text.rfind("\n") + 1]))
        columns = next(lines, ["epoch"])
        for line in lines:
            if int(line[0]) < epoch:
                known = zip(columns[1:], line[1:])
                self.rows[int(line[0])] = {name: float(x) for name, x in known if x}
        if self.rows:
            self.columns = columns[1:]
            self.facts["resumed"] = True
            earlier = json.loads((self.folder / "facts.json").read_text(encoding="utf-8"))
            self.before = float(earlier.get("seconds", 0))

    def _name(self, name: str) -> str:
        """What the first fit calls a column: Keras counts on, auc in it and auc_1 in the second."""
        if self.first is None or name in self.first.columns:
            return name
        bare = [x for x in self.first.columns if _bare(x) == _bare(name)]
        return bare[0] if len(bare) == 1 else name

    def _line(self, epoch: int) -> list:
        row = self.rows[epoch]
        return [epoch, *(repr(row[name]) if name in row else "" for name in self.columns)]

    def _rewrite(self) -> None:
        lines = [["epoch", *self.columns], *(self._line(epoch) for epoch in self.rows)]
        write_text(self.folder / "history.csv", _lines(lines))

    def predict(self, split: str, columns: list, rows: list) -> None:
        """Write the answers to a split; those of an earlier call to the same split are replaced."""
        for other, (theirs, _) in self.predictions.items():
            if other != split and theirs != columns:
                raise Problem(f"the predictions of {split} are not of the kind of {other}'s")
        self.predictions[split] = (columns, rows)
        lines = [["split", "image", "label", *columns]]
        for name, (_, table) in self.predictions.items():
            lines += [[name, *row] for row in table]
        write_text(self.folder / "predictions.csv", _lines(lines))

    def write_scalars(self) -> None:
        """All scalars of this fit."""
        write_json(self.folder / "scalars.json", self.scalars)

    def write_facts(self, **facts) -> None:
        """What is known by now, the time included."""
        self.facts.update(facts)
        run.last = time.perf_counter()
        self.facts["seconds"] = round(self.before + self.lead + run.last - self.began, 3)
        write_json(self.folder / "facts.json", self.facts)


run = Run()


@harmless
def log(*, epoch: int | None = None, fit: str | None = None, **values: float) -> None:
    """Tell what an epoch has come to: `log(epoch=3, loss=0.41, val_accuracy=0.8)`.

    Parameters
    ----------
    epoch
        Its number, from 0 or from 1; counted by itself where it is left out. A number below the
        last one, or a value again for the same epoch, begins the next fit.
    fit
        The name of the training, where one process trains several.
    values
        Numbers, also of one element of a tensor.
    """
    if run.folder is None:
        return
    epoch = None if epoch is None else _whole(epoch)
    if fit is not None:
        target = run.fit(fit)
    elif run.running:  # from a callback: columns of the epoch that Keras is at
        target = run.fits[-1]
        epoch = next(reversed(target.rows), 1)
    else:
        target = run.fits[-1] if run.fits and run.fits[-1].manual else None
        last = next(reversed(target.rows), 0) if target and target.rows else None
        at = last if epoch is None else epoch
        if last is not None and (
            at < last or (epoch is not None and at == last and set(values) & set(target.rows[last]))
        ):
            target = None
        target = target or run.fit()
    target.manual = target.manual or not run.running
    if epoch is None:
        epoch = next(reversed(target.rows), 0) + 1
    target.row(epoch, values)


def _whole(epoch) -> int:
    try:
        if int(epoch) == float(epoch):
            return int(epoch)
    except (TypeError, ValueError, OverflowError):
        pass
    raise Problem(f"epoch is {str(epoch)[:80]!r}, no whole number; number them from 0 or from 1")


@harmless
def log_predictions(
    labels, predictions, *, split: str = "validation", images=None, fit: str | None = None
) -> None:
    """Tell what a model answers to a set of images, or of anything else.

    Parameters
    ----------
    labels
        (N,), classes 0 to K - 1, or numbers for a regression.
    predictions
        (N,) or (N, 1), the probability of class 1, or the number predicted; (N, K), probabilities
        of the classes (after softmax). Lists, arrays or tensors.
    split
        "validation", or "final" for images that nothing was watched or chosen on.
    images
        (N,), a whole number for each image, the same in every run; their order, where left out.
    fit
        The name of the training; the one that began last, where left out.
    """
    if run.folder is None:
        return
    if split not in SPLITS:
        raise Problem(f'split is "{split}", and must be one of {", ".join(SPLITS)}')
    columns, rows = table(labels, predictions, images)
    target = run.fit(fit) if fit is not None or not run.fits else run.fits[-1]
    target.manual = target.manual or not target.rows
    target.predict(split, columns, rows)
    target.write_facts()


@harmless
def log_scalar(name: str, value: float, *, fit: str | None = None) -> None:
    """Tell one number of a run, such as a test accuracy: `log_scalar("test_accuracy", 0.83)`."""
    if run.folder is not None:
        run.scalar(str(name), number(value, name), fit)


def table(labels, predictions, images=None) -> tuple[list, list]:
    """(columns, rows of image, label and the answer); Problem where the two do not fit."""
    labels, answers = plain(labels, "labels"), plain(predictions, "predictions")
    labels = [x[0] if isinstance(x, list) and len(x) == 1 else x for x in labels]
    answers = [x[0] if isinstance(x, list) and len(x) == 1 else x for x in answers]
    if len(labels) != len(answers):
        raise Problem(f"there are {len(labels)} labels and {len(answers)} predictions")
    images = range(len(labels)) if images is None else plain(images, "images")
    if len(images) != len(labels):
        raise Problem(f"there are {len(images)} images and {len(labels)} labels")
    if not labels:
        raise Problem("there are no predictions")
    if len(set(images)) < len(images):
        raise Problem("two predictions are of one image; give one of each")
    if isinstance(labels[0], list):
        raise Problem("labels have more than one value each; give the number of the class")
    if not all(math.isfinite(label) for label in labels):
        raise Problem("a label is NaN or infinite")
    if not isinstance(answers[0], list):
        binary = all(x in (0, 1) for x in labels) and all(0 <= x <= 1 or x != x for x in answers)
        form = "{:.0f}" if binary else "{:.9g}"
        rows = [
            [image, form.format(label), f"{answer:.9g}"]
            for image, label, answer in zip(images, labels, answers)
        ]
        return ["probability" if binary else "prediction"], rows
    classes = len(answers[0])
    if classes * len(answers) > LARGEST:
        raise Problem(f"{len(answers)} predictions of {classes} classes are too many to keep")
    if any(not isinstance(answer, list) or len(answer) != classes for answer in answers):
        raise Problem("some predictions are of other numbers of classes than the first")
    if isinstance(answers[0][0], list):
        raise Problem("predictions have more than two dimensions")
    if not all(label == int(label) and 0 <= label < classes for label in labels):
        raise Problem(f"a label is no number of a class, 0 to {classes - 1}")
    if any(min(answer) < -1e-6 or abs(sum(answer) - 1) > 0.01 for answer in answers):
        raise Problem("predictions are no probabilities that sum to 1; give them after softmax")
    rows = [
        [image, int(label), *(f"{x:.9g}" for x in answer)]
        for image, label, answer in zip(images, labels, answers)
    ]
    return [f"p{number}" for number in range(classes)], rows


def number(value, name) -> float:
    """A number, from whatever a framework calls one; Problem where it is none.

    True is 1; of an array or a tensor, one element is a number, and more are none.
    """
    try:
        if "complex" in type(value).__name__ + str(getattr(value, "dtype", "")):
            raise TypeError
        return float(value.item() if getattr(value, "size", None) == 1 else value)
    except Exception:  # each framework has its own
        raise Problem(f"{name} is no number, but {str(value)[:80]!r}") from None


def numbers(values: dict, where: str, own: tuple = ()) -> dict:
    """Name -> number of all that are numbers; each name that is left out is told of once.

    `own`: names that are not the code's to give.
    """
    found = {}
    for name, value in values.items():
        # blanks around a name are not kept by who reads it, half a surrogate pair by no file
        name = str(name).strip().encode("utf-8", "backslashreplace").decode("utf-8")
        try:
            if name in own:
                raise Problem(f"{name} is a name that Labproof gives, give another")
            found[name] = number(value, name)
        except Problem as problem:
            if name not in run.left_out:
                run.left_out.add(name)
                tell(Problem(f"{problem} ({where}): it is left out, and all else is kept"))
    return found


def plain(values, what: str = "it") -> list:
    """Lists of numbers, from lists, arrays or tensors of any framework; `what` they are."""
    for step in ("detach", "cpu", "numpy", "tolist"):
        values = getattr(values, step)() if callable(getattr(values, step, None)) else values
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise Problem(f"{what}: {str(values)[:80]!r} is no number, and no list of them")
    return [
        plain(x, what) if hasattr(x, "__iter__") else float(x) if hasattr(x, "item") else x
        for x in values
    ]


def write_text(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(draft, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    os.replace(draft, path)


def write_json(path: Path, data: dict) -> None:
    """As `write_text`; NaN and infinity as null, which all readers of JSON know."""
    clean = {
        name: None if isinstance(x, float) and not math.isfinite(x) else x
        for name, x in data.items()
    }
    write_text(path, json.dumps(clean, indent=1) + "\n")


def _lines(rows: list) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _bare(name: str) -> str:
    return re.sub(r"_\d+$", "", name)


def _memory() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _versions() -> dict:
    found = {"python": sys.version.split()[0]}
    for name in ("numpy", "keras", "tensorflow", "torch", "lightning", "sklearn", "jax"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if version:
            found[name] = str(version)
    return found
