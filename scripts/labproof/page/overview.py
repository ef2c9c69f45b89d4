"""Several reports on one lab side by side: where they contradict each other, what was measured."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from labproof import paths, words
from labproof.errors import LabError
from labproof.judging import record, stances
from labproof.judging.stances import Evidence, Stance, Subject
from labproof.lab import leaves, settings, vocabulary
from labproof.lab.leaves import Term
from labproof.page import answer, scoreboard
from labproof.page.escaping import escaped
from labproof.page.policy import with_policy
from labproof.page.spans import Axis

COLUMNS = ("report", "finding", "task", "about", "claim", "verdict", "contradicts")


def write(
    lab: Mapping, verdicts: Mapping[str, Path], template: Path, page: Path, table: Path
) -> None:
    """Write the page and the table.

    Parameters
    ----------
    lab
        The resolved lab.
    verdicts
        Report -> its findings.json.
    template
        report/overview.html.jinja; the styles lie beside it.
    page, table
        The HTML, self-contained but for its links to the reports' own pages; and the CSV.
    """
    judged = {name: _read(name, lab, file) for name, file in verdicts.items()}
    claimed = {name: report["findings"] for name, report in lab["reports"].items()}
    found = stances.subjects(claimed, judged)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template(template.name).render(escaped(context(lab, judged, found)))
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(with_policy(html, "", []), encoding="utf-8")
    table.write_text(as_csv(found), encoding="utf-8", newline="")


def _read(name: str, lab: Mapping, file: Path) -> list[dict]:
    entries = record.read(file)
    ids = [entry["id"] for entry in lab["reports"][name]["findings"]]
    if [entry["id"] for entry in entries] != ids:
        raise LabError(
            f"{file}: it is not of the sentences of the report {name}. Delete the file and run "
            "again: that judges anew and trains nothing."
        )
    return entries


def _rows(table: Path) -> int:
    """How many there are below the header; 0 where there is no table."""
    if not table.is_file():
        return 0
    with table.open(encoding="utf-8", newline="") as file:
        return max(0, sum(1 for _ in csv.reader(file)) - 1)


def context(lab: Mapping, judged: Mapping[str, Sequence], found: Sequence[Subject]) -> dict:
    """All that the template reads; text is not escaped yet."""
    results = paths.of_resolved(lab)
    totals = {name: _rows(Path(results.dataset(name), "records.csv")) for name in lab["datasets"]}
    clashes = sorted(
        (subject for subject in found if subject.clashes),
        key=lambda subject: len(subject.reports),
        reverse=True,
    )
    return {
        "title": lab["title"],
        "scale": answer.scale(lab),
        "sources": answer.sources(lab, totals),
        "seeds": _seeds(found),
        "command": settings.make(lab),
        "reports": [
            {
                "name": name,
                "link": _link(name),
                "sentences": len(entries),
                "counts": scoreboard.counts(entries),
                "against": sum(
                    bool(subject.against(stance))
                    for subject in found
                    for stance in subject.stances
                    if name in {said.report for said in stance.said}
                ),
            }
            for name, entries in judged.items()
        ],
        "things": len(found),
        "clashes": [_card(subject) for subject in clashes],
        "tasks": [
            {
                "name": task,
                "title": about["title"],
                "rows": [
                    _row(stance, subject, list(judged))
                    for subject in found
                    if subject.task == task
                    for stance in _ordered(subject)
                ],
            }
            for task, about in lab["tasks"].items()
            if any(subject.task == task for subject in found)
        ],
    }


def as_csv(found: Sequence[Subject]) -> str:
    """A line a claim of a report: what it is about, and the reports that contradict it."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(COLUMNS)
    for subject in found:
        for stance in subject.stances:
            others = " ".join(subject.against(stance))
            for said in stance.said:
                about, claim = _about(subject), stances.in_words(stance, subject)
                row = (said.report, said.finding, subject.task, about, claim, said.verdict)
                lines.writerow([*row, others])
    return text.getvalue()


def _about(subject: Subject) -> str:
    """What it is in words, such as "final training loss: 1a-dropout against 1a-plain"."""
    evidence = subject.evidence[0]
    first, *others = evidence.terms
    if subject.curve:
        return f"{subject.curve} of {first.cell}"
    what = vocabulary.words_of(first.measure, first.at)
    if len(subject.evidence) > 1 or subject.stances[0].region is None:
        cells = dict.fromkeys(cell for leaf in subject.leaves for cell in leaves.cells(leaf))
        margin = subject.leaves[0]["margin"]
        return f"{what} of {words.listing(list(cells), 8)} within {margin:g} of each other"
    if evidence.kind in ("spread", "ratio"):
        what = f"spread over seeds of the {what}"
    if not others:
        return f"{what} of {first.cell}"
    if len(others) == 1:
        beside = _term(others[0], first)
        joined = ": " if others[0].measure == first.measure else " of "
        return f"{what}{joined}{first.cell} against {beside}"
    signs = ("less" if term.weight < 0 else "plus" for term in others)
    rest = (f"{sign} {_term(term, first)}" for sign, term in zip(signs, others, strict=True))
    return f"{what} of {first.cell} {' '.join(rest)}"


