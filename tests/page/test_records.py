"""What machines read: the table, the badge and the JSON-LD, against findings.json."""

import csv
import json
from xml.etree import ElementTree

import pandas as pd
import pytest

from labproof.judging import record
from labproof.page import records


@pytest.fixture(scope="module")
def written(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    files = [folder / name for name in ("findings.csv", "badge.json", "badge.svg")]
    records.write(made.folder / "findings.json", *files)
    return record.read(made.folder / "findings.json"), files


def test_the_table_holds_what_the_findings_hold(written):
    entries, (file, _, _) = written
    table = pd.read_csv(file)
    assert table["id"].tolist() == [entry["id"] for entry in entries]
    assert table["verdict"].tolist() == [entry["verdict"] for entry in entries]
    for name in ("estimate", "low", "high", "p_adjusted"):
        known = [entry[name] for entry in entries]
        assert table[name].tolist() == pytest.approx(known, nan_ok=True)
    with file.open(encoding="utf-8", newline="") as lines:
        assert {len(row) for row in csv.reader(lines)} == {len(records.COLUMNS)}


def test_the_badge_has_the_tally_and_is_drawn_as_it_says(written):
    _, (_, data, drawn) = written
    badge = json.loads(data.read_text(encoding="utf-8"))
    assert set(badge) == {"schemaVersion", "label", "message", "color"}
    assert badge["schemaVersion"] == 1 and badge["color"] == "orange"
    assert badge["message"] == "3 of 5 reproduced, 1 not"
    svg = ElementTree.parse(drawn).getroot()
    assert svg.get("aria-label") == f"{badge['label']}: {badge['message']}"
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [badge["label"], badge["message"]]


@pytest.mark.parametrize(
    ("found", "colour"),
    [
        (["reproduced"], "brightgreen"),
        (["reproduced", "undecided"], "lightgrey"),
        (["reproduced", "not reproduced"], "orange"),
        ([], "lightgrey"),
    ],
)
def test_colour_of_the_badge(found, colour):
    entries = [{"verdict": verdict, "ours": False} for verdict in found]
    own = {"verdict": "not reproduced", "ours": True}  # our own question is not the report's
    assert records.shield([*entries, own])["color"] == colour


def test_the_claims_of_the_page_are_those_of_the_findings(made, written):
    page = made.html.read_text(encoding="utf-8")
    start = page.index('<script type="application/ld+json">')
    data = json.loads(page[page.index(">", start) + 1 : page.index("</script>", start)])
    assert data["@context"] == "https://schema.org"
    for entry, review in zip(written[0], data["@graph"], strict=True):
        assert review["@type"] == "ClaimReview" and review["claimReviewed"] == entry["statement"]
        rating = review["reviewRating"]
        assert rating["worstRating"] <= rating["ratingValue"] <= rating["bestRating"]
        assert rating["alternateName"] == entry["verdict"]
        assert f'id="{review["url"][1:]}"' in page


def test_no_text_ends_the_script_or_the_block_that_it_stands_in():
    text = "</script><!-- ``` {{< include x >}} & \u2028"
    entry = {"id": "a", "statement": text, "verdict": "undecided", "reason": text, "ours": False}
    data = records.claim_reviews(text, [entry])
    assert not any(part in data for part in ("<", ">", "`", "{{", "\n", "\u2028"))
    assert json.loads(data)["@graph"][0]["claimReviewed"] == text
