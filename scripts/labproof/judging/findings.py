"""Claims and the tables of the cells -> findings: each sentence with its verdict, as JSON."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from labproof.judging import images, others, stuck, verdicts
from labproof.judging.ladder import looks, reached
from labproof.judging.run import Run
from labproof.judging.sample import Region
from labproof.lab import gaps, leaves, vocabulary

LOOK = ("n", "level", "estimate", "low", "high", "verdict")  # what is told of each look


def judge(
    findings: Sequence[Mapping],
    tables: Mapping[str, Mapping[str, pd.DataFrame | None]],
    *,
    seeds: Sequence[int] | Mapping[str, Sequence[int]],
    ladder: Sequence[int] = (),
    datasets: Mapping[str, str],
    trainings: Mapping[str, str] | None = None,
    paired: Mapping[str, str] | None = None,
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
    paired
        Cell -> what names those with which it is compared seed by seed, as `trainings.paired` gives
        it. Each is compared as independent where it is not said.
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
        words), the keys of the claim itself (see `claims`), `region` (its two edges),
        `verdict`, `reason`, `estimate`, `low`, `high`, `n`, `p`, `effect`,
        `p_permutation`, `seeds_needed`, `values` (of each cell, seed -> value; the text
        "never" where censored), `looks` (n, level, estimate, low, high, verdict; the part's own
        numbers are those of the last), `spread` (`seeds`: variance of one seed's value and number
        of seeds, of each cell or of the sums of those in pairs, or of what is linear in the
        logarithm of a spread over seeds; `image`: the variance of the estimate that comes from the
        images; `images`: how many there are; `fewest`: seeds before which nothing
        is decided; None where there is no interval), `images` (`split`: validation, final or both;
        `count`: how many of the cell that has fewer; None where no images are a sample),
        `stuck` (`cells`: of each cell, where it is known, how many of its `seeds` are `stuck` at
        chance, and the share's interval from `low` to `high`; `turns`: whether the verdict would
        turn if as many were as so many seeds without one do not exclude, None where it is not
        known or nothing is decided), `published` (group, value, agrees, note).
    """
    run = Run(tables, seeds, looks(ladder), datasets, trainings or {}, paired or {}, {}, {})
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
    terms = leaves.terms(claim)
    for cell, measure, at, _ in terms:
        sample = run.sample(cell, measure, at)
        key = cell if cell not in values else f"{cell}: {vocabulary.words_of(measure, at)}"
        values[key] = {
            str(seed): "never" if np.isinf(x) else float(x)
            for seed, x in zip(sample.seeds, sample.values, strict=True)
        }
    seen = verdict.evidence.spread.images if verdict.evidence else 0
    rests = None if leaves.is_spread(claim) else images.rested_on(terms, seen, run)
    parts.append(
        {
            "claim": leaves.words(claim),
            **claim,
            "region": list(leaves.edges(claim)),
            **_numbers(verdict),
            "values": values,
            "looks": [{key: getattr(look, key) for key in LOOK} for look in verdict.looks],
            "spread": spread_of(verdict),
            "images": rests if verdict.evidence else None,
            "stuck": _stuck(claim, verdict, run),
            "published": [] if published is None else others.said(claim, published),
        }
    )
    return verdict


def _leaf(claim, run) -> verdicts.Verdict:
    region = Region(*leaves.edges(claim))
    terms, spread = leaves.terms(claim), leaves.is_spread(claim)
    samples = [run.sample(*asked).first(run.upto).weighted(weight) for *asked, weight in terms]
    if (alike := _one_training(terms, run)) is not None:
        told = f"{alike[0]} and {alike[1]} have the same settings and the same data"
        return verdicts.Verdict(
            verdicts.UNDECIDED,
            f"Under this preset these are one training: {told}.",
            region,
            n=min(len(sample.values) for sample in samples),
        )
    errors, count = ([0.0], 0) if spread else images.errors(terms, run)
    seen = run.stuck(leaves.cells(claim)).items()
    wait = " and ".join(stuck.told(cell, count) for cell, count in seen if stuck.some(count))
    # in pairs where the seeds are the same
    paired = [
        (run.paired.get(term.cell, term.cell), *sample.seeds)
        for term, sample in zip(terms, samples, strict=True)
    ]
    verdict = verdicts.judge(
        region,
        *samples,
        paired=() if spread else paired,
        image_error=errors,
        images=count,
        least=claim["least"] or 0.0,
        steps=run.ladder,
        wait=wait and f"{wait}, so no mean of them decides before {verdicts.MANY} seeds.",
        spread=spread,
    )
    alone = any(images.of_seeds_alone(x.cell, x.measure, run) for x in terms)
    alone = alone and verdict.evidence is not None and not spread
    return replace(verdict, reason=f"{verdict.reason} {images.SEEDS_ALONE}") if alone else verdict


def _one_training(terms: Sequence[leaves.Term], run: Run) -> tuple[str, str] | None:
    """Two cells that a claim compares and that are one training; None where there are none."""
    asked = [(run.trainings.get(cell, cell), *rest) for cell, *rest, _ in terms]
    pairs = list(zip(asked[::2], asked[1::2], range(0, len(terms), 2), strict=False))
    for first, second, k in pairs:
        if first == second:
            return terms[k].cell, terms[k + 1].cell
    if len(pairs) > 1 and asked[:2] == asked[2:]:
        return terms[0].cell, terms[2].cell
    return None


def _stuck(claim: Mapping, verdict: verdicts.Verdict, run: Run) -> dict:
    """How many seeds of each cell are stuck, and whether unseen ones would turn the verdict."""
    terms = leaves.terms(claim)
    cells = run.stuck(leaves.cells(claim))
    chances = [vocabulary.MEASURES[term.measure].chance for term in terms]
    turns = None
    decided = verdict.verdict != verdicts.UNDECIDED and not leaves.is_spread(claim)
    if decided and len(cells) == len(leaves.cells(claim)) and None not in chances:
        shares = [
            0.0 if cells[cell]["stuck"] else stuck.unseen(cells[cell]["seeds"])
            for cell, *_ in terms
        ]
        samples = [run.sample(*asked).first(run.upto).weighted(by) for *asked, by in terms]
        means = [float(sample.known.mean()) for sample in samples]
        weighted = [term.weight * chance for term, chance in zip(terms, chances, strict=True)]
        turns = stuck.turns(verdict.region, means, weighted, shares)
    return {"cells": cells, "turns": turns}


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


def _plain(value):
    """The same in JSON's terms: what is not finite is None, and no numpy number is left."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
