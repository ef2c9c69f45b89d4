"""Claims of several reports: which are about one thing, and which exclude each other."""

from pathlib import Path

import numpy as np
import pytest

from labproof.judging import stances, verdicts
from labproof.lab import claims
from labproof.lab.leaves import leaves

YES, NO, OPEN = verdicts.REPRODUCED, verdicts.NOT_REPRODUCED, verdicts.UNDECIDED
CURVES = {
    "overfitting": {
        "means": "it ends above, and rises",
        "parts": [{"measure": "overfitting", "above": 0}, {"measure": "noise", "below": 0.5}],
    }
}
SAME = {
    "rising": {"means": "the same by another name", "parts": CURVES["overfitting"]["parts"][::-1]}
}
ACCURACY, LOSS = {"measure": "final_val_accuracy"}, {"measure": "final_loss"}


def report(*written, curves=CURVES, parts=(0.1, 0.0, 0.2), verdict=YES, parted=(YES, YES, YES)):
    """A report's resolved findings, and what was judged of them: each leaf has these numbers."""
    entries = [
        {"id": f"s{k}", "task": "1", "statement": f"Sentence {k}.", "why": "So.", **each}
        for k, each in enumerate(written)
    ]
    cells = {name: {"heatmaps": None} for name in "abc"}
    made = claims.resolve(
        {"curves": curves, "findings": entries}, {"1": {}}, cells, Path("findings.yaml")
    )["findings"]
    estimate, low, high = parts
    judged = []
    for entry in made:
        made_of = list(leaves(entry["claim"]))
        numbers = {"estimate": estimate, "low": low, "high": high, "n": 5}
        each = [{**numbers, "verdict": v} for _, v in zip(made_of, parted, strict=False)]
        judged.append({"id": entry["id"], "verdict": verdict, "parts": each})
    return made, judged


def subjects(**reports):
    claimed = {name: made for name, (made, _) in reports.items()}
    return stances.subjects(claimed, {name: judged for name, (_, judged) in reports.items()})


def told(subject):
    return {
        stances.in_words(stance, subject): [said.report for said in stance.said]
        for stance in subject.stances
    }


def test_the_same_claim_the_other_way_round_is_one():
    (found,) = subjects(
        anna=report({**LOSS, "cell": "a", "above": "b"}),
        ben=report({**LOSS, "cell": "b", "below": "a"}, parts=(-0.1, -0.2, None)),
        carl=report({**LOSS, "cell": "b", "above": "a"}),
    )
    assert told(found) == {"higher": ["anna", "ben"], "lower": ["carl"]}
    assert found.clashes and found.reports == ["anna", "ben", "carl"]
    assert [found.against(each) for each in found.stances] == [["carl"], ["anna", "ben"]]
    (turned,) = subjects(
        ben=report({**LOSS, "cell": "b", "below": "a"}, parts=(-0.1, -0.2, None)),
    )
    (evidence,) = turned.evidence
    assert [term.cell for term in evidence.terms] == ["a", "b"]
    assert (evidence.estimate, evidence.low, evidence.high) == (0.1, None, 0.2)


@pytest.mark.parametrize(
    ("one", "other", "excluded"),
    [
        ({"above": "b", "by": 0.1}, {"above": "b", "by": 0.2}, False),
        ({"above": "b", "by": 0.1}, {"similar_to": "b", "within": 0.1}, True),
        ({"above": "b", "by": 0.1}, {"similar_to": "b", "within": 0.2}, False),
        ({"above": "b"}, {"below": "b"}, True),
        ({"about": 0.8, "within": 0.1}, {"about": 0.9, "within": 0.1}, False),
        ({"about": 0.8, "within": 0.05}, {"about": 0.9, "within": 0.05}, True),
        ({"about": 0.8, "within": 0.05}, {"above": 0.8}, False),
        ({"above": 0.5}, {"below": 0.5}, True),
    ],
)
def test_claims_exclude_each_other_where_no_value_makes_both_true(one, other, excluded):
    (found,) = subjects(
        anna=report({**ACCURACY, "cell": "a", **one}),
        ben=report({**ACCURACY, "cell": "a", **other}),
    )
    assert found.clashes is excluded
    # by trying values instead
    values = np.round(np.arange(-1, 1.0005, 0.0005), 6)
    true = [(values > low) & (values < high) for low, high in (s.region for s in found.stances)]
    assert (true[0] & true[1]).any() == (not excluded)


