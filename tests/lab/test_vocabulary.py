"""Names of measures: one name each, and a message for what is none."""

from pathlib import Path

import pytest

from labproof.errors import LabError
from labproof.lab import claims, leaves, vocabulary
from labproof.lab.vocabulary import MEASURES, better, named, problem

FILE = Path("findings.yaml")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("final_loss", "final_loss"),
        ("final(loss)", "final_loss"),
        (" final( val_accuracy )", "final_val_accuracy"),
        ("best(val_loss)", "lowest_val_loss"),
        ("best(val_dice)", "highest(val_dice)"),
        ("epoch_of_best(val_loss)", "epoch_of_lowest(val_loss)"),
        ("gap(val_loss-loss)", "overfitting"),
        ("gap( val_dice  -  dice )", "gap(val_dice - dice)"),
        ("time_to(accuracy)", "time_to_accuracy"),
        ("recall( 2 )", "recall(2)"),
        ("scalar(test accuracy)", "scalar(test accuracy)"),
        ("seconds", "seconds"),
    ],
)
def test_a_measure_has_one_name_however_it_is_written(written, name):
    assert named(written) == name
    assert named(name) == name
    assert written in MEASURES
    assert MEASURES[written] == MEASURES[name]


@pytest.mark.parametrize(
    ("column", "side"),
    [
        ("val_accuracy", "more"),
        ("val_dice_coeff", "more"),
        ("Loss/train", "less"),
        ("mse", "less"),
        ("test_r2", "more"),
        ("gloss", ""),
        ("accuracy_loss", ""),
        ("weight", ""),
    ],
)
def test_which_way_is_better_is_told_by_the_name(column, side):
    assert better(column) == side
    assert MEASURES[f"final({column})"].better == side


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("best(weight)", r"Write highest\(weight\) or lowest\(weight\)"),
        ("time_to(weight)", "such as weight_score or weight_error"),
        ("final", r"Write it like final\(val_loss\)"),
        ("gap(loss)", r"Write it like gap\(val_loss - loss\)"),
        ("recall(cat)", r"Write it like recall\(0\)"),
        ("seconds(3)", "Write it like seconds"),
        ("fina(loss)", "does not exist. Did you mean .final"),
        ("final_los", "does not exist. Did you mean .final_loss"),
    ],
)
def test_what_is_no_measure_is_told(name, cause):
    assert name not in MEASURES
    assert problem(name)
    with pytest.raises(LabError, match=cause):
        resolve({"cell": "a", "measure": name, "above": 0})


def resolve(*claim, cells=("a", "b", "c"), least=None):
    findings = [
        {"id": f"f{k}", "task": "1", "statement": "s", "why": "w", **each}
        for k, each in enumerate(claim)
    ]
    known = {name: {"heatmaps": None, "run": {}, "dataset": None} for name in cells}
    known["c"]["run"] = {"command": "x"}
    written = {"findings": findings, "least": least or {}}
    return [f["claim"] for f in claims.resolve(written, {"1": {}}, known, FILE)["findings"]]


def test_best_of_is_a_part_for_each_other_cell_the_better_way_round():
    more, less = resolve(
        {"cell": "a", "measure": "best(val_accuracy)", "best_of": ["a", "b", "c"], "by": 0.1},
        {"cell": "b", "measure": "seconds", "best_of": ["a", "c"]},
    )
    assert [(x["cell"], x["relation"], x["other"], x["margin"]) for x in more["parts"]] == [
        ("a", "above", "b", 0.1),
        ("a", "above", "c", 0.1),
    ]
    assert [(x["cell"], x["relation"], x["other"]) for x in less["parts"]] == [
        ("b", "below", "a"),
        ("b", "below", "c"),
    ]
    with pytest.raises(LabError, match="which is best is not known of final"):
        resolve({"cell": "a", "measure": "final(noise_like)", "best_of": ["a", "b"]})


def test_ordered_is_a_part_for_each_and_the_next():
    (claim,) = resolve({"measure": "final_loss", "ordered": ["c", "a", "b"]})
    assert [(x["cell"], x["relation"], x["other"]) for x in claim["parts"]] == [
        ("c", "above", "a"),
        ("a", "above", "b"),
    ]
    with pytest.raises(LabError, match='"x" does not exist'):
        resolve({"measure": "final_loss", "ordered": ["a", "x"]})


