"""Which cells get more seeds: within the budget, the most decisions a second first."""

import copy
from collections import namedtuple

import pytest

from labproof.errors import LabError
from labproof.judging import allocation, ladder
from labproof.lab import costs, grants, plan
from project import ROOT

MEASURED = costs.read(ROOT / "workflow/costs.csv")
LAB = plan.resolve({**plan.read_config(ROOT), "preset": "demo"}, ROOT)
Chance = namedtuple("Chance", "id cells later")


def begun(budget=600.0):
    return allocation.first_plan(LAB, budget)


def open_one(name, cells, *later):
    return Chance(name, dict.fromkeys(cells, 5), dict(zip((10, 20, 40), later, strict=False)))


def choose(now, *chances, cores=1):
    return grants.choose(LAB, now, chances, MEASURED, cores)


@pytest.mark.parametrize(
    ("words", "seconds"), [("90s", 90), ("20min", 1200), ("1h30min", 5400), ("1.5 h", 5400)]
)
def test_a_time_in_words(words, seconds):
    assert grants.seconds(words) == seconds


@pytest.mark.parametrize("words", ["", "20", "min", "20 minutes", "-5min", "30min1h"])
def test_what_is_no_time_says_how_one_is_written(words):
    with pytest.raises(LabError, match="BUDGET=20min"):
        grants.seconds(words)


def test_the_first_step_is_for_every_training_and_twins_have_its_seeds():
    now = begun()
    assert now["levels"] == pytest.approx(ladder.levels((5, 10, 20, 40)), rel=1e-3)
    trained = {name for name, cell in LAB["cells"].items() if cell["same_as"] is None}
    assert now["cells"] == dict.fromkeys(trained, 5)
    now["cells"]["1d-dropout"] = 10
    given = grants.seeds_of(now, LAB["cells"], LAB["seeds"], LAB["ladder"])
    assert given["2a-dropout"] == given["1d-dropout"] == list(range(10))
    assert given["1a-plain"] == [0, 1, 2, 3, 4]


def test_the_cheap_and_likely_goes_first_and_the_hopeless_gets_nothing():
    cheap = open_one("cheap", ["1a-plain", "1a-dropout"], 0.9)
    dear = open_one("dear", ["5-vgg16-skin"], 0.2)
    hopeless = open_one("hopeless", ["1b-bn"], 0.05)
    after = choose(begun(), dear, hopeless, cheap)
    grown = {name for name, n in after["cells"].items() if n > 5}
    assert grown == {"1a-plain", "1a-dropout"}
    assert after["spent"] > 0 and after["looks"] == 1
    assert choose(begun(), hopeless)["cells"] == begun()["cells"]


def test_a_sentence_that_shares_its_cells_comes_along_and_costs_nothing_more():
    one = open_one("one", ["1a-plain", "1a-dropout"], 0.5)
    shared = open_one("shared", ["1a-dropout"], 0.5)
    together, alone = choose(begun(), one, shared), choose(begun(), one)
    assert together["cells"] == alone["cells"]
    assert together["spent"] == alone["spent"]
    # and is what lets a dear pair go before a likelier one
    price, other = (
        grants.cost(LAB, begun(), names, 10, MEASURED)
        for names in (["1a-plain", "1a-dropout"], ["1b-bn"])
    )
    rival = open_one("rival", ["1b-bn"], 0.75 * other / price)  # half as good again as `one`
    tight = begun(costs.LOOK + max(price, other))
    for rivals, seeds in (([one], (5, 10)), ([one, shared], (10, 5))):
        after = choose(tight, *rivals, rival)["cells"]
        assert (after["1a-plain"], after["1b-bn"]) == seeds


def test_a_step_that_decides_nothing_is_gone_for_the_sake_of_a_later_one():
    after = choose(begun(), open_one("late", ["1a-plain"], 0.0, 0.9))
    assert after["cells"]["1a-plain"] == 10  # and looked at before it goes on to 20
    # one that the budget could not end is not begun
    assert choose(begun(after["spent"]), open_one("late", ["1a-plain"], 0.0, 0.9))["looks"] == 0
    # and the same chance, sooner, comes first
    soon = Chance("soon", {"1a-dropout": 5}, {10: 0.9, 20: 0.9})
    late = Chance("late", {"1a-plain": 5}, {10: 0.0, 20: 0.9})
    whole = costs.LOOK + grants.cost(LAB, begun(), ["1a-plain"], 20, MEASURED)
    first = choose(begun(whole), late, soon)["cells"]
    assert first["1a-dropout"] == 10 and first["1a-plain"] == 5


