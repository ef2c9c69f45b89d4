"""The page's source: its words follow the numbers, its numbers are right, its parts are there."""

import html
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fake_results
from labproof import words
from labproof.errors import LabError
from labproof.judging import record
from labproof.page import cells, heatmaps, report, scoreboard, sentences
from labproof.page.data import dataset_row
from labproof.paths import Results
from labproof.words import Estimate

TEMPLATE = Path(__file__).parents[2] / "report" / "index.qmd.jinja"


def written(folder: Path, lab: dict, published: Path) -> str:
    output = folder / "again" / "index.qmd"  # the page that all tests read stays as it is
    report.write(lab, folder, published, TEMPLATE, output)
    return output.read_text(encoding="utf-8").replace(words.NBSP, " ")


@pytest.fixture(scope="module")
def fake(made):
    """(results folder, lab, published.csv, text of the page)."""
    text = made.qmd.read_text(encoding="utf-8").replace(words.NBSP, " ")
    return made.folder, made.lab, made.published, text


def task(text: str, name: str) -> str:
    """One task's section."""
    return re.search(rf"^## Task {name}:.*?(?=^## )", text, re.M | re.S).group()


def values(**changed) -> dict[str, Estimate]:
    """Estimates that say nothing (their intervals hold 0), but for those given as (low, high)."""
    bounds = dict.fromkeys(["overfitting", "validation_trend", "slope", "accuracy_gap"], (-1, 1))
    bounds["final_val_accuracy"] = (0.7, 0.8)
    bounds |= changed
    return {k: Estimate((a + b) / 2, a, b, 5) for k, (a, b) in bounds.items()}


# --- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.12345, "0.123"), (-0.5, "−0.500"), (-0.0001, "0.000"), (np.nan, "–"), (None, "–")],
)
def test_number(value, text):
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1e-4, "10^−4^"), (2.5e-5, "2.5 × 10^−5^"), (1.0, "10^0^"), (0, "0")]
)
def test_power(value, text):
    assert words.power(value).replace(words.NBSP, " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.2, "4.2 s"), (99, "99 s"), (600, "10.0 min"), (7200, "2.0 h")]
)
def test_duration(seconds, text):
    assert words.duration(seconds).replace(words.NBSP, " ") == text


def test_listing_counts_the_rest():
    assert words.listing(["a"]) == "a"
    assert words.listing(["a", "b", "c"]) == "a, b and c"
    assert words.listing(list("abcdef"), most=3) == "a, b and 4 more"


def test_time_of_a_training_that_goes_on_is_counted_once():
    def cell(seconds, continues=None):
        facts = seconds and {"seconds": seconds}
        return {"facts": facts, "settings": {"continues": continues, "same_as": None}}

    four = {"a": cell(10), "b": cell(25, "a"), "c": cell(5), "d": cell(None, "c")}
    assert cells.seconds(four) == 25 + 5
    assert np.isnan(cells.seconds({"d": four["d"]}))


def test_size_keeps_the_interval_the_right_way_round():
    assert Estimate(-2.0, -3.0, -1.0, 5).size == Estimate(2.0, 1.0, 3.0, 5)


# --- sentences -------------------------------------------------------------------------------


