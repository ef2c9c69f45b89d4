"""Measures of any column, scalar and class, against closed forms and scikit-learn."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from labproof.judging import (
    accounts,
    bootstrap,
    catalogue,
    curves,
    findings,
    images,
    measures,
    statistics,
)
from labproof.lab import vocabulary
from project import ROOT

RNG = np.random.default_rng(0)
CLASSES = 4


def history(**columns):
    count = len(next(iter(columns.values())))
    return pd.DataFrame({"epoch": np.arange(1, count + 1), **columns})


def value(table, name, at=None):
    return measures.over_seeds(table.assign(seed=3), name, at)[3]


@pytest.mark.parametrize("name", sorted(vocabulary.CASES))
def test_a_named_measure_is_the_kind_that_it_is_a_case_of(name):
    curve = np.exp(-np.arange(40) / 8) + RNG.normal(0, 0.01, 40)
    table = history(loss=curve, val_loss=curve[::-1], accuracy=1 - curve / 2, val_accuracy=curve)
    kind, of = vocabulary.split(name)
    argument = measures.ARGUMENTS[vocabulary.KINDS[kind].takes]
    at = {"at": 0.7} if vocabulary.KINDS[kind].measure.parameter else {}
    assert measures.KINDS[kind][0](table, **{argument: of}, **at) == value(
        table, vocabulary.CASES[name], **at
    )


def test_every_kind_has_words_and_a_function_with_a_docstring():
    assert set(measures.KINDS) == set(vocabulary.KINDS)
    for kind, (function, *_) in measures.KINDS.items():
        assert function.__doc__, kind
        assert ("{of}" in vocabulary.KINDS[kind].words) == bool(vocabulary.KINDS[kind].takes)


def test_best_values_and_their_epochs():
    table = history(val_dice=[0.2, 0.9, 0.4, 0.9], val_loss=[3, 1, 2, 1])
    assert value(table, "best(val_dice)") == 0.9
    assert value(table, "epoch_of_best(val_dice)") == 2
    assert value(table, "epoch_of_best(val_loss)") == 2
    assert value(table, "last(val_dice)") == 0.9
    assert value(table, "at_epoch(val_dice)", 3) == 0.4
    assert np.isnan(value(table, "at_epoch(val_dice)", 5))
    assert value(table, "epochs") == 4
    assert value(table, "mean(val_dice)") == pytest.approx(0.6)
    assert value(table, "rise(val_loss)") == 0
    assert value(table, "fall(val_dice)") == 0
    gap = history(val_dice=[0.2, np.nan, 0.4])
    for name in ("best", "epoch_of_best"):
        assert np.isnan(value(gap, f"{name}(val_dice)"))


def test_times_to_a_value_go_the_better_way():
    table = history(val_dice=[0.2, 0.6, 0.4, 0.9], rmse=[9.0, 5.0, 6.0, 2.0])
    assert value(table, "epochs_to(val_dice)", 0.5) == 2
    assert value(table, "time_to(val_dice)", 0.5) == 0.5
    assert value(table, "epochs_to(rmse)", 5) == 2
    assert value(table, "epochs_to(rmse)", 1) == np.inf


def test_a_rising_curve_settles_as_the_falling_one():
    falling = np.exp(-np.arange(100) / 10)
    table = history(rmse=falling, val_dice=1 - falling)
    assert value(table, "settling(val_dice)") == value(table, "settling(rmse)")
    assert value(table, "epochs_to_settle(rmse)") == 100 * value(table, "settling(rmse)")
    assert np.isnan(value(history(val_dice=[0.9, 0.5, 0.1]), "settling(val_dice)"))


@pytest.fixture(scope="module")
def answers():
    """Predictions of three seeds on 300 images of four classes, the last of which is rare."""
    label = RNG.choice(CLASSES, 300, p=[0.4, 0.3, 0.28, 0.02])
    parts = []
    for seed in range(3):
        logits = RNG.normal(0, 1, (300, CLASSES)) + 1.5 * np.eye(CLASSES)[label]
        logits[:, 3] -= 9  # never answered
        powers = np.exp(logits)
        columns = (powers / powers.sum(axis=1, keepdims=True)).T
        parts.append(
            pd.DataFrame(
                {"seed": seed, "split": "validation", "image": np.arange(300), "label": label}
                | {f"p{k}": column for k, column in enumerate(columns)}
            )
        )
    return pd.concat(parts, ignore_index=True)


@pytest.mark.filterwarnings("ignore:Precision is ill-defined")
def test_measures_of_classes_are_those_of_scikit_learn(answers):
    one = answers[answers["seed"] == 1]
    given = one[[f"p{k}" for k in range(CLASSES)]].to_numpy()
    label, answer = one["label"].to_numpy(), given.argmax(axis=1)
    recall = metrics.recall_score(label, answer, average=None)
    expected = {
        "accuracy": metrics.accuracy_score(label, answer),
        "cross_entropy": metrics.log_loss(label, given),
        "f1": metrics.f1_score(label, answer, average="macro"),
        "auc": metrics.roc_auc_score(label, given, multi_class="ovr"),
        "brier": np.mean(((given - np.eye(CLASSES)[label]) ** 2).sum(axis=1)) / 2,
        "recall(0)": recall[0],
        "recall(3)": 0,
        "precision(1)": metrics.precision_score(label, answer, average=None, zero_division=0)[1],
        "answered(2)": np.mean(answer == 2),
        "answered(3)": 0,
        "most_answered": np.bincount(answer).max() / 300,
    }
    for name, wanted in expected.items():
        assert measures.over_seeds(answers, name)[1] == pytest.approx(wanted, abs=1e-12), name
    assert np.isnan(measures.over_seeds(answers, "precision(3)")[1])
    assert np.isnan(measures.over_seeds(answers, "recall(7)")[1])


def test_two_classes_by_one_probability_or_by_two_are_the_same():
    label, second = RNG.integers(0, 2, 80), RNG.random(80)
    base = pd.DataFrame({"seed": 0, "image": range(80), "label": label})
    one, two = base.assign(probability=second), base.assign(p0=1 - second, p1=second)
    for name in ("accuracy", "cross_entropy", "brier", "auc", "recall(1)", "precision(0)", "f1"):
        found = [measures.over_seeds(table, name)[0] for table in (one, two)]
        assert found[0] == pytest.approx(found[1], rel=1e-6), name


def test_regressions_are_those_of_scikit_learn():
    label = RNG.normal(20, 5, 90)
    table = pd.DataFrame({"label": label, "prediction": label + RNG.normal(1, 2, 90)})
    pair = table["label"], table["prediction"]
    assert value(table, "mse") == pytest.approx(metrics.mean_squared_error(*pair))
    assert value(table, "mae") == pytest.approx(metrics.mean_absolute_error(*pair))
    assert value(table, "r2") == pytest.approx(metrics.r2_score(*pair))


@pytest.mark.parametrize(
    "name", ["accuracy", "recall(0)", "precision(1)", "answered(2)", "most_answered", "f1"]
)
def test_the_images_part_is_of_the_same_measure(answers, name):
    """Each image drawn once: the statistic of the bootstrap is the measure itself."""
    values, label = measures.by_image(name, answers)
    found = measures.MEASURES[name].images(values, label, np.ones((1, len(label))))
    assert found[0] == pytest.approx(measures.over_seeds(answers, name).to_numpy())


def test_the_images_part_of_an_accuracy_is_that_of_a_share():
    """One seed whose classes are all as hard: the error is the binomial's."""
    label = np.repeat(np.arange(4), 250)
    right = np.tile(np.arange(250) < 150, 4)
    table = pd.DataFrame({"seed": 0, "image": range(1000), "label": label})
    for k in range(4):
        table[f"p{k}"] = np.where(right, label == k, (label + 1) % 4 == k).astype(float)
    values, _ = measures.by_image("accuracy", table)
    drawn = bootstrap.draw(statistics.right_of, values, label)
    assert bootstrap.image_error(drawn) == pytest.approx((0.6 * 0.4 / 1000) ** 0.5, rel=0.05)


