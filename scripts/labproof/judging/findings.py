"""Claims and the tables of the cells -> findings: each sentence with its verdict, as JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from labproof import words
from labproof.errors import LabError
from labproof.judging import bootstrap, measures, stuck, verdicts
from labproof.judging.ladder import looks, reached
from labproof.judging.measures import MEASURES
from labproof.judging.sample import Region, Sample
from labproof.lab import claims, gaps, vocabulary

# What of published.csv speaks to a measure: a column, or one less another.
PUBLISHED = {
    "final_accuracy": ("accuracy", None),
    "final_val_accuracy": ("val_accuracy", None),
    "final_loss": ("loss", None),
    "final_val_loss": ("val_loss", None),
    "accuracy_gap": ("val_accuracy", "accuracy"),
    "overfitting": ("val_loss", "loss"),
}
WRITTEN = {"id", "statement", "verdict", "parts", "reason"}  # keys of every finding
SEEDS_ALONE = (
    "Judged over seeds alone: what another sample of validation data would change is not known."
)
LOOK = ("n", "level", "estimate", "low", "high", "verdict")  # what is told of each look
RELATION_WORDS = {"above": "above", "below": "below", "about": "about", "similar_to": "similar to"}


class Run(NamedTuple):
    """What a run left for its claims; see `judge`."""

    tables: Mapping[str, Mapping[str, pd.DataFrame | None]]
    seeds: Sequence[int] | Mapping[str, Sequence[int]]
    ladder: Sequence[int]
    datasets: Mapping[str, str]
    trainings: Mapping[str, str]
    chains: Mapping[str, str]
    found: dict[str, dict[int, bool] | None]  # cell -> its stuck seeds, as they are asked for
    samples: dict[tuple, Sample]  # (cell, measure, at) -> its values, likewise
    upto: int | None = None  # seeds of each cell that the sentence at hand is looked at with

    def seeds_of(self, cell: str) -> list[int]:
        """The seeds that a cell should have, in their order."""
        return list(self.seeds[cell] if isinstance(self.seeds, Mapping) else self.seeds)

    def table(self, cell: str, name: str) -> pd.DataFrame | None:
        """A table of a cell; None where there is none or it holds nothing."""
        table = self.tables.get(cell, {}).get(name)
        return None if table is None or table.empty else table

    def answers(self, cell: str) -> tuple[pd.DataFrame | None, str]:
        """What a cell answers on new images, and of which split these are."""
        table = self.table(cell, "predictions")
        return (None, measures.VALIDATION) if table is None else measures.asked(table)

    def stuck(self, cells: Sequence[str]) -> dict[str, dict]:
        """Cell -> how many of the seeds that are looked at never left chance, where it is known."""
        told = {}
        for cell in cells:
            if cell not in self.found:
                tables = self.table(cell, "histories"), self.answers(cell)[0]
                self.found[cell] = stuck.seeds(*tables)
            found = self.found[cell]
            among = [seed for seed in self.seeds_of(cell)[: self.upto] if seed in (found or {})]
            if among:
                told[cell] = stuck.counted(found, among)
        return told

    def one(self, cells: Sequence[str], kind: Mapping[str, str]) -> bool:
        """Whether two cells are one training, or one chain, by what names those of each."""
        return len({kind.get(cell, cell) for cell in cells}) < len(cells)


def judge(
    findings: Sequence[Mapping],
    tables: Mapping[str, Mapping[str, pd.DataFrame | None]],
    *,
    seeds: Sequence[int] | Mapping[str, Sequence[int]],
    ladder: Sequence[int] = (),
    datasets: Mapping[str, str],
    trainings: Mapping[str, str] | None = None,
    chains: Mapping[str, str] | None = None,
    published: pd.DataFrame | None = None,
    warnings: Mapping[str, Sequence[str]] | None = None,
    missing: Sequence[Mapping] = (),
    adjust: bool = True,
) -> list[dict]:
    """Judge findings.

    Parameters
    ----------
    findings
        As `claims.resolve` gives them.
    tables
        Cell -> its `histories`, `predictions` and `heatmaps` (scores) tables; one that is missing
        is None or left out.
    seeds
        The seeds that every cell should have, or those of each, in the order in which they are
        looked at; one that is not in a table is missing.
    ladder
        Numbers of seeds: a sentence is looked at after each that all its cells have reached, with
        the first so many seeds of each (`ladder.levels`). Without, it is looked at once, with all.
    datasets
        Cell -> dataset. Two cells on the same one were judged on the same images. None: code of
        the user's trained it, and its images' part is known where it tells probabilities.
    trainings
        Cell -> what names its training, as `trainings.shared` gives it: no claim compares a
        training with itself. Each cell is one of its own where it is not said.
    chains
        The same for cells that differ in epochs alone, which are compared seed by seed.
    published
        What others found: columns cell, group, metric, value, and note or none.
    warnings
        Dataset -> what its audit warns of; a finding carries those of its cells' datasets.
    missing
        What `gaps.find` gives; an undecided finding of such a cell tells the cause.
    adjust
        Whether these are all findings there are, so that Holm's correction can be made over them.

    Returns
    -------
    list of dict
        One a finding, in order, for `findings.json`: `id`, `task`, `statement`, `why`, `note`,
        `ours`, `cells`, `warnings`; `curve`, `means`, `negated` of its claim; the verdict as of a
        part below; `looks` (n, and the verdict as of this look); and `p_adjusted`, Holm's over all
        findings.
        A number that is not known, or not finite, is None.
        `parts`: the claims of one measure that it is made of, in order, each with `claim` (in
        words), `measure`, `at`, `cell`, `relation`, `number`, `other`, `other_measure`, `margin`,
        `least` (the margin, where it is the least difference worth naming; or None), `region` (its
        two edges), `verdict`, `reason`, `estimate`, `low`, `high`, `n`, `p`, `effect`,
        `p_permutation`, `seeds_needed`, `values` (of each cell, seed -> value; the text
        "never" where censored), `looks` (n, level, estimate, low, high, verdict; the part's own
        numbers are those of the last), `spread` (`seeds`: variance of one seed's value and number
        of seeds, of each cell or of their differences; `image`: the variance of the estimate that
        comes from the images; `images`: how many there are; `fewest`: seeds before which nothing
        is decided; None where there is no interval), `images` (`split`: validation, final or both;
        `count`: how many of the cell that has fewer; None where no images are a sample),
        `stuck` (`cells`: of each cell, where it is known, how many of its `seeds` are `stuck` at
        chance, and the share's interval from `low` to `high`; `turns`: whether the verdict would
        turn if as many were as so many seeds without one do not exclude, None where it is not
        known or nothing is decided), `published` (group, value, agrees, note).
    """
    run = Run(tables, seeds, looks(ladder), datasets, trainings or {}, chains or {}, {}, {})
    judged = [_judge(entry, run, published) for entry in findings]
    for entry in judged:
        used = dict.fromkeys(filter(None, map(datasets.get, entry["cells"])))
        entry["warnings"] = [
            f"{name}: {text}" for name in used for text in (warnings or {}).get(name, [])
        ]
        if entry["verdict"] == verdicts.UNDECIDED:
            causes = [gaps.told(gap) for gap in missing if gap["cell"] in entry["cells"]]
            entry["reason"] = " ".join([entry["reason"], *(f"{cause}." for cause in causes)])
    adjusted = verdicts.holm([entry["p"] for entry in judged])
    for entry, p in zip(judged, adjusted, strict=True):
        entry["p_adjusted"] = float(p) if adjust else math.nan
    return [_plain(entry) for entry in judged]


def write(entries: Sequence[Mapping], file: Path) -> None:
    """Write findings.json; None stands for what is not known."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def read(file: Path) -> list[dict]:
    """Read findings.json; an empty list where there is none. What is not whole is a LabError."""
    if not file.is_file():
        return []
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(entries, list) or not all(set(entry) >= WRITTEN for entry in entries):
            raise ValueError("no list of findings")
    except (ValueError, TypeError) as error:
        raise LabError(
            f"{file}: this is not what the judging wrote ({error}); it was cut or edited. Delete "
            "the file and run again: that judges anew and trains nothing."
        ) from None
    return entries


