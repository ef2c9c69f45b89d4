"""What the page says of a cell's heatmaps: scores, interventions, and maps to browse."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from labproof import words
from labproof.explain import sanity
from labproof.explain.interventions import AS_IT_IS
from labproof.page import escaped_tables, sentences
from labproof.page.intervals import estimate, stacked
from labproof.paths import Results

HEAT_SCORES = ("energy", "pointing", "overlap", "precision", "deletion", "insertion")


def browsable(results: Results, name: str, classes: list[str], output: Path) -> dict | None:
    """A cell's heatmaps as layers for a reader to lay over one another; None where there are none.

    `methods`, `seeds`, and `tiles`, one an image: its `picture` and `outline` (paths as the page
    links to them), `truth`, `heats` (method, seed, path) and `says` (seed, text, right).
    """
    folder = Path(results.heatmaps(name))
    listed = escaped_tables.read(folder / "gallery.csv")
    if listed is None:
        return None

    def linked(file: str) -> str | None:
        path = folder / file
        return Path(os.path.relpath(path, output.parent)).as_posix() if path.is_file() else None

    methods, seeds = list(listed["method"].unique()), sorted(listed["seed"].unique())
    tiles = []
    for image, rows in listed.groupby("image"):
        truth = classes[rows["label"].iloc[0]]
        says = []
        for row in rows.drop_duplicates("seed").itertuples():
            chance = max(row.probability, 1 - row.probability)
            said = f"taken for {classes[row.predicted]} ({words.number(chance, 2)})"
            says.append({"seed": row.seed, "text": said, "right": row.predicted == row.label})
        tiles.append(
            {
                "image": image,
                "truth": truth,
                "picture": linked(f"gallery/{image}.png"),
                "outline": linked(f"gallery/{image}-zone.png"),
                "heats": [
                    {
                        "method": methods.index(row.method),
                        "seed": row.seed,
                        "path": linked(row.heat),
                    }
                    for row in rows.itertuples()
                ],
                "says": says,
            }
        )
    return {"methods": methods, "seeds": seeds, "tiles": tiles}


def heat(results: Results, name: str) -> dict:
    """What the page says of a cell's heatmaps.

    `said`, sentences; `rows` of the scores, one a method, then what the same scores are of the
    network before training (by its first method), of a map that points at the centre, and of maps
    that know nothing; `changed`, one row an intervention; `sanity`, one row a method.
    """
    scores = escaped_tables.read(results.evidence(name)["heatmaps"])
    steps = escaped_tables.read(f"{results.heatmaps(name)}/sanity.csv")
    answers = escaped_tables.read(results.interventions(name))
    found: dict = {"said": [], "rows": [], "sanity": [], "changed": []}
    if answers is not None:
        found["changed"] = changed_rows(answers)
    if scores is None:
        return found
    methods = list(scores.loc[scores["network"] == "trained", "method"].unique())
    if "energy" in scores:
        first = scores[(scores["method"] == methods[0]) & (scores["network"] == "trained")]
        by_seed = first.groupby("seed")[["energy", "energy_area"]].mean().dropna()
        if len(by_seed):
            count = first.loc[first["energy"].notna(), "image"].nunique()
            sentence = sentences.heat(
                estimate(by_seed["energy"]),
                float(by_seed["energy_area"].mean()),
                estimate(by_seed["energy"] - by_seed["energy_area"]),
            )
            found["said"].append(f"**{methods[0]}**, {words.count(count, 'image')}: {sentence}")
        found["rows"] = heat_rows(scores, methods)
    if steps is not None:
        found["sanity"] = [
            sanity_row(name, part) for name, part in steps.groupby("method", sort=False)
        ]
    return found


def heat_rows(scores: pd.DataFrame, methods: list[str]) -> list[dict]:
    """Rows of the table of heatmap scores: means over images, with intervals over seeds."""
    trained = scores[scores["network"] == "trained"]
    parts = [(method, trained[trained["method"] == method]) for method in methods]
    untrained = scores[(scores["network"] == "untrained") & (scores["method"] == methods[0])]
    parts.append((f"{methods[0]}, network not trained", untrained))
    parts.append(("a map that points at the centre", scores[scores["network"] == "none"]))
    rows = []
    for what, part in parts:
        scored = part[part["energy"].notna()] if "energy" in part else part
        row = {"what": what, "images": scored["image"].nunique()}
        for column in HEAT_SCORES:
            values = part.groupby("seed")[column].mean().dropna() if column in part else []
            row[column] = stacked(estimate(values), 2) if len(values) else words.NOTHING
        rows.append(row)
    chance = {"what": "maps that know nothing", "images": rows[0]["images"]}
    for column in HEAT_SCORES:
        known = f"{column}_area"
        value = parts[0][1][known].mean() if known in scores else np.nan
        chance[column] = words.number(value, 2) if np.isfinite(value) else words.NOTHING
    return [*rows, chance]


def changed_rows(answers: pd.DataFrame) -> list[dict]:
    """Rows of the table of interventions: accuracy, and where the heat lies, over seeds.

    An intervention may be known for some images alone (those with a zone): beside its accuracy
    stands that of the very same images as they are, by the same seeds, and the difference.
    """
    right = ((answers["probability"] > 0.5) == (answers["label"] == 1)).astype(float)
    answers = answers.assign(right=right)
    untouched = answers[answers["intervention"] == AS_IT_IS].set_index(["seed", "image"])["right"]
    rows = []
    for name, part in answers.groupby("intervention", sort=False):
        row = {"what": name, "images": part["image"].nunique()}
        now = part.groupby("seed")["right"].mean()
        row["accuracy"] = stacked(estimate(now), 2)
        row["before"] = row["lost"] = words.NOTHING
        pairs = part.set_index(["seed", "image"])["right"].to_frame("now")
        pairs = pairs.join(untouched.rename("before"), how="inner").groupby("seed").mean()
        if name != AS_IT_IS and len(pairs):
            row["before"] = stacked(estimate(pairs["before"]), 2)
            row["lost"] = stacked(estimate(pairs["before"] - pairs["now"]), 2)
        for place in ("zone", "marker", "border", "rest"):
            values = part.groupby("seed")[place].mean().dropna()
            row[place] = stacked(estimate(values), 2) if len(values) else words.NOTHING
        rows.append(row)
    return rows


def sanity_row(method: str, steps: pd.DataFrame) -> dict:
    """How like the original a method's maps are as the network's layers become random."""
    last = steps["step"].max()
    row = {"method": method}
    for key, step in (("top", 1), ("half", (last + 1) // 2), ("all", last)):
        values = steps.loc[steps["step"] == step].set_index("seed")["correlation"].dropna()
        row[key] = stacked(estimate(values), 2) if len(values) else words.NOTHING
    passed = [sanity.depends_on_the_weights(part) for _, part in steps.groupby("seed")]
    row["passed"] = f"{sum(passed)} of {len(passed)}"
    return row
