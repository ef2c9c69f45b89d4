"""Interventions: what is painted out is gone, all else stays; planted networks are found out."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from labproof.data import phantoms
from labproof.explain import heatmaps, interventions
from labproof.explain.interventions import AS_IT_IS, ELSEWHERE, MARKER_MOVED, MARKER_OUT, ZONE_OUT

SIZE = 96


@pytest.fixture(scope="module")
def bones():
    images, zones, records = phantoms.draw_dataset(
        "bone", train=0, validation=40, size=SIZE, channels=1, seed=2, marker=1
    )
    return images, zones, records


def test_a_ramp_goes_on_through_what_is_painted_out():
    """The Laplace equation's closed form: a linear image solves it."""
    rows, columns = np.indices((40, 40))
    ramp = (2 * rows + 3 * columns).astype(np.uint8)[..., None]
    area = np.zeros((40, 40), bool)
    area[10:22, 12:30] = True
    spoilt = ramp.copy()
    spoilt[area] = 255
    np.testing.assert_allclose(interventions.paint_out(spoilt, area).astype(int), ramp, atol=1)


def test_an_area_at_the_edge_is_filled_from_the_rest():
    image = np.full((20, 20, 3), 90, np.uint8)
    area = np.zeros((20, 20), bool)
    area[:6, :6] = True
    image[area] = 200
    assert (interventions.paint_out(image, area) == 90).all()


def test_the_filling_has_the_grain_of_its_surroundings():
    rng = np.random.default_rng(0)
    image = np.clip(rng.normal(120, 12, (60, 60, 1)), 0, 255).astype(np.uint8)
    area = np.zeros((60, 60), bool)
    area[20:40, 20:40] = True
    made = interventions.paint_out(image, area)
    assert 6 < made[area].std() < 18
    np.testing.assert_array_equal(made[~area], image[~area])


def test_nothing_but_the_place_changes(bones):
    images, zones, records = bones
    boxes = interventions.marker_boxes(records, (SIZE, SIZE))
    for name, (made, rows) in interventions.versions(images, zones, records).items():
        changed = (made != images[rows]).any(axis=-1)
        touched = {
            AS_IT_IS: np.zeros_like(boxes),
            MARKER_OUT: boxes,
            MARKER_MOVED: boxes | boxes[:, ::-1],
            ZONE_OUT: zones > 0,
            ELSEWHERE: np.ones_like(boxes),
        }[name]
        assert not (changed & ~touched[rows]).any(), name
        assert name in (AS_IT_IS,) or changed.any()


def test_a_marker_painted_out_is_the_phantom_without_one(bones):
    """Against the same phantoms drawn without a marker."""
    images, zones, records = bones
    clean, _, _ = phantoms.draw_dataset(
        "bone", train=0, validation=40, size=SIZE, channels=1, seed=2, marker=0
    )
    made, rows = interventions.versions(images, zones, records)[MARKER_OUT]
    before = np.abs(images[rows].astype(int) - clean[rows]).max(axis=(1, 2, 3))
    after = np.abs(made.astype(int) - clean[rows])
    boxes = interventions.marker_boxes(records, (SIZE, SIZE))[rows]
    assert (before > 60).all()
    # but for markers that lie across the film's own bright edge
    assert np.median(after[boxes]) <= 8 and np.quantile(after[boxes], 0.9) < 40


def test_a_moved_marker_is_where_the_other_class_has_it(bones):
    images, zones, records = bones
    made, rows = interventions.versions(images, zones, records)[MARKER_MOVED]
    boxes = interventions.marker_boxes(records, (SIZE, SIZE))
    gained = []
    for k, row in enumerate(rows):
        there = boxes[row][::-1]
        gained.append(made[k].astype(int)[there].max() - images[row].astype(int)[there].max())
        own = records["label"] == records["label"][row]
        other = boxes[~own.to_numpy()].any(axis=0)
        assert (there & other).sum() > 0.5 * there.sum()
    assert np.mean(np.array(gained) > 50) > 0.9  # on the film's own bright edge ink is not seen


def test_without_markers_or_zones_there_is_less_to_change(bones):
    images, zones, records = bones
    plain = records.drop(columns=[name for name in records if name.startswith("marker")])
    assert list(interventions.versions(images, zones, plain)) == [AS_IT_IS, ZONE_OUT, ELSEWHERE]
    assert list(interventions.versions(images, None, plain)) == [AS_IT_IS]
    unmarked = records.assign(marker_x0=np.nan)
    assert MARKER_OUT not in interventions.versions(images, zones, unmarked)
    some = zones.copy()
    some[:30] = 0
    made, rows = interventions.versions(images, some, plain)[ZONE_OUT]
    assert rows.tolist() == list(range(30, 40)) and len(made) == 10