def tell(entry: Mapping) -> str:
    """One finding as plain text for a terminal, some lines."""
    lines = [f"{entry['id']}: {entry['statement']}", "", f"  {entry['verdict'].upper()}"]
    if len(entry["parts"]) > 1:
        lines[-1] += f". {entry['reason']}"
    if entry["curve"]:
        claimed = "does not" if entry["negated"] else "does"
        lines += ["", f"  {entry['curve'].capitalize()} means: {entry['means']}."]
        lines += [f"  The sentence claims that it {claimed} show."]
    for part in entry["parts"]:
        lines += [
            "",
            f"  {part['claim'][0].upper()}{part['claim'][1:]}: {_part_verdict(part, entry)}",
        ]
        if part["estimate"] is not None:
            what = "difference" if part["other"] else "mean"
            lines.append(
                f"    {what} {words.number(part['estimate'])}, {_interval(part)}"
                f"{words.count(part['n'], 'seed')}"
            )
        lines.append(f"    {part['reason']}")
        for cell, count in part["stuck"]["cells"].items():
            share = f"[{words.number(count['low'], 2)}, {words.number(count['high'], 2)}]"
            if count["stuck"]:
                lines.append(f"    {stuck.told(cell, count)}, a share in {share}")
        if part["stuck"]["turns"]:
            lines.append("    It rests on there being no stuck seed: as many as so few do not")
            lines.append("    exclude would turn it")
        for cell, values in part["values"].items():
            each = [x if isinstance(x, str) else words.number(x) for x in values.values()]
            lines.append(f"    {cell}: {', '.join(each)}")
    for text in entry["warnings"]:
        lines += ["", f"  Its data carry a warning. {text[0].upper()}{text[1:]}."]
    return "\n".join(lines).replace(words.NBSP, " ") + "\n"


