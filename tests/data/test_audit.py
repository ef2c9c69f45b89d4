"""The audit of a data set: planted faults are told, and what has none is not warned of."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from labproof.data import audit, phantoms, store


def drawn(kind, train=200, validation=60, size=48, **settings):
    images, zones, records = phantoms.draw_dataset(
        kind, train=train, validation=validation, size=size, channels=1, seed=1, **settings
    )
    return store.Dataset(images, records, zones)


@pytest.fixture(scope="module")
def bone():
    return drawn("bone", marker=0)


def said(facts):
    return [text.replace("\xa0", " ") for text in facts["warnings"]]


def planted(dataset, pairs, *, turn=False):
    """The second image of each pair becomes the first, or its mirror image."""
    images = dataset.inputs.copy()
    for first, second in pairs:
        images[second] = images[first][:, ::-1] if turn else images[first]
    return store.Dataset(images, dataset.records)


def noise(count=200, train=150):
    """Images without anything to learn, labels by turns."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 32, 32, 1), dtype=np.uint8)
    label = np.arange(count) % 2
    records = pd.DataFrame(
        {
            "image": range(count),
            "split": ["train"] * train + ["validation"] * (count - train),
            "label": label,
            "class": np.where(label, "yes", "no"),
        }
    )
    return store.Dataset(images, records)


def test_the_marker_trips_the_border_baseline_and_without_it_nothing_does(bone):
    with_marker, _ = audit.audit(drawn("bone", marker=0.95))
    assert with_marker["baselines"]["border"]["low"] > 0.8
    assert any("the border alone" in text for text in with_marker["warnings"])
    without, pairs = audit.audit(bone)
    assert not any("border" in text for text in without["warnings"])
    assert pairs.empty and without["pairs"]["across"] == 0


def test_brightness_that_follows_the_label_trips_the_grey_baseline():
    dataset = noise()
    brighter = dataset.inputs // 2 + (40 * dataset.records["label"].to_numpy())[:, None, None, None]
    facts, _ = audit.audit(store.Dataset(brighter.astype(np.uint8), dataset.records))
    assert facts["baselines"]["grey"]["auc"] > 0.99
    assert any("grey levels alone" in text for text in facts["warnings"])


def test_images_without_anything_to_learn_are_not_warned_of():
    facts, _ = audit.audit(noise())
    assert facts["warnings"] == []
    for found in facts["baselines"].values():
        assert found["low"] < 0.5 < found["high"] + 0.1


@pytest.mark.parametrize("turn", [False, True])
def test_twins_across_splits_are_counted_once_each(bone, turn):
    facts, _ = audit.audit(planted(bone, [(0, 200), (2, 202), (2, 204), (1, 3)], turn=turn))
    assert facts["twins"] == [200, 202, 204]
    # 202 and 204 are equal, so only the first of them is paired with their mirror image
    wanted = {"exact": 1, "near": 3, "across": 2} if turn else {"exact": 4, "near": 0, "across": 3}
    assert facts["pairs"] == {**wanted, "conflicting": 0}
    assert "3 validation images have a duplicate among the training images" in said(facts)


def test_a_twin_of_a_twin_is_a_twin(bone):
    """Two equal validation images, one of which is a mirror image of a training image."""
    mirrored = planted(bone, [(0, 201)], turn=True)
    facts, pairs = audit.audit(planted(mirrored, [(201, 203)]))
    assert facts["twins"] == [201, 203] and len(pairs) == 2


def test_a_final_image_that_was_seen_before_is_told_and_moves_no_baseline(bone):
    drawn_once = drawn("bone", marker=0, final=40)
    facts, _ = audit.audit(drawn_once)
    assert facts["final_twins"] == [] and facts["warnings"] == []
    assert facts["baselines"] == audit.audit(bone)[0]["baselines"]
    facts, _ = audit.audit(planted(drawn_once, [(3, 262), (205, 264), (266, 268)]))
    assert facts["final_twins"] == [262, 264] and facts["twins"] == []
    assert any(text.startswith("2 final images have a duplicate") for text in said(facts))