def test_what_differs_in_measure_cell_or_factor_is_another_thing():
    about = [
        {**LOSS, "cell": "a", "above": "b"},
        {**LOSS, "cell": "a", "above": "c"},
        {**LOSS, "cell": "a", "above": 0.1},
        {**LOSS, "cell": "a", "above": "b", "times": 2},
        {**LOSS, "cell": "a", "above": "b", "other_measure": "final_val_loss"},
        {**ACCURACY, "cell": "a", "above": "b"},
        {"measure": "accuracy_after", "at": 0.5, "cell": "a", "above": "b"},
        {"measure": "accuracy_after", "at": 0.7, "cell": "a", "above": "b"},
    ]
    found = subjects(anna=report(*about), ben=report(*reversed(about)))
    assert len(found) == len(about)
    assert all(len(each.stances) == 1 and len(each.stances[0].said) == 2 for each in found)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"cell": "a", "above": "b", "by": 0.1}, {"cell": "a", "less": "b", "above": 0.1}),
        ({"cell": "a", "above": "b", "by": 0.1}, {"cell": "b", "less": "a", "below": -0.1}),
        ({"cell": "a", "above": "b", "times": 2}, {"cell": "b", "below": "a", "times": 0.5}),
        (
            {"cell": "a", "less": "b", "above": "b", "other_less": "c"},
            {"cell": "b", "less": "c", "below": "a", "other_less": "b"},
        ),
        (
            {"cell": "a", "above": "b", "times": 4, "over_seeds": "spread"},
            {"cell": "b", "below": "a", "times": 0.25, "over_seeds": "spread"},
        ),
    ],
)
def test_a_claim_is_one_however_its_sum_is_written(one, other):
    (found,) = subjects(anna=report({**LOSS, **one}), ben=report({**LOSS, **other}))
    assert len(found.stances) == 1 and found.reports == ["anna", "ben"]
    assert not found.clashes


def test_spreads_are_compared_by_their_ratio():
    spread = {**LOSS, "over_seeds": "spread"}
    (found,) = subjects(
        anna=report({**spread, "cell": "b", "above": "a", "times": 2}, parts=(4.0, 2.0, None)),
        ben=report({**spread, "cell": "a", "above": "b"}),
    )
    assert told(found) == {"below 0.5 times": ["anna"], "above 1 times": ["ben"]}
    (evidence,) = found.evidence
    assert (evidence.estimate, evidence.low, evidence.high) == (0.25, None, 0.5)
    assert found.clashes
    mean, other = subjects(
        anna=report({**spread, "cell": "a", "below": 1}, {**LOSS, "cell": "a", "below": 1})
    )
    assert mean.key != other.key


def test_a_range_of_cells_is_claimed_and_denied_as_a_whole():
    cells = ["a", "b", "c"]
    (found,) = subjects(
        anna=report({**LOSS, "alike": cells, "within": 0.1}, verdict=NO),
        ben=report({**LOSS, "differ": cells[::-1], "by": 0.1}, verdict=YES),
    )
    assert told(found) == {"so it is": ["anna"], "not so": ["ben"]}
    assert found.clashes and len(found.evidence) == 3
    assert [said.verdict for each in found.stances for said in each.said] == [NO, YES]


def test_a_curve_is_known_by_what_defines_it_and_denied_as_a_whole():
    (found,) = subjects(
        anna=report({"cell": "a", "shows": "overfitting"}, verdict=YES),
        ben=report({"cell": "a", "lacks": "rising"}, curves=SAME, verdict=NO),
    )
    assert told(found) == {"shows it": ["anna"], "lacks it": ["ben"]}
    assert found.clashes and found.means == "it ends above, and rises"
    assert [said.verdict for each in found.stances for said in each.said] == [YES, NO]
    assert len(found.evidence) == 2


def test_a_sentence_of_several_things_claims_each_of_them():
    parts = [
        {**LOSS, "cell": "a", "above": "b"},
        {"cell": "a", "lacks": "overfitting"},
    ]
    for parted, of_curve in (
        ((YES, YES, NO), YES),
        ((NO, YES, YES), NO),
        ((YES, YES, OPEN), OPEN),
    ):
        value, curve = subjects(anna=report({"parts": parts}, verdict=OPEN, parted=parted))
        (said,) = value.stances[0].said
        assert said.verdict == parted[0]
        (said,) = curve.stances[0].said
        assert (said.verdict, curve.curve) == (of_curve, "overfitting")
    best, second = subjects(anna=report({**ACCURACY, "cell": "a", "best_of": ["a", "b", "c"]}))
    assert told(best) == told(second) == {"higher": ["anna"]}


def test_questions_that_are_ours_are_no_reports_claims():
    own = {**LOSS, "cell": "a", "above": "b"}
    (found,) = subjects(
        anna=report(own, {**LOSS, "cell": "a", "below": "b", "ours": True}), ben=report(own)
    )
    assert told(found) == {"higher": ["anna", "ben"]}


def test_a_report_may_contradict_itself():
    own = {**LOSS, "cell": "a", "above": "b"}
    (found,) = subjects(anna=report(own, {**LOSS, "cell": "b", "above": "a"}))
    assert [found.against(each) for each in found.stances] == [["anna"], ["anna"]]


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"above": 0.5}, "above 0.5"),
        ({"below": 0.5}, "below 0.5"),
        ({"about": 0.85, "within": 0.1}, "about 0.85, within 0.1"),
        ({"below": "b", "by": 0.05}, "lower, by at least 0.05"),
        ({"similar_to": "b", "within": 0.05}, "similar, within 0.05"),
    ],
)
def test_a_claim_in_words(claim, words):
    (found,) = subjects(anna=report({**ACCURACY, "cell": "a", **claim}))
    assert list(told(found)) == [words]