def test_scalars_and_facts_have_a_value_a_seed():
    scalars = pd.DataFrame({"seed": [0, 0, 1], "name": ["a", "b", "b"], "value": [1.0, 2.0, 4.0]})
    found = measures.over_seeds(scalars, "scalar(a)")
    assert found[0] == 1 and np.isnan(found[1])
    assert measures.over_seeds(scalars, "scalar(b)").tolist() == [2, 4]
    facts = pd.DataFrame(
        {"block": ["0-3", "4-4"], "seeds": [4, 1], "seconds": [40.0, 7.0]}
        | {"parameters": 21, "peak_memory_mib": 512}
    )
    rows = accounts.by_seed(facts)
    assert measures.over_seeds(rows, "seconds").to_dict() == {0: 10, 1: 10, 2: 10, 3: 10, 4: 7}
    assert measures.over_seeds(rows, "parameters").tolist() == [21] * 5
    assert measures.over_seeds(rows, "memory")[4] == 512


def claim(**said):
    leaf = {
        "measure": "seconds",
        "at": None,
        "cell": "bn",
        "relation": "above",
        "number": None,
        "other": "plain",
        "other_measure": "seconds",
        "margin": 0.0,
        "least": None,
    }
    return {**leaf, **said}


def judged(said, tables, **options):
    entry = {"id": "x", "task": "1", "statement": "s", "why": "w", "note": None, "ours": False}
    cells = list(tables)
    return findings.judge(
        [{**entry, "cells": cells, "claim": said}],
        tables,
        seeds=range(5),
        datasets=dict.fromkeys(cells),
        **options,
    )[0]


