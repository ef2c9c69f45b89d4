"""How often is a verdict wrong? Histories from known truths, judged as the workflow judges.

    python benchmarks/simulate_verdicts.py           # prints the tables
    python benchmarks/simulate_verdicts.py --write   # puts them into docs/verdicts.md

Each draw makes the tables of one or two cells, as a run would leave them, and goes through
`claims.resolve` and `findings.judge`. Every row has its own fixed seed, so the tables are the same
every time.
"""

import argparse
import itertools
import os
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from _common import ROOT
from labproof.judging import findings
from labproof.lab import claims

SEEDS = (3, 5, 10)
EFFECTS = (0.5, 1.0, 2.0, 4.0)
EPOCHS = 10
SD = 0.05  # spread of a cell's value over seeds
IMAGES = 200
MARKS = ("<!-- simulation -->", "<!-- end of the simulation -->")
CURVES = {
    "overfitting": {
        "means": "planted",
        "parts": [
            {"measure": "overfitting", "above": 0},
            {"measure": "validation_trend", "above": 0},
        ],
    }
}


class Truth(NamedTuple):
    """A claim, and how to draw what it is judged by."""

    claim: dict
    # (random generator, seeds, distance of the truth from the claim's edge in SD, inwards)
    # -> tables by cell
    draw: Callable
    value: float | None  # the true value on the edge; None: the claim has several
    step: float = SD  # how the true value moves with the distance


def history(values: dict[str, np.ndarray], epochs: int = EPOCHS) -> pd.DataFrame:
    """Histories with flat curves at one level a seed; a column may be given as (seeds, epochs)."""
    n = len(next(iter(values.values())))
    table = {
        "seed": np.repeat(np.arange(n), epochs),
        "epoch": np.tile(np.arange(1, epochs + 1), n),
    }
    for column in ("loss", "accuracy", "val_loss", "val_accuracy"):
        each = values.get(column, np.full(n, 0.5))
        table[column] = each.ravel() if each.ndim == 2 else np.repeat(each, epochs)
    return pd.DataFrame(table)


def predictions(right: np.ndarray) -> pd.DataFrame:
    """Predictions that are right (seeds, images) as given; half of the images are positive."""
    n, count = right.shape
    label = np.arange(count) % 2
    probability = np.where(right == (label == 1), 0.9, 0.1)
    return pd.DataFrame(
        {
            "seed": np.repeat(np.arange(n), count),
            "image": np.tile(np.arange(count), n),
            "label": np.tile(label, n),
            "probability": probability.ravel(),
        }
    )


def one(column: str, edge: float, sign: int = 1) -> Callable:
    """One cell, whose value is normal over seeds."""

    def draw(rng, n, distance):
        return {
            "a": {"histories": history({column: rng.normal(edge + sign * distance * SD, SD, n)})}
        }

    return draw


def two(column: str, edge: float, sign: int = 1) -> Callable:
    """Two cells; the first lies `edge` above the second, whose spread is twice as wide."""

    def draw(rng, n, distance):
        b = rng.normal(0.5, 2 * SD, n)
        a = rng.normal(0.5 + edge + sign * distance * SD, SD, n)
        return {cell: {"histories": history({column: x})} for cell, x in (("a", a), ("b", b))}

    return draw


def curve(rng, n, distance):
    """The validation loss less the training loss, and its trend: both normal about the edge."""
    gap, trend = rng.normal(distance * SD, SD, (2, n))
    # the trend is the rise over the last half, five epochs: a line about the final value
    steps = np.concatenate([np.zeros(5), np.arange(-4, 1) / 4])
    val_loss = 0.5 + gap[:, None] + trend[:, None] * steps
    table = history({"loss": np.full(n, 0.5), "val_loss": val_loss})
    right = np.ones((n, IMAGES), dtype=bool)  # equal losses, so the sample of images adds nothing
    return {"a": {"histories": table, "predictions": predictions(right)}}


def times(rng, n, distance):
    """Two cells that reach an accuracy after normal times; one beyond the run is never seen."""
    epochs, found = 20, {}
    for cell, mean in (("a", 0.7 - 0.2 * distance), ("b", 0.7)):
        reached = rng.normal(mean, 0.2, n)
        accuracy = np.where(np.arange(1, epochs + 1)[None] / epochs >= reached[:, None], 0.9, 0.5)
        found[cell] = {"histories": history({"accuracy": accuracy}, epochs)}
    return found


def answers(rng, n, shift, image):
    """Right answers (seeds, images): chance by the ease of an image and the quality of a seed."""
    quality = rng.normal(0, 0.2, (n, 1))
    return rng.random((n, len(image))) < 1 / (1 + np.exp(-(1.4 + shift + quality + image)))


