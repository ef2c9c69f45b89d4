"""The margin curve against the verdict that each margin gets."""

import re

import numpy as np
import pytest

from labproof.judging import verdicts
from labproof.lab import leaves
from labproof.page import margins

FIRST = verdicts.Sample("a", [0.81, 0.84, 0.79, 0.86, 0.83], range(5))
SECOND = verdicts.Sample("b", [0.80, 0.78, 0.83, 0.79, 0.81], range(5))
NAMES = {
    verdicts.REPRODUCED: "yes",
    verdicts.UNDECIDED: "open",
    verdicts.NOT_REPRODUCED: "no",
}


def part(relation, number, other, margin):
    claim = {"relation": relation, "number": number, "other": other, "margin": margin}
    region = leaves.edges(claim)
    samples = (FIRST, SECOND.weighted(-1)) if other else (FIRST,)
    judged = verdicts.judge(verdicts.Region(*region), *samples)
    return {**claim, "region": region, "low": judged.low, "high": judged.high}, judged.verdict


def told_of(zones, place):
    """The verdict of the zone that a place lies in."""
    return [
        verdict
        for low, high, verdict in zones
        if (low is None or low <= place) and (high is None or place < high)
    ]


@pytest.mark.parametrize(
    ("relation", "number"),
    [("about", 0.7), ("about", 0.8), ("about", 0.83), ("about", 0.95), ("similar_to", None)],
)
def test_each_margin_has_the_verdict_of_its_zone(relation, number):
    other = "b" if number is None else None
    for margin in np.linspace(0.0013, 0.2, 23):
        claim, verdict = part(relation, number, other, margin)
        assert told_of(margins.zones(claim), margin) == [NAMES[verdict]]


@pytest.mark.parametrize("relation", ["above", "below"])
def test_each_mark_has_the_verdict_of_its_zone(relation):
    seen = set()
    for mark in np.linspace(0.7013, 0.95, 23):
        claim, verdict = part(relation, mark, None, 0.0)
        assert told_of(margins.zones(claim), mark) == [NAMES[verdict]]
        seen.add(verdict)
    assert len(seen) == 3


@pytest.mark.parametrize(("relation", "sign"), [("above", 1), ("below", -1)])
def test_each_difference_has_the_verdict_of_its_zone(relation, sign):
    for margin in np.linspace(-0.0313, 0.1, 23):
        claim, verdict = part(relation, None, "b", margin)
        assert told_of(margins.zones(claim), sign * margin) == [NAMES[verdict]]


def test_an_end_that_is_not_known_leaves_no_zone_beyond_it():
    above = {"relation": "above", "number": 0.5, "other": None, "margin": 0.0}
    assert margins.zones({**above, "low": 0.4, "high": None}) == [
        (None, 0.4, "yes"),
        (0.4, None, "open"),
    ]
    about = {**above, "relation": "about", "margin": 0.1}
    assert margins.zones({**about, "low": 0.7, "high": None}) == [
        (0.0, pytest.approx(0.2), "no"),
        (pytest.approx(0.2), None, "open"),
    ]
    assert margins.zones({**about, "low": 0.4, "high": None}) == [(0.0, None, "open")]
    assert margins.zones({**about, "low": None, "high": None}) == []
    assert margins.told({**about, "low": None, "high": None}) == ""


def test_the_curve_in_words_and_drawn():
    claim = {"relation": "about", "number": 0.8, "other": None, "margin": 0.05}
    claim |= {"low": 0.78, "high": 0.86}
    assert margins.told(claim) == (
        "It would be reproduced with a margin above 0.060, undecided with a margin below 0.060."
    )
    drawn = margins.curve(claim)
    places = dict(re.findall(r"\.(open|yes|own)[^}]*?left:([\d.]+)%", drawn))
    assert float(places["open"]) == 0 < float(places["own"]) < float(places["yes"])
    assert "aria-hidden" in drawn


def test_a_ratio_of_spreads_has_a_mark_and_no_margin():
    claim = {"relation": "below", "number": None, "other": "b", "margin": 0.0}
    claim |= {"over_seeds": "spread", "times": 2.0, "low": 0.5, "high": 3.0}
    claim["region"] = leaves.edges(claim)
    assert claim["region"] == (-np.inf, 2)
    told = margins.told(claim)
    assert "reproduced with a mark above 3" in told
    assert "not reproduced with a mark below 0.5" in told
