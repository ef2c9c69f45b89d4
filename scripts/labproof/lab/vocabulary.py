"""The names of the measures that a claim may use.

Some have a name of their own; the others are a kind with what it is taken of in brackets, any
column of a history, scalar or class: `final(val_dice)`, `gap(val_loss - loss)`, `recall(2)`.
Snakemake reads them while it plans; what is known of each stands in `known_measures`, and how it is
computed in `judging.measures`.
"""

import re
from collections.abc import Iterator, Mapping
from math import inf

from labproof.lab.known_measures import CASES, KINDS, NAMED, Measure

LESS = "loss|error|err|mse|mae|rmse|perplexity|brier|nll|cer|wer|deviance|seconds|time|lr"
MORE = "accuracy|acc|auc|precision|recall|sensitivity|specificity|f1|dice|iou|jaccard|r2|score|bleu"
SHARES = "accuracy|acc|auc|precision|recall|sensitivity|specificity|f1|dice|iou|jaccard"


def better(column: str) -> str:
    """Whether "more" or "less" of a column is better, by its name; empty where that is not told."""
    found = [side for side, known in (("more", MORE), ("less", LESS)) if _one_of(column, known)]
    return found[0] if len(found) == 1 else ""


def _one_of(column: str, known: str) -> bool:
    return any(re.fullmatch(known, part) for part in re.split(r"[^a-z0-9]+", column.lower()))


def split(name: str) -> tuple[str, str]:
    """Kind and what it is of, such as ("final", "val_dice")."""
    found = re.fullmatch(r"\s*(\w+)\s*(?:\(\s*([^()]*?)\s*\))?\s*", name)
    return (found[1], re.sub(r"\s+", " ", found[2] or "")) if found else (name, "")


def named(name: str) -> str:
    """The one name of a measure, however it is written: `best(val_loss)` is lowest_val_loss."""
    kind, of = split(name)
    if kind in ("best", "epoch_of_best") and better(of):
        kind = kind.replace("best", "highest" if better(of) == "more" else "lowest")
    if "-" in of:
        of = " - ".join(part.strip() for part in re.split(r"\s-\s|(?<=\w)-(?=\w)", of))
    written = f"{kind}({of})" if of else kind
    return CASES.get(written, written)


def problem(name: str) -> str:
    """Why there is no such measure; empty where there is."""
    kind, of = split(named(name))
    if named(name) in NAMED:
        return ""
    if kind in ("best", "epoch_of_best"):
        other = kind.replace("best", "highest")
        return (
            f'"{name}": whether more or less of "{of}" is better is not known by its name. Write '
            f"{other}({of or 'val_accuracy'}) or {kind.replace('best', 'lowest')}({of or 'loss'})."
        )
    if kind not in KINDS:
        return "missing"
    takes = KINDS[kind].takes
    parts = of.split(" - ")
    whole = {
        "": not of,
        "column": bool(of) and len(parts) == 1,
        "scalar": bool(of),
        "columns": len(parts) == 2 and all(parts),
        "class": of.isdigit(),
    }
    if not whole[takes]:
        example = {
            "": kind,
            "column": f"{kind}(val_loss)",
            "scalar": f"{kind}(test_accuracy)",
            "columns": f"{kind}(val_loss - loss)",
            "class": f"{kind}(0)",
        }
        return f'"{name}" is not written so. Write it like {example[takes]}.'
    if KINDS[kind].directed and not better(of):
        return (
            f'"{name}": whether more or less of "{of}" is better is not known by its name. Under '
            f"reads, columns, call the column otherwise, such as {of}_score or {of}_error."
        )
    return ""


class _Measures(Mapping):
    """All measures: those with a name of their own, which it lists, and every kind of anything."""

    def __getitem__(self, name: str) -> Measure:
        name = named(name)
        if name in NAMED:
            return NAMED[name]._replace(better=_BETTER.get(name, ""))
        if problem(name):
            raise KeyError(name)
        return _of(*split(name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and not problem(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMED)

    def __len__(self) -> int:
        return len(NAMED)


MEASURES = _Measures()


def _of(name: str, of: str) -> Measure:
    kind = KINDS[name]
    told = f"class {of}" if kind.takes == "class" else of.replace(" - ", " less ")
    told = told.replace("{", "{{").replace("}", "}}")
    measure = kind.measure._replace(words=kind.words.replace("{of}", told))
    if kind.like:
        low, high = (0, 1) if _one_of(of, SHARES) else (-inf, inf)
        measure = measure._replace(low=low, high=high, better=better(of))
    if kind.takes in ("column", "columns", "scalar"):
        watched = re.match(r"val|test|evaluate", of.lower())
        measure = measure._replace(sampled=bool(watched) and not measure.epochs)
    return measure


_BETTER = {name: _of(*split(case)).better for case, name in CASES.items()}
_BETTER |= {"auc": "more", "brier": "less", "heat_in_zone": "more", "heat_peak_in_zone": "more"}


def words_of(measure: str, at: float | None = None) -> str:
    """What a measure is, in the words of the page."""
    return MEASURES[measure].words.format(at=at)
