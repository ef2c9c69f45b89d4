"""How often is a verdict wrong when seeds come in steps? The whole procedure, on known truths.

    python benchmarks/simulate_looks.py           # prints the tables
    python benchmarks/simulate_looks.py --write   # puts them into docs/verdicts.md

Truths, tables and judging are those of simulate_verdicts.py; here a sentence is looked at after
each step and no more once it is decided, and a small lab spends a budget on sentences that share
cells. Every row has its own fixed seed.
"""

import argparse
import itertools
import os
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import simulate_verdicts as single
from labproof.judging import findings, interval, spending, verdicts
from labproof.lab import claims
from simulate_verdicts import ROOT, SD, TRUTHS, Truth, history, percent, predictions

LADDER = (5, 10, 20, 40)
FIXED = (5, 20, 40)
EFFECTS = (0.5, 1.0, 2.0)
MARKS = ("<!-- looks -->", "<!-- end of the looks -->")
COSTS = {"a": 1.0, "b": 2.0, "c": 3.0}  # seconds a seed


def quick() -> None:
    """Leave out of this process what is slow and no part of a verdict."""
    interval.permutation = lambda *_: np.nan


def judged(wanted: list, tables: dict, n: int, steps: Sequence[int]) -> dict:
    """A finding with the first n seeds."""
    datasets = {"a": "d", "b": "d"}
    return findings.judge(
        wanted, tables, seeds=range(n), ladder=steps, datasets=datasets, adjust=False
    )[0]


def looked_at(wanted: list, tables: dict, steps: Sequence[int]) -> tuple[str, int]:
    """Verdict and seeds of a sentence that is looked at until it is decided."""
    entry = judged(wanted, tables, steps[-1], steps)
    counts = [part["stuck"]["cells"].values() for part in entry["parts"]]
    if any(count["stuck"] for each in counts for count in each):
        # what later seeds tell of earlier looks is not known while these are taken
        each = [(judged(wanted, tables, n, steps)["verdict"], n) for n in steps]
    else:
        each = [(look["verdict"], look["n"]) for look in entry["looks"]]
    return next((found for found in each if found[0] != verdicts.UNDECIDED), each[-1])


def alone(truth: Truth, distance: float, steps: Sequence[int], draws: int, seed: int) -> dict:
    """Shares of the verdicts on one sentence, and mean seeds a cell when it stops."""
    rng = np.random.default_rng(seed)
    wanted = single.resolved(truth.claim)
    found = [looked_at(wanted, truth.draw(rng, steps[-1], distance), steps) for _ in range(draws)]
    said = [verdict for verdict, _ in found]
    return {
        "reproduced": said.count("reproduced") / draws,
        "not reproduced": said.count("not reproduced") / draws,
        "seeds": float(np.mean([n for _, n in found])),
    }


# --- a lab whose sentences share cells, under a budget -------------------------------------------

LAB = {
    "a number, of a": {"measure": "final_loss", "cell": "a", "above": 0.5},
    "a and b": {"measure": "final_loss", "cell": "a", "above": "b"},
    "b and c, by 0.1": {"measure": "final_loss", "cell": "b", "below": "c", "by": 0.1},
    "two parts, of a": {
        "parts": [
            {"measure": "final_loss", "cell": "a", "above": 0.5},
            {"measure": "final_val_accuracy", "cell": "a", "above": single.population(0.0)},
        ]
    },
    "accuracy of a and c": {"measure": "final_val_accuracy", "cell": "a", "above": "c"},
}


def drawn(rng: np.random.Generator) -> dict:
    """Tables of three cells, by which all sentences of `LAB` are on their edge."""
    image = rng.normal(0, 1.5, single.IMAGES)
    found = {}
    for cell, loss, spread in (("a", 0.5, SD), ("b", 0.5, 2 * SD), ("c", 0.6, SD)):
        right = single.answers(rng, LADDER[-1], 0.0, image)
        columns = {
            "loss": rng.normal(loss, spread, LADDER[-1]),
            "val_accuracy": right.mean(axis=1),
        }
        found[cell] = {"histories": history(columns), "predictions": predictions(right)}
    return found