def test_a_ratio_is_judged_as_a_difference_from_so_many_times():
    rows = {"block": [f"{k}-{k}" for k in range(5)], "seeds": 1}
    noise = np.array([-0.2, -0.1, 0, 0.1, 0.2])
    tables = {
        name: {"facts": accounts.by_seed(pd.DataFrame({**rows, "seconds": mean + noise}))}
        for name, mean in (("bn", 19.0), ("plain", 10.0))
    }
    entry = judged(claim(times=1.8), tables)
    assert entry["verdict"] == "reproduced"
    assert entry["estimate"] == pytest.approx(19 - 18)
    assert "1.8 times that of plain" in entry["parts"][0]["claim"]
    assert entry["parts"][0]["values"]["plain"]["2"] == 10
    assert judged(claim(times=2), tables)["verdict"] == "not reproduced"


def test_what_is_measured_on_new_images_says_so_where_they_are_not_known():
    rows = [history(val_dice=np.full(4, 0.8 + 0.01 * seed)).assign(seed=seed) for seed in range(5)]
    leaf = claim(measure="best(val_dice)", cell="a", other=None, other_measure=None, number=0.5)
    entry = judged(leaf, {"a": {"histories": pd.concat(rows)}})
    assert entry["verdict"] == "reproduced"
    assert images.SEEDS_ALONE in entry["reason"]


def test_an_accuracy_of_many_classes_has_its_images_part(answers):
    rows = [
        history(val_accuracy=np.full(4, 0.7 + seed / 100)).assign(seed=seed) for seed in range(3)
    ]
    leaf = claim(measure="final_val_accuracy", cell="a", other=None, number=0.5, other_measure=None)
    tables = {"a": {"histories": pd.concat(rows), "predictions": answers}}
    entry = findings.judge(
        [
            {"id": "x", "task": "1", "statement": "s", "why": "w", "note": None, "ours": False}
            | {"cells": ["a"], "claim": leaf}
        ],
        tables,
        seeds=range(3),
        datasets={"a": None},
    )[0]
    assert images.SEEDS_ALONE not in entry["reason"]
    assert entry["parts"][0]["spread"]["images"] == 300
    assert entry["parts"][0]["spread"]["image"] > 0


def final_answers(**columns):
    rows = {"seed": np.repeat(range(5), 4), "split": "final", "image": [0, 1, 2, 3] * 5}
    return pd.DataFrame({**rows, "label": [0, 1, 0, 1] * 5, **columns})


def test_final_answers_that_are_numbers_leave_the_loss_to_the_history():
    rows = [history(val_loss=np.full(4, 0.2 + seed / 100)).assign(seed=seed) for seed in range(5)]
    leaf = claim(measure="final_val_loss", cell="a", other=None, other_measure=None, number=0.1)
    answers = final_answers(prediction=0.5)
    entry = judged(leaf, {"a": {"histories": pd.concat(rows), "predictions": answers}})
    assert entry["estimate"] == pytest.approx(0.22) and images.SEEDS_ALONE in entry["reason"]