def test_a_claim_has_times_only_where_it_says_so():
    plain, double = resolve(
        {"cell": "a", "measure": "final(loss)", "above": "b"},
        {"cell": "a", "measure": "seconds", "above": "b", "times": 1.8},
    )
    assert plain["measure"] == plain["other_measure"] == "final_loss" and "times" not in plain
    assert double["times"] == 1.8
    with pytest.raises(LabError, match="times"):
        resolve({"cell": "a", "measure": "seconds", "above": 3, "times": 2})


def test_the_least_difference_is_that_of_the_measure_however_it_is_written():
    (claim,) = resolve(
        {"cell": "a", "measure": "final_loss", "above": "b"}, least={"final(loss)": 0.1}
    )
    assert claim["margin"] == claim["least"] == 0.1


def test_scalars_are_told_by_commands_alone():
    (claim,) = resolve({"cell": "c", "measure": "scalar(test_acc)", "above": 0.5})
    assert ("scalars", "c") in leaves.sources(claim)
    with pytest.raises(LabError, match="cell a is trained by Labproof"):
        resolve({"cell": "a", "measure": "scalar(test_acc)", "above": 0.5})
    with pytest.raises(LabError, match=r"cell c has none\. Labproof draws them"):
        resolve({"cell": "c", "measure": "heat_in_zone", "above": 0})


def test_the_parameter_has_limits_of_its_own():
    (claim,) = resolve({"cell": "a", "measure": "at_epoch(loss)", "at": 12, "below": 1})
    assert claim["at"] == 12
    with pytest.raises(LabError, match="must be at least 1, but is 0"):
        resolve({"cell": "a", "measure": "at_epoch(loss)", "at": 0, "below": 1})
    with pytest.raises(LabError, match="must be from 0 to 1, but is 12"):
        resolve({"cell": "a", "measure": "after(val_loss)", "at": 12, "below": 1})


def test_braces_of_a_column_stay_in_the_words():
    assert vocabulary.words_of("final({x})") == "final {x}"
    assert vocabulary.words_of("after(dice)", 0.4) == "dice after 0.4 of the run"
    assert vocabulary.words_of("gap(val_dice - dice)") == "val_dice less dice, at the end"


def test_a_difference_is_compared_with_a_number_or_with_a_difference():
    said = {"measure": "final_val_accuracy", "cell": "a", "less": "b"}
    number, twice = resolve(
        {**said, "about": 0.04, "within": 0.01}, {**said, "above": "c", "other_less": "b"}
    )
    assert leaves.edges(number) == pytest.approx((0.03, 0.05))
    assert [(term.cell, term.weight) for term in leaves.terms(twice)] == [
        ("a", 1),
        ("b", -1),
        ("c", -1),
        ("b", 1),
    ]
    (times,) = resolve({**said, "below": "c", "other_less": "b", "times": 0.5})
    assert [term.weight for term in leaves.terms(times)] == [1, -1, -0.5, 0.5]
    assert leaves.words(times).endswith("below 0.5 times (that of c less that of b)")


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ({"less": "b", "above": "c"}, "A difference is compared with a difference"),
        ({"above": "c", "other_less": "b"}, "A difference is compared"),
        ({"less": "a", "above": 0}, "is the cell itself"),
        ({"less": "x", "above": 0}, '"x" does not exist'),
        ({"less": "b", "above": 0.1, "over_seeds": "spread"}, "compared by their ratio"),
        ({"above": "b", "by": 0.1, "over_seeds": "spread"}, "compared by their ratio"),
        ({"similar_to": "b", "within": 0.1, "over_seeds": "spread"}, 'does not go with "similar'),
        ({"below": 0, "over_seeds": "spread"}, "must be above 0"),
    ],
)
def test_what_cannot_be_a_difference_or_a_spread_is_told(wrong, cause):
    with pytest.raises(LabError, match=cause):
        resolve({"cell": "a", "measure": "final_val_accuracy", **wrong})


def test_a_range_is_of_all_pairs():
    alike, differ = resolve(
        {"measure": "final_loss", "alike": ["a", "b", "c"], "within": 0.1},
        {"measure": "final_loss", "differ": ["a", "b", "c"], "by": 0.1},
    )
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    for claim in (alike, differ):
        assert [(x["cell"], x["other"]) for x in claim["parts"]] == pairs
        assert {(x["relation"], x["margin"]) for x in claim["parts"]} == {("similar_to", 0.1)}
    assert differ["negated"] and not alike["negated"]
    with pytest.raises(LabError, match="the margin is missing"):
        resolve({"measure": "final_loss", "alike": ["a", "b"]})
    with pytest.raises(LabError, match=r"does not go with .differ"):
        resolve({"measure": "final_loss", "differ": ["a", "b"], "by": 1, "within": 1})
