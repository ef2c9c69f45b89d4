"""What is in a data set that could make a result look better than it is."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from labproof import words
from labproof.data.store import Dataset

SMALL = 32  # pixels a side of what the border baseline sees
BORDER = 4  # of them, on each side
FOLDS = 5
# An AUC that images alone could not lift so far, and that would matter if it were.
TELLING = 0.55
QUANTILES = np.linspace(0, 1, 21)
BASELINES = {
    "grey": "the distribution of grey levels alone",
    "border": "the border alone (an eighth of each side)",
}


def audit(dataset: Dataset, left_out: pd.DataFrame | None = None) -> tuple[dict, pd.DataFrame]:
    """Audit a data set.

    Parameters
    ----------
    dataset
        Images (uint8) with records: image, split, label, class, and width, height, group if known.
    left_out
        Files that could not be read: file, reason.

    Returns
    -------
    facts
        `images`; `counts` (split -> class -> number); `sizes` of the files (smallest and largest
        width and height, or None); `pairs` of duplicates: `exact`, `near`, `across` the splits,
        `conflicting` in label; `twins`, the numbers of the validation images that have a duplicate
        in training, if only by way of another, and `final_twins`, those of final images that have
        one in training or validation; `groups` (number, `across` both splits) or None;
        `left_out`; `baselines` (name -> auc, low, high; None where a class has too few images);
        `warnings`, sentences.
    pairs
        As `duplicates.find`, in image numbers, with `first_split`, `first_class`, and so on.
    """
    records = dataset.records
    images = dataset.inputs[: len(records)]
    pairs = _pairs(images, records)
    across = pairs[pairs["first_split"] != pairs["second_split"]]
    alike = _relatives(records, pairs)
    split = records["split"]
    twins = records["image"][_met(alike, split == "train") & (split == "validation")]
    final = records["image"][_met(alike, split != "final") & (split == "final")]
    watched = (split != "final").to_numpy()
    facts = {
        "images": len(records),
        "counts": {
            split: {
                str(name): int(n) for name, n in part.groupby("class", sort=False).size().items()
            }
            for split, part in records.groupby("split", sort=False)
        },
        "sizes": _sizes(records),
        "pairs": {
            "exact": int((pairs["kind"] == "exact").sum()),
            "near": int((pairs["kind"] == "near").sum()),
            "across": len(across),
            "conflicting": int((pairs["first_class"] != pairs["second_class"]).sum()),
        },
        "twins": [int(image) for image in twins],
        "final_twins": [int(image) for image in final],
        "groups": _groups(records),
        "left_out": 0 if left_out is None else len(left_out),
        "baselines": _baselines(images[watched], records[watched], alike[watched]),
    }
    return {**facts, "warnings": _warnings(facts)}, pairs


def write(facts: Mapping, pairs: pd.DataFrame, folder: Path) -> None:
    """Write audit.json and pairs.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    (folder / "audit.json").write_text(text + "\n", encoding="utf-8")
    pairs.to_csv(folder / "pairs.csv", index=False)


def read(folder: Path) -> dict | None:
    """The facts of an audit, or None where there was none."""
    file = folder / "audit.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _pairs(images: np.ndarray, records: pd.DataFrame) -> pd.DataFrame:
    from labproof.data import duplicates  # SciPy, which who only reads an audit need not load

    found = duplicates.find(images)
    for side in ("first", "second"):
        rows = found[side].to_numpy(dtype=int)
        for column in ("split", "class"):
            found[f"{side}_{column}"] = records[column].to_numpy()[rows]
        found[side] = records["image"].to_numpy()[rows]
    return found


def _sizes(records: pd.DataFrame) -> dict | None:
    if "width" not in records:
        return None
    return {
        "smallest": [int(records["width"].min()), int(records["height"].min())],
        "largest": [int(records["width"].max()), int(records["height"].max())],
    }


def _groups(records: pd.DataFrame) -> dict | None:
    if "group" not in records:
        return None
    splits = records.groupby("group")["split"].nunique()
    return {"number": len(splits), "across": int((splits > 1).sum())}


