"""What a run says last: the verdicts of this run and no other, and why one failed."""

import os

import pytest

from labproof.page import ending
from labproof.paths import Results

LATE = 10**11


@pytest.fixture
def results(made):
    return Results(made.folder)


def test_a_finished_run_tells_its_verdicts_and_the_way_on(made, results):
    lines = ending.succeeded(made.lab, results, since=0).strip().splitlines()
    assert lines[0] == "✓ 3 reproduced, ✗ 1 not reproduced, ? 1 undecided, of 5 sentences."
    assert lines[1].startswith("✗ With dropout both accuracies are higher. The final training")
    assert "below that of 1a-plain; claimed: above it." in lines[1]
    assert lines[2].startswith("? 1 of 5 sentences.")
    assert lines[3] == f"The page: {made.html}"
    assert lines[4].endswith('seeds=10"') and "make report PRESET=demo" in lines[4]
    assert "\\" not in "".join(lines) and "\u00a0" not in "".join(lines)


def test_of_several_reports_each_tally_is_told_and_the_page_of_all(made, results, tmp_path):
    lab = {**made.lab, "reports": {"anna": {}, "ben": {}}}
    for name in lab["reports"]:
        place = tmp_path / "reports" / name
        place.mkdir(parents=True)
        (place / "findings.json").symlink_to(results.findings)
    assert ending.succeeded(lab, Results(tmp_path), since=0) == ""
    (tmp_path / "reports/index.html").touch()
    assert ending.succeeded(lab, Results(tmp_path), since=LATE) == ""
    assert ending.succeeded(lab, Results(tmp_path), since=0).strip().splitlines() == [
        "anna: ✓ 3 reproduced, ✗ 1 not reproduced, ? 1 undecided",
        "ben: ✓ 3 reproduced, ✗ 1 not reproduced, ? 1 undecided",
        f"All 2 reports side by side: {tmp_path}/reports/index.html",
    ]


def test_where_seeds_are_granted_more_time_is_the_way_on(made):
    told = ending._next({**made.lab, "planned": True})
    assert told.startswith("More time for it: make report") and told.endswith(" BUDGET=1h")
    assert "seeds=" not in told


def test_a_page_of_another_run_is_not_told(made, results):
    assert ending.succeeded(made.lab, results, since=LATE) == ""


def test_seeds_that_are_named_are_doubled_by_those_that_follow(made):
    assert ending._twice({"seeds": [3, 7]})["seeds"] == [3, 7, 8, 9]
    assert ending._twice({"seeds": [0, 1]})["seeds"] == [0, 1, 2, 3]


def test_a_failed_run_tells_which_job_and_why(made, tmp_path):
    log = tmp_path / "logs/train_block/1b-bn/0-4.log"
    log.parent.mkdir(parents=True)
    log.write_text(
        "seed 0\nTraceback (most recent call last)\n  File x\n"
        "labproof.errors.LabError: images.npy: is empty.\nDelete it.\n",
        encoding="utf-8",
    )
    old = tmp_path / "logs/judge_findings.log"
    old.write_text("Traceback (most recent call last)\n  File x\nValueError: old\n")
    os.utime(old, (1, 1))
    (tmp_path / "logs/train_block/1b-bn/5-9.log").write_text("seed 5\nseed 6\n")
    lines = ending.failed(made.lab, Results(tmp_path), since=100).strip().splitlines()
    assert lines[0] == (
        f"✗ train_block 1b-bn 0-4 failed: images.npy: is empty. Delete it; see {log}"
    )
    assert len(lines) == 3 and lines[-1].endswith("PARTIAL=1")
    of_anna = tmp_path / "reports/anna/logs/judge_findings.log"
    of_anna.parent.mkdir(parents=True)
    of_anna.write_text("Traceback (most recent call last)\n  File x\nValueError: odd\n")
    told = ending.failed(made.lab, Results(tmp_path), since=100)
    assert f"✗ anna judge_findings failed: ValueError: odd; see {of_anna}\n" in told
    assert "stands above" in ending.failed(made.lab, Results(tmp_path / "x"), since=100)


def test_a_terminal_gets_no_commands_from_a_lab():
    assert ending.plain(["a \x1b[31mred\x07 \u202ename"]) == "\na [31mred name\n"
