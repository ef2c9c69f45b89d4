"""Planted histories with a known truth get the right verdict, in every branch; strict JSON."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from labproof.errors import LabError
from labproof.judging import findings, images, record, telling
from labproof.lab import claims, leaves, trainings

SEEDS = range(5)
FILE = Path("planted/findings.yaml")
LABEL = np.arange(200) % 2
CURVES = {
    "overfitting": {
        "means": "it ends above, and rises",
        "parts": [
            {"measure": "overfitting", "above": 0},
            {"measure": "validation_trend", "above": 0},
        ],
    }
}
HIGH, LOW = (0.80, 0.81, 0.79, 0.80, 0.80), (0.60, 0.61, 0.59, 0.60, 0.60)
WIDE = (0.50, 0.90, 0.70, 0.85, 0.55)


def cell(final=HIGH, heat=None, never=(), **columns):
    """Tables of a cell: flat curves at one level a seed, and predictions as often right."""
    epochs = 20
    rows, predicted = [], []
    for seed, level in enumerate(final):
        table = {"seed": seed, "epoch": np.arange(1, epochs + 1)}
        for column in ("loss", "accuracy", "val_loss", "val_accuracy"):
            curve = columns.get(column, level)
            table[column] = np.broadcast_to(curve[seed] if np.ndim(curve) > 1 else curve, epochs)
        rows.append(pd.DataFrame(table))
        # the same images are hard for every seed: what moves all of them is the images' part
        right = np.random.default_rng(0).permutation(200) < 200 * level
        probability = np.where(right == (LABEL == 1), 0.9, 0.1)
        predicted.append(
            pd.DataFrame(
                {
                    "seed": seed,
                    "image": np.arange(200),
                    "label": LABEL,
                    "probability": probability,
                }
            )
        )
    tables = {"histories": pd.concat(rows), "predictions": pd.concat(predicted)}
    if heat is not None:
        tables["heatmaps"] = pd.DataFrame(
            [
                {
                    "seed": seed,
                    "image": image,
                    "label": image % 2,
                    "probability": 0.9,
                    "method": method,
                    "network": network,
                    "energy": x + shift + 0.02 * np.sin(image),
                    "energy_area": 0.1,
                    "pointing": float(image < 50),
                }
                for seed, x in enumerate(heat)
                for image in range(96)
                for method, network, shift in (
                    ("Grad-CAM", "trained", 0),
                    ("Grad-CAM", "untrained", 0.5),
                    ("occlusion", "trained", -0.5),
                )
            ]
        )
    return tables


def rising(start, seeds=5):
    """Curves that rise from `start`, a bit more in each seed."""
    return np.array([start + 0.01 * s + np.linspace(0, 0.5, 20) for s in range(seeds)])


def reached(epochs):
    """Training accuracies that jump to 0.9 at an epoch of each seed; None: never."""
    return np.array(
        [np.where(np.arange(1, 21) >= (e or 99), 0.9, 0.5) for e in epochs], dtype=float
    )


def judged(claim, tables, seeds=SEEDS, datasets=None, least=None, **options):
    entry = {"id": "it", "task": "1", "statement": "It is so.", "why": "It is.", **claim}
    known = {name: {"heatmaps": {"methods": ["Grad-CAM"]}} for name in "ab"}
    written = {"curves": CURVES, "least": least or {}, "findings": [entry]}
    wanted = claims.resolve(written, {"1": {}}, known, FILE)
    found = findings.judge(
        wanted["findings"],
        tables,
        seeds=seeds,
        datasets=datasets or {"a": "skin", "b": "skin"},
        **options,
    )
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found[0]


def claim(**keys):
    return {"cell": "a", **keys}


YES, NO, OPEN = "reproduced", "not reproduced", "undecided"
LOSS, ACCURACY = {"measure": "final_loss"}, {"measure": "final_val_accuracy"}
SOON, LATE, SOME = [3, 4, 3, 4, 3], [15, 16, 15, 17, 16], [3, None, 16, None, 4]
# claim, then tables for: reproduced, not reproduced, undecided
BRANCHES = {
    "above a number": (claim(**LOSS, above=0.7), cell(HIGH), cell(LOW), cell(WIDE)),
    "above a number, by": (claim(**LOSS, above=0.6, by=0.1), cell(HIGH), cell(LOW), cell(WIDE)),
    "below a number": (claim(**LOSS, below=0.7), cell(LOW), cell(HIGH), cell(WIDE)),
    "about a number": (claim(**LOSS, about=0.8, within=0.1), cell(HIGH), cell(LOW), cell(WIDE)),
    "above a cell": (claim(**LOSS, above="b"), cell(HIGH), cell(LOW), cell(WIDE)),
    "above a cell, by": (claim(**LOSS, above="b", by=0.05), cell(HIGH), cell(LOW), cell(WIDE)),
    "below a cell": (claim(**LOSS, below="b"), cell(LOW), cell(HIGH), cell(WIDE)),
    "similar to a cell": (
        claim(**LOSS, similar_to="b", within=0.05),
        cell((0.70, 0.71, 0.69, 0.70, 0.70)),
        cell(LOW),
        cell(WIDE),
    ),
    "another measure of a cell": (
        claim(**LOSS, above="b", other_measure="final_accuracy"),
        cell(HIGH),
        cell(LOW),
        cell(WIDE),
    ),
    "accuracy, on a sample of images": (
        claim(**ACCURACY, above=0.7),
        cell(HIGH),
        cell(LOW),
        cell((0.72, 0.73, 0.72, 0.73, 0.72)),  # by seeds alone it would be reproduced
    ),
    "a measure of predictions": (
        claim(measure="auc", above=0.7),
        cell(HIGH),
        cell(LOW),
        cell((0.72, 0.73, 0.72, 0.73, 0.72)),
    ),
    "a measure of heatmaps": (
        claim(measure="heat_in_zone", above=0.1),
        cell(heat=(0.30, 0.31, 0.29, 0.30, 0.30)),
        cell(heat=(0.10, 0.11, 0.09, 0.10, 0.10)),
        cell(heat=(0.05, 0.40, 0.20, 0.10, 0.30)),
    ),
    "a time that may never come": (
        claim(measure="time_to_accuracy", at=0.8, below=0.5),
        cell(accuracy=reached(SOON)),
        cell(accuracy=reached([None] * 5)),
        cell(accuracy=reached(SOME)),
    ),
    "sooner than a cell, some of which never": (
        claim(measure="time_to_accuracy", at=0.8, below="b"),
        cell(accuracy=reached(SOON)),
        cell(accuracy=reached([None] * 5)),
        cell(accuracy=reached(SOME)),
    ),
    "shows": (
        claim(shows="overfitting"),
        cell(loss=0.1, val_loss=rising(0.7)),
        cell(loss=1.9, val_loss=rising(0.7)),
        cell(WIDE, loss=0.7),
    ),
    "lacks": (
        claim(lacks="overfitting"),
        cell(loss=1.9, val_loss=rising(0.7)),
        cell(loss=0.1, val_loss=rising(0.7)),
        cell(WIDE, loss=0.7),
    ),
    "parts": (
        {"parts": [claim(**LOSS, above=0.7), claim(**ACCURACY, below="b")]},
        cell(LOW, loss=0.9),
        cell(HIGH, loss=0.9),
        cell(WIDE, loss=0.9),
    ),
}
# the other cell, where it is not in the middle
OTHERS = {
    ("sooner than a cell, some of which never", YES): cell(
        accuracy=reached([None, 18, None, 19, 17])
    ),
    ("sooner than a cell, some of which never", NO): cell(accuracy=reached(SOON)),
    ("sooner than a cell, some of which never", OPEN): cell(accuracy=reached(SOME)),
}
MIDDLE = cell((0.70, 0.71, 0.69, 0.70, 0.70))


def without_a_marker():
    answers = [
        {"seed": s, "image": i, "label": i % 2, "probability": 0.9, "intervention": "as it is"}
        for s in SEEDS
        for i in range(8)
    ]
    return {**cell(), "interventions": pd.DataFrame(answers)}


def short(epochs, **columns):
    tables = cell(**columns)
    history = tables["histories"]
    return {**tables, "histories": history[history["epoch"] <= epochs]}


def diverged(seed, epoch):
    """A loss that is NaN from an epoch on, in a seed."""
    loss = np.full((5, 20), 0.5)
    loss[seed, epoch - 1 :] = np.nan
    return loss


@pytest.mark.parametrize(
    ("measure", "tables", "why"),
    [
        ("marker_reliance", without_a_marker(), "its images have no marker that is known"),
        ("zone_reliance", without_a_marker(), "no zone is known in its images"),
        ("validation_trend", short(2), "a trend needs three epochs"),
        ("noise", short(3), "noise needs four epochs"),
        ("settling_time", cell(loss=rising(0.2)), "the training loss does not fall"),
        (
            "slope",
            cell(loss=np.full((5, 20), np.nan)),
            "loss has no finite number at epoch 1 of se",
        ),
        ("validation_trend", short(2, loss=diverged(3, 1)), "a trend needs three epochs"),
        ("auc", {**cell(), "predictions": None}, "its runs left no predictions"),
    ],
)
def test_a_measure_that_does_not_apply_says_why(measure, tables, why):
    found = judged(claim(measure=measure, above=0), {"a": tables})
    assert found["verdict"] == OPEN
    assert found["reason"].startswith(f"It cannot be measured on a: {why}")


def test_a_seed_that_does_not_fall_is_named_with_the_cause():
    loss = np.array([np.linspace(0.7, 0.2, 20)] * 4 + [np.linspace(0.2, 0.7, 20)])
    found = judged(claim(measure="settling_time", above=0), {"a": cell(loss=loss)})
    assert "missing for seed 4 (the training loss does not fall), and a mean" in found["reason"]


def test_a_seed_that_diverges_is_named_with_the_column_and_the_epoch():
    tables = cell(loss=diverged(3, 7), val_loss=diverged(2, 5))
    found = judged(claim(measure="final_loss", above=0), {"a": tables})
    assert found["verdict"] == OPEN
    assert "missing for seed 3 (loss has no finite number at epoch 7 of seed 3)" in found["reason"]
    found = judged(claim(measure="final_val_accuracy", above=0), {"a": tables})
    assert "finite" not in found["reason"]


@pytest.mark.parametrize("branch", BRANCHES)
@pytest.mark.parametrize("verdict", [YES, NO, OPEN])
def test_a_known_truth_gets_its_verdict(branch, verdict):
    said, *planted = BRANCHES[branch]
    tables = planted[[YES, NO, OPEN].index(verdict)]
    found = judged(said, {"a": tables, "b": OTHERS.get((branch, verdict), MIDDLE)})
    assert found["verdict"] == verdict, found["reason"]
    assert found["n"] == 5 and found["reason"]
    assert None not in (found["estimate"], found["p"])


def without(tables, **changed):
    return {**tables, **changed}


@pytest.mark.parametrize("branch", BRANCHES)
@pytest.mark.parametrize("gap", ["no cell", "no tables", "a seed", "NaN", "one seed"])
def test_what_is_missing_is_undecided_with_a_reason(branch, gap):
    said, tables = BRANCHES[branch][:2]
    seeds = SEEDS
    if gap == "no cell":
        cells = {}
    elif gap == "no tables":
        cells = {"a": dict.fromkeys(tables), "b": MIDDLE}
    elif gap == "a seed":
        cells = {"a": tables, "b": MIDDLE}
        cells["a"] = {name: table[table["seed"] != 3] for name, table in tables.items()}
    elif gap == "NaN":
        broken = {name: table.copy() for name, table in tables.items()}
        for table in broken.values():
            columns = [c for c in table if c not in ("seed", "epoch", "image", "label", "area")]
            table.loc[table["seed"] == 3, columns] = np.nan
        cells = {"a": broken, "b": MIDDLE}
    else:
        seeds = [0]
        cells = {
            name: {kind: table[table["seed"] == 0] for kind, table in each.items()}
            for name, each in (("a", tables), ("b", MIDDLE))
        }
    found = judged(said, cells, seeds=seeds)
    assert found["verdict"] == OPEN
    assert found["p"] is None and found["low"] is None
    wanted = {
        "no cell": "no results",
        "no tables": "no results",
        "a seed": "missing for seed 3",
        "NaN": "missing for seed 3",
        "one seed": "at least two",
    }[gap]
    assert wanted in found["reason"]


def test_an_accuracy_without_predictions_says_what_is_missing():
    found = judged(claim(**ACCURACY, above=0.7), {"a": without(cell(HIGH), predictions=None)})
    assert found["verdict"] == OPEN and "predictions of a" in found["reason"]


def test_heatmaps_without_a_known_zone_are_undecided():
    tables = cell(heat=(0.3,) * 5)
    kept = ["seed", "image", "label", "probability", "method", "network"]
    tables["heatmaps"] = tables["heatmaps"][kept]
    found = judged(claim(measure="heat_peak_in_zone", below=0.5), {"a": tables})
    assert found["verdict"] == OPEN and "no zone is known" in found["reason"]


def test_values_of_each_seed_are_told_and_never_is_a_word():
    found = judged(
        claim(measure="time_to_accuracy", at=0.8, below=0.5), {"a": cell(accuracy=reached(SOME))}
    )
    values = found["parts"][0]["values"]["a"]
    assert values == {"0": 0.15, "1": "never", "2": 0.8, "3": "never", "4": 0.2}
    assert found["high"] is None and found["low"] is not None
    text = telling.tell(found)
    assert "never" in text and "UNDECIDED" in text and "It is so." in text


def test_two_cells_on_the_same_images_are_told_apart_sooner():
    a, b = cell((0.80,) * 5), cell((0.76,) * 5)
    same = judged(claim(**ACCURACY, above="b"), {"a": a, "b": b})
    others = judged(
        claim(**ACCURACY, above="b"), {"a": a, "b": b}, datasets={"a": "skin", "b": "bone"}
    )
    assert same["high"] - same["low"] < others["high"] - others["low"]
    assert same["estimate"] == others["estimate"] == pytest.approx(0.04)


PUBLISHED = pd.DataFrame(
    [
        ("a", "one", "val_accuracy", 0.80),
        ("a", "one", "accuracy", 0.70),
        ("b", "one", "val_accuracy", 0.75),
        ("a", "two", "val_accuracy", 0.70),
        ("b", "two", "val_accuracy", 0.75),
        ("a", "three", "val_accuracy", np.nan),
        ("a", "one", "val_loss", 0.5),
        ("a", "one", "loss", 0.3),
    ],
    columns=["cell", "group", "metric", "value"],
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (claim(**ACCURACY, above=0.75), {"one": (0.8, True), "two": (0.7, False)}),
        (claim(**ACCURACY, about=0.85, within=0.05), {"one": (0.8, True), "two": (0.7, False)}),
        (claim(**ACCURACY, above="b"), {"one": (0.05, True), "two": (-0.05, False)}),
        (claim(measure="accuracy_gap", above=0.0), {"one": (0.1, True)}),
        (claim(measure="overfitting", above=0.0), {"one": (0.2, True)}),
        (claim(measure="final_loss", below=0.2), {"one": (0.3, False)}),
        (claim(measure="noise", above=0), {}),
    ],
)
def test_published_numbers_agree_or_contradict(said, told):
    found = judged(said, {"a": cell(HIGH), "b": MIDDLE}, published=PUBLISHED)
    rows = found["parts"][0]["published"]
    assert {row["group"]: (row["value"], row["agrees"]) for row in rows} == told
    assert [row["note"] for row in rows] == [None] * len(told)


def test_the_note_on_a_published_number_goes_with_it():
    noted = PUBLISHED.assign(note=["by mistake", "of another", *[""] * 6])
    said = claim(**ACCURACY, above=0.75)
    rows = judged(said, {"a": cell(HIGH)}, published=noted)["parts"][0]["published"]
    assert [(row["group"], row["note"]) for row in rows] == [("one", "by mistake"), ("two", None)]


def test_p_is_adjusted_over_all_findings_or_not_at_all():
    found = judged(claim(**LOSS, above=0.7), {"a": cell(HIGH)})
    assert found["p_adjusted"] == found["p"]  # of one finding
    assert judged(claim(**LOSS, above=0.7), {"a": cell(HIGH)}, adjust=False)["p_adjusted"] is None


def test_files_come_back_as_they_were(tmp_path):
    found = judged(BRANCHES["parts"][0], {"a": cell(WIDE), "b": MIDDLE})
    record.write([found], tmp_path / "new" / "findings.json")
    assert record.read(tmp_path / "new" / "findings.json") == [found]
    assert record.read(tmp_path / "none.json") == []


@pytest.mark.parametrize(
    "text", ["", '[{"id": "a", "stat', '{"id": "a"}', '[{"id": "a"}]', "[1]", "null", "\xff"]
)
def test_findings_that_were_cut_are_told(tmp_path, text):
    file = tmp_path / "findings.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(LabError, match=r"findings\.json.*Delete the file and run again"):
        record.read(file)


def test_a_claim_needs_the_tables_that_it_reads():
    wanted = claims.resolve(
        {
            "findings": [
                {
                    "id": "it",
                    "task": "1",
                    "statement": "s",
                    "why": "w",
                    "parts": [
                        claim(**LOSS, above="b", other_measure="auc"),
                        claim(measure="heat_peak_in_zone", below=0.5),
                    ],
                }
            ]
        },
        {"1": {}},
        {"a": {"heatmaps": {"methods": ["Grad-CAM"]}}, "b": {}},
        FILE,
    )["findings"][0]
    assert wanted["cells"] == ["a", "b"]
    # of every cell histories and answers, which say what seeds are stuck, whatever the measure
    assert set(leaves.sources(wanted["claim"])) == {
        *((table, cell) for table in ("histories", "predictions") for cell in "ab"),
        ("heatmaps", "a"),
    }


# --- the least difference worth naming ----------------------------------------------------------

EQUAL, MUCH, LITTLE = (0.70, 0.71, 0.69, 0.70, 0.70), HIGH, (0.73, 0.74, 0.72, 0.73, 0.73)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("own", "verdict", "words"),
    [
        (MUCH, YES, "The whole interval"),  # 0.10 above
        (EQUAL, NO, "within 0.05 of 0: no difference worth naming"),
        (LITTLE, NO, "within 0.05 of 0: no difference worth naming"),  # 0.03 above
        (LOW, NO, "a difference, but the other way"),
        ((0.66, 0.64, 0.65, 0.67, 0.63), NO, "No part of the interval"),  # -0.05 is inside
        (WIDE, OPEN, "Only a part"),
    ],
)
def test_a_difference_that_is_none_is_not_reproduced(own, verdict, words, sign):
    said = claim(**LOSS, above="b") if sign > 0 else {**LOSS, "cell": "b", "below": "a"}
    options = {"least": {"final_loss": 0.05}}
    found = judged(said, {"a": cell(own), "b": MIDDLE}, **options)
    assert found["verdict"] == verdict and words in found["reason"]
    (part,) = found["parts"]
    assert part["least"] == part["margin"] == 0.05 and "by at least 0.05" in part["claim"]
    assert part["region"] == ([0.05, None] if sign > 0 else [None, -0.05])


@pytest.mark.parametrize(
    ("said", "region"),
    [
        (claim(**LOSS, above="b"), [0.05, None]),
        (claim(measure="overfitting", below=0), [None, -0.2]),  # a difference itself
        (claim(**LOSS, above="b", by=0.01), [0.01, None]),
        (claim(**LOSS, above=0.5), [0.5, None]),
        (claim(**LOSS, similar_to="b", within=0.3), [-0.3, 0.3]),
        (claim(measure="noise", above="b"), [0.0, None]),
    ],
)
def test_the_least_difference_stands_where_the_edge_is_0_and_nothing_else_is_said(said, region):
    least = {"final_loss": 0.05, "overfitting": 0.2}
    (part,) = judged(said, {"a": cell(), "b": MIDDLE}, least=least)["parts"]
    assert part["region"] == region
    assert (part["least"] is None) == (region not in ([0.05, None], [None, -0.2]))


# --- one training compared with itself ---------------------------------------------------------

FILMS = {"source": "bone", "size": 48, "images": {"kind": "folder", "path": "films"}}
ONE = {"network": "vgg16", "base": 8, "epochs": 16, "label": "a", "task": "8", "control": False}


def trained_on(*names, **changed):
    """Cells a and b that differ in label, task and control, on data sets of these names."""
    a, b = ({**ONE, "dataset": name} for name in names)
    return {"a": a, "b": {**b, "label": "b", "task": "5", "control": True, **changed}}


@pytest.mark.parametrize("said", [{"above": "b"}, {"similar_to": "b", "within": 0.05}])
@pytest.mark.parametrize("names", [("films", "films"), ("films", "unmarked")])
def test_a_training_compared_with_itself_is_undecided(said, names):
    """Of equal numbers any interval is short, so that "similar" would be reproduced."""
    shared = trainings.shared(trained_on(*names), dict.fromkeys(names, FILMS))
    tables = {"a": cell(HIGH), "b": cell(HIGH)}
    found = judged(claim(**LOSS, **said), tables, trainings=shared)
    assert found["verdict"] == OPEN and found["p"] is None
    assert found["reason"].startswith("Under this preset these are one training: a and b")
    both = {"parts": [claim(**LOSS, **said), claim(**LOSS, above=0.7)]}
    assert judged(both, tables, trainings=shared)["verdict"] == OPEN
    # two measures of one training can well be compared
    other = {**said, "other_measure": "final_accuracy"}
    assert judged(claim(**LOSS, **other), tables, trainings=shared)["p"] is not None


@pytest.mark.parametrize(
    ("changed", "films"), [({"base": 16}, FILMS), ({}, {**FILMS, "images": {"kind": "phantom"}})]
)
def test_what_differs_in_settings_or_images_is_compared(changed, films):
    shared = trainings.shared(
        trained_on("films", "unmarked", **changed), {"films": FILMS, "unmarked": films}
    )
    found = judged(
        claim(**LOSS, similar_to="b", within=0.05),
        {"a": cell(HIGH), "b": cell(HIGH)},
        trainings=shared,
    )
    assert found["verdict"] == YES


# --- looks -----------------------------------------------------------------------------------


def many(seed, n=12, mean=0.75):
    return cell(np.random.default_rng(seed).normal(mean, 0.05, n))


def test_a_sentence_is_looked_at_when_all_its_cells_reached_a_step():
    tables = {"a": many(0), "b": many(1, n=7, mean=0.70)}
    said = {"parts": [claim(**LOSS, above=0.6), claim(**LOSS, above="b")]}
    seeds = {"a": list(range(12)), "b": list(range(7))}
    found = judged(said, tables, seeds=seeds, ladder=[5, 10, 20])
    for part in found["parts"]:  # of the first, too, which b is no part of
        assert [look["n"] for look in part["looks"]] == [5]
        last = part["looks"][-1]
        assert {key: part[key] for key in ("n", "estimate", "low", "high", "verdict")} == {
            key: last[key] for key in ("n", "estimate", "low", "high", "verdict")
        }
    assert found["verdict"] == OPEN
    assert found["reason"].endswith("The seeds beyond 5 wait for the look at 10.")
    assert len(found["parts"][0]["values"]["a"]) == 12  # the figures show all of them
    later = judged(said, tables, seeds=list(range(12)), ladder=[5, 10, 20])
    assert "missing for seed 7" in later["reason"]  # which b does not have


@pytest.mark.parametrize("seed", range(6))
def test_a_sentence_tells_what_each_of_its_looks_decided(seed):
    tables = {"a": many(seed, 20), "b": many(seed + 50, 20, mean=0.70)}
    said = {"parts": [claim(**LOSS, above=0.72), claim(**LOSS, above="b")]}
    looks = judged(said, tables, seeds=range(20), ladder=[5, 10, 20])["looks"]
    alone = [judged(said, tables, seeds=range(n), ladder=[5, 10, 20]) for n in (5, 10, 20)]
    assert looks == [{"n": x["n"], "verdict": x["verdict"]} for x in alone]


def test_seeds_are_looked_at_in_their_order():
    tables = {"a": many(0)}
    order = [11, 3, 5, 7, 9, 0, 1, 2, 4, 6]
    one = judged(claim(**ACCURACY, above=0.7), tables, seeds=order, ladder=[5, 10])
    first, last = one["parts"][0]["looks"]
    alone = judged(claim(**ACCURACY, above=0.7), tables, seeds=order[:5], ladder=[5, 10])
    assert {**alone["parts"][0]["looks"][0]} == first
    fine = judged(claim(**ACCURACY, above=0.7), tables, seeds=sorted(order))
    assert fine["estimate"] == pytest.approx(last["estimate"])


def test_without_a_ladder_there_is_one_look_at_all_seeds():
    found = judged(claim(**LOSS, above=0.6), {"a": many(0)}, seeds=range(12))
    assert [(x["n"], x["level"]) for x in found["parts"][0]["looks"]] == [(12, 0.025)]


def test_cells_that_hang_together_are_compared_seed_by_seed():
    level = np.array(WIDE) + 0.1
    tables = {"a": cell(level + np.array([0.02, 0.03, 0.02, 0.03, 0.02])), "b": cell(level)}
    said = claim(**LOSS, above="b")
    assert judged(said, tables)["verdict"] == OPEN
    paired = {"a": "a", "b": "a"}
    found = judged(said, tables, paired=paired)
    assert found["verdict"] == YES
    assert [n for _, n in found["parts"][0]["spread"]["seeds"]] == [5]
    # and on the seeds of a look, though one has more that wait for the next
    more = {"a": range(8), "b": SEEDS}
    tables["a"] = cell([*tables["a"]["histories"].groupby("seed")["loss"].first(), 0.1, 0.2, 0.3])
    again = judged(said, tables, seeds=more, ladder=[5, 10], paired=paired)
    assert [n for _, n in again["parts"][0]["spread"]["seeds"]] == [5]
    assert again["parts"][0]["spread"]["seeds"] == found["parts"][0]["spread"]["seeds"]


# --- final images ------------------------------------------------------------------------------


def asked_finally(final=WIDE, images=600, sure=0.8, **columns):
    """A cell whose answers on final images are right in other shares than on validation images."""
    tables = cell(HIGH, **columns)
    rows = []
    for seed, level in enumerate(final):
        label = np.arange(images) % 2
        right = np.random.default_rng(9).permutation(images) < round(images * level)
        answer = {"probability": np.where(right == (label == 1), sure, 1 - sure)}
        image = np.arange(images) + 1000
        rows.append(pd.DataFrame({"seed": seed, "image": image, "label": label, **answer}))
    both = [tables["predictions"].assign(split="validation"), pd.concat(rows).assign(split="final")]
    return {**tables, "predictions": pd.concat(both)}


def loss_of(share, sure=0.8):
    """Mean cross-entropy of answers of which a share is right, each as sure."""
    return -share * np.log(sure) - (1 - share) * np.log(1 - sure)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("final_val_accuracy", np.array(WIDE)),
        ("final_val_loss", loss_of(np.array(WIDE))),
        ("overfitting", loss_of(np.array(WIDE)) - 0.3),
        ("accuracy_gap", np.array(WIDE) - 0.9),
        ("brier", np.array(WIDE) * 0.04 + (1 - np.array(WIDE)) * 0.64),
        # curves stay those of the images that the protocol watches
        ("lowest_val_loss", np.array(HIGH)),
        ("final_accuracy", np.full(5, 0.9)),
    ],
)
def test_what_ends_a_training_is_measured_on_its_final_images(measure, expected):
    tables = {"a": asked_finally(loss=0.3, accuracy=0.9)}
    (part,) = judged(claim(measure=measure, above=0.001), tables)["parts"]
    assert list(part["values"]["a"].values()) == pytest.approx(list(expected), abs=1e-6)
    sampled = measure not in ("lowest_val_loss", "final_accuracy")
    assert part["images"] == ({"split": "final", "count": 600} if sampled else None)


def test_auc_mixes_no_splits():
    """Ranked apart within each split, but the splits' probabilities lie side by side."""
    tables = asked_finally(final=(1.0,) * 5)
    (part,) = judged(claim(measure="auc", above=0.5), {"a": tables})["parts"]
    assert set(part["values"]["a"].values()) == {1.0}
    table = tables["predictions"]
    only = {**tables, "predictions": table[table["split"] == "validation"]}
    (part,) = judged(claim(measure="auc", above=0.5), {"a": only})["parts"]
    assert set(part["values"]["a"].values()) != {1.0}
    assert part["images"] == {"split": "validation", "count": 200}