def _baselines(images: np.ndarray, records: pd.DataFrame, alike: np.ndarray) -> dict:
    """AUC of two linear models that see next to nothing, cross-validated, with 95 % intervals.

    One of each set of duplicates is looked at, and groups are kept together.
    """
    first = np.unique(alike, return_index=True)[1]
    images, records = images[first], records.iloc[first]
    label = records["label"].to_numpy()
    groups = pd.factorize(records["group"])[0] if "group" in records else np.arange(len(records))
    folds = min(FOLDS, *(len(set(groups[label == kind])) for kind in (0, 1)))
    if folds < 2 or min(np.bincount(label, minlength=2)) < 2 * FOLDS:
        return dict.fromkeys(BASELINES)
    small = np.stack([_small(image) for image in images])
    inside = np.zeros((SMALL, SMALL), bool)
    inside[BORDER:-BORDER, BORDER:-BORDER] = True
    grey = [np.append(np.quantile(image, QUANTILES), image.std()) for image in images]
    seen = {"grey": np.stack(grey), "border": small[:, ~inside]}
    return {name: _auc(features, label, groups, folds) for name, features in seen.items()}


def _met(alike: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Which images are of a chain of duplicates with one of these rows."""
    return np.isin(alike, np.unique(alike[rows]))


def _small(image: np.ndarray) -> np.ndarray:
    grey = Image.fromarray(image.squeeze()).convert("L")
    return np.asarray(grey.resize((SMALL, SMALL), Image.Resampling.BOX), dtype=float)


def _relatives(records: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """A number for each image, equal for those of one chain of duplicates."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count = len(records)
    place = dict(zip(records["image"], range(count), strict=True))
    ends = [pairs[side].map(place).to_numpy(dtype=int) for side in ("first", "second")]
    joined = coo_matrix((np.ones(len(pairs)), ends), (count, count))
    return connected_components(joined, directed=False)[1]


def _auc(features: np.ndarray, label: np.ndarray, groups: np.ndarray, folds: int) -> dict:
    """Of ridge regression on the label, each image judged by a model that saw none of its group."""
    # here, since the page and the verdicts read audits and would wait for all of this
    from sklearn.linear_model import RidgeCV
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 6, 13)))
    by = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    score = cross_val_predict(model, features, label, groups=groups, cv=by)
    auc = float(roc_auc_score(label, score))
    positive = int(label.sum())
    low, high = interval(auc, positive, len(label) - positive)
    return {"auc": auc, "low": low, "high": high}


def interval(auc: float, positive: int, negative: int) -> tuple[float, float]:
    """95 % interval of an AUC (0 to 1) on so many images a class (Hanley & McNeil 1982)."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positive - 1) * (q1 - auc**2) + (negative - 1) * (q2 - auc**2)
    half = 1.96 * math.sqrt(max(0.0, variance) / (positive * negative))
    return max(0.0, auc - half), min(1.0, auc + half)


def _warnings(facts: Mapping) -> list[str]:
    said = []
    pairs, groups, twins = facts["pairs"], facts["groups"], len(facts["twins"])
    if twins:
        said.append(
            f"{words.count(twins, 'validation image')} {'has' if twins == 1 else 'have'} a "
            "duplicate among the training images"
        )
    if facts["final_twins"]:
        count = len(facts["final_twins"])
        said.append(
            f"{words.count(count, 'final image')} {'has' if count == 1 else 'have'} a duplicate "
            "among the images that were trained or watched on"
        )
    if pairs["conflicting"]:
        said.append(
            f"{words.count(pairs['conflicting'], 'pair')} of duplicates "
            f"{'has' if pairs['conflicting'] == 1 else 'have'} different labels"
        )
    if groups and groups["across"]:
        said.append(f"{words.count(groups['across'], 'group')} of images in both splits")
    for name, found in facts["baselines"].items():
        if found and found["low"] > TELLING:
            said.append(
                f"a linear model that sees {BASELINES[name]} tells the classes apart "
                f"(AUC {words.number(found['auc'], 2)})"
            )
    return said


def without_twins(predictions: pd.DataFrame, twins: Sequence[int]) -> pd.DataFrame:
    """Accuracy of each seed on all validation images and on those without a duplicate in training.

    predictions: seed, image, label (0 or 1), probability, and split or none. Returns seed, all,
    without (0 to 1, NaN where no image is left).
    """
    if "split" in predictions:
        predictions = predictions[predictions["split"] == "validation"]
    right = (predictions["probability"] > 0.5) == (predictions["label"] == 1)
    fresh = ~predictions["image"].isin(list(twins))
    by_seed = predictions["seed"]
    found = {"all": right.groupby(by_seed).mean(), "without": right[fresh].groupby(by_seed).mean()}
    return pd.DataFrame(found).reset_index()