def _part_verdict(part: Mapping, entry: Mapping) -> str:
    """The verdict of a part; of a definition, which the sentence may deny, whether it holds."""
    if entry["curve"] is None:
        return part["verdict"]
    holds = {verdicts.REPRODUCED: "holds", verdicts.NOT_REPRODUCED: "does not hold"}
    return holds.get(part["verdict"], part["verdict"])


def claim_words(leaf: Mapping) -> str:
    """A claim of one measure in words, such as "final training loss of 1a-dropout above …"."""
    what = vocabulary.words_of(leaf["measure"], leaf["at"])
    said = f"{what} of {leaf['cell']} {RELATION_WORDS[leaf['relation']]} "
    if leaf["other"] is None:
        said += f"{leaf['number']:g}"
    elif leaf["other_measure"] == leaf["measure"]:
        said += f"{_times(leaf)}that of {leaf['other']}"
    else:
        said += _times(leaf)
        said += f"the {vocabulary.words_of(leaf['other_measure'])} of {leaf['other']}"
    if leaf["relation"] in ("about", "similar_to"):
        return f"{said}, within {leaf['margin']:g}"
    return f"{said}, by at least {leaf['margin']:g}" if leaf["margin"] else said


def _times(leaf: Mapping) -> str:
    return f"{leaf['times']:g} times " if "times" in leaf else ""


