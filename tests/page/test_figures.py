"""Figures: tables hold what was planted, files repeat, odd runs do not stop them."""

import xml.etree.ElementTree as xml

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import stats

from labproof.page.figures import curves, heatmaps, predictions, style
from labproof.page.figures.images import gallery, pairs, sheet

CLASSES = ("nevus", "melanoma")


def history(seeds: int = 3, epochs: int = 6) -> pd.DataFrame:
    """A history whose every value tells its seed and epoch."""
    rows = [
        {
            "seed": seed,
            "epoch": epoch,
            "loss": 0.7 - 0.01 * epoch + 0.1 * seed,
            "accuracy": 0.5 + 0.01 * epoch,
            "val_loss": 0.8 + 0.01 * epoch + 0.1 * seed,
            "val_accuracy": 0.55 + 0.01 * epoch + 0.02 * seed,
        }
        for seed in range(seeds)
        for epoch in range(1, epochs + 1)
    ]
    return pd.DataFrame(rows)


def answers(seeds: int = 3, images: int = 40, rng_seed: int = 0) -> pd.DataFrame:
    """Predictions with some skill and with ties."""
    rng = np.random.default_rng(rng_seed)
    label = np.arange(images) % 2
    parts = []
    for seed in range(seeds):
        probability = np.clip(rng.normal(0.35 + 0.3 * label, 0.2), 0, 1).round(1)
        parts.append(
            pd.DataFrame(
                {
                    "seed": seed,
                    "image": np.arange(images),
                    "label": label,
                    "probability": probability,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def pictures(count: int = 8, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Noise as images, and a zone that touches the border in each."""
    images = np.random.default_rng(1).integers(0, 256, (count, 16, 16, channels), dtype=np.uint8)
    zones = np.zeros((count, 16, 16), np.uint8)
    zones[:, :4, 3:7] = 1
    return images, zones


def explained(count: int = 3) -> list[heatmaps.Explained]:
    images, zones = pictures(count)
    heat = np.linspace(0, 1, 256).reshape(16, 16)
    return [
        heatmaps.Explained(
            name=f"image {i}",
            image=images[i],
            heatmap=heat * (i != 1),  # the second map is zero everywhere
            truth=CLASSES[i % 2],
            predicted=CLASSES[1],
            probability=0.5 + i / 10,
            zone=zones[i],
        )
        for i in range(count)
    ]


PUBLISHED = pd.DataFrame(
    [
        ("plain", "lab report", "accuracy", 0.85),
        ("plain", "lab report", "val_accuracy", 0.8),
        ("plain", "another", "val_loss", 0.518),
        ("plain", "another", "accuracy", np.nan),
        ("elsewhere", "another", "accuracy", 0.99),
    ],
    columns=["cell", "group", "metric", "value"],
)


def every_kind() -> dict:
    """Each function that gives a figure and a table, with data for it."""
    images, zones = pictures()
    labels = np.arange(8) % 2
    rows = {
        "skin": {"original": images[0]},
        "skin, draws": {"1": images[1] / 255, "2\nand more": images[2], "3": images[3][..., 0]},
    }
    return {
        "curves": lambda: curves.learning_curves({"plain": history(), "b": history()}, PUBLISHED),
        "predictions": lambda: predictions.predictions(
            {"plain": answers(), "b": answers(1)}, {"plain": CLASSES, "b": CLASSES}
        ),
        "sheet": lambda: sheet(images, labels, CLASSES, zones=zones),
        "gallery": lambda: gallery(rows),
        "contact": lambda: heatmaps.contact_sheet(explained()),
    }


def words(path) -> str:
    """All text elements of an SVG, which holds them only if text stays text."""
    root = xml.parse(path).getroot()
    return "\n".join(
        "".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")
    )


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["curves", "predictions", "sheet", "gallery", "contact"])
def test_a_second_run_writes_the_same_bytes(kind, tmp_path):
    for folder in ("first", "second"):
        figure, table = every_kind()[kind]()
        style.save(figure, tmp_path / folder / kind, table)
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert names == [f"{kind}.{ending}" for ending in ("csv", "png", "svg")]
    for name in names:
        first, second = (tmp_path / folder / name for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes(), name


@pytest.mark.parametrize("kind", ["curves", "predictions"])
def test_a_figure_saved_twice_is_the_same(kind, tmp_path):
    figure, table = every_kind()[kind]()
    for name in ("first", "second"):
        style.save(figure, tmp_path / name, table)
    for ending in (".svg", ".png"):
        first, second = (tmp_path / (name + ending) for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes(), ending


def test_the_table_that_is_saved_is_the_table_that_was_given(tmp_path):
    figure, table = every_kind()["curves"]()
    style.save(figure, tmp_path / "deep" / "1a.plain", table)  # a dot is no file ending
    read = pd.read_csv(tmp_path / "deep" / "1a.plain.csv", dtype={"who": object})
    pd.testing.assert_frame_equal(read, table.astype({"who": str}), check_dtype=False)
    with Image.open(tmp_path / "deep" / "1a.plain.png") as png:
        assert np.allclose(png.info["dpi"], 150, atol=0.1)
        assert png.convert("RGB").getpixel((png.width - 1, png.height - 1)) == (255, 255, 255)


def test_svg_holds_text_as_text(tmp_path):
    for kind, expected in {
        "curves": ["plain", "loss", "accuracy", "epoch", "training, mean", "lab report, one run"],
        "predictions": ["nevus", "melanoma", "true class", "AUC"],
        "contact": ["✓ right: melanoma, 60%", "✗ wrong: melanoma, 50%", "map is zero"],
    }.items():
        figure, table = every_kind()[kind]()
        style.save(figure, tmp_path / kind, table)
        text = words(tmp_path / f"{kind}.svg")
        for phrase in expected:
            assert phrase in text, (kind, phrase)


def test_drawing_leaves_the_global_style_alone(tmp_path):
    before = dict(matplotlib.rcParams)
    for kind, draw in every_kind().items():
        figure, table = draw()
        style.save(figure, tmp_path / kind, table)
    assert dict(matplotlib.rcParams) == before


# --- learning curves -------------------------------------------------------------------------


def test_curves_table_holds_seeds_means_and_published_values():
    _, table = curves.learning_curves({"plain": history(), "dropout": history(2)}, PUBLISHED)
    seeds = table[(table.cell == "plain") & (table.kind == "seed")]
    expected = history()
    for column in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_array_equal(seeds[column], expected[column])
    np.testing.assert_array_equal(seeds.who.astype(int), expected.seed)

    mean = table[(table.cell == "plain") & (table.kind == "mean")]
    assert mean.who.tolist() == [3] * 6
    np.testing.assert_allclose(mean.val_loss, 0.8 + 0.01 * mean.epoch + 0.1)  # seeds 0, 1, 2

    published = table[table.kind == "published"].set_index("who")
    assert sorted(published.index) == ["another", "lab report"]  # not the one without a cell
    assert published.loc["lab report", ["accuracy", "val_accuracy"]].tolist() == [0.85, 0.8]
    assert published.loc["another", "val_loss"] == 0.518
    assert np.isnan(published.loc["another", "accuracy"])
    assert (published.epoch == 6).all()


def test_curves_draw_what_the_table_says():
    """Lines in the axes: thin ones are the seeds', the thick ones the mean's."""
    figure, table = curves.learning_curves({"plain": history()})
    loss, accuracy = figure.axes
    thick = [line for line in loss.lines if line.get_linewidth() == 1.8]
    assert [line.get_color() for line in thick] == ["#0072B2", "#D55E00"]
    assert thick[0].get_linestyle() != thick[1].get_linestyle()
    mean = table[table.kind == "mean"]
    np.testing.assert_array_equal(thick[0].get_ydata(), mean.loss)
    np.testing.assert_array_equal(thick[1].get_ydata(), mean.val_loss)
    thin = [line for line in accuracy.lines if line.get_linewidth() == 0.7]
    assert len(thin) == 2 * 3
    drawn = [line.get_ydata() for line in thin if line.get_color() == "#D55E00"]
    seeds = [one.val_accuracy for _, one in table[table.kind == "seed"].groupby("who")]
    np.testing.assert_array_equal(drawn, seeds)


def test_rows_share_their_axes():
    other = history()
    other["val_loss"] += 1
    figure, _ = curves.learning_curves({"a": history(), "b": other, "c": history(1, 2)})
    limits = {ax.get_ylim() for ax in figure.axes[:3]}
    assert len(limits) == 1
    assert limits.pop()[1] > other.val_loss.max()


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (1, 2), (3, 1), (30, 4)])
def test_few_and_many_seeds_and_epochs(seeds, epochs, tmp_path):
    figure, table = curves.learning_curves({"plain": history(seeds, epochs)}, PUBLISHED)
    style.save(figure, tmp_path / "curves", table)
    text = words(tmp_path / "curves.svg")
    assert (f"one of {seeds} seeds" in text) == (seeds > 1)
    assert len(table[table.kind == "seed"]) == seeds * epochs


@pytest.mark.parametrize("column", ["loss", "val_loss"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_diverged_seed_is_left_out_and_named(column, value, tmp_path):
    broken = history()
    broken.loc[(broken.seed == 1) & (broken.epoch > 3), column] = value
    figure, table = curves.learning_curves({"plain": broken})
    style.save(figure, tmp_path / "curves", table)
    assert "not finite in 1 of 3 seeds" in words(tmp_path / "curves.svg")
    mean = table[(table.kind == "mean") & (table.epoch == 6)]
    others = history().query("seed != 1 and epoch == 6")[column]
    assert mean[column].item() == pytest.approx(others.mean())
    assert np.isfinite(figure.axes[0].get_ylim()).all()


def test_nothing_finite_at_all_still_draws(tmp_path):
    broken = history()
    broken[["loss", "val_loss"]] = np.nan
    figure, table = curves.learning_curves({"plain": broken}, PUBLISHED)
    style.save(figure, tmp_path / "curves", table)
    assert "not finite in 3 of 3 seeds" in words(tmp_path / "curves.svg")


def test_an_outlier_is_cut_and_said_but_overfitting_is_not(tmp_path):
    spiky = history(3, 20)
    spiky.loc[(spiky.seed == 0) & (spiky.epoch == 5), "val_loss"] = 3e4
    figure, table = curves.learning_curves({"plain": spiky})
    style.save(figure, tmp_path / "curves", table)
    assert "axis cut, highest 3e+04" in words(tmp_path / "curves.svg")
    assert figure.axes[0].get_ylim()[1] < 3

    overfitted = history(3, 20)
    overfitted["val_loss"] += 0.3 * overfitted.epoch
    figure, table = curves.learning_curves({"plain": overfitted, "dropout": history(3, 20)})
    style.save(figure, tmp_path / "curves", table)
    assert "axis cut" not in words(tmp_path / "curves.svg")
    assert figure.axes[0].get_ylim()[1] > overfitted.val_loss.max()


# --- predictions -----------------------------------------------------------------------------


@pytest.mark.parametrize("decimals", [1, 2, 17])  # many ties, some, none
def test_auc_is_the_mann_whitney_statistic(decimals):
    rng = np.random.default_rng(decimals)
    label = rng.integers(0, 2, 57)
    probability = rng.random(57).round(decimals)
    of_positives, of_negatives = probability[label == 1], probability[label == 0]
    u = stats.mannwhitneyu(of_positives, of_negatives).statistic
    expected = u / (len(of_positives) * len(of_negatives))
    assert predictions.auc(label, probability) == pytest.approx(expected, abs=1e-12)


def test_roc_by_hand():
    across, up = predictions.roc(np.array([0, 1, 1, 0, 1]), np.array([0.1, 0.9, 0.6, 0.6, 0.2]))
    np.testing.assert_allclose(across, [0, 0, 0.5, 0.5, 1])
    np.testing.assert_allclose(up, [0, 1 / 3, 2 / 3, 1, 1])
    assert predictions.auc([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]) == 1
    assert predictions.auc([0, 0, 1, 1], [0.5, 0.5, 0.5, 0.5]) == 0.5
    with pytest.raises(ValueError, match="both classes"):
        predictions.auc([1, 1], [0.1, 0.2])


def test_predictions_table_holds_counts_shares_and_areas():
    """Two seeds, four images: seed 0 is right in all, seed 1 calls one nevus a melanoma."""
    frame = pd.DataFrame(
        {
            "seed": [0] * 4 + [1] * 4,
            "image": [*range(4)] * 2,
            "label": [0, 0, 1, 1] * 2,
            "probability": [0.1, 0.5, 0.8, 0.9, 0.1, 0.85, 0.8, 0.9],  # 0.5 is not above 0.5
        }
    )
    _, table = predictions.predictions({"plain": frame}, {"plain": CLASSES})
    confusion = table[table.kind == "confusion"].set_index(["true", "predicted"])
    assert confusion["count"].to_dict() == {
        ("nevus", "nevus"): 1.5,
        ("nevus", "melanoma"): 0.5,
        ("melanoma", "nevus"): 0,
        ("melanoma", "melanoma"): 2,
    }
    assert confusion.loc[("nevus", "melanoma"), "share"] == 0.25
    areas = table[table.kind == "auc"].set_index("seed").auc.to_dict()
    assert areas == {0: 1.0, 1: 0.75, "mean": 0.875}
    mean = table[(table.kind == "roc") & (table.seed == "mean")].astype(
        {"false_positive_rate": float, "true_positive_rate": float}
    )
    half = mean[np.isclose(mean.false_positive_rate, 0.25)]
    assert half.true_positive_rate.tolist() == [0.75]  # of 1 and 0.5


def test_the_mean_curve_encloses_the_mean_area():
    _, table = predictions.predictions({"plain": answers(5, 200)}, {"plain": CLASSES})
    mean = table[(table.kind == "roc") & (table.seed == "mean")]
    area = np.trapezoid(
        mean.true_positive_rate.astype(float), mean.false_positive_rate.astype(float)
    )
    areas = table[(table.kind == "auc") & (table.seed == "mean")].auc.item()
    assert area == pytest.approx(areas, abs=0.01)


def test_predictions_without_finite_values_or_without_a_class(tmp_path):
    broken = answers()
    broken.loc[3, "probability"] = np.nan  # in seed 0
    gone = answers().assign(probability=np.nan)
    one_class = answers().query("label == 1")
    frames = {"broken": broken, "gone": gone, "one class": one_class}
    figure, table = predictions.predictions(frames, dict.fromkeys(frames, CLASSES))
    style.save(figure, tmp_path / "predictions", table)
    text = words(tmp_path / "predictions.svg")
    assert "left out, not finite: 1 of 3 seeds" in text
    assert "left out, not finite: 3 of 3 seeds" in text
    assert text.count("AUC not defined") == 2
    used = table[(table.cell == "broken") & (table.kind == "auc")].seed.tolist()
    assert used == [1, 2, "mean"]
    counts = table[(table.cell == "broken") & (table.kind == "confusion")]["count"]
    assert counts.sum() == pytest.approx(40)


# --- images ----------------------------------------------------------------------------------


def test_sheet_takes_the_first_of_each_class_with_their_zones():
    images, zones = pictures(8)
    labels = np.array([1, 1, 0, 1, 0, 1, 1, 0])
    figure, table = sheet(images, labels, CLASSES, zones=zones, per_class=4)
    assert table[table.label == 0].image.tolist() == [2, 4, 7]
    assert table[table.label == 1].image.tolist() == [0, 1, 3, 5]
    assert set(table.zone_share) == {16 / 256}
    shown = [ax for ax in figure.axes if ax.images]
    assert len(shown) == 7
    np.testing.assert_array_equal(shown[0].images[0].get_array(), images[2][..., 0])
    _, table = sheet(pictures(8, 3)[0], labels, CLASSES)
    assert table.zone_share.isna().all()


def test_gallery_shows_grey_values_as_they_are(tmp_path):
    """A darkened image must look dark: nothing is stretched to its own range."""
    bright = np.full((4, 4, 1), 200, np.uint8)
    figure, table = gallery({"1": {"as is": bright}, "2": {"darker": bright / 510}})
    style.save_png(figure, tmp_path / "gallery.png")
    with Image.open(tmp_path / "gallery.png") as png:
        middle, height = png.width // 2, png.height
        assert png.convert("L").getpixel((middle, height * 3 // 8)) == 200
        assert png.convert("L").getpixel((middle, height * 7 // 8)) == pytest.approx(100, abs=1)
    assert table.title.tolist() == ["as is", "darker"]
    np.testing.assert_allclose(table.highest, [200, 200 / 510])


# --- heatmaps --------------------------------------------------------------------------------


def test_contact_sheet_tells_right_from_wrong():
    _, table = heatmaps.contact_sheet(explained(4))
    assert table.answer.tolist() == ["wrong", "right", "wrong", "right"]
    assert table.heatmap.tolist() == ["found", "zero", "found", "found"]
    np.testing.assert_allclose(table.probability, [0.5, 0.6, 0.7, 0.8])


@pytest.mark.parametrize("channels", [1, 3])
def test_contact_sheet_says_where_a_map_shows_nothing(channels):
    images, _ = pictures(3, channels)
    maps = [np.zeros((16, 16)), np.full((16, 16), np.nan), np.eye(16)]
    items = [
        item._replace(image=image, heatmap=heat)
        for item, image, heat in zip(explained(3), images, maps, strict=True)
    ]
    figure, table = heatmaps.contact_sheet(items)
    assert table.heatmap.tolist() == ["zero", "not finite", "found"]
    words = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert words.count("map is zero\neverywhere") == words.count("map is\nnot finite") == 1


def test_contact_sheet_refuses_a_map_of_another_size():
    with pytest.raises(ValueError, match="upsample"):
        heatmaps.contact_sheet([explained(1)[0]._replace(heatmap=np.zeros((4, 4)))])


# --- pairs -------------------------------------------------------------------------------------


def test_pairs_show_the_worst_first():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (8, 16, 16, 1), dtype=np.uint8)
    found = pd.DataFrame(
        {
            "first": [0, 1, 2],
            "second": [4, 5, 6],
            "correlation": 1.0,
            "first_split": "train",
            "second_split": ["train", "validation", "validation"],
            "first_class": "no",
            "second_class": ["no", "no", "yes"],
        }
    )
    figure, shown = pairs(images, found, most=2)
    assert shown["first"].tolist() == [2, 1]
    drawn = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title(loc="left") for ax in drawn] == [
        "2: no\ntrain",
        "6: yes\nvalidation",
        "1: no\ntrain",
        "5: no\nvalidation",
    ]
    np.testing.assert_array_equal(drawn[1].images[0].get_array().squeeze(), images[6, ..., 0])


def test_a_label_is_text_and_no_formula(tmp_path):
    label = r"$\frac{1$ a_{b"
    figure, table = curves.learning_curves({label: history()})
    style.save(figure, tmp_path / "x", table)
    shown = "".join(xml.parse(tmp_path / "x.svg").getroot().itertext())
    assert label in shown


def test_answers_among_several_classes_are_counted_by_hand(tmp_path):
    names = ["cat", "dog", "eel"]
    label = np.array([0, 0, 1, 2])
    said = np.array([[0, 1, 1, 0], [0, 0, 1, 2]])  # of two seeds
    rows = [
        {
            "seed": seed,
            "image": i,
            "label": label[i],
            **{f"p{k}": 0.8 if k == x else 0.1 for k in range(3)},
        }
        for seed, row in enumerate(said)
        for i, x in enumerate(row)
    ]
    frames = {"plain": pd.DataFrame(rows)}
    figure, table = predictions.predictions(frames, {"plain": names})
    style.save(figure, tmp_path / "predictions", table)
    counts = table.set_index(["true", "predicted"])["count"]
    assert counts["cat", "cat"] == 1.5 and counts["cat", "dog"] == 0.5
    assert counts["eel", "cat"] == 0.5 and counts["eel", "eel"] == 0.5
    assert counts.sum() == 4 and len(counts) == 9
    _, unnamed = predictions.predictions(frames, {"plain": None})
    assert set(unnamed["true"]) == {"0", "1", "2"}


def test_curves_that_a_users_code_does_not_write_are_left_out(tmp_path):
    bare = history()[["seed", "epoch", "loss"]]
    figure, table = curves.learning_curves({"plain": bare})
    style.save(figure, tmp_path / "curves", table)
    assert table["accuracy"].isna().all() and table["loss"].notna().all()
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss"]
    units = {"loss": "nats", "accuracy": "share"}
    two, _ = curves.learning_curves({"plain": bare, "all": history()}, units=units)
    assert [ax.get_ylabel() for ax in two.axes[::2]] == ["loss (nats)", "accuracy (share)"]


def test_where_nobody_has_a_loss_or_an_accuracy_the_first_column_is_drawn():
    dice = history()[["seed", "epoch"]].assign(val_dice=0.1 * history().epoch, leaves=4)
    figure, table = curves.learning_curves({"plain": dice})
    (ax,) = figure.axes
    assert ax.get_ylabel() == "dice"
    thick = [line for line in ax.lines if line.get_linewidth() == 1.8]
    np.testing.assert_allclose(thick[0].get_ydata(), 0.1 * np.arange(1, 7))
    assert table.loc[table.kind == "seed", "val_dice"].tolist() == dice.val_dice.tolist()


def test_predictions_of_numbers_are_no_answers_to_draw():
    numbers = pd.DataFrame({"seed": [0], "image": [0], "label": [1.5], "prediction": [1.4]})
    assert not predictions.of_classes(numbers) and not predictions.of_classes(None)
    assert predictions.of_classes(answers())
    assert predictions.of_classes(pd.DataFrame({"label": [2], "p0": [0.2], "p1": [0.8]}))