def population(shift: float) -> float:
    """True accuracy over all seeds and images, by integration over their normal spreads."""
    x, w = np.polynomial.hermite_e.hermegauss(60)
    spread = (0.2**2 + 1.5**2) ** 0.5
    return float((w / w.sum()) @ (1 / (1 + np.exp(-(1.4 + shift + spread * x)))))


def judged_on_images(shift_of: Callable, cells: Sequence[str]) -> Callable:
    """Cells whose accuracy is counted on one sample of images, the same for all."""

    def draw(rng, n, distance):
        image = rng.normal(0, 1.5, IMAGES)
        found = {}
        for cell in cells:
            shift = shift_of(distance) if cell == "a" else 0.0
            right = answers(rng, n, shift, image)
            found[cell] = {
                "histories": history({"val_accuracy": right.mean(axis=1)}),
                "predictions": predictions(right),
            }
        return found

    return draw


def three(rng, n, distance):
    """Three measures of one cell, the last of them with images."""
    image = rng.normal(0, 1.5, IMAGES)
    right = answers(rng, n, 0.35 * distance, image)
    columns = {c: rng.normal(0.5 + distance * SD, SD, n) for c in ("loss", "accuracy")}
    columns["val_accuracy"] = right.mean(axis=1)
    return {"a": {"histories": history(columns), "predictions": predictions(right)}}


TRUTHS = {
    "above a number": Truth(
        {"measure": "final_loss", "cell": "a", "above": 0.5}, one("loss", 0.5), 0.5
    ),
    "below a number, by 0.1": Truth(
        {"measure": "final_loss", "cell": "a", "below": 0.5, "by": 0.1},
        one("loss", 0.4, -1),
        0.4,
        -SD,
    ),
    "about a number, within 0.1": Truth(
        {"measure": "final_loss", "cell": "a", "about": 0.5, "within": 0.1},
        one("loss", 0.6, -1),
        0.6,
        -SD,
    ),
    "above another cell": Truth(
        {"measure": "final_loss", "cell": "a", "above": "b"}, two("loss", 0.0), 0.0
    ),
    "below another cell, by 0.1": Truth(
        {"measure": "final_loss", "cell": "a", "below": "b", "by": 0.1},
        two("loss", -0.1, -1),
        -0.1,
        -SD,
    ),
    "similar to another cell, within 0.1": Truth(
        {"measure": "final_loss", "cell": "a", "similar_to": "b", "within": 0.1},
        two("loss", 0.1, -1),
        0.1,
        -SD,
    ),
    "shows a curve of two parts": Truth({"cell": "a", "shows": "overfitting"}, curve, None),
    "lacks a curve of two parts": Truth({"cell": "a", "lacks": "overfitting"}, curve, None),
    "three parts": Truth(
        {
            "parts": [
                {"measure": "final_loss", "cell": "a", "above": 0.5},
                {"measure": "final_accuracy", "cell": "a", "above": 0.5},
                {"measure": "final_val_accuracy", "cell": "a", "above": population(0.0)},
            ]
        },
        three,
        None,
    ),
    "sooner than another cell, some never": Truth(
        {"measure": "time_to_accuracy", "at": 0.8, "cell": "a", "below": "b"}, times, None
    ),
    "accuracy on 200 images above a number": Truth(
        {"measure": "final_val_accuracy", "cell": "a", "above": population(0.0)},
        judged_on_images(lambda distance: 0.35 * distance, "a"),
        population(0.0),
    ),
    "accuracy on 200 images above another cell": Truth(
        {"measure": "final_val_accuracy", "cell": "a", "above": "b"},
        judged_on_images(lambda distance: 0.35 * distance, "ab"),
        0.0,
    ),
}


def resolved(claim: dict) -> list[dict]:
    """A claim as the workflow resolves it."""
    entry = {"id": "a", "task": "t", "statement": "s", "why": "w", **claim}
    written = {"curves": CURVES, "findings": [entry]}
    return claims.resolve(written, {"t": {}}, {"a": {}, "b": {}}, Path("simulated"))["findings"]


def judge(truth: Truth, n: int, distance: float, draws: int, seed: int) -> dict[str, float]:
    """Shares of the verdicts over draws, and of intervals that hold the true value."""
    rng = np.random.default_rng(seed)
    wanted = resolved(truth.claim)
    found, held = [], []
    for _ in range(draws):
        tables = truth.draw(rng, n, distance)
        entry = findings.judge(
            wanted, tables, seeds=range(n), datasets={"a": "d", "b": "d"}, adjust=False
        )[0]
        found.append(entry["verdict"])
        if truth.value is not None and distance == 0:
            held.append(entry["low"] <= truth.value <= entry["high"])
    return {
        "reproduced": found.count("reproduced") / draws,
        "not reproduced": found.count("not reproduced") / draws,
        "covered": float(np.mean(held)) if held else float("nan"),
    }