def test_conflicting_labels_are_told(bone):
    label = bone.records["label"].to_numpy()
    first, second = np.flatnonzero(label == 0)[0], np.flatnonzero(label == 1)[0]
    facts, pairs = audit.audit(planted(bone, [sorted((int(first), int(second)))]))
    assert facts["pairs"]["conflicting"] == 1
    assert set(pairs.loc[0, ["first_class", "second_class"]]) == {"NFF", "AFF"}
    assert any("different labels" in text for text in facts["warnings"])


def test_groups_in_both_splits_are_told():
    dataset = noise()
    groups = np.arange(200) // 4
    facts, _ = audit.audit(store.Dataset(dataset.inputs, dataset.records.assign(group=groups)))
    assert facts["groups"] == {"number": 50, "across": 1}  # images 148 to 151
    assert said(facts) == ["1 group of images in both splits"]


def test_duplicates_do_not_help_the_baselines():
    """Each image eight times: a model that saw seven of them would know the eighth."""
    dataset = noise(320, 240)
    number = np.arange(320) // 8
    label = number % 2
    records = dataset.records.assign(label=label, **{"class": np.where(label, "yes", "no")})
    facts, _ = audit.audit(store.Dataset(dataset.inputs[number], records))
    assert facts["pairs"]["exact"] == 280
    for found in facts["baselines"].values():
        assert found["low"] < 0.5
        assert found["high"] - found["low"] > 0.3, "as wide as for 40 images"


def test_the_interval_holds_the_auc_of_another_sample():
    """Hanley & McNeil's interval against fresh scores of the same two normal distributions."""
    rng = np.random.default_rng(3)
    label = np.arange(200) % 2
    true = 0.7602  # Phi(1 / sqrt 2)
    held = 0
    for _ in range(200):
        score = rng.normal(size=200) + label
        auc = roc_auc_score(label, score)
        low, high = audit.interval(auc, 100, 100)
        held += low <= true <= high
    assert 0.9 <= held / 200 <= 0.99


def test_sizes_and_files_left_out_are_told():
    dataset = noise()
    records = dataset.records.assign(width=[100] * 199 + [300], height=80)
    left_out = pd.DataFrame({"file": ["a.png"], "reason": ["the file is empty"]})
    facts, _ = audit.audit(store.Dataset(dataset.inputs, records), left_out)
    assert facts["sizes"] == {"smallest": [100, 80], "largest": [300, 80]}
    assert facts["left_out"] == 1
    assert facts["counts"]["train"] == {"no": 75, "yes": 75}


def test_few_images_have_no_baseline():
    facts, _ = audit.audit(noise(12, 8))
    assert facts["baselines"] == {"grey": None, "border": None}


def test_accuracy_without_twins_by_hand():
    predictions = pd.DataFrame(
        {
            "seed": [0] * 4 + [1] * 4,
            "image": [10, 11, 12, 13] * 2,
            "label": [0, 1, 0, 1] * 2,
            "probability": [0.1, 0.9, 0.8, 0.9, 0.1, 0.9, 0.2, 0.1],
        }
    )
    found = audit.without_twins(predictions, [11, 13])
    assert found["all"].tolist() == [0.75, 0.75]
    assert found["without"].tolist() == [0.5, 1.0]
    assert audit.without_twins(predictions, [10, 11, 12, 13])["without"].isna().all()


def test_what_is_written_is_read(tmp_path, bone):
    facts, pairs = audit.audit(planted(bone, [(0, 200)]))
    audit.write(facts, pairs, tmp_path)
    assert audit.read(tmp_path) == facts
    assert len(pd.read_csv(tmp_path / "pairs.csv")) == len(pairs)
    assert audit.read(tmp_path / "none") is None
