"""How often is a verdict on a spread over seeds wrong, where the truth lies on the claim's edge?

    python benchmarks/simulate_spread.py           # prints the table
    python benchmarks/simulate_spread.py --write   # puts it into docs/verdicts.md

The spread of one cell against its true value, and of two, the second three times as wide, against
three; at one look, or at four (5, 10, 20, 40 seeds). The F test stands beside it, which rests on a
bell curve.
"""

import argparse

import numpy as np
from scipy import stats

from _common import ROOT
from labproof.judging import verdicts
from labproof.judging.verdicts import Region, Sample

DRAWS = 1000
SHAPES = {
    "bell curve": lambda rng, size: rng.normal(size=size),
    "heavy tails (t, 5 df)": lambda rng, size: rng.standard_t(5, size=size),
    "uniform": lambda rng, size: rng.random(size=size),
    "one long tail (exponential)": lambda rng, size: rng.exponential(size=size),
}
LADDER = (5, 10, 20, 40)
MARKS = ("<!-- spread -->", "<!-- end of spread -->")
HEAD = """
{draws} draws a number. Wrong verdicts, *reproduced* / *not reproduced*, in %, where the truth is on
the edge; 2.5 each are promised of one look, 5 of four.

| values | seeds | one cell | two cells | two cells, F test |
|:---|---:|---:|---:|---:|
"""


def sample(values: np.ndarray, weight: float = 1.0) -> Sample:
    """Values of a cell."""
    return Sample("a", list(values), range(len(values)), np.inf, weight=weight)


def row(name: str, seeds: int, steps: tuple[int, ...] = ()) -> str:
    """One line of the table."""
    rng, draw = np.random.default_rng(seeds), SHAPES[name]
    many = draw(rng, 1_000_000)
    size = (np.pi / 2) ** 0.5 * np.abs(many - np.median(many)).mean()
    wrong = np.zeros((3, 2))
    for _ in range(DRAWS):
        one, two = draw(rng, (2, seeds))
        alone = verdicts.judge(Region(low=size), sample(one), spread=True, steps=steps)
        pair = sample(3 * two), sample(one, -1.0)
        both = verdicts.judge(Region(low=3), *pair, spread=True, steps=steps)
        for k, found in enumerate((alone, both)):
            wrong[k] += [found.verdict == "reproduced", found.verdict == "not reproduced"]
        p = stats.f.sf(two.var(ddof=1) / one.var(ddof=1), seeds - 1, seeds - 1)
        wrong[2] += [p < 0.025, p > 0.975]
    told = [" / ".join(f"{100 * x / DRAWS:.1f}" for x in each) for each in wrong]
    if steps:
        told[2] = "–"
    looks = f"{seeds}, four looks" if steps else str(seeds)
    return f"| {name} | {looks} | {' | '.join(told)} |\n"


def table() -> str:
    """The table as Markdown."""
    text = HEAD.format(draws=DRAWS)
    for name in SHAPES:
        text += "".join(row(name, seeds) for seeds in LADDER[:3]) + row(name, LADDER[-1], LADDER)
    return text


def main() -> None:
    """Print the table, or write it into docs/verdicts.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="into docs/verdicts.md")
    made = table()
    if not parser.parse_args().write:
        print(made)
        return
    page = ROOT / "docs/verdicts.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    page.write_text(f"{before}{MARKS[0]}{made}{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