def test_the_plan_of_the_looks_is_told_and_a_claim_that_changed_after_one(fake):
    folder, lab, published, text = fake
    assert "looks after 5 seeds, and 9.0 min for the" in text
    assert "Cells got more seeds 1 time, for about 90 s." in text
    assert "was changed after a look" not in text
    changed = {**lab, "granted": {**lab["granted"], "changed": True}}
    assert "was changed after a look" in written(folder, changed, published)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"overfitting": (0.2, 0.4), "validation_trend": (0.1, 0.2)}, "**A** overfits"),
        ({"overfitting": (0.2, 0.4), "validation_trend": (-0.2, -0.1)}, "still falls by"),
        ({"overfitting": (-0.4, -0.2)}, "**A** does not overfit"),
        ({"overfitting": (-0.4, 0.2)}, "do not tell"),
        ({"slope": (-0.2, -0.1)}, "not converged"),
        ({"slope": (0.1, 0.2)}, "training loss rises"),
        ({"accuracy_gap": (0.1, 0.2)}, "above training accuracy"),
        ({"accuracy_gap": (-0.2, -0.1)}, "below training accuracy"),
        ({"final_val_accuracy": (0.45, 0.55)}, "cannot be told from always naming one class"),
        ({"final_val_accuracy": (0.3, 0.4)}, "worse than always naming one class"),
    ],
)
def test_a_sentence_comes_with_its_numbers_and_only_then(changed, said):
    assert said in " ".join(sentences.about_cell("A", values(**changed), 0.4, 0.5))
    opposite = values(overfitting=(-0.1, 0.1) if "overfitting" not in changed else (0.1, 0.3))
    if changed.get("overfitting") == (-0.4, 0.2) or "overfitting" not in changed:
        opposite["overfitting"] = Estimate(0.2, 0.1, 0.3, 5)
    assert said not in " ".join(sentences.about_cell("A", opposite, 0.4, 0.5))


def test_dropout_is_named_only_where_it_is_active():
    gap = values(accuracy_gap=(0.1, 0.2))
    assert "dropout active" in " ".join(sentences.about_cell("A", gap, 0.4, 0.5))
    assert "dropout active" not in " ".join(sentences.about_cell("A", gap, 0.0, 0.5))


def test_disjoint_intervals_are_ordered_overlapping_ones_are_not():
    low, high = Estimate(0.60, 0.55, 0.65, 5), Estimate(0.80, 0.75, 0.85, 5)
    middle = Estimate(0.70, 0.62, 0.78, 5)
    assert "**A** ends with a lower accuracy than **B**" in sentences.order(
        "A", "B", low, high, "accuracy"
    )
    assert "**A** ends with a higher accuracy than **B**" in sentences.order(
        "A", "B", high, low, "accuracy"
    )
    assert "does not order" in sentences.order("A", "B", low, middle, "accuracy")
    lonely = Estimate(0.9, np.nan, np.nan, 1)
    assert "cannot be ordered" in sentences.order("A", "B", low, lonely, "accuracy")


@pytest.mark.parametrize(
    ("published", "where"),
    [
        ([0.5, 0.6], "above"),
        ([0.9], "below"),
        ([0.7, 0.9], "inside"),
        ([0.8, 0.9], "reaches"),
        ([0.8], "reaches"),
        ([np.nan], None),
        ([], None),
    ],
)
def test_place_against_published(published, where):
    assert sentences.place(Estimate(0.8, 0.75, 0.85, 5), published) == where


def test_summary_names_the_cell_that_overfits_most():
    def cell(name, gap):
        told = values(overfitting=(gap - 0.01, gap + 0.01), validation_trend=(0.1, 0.2))
        return {"name": name, "values": told, "published": [], "chance": 0.5}

    assert "most of all `b`" in " ".join(sentences.summary([cell("a", 0.2), cell("b", 0.5)]))
    assert "most of all `a`" in " ".join(sentences.summary([cell("a", 0.6), cell("b", 0.5)]))
    assert "None of 1 cell" in " ".join(sentences.summary([cell("a", -0.2)])).replace(
        words.NBSP, " "
    )


def test_heat_is_said_to_prefer_the_zone_only_when_it_does():
    def said(low, high):
        difference = Estimate((low + high) / 2, low, high, 5)
        return sentences.heat(Estimate(0.3, 0.2, 0.4, 5), 0.1, difference)

    assert "more than an even map" in said(0.1, 0.3)
    assert "less than an even map" in said(-0.3, -0.1)
    assert "not seen to prefer" in said(-0.1, 0.3)


# --- the page --------------------------------------------------------------------------------


def test_planted_truths_are_told(fake):
    text = fake[-1]
    first, spatial = task(text, "1a"), task(text, "2a")
    assert "**without dropout** overfits" in first
    assert "**with dropout** does not overfit" in first
    assert "**without dropout** ends with a higher validation loss" in first
    assert "gives every validation example the same class" in spatial
    assert "gives every validation example the same class" not in first
    assert "lies below the published 0.800" in spatial
    assert "less than an even map" in task(text, "8")
    assert "most of all `1b-bn`" in text


