"""Scores of heatmaps by hand, and against maps whose truth is planted."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, jaccard_score

from labproof.explain import scores
from labproof.explain.scores import by_area, score


@pytest.fixture
def zone():
    made = np.zeros((56, 56), np.uint8)
    made[10:20, 30:42] = 1  # 120 of 3136 pixels
    return made


def test_energy_by_hand():
    zone = np.zeros((4, 5), np.uint8)
    zone[1:3, 1:3] = 1
    heatmap = np.zeros((4, 5), np.float32)
    heatmap[1, 1], heatmap[2, 2], heatmap[0, 4] = 3, 1, 4
    assert score(heatmap, zone)["energy"] == 0.5
    assert score(heatmap, np.ones((4, 5)))["energy"] == 1


def test_a_map_of_the_zone_itself_is_perfect(zone):
    assert score(zone.astype(float), zone) == {
        "energy": 1,
        "pointing": 1,
        "overlap": 1,
        "precision": 1,
    }
    elsewhere = score(np.roll(zone, 28, axis=0).astype(float), zone)
    assert elsewhere["energy"] == elsewhere["pointing"] == elsewhere["overlap"] == 0
    assert elsewhere["precision"] <= by_area(zone)["precision"]


@pytest.mark.parametrize("level", [0, 0.3])
def test_a_map_without_a_preference_scores_as_chance(zone, level):
    found, chance = score(np.full(zone.shape, level), zone), by_area(zone)
    assert found == pytest.approx(chance)


def test_chance_is_the_mean_of_random_maps(zone):
    rng = np.random.default_rng(0)
    found = [score(rng.random(zone.shape), zone) for _ in range(300)]
    for name, expected in by_area(zone).items():
        values = [each[name] for each in found]
        error = np.std(values) / np.sqrt(len(values))
        # a ranking's average precision and the mean of a ratio lie a little above their limits
        assert np.mean(values) == pytest.approx(expected, abs=4 * error + 0.05 * expected), name


def test_pointing_has_the_usual_tolerance(zone):
    """15 of 224 pixels are 3.75 of 56."""
    for distance, hit in ((0, 1), (3, 1), (4, 0)):
        heatmap = np.zeros(zone.shape)
        heatmap[9 - distance + 1, 35] = 1
        assert score(heatmap, zone)["pointing"] == hit, distance
    heatmap = np.zeros(zone.shape)
    heatmap[15, 35] = heatmap[50, 5] = 1  # one maximum of two
    assert score(heatmap, zone)["pointing"] == 0.5


def test_overlap_is_scikit_learns_of_the_hottest_pixels(zone):
    rng = np.random.default_rng(1)
    heatmap = rng.random(zone.shape) + 0.4 * zone
    hottest = heatmap >= np.sort(heatmap.ravel())[-int(zone.sum())]
    expected = jaccard_score(zone.ravel(), hottest.ravel())
    assert score(heatmap, zone)["overlap"] == pytest.approx(expected)


def test_what_is_no_map_is_refused(zone):
    with pytest.raises(ValueError, match="upsample"):
        score(np.ones((2, 2)), np.ones((4, 4)))
    with pytest.raises(ValueError, match="negative"):
        score(-np.eye(2), np.ones((2, 2)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_map_that_is_not_finite_has_no_score(zone, bad):
    assert np.isnan(list(score(np.full(zone.shape, bad), zone).values())).all()


def test_an_empty_zone_has_no_score(zone):
    for found in (score(np.ones(zone.shape), 0 * zone), by_area(0 * zone)):
        assert np.isnan(list(found.values())).all()


def test_the_centre_prior_points_at_the_centre():
    made = scores.centre_map((40, 60))
    assert made.shape == (40, 60) and made.max() <= 1
    np.testing.assert_allclose(made, made[::-1, ::-1])
    middle = np.zeros((40, 60))
    middle[18:22, 28:32] = 1
    assert score(made, middle)["pointing"] == 1
    assert score(made, middle)["energy"] > by_area(middle)["energy"]


def test_deletion_and_insertion_know_the_evidence(zone):
    """A classifier that answers by how much of the zone is white."""
    image = 0.2 + 0.6 * zone[..., None].astype(np.float32)

    def classifier(batch):
        return batch[..., 0][:, zone > 0].mean(axis=1)

    right = scores.curves(classifier, image, zone.astype(float))
    wrong = scores.curves(classifier, image, 1.0 - zone)
    assert right["deletion"] < wrong["deletion"] and right["insertion"] > wrong["insertion"]


def test_curves_of_a_classifier_that_sees_nothing_are_flat(zone):
    found = scores.curves(
        lambda batch: np.full(len(batch), 0.7), zone[..., None].astype(np.float32), zone
    )
    assert found == pytest.approx({"deletion": 0.7, "insertion": 0.7})


def test_the_curves_end_at_the_image_and_at_nothing(zone):
    image = np.random.default_rng(0).random((*zone.shape, 1)).astype(np.float32)
    seen = []
    scores.curves(lambda batch: seen.append(batch) or np.zeros(len(batch)), image, zone)
    deleted, inserted = np.split(seen[0], 2)
    np.testing.assert_array_equal(deleted[0], image)
    np.testing.assert_allclose(deleted[-1], image.mean())
    np.testing.assert_array_equal(inserted[-1], image)
    share = [(frame != image).mean() for frame in deleted]
    np.testing.assert_allclose(share, np.linspace(0, 1, 17), atol=0.001)


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_precision_is_that_of_scikit_learn(zone, levels):
    rng = np.random.default_rng(levels)
    for _ in range(5):
        heatmap = rng.integers(0, levels, zone.shape).astype("float32") + zone * rng.uniform(0, 2)
        expected = average_precision_score((zone > 0).ravel(), heatmap.ravel())
        assert score(heatmap, zone)["precision"] == pytest.approx(expected, rel=1e-12)