def test_more_final_images_leave_less_open():
    def error(images):
        tables = {"a": asked_finally((0.80, 0.81, 0.79, 0.80, 0.80), images)}
        (part,) = judged(claim(**ACCURACY, above=0.7), tables)["parts"]
        return part["spread"]["image"]

    assert error(2000) == pytest.approx(error(200) / 10, rel=0.15)


def test_final_and_validation_images_are_two_samples():
    """The same data set, but no image in common: no luck is shared."""
    a, b = asked_finally((0.8,) * 5, images=200), cell((0.8,) * 5)
    (part,) = judged(claim(**ACCURACY, above="b"), {"a": a, "b": b})["parts"]
    (same,) = judged(claim(**ACCURACY, above="b"), {"a": b, "b": b})["parts"]
    assert part["images"] == {"split": "final and validation", "count": 200}
    assert part["spread"]["image"] == pytest.approx(2 * 0.8 * 0.2 / 200, rel=0.15)
    assert same["spread"]["image"] < part["spread"]["image"] / 3


# --- stuck seeds -------------------------------------------------------------------------------


def test_stuck_seeds_are_a_line_of_their_own_and_no_mean_decides_before_20():
    learned = cell([0.80] * 4 + [0.5])
    (part,) = judged(claim(**LOSS, above=0.6), {"a": learned})["parts"]
    low, high = stats.binomtest(1, 5).proportion_ci(method="exact")
    assert part["stuck"]["cells"] == {"a": {"stuck": 1, "seeds": 5, "low": low, "high": high}}
    sure = cell([0.80, 0.81, 0.80, 0.80, 0.5], loss=0.9)  # by the interval alone it is decided
    found = judged(claim(**LOSS, above=0.6), {"a": sure})
    assert found["verdict"] == OPEN and found["p"] == 1
    assert "1 of 5\u00a0seeds of a never left chance" in found["reason"]
    assert "never left chance, a share in [0.01, 0.72]" in telling.tell(found)
    four = cell([0.80, 0.81, 0.80, 0.80, 0.5] * 4, loss=0.9)
    assert judged(claim(**LOSS, above=0.6), {"a": four}, seeds=range(20))["verdict"] == YES


