"""Two folders of results -> how their verdicts differ, sentence by sentence, and what may be why.

By what lies in the folders alone: findings.json, and beside it histories, facts and datasets; what
is missing there is not compared. The code and the settings of a run are not among these, but where
one seed has given other numbers, something in them must differ.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from labproof import paths, tables, words
from labproof.errors import LabError
from labproof.judging import record
from labproof.lab import leaves
from labproof.page import ending, scoreboard

PART = {"claim", "cell", "other", "measure", "at", "verdict", "n", "values"}
# Columns of facts that say nothing of versions and devices.
OWN = ("block", "seeds", "seconds", "peak_memory_mib", "parameters")
NUMBERS = ("verdict", "estimate", "low", "high", "n")
SIDES = ("a", "b")


class Run(NamedTuple):
    """What a folder of results tells of its run."""

    folder: Path
    entries: dict[str, Mapping]  # id -> the finding
    cells: dict[str, dict[str, str]]  # cell -> its epochs and parameters, where they are known
    about: dict[str, str]  # what is asked of the run as a whole -> the answer


class Change(NamedTuple):
    """A sentence that both runs have judged."""

    before: Mapping
    after: Mapping
    parts: list[tuple[Mapping | None, Mapping | None]]  # of one claim each
    why: list[str]

    @property
    def rank(self) -> int:
        """0 for the opposite verdict, 1 for another, 2 for apart intervals, 3 for none of these."""
        found = {self.before["verdict"], self.after["verdict"]}
        if len(found) > 1:
            return 1 if record.UNDECIDED in found else 0
        return 2 if any(apart(*pair) for pair in self.parts) else 3


def read(folder: Path, called: str) -> Run:
    """A run, by the folder of its findings.json.

    LabError, in which the folder is `called` as on the command line, where it holds none.
    """
    file = folder / "findings.json"
    entries = record.read(file)
    if not entries:
        raise LabError(
            f"{called}: there is no {file}. Name the folder of a run that has ended, such as "
            f"{called}=results/lab3/demo"
        )
    parts = [part for entry in entries for part in entry["parts"]]
    if not all(isinstance(part, dict) and set(part) >= PART.union(NUMBERS) for part in parts):
        raise LabError(
            f"{file}: its findings lack numbers that belong to them by now. Delete the file and "
            "run again: that judges anew and trains nothing."
        )
    # one of several reports lies in its run's folder
    base = folder.parents[1] if folder.parent.name == "reports" else folder
    results = paths.Results(base)
    names = dict.fromkeys(cell for part in parts for cell in leaves.cells(part))
    cells, versions = {}, {}
    for name in names:
        history = tables.read(Path(results.history(name)))
        facts = tables.read(Path(results.facts(name)))
        cells[name] = {}
        if history is not None:
            cells[name]["epochs"] = _range(history.groupby("seed")["epoch"].max())
        if facts is not None:
            cells[name]["parameters"] = _range(facts["parameters"].dropna())
            for column in facts.columns.difference(OWN):
                versions.setdefault(column, set()).update(facts[column].dropna().astype(str))
    where = folder.resolve()
    about = {"results": str(folder), "preset": where.name}
    if base != folder:
        about |= {"preset": base.resolve().name, "report": where.name}
    about["seeds of a cell"] = _range(len(x) for part in parts for x in part["values"].values())
    about["epochs of a cell"] = _range(int(n) for n in _known(cells, "epochs"))
    about |= {f"images {place.name}": _images(place) for place in sorted(base.glob("datasets/*"))}
    about |= {name: ", ".join(sorted(found)) for name, found in sorted(versions.items())}
    return Run(folder, {entry["id"]: entry for entry in entries}, cells, about)


def changes(a: Run, b: Run) -> list[Change]:
    """The sentences that both have, by their ids, the largest change first."""
    found = []
    for name, before in a.entries.items():
        if name not in b.entries:
            continue
        after = b.entries[name]
        pairs = _pairs(before["parts"], after["parts"])
        found.append(Change(before, after, pairs, _why(pairs, a, b)))
    return sorted(found, key=lambda change: change.rank)


def apart(first: Mapping | None, second: Mapping | None) -> bool:
    """Whether two intervals have no value in common; an end that is not known is none."""
    if first is None or second is None:
        return False
    ends = [[part[key] for part in (first, second)] for key in ("low", "high")]
    (low, low_too), (high, high_too) = ends
    return any(
        top is not None and bottom is not None and top < bottom
        for top, bottom in ((high, low_too), (high_too, low))
    )


def told(a: Run, b: Run) -> str:
    """The comparison as text for a terminal."""
    found = changes(a, b)
    lines = [_tally("A", a), _tally("B", b), ""]
    rows = [
        (key, a.about.get(key, words.NOTHING), b.about.get(key, words.NOTHING))
        for key in dict.fromkeys([*a.about, *b.about])
        if key != "results" and a.about.get(key) != b.about.get(key)
    ]
    if rows:
        lines += ["What their files tell apart", *_columns(rows), ""]
    else:
        lines += ["Their files tell no difference in preset, seeds, data or versions.", ""]
    changed = [change for change in found if change.rank < 2]
    lines.append(f"Another verdict: {len(changed)} of {words.count(len(found), 'sentence')}")
    for change in changed:
        lines += ["", *_shown(change)]
    same = found[len(changed) :]
    if same:
        lines += ["", f"The same verdict: {len(same)}, the intervals of A and B behind it"]
        rows = []
        for change in same:
            mark = scoreboard.BADGES[change.before["verdict"]][0]
            both = [_measured(entry) for entry in (change.before, change.after)]
            rows.append((f"{mark} {change.before['id']}", *both, "apart" * (change.rank == 2)))
        lines += _columns(rows)
    for name, one, other in (("A", a, b), ("B", b, a)):
        alone = [key for key in one.entries if key not in other.entries]
        if alone:
            lines += ["", f"In {name} alone: {words.listing(alone, 10)}"]
    return ending.plain(lines).strip("\n") + "\n"


def table(a: Run, b: Run) -> str:
    """The comparison as CSV, a line a claim of one measure; a gap is what is not known."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    of_side = [f"{key}_{side}" for side in SIDES for key in NUMBERS]
    of_whole = [f"finding_{side}" for side in SIDES]
    lines.writerow(["id", "claim", *of_whole, *of_side, "apart", "why"])
    for change in changes(a, b):
        for pair in change.parts:
            numbers = [None if part is None else part[key] for part in pair for key in NUMBERS]
            claim = next(part for part in pair if part is not None)["claim"]
            whole = [change.before["verdict"], change.after["verdict"]]
            why = "; ".join(change.why).replace(words.NBSP, " ")
            said = [change.before["id"], claim, *whole, *numbers, apart(*pair), why]
            lines.writerow(said)
    return text.getvalue()