def _judge(entry, run, published) -> dict:
    parts: list[dict] = []
    most = min(len(run.seeds_of(cell)) for cell in entry["cells"])
    run = run._replace(upto=max(reached(run.ladder, most), default=None))
    verdict = _verdict(entry["claim"], parts, run, published)
    deciding = min(
        (part for part in parts if part["estimate"] == verdict.estimate),
        default=parts[0],
        key=lambda part: part["reason"] != verdict.reason,
    )
    if verdict.verdict == verdicts.UNDECIDED and run.upto and not verdict.stop:
        verdict = replace(verdict, reason=" ".join([verdict.reason, *_waiting(entry, run)]))
    return {
        **{key: entry[key] for key in ("id", "task", "statement", "why", "note", "ours", "cells")},
        "curve": entry["claim"].get("curve"),
        "means": entry["claim"].get("means"),
        "negated": entry["claim"].get("negated", False),
        "measure": deciding["measure"],
        **_numbers(verdict),
        "looks": [{"n": n, "verdict": said} for n, said in verdict.history()],
        "parts": parts,
    }


def _waiting(entry, run) -> list[str]:
    """Sentences on the seeds that no look has reached."""
    if all(len(run.seeds_of(cell)) <= run.upto for cell in entry["cells"]):
        return []
    later = [step for step in run.ladder if step > run.upto]
    if not later:
        return [f"Seeds beyond {run.upto}, the last look, are not looked at."]
    return [f"The seeds beyond {run.upto} wait for the look at {later[0]}."]


def _verdict(claim, parts, run, published) -> verdicts.Verdict:
    """The verdict on a claim; what it is made of is added to `parts`."""
    if "parts" in claim:
        inner = [_verdict(part, parts, run, published) for part in claim["parts"]]
        return verdicts.combine(inner, negated=claim["negated"])
    verdict = _leaf(claim, run)
    values = {}
    for cell, measure, at in claims.sides(claim):
        sample = _sample(cell, measure, at, run)
        key = cell if cell not in values else f"{cell}: {vocabulary.words_of(measure, at)}"
        values[key] = {
            str(seed): "never" if np.isinf(x) else float(x)
            for seed, x in zip(sample.seeds, sample.values, strict=True)
        }
    parts.append(
        {
            "claim": claim_words(claim),
            **claim,
            "region": list(claims.edges(claim)),
            **_numbers(verdict),
            "values": values,
            "looks": [{key: getattr(look, key) for key in LOOK} for look in verdict.looks],
            "spread": spread_of(verdict),
            "images": _rested_on(claim, verdict, run),
            "stuck": _stuck(claim, verdict, run),
            "published": [] if published is None else _published(claim, published),
        }
    )
    return verdict


def _leaf(claim, run) -> verdicts.Verdict:
    region = Region(*claims.edges(claim))
    sides = claims.sides(claim)
    samples = [_sample(*side, run) for side in sides]
    cells, asked = zip(*((cell, rest) for cell, *rest in sides), strict=True)
    if len(sides) > 1 and asked[0] == asked[1] and run.one(cells, run.trainings):
        told = f"{cells[0]} and {cells[1]} have the same settings and the same data"
        return verdicts.Verdict(
            verdicts.UNDECIDED,
            f"Under this preset these are one training: {told}.",
            region,
            n=min(len(sample.values) for sample in samples),
        )
    times = [1.0, claim.get("times", 1.0)][: len(sides)]
    samples = [sample.times(by) for sample, by in zip(samples, times, strict=True)]
    errors, images = _image_errors(sides, run, times)
    seen = [(cell, count) for cell, count in run.stuck(cells).items() if stuck.some(count)]
    wait = " and ".join(stuck.told(cell, count) for cell, count in seen)
    verdict = verdicts.judge(
        region,
        *(sample.first(run.upto) for sample in samples),
        paired=run.one(cells, run.chains) and samples[0].seeds == samples[-1].seeds,
        image_error=errors,
        images=images,
        least=claim["least"] or 0.0,
        steps=run.ladder,
        wait=wait and f"{wait}, so no mean of them decides before {verdicts.MANY} seeds.",
    )
    if any(_of_seeds_alone(cell, measure, run) for cell, measure, _ in sides):
        return replace(verdict, reason=f"{verdict.reason} {SEEDS_ALONE}")
    return verdict


