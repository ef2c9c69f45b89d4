"""Chances of the next look, against runs that went on."""

import numpy as np
import pytest

from labproof.judging import findings, interval, spending, verdicts
from labproof.judging.sample import Region, Sample

STEPS = (5, 10, 20)


def judged(values, region, upto, second=None, image_error=0.0):
    """A part as findings.json has it, after so many seeds."""
    samples = [
        Sample(cell, list(x[:upto]), list(range(upto)), np.inf, weight=weight)
        for cell, x, weight in (("a", values, 1.0), ("b", second, -1.0))
        if x is not None
    ]
    found = verdicts.judge(region, *samples, steps=STEPS, image_error=image_error, images=200)
    return {
        "region": [x if np.isfinite(x) else None for x in region],
        "looks": [look._asdict() for look in found.looks],
        "spread": findings.spread_of(found),
        **{key: getattr(found, key) for key in ("verdict", "estimate", "low", "high", "n")},
    }, found


def sentence(*parts, **keys):
    return {"id": "it", "verdict": "undecided", "cells": ["a"], "parts": list(parts), **keys}


@pytest.mark.parametrize("kind", ["one cell", "a margin", "two cells", "images"])
def test_it_is_decided_as_often_as_predicted(kind, monkeypatch):
    """Truths spread widely over the edge, as the predictive distribution takes them."""
    monkeypatch.setattr(interval, "permutation", lambda *_: np.nan)  # slow, and no part of it
    rng = np.random.default_rng(0)
    region = Region(-1.5, 1.5) if kind == "a margin" else Region(low=0)
    error = 0.3 if kind == "images" else 0.0
    predicted, happened = [], []
    while len(predicted) < 250:
        drawn = rng.normal(rng.uniform(-3, 3), 1, 20)
        drawn = drawn + rng.normal(0, error)
        other = rng.normal(0, 2, 20) if kind == "two cells" else None
        part, found = judged(drawn, region, 5, other, error)
        if found.verdict != "undecided":
            continue
        predicted.append(spending.chance(sentence(part), STEPS, 10))
        happened.append(judged(drawn, region, 10, other, error)[1].verdict != "undecided")
    predicted, happened = np.array(predicted), np.array(happened)
    assert np.mean(predicted) == pytest.approx(np.mean(happened), abs=0.08)
    high = predicted > np.median(predicted)
    for half in (high, ~high):
        assert predicted[half].mean() == pytest.approx(happened[half].mean(), abs=0.12)
    assert happened[high].mean() > happened[~high].mean() + 0.1


def flat(mean, sd=1.0, n=20):
    """Values whose first five have this mean and this spread."""
    five = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    return np.tile(mean + sd * five / five.std(ddof=1), n // 5)


def test_all_parts_have_to_hold_and_one_against_is_enough():
    near = judged(flat(0.9), Region(low=0), 5)[0]
    sure = judged(flat(9.0), Region(low=0), 5)[0]
    against = judged(flat(-0.9), Region(low=0), 5)[0]
    assert sure["verdict"] == "reproduced"
    alone = spending.chance(sentence(near), STEPS, 10)
    assert spending.chance(sentence(near, sure), STEPS, 10) == pytest.approx(alone, abs=0.01)
    assert spending.chance(sentence(near, near), STEPS, 10) == pytest.approx(alone**2, abs=0.01)
    mixed = spending.chance(sentence(against, near), STEPS, 10)
    assert 0.5 * alone < mixed < alone  # at half of the level


def test_what_seeds_cannot_decide_has_no_chance():
    images = judged(flat(0.9), Region(low=0), 5, image_error=2.0)[0]
    missing = {**images, "spread": None, "looks": []}
    for part in (images, missing):
        (found,) = spending.chances([sentence(part)], STEPS, {"a": range(5)})
        assert found.later[10] < 0.01 and max(found.later.values()) < 0.02


def test_the_steps_to_come_are_told_of_undecided_sentences_alone():
    near, late = judged(flat(0.9), Region(low=0), 5)[0], judged(flat(0.01), Region(low=0), 20)[0]
    entries = [
        sentence(near, id="near", cells=["a", "b", "c"]),
        sentence(near, id="done", verdict="reproduced"),
        sentence(late, id="late"),
    ]
    seeds = {"a": range(5), "b": range(10), "c": range(7)}
    (found,) = spending.chances(entries, STEPS, seeds)
    assert (found.id, found.cells) == ("near", {"a": 5, "b": 10, "c": 7})
    assert list(found.later) == [step for step in STEPS if step > 5]
    assert all(0 < x < 1 for x in found.later.values())


def test_stuck_seeds_wait_for_their_step():
    part = judged(flat(3.0), Region(low=0), 5)[0]
    part = {**part, "verdict": "undecided", "spread": {**part["spread"], "fewest": 20}}
    assert spending.chance(sentence(part), STEPS, 10) == 0
    assert spending.chance(sentence(part), STEPS, 20) > 0.9