def _tally(name: str, run: Run) -> str:
    each = ending.tally(list(run.entries.values()))
    return f"{name}  {run.folder}: {words.count(len(run.entries), 'sentence')}, {each}"


def _shown(change: Change) -> list[str]:
    marks = [scoreboard.BADGES[entry["verdict"]][0] for entry in (change.before, change.after)]
    lines = [f"  {marks[0]} → {marks[1]}  {change.before['id']}: {change.after['statement']}"]
    for pair in change.parts:
        lines.append(f"      {next(part for part in pair if part is not None)['claim']}")
        for name, part in zip("AB", pair, strict=True):
            if part is not None:
                said = f"{_measured(part)}, {words.count(part['n'], 'seed')}"
                mark = scoreboard.BADGES[part["verdict"]][0]
                lines.append(f"        {name} {mark} {part['verdict']:14}  {said}")
        if apart(*pair):
            lines.append("        The intervals are apart.")
    return [*lines, f"      Why: {'; '.join(change.why)}."]


def _measured(entry: Mapping) -> str:
    return scoreboard.measured(entry).replace("\\", "")  # no Markdown here


def _pairs(before: Sequence[Mapping], after: Sequence[Mapping]) -> list[tuple]:
    """Parts that measure the same of the same cells, whatever is claimed of it, and those alone."""
    rest = list(after)
    found = []
    for part in before:
        same = next((other for other in rest if _asked(other) == _asked(part)), None)
        if same is not None:
            rest.remove(same)
        found.append((part, same))
    return found + [(None, part) for part in rest]