def _of_seeds_alone(cell: str, measure: str, run: Run) -> bool:
    """Whether the images' part in a measure is not known, and cannot be: code of the user's trained
    the cell and told no answers of this kind, or no answers tell it.
    """
    if not MEASURES[measure].images:  # of a measure of new images that no answers explain
        return vocabulary.MEASURES[measure].sampled
    if run.datasets.get(cell) is not None:
        return False
    return not measures.tells_images(run.table(cell, "predictions"), measure)


def _sample(cell: str, measure: str, at: float | None, run: Run) -> Sample:
    side = cell, measure, at
    if side not in run.samples:
        run.samples[side] = _measured(*side, run)
    return run.samples[side]


def _measured(cell: str, measure: str, at: float | None, run: Run) -> Sample:
    table = run.table(cell, vocabulary.MEASURES[measure].table)
    if table is None:
        return Sample(cell, [], [])
    answers, split = run.answers(cell)
    if split == measures.FINAL and MEASURES[measure].final:
        found = measures.on_final(table, answers, measure)
    elif vocabulary.MEASURES[measure].table == "predictions":
        found = measures.over_seeds(answers, measure, at)
    else:
        found = measures.over_seeds(table, measure, at)
    found = found.reindex(run.seeds_of(cell))
    # a seed that is not in the table was not trained, whatever the measure
    gone = found.isna() & found.index.isin(table["seed"])
    why = measures.why_missing(table, measure) if gone.any() else ""
    longest = 1.0
    if vocabulary.MEASURES[measure].epochs:  # what never came takes longer than the shortest run
        longest = float(table.groupby("seed")["epoch"].max().min())
    return Sample(cell, found.to_numpy(dtype=float), list(found.index), longest, why)


def _images(cell: str, measure: str, run: Run) -> tuple[pd.DataFrame | None, str] | None:
    """Rows of the images that a measure samples, and their split; None where it samples none."""
    if not MEASURES[measure].images or _of_seeds_alone(cell, measure, run):
        return None
    kind = vocabulary.MEASURES[measure].table
    if kind in ("histories", "predictions"):
        # the images' part in what a history says of them is that of the last predictions
        return run.answers(cell)
    return run.table(cell, kind), measures.VALIDATION


def _image_errors(sides, run: Run, times: Sequence[float]) -> tuple[list[float], int]:
    """Standard error that comes from the images, of each look, and how many there are.

    `times`: what each side's values are multiplied by.

    NaN: not known.
    """
    drawn = []
    for (cell, measure, _), by in zip(sides, times, strict=True):
        of = _images(cell, measure, run)
        if of is not None:
            table, split = of
            if table is None or measures.gaps(table):
                return [math.nan], 0
            name = measures.of_images(measure, table)
            known = MEASURES[name]
            values, label = measures.by_image(name, table, run.seeds_of(cell))
            if not values.size:
                return [math.nan], 0
            each = bootstrap.draw(known.images, values, label)
            each = each if by == 1 else by * each
            drawn.append(((run.datasets[cell], split), each, label, known.binary))
    if not drawn:
        return [0.0], 0
    images = min(len(label) for _, _, label, _ in drawn)
    binary = all(binary for *_, binary in drawn)
    together = len({which for which, *_ in drawn}) < len(drawn)
    errors = []
    for step in reached(run.ladder, run.upto or 0) or [None]:
        seen = [each[:, :step] for _, each, _, _ in drawn]
        if len(seen) == 1 or together:
            errors.append(bootstrap.image_error(*seen, binary=images if binary else 0))
        else:
            each = [
                bootstrap.image_error(x, binary=len(label) if binary else 0)
                for x, (_, _, label, binary) in zip(seen, drawn, strict=True)
            ]
            errors.append(math.hypot(*each))
    return errors, images