def test_other_numbers_other_words(fake, tmp_path):
    lab = fake_results.make(tmp_path)
    path = tmp_path / "histories" / "1a-plain.csv"
    history = pd.read_csv(path)
    history["val_loss"] = history["loss"] - 0.05
    history.to_csv(path, index=False)
    first = task(written(tmp_path, lab, fake[2]), "1a")
    assert "**without dropout** overfits" not in first
    assert "**without dropout** does not overfit" in first


def test_table_against_pandas_and_scipy(fake):
    folder, _, _, text = fake
    history = pd.read_csv(folder / "histories" / "1a-dropout.csv")
    last = history[history["epoch"] > 18]  # the last tenth of 20 epochs
    for column, name in [("val_accuracy", "validation accuracy"), ("loss", "training loss")]:
        finals = last.groupby("seed")[column].mean()
        low, high = stats.t.interval(0.95, 4, finals.mean(), stats.sem(finals))
        row = f"| {name} | {finals.mean():.3f} \\[{low:.3f}, {high:.3f}\\] | 5 |"
        assert row in task(text, "1a")


def test_tables_say_their_units(fake):
    assert task(fake[-1], "1a").count("Accuracies are shares, losses in nats.") == 1
    heads = [line for line in fake[-1].splitlines() if line.startswith("| Cell | Data |")]
    assert len(heads) == 1 and "| Base (maps) | Dense (units) |" in heads[0]
    assert "| Size (pixels) |" in fake[-1] and "| Peak memory (MiB) |" in fake[-1]


def test_published_numbers_and_notes_stand_in_the_table(fake):
    text = fake[-1]
    assert re.search(r"validation accuracy \| [^|]+\| 5 \| 0.850 \| 0.770 \| 0.830 \|", text)
    assert "| below BN | 0.800 |" in task(text, "2a")
    assert "0.780\\*" in task(text, "5") and "another data set" in task(text, "5")


def test_sections_are_there_in_order(fake):
    text = fake[-1]
    headings = re.findall(r"^## (.*?) \{#", text, re.M)
    tasks = [f"Task {key}: {title}" for key, title in fake_results.TITLES.items()]
    assert headings == [
        "All sentences",
        *tasks,
        "All cells",
        "Data",
        "What is in the images",
        "Settings",
        "Versions, and how to reproduce this page",
    ]


def test_every_reference_meets_one_identifier(fake):
    text = fake[-1]
    identifiers = re.findall(r"\{[^}\n\"]*?#([\w-]+)|<details[^>]* id=\"([\w-]+)\"", text)
    identifiers = [one or other for one, other in identifiers]
    assert len(identifiers) == len(set(identifiers))
    references = re.findall(r"(?<![\w])@((?:fig|tbl)-[\w-]*\w)", text)
    assert len(references) > 5
    assert set(references) <= set(identifiers)
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= set(identifiers)


def test_every_figure_and_table_has_a_caption(fake):
    text = fake[-1]
    tables = len(re.findall(r"^\|:?-", text, re.M))
    assert tables == len(re.findall(r"^: \S.* \{#tbl-", text, re.M)) > 10
    images = re.findall(r"!\[(.*?)\]\((.*?)\)\{#fig-", text)
    assert all(caption for caption, _ in images)
    assert len(images) == text.count("![")
    folder = fake[0] / "report"
    assert all((folder / link).is_file() for _, link in images)


def test_links_are_relative_and_no_date_is_told(fake):
    text = fake[-1]
    assert str(fake[0]) not in text
    assert not re.search(r"^date:|https?://(?!schema\.org\")", text, re.M)


def test_same_inputs_same_bytes(fake):
    folder, lab, published, text = fake
    assert written(folder, lab, published) == text