def spent(rng: np.random.Generator, wanted: list) -> tuple[list[str], dict[str, int]]:
    """Verdicts of one lab, and the seeds of its cells, when its budget or its hope is spent."""
    tables, budget = drawn(rng), rng.uniform(0, 150)
    seeds = {cell: LADDER[0] for cell in COSTS}
    while True:
        have = {cell: range(n) for cell, n in seeds.items()}
        entries = findings.judge(
            wanted,
            tables,
            seeds=have,
            ladder=LADDER,
            datasets=dict.fromkeys(COSTS, "d"),
            adjust=False,
        )
        ready = []
        for next_look in spending.chances(entries, LADDER, have):
            step = min(next_look.later)
            lacks = {cell: step - n for cell, n in next_look.cells.items() if n < step}
            cost = sum(COSTS[cell] * n for cell, n in lacks.items())
            if max(next_look.later.values()) >= 0.1 and cost <= budget:
                ready.append((next_look.later[step] / cost, cost, step, lacks))
        if not ready:
            return [entry["verdict"] for entry in entries], seeds
        _, cost, step, lacks = max(ready, key=lambda each: each[0])
        budget -= cost
        seeds |= dict.fromkeys(lacks, step)


def together(draws: int, seed: int) -> dict:
    """Shares of the verdicts on each sentence of the lab, by name, and mean seeds of its cells."""
    rng = np.random.default_rng(seed)
    written = {
        "findings": [
            {"id": f"s{i}", "task": "t", "statement": "s", "why": "w", **claim}
            for i, claim in enumerate(LAB.values())
        ]
    }
    resolved = claims.resolve(written, {"t": {}}, {cell: {} for cell in COSTS}, Path("simulated"))
    found = [spent(rng, resolved["findings"]) for _ in range(draws)]
    shares = {}
    for i, name in enumerate(LAB):
        said = [each[i] for each, _ in found]
        about = resolved["findings"][i]["cells"]
        shares[name] = {
            "reproduced": said.count("reproduced") / draws,
            "not reproduced": said.count("not reproduced") / draws,
            "seeds": float(np.mean([seeds[cell] for _, seeds in found for cell in about])),
        }
    return shares


# --- values that are not normal ------------------------------------------------------------------


def stuck(share: float) -> Truth:
    """One cell of which some seeds never learn; the truth is the mean of all of them."""

    def draw(rng, n, _):
        learned = rng.random(n) >= share
        loss = np.where(learned, rng.normal(0.4, 0.02, n), rng.normal(0.69, 0.005, n))
        accuracy = np.where(learned, 0.9, 0.5)
        right = rng.random((n, 100)) < accuracy[:, None]
        table = history({"loss": loss, "accuracy": accuracy})
        return {"a": {"histories": table, "predictions": predictions(right)}}

    mean = share * 0.69 + (1 - share) * 0.4
    return Truth({"measure": "final_loss", "cell": "a", "above": mean}, draw, mean)


def skewed(rng, n, _):
    """One cell with exponential values, whose mean is 1."""
    return {"a": {"histories": history({"loss": rng.exponential(1, n)})}}


FAILS = {
    "one seed in five stuck": stuck(0.2),
    "one seed in ten stuck": stuck(0.1),
    "exponential values": Truth({"measure": "final_loss", "cell": "a", "above": 1.0}, skewed, 1.0),
}


# --- tables --------------------------------------------------------------------------------------