def _rested_on(claim: Mapping, verdict: verdicts.Verdict, run: Run) -> dict | None:
    """Which images a verdict counts as a sample; None where there are none."""
    of = [_images(cell, measure, run) for cell, measure, _ in claims.sides(claim)]
    splits = sorted({each[1] for each in of if each is not None})
    if not splits or verdict.evidence is None:
        return None
    return {"split": " and ".join(splits), "count": verdict.evidence.spread.images}


def _stuck(claim: Mapping, verdict: verdicts.Verdict, run: Run) -> dict:
    """How many seeds of each cell are stuck, and whether unseen ones would turn the verdict."""
    sides = claims.sides(claim)
    cells = run.stuck([cell for cell, *_ in sides])
    chances = [vocabulary.MEASURES[measure].chance for _, measure, _ in sides]
    turns = None
    decided = verdict.verdict != verdicts.UNDECIDED
    if decided and len(cells) == len({cell for cell, *_ in sides}) and None not in chances:
        shares = [
            0.0 if cells[cell]["stuck"] else stuck.unseen(cells[cell]["seeds"])
            for cell, *_ in sides
        ]
        samples = [_sample(*side, run).first(run.upto) for side in sides]
        means = [float(sample.known.mean()) for sample in samples]
        turns = stuck.turns(verdict.region, means, chances, shares)
    return {"cells": cells, "turns": turns}


def _published(claim: Mapping, published: pd.DataFrame) -> list[dict]:
    """What each group's own numbers, one run each, say of a claim."""
    rows = published.dropna(subset=["value"])
    values = rows.set_index(["group", "cell", "metric"])["value"]
    found = []
    for group in dict.fromkeys(published["group"]):
        value, used = 0.0, []
        signs = (1, -claim.get("times", 1))
        for sign, (cell, measure, _) in zip(signs, claims.sides(claim), strict=False):
            for side, metric in zip((1, -1), PUBLISHED.get(measure, ("", None)), strict=True):
                if metric is not None:
                    used.append((group, cell, metric))
                    value += sign * side * values.get(used[-1], math.nan)
        low, high = claims.edges(claim)
        if used and math.isfinite(value):
            value = round(value, 6)  # 0.9 - 0.85 is 0.05, whatever binary makes of it
            agrees = round(low, 6) <= value <= round(high, 6)
            notes = [
                getattr(row, "note", None)
                for row in rows.itertuples()
                if (row.group, row.cell, row.metric) in used
            ]
            told = dict.fromkeys(note for note in notes if isinstance(note, str) and note)
            note = "; ".join(told) or None
            found.append({"group": group, "value": value, "agrees": agrees, "note": note})
    return found


def _numbers(verdict: verdicts.Verdict) -> dict:
    names = (
        "verdict",
        "reason",
        "estimate",
        "low",
        "high",
        "n",
        "p",
        "effect",
        "p_permutation",
        "seeds_needed",
    )
    return {name: getattr(verdict, name) for name in names}


def spread_of(verdict: verdicts.Verdict) -> dict | None:
    """What `spread` of a part holds; None where there is no interval."""
    if verdict.evidence is None:
        return None
    spread = verdict.evidence.spread
    return {
        "seeds": list(spread.seeds),
        "image": spread.image,
        "images": spread.images,
        "fewest": verdict.evidence.fewest,
    }


def _interval(part: Mapping) -> str:
    """The interval of the last look with its level, where there is one."""
    if not part["looks"]:
        return ""
    last = part["looks"][-1]
    low, high = ("?" if last[key] is None else words.number(last[key]) for key in ("low", "high"))
    return f"{100 * (1 - 2 * last['level']):.3g} % interval [{low}, {high}], "


def _plain(value):
    """The same in JSON's terms: what is not finite is None, and no numpy number is left."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