def test_phantoms_are_called_phantoms(fake):
    folder, lab, published, text = fake
    assert "prove nothing about skin or bone" in text.replace("\n", " ")
    assert "64 of 128 px; 30 of 60 images; 20 of 50 epochs." in text
    assert "A rehearsal, no verdict on the report" in text

    def taken(**kinds):
        images = {name: {"images": {"kind": kind}} for name, kind in kinds.items()}
        datasets = lab["datasets"]
        return {
            **lab,
            "sources": {name: {"kind": kind, "path": "my/files"} for name, kind in kinds.items()},
            "datasets": {name: {**d, **images[d["source"]]} for name, d in datasets.items()},
        }

    real = taken(skin="folder", bone="fracatlas")
    said = written(folder, real, published)
    assert "prove nothing" not in said
    assert "skin: 50 images from my/files, real ones, but not those that the report" in said
    assert "A rehearsal, no verdict on the report" in said
    mixed = written(folder, taken(skin="phantom", bone="folder"), published)
    assert "The images of skin were drawn by a program" in mixed
    assert "they prove nothing about skin." in mixed and "bone: 50 images from my/files" in mixed


def test_what_is_missing_is_not_available(fake, tmp_path):
    lab, published = fake[1], fake[2]
    text = written(tmp_path, lab, published)
    assert "No cell has been trained yet." in text
    assert text.count("not available") > 20
    assert "![" not in text and "nan" not in text
    references = set(re.findall(r"@((?:fig|tbl)-[\w-]*\w)", text))
    assert references <= set(re.findall(r"#((?:fig|tbl)-[\w-]+)", text))


def test_one_seed_is_not_told_from_chance(fake, tmp_path):
    lab = fake_results.make(tmp_path, seeds=[3])
    text = written(tmp_path, lab, fake[2])
    assert "one seed gives no interval" in text
    assert "overfits:" not in text and "do not overlap" not in task(text, "1a")
    assert 'seeds=3-3"' in html.unescape(text)


def test_only_changed_settings_show_the_protocol(fake):
    settings = fake[-1].split("## Settings")[1]
    row = next(line for line in settings.splitlines() if line.startswith("| 1a-plain"))
    assert "10^−4^ → 2 × 10^−4^" in row and "50 → 20" in row
    assert "→" not in row.split("|")[4]  # the base is not scaled


# --- verdicts --------------------------------------------------------------------------------


def said(text: str, name: str) -> str:
    """What the page says of one finding."""
    start = text.index(f'id="finding-{name}"')
    return text[start : text.index("\n:::::\n", start)]


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("1a-plain-overfits", "reproduced"),
        ("1a-dropout-none", "reproduced"),
        ("1a-dropout-better", "not reproduced"),
        ("1a-plain-accuracy", "reproduced"),
        ("8-accuracy", "undecided"),
    ],
)
def test_the_planted_verdict_stands_beside_the_sentence_and_on_the_scoreboard(fake, name, verdict):
    text = fake[-1]
    entry = next(e for e in fake[1]["findings"] if e["id"] == name)
    section = said(text, name)
    assert f'<span class="sentence">{entry["statement"]}</span>' in section
    assert re.search(r"</span>&nbsp;([a-z ]+)</span>", section).group(1) == verdict
    row = next(line for line in text.splitlines() if f"](#finding-{name}) |" in line)
    assert f"}} {verdict}]{{.badge" in row and entry["statement"] in row
    assert f"make finding ID={name} PRESET=demo" in html.unescape(section)
    assert entry["why"] in section


def test_counts_of_the_filter_are_those_of_the_table(fake):
    text = fake[-1]
    rows = re.findall(r"^\| \[\[.\]\{aria-hidden=\"true\"\} ([a-z ]+)\]", text, re.M)
    assert len(rows) == len(fake[1]["findings"])
    for name in ("reproduced", "not reproduced", "undecided"):
        slug = name.replace(" ", "-")
        shown = re.search(rf'id="show-{slug}"> <b>(\d+)</b>', text).group(1)
        assert int(shown) == rows.count(name)


def test_a_sentence_that_denies_a_curve_says_so(fake):
    section = said(fake[-1], "1a-dropout-none")
    assert "The sentence denies *overfitting*: the validation loss ends above" in section
    assert "does not hold]{.badge" in section  # a part, while the sentence is reproduced
    assert "[Note:]{.key} A note on the sentence." in section
    assert "Note:" not in said(fake[-1], "1a-plain-accuracy")