def test_where_all_are_stuck_there_is_one_hump():
    found = judged(claim(**LOSS, above=0.6), {"a": cell([0.5] * 5, loss=0.7)})
    (part,) = found["parts"]
    assert found["verdict"] == YES and part["stuck"]["cells"]["a"]["stuck"] == 5


@pytest.mark.parametrize(
    ("own", "other", "verdict", "turns"),
    [
        (0.95, None, YES, False),  # 0.95 - 0.45 * 0.45 is above 0.7
        (0.85, None, YES, True),  # 0.85 - 0.45 * 0.35 is not
        (0.62, None, NO, False),
        (0.90, 0.60, YES, True),
        (0.80, 0.70, NO, True),  # stuck seeds of the other leave 0.61 of it
        (0.60, 0.90, NO, False),
    ],
)
def test_a_verdict_that_unseen_stuck_seeds_would_turn_is_marked(own, other, verdict, turns):
    """Five seeds without a stuck one leave a share of 1 - 0.05^(1/5) = 0.45 open."""
    spread = 0.001 * np.array([-1, 0, 1, 0, 0])
    tables = {name: cell(x + spread) for name, x in (("a", own), ("b", other)) if x}
    said = {"above": "b", "by": 0.15} if other else {"above": 0.7}
    (part,) = judged(claim(measure="final_accuracy", **said), tables)["parts"]
    assert part["verdict"] == verdict
    assert part["stuck"]["turns"] == turns