def _asked(part: Mapping) -> tuple:
    return (leaves.kind(part), *leaves.terms(part))


def _why(pairs: Sequence[tuple], a: Run, b: Run) -> list[str]:
    """What differs between two verdicts on one sentence, as far as the files tell, in words."""
    both = [(first, second) for first, second in pairs if first and second]
    said = []
    if len(both) < len(pairs) or any(first["claim"] != second["claim"] for first, second in both):
        said.append("another claim")
    counts = _both(both, lambda part: part["n"])
    if counts:
        said.append(f"{counts} seeds")
    names = dict.fromkeys(cell for first, _ in both for cell in leaves.cells(first))
    unlike = set()
    for key in ("epochs", "parameters"):
        for cell in names:
            each = [run.cells.get(cell, {}).get(key) for run in (a, b)]
            if None not in each and each[0] != each[1]:
                unlike.add(f"{each[0]} | {each[1]} {key}")
    said += sorted(unlike)
    images = _both(both, _rested_on)
    if images:
        said.append(f"{images} images")
    kinds = {key for key in {*a.about, *b.about} if a.about.get(key) != b.about.get(key)}
    if any(key.startswith("images ") for key in kinds):
        said.append("other data")
    shared = [x for first, second in both for x in _shared(first["values"], second["values"])]
    if shared and not said and all(x == y for x, y in shared):
        return ["the same values of the same seeds, so the judging or its margins differ"]
    if shared and not unlike and "other data" not in said and any(x != y for x, y in shared):
        told = "the same seeds gave other numbers, so code, settings or versions differ"
        said.append(told)
    return said or ["their files do not tell; the seeds themselves may be others"]


def _both(pairs: Sequence[tuple], asked) -> str:
    """`5 | 10` where an answer differs in some pair, of the first such; empty otherwise."""
    for first, second in pairs:
        one, other = asked(first), asked(second)
        if one != other and None not in (one, other):
            return f"{one} | {other}"
    return ""


def _rested_on(part: Mapping) -> str | None:
    images = part.get("images")
    return f"{images['count']} {images['split']}" if images else None


def _shared(first: Mapping, second: Mapping) -> list[tuple]:
    """The two values of each seed that a cell has in both."""
    return [
        (values[seed], second[cell][seed])
        for cell, values in first.items()
        for seed in values
        if seed in second.get(cell, {})
    ]


def _images(folder: Path) -> str:
    """A dataset's size, counts and a mark that tells it from others of this size."""
    try:
        stored = np.load(folder / "images.npy", mmap_mode="r").shape
    except (OSError, ValueError):
        return "cannot be read"
    records = folder / "records.csv"
    table = tables.read(records)
    counts = {} if table is None else table.groupby("split", sort=False).size().to_dict()
    each = ", ".join(f"{count} {split}" for split, count in counts.items())
    mark = hashlib.sha256(records.read_bytes()).hexdigest()[:6] if records.is_file() else "?"
    return f"{stored[1]} px, {each} ({mark})"


def _known(cells: Mapping[str, Mapping[str, str]], key: str) -> Iterable[str]:
    return (end for cell in cells.values() if key in cell for end in cell[key].split(" to "))


def _range(numbers: Iterable) -> str:
    """`5`, or `5 to 10`; a dash where there are none."""
    found = [int(number) for number in numbers]
    if not found:
        return words.NOTHING
    ends = dict.fromkeys((min(found), max(found)))
    return " to ".join(map(str, ends))


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows with their columns below one another."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