def test_published_numbers_agree_or_contradict(fake):
    section = said(fake[-1], "1a-plain-accuracy")  # claimed: 0.87 to 0.93
    assert "**lab report 0.85 contradicts it**, **lassestahnke 0.955 contradicts it**." in section
    assert "Published:" not in said(fake[-1], "1a-plain-overfits")
    noted = {"group": "b", "value": -0.1, "agrees": True, "note": "by mistake"}
    assert scoreboard.others({"published": [noted]}) == "Published: b −0.1 (by mistake)."
    assert "2 are contradicted" in fake[-1].replace("\n", " ")


def test_numbers_of_a_finding_against_scipy(fake):
    history = pd.read_csv(fake[0] / "histories" / "1a-plain.csv")
    finals = history[history["epoch"] > 18].groupby("seed")["accuracy"].mean()
    low, high = stats.t.interval(0.95, 4, finals.mean(), stats.sem(finals))
    section = said(fake[-1], "1a-plain-accuracy")
    assert f"**{finals.mean():.3f} \\[{low:.3f}, {high:.3f}\\]** mean, 5 seeds" in section
    for value in finals:
        assert f"{value:.3f}" in section


def test_p_that_adjustment_lifts_above_the_level_is_told():
    entry = {"p": 0.02, "p_adjusted": 0.4}
    assert "may be chance" in scoreboard.chance(entry, 43)
    assert "may be chance" not in scoreboard.chance({"p": 0.0004, "p_adjusted": 0.02}, 43)
    assert "below 0.001" in scoreboard.chance({"p": 0.0004, "p_adjusted": 0.02}, 43)
    assert scoreboard.chance({"p": None, "p_adjusted": None}, 43) == ""


def test_the_plot_puts_everything_in_order():
    entry = {
        "region": [0.8, None],
        "estimate": 0.85,
        "low": 0.7,
        "high": 1.0,
        "other": None,
        "values": {"a": {"0": 0.75, "1": "never", "2": 0.95}},
        "published": [
            {"group": "lab report", "value": 0.6, "agrees": False},
            {"group": "b", "value": 0.9, "agrees": True},
        ],
    }
    drawn = scoreboard.plot(entry)
    places = {
        name: [float(x) for x in re.findall(rf"\.{name}[^}}]*?left:([\d.]+)%", drawn)]
        for name in ("claimed", "bar", "seed", "own", "theirs", "dot", "edge")
    }
    # 0.6 to 1.0 and 8 % of it at either end: 100 % is 0.464
    assert places["own"] == [pytest.approx(100 * 0.032 / 0.464, abs=0.1)]
    assert places["claimed"] == places["edge"] == [pytest.approx(100 * 0.232 / 0.464, abs=0.1)]
    assert places["bar"] == [pytest.approx(100 * 0.132 / 0.464, abs=0.1)]
    assert len(places["seed"]) == 2
    assert places["own"] < places["bar"] < places["seed"] < places["dot"] < places["theirs"]
    assert ".open-high" in drawn and ".open-low" not in drawn
    assert scoreboard.plot({**entry, "estimate": None, "low": None, "high": None}) == ""


def test_without_verdicts_the_sentences_still_stand(fake, tmp_path):
    text = written(tmp_path, fake[1], fake[2])
    assert "*The verdicts are not available.*" in text
    assert "*Its verdict is not available.*" in task(text, "1a")
    assert "> Without dropout the validation loss overfits." in task(text, "1a")


def test_findings_that_lack_a_sentence_make_no_page(fake, tmp_path):
    shutil.copytree(fake[0], tmp_path / "demo")
    file = tmp_path / "demo" / "findings.json"
    record.write(record.read(file)[1:], file)
    with pytest.raises(LabError, match=r"findings\.json: .*1a-plain-overfits.*run again"):
        written(tmp_path / "demo", fake[1], fake[2])


def test_cells_that_a_preset_makes_equal_are_named():
    same_as = {"a": None, "b": None, "c": "a"}
    three = {name: {"settings": {"same_as": same}} for name, same in same_as.items()}
    assert cells.twins(three) == [["`a`", "`c`"]]


# --- what is in the images ---------------------------------------------------------------------