def test_a_look_holds_what_is_worth_as_much_as_the_whole_of_it():
    cells = [name for name in begun()["cells"] if not LAB["cells"][name]["backbone"]]
    likely = [open_one(f"likely {name}", [name], 0.9) for name in cells[:4]]
    poor = open_one("poor", ["1d-dropout"], 0.11)
    after = choose(begun(1e6), *likely, poor)
    assert all(after["cells"][name] == 10 for name in cells[:4])
    assert after["cells"]["1d-dropout"] == 5
    assert choose(begun(1e6), poor)["cells"]["1d-dropout"] == 10  # alone it is the best there is


def test_the_budget_is_kept_and_counts_cores_and_the_looks_themselves():
    everything = [open_one(name, [name], 0.5) for name in LAB["cells"]]
    for budget in (0.0, costs.LOOK, 100.0, 300.0):
        after = choose(begun(budget), *everything)
        assert after["spent"] <= budget
    assert choose(begun(costs.LOOK), *everything)["cells"] == begun()["cells"]
    wide, narrow = (choose(begun(), everything[0], cores=n)["spent"] for n in (4, 1))
    assert wide - costs.LOOK == pytest.approx((narrow - costs.LOOK) / 4, abs=0.1)


def test_a_cell_takes_along_what_it_goes_on_from():
    assert grants.behind(LAB["cells"], ["2b-dropout"]) == {"1c-dropout", "1d-dropout", "2b-dropout"}
    after = choose(begun(), open_one("long", ["2b-dropout"], 0.9))
    assert after["cells"]["1c-dropout"] == after["cells"]["1d-dropout"] == 10


def test_cells_of_one_run_get_their_seeds_together_and_pay_for_it():
    """Asked for alone, the second of them would cost nothing: the first one's run makes it."""
    lab = copy.deepcopy(LAB)
    run = {"given": None, "gpu": False, "shares": None}
    one = {"epochs": 3, "same_as": None, "continues": None, "heatmaps": None}
    lab["cells"] = {
        "frozen": {**one, "run": run},
        "tuned": {**one, "run": {**run, "shares": "frozen"}},
    }
    now = grants.begin({**lab, "reports": {}}, 600.0, [])
    assert now["cells"] == {"frozen": 5}
    measured = [{"cell": "frozen", "epochs": 3, "seconds": 7.0}]
    after = grants.choose(lab, now, [open_one("x", ["tuned"], 0.9)], measured, 1)
    assert after["cells"] == {"frozen": 10}
    assert after["spent"] == pytest.approx(costs.LOOK + 5 * 7.0)
    given = grants.seeds_of(after, lab["cells"], lab["seeds"], lab["ladder"])
    assert given["frozen"] == given["tuned"] == list(range(10))


def test_a_plan_is_written_and_read_and_one_that_was_cut_is_told(tmp_path):
    file = tmp_path / "results/plan.json"
    assert grants.read(file) is None
    grants.write(file, begun())
    assert grants.read(file) == begun()
    file.write_text(file.read_text()[:50])
    with pytest.raises(LabError, match=r"plan\.json: this is not what was planned"):
        grants.read(file)


def test_another_ladder_than_at_the_first_look_is_refused():
    now = begun()
    with pytest.raises(LabError, match="another ladder"):
        grants.seeds_of(now, LAB["cells"], LAB["seeds"], [5, 20])


def test_the_workflow_reads_what_is_granted_and_seeds_on_the_command_line_go_before(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    now = begun()
    now["cells"]["1a-plain"] = 20
    grants.write(tmp_path / "results/lab3/demo/plan.json", now)
    config = {**plan.read_config(ROOT), "preset": "demo"}
    lab = plan.resolve(config, ROOT)
    assert lab["seeds_of"]["1a-plain"] == list(range(20))
    assert lab["blocks"]["1a-plain"] == ["0-4", "5-9", "10-14", "15-19"]
    assert lab["blocks"]["1a-dropout"] == ["0-4"] and lab["planned"]
    asked = plan.resolve({**config, "seeds": 10}, ROOT)
    assert set(map(len, asked["seeds_of"].values())) == {10} and not asked["planned"]


def test_a_margin_that_changed_is_another_claim_and_other_words_are_not():
    lab = copy.deepcopy(LAB)
    lab["findings"][0]["statement"] = "In other words."
    assert grants.claimed(lab) == grants.claimed(LAB)
    claim = lab["findings"][0]["claim"]
    while "parts" in claim:
        claim = claim["parts"][0]
    claim["margin"] = 0.123
    assert grants.claimed(lab) != grants.claimed(LAB)
