"""The promise of the verdicts, by simulation: how often one is on the wrong side."""

import re
import zlib

import numpy as np
import pytest

import simulate_looks as looks
import simulate_verdicts as simulation
from labproof.judging import interval
from project import ROOT


@pytest.fixture(autouse=True)
def no_permutations(monkeypatch):
    """Their p stands beside a verdict and is no part of it; they take half of the time."""
    monkeypatch.setattr(interval, "permutation", lambda *_: np.nan)


WRONG, DRAWS = 0.05, 80
MARGIN = 3 * (WRONG * (1 - WRONG) / DRAWS) ** 0.5


# Each kind of claim at one number of seeds: the table of the documentation has them at all.
LONG = ("lacks a curve of two parts", "three parts")
THREE = pytest.param("three parts", marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("name", "n"),
    [
        pytest.param(name, n, marks=pytest.mark.slow if name in LONG else ())
        for place, name in enumerate(simulation.TRUTHS)
        for n in simulation.SEEDS[place % 3 : place % 3 + 1]
    ],
)
def test_at_most_5_percent_are_on_the_wrong_side(name, n):
    """On the edge either verdict may be the wrong one; few draws, so three errors of the share."""
    shares = simulation.judge(simulation.TRUTHS[name], n, 0.0, DRAWS, seed=n)
    assert shares["reproduced"] <= WRONG + MARGIN
    assert shares["not reproduced"] <= WRONG + MARGIN


@pytest.mark.parametrize("name", ["above a number", "above another cell", THREE])
def test_a_large_effect_is_seen(name):
    few, many = (
        simulation.judge(simulation.TRUTHS[name], n, 4.0, 40, seed=1)["reproduced"] for n in (3, 10)
    )
    assert many > 0.9 and many >= few


def documented():
    """The part of the page that this simulation writes; others have tables beside it."""
    text = (ROOT / "docs/verdicts.md").read_text(encoding="utf-8")
    return text.partition(simulation.MARKS[0])[2].partition(simulation.MARKS[1])[0]


def rows(text):
    """(claim, seeds) -> shares, of the table whose truth lies on the edge."""
    found = re.findall(r"^\| ([^|]+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.–]+) \|$", text, re.M)
    return {(name, int(n)): shares for name, n, *shares in found}


def test_the_documented_table_keeps_the_promise():
    text = documented()
    table = rows(text)
    draws = int(re.search(r"^(\d+) draws a number", text, re.M).group(1))
    assert draws >= 1000
    for name in simulation.TRUTHS:
        for n in simulation.SEEDS:
            yes, no, covered = table[name, n]
            assert float(yes) <= 5 and float(no) <= 5
            if covered != "–":
                assert float(covered) >= 92


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("above a number", 3),
        ("below another cell, by 0.1", 5),
        ("accuracy on 200 images above a number", 10),
    ],
)
def test_the_documented_table_is_what_the_simulation_prints(name, n):
    text = documented()
    draws = int(re.search(r"^(\d+) draws a number", text, re.M).group(1))
    job = ("edge", name, n, 0.0)
    shares = simulation.row((*job, draws, zlib.crc32(repr(job).encode())))
    assert rows(simulation.markdown({job: shares}, draws)) == {(name, n): rows(text)[name, n]}


# --- seeds in steps ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["above a number", THREE])
def test_looks_together_are_seldom_on_the_wrong_side(name):
    shares = looks.alone(simulation.TRUTHS[name], 0.0, (5, 10, 20), DRAWS, seed=1)
    assert shares["reproduced"] <= WRONG + MARGIN
    assert shares["not reproduced"] <= WRONG + MARGIN


def test_steps_save_seeds_where_the_effect_is_large():
    shares = looks.alone(simulation.TRUTHS["above a number"], 3.0, looks.LADDER, 40, seed=1)
    assert shares["reproduced"] > 0.9 and shares["seeds"] < 10


def test_a_lab_under_a_budget_spends_it_and_is_seldom_wrong():
    for shares in looks.together(8, seed=1).values():
        assert shares["reproduced"] <= 0.25 and shares["not reproduced"] <= 0.25
        assert 5 < shares["seeds"] < 40


def looked_at(text):
    """Sentence -> shares on the wrong sides and seeds, where the truth lies on the edge."""
    text = text.split(looks.MARKS[0])[1].split("**Power and cost")[0]
    found = re.findall(r"^\| ([^|]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", text, re.M)
    return {name: shares for name, *shares in found}


def test_the_documented_looks_keep_the_promise():
    text = (ROOT / "docs/verdicts.md").read_text(encoding="utf-8")
    draws = int(re.search(r"; (\d+) draws a number", text).group(1))
    assert draws >= 1000
    table = looked_at(text)
    for names, of in ((simulation.TRUTHS, draws), (looks.LAB, draws * 2 // 5)):
        error = 100 * (WRONG * (1 - WRONG) / of) ** 0.5
        for name in names:
            yes, no, seeds = map(float, table[name])
            assert max(yes, no) <= 100 * WRONG + 2 * error
            assert 5 <= seeds <= 40


@pytest.mark.slow
def test_the_documented_looks_are_what_the_simulation_prints():
    text = (ROOT / "docs/verdicts.md").read_text(encoding="utf-8")
    name, draws = "above a number", int(re.search(r"; (\d+) draws a number", text).group(1))
    job = ("edge", name, looks.LADDER, 0.0)
    shares = looks.row((*job, draws, zlib.crc32(repr(job).encode())))
    found = looked_at(looks.MARKS[0] + looks.markdown({job: shares}, draws))
    assert found[name] == looked_at(text)[name]