def test_slow_is_not_stuck():
    """Chance is what the larger class gets right, and what a sample of so many explains."""
    for share, stuck in ((0.55, 5), (0.57, 0)):  # 0.5 + 1.645 * 0.5 / sqrt(200) = 0.558
        (part,) = judged(claim(**LOSS, above=0.1), {"a": cell([share] * 5)})["parts"]
        assert part["stuck"]["cells"]["a"]["stuck"] == stuck


# --- warnings on the data ----------------------------------------------------------------------


def test_a_finding_carries_the_warnings_of_its_own_data():
    tables = {"a": cell(HIGH), "b": cell(LOW)}
    options = {
        "datasets": {"a": "skin", "b": "bone"},
        "warnings": {"skin": ["it is dark"], "bone": ["it is marked"], "other": ["it is odd"]},
    }
    alone = judged(claim(**LOSS, above=0.7), tables, **options)
    assert alone["warnings"] == ["skin: it is dark"]
    both = judged(claim(**LOSS, above="b"), tables, **options)
    assert both["warnings"] == ["skin: it is dark", "bone: it is marked"]
    assert "Its data carry a warning. Bone: it is marked." in telling.tell(both)
    without = judged(claim(**LOSS, above=0.7), tables)
    assert without["warnings"] == [] and "warning" not in telling.tell(without)
    told = ("verdict", "estimate", "low", "high", "p")
    assert [alone[key] for key in told] == [without[key] for key in told]


def test_a_users_own_training_without_predictions_is_judged_over_seeds_and_says_so():
    tables = {"a": without(cell(HIGH), predictions=None), "b": without(cell(LOW), predictions=None)}
    sets = {"a": None, "b": None}
    found = judged(claim(**ACCURACY, above=0.7), tables, datasets=sets)
    values = np.array(HIGH)
    half = stats.t.ppf(0.975, 4) * values.std(ddof=1) / 5**0.5
    assert found["verdict"] == YES and images.SEEDS_ALONE in found["reason"]
    assert found["low"] == pytest.approx(values.mean() - half)
    assert (
        images.SEEDS_ALONE in judged(claim(**ACCURACY, above="b"), tables, datasets=sets)["reason"]
    )
    loss = judged(claim(measure="final_loss", above=0.7), tables, datasets=sets)
    assert images.SEEDS_ALONE not in loss["reason"]


def test_a_column_that_the_users_code_does_not_write_is_named():
    tables = {"a": {"histories": cell(HIGH)["histories"].drop(columns="val_loss")}}
    found = judged(claim(measure="overfitting", above=0), tables, datasets={"a": None})
    assert found["verdict"] == OPEN and "no column val_loss" in found["reason"]
