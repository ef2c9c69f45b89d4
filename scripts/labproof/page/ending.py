"""What a run says last in the terminal: the verdicts, surprises, what is open and what is next."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from labproof import words
from labproof.judging import record
from labproof.lab import gaps, seeds, settings
from labproof.page import answer, scoreboard
from labproof.paths import Results

MOST = 2  # surprises, and failures
WIDTH = 200  # of a line; a sentence may be long


def succeeded(lab: Mapping, results: Results, since: float) -> str:
    """Some lines on a finished run; empty unless it has made the page, so that no old one is told.

    Of several reports: the tally of each, and the page that lays them side by side.

    Parameters
    ----------
    lab
        The resolved lab.
    results
        The paths of its results.
    since
        When the run began, in seconds since the epoch.
    """
    if lab["reports"]:
        return _of_reports(lab, results, since)
    page = Path(results.report(".html"))
    judged = record.read(Path(results.findings))
    if not judged or not page.is_file() or page.stat().st_mtime < since:
        return ""
    said = [f"{tally(judged)}, of {words.count(len(judged), 'sentence')}."]
    said += [
        _cut(f"✗ {entry['statement']} {answer.told(entry)}")
        for entry in answer.surprises(judged, MOST)
    ]
    said += [f"? {' '.join(answer.undecided(judged, times(lab, results)))}"]
    said += [f"The page: {page}"]
    if any(entry["verdict"] == record.UNDECIDED for entry in judged):
        said += [_next(lab)]
    return plain(said)


def _of_reports(lab: Mapping, results: Results, since: float) -> str:
    page = Path(results.overview[0])
    if not page.is_file() or page.stat().st_mtime < since:
        return ""
    judged = {name: record.read(Path(results.of_report(name).findings)) for name in lab["reports"]}
    said = [f"{name}: {tally(entries)}" for name, entries in judged.items()]
    return plain([*said, f"All {len(judged)} reports side by side: {page}"])


def tally(judged: Sequence[Mapping]) -> str:
    """How many findings have each verdict, in a line."""
    counts = scoreboard.counts(judged)
    return ", ".join(f"{each['mark']} {each['count']} {each['verdict']}" for each in counts)


def failed(lab: Mapping, results: Results, since: float) -> str:
    """Some lines on a run that failed: which jobs, why, and how to get a page of what is there."""
    found = gaps.failures(results, since)
    said = [f"✗ {each['job']} {each['cause']}; see {each['log']}" for each in found[:MOST]]
    if len(found) > MOST:
        said.append(f"and {len(found) - MOST} more, under {results.root}/logs/")
    if not found:
        said.append("✗ The run failed; what Snakemake says of it stands above.")
    said.append("To go on: mend that, and run the same command again; what is done is kept.")
    said.append(f"A page of what is there: {settings.make(lab)} PARTIAL=1")
    return plain(said)


def times(lab: Mapping, results: Results) -> dict[str, float]:
    """Cell -> seconds of one of its trainings, of those that are trained."""
    found = {}
    for name in lab["cells"]:
        file = Path(results.facts(name))
        if not file.is_file():
            continue
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        with suppress(KeyError, ValueError, ZeroDivisionError):  # told where the table is judged
            found[name] = sum(float(row["seconds"]) for row in rows) / sum(
                float(row["seeds"]) for row in rows
            )
    return found


def _next(lab: Mapping) -> str:
    """What may decide more: time where seeds are granted by a budget, otherwise seeds."""
    if lab["planned"]:
        return f"More time for it: {settings.make(lab)} BUDGET=1h"
    given = any(cell.get("run") and cell["run"]["given"] for cell in lab["cells"].values())
    first = "histories of more seeds, then" if given else "twice the seeds"
    return f"Next, {first}: {settings.make(_twice(lab))}"


def _twice(lab: Mapping) -> dict:
    chosen = lab["seeds"]
    more = range(len(chosen), 2 * len(chosen))
    if seeds.spell(chosen) != str(len(chosen)):  # not 0, 1, 2, …: those that follow
        more = range(max(chosen) + 1, max(chosen) + 1 + len(chosen))
    return {**lab, "seeds": [*chosen, *more]}


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def plain(lines: Iterable[str]) -> str:
    """The lines without Markdown, and without what a terminal would obey."""
    text = "\n".join(lines).replace(words.NBSP, " ")
    text = "".join(each for each in text if each.isprintable() or each == "\n")
    return "\n" + re.sub(r"\\([\[\]])", r"\1", text) + "\n"