def test_shares_of_the_energy_by_hand():
    heatmap = np.zeros((16, 16))
    heatmap[4, 4], heatmap[8, 8], heatmap[0, 0], heatmap[12, 5] = 4, 3, 2, 1
    zone, marker = np.zeros((2, 16, 16), bool)
    zone[4, 4] = marker[8, 8] = marker[4, 4] = True
    found = interventions.shares(heatmap, zone, marker)
    assert found == pytest.approx({"zone": 0.4, "marker": 0.3, "border": 0.2, "rest": 0.1})
    unknown = interventions.shares(heatmap, None, None)
    assert unknown["rest"] == pytest.approx(0.8) and np.isnan(unknown["zone"])
    assert np.isnan(interventions.shares(0 * heatmap, zone, marker)["rest"])


# --- planted networks: hand-set weights, one cue each ------------------------------------------


def reads(where: np.ndarray, sign: float) -> keras.Model:
    """A network that answers by how bright a fixed place is: `where` has the weights, H x W."""
    pixels = keras.Input((SIZE, SIZE, 1))
    maps = layers.ReLU(name="relu")(layers.Conv2D(1, 1, name="conv")(pixels))
    dense = layers.Dense(1, activation="sigmoid", name="top")
    model = keras.Model(pixels, dense(layers.Flatten()(maps)))
    model.get_layer("conv").set_weights([np.ones((1, 1, 1, 1)), np.array([-0.8])])
    dense.set_weights([sign * where.reshape(-1, 1), np.zeros(1)])
    return model


def accuracies(model, images, zones, records):
    made = interventions.versions(images, zones, records)
    found = interventions.answers(
        {name: model.predict(made[name][0] / 255.0, verbose=0)[:, 0] for name in made},
        made,
        records["label"].to_numpy(),
        records["image"].to_numpy(),
    )
    right = (found["probability"] > 0.5) == (found["label"] == 1)
    return right.groupby(found["intervention"]).mean()


def test_a_network_that_reads_the_marker_is_found_out(bones):
    """Ink above the middle speaks for one class, ink below it for the other: outside the shaft."""
    images, zones, records = bones
    boxes = interventions.marker_boxes(records, (SIZE, SIZE))
    place = (boxes.any(axis=0) | boxes.any(axis=0)[::-1]).astype(float)
    place[SIZE // 2 :] *= -1
    top = boxes[records["label"].to_numpy() == 1].any(axis=0)[: SIZE // 2].sum() > 0
    model = reads(100 * place, 1 if top else -1)
    found = accuracies(model, images, zones, records)
    assert found[AS_IT_IS] > 0.9
    assert found[MARKER_MOVED] < 0.1
    assert 0.3 < found[MARKER_OUT] < 0.7
    assert found[ZONE_OUT] > 0.9 and found[ELSEWHERE] > 0.8
    maps = heatmaps.explain(
        model, (images / 255.0).astype("float32"), layer="relu", target=None, method="HiResCAM"
    )
    shares = pd.DataFrame(
        [interventions.shares(*each) for each in zip(maps, zones, boxes, strict=True)]
    ).mean()
    assert shares["marker"] > 0.6 > 0.1 > shares["zone"]


def test_a_network_that_reads_the_fracture_is_found_out():
    """A bright spot in the zone of one class alone, and a marker that tells nothing."""
    images, zones, records = phantoms.draw_dataset(
        "bone", train=0, validation=40, size=SIZE, channels=1, seed=2, marker=0.5
    )
    label = records["label"].to_numpy()
    images = np.minimum(images, 190)
    zones = np.zeros_like(zones)
    zones[:, 40:50, 70:80] = 1
    images[label == 1, 40:50, 70:80] = 255
    model = reads(100.0 * zones[0], 1)
    model.get_layer("top").bias.assign([-1.0])
    found = accuracies(model, images, zones, records)
    assert found[AS_IT_IS] == 1 and found[MARKER_MOVED] == 1 and found[MARKER_OUT] == 1
    assert found[ZONE_OUT] == 0.5 and found[ELSEWHERE] == 1
    boxes = interventions.marker_boxes(records, (SIZE, SIZE))
    maps = heatmaps.explain(
        model, (images / 255.0).astype("float32"), layer="relu", target=None, method="HiResCAM"
    )
    shares = pd.DataFrame(
        [
            interventions.shares(*each)
            for each, cue in zip(zip(maps, zones, boxes, strict=True), label, strict=True)
            if cue
        ]
    ).mean()
    assert shares["zone"] > 0.9 > 0.1 > shares["marker"]