def _term(term: Term, first: Term) -> str:
    """A further term of a sum beside the first, but for its sign."""
    times = f"{abs(term.weight):g} times " if abs(term.weight) != 1 else ""
    if (term.measure, term.at) == (first.measure, first.at):
        return f"{times}{term.cell}"
    return f"{times}the {vocabulary.words_of(term.measure, term.at)} of {term.cell}"


def _measured(evidence: Evidence) -> str:
    if evidence.estimate is None:
        return words.NOTHING
    low, high = (words.number(x) for x in (evidence.low, evidence.high))
    return f"{words.number(evidence.estimate)}{words.NBSP}[{low},{words.NBSP}{high}]"


def _evidence(evidence: Evidence, alone: bool) -> str:
    said = f"{_measured(evidence)}, {words.count(evidence.n, 'seed')}"
    first, *others = evidence.terms
    if len(others) == 1:
        joined = "divided by" if evidence.kind == "ratio" else "less"
        joined = "plus" if evidence.kind != "ratio" and others[0].weight > 0 else joined
        return f"{first.cell} {joined} {_term(others[0], first)}: {said}"
    return said if alone else f"{vocabulary.words_of(first.measure, first.at)}: {said}"


def _card(subject: Subject) -> dict:
    ordered = _ordered(subject)
    evidence = subject.evidence[0]
    ends = [x for stance in ordered for x in stance.region or () if math.isfinite(x)]
    known = [x for x in (evidence.estimate, evidence.low, evidence.high) if x is not None]
    axis = Axis([*ends, *known]) if known and ordered[0].region else None
    return {
        "about": _about(subject),
        "task": subject.task,
        "means": subject.means,
        "evidence": [_evidence(each, len(subject.evidence) == 1) for each in subject.evidence],
        "stances": [
            {
                "claim": stances.in_words(stance, subject),
                "strip": axis and _strip(stance, evidence, axis),
                "verdicts": _verdicts(stance),
                "said": [_said(each) for each in stance.said],
            }
            for stance in ordered
        ],
    }


def _strip(stance: Stance, evidence: Evidence, axis: Axis) -> dict:
    """Where the claimed field, the interval and the mean stand along the axis, in per cent."""
    low, high = (x if math.isfinite(x) else None for x in stance.region)
    field = axis.at(low, 0), axis.at(high, 100)
    bar = axis.at(evidence.low, 0), axis.at(evidence.high, 100)
    known = evidence.low is not None or evidence.high is not None
    return {
        "field": {"left": round(field[0], 1), "width": round(field[1] - field[0], 1)},
        "bar": known and {"left": round(bar[0], 1), "width": round(max(bar[1] - bar[0], 0.5), 1)},
        "dot": round(axis.at(evidence.estimate), 1),
        "edges": [
            {"at": round(axis.at(x), 1), "text": f"{x:g}".replace("-", words.MINUS)}
            for x in (low, high)
            if x is not None
        ],
    }


def _row(stance: Stance, subject: Subject, reports: Sequence[str]) -> dict:
    by_report = {}
    for said in stance.said:
        by_report.setdefault(said.report, said)
    return {
        "about": _about(subject),
        "claim": stances.in_words(stance, subject),
        "measured": _measured(subject.evidence[0]) if stance.region else "",
        "clashes": bool(subject.against(stance)),
        "count": len(by_report),
        "cells": [_said(by_report[name]) if name in by_report else None for name in reports],
    }


def _said(said: stances.Said) -> dict:
    mark, name = scoreboard.BADGES[said.verdict]
    return {
        "report": said.report,
        "statement": said.statement,
        "verdict": said.verdict,
        "mark": mark,
        "class": name,
        "link": f"{_link(said.report)}#finding-{said.finding}",
    }


def _verdicts(stance: Stance) -> list[dict]:
    """The verdicts on one claim: one, unless its reports' sentences had other looks at it."""
    found = [said.verdict for said in stance.said]
    return [
        {"verdict": verdict, "mark": mark, "class": name}
        for verdict, (mark, name) in scoreboard.BADGES.items()
        if verdict in found
    ]


def _ordered(subject: Subject) -> list[Stance]:
    """Its claims from low to high; of a curve as they came."""
    return sorted(subject.stances, key=lambda stance: stance.region or (0.0, 0.0))


def _seeds(found: Sequence[Subject]) -> str:
    numbers = [evidence.n for subject in found for evidence in subject.evidence]
    ends = dict.fromkeys((min(numbers), max(numbers))) if numbers else []
    return " to ".join(map(str, ends))


def _link(report: str) -> str:
    """From the overview to a report's own page."""
    return f"{report}/report/index.html"