def test_each_split_of_a_dataset_is_counted_by_class(fake, tmp_path):
    lab, records = fake[1], tmp_path / "datasets/skin/records.csv"
    records.parent.mkdir(parents=True)
    splits = {"train": "aab", "validation": "ab", "final": "abbb"}
    rows = [(split, label) for split, labels in splits.items() for label in labels]
    table = pd.DataFrame(rows, columns=["split", "class"])
    table.assign(image=range(len(rows)), label=(table["class"] == "b").astype(int)).to_csv(records)
    row = dataset_row("skin", lab, Results(tmp_path))
    assert [row[split] for split in splits] == ["3 (2 a, 1 b)", "2 (1 a, 1 b)", "4 (1 a, 3 b)"]
    row = row_of(fake[-1], "skin | phantoms")  # the fake results have none
    assert row[-1] == "0" and row[-2].startswith("20 (")


def test_the_audit_is_told_for_every_dataset(fake):
    text = fake[-1]
    row = next(line for line in text.splitlines() if line.startswith("| skin | 300"))
    assert [part.strip() for part in row.strip("|").split("|")][2:] == [
        "1",
        "2",
        "2",
        "1",
        "1 of 40",
        "3",
        "–",
        "–",
    ]
    assert "0.93 [\\[0.91, 0.96\\]]{.ci}" in text.replace("\xa0", " ")
    assert "**skin**: 2 validation images have a duplicate among the training images." in text
    assert "**skin-colour**: nothing to warn of." in text
    assert text.count("#fig-pairs-") == 1


def test_findings_on_data_with_a_warning_say_so(fake):
    text = fake[-1]
    warned = text.count("A warning on the data:")
    assert warned == sum(
        line.count("data]{.warns}") for line in text.splitlines() if "](#finding" in line
    )
    assert warned > 0


def test_accuracy_with_and_without_twins_by_hand(fake):
    folder, lab, _, text = fake
    name = next(name for name, cell in lab["cells"].items() if cell["dataset"] == "skin")
    table = pd.read_csv(folder / "predictions" / f"{name}.csv")
    right = (table["probability"] > 0.5) == (table["label"] == 1)
    fresh = right[~table["image"].isin([31, 34])].groupby(table["seed"]).mean()
    row = next(
        line for line in text.partition("tbl-twins takes")[2].splitlines() if f"| {name} |" in line
    )
    assert f"{right.groupby(table['seed']).mean().mean():.3f}" in row.split("|")[2]
    assert f"{fresh.mean():.3f}" in row.split("|")[3]


def test_without_an_audit_its_table_has_dashes(fake, tmp_path):
    text = written(tmp_path, fake[1], fake[2])
    assert "| skin | – | – |" in text and "tbl-twins" not in text


# --- heatmaps and interventions ----------------------------------------------------------------


def row_of(text, start):
    line = next(line for line in text.splitlines() if line.startswith(f"| {start} |"))
    return [
        part.strip().replace("\xa0", " ").replace("\\", "") for part in line.strip("|").split("|")
    ]


def test_heatmap_scores_stand_beside_their_nulls(fake):
    text = fake[-1]
    assert row_of(text, "Grad-CAM")[1:3] == ["6", "0.03 [[0.03, 0.04]]{.ci}"]
    assert row_of(text, "occlusion")[2].startswith("0.30")
    assert row_of(text, "Grad-CAM, network not trained")[2].startswith("0.11")
    assert row_of(text, "a map that points at the centre")[-2:] == ["–", "–"]
    assert row_of(text, "maps that know nothing")[2:] == ["0.10", "0.15", "0.05", "0.10", "–", "–"]


def test_the_sanity_check_is_told(fake):
    text = fake[-1].partition("tbl-sanity-8-vgg16-bone its layers")[2]
    row = row_of(text, "Grad-CAM")
    assert [part[:4] for part in row[1:4]] == ["0.75", "0.50", "0.25"]
    assert row[4] == "5 of 5"


def test_interventions_are_told(fake):
    text = fake[-1]
    assert row_of(text, "as it is")[1:3] == ["6", "1.00 [[1.00, 1.00]]{.ci}"]
    assert row_of(text, "marker painted out")[2].startswith("0.50")
    assert row_of(text, "marker painted out")[6].startswith("0.50")


