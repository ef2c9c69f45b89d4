"""Several reports in one lab's folder: each its own claims, all of them one plan of seeds."""

import pytest
import yaml

from labproof.errors import LabError
from labproof.judging import allocation, record
from labproof.lab import grants, plan
from labproof.paths import Results
from labs import FINDINGS, toy
from project import ROOT

(HIGHER,) = FINDINGS["findings"]
LOWER = {**{k: x for k, x in HIGHER.items() if k != "above"}, "below": "low"}


def write(lab, **reports):
    """The toy lab with one file a report; `shared` stands in findings.yaml."""
    if not lab.exists():
        toy(lab)
        (lab / "findings.yaml").unlink()
        (lab / "findings").mkdir()
    for name, written in reports.items():
        file = lab / ("findings.yaml" if name == "shared" else f"findings/{name}.yaml")
        file.write_text(yaml.safe_dump(written))
    return lab


def resolve(lab, preset="smoke"):
    return plan.resolve({**plan.read_config(ROOT), "lab": str(lab), "preset": preset}, ROOT)


@pytest.fixture
def lab(tmp_path):
    return write(
        tmp_path / "toy",
        anna=FINDINGS,
        ben={"least": {"final_val_accuracy": 0.1}, "findings": [LOWER]},
        shared={"least": {"final_val_accuracy": 0.05}},
    )


def test_each_report_has_its_claims_and_the_lab_those_of_all(lab):
    (lab / "findings/ben.md").write_text("## one\n\nIt [ends below]{finding=higher}.\n")
    found = resolve(lab)
    assert list(found["reports"]) == ["anna", "ben"]
    assert [entry["id"] for entry in found["findings"]] == ["anna/higher", "ben/higher"]
    assert plan.findings_of(found, "ben/higher")[0]["claim"]["relation"] == "below"
    anna, ben = (plan.of_report(found, name) for name in ("anna", "/reports/ben"))
    assert [entry["id"] for entry in ben["findings"]] == ["higher"]
    # what all share, and what one sets anew
    margins = [each["findings"][0]["claim"]["margin"] for each in (anna, ben)]
    assert margins == [0.05, 0.1]
    assert anna["prose"] is None and "one" in ben["prose"]
    assert (ben["report"], ben["title"]) == ("ben", "A toy: ben")
    assert anna["cells"] == found["cells"] and plan.of_report(found, "") == found
    with pytest.raises(LabError, match='Did you mean "anna"'):
        plan.of_report(found, "ana")


def test_one_report_is_as_it_was(tmp_path):
    found = resolve(toy(tmp_path / "toy"))
    assert found["reports"] == {} and found["report"] is None
    assert [entry["id"] for entry in found["findings"]] == ["higher"]


@pytest.mark.parametrize(
    ("name", "written", "message"),
    [
        ("shared", FINDINGS, r"toy/findings.yaml, key findings: .* one file a report"),
        ("shared", {"leest": {}}, r'toy/findings.yaml, key leest: .* "least"'),
        ("shared", {"least": {"final_los": 1}}, r"toy/findings.yaml, key least.final_los"),
        ("shared", [1], r"toy/findings.yaml: must be keys"),
        ("Anna B", FINDINGS, r"findings/Anna B.yaml: a report has the name of its file"),
        ("ben", {"findings": [{**LOWER, "below": "lov"}]}, r"findings/ben.yaml, .* lov|\"low\""),
        ("ben", {}, r"findings/ben.yaml, key findings: is missing"),
    ],
)
def test_a_mistake_is_told_with_its_file(name, written, message, lab):
    write(lab, **{name: written})
    with pytest.raises(LabError, match=message):
        resolve(lab)


def test_a_report_that_would_not_be_read_is_told(lab):
    (lab / "findings/carl.yml").write_text("findings: []")
    with pytest.raises(LabError, match=r"findings/carl.yml: call it carl.yaml"):
        resolve(lab)


def test_a_text_for_all_belongs_to_one(lab):
    (lab / "report.md").write_text("## one\n")
    with pytest.raises(LabError, match=r"toy/report.md: .* as .*findings/anna.md"):
        resolve(lab)


def test_one_more_report_is_new_and_leaves_the_others_as_they_were(lab):
    before = {**allocation.first_plan(resolve(lab, "demo"), 60), "spent": 5}
    assert before["changed"] == [] and set(before["claims"]) == {"anna", "ben"}
    write(lab, carl=FINDINGS)
    assert grants.changed(resolve(lab, "demo"), before) == ["carl"]
    write(lab, ben=FINDINGS)
    now = resolve(lab, "demo")
    then = {**before, "changed": ["carl"]}
    assert grants.changed(now, then) == ["ben", "carl"]
    now["granted"] = {"changed": ["ben", "carl"]}
    changed = {name: plan.of_report(now, name)["granted"]["changed"] for name in now["reports"]}
    assert changed == {"anna": False, "ben": True, "carl": True}
    # what was planned when the lab had one report was planned for none of these
    assert grants.changed(now, {**before, "claims": "0f", "changed": False}) == [
        "anna",
        "ben",
        "carl",
    ]
    toy(lab)
    (lab / "findings").rename(lab / "old")
    assert grants.changed(resolve(lab, "demo"), before) is True


def test_seeds_are_spent_on_the_sentences_of_all(lab, tmp_path):
    results = Results(tmp_path / "results")
    for name in ("anna", "ben"):
        entry = dict.fromkeys(record.KEYS, "") | {"id": "higher"}
        from_file = tmp_path / f"results/reports/{name}/findings.json"
        record.write([entry], from_file)
    ids = [entry["id"] for entry in allocation.judged(resolve(lab), results)]
    assert ids == ["anna/higher", "ben/higher"]