def test_a_gap_to_a_training_loss_that_nobody_wrote_is_told():
    rows = [history(val_loss=np.full(4, 0.2)).assign(seed=seed) for seed in range(5)]
    leaf = claim(measure="overfitting", cell="a", other=None, other_measure=None, number=0.0)
    tables = {"histories": pd.concat(rows), "predictions": final_answers(probability=0.5)}
    entry = judged(leaf, {"a": tables})
    assert entry["verdict"] == "undecided" and "it has no column loss, but " in entry["reason"]


# --- which images --------------------------------------------------------------------------------


def answering(order, count=400):
    """Six seeds that are right on mostly the same images, in some order of them."""
    rng, parts = np.random.default_rng(3), []
    hard = rng.random(count) < 0.3
    for seed in range(5):
        right = np.where(hard, rng.random(count) < 0.2, rng.random(count) < 0.95)[order]
        label = (np.arange(count) % 2)[order]
        given = np.where(right == (label == 1), 0.9, 0.1)
        rows = {"seed": seed, "split": "validation", "image": range(count), "label": label}
        parts.append(pd.DataFrame({**rows, "probability": given}))
    return pd.concat(parts, ignore_index=True)


def image_part(first, second):
    tables = {
        name: {"histories": history(loss=np.ones(4)).assign(seed=0), "predictions": answers}
        for name, answers in (("bn", first), ("plain", second))
    }
    entry = judged(claim(measure="accuracy", other_measure="accuracy"), tables)
    return entry["parts"][0]["spread"]["image"], entry


def test_cells_without_a_data_set_share_images_where_their_labels_are_the_same():
    straight = answering(np.arange(400))
    other = np.random.default_rng(5).permutation(400)
    same, _ = image_part(straight, straight)
    apart, entry = image_part(straight, answering(other))
    # as it is known for accuracies: of the same images most of it cancels, of others nothing does
    assert same < 0.3 * apart
    one = straight.groupby("image")[["label", "probability"]].apply(
        lambda rows: ((rows["probability"] > 0.5) == (rows["label"] > 0.5)).mean()
    )
    assert apart > 1.5 * one.var() / 400
    assert images.SEEDS_ALONE not in entry["reason"]


def test_seeds_that_answer_other_images_each_are_judged_over_seeds_alone():
    """As where the code splits its data by its own seed: the images are in the seeds' spread."""
    mixed = answering(np.arange(400))
    turned = mixed["seed"] == 1
    mixed.loc[turned, "label"] = 1 - mixed.loc[turned, "label"]
    part, entry = image_part(mixed, mixed)
    assert part == 0 and images.SEEDS_ALONE in entry["reason"]


def test_epochs_that_never_came_are_longer_than_the_shortest_run():
    rows = [
        history(val_dice=np.linspace(0, level, length)).assign(seed=seed)
        for seed, (level, length) in enumerate([(1, 10), (1, 12), (0.4, 8), (1, 9), (1, 10)])
    ]
    leaf = claim(
        measure="epochs_to(val_dice)",
        at=0.5,
        cell="a",
        other=None,
        number=20.0,
        relation="below",
        other_measure=None,
    )
    entry = judged(leaf, {"a": {"histories": pd.concat(rows)}})
    assert entry["verdict"] == "undecided"
    assert entry["parts"][0]["values"]["a"]["2"] == "never"
    assert curves.epochs_to(rows[0], "val_dice", 0.5) == 6


def test_the_list_of_measures_is_that_of_the_code():
    """Mend: cd scripts; python -m labproof.judging.catalogue > ../docs/measures.md."""
    assert (ROOT / "docs/measures.md").read_text(encoding="utf-8") == catalogue.write()


@pytest.mark.parametrize("name", re.findall(r"^\| `([^`]+)`", catalogue.write(), re.M))
def test_each_measure_of_the_list_can_be_claimed(name):
    written = name.replace("COLUMN", "val_loss").replace("NAME", "x").replace("(K)", "(1)")
    if "relation" not in name and ":" not in name:
        assert written in vocabulary.MEASURES
        assert measures.MEASURES[written].of
