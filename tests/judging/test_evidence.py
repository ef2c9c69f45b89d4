"""A lab's tables are whole before a page rests on them."""

import pandas as pd
import pytest

import fake_results
from labproof.errors import LabError
from labproof.judging import evidence
from labproof.paths import Results


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    return folder, fake_results.make(folder, [3])  # one seed: no other shows what it lacks


def harmed(made, file, change):
    """What is told of a file while it is changed."""
    folder, lab = made
    path = folder / file
    whole = path.read_text()
    path.write_text(change(whole))
    try:
        with pytest.raises(LabError) as told:
            evidence.check(lab, Results(folder))
    finally:
        path.write_text(whole)
    evidence.check(lab, Results(folder))
    assert str(told.value).startswith(f"{path}: ")
    assert "Delete it and run again" in str(told.value)
    return str(told.value)


def last_lines_away(text):
    return "".join(text.splitlines(keepends=True)[:-3])


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (last_lines_away, "does not have each of the epochs 1 to 20"),
        (lambda text: text.splitlines(keepends=True)[0], "holds nothing"),
        (lambda text: "", "holds nothing"),
        (lambda text: text[:-1], "its last line is cut off"),
    ],
)
def test_a_history_without_all_its_epochs_makes_no_page(made, change, cause):
    assert cause in harmed(made, "histories/1a-plain.csv", change)


def test_predictions_without_all_images_make_no_page(made):
    folder, lab = made
    dataset = lab["cells"]["1a-plain"]["dataset"]
    images = pd.read_csv(folder / "predictions/1a-plain.csv")["image"]
    records = folder / "datasets" / dataset / "records.csv"
    before = records.read_text() if records.exists() else None
    records.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({"image": images, "split": "validation", "label": 0}).to_csv(records, index=False)
    evidence_of = "seed 3 lacks image"
    assert evidence_of in harmed(made, "predictions/1a-plain.csv", last_lines_away)
    records.unlink() if before is None else records.write_text(before)


def test_every_seed_has_answered_the_final_images_where_there_are_some(made):
    folder, lab = made
    path = folder / "datasets" / lab["cells"]["1a-plain"]["dataset"] / "records.csv"
    before = path.read_text() if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    records = pd.DataFrame({"image": [900, 901], "split": ["train", "final"], "label": 0})
    records.to_csv(path, index=False)
    with pytest.raises(LabError, match="seed 3 lacks image 901"):
        evidence.check(lab, Results(folder), cells=["1a-plain"])
    path.unlink() if before is None else path.write_text(before)


def test_a_seed_that_is_asked_for_is_told_and_one_that_is_known_to_lack_is_not(made):
    folder, lab = made
    more = {**lab, "seeds_of": {cell: [3, 4] for cell in lab["cells"]}}
    with pytest.raises(LabError, match="it lacks seed 4"):
        evidence.check(more, Results(folder))
    evidence.check(more, Results(folder), [{"cell": name, "seeds": [4]} for name in lab["cells"]])