def row(job: tuple) -> dict:
    """One row of a table; a job is (kind, name, steps, distance, draws, seed)."""
    kind, name, steps, distance, draws, seed = job
    if kind == "lab":
        return together(draws * 2 // 5, seed)  # each takes as long as many of the others
    truth = FAILS[name] if kind == "fails" else TRUTHS[name]
    return alone(truth, distance, steps, draws, seed)


def tables(draws: int, names: Sequence[str] = tuple(TRUTHS), processes: int = 2) -> dict:
    """All shares: (kind, name, steps, distance) -> as `alone` gives them; the lab's by sentence."""
    designs = [*((n,) for n in FIXED), LADDER]
    jobs: list[tuple] = [("lab", "", LADDER, 0.0)]
    jobs += [("edge", name, LADDER, 0.0) for name in names]
    jobs += [
        ("power", name, steps, effect)
        for name in ("above a number", "above another cell")
        if name in names
        for steps in designs
        for effect in EFFECTS
    ]
    jobs += [("fails", name, steps, 0.0) for name in FAILS for steps in designs]
    full = [(*job, draws, zlib.crc32(repr(job).encode())) for job in jobs]
    with ProcessPoolExecutor(processes, initializer=quick) as pool:
        return dict(zip(jobs, pool.map(row, full), strict=True))


def shares_of(shares: dict) -> str:
    """Both wrong sides and the seeds, as cells of a row."""
    wrong = (percent(shares[key]) for key in ("reproduced", "not reproduced"))
    return f"{' | '.join(wrong)} | {shares['seeds']:.1f}"


def markdown(found: dict, draws: int) -> str:
    """The tables as they stand in the documentation."""
    error = 100 * (0.05 * 0.95 / draws) ** 0.5
    told = ", ".join(map(str, LADDER[:-1]))
    lines = [
        f"Looks at {told} and {LADDER[-1]} seeds; {draws} draws a number, so a share of 5 % is "
        f"known to ± {2 * error:.1f} points.",
        "",
        "**The truth lies on the edge of the claim**, and a sentence is looked at until it is "
        "decided. Each side should happen in at most 5 %; an interval misses the truth on a side "
        "exactly then, so each side covers it in as many as are left.",
        "",
        "| claim | reproduced, % | not reproduced, % | seeds a cell |",
        "|:---|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {shares_of(shares)} |"
        for (kind, name, *_), shares in found.items()
        if kind == "edge"
    ]
    lines += [
        "",
        "**A lab whose sentences share cells**, all of them on their edge: seeds go where they are "
        "most likely to decide a sentence for their cost, a budget of 0 to 150 seconds, drawn anew "
        "for each lab, ends it, and what is hopeless gets none. Two in five of the draws.",
        "",
        "| sentence | reproduced, % | not reproduced, % | seeds a cell |",
        "|:---|---:|---:|---:|",
    ]
    lab = next((shares for (kind, *_), shares in found.items() if kind == "lab"), {})
    lines += [f"| {name} | {shares_of(shares)} |" for name, shares in lab.items()]
    lines += [
        "",
        "**Power and cost.** The share reproduced, in %, and the mean seeds a cell, when the truth "
        "lies inside the claim by so many standard deviations between seeds (of the first cell; "
        "the second spreads twice as wide). A fixed number is one look with 95 %.",
        "",
        f"| claim | seeds | {' | '.join(f'{effect:g} sd' for effect in EFFECTS)} |",
        "|:---|---:|" + "---:|" * len(EFFECTS),
    ]
    power = [job for job in found if job[0] == "power"]
    for (name, steps), group in itertools.groupby(power, key=lambda job: job[1:3]):
        cells = [
            f"{percent(found[job]['reproduced'])} with {found[job]['seeds']:.1f}"
            if len(steps) > 1
            else percent(found[job]["reproduced"])
            for job in group
        ]
        lines.append(f"| {name} | {named(steps)} | {' | '.join(cells)} |")
    lines += [
        "",
        "**Where the promise fails**: the truth is the mean, and the values are not normal. With "
        "stuck seeds among the others nothing is decided before 20; but a third of all runs see "
        "none in five.",
        "",
        "| above the true mean | seeds | reproduced, % | not reproduced, % | seeds a cell |",
        "|:---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {named(steps)} | {shares_of(shares)} |"
        for (kind, name, steps, _), shares in found.items()
        if kind == "fails"
    ]
    return "\n".join(lines)


def named(steps: Sequence[int]) -> str:
    """A number of seeds, or the word for the ladder."""
    return "in steps" if len(steps) > 1 else str(steps[0])


def main() -> None:
    """Print the tables, or write them into docs/verdicts.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="into docs/verdicts.md")
    given = parser.parse_args()
    table = markdown(tables(given.draws), given.draws)
    print(table)
    if given.write:
        page = ROOT / "docs/verdicts.md"
        text = page.read_text(encoding="utf-8")
        page.write_text(single.into(text, table, MARKS), encoding="utf-8")


if __name__ == "__main__":
    main()
