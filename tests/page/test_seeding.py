"""Whether code is seeded at all, as it was found and as the page says it."""

import json
from pathlib import Path

import pandas as pd
import pytest

from labproof.page import seeding
from labproof.paths import Results
from labproof.training import outcomes

RUN = {"given": None, "shares": None, "deterministic": False}
LAB = {"cells": {"low": {"epochs": 3, "run": RUN}}, "blocks": {"low": ["0-0", "1-1"]}}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"differs": [], "failed": False}, ""),
        (
            {"differs": ["val_loss", "a|b"], "failed": False},
            "a second run of low with seed 0 left other numbers (val_loss and a&#124;b)",
        ),
        ({"differs": [], "failed": True}, "A second run of low with seed 0 failed"),
        (None, ""),
    ],
)
def test_the_page_tells_what_is_not_seeded(tmp_path, found, said):
    results = Results(str(tmp_path))
    if found:
        file = Path(results.repeat("low", "0-0"))
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"cell": "low", "seed": 0, **found}))
    told = seeding.told(LAB, results)
    assert said in told and bool(told) == bool(said)
    assert seeding.told({"cells": {"a": {}}, "blocks": {}}, results) == ""


def outcome(**changes):
    history = {"seed": 0, "epoch": [1, 2], "loss": [0.1 + 0.2, 0.25], "seconds": [1.0, 2.0]}
    scalars = {"seed": 0, "name": ["test_acc", "time"], "value": [0.5, changes.pop("time", 3.0)]}
    answers = {"seed": 0, "image": [0, 1], "p0": [0.1, changes.pop("p0", 0.2)]}
    return outcomes.Outcome(
        pd.DataFrame({**history, **changes}), pd.DataFrame(answers), pd.DataFrame(scalars), {}
    )


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, []),
        ({"seconds": [3.0, 4.0], "time": 9.0}, []),
        ({"loss": [0.3, 0.25]}, ["loss"]),  # by the last digit
        ({"extra": [1, 2], "p0": 0.3}, ["extra", "predictions"]),
    ],
)
def test_two_runs_are_compared_to_the_last_digit_but_for_times(tmp_path, changes, differs):
    first = {}
    for key in ("history", "predictions", "scalars"):
        first[key] = tmp_path / f"{key}.csv"
        getattr(outcome(), key).to_csv(first[key], index=False)
    assert outcomes.unlike(first, outcome(**changes)) == differs
