"""Reports side by side: the table and the page say who contradicts whom."""

import csv
import io
import re

import pytest
import yaml

import fake_results
from browsing import BROWSER, listen
from labproof.errors import LabError
from labproof.judging import record, stances
from labproof.lab import claims, plan
from labproof.page import overview, report
from overview_speed import made_up
from project import ROOT

TEMPLATE = ROOT / "report/overview.html.jinja"
OWN = [entry["id"] for entry in fake_results.CLAIMED["findings"]]
LIVE = "<script>alert(1)</script> & <b>*so*</b>"


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Anna says what the lab says, Ben the opposite of two sentences, Carl one thing of his own."""
    folder = tmp_path_factory.mktemp("three")
    anna = fake_results.CLAIMED
    by_id = {entry["id"]: entry for entry in anna["findings"]}
    overfits, accuracy = by_id["1a-plain-overfits"], by_id["1a-plain-accuracy"]
    denied = {key: x for key, x in overfits.items() if key != "shows"}
    ben = {**anna, "findings": [{**denied, "id": "it", "lacks": "overfitting", "statement": LIVE}]}
    ben["findings"].append({**accuracy, "about": 0.6})
    carl = {"findings": [{**accuracy, "measure": "final_loss"}]}
    lab = fake_results.lab()
    reports, files = {}, {}
    for name, written in (("anna", anna), ("ben", ben), ("carl", carl)):
        made = claims.resolve(written, lab["tasks"], lab["cells"], folder)
        reports[name] = {**made, "prose": None}
    lab["reports"] = reports
    results = folder / "results"
    fake_results.make(results)
    judged = {entry["id"]: entry for entry in record.read(results / "findings.json")}
    for name, made in reports.items():
        known = {"it": "1a-plain-overfits"}
        entries = [
            {**judged[known.get(each["id"], each["id"])], "id": each["id"]}
            for each in made["findings"]
        ]
        files[name] = results / f"reports/{name}/findings.json"
        record.write(entries, files[name])
    page, table = results / "reports/index.html", results / "reports/claims.csv"
    overview.write(lab, files, TEMPLATE, page, table)
    return lab, files, page, table


def test_the_table_names_those_that_contradict_each_claim(three):
    with three[3].open() as file:
        rows = list(csv.DictReader(file))
    against = {(row["report"], row["finding"]): row["contradicts"] for row in rows}
    assert against["anna", "1a-plain-overfits"] == "ben" and against["ben", "it"] == "anna"
    assert against["anna", "1a-plain-accuracy"] == "ben"
    assert against["anna", "8-accuracy"] == against["carl", "1a-plain-accuracy"] == ""
    (row,) = (row for row in rows if row["report"] == "carl")
    assert row["about"] == "final training loss of 1a-plain"
    assert row["claim"] == "about 0.9, within 0.03"
    # a sentence with two parts makes two claims
    assert len([row for row in rows if row["finding"] == "1a-dropout-better"]) == 2


def test_the_page_tells_contradictions_and_leads_to_each_report(three):
    text = three[2].read_text()
    assert "about 2 of them they contradict each other" in text
    assert "over the sentences of one report, not over those of all" in text
    (card,) = re.findall(r'<section class="clash">\s*<h3>Overfitting.*?</section>', text, re.S)
    assert "<b>shows it</b>" in card and "<b>lacks it</b>" in card
    assert "ben/report/index.html&#35;finding-it" in card
    assert "<script" not in text and "script-src 'none'" in text
    assert "&#60;script&#62;" in text and "<em>so</em>" in text
    # names of three columns, a mark where one has the claim
    first = re.search(r'<table class="matrix">.*?</table>', text, re.S)[0]
    assert re.findall(r'class="name"><span>(\w+)', first) == ["anna", "ben", "carl"]
    assert 'aria-label="anna: reproduced"' in first


def test_the_page_of_one_report_is_of_its_own_sentences_and_leads_back(three):
    lab, files, page, _ = three
    own = plan.of_report(lab, "ben")
    output = files["ben"].parent / "report/index.qmd"
    template = TEMPLATE.with_name("index.qmd.jinja")
    report.write(own, files["ben"].parents[2], None, template, output)
    text = output.read_text()
    assert (output.parent / re.search(r"\[the overview\]\((\S+)\)", text)[1]).resolve() == page
    assert "adjusts for all\n2 of this page, the sentences of one report and of no other" in text
    assert 'title: "A fake lab&#58; ben"' in text or 'title: "A fake lab: ben"' in text
    assert re.findall(r'id="finding-(\S+)"', text) == ["it", "1a-plain-accuracy"]
    assert "ben/it" in text and "ben/1a-plain-accuracy" in text
    # figures of the run are linked from two folders further down
    linked = re.search(r"\]\((\S+1a/curves\.svg)\)", text)[1]
    assert (output.parent / linked).is_file()


def test_verdicts_of_other_sentences_are_not_shown(three):
    lab, files, page, table = three
    with pytest.raises(LabError, match="not of the sentences of the report anna"):
        overview.write(lab, {"anna": files["ben"]}, TEMPLATE, page, table)


@pytest.mark.parametrize(
    ("claim", "about"),
    [
        ({"cell": "a", "above": 0.5}, "final training loss of a"),
        ({"cell": "a", "above": "b"}, "final training loss: a against b"),
        ({"cell": "b", "above": "a", "times": 2}, "final training loss: a against 0.5 times b"),
        (
            {"cell": "a", "above": "a", "other_measure": "final_val_loss"},
            "final training loss of a against the final validation loss of a",
        ),
        (
            {"cell": "a", "less": "b", "above": "c", "other_less": "d"},
            "final training loss of a less b less c plus d",
        ),
        (
            {"cell": "b", "over_seeds": "spread", "above": "a"},
            "spread over seeds of the final training loss: a against b",
        ),
        (
            {"alike": ["a", "b", "c"], "within": 0.1},
            "final training loss of a, b and c within 0.1 of each other",
        ),
    ],
)
def test_what_a_claim_is_about_in_words(claim, about):
    entry = {"id": "it", "task": "1", "statement": "So.", "why": "So.", "measure": "final_loss"}
    cells = {name: {"heatmaps": None} for name in "abcd"}
    made = claims.resolve({"findings": [{**entry, **claim}]}, {"1": {}}, cells, ROOT)["findings"]
    part = {"verdict": "undecided", "estimate": 0.5, "low": None, "high": 2.0, "n": 5}
    judged = [{"id": "it", "verdict": "undecided", "parts": [part] * 3}]
    (found,) = stances.subjects({"anna": made}, {"anna": judged})
    (row,) = csv.DictReader(io.StringIO(overview.as_csv([found])))
    assert row["about"] == about
    assert overview._card(found)["about"] == about


def test_made_up_reports_are_claims_of_the_lab_and_always_the_same():
    written = yaml.safe_load((ROOT / "config/labs/lab3/findings.yaml").read_text())
    reports = made_up(written, 3)
    assert reports == made_up(written, 3) and len({str(each) for each in reports.values()}) == 3


@pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome here")
@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_nothing_is_wider_than_the_page_and_axe_finds_nothing(width, scheme, three, browser):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page, heard = listen(browser, scheme, width)
    page.goto(three[2].as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.close()
    assert heard == []