def stuck(rng, n, share=0.2):
    """One cell of which some seeds never learn: they stay at a loss of 0.69, the others at 0.4."""
    learned = rng.random(n) >= share
    loss = np.where(learned, rng.normal(0.4, 0.02, n), rng.normal(0.69, 0.005, n))
    return {"a": {"histories": history({"loss": loss})}}


def row(job: tuple) -> dict[str, float]:
    """One cell of a table; a job is (kind, name, n, distance, draws, seed)."""
    kind, name, n, distance, draws, seed = job
    if kind == "stuck":
        mean = 0.2 * 0.69 + 0.8 * 0.4
        claim = {"measure": "final_loss", "cell": "a", "above": mean}
        truth = Truth(claim, lambda rng, n, _: stuck(rng, n), mean)
        return judge(truth, n, 0, draws, seed)
    return judge(TRUTHS[name], n, distance, draws, seed)


def tables(draws: int, names: Sequence[str] = tuple(TRUTHS), processes: int = 2) -> dict:
    """All shares: (kind, name, n, distance) -> as `judge` gives them."""
    jobs = [("edge", name, n, 0.0) for name in names for n in SEEDS]
    jobs += [
        ("power", name, n, effect)
        for name in ("above a number", "above another cell")
        if name in names
        for n in SEEDS
        for effect in EFFECTS
    ]
    jobs += [("stuck", "", n, 0.0) for n in SEEDS]
    full = [(*job, draws, zlib.crc32(repr(job).encode())) for job in jobs]
    with ProcessPoolExecutor(processes) as pool:
        return dict(zip(jobs, pool.map(row, full), strict=True))


def percent(share: float) -> str:
    """A share as a percentage with one decimal; a dash for none."""
    return "–" if np.isnan(share) else f"{100 * share:.1f}"


def markdown(found: dict, draws: int) -> str:
    """The tables as they stand in the documentation."""
    error = 100 * (0.025 * 0.975 / draws) ** 0.5
    lines = [
        f"{draws} draws a number, so a share of 2.5 % is known to ± {2 * error:.1f} points.",
        "",
        "**The truth lies on the edge of the claim.** A hair to one side, *reproduced* would be "
        "wrong, and to the other *not reproduced*; each should happen in 2.5 %. Coverage is "
        "that of the 95 % interval.",
        "",
        "| claim | seeds | reproduced, % | not reproduced, % | coverage, % |",
        "|:---|---:|---:|---:|---:|",
    ]
    for (kind, name, n, _), shares in found.items():
        if kind == "edge":
            cells = [percent(shares[key]) for key in ("reproduced", "not reproduced", "covered")]
            lines.append(f"| {name} | {n} | {' | '.join(cells)} |")
    lines += [
        "",
        "**Power.** The share reproduced, in %, when the truth lies inside the claim by so many "
        "standard deviations between seeds (of the first cell; the second spreads twice as wide).",
        "",
        f"| claim | seeds | {' | '.join(f'{effect:g} sd' for effect in EFFECTS)} |",
        "|:---|---:|" + "---:|" * len(EFFECTS),
    ]
    power = [job for job in found if job[0] == "power"]
    for (name, n), group in itertools.groupby(power, key=lambda job: job[1:3]):
        shares = [percent(found[job]["reproduced"]) for job in group]
        lines.append(f"| {name} | {n} | {' | '.join(shares)} |")
    lines += [
        "",
        "**Where the promise fails.** One seed in five never learns and stays at chance, so the "
        "values have two humps. Few seeds often miss the second hump altogether; their interval "
        "is then short and in the wrong place. Look at the dots before you trust an interval.",
        "",
        "| claim | seeds | reproduced, % | not reproduced, % | coverage, % |",
        "|:---|---:|---:|---:|---:|",
    ]
    for (kind, _, n, _), shares in found.items():
        if kind == "stuck":
            cells = [percent(shares[key]) for key in ("reproduced", "not reproduced", "covered")]
            lines.append(f"| above the true mean, some seeds stuck | {n} | {' | '.join(cells)} |")
    return "\n".join(lines)


def into(text: str, table: str, marks: tuple[str, str] = MARKS) -> str:
    """The documentation with the tables put between their marks."""
    before, rest = text.split(marks[0])
    _, after = rest.split(marks[1])
    return f"{before}{marks[0]}\n{table}\n{marks[1]}{after}"


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
        page.write_text(into(page.read_text(encoding="utf-8"), table), encoding="utf-8")


if __name__ == "__main__":
    main()