def test_an_intervention_on_some_images_is_compared_with_the_same_ones():
    """Two of four images have a zone; as they are, one of these two is answered wrongly."""
    rows = [
        (seed, what, image, 1, 0.9 if right else 0.1)
        for seed in (0, 1)
        for what, answers in (
            ("as it is", {1: True, 2: False, 3: True, 4: True}),
            ("zone painted out", {1: False, 2: False}),
        )
        for image, right in answers.items()
    ]
    columns = ["seed", "intervention", "image", "label", "probability"]
    table = pd.DataFrame(rows, columns=columns).assign(zone=0, marker=0, border=0, rest=1)
    whole, zone = heatmaps.changed_rows(table)
    assert [whole["images"], zone["images"]] == [4, 2]
    assert whole["accuracy"].startswith("0.75") and whole["before"] == words.NOTHING
    assert [zone[key][:4] for key in ("accuracy", "before", "lost")] == ["0.00", "0.50", "0.50"]


def test_looks_images_and_the_least_difference_stand_in_the_card(fake):
    entry = record.read(fake[0] / "findings.json")[-1]["parts"][0]
    look = {"n": 5, "level": 0.01, "estimate": 0.9, "low": 0.8, "high": 1.0, "verdict": "undecided"}
    last = {**look, "n": 10, "level": 0.0125, "verdict": "reproduced"}
    images = {"split": "final", "count": 96}
    told = scoreboard.part({**entry, "looks": [look, last], "images": images, "least": 0.02}, False)
    assert [each["n"] for each in told["looks"]] == [5, 10]
    assert [each["level"] for each in told["looks"]] == ["98\u00a0%", "97.5\u00a0%"]
    assert told["rests"].replace("\u00a0", " ") == (
        "It rests on 96 final examples. By 0.02 at least, as the least difference worth naming."
    )
    alone = scoreboard.part({**entry, "looks": [look], "images": None, "least": None}, False)
    assert alone["looks"] == [] and alone["rests"] == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"relation": "above"},
            "the final training loss of a is 0.500 [0.400, 0.600]; claimed: above 0.3.",
        ),
        ({"relation": "about", "margin": 0.05}, "claimed: within 0.05 of 0.3."),
        ({"relation": "below", "margin": 0.1}, "claimed: below 0.3, by 0.1."),
        (
            {"relation": "below", "margin": 0.1, "least": 0.1},
            "claimed: below 0.3, where less than 0.1 counts as no difference.",
        ),
        (
            {"relation": "above", "other": "b", "estimate": -0.5, "low": -0.6, "high": -0.4},
            "of a lies 0.500 [0.400, 0.600] below that of b; claimed: above it.",
        ),
        (
            {"relation": "similar_to", "other": "b", "margin": 0.02},
            "of a lies 0.500 [0.400, 0.600] above that of b; claimed: within 0.02 of it.",
        ),
        (
            {"relation": "about", "less": "b", "margin": 0.2},
            "of a less that of b is 0.500 [0.400, 0.600]; claimed: within 0.2 of 0.3.",
        ),
        (
            {"relation": "above", "less": "b", "other": "c", "other_less": "d"},
            "a less that of b lies 0.500 [0.400, 0.600] above that of c less that of d; "
            "claimed: above it.",
        ),
        (
            {"relation": "above", "other": "b", "over_seeds": "spread", "times": 2.0},
            "the spread over seeds of the final training loss of a is 0.500 [0.400, 0.600] times "
            "that of b; claimed: above 2 times it.",
        ),
    ],
)
def test_what_decided_is_told_in_plain_words(changed, said):
    part = {"measure": "final_loss", "at": None, "cell": "a", "number": 0.3, "other": None}
    part |= {"estimate": 0.5, "low": 0.4, "high": 0.6, "margin": 0.0, **changed}
    part["other_measure"] = "final_loss" if part["other"] else None
    told = scoreboard.decisive({"parts": [part], "estimate": part["estimate"], "reason": ""})
    assert told.replace("\\", "").replace(words.NBSP, " ").endswith(said)
