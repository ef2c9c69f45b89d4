"""A small FAKE results folder for tests of the report: curves from a formula, no training.

Nothing here was measured. Each cell's curves follow `falling()` with planted settings, so that a
test knows what the report must say.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from labproof.data import audit
from labproof.judging import findings, record
from labproof.lab import claims, prose
from labproof.page import overlays

SEEDS = [0, 1, 2, 3, 4]

# What the fake lab claims: each verdict once or more, by the planted curves.
CLAIMED = {
    "curves": {
        "overfitting": {
            "means": "the validation loss ends above the training loss, and rises",
            "parts": [
                {"measure": "overfitting", "above": 0},
                {"measure": "validation_trend", "above": 0},
            ],
        }
    },
    "findings": [
        {
            "id": "1a-plain-overfits",
            "task": "1a",
            "statement": "Without dropout the validation loss overfits.",
            "cell": "1a-plain",
            "shows": "overfitting",
            "why": "Because it is planted.",
        },
        {
            "id": "1a-dropout-none",
            "task": "1a",
            "statement": "With dropout there is no overfitting.",
            "cell": "1a-dropout",
            "lacks": "overfitting",
            "why": "The sentence denies it.",
            "note": "A note on the sentence.",
        },
        {
            "id": "1a-dropout-better",
            "task": "1a",
            "statement": "With dropout both accuracies are higher.",
            "parts": [
                {"measure": "final_accuracy", "cell": "1a-dropout", "above": "1a-plain"},
                {"measure": "final_val_accuracy", "cell": "1a-dropout", "above": "1a-plain"},
            ],
            "why": "One part is planted the other way.",
        },
        {
            "id": "1a-plain-accuracy",
            "task": "1a",
            "statement": "Without dropout the training accuracy is about 0.9.",
            "measure": "final_accuracy",
            "cell": "1a-plain",
            "about": 0.9,
            "within": 0.03,
            "why": "It is planted at 0.90.",
        },
        {
            "id": "8-accuracy",
            "task": "8",
            "statement": "The validation accuracy is about 0.95.",
            "measure": "final_val_accuracy",
            "cell": "8-vgg16-bone",
            "about": 0.95,
            "within": 0.01,
            "why": "Twenty images cannot tell.",
        },
    ],
}

# What the fake lab wrote: four of its sentences stand in its prose, two of the text's are plain.
WRITTEN = """A word before the tasks, which nothing judges.

## 1a

We began plain. [The loss *overfits*]{finding=1a-plain-overfits}, though
[the accuracy is about 0.9]{finding=1a-plain-accuracy}.

- With dropout [there is none of it]{finding=1a-dropout-none}.
- [Both accuracies]{finding=1a-dropout-better} are higher.
"""

# cell: (task, dataset, network, label, floor of the loss, rise of the validation loss, accuracies)
CELLS = {
    "1a-plain": ("1a", "skin", "alexnet", "without dropout", 0.30, 0.45, (0.90, 0.78)),
    "1a-dropout": ("1a", "skin", "alexnet", "with dropout", 0.50, -0.05, (0.68, 0.80)),
    "1b-bn": ("1b", "skin", "alexnet", "batch normalisation", 0.02, 0.90, (1.00, 0.74)),
    "1b-bn-dropout": ("1b", "skin", "alexnet", "BN and dropout", 0.10, 0.50, (0.96, 0.79)),
    "1c-dropout": ("1c", "skin", "alexnet", "dropout", 0.55, 0.00, (0.66, 0.79)),
    "1c-bn-dropout": ("1c", "skin", "alexnet", "BN and dropout", 0.30, 0.20, (0.85, 0.81)),
    "2a-dropout": ("2a", "skin", "alexnet", "dropout", 0.50, 0.02, (0.72, 0.80)),
    "2a-spatial": ("2a", "skin", "alexnet", "spatial dropout", 0.66, 0.00, (0.54, 0.51)),
    "5-vgg16-bone": ("5", "bone", "vgg16", "bone", 0.20, 0.02, (0.92, 0.95)),
    "5-vgg16-bone-augmented": ("5", "bone", "vgg16", "bone, augmented", 0.30, 0.00, (0.84, 0.96)),
    "7-transfer-skin": ("7", "skin-colour", "mlp", "skin", 0.40, 0.05, (0.84, 0.80)),
    "7-transfer-bone": ("7", "bone-colour", "mlp", "bone", 0.20, 0.05, (0.94, 0.93)),
    "8-vgg16-bone": ("8", "bone", "vgg16", "two outputs", 0.20, 0.02, (0.93, 0.95)),
}
TITLES = {
    "1a": "Dropout",
    "1b": "Batch normalisation",
    "1c": "A smaller learning rate",
    "2a": "Spatial dropout",
    "3": "A gallery of augmentation",
    "5": "VGG16 and augmentation",
    "7": "Transfer learning",
    "8": "Heatmaps",
}


def falling(epochs: int, floor: float, start: float = 0.7) -> np.ndarray:
    """A loss that falls exponentially from `start` towards `floor`."""
    return floor + (start - floor) * np.exp(-np.arange(epochs) / (0.2 * epochs))


def history(
    seed: int, epochs: int, floor: float, rise: float, accuracies: tuple[float, float]
) -> pd.DataFrame:
    """One seed's fake curves; the validation loss ends about `rise` above the training loss."""
    rng = np.random.default_rng([seed, int(1000 * floor), int(1000 * abs(rise))])
    t = np.linspace(0, 1, epochs)
    shift = rng.normal(0, 0.015)
    loss = falling(epochs, floor) + rng.normal(0, 0.005, epochs)
    val_loss = falling(epochs, floor) + rise * t**1.5 + shift + rng.normal(0, 0.02, epochs)
    learned = 1 - np.exp(-5 * t)
    accuracy = 0.5 + (accuracies[0] - 0.5) * learned + rng.normal(0, 0.005, epochs)
    val_accuracy = 0.5 + (accuracies[1] - 0.5) * learned + shift + rng.normal(0, 0.01, epochs)
    return pd.DataFrame(
        {
            "seed": seed,
            "epoch": np.arange(1, epochs + 1),
            "loss": loss.clip(0.001),
            "accuracy": accuracy.clip(0, 1),
            "val_loss": val_loss.clip(0.001),
            "val_accuracy": val_accuracy.clip(0, 1),
        }
    )


def lab(seeds: list[int] = SEEDS) -> dict:
    """A resolved lab of the fake cells."""
    cells = {}
    for name, (task, dataset, network, label, *_) in CELLS.items():
        cells[name] = {
            "task": task,
            "dataset": dataset,
            "network": network,
            "base": 8,
            "dense": [64, 64],
            "outputs": 2 if task == "8" else 1,
            "dropout": 0.4 if "plain" not in name and name != "1b-bn" else 0.0,
            "batch_norm": "bn" in name,
            "spatial_dropout": 0.1 if "spatial" in name else 0.0,
            "augmentation": {"rotation": 10, "shift": 0.1, "flip": True}
            if "augmented" in name
            else None,
            "learning_rate": 2e-4,
            "epochs": 20,
            "batch_size": 8,
            "initializer": "glorot_uniform",
            "backbone": "vgg16" if task == "7" else None,
            "control": name == "5-vgg16-bone",
            "heatmaps": {"images": 6} if task == "8" else None,
            "label": label,
            "same_as": None,
            "continues": "1a-dropout" if name == "1c-dropout" else None,
        }
    protocol = {n: {**c, "learning_rate": 1e-4, "epochs": 50} for n, c in cells.items()}
    names = {}
    for name, (task, *_) in CELLS.items():
        names.setdefault(task, []).append(name)
    tasks = {
        task: {
            "title": title,
            "did": f"The fake lab did something about {title.lower()}.",
            "cells": names.get(task, []),
        }
        for task, title in TITLES.items()
    }
    tasks["3"]["gallery"] = ["skin", "bone"]
    datasets = {
        name: {
            "source": name.split("-")[0],
            "images": {"kind": "phantom"},
            "size": 64,
            "channels": 3 if "colour" in name else 1,
            "train": 30,
            "validation": 20,
            "classes": ["nevus", "melanoma"] if "skin" in name else ["NFF", "AFF"],
        }
        for name in ("skin", "skin-colour", "bone", "bone-colour")
    }
    return {
        "name": "fake",
        "title": "A fake lab",
        "where": "lab3",
        "preset": "demo",
        "seeds": seeds,
        "planned": False,
        "budget": "0s",
        "granted": {"budget": 540.0, "spent": 90.0, "looks": 1, "changed": False},
        "ladder": [len(seeds)],
        "seeds_of": dict.fromkeys(cells, seeds),
        "blocks": {cell: [f"{seeds[0]}-{seeds[-1]}"] for cell in cells},
        "sources": {name: {"kind": "phantom"} for name in ("skin", "bone")},
        "backbone": {"name": None},
        "datasets": datasets,
        "tasks": tasks,
        "cells": cells,
        "protocol": protocol,
        "asked": {name: {"size": 128, "train": 60, "validation": 20} for name in datasets},
        "report": None,
        "reports": {},
        "prose": prose.parse(WRITTEN, "report.md", tasks, [x["id"] for x in CLAIMED["findings"]]),
        **claims.resolve(CLAIMED, tasks, cells, Path("fake/findings.yaml")),
    }


def audited(name: str) -> tuple[dict, pd.DataFrame]:
    """An audit: skin has two twins, a group in both splits and sizes; bone a telling border."""
    skin = name == "skin"
    border = {"auc": 0.93, "low": 0.91, "high": 0.96}
    facts = {
        "images": 50,
        "counts": {},
        "sizes": {"smallest": [300, 200], "largest": [640, 480]} if skin else None,
        "pairs": {"exact": 1, "near": 2, "across": 2, "conflicting": 1}
        if skin
        else dict.fromkeys(("exact", "near", "across", "conflicting"), 0),
        "twins": [31, 34] if skin else [],
        "groups": {"number": 40, "across": 1} if skin else None,
        "left_out": 3 if skin else 0,
        "baselines": {
            "grey": None if skin else {"auc": 0.51, "low": 0.42, "high": 0.6},
            "border": None if skin else border,
        },
        "warnings": ["2 validation images have a duplicate among the training images"]
        if skin
        else ["a linear model that sees the border alone tells the classes apart (AUC 0.93)"]
        if name == "bone"
        else [],
    }
    return facts, pd.DataFrame(columns=["first", "second"])


def gallery(folder: Path, seeds: list[int]) -> None:
    """Four images by two methods; the second seed is wrong about the first image."""
    ramp = np.tile(np.linspace(0, 1, 24), (24, 1))
    rows = []
    for k in range(4):
        overlays.save(
            overlays.picture((200 * ramp[..., None]).astype(np.uint8)),
            folder / f"gallery/{30 + k}.png",
        )
        overlays.save(overlays.outline(ramp > 0.8), folder / f"gallery/{30 + k}-zone.png")
        for m, method in enumerate(("Grad-CAM", "occlusion")):
            for seed in seeds:
                name = f"gallery/{m}-{seed}-{30 + k}.png"
                overlays.save(overlays.heat(ramp if m else ramp.T), folder / name)
                wrong = seed == seeds[-1] and k == 0 and len(seeds) > 1
                rows.append(
                    {
                        "image": 30 + k,
                        "label": k % 2,
                        "predicted": 1 - k % 2 if wrong else k % 2,
                        "probability": 0.9,
                        "seed": seed,
                        "method": method,
                        "heat": name,
                    }
                )
    pd.DataFrame(rows).to_csv(folder / "gallery.csv", index=False)


def chart(path: Path, width: int, height: int, lines: list[np.ndarray]) -> None:
    """A bare line chart as SVG, in ink on white, and a grey PNG of the same name."""
    colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"]
    top = max(float(np.max(line)) for line in lines)
    drawn = ""
    for i, line in enumerate(lines):
        x = np.linspace(50, width - 20, len(line))
        y = height - 40 - (height - 70) * line / top
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        drawn += (
            f'<polyline points="{points}" fill="none" stroke="{colours[i % 4]}" stroke-width="2"/>'
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><rect width="100%" height="100%" fill="white"/>'
        f'<path d="M50 20V{height - 40}H{width - 20}" fill="none" stroke="#222"/>'
        f'<text x="{width / 2}" y="{height - 12}" font-size="13" fill="#222">epoch (fake)</text>'
        f"{drawn}</svg>\n",
        encoding="utf-8",
    )
    photo(path, width, height, seed=1)


def photo(path: Path, width: int, height: int, seed: int) -> None:
    """A smooth random PNG in place of a sheet of photographs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    small = np.random.default_rng(seed).integers(60, 220, (6, 10, 3), dtype=np.uint8)
    Image.fromarray(small).resize((width, height), Image.BICUBIC).save(path.with_suffix(".png"))


def published(path: Path) -> Path:
    """A fake published.csv: one cell with three groups, one with a note instead of a value."""
    rows = [
        ("1a-plain", "lab report", "accuracy", 0.85, ""),
        ("1a-plain", "lab report", "val_accuracy", 0.85, ""),
        ("1a-plain", "lassestahnke", "accuracy", 0.955, ""),
        ("1a-plain", "lassestahnke", "val_accuracy", 0.77, ""),
        ("1a-plain", "binarypillow", "val_accuracy", 0.83, ""),
        ("1a-dropout", "lab report", "val_accuracy", 0.80, ""),
        ("1a-dropout", "lassestahnke", "val_accuracy", 0.795, ""),
        ("1c-dropout", "binarypillow", "val_loss", 0.518, ""),
        ("2a-spatial", "lab report", "val_accuracy", np.nan, "below BN"),
        ("2a-spatial", "lassestahnke", "val_accuracy", 0.80, ""),
        ("5-vgg16-bone-augmented", "lab report", "val_accuracy", 0.9, "above 0.9"),
        ("5-vgg16-bone-augmented", "lassestahnke", "val_accuracy", 0.78, "another data set"),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=["cell", "group", "metric", "value", "note"]).to_csv(
        path, index=False
    )
    return path


def make(folder: Path, seeds: list[int] = SEEDS) -> dict:
    """Write the fake results under `folder` and return the fake lab that they belong to."""
    made = lab(seeds)
    for name in ("histories", "predictions", "facts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    labels = np.array([0, 1] * 10)
    for name, (task, _, _, _, floor, rise, accuracies) in CELLS.items():
        histories = pd.concat([history(s, 20, floor, rise, accuracies) for s in seeds])
        histories.to_csv(folder / "histories" / f"{name}.csv", index=False)
        rows = []
        for seed in seeds:
            rng = np.random.default_rng([seed, len(name)])
            right = rng.random(len(labels)) < accuracies[1]
            probability = np.where(right == (labels == 1), 0.8, 0.2)
            if name == "2a-spatial":
                probability = np.full(len(labels), 0.7)
            rows.append(
                pd.DataFrame(
                    {
                        "seed": seed,
                        "image": np.arange(30, 50),
                        "label": labels,
                        "probability": probability,
                    }
                )
            )
        pd.concat(rows).to_csv(folder / "predictions" / f"{name}.csv", index=False)
        facts = {
            "block": f"{seeds[0]}-{seeds[-1]}",
            "seeds": len(seeds),
            "seconds": 12.5 * len(seeds),
            "peak_memory_mib": 900,
            "device": "fake:0",
            "backend": "none",
            "parameters": 12345,
            "keras": "0.0",
        }
        pd.DataFrame([facts]).to_csv(folder / "facts" / f"{name}.csv", index=False)
        mean = histories.groupby("epoch").mean()
        chart(folder / "figures" / task / name, 760, 300, [mean["loss"], mean["val_loss"]])
    for task, content in made["tasks"].items():
        if content["cells"]:
            lines = [
                pd.read_csv(folder / "histories" / f"{cell}.csv")
                .groupby("epoch")["val_loss"]
                .mean()
                for cell in content["cells"]
            ]
            chart(folder / "figures" / task / "curves", 900, 360, lines)
            chart(folder / "figures" / task / "predictions", 900, 320, lines)
    photo(folder / "figures" / "gallery" / "3", 900, 500, seed=3)
    for i, (name, dataset) in enumerate(made["datasets"].items()):
        photo(folder / "figures" / "datasets" / name, 640, 320, seed=i)
        (folder / "datasets" / name).mkdir(parents=True, exist_ok=True)
        total = dataset["train"] + dataset["validation"]
        pd.DataFrame(
            {
                "image": range(total),
                "split": ["train"] * dataset["train"] + ["validation"] * dataset["validation"],
                "label": [k % 2 for k in range(total)],
                "class": [dataset["classes"][k % 2] for k in range(total)],
                "source": "phantom",
            }
        ).to_csv(folder / "datasets" / name / "records.csv", index=False)
        audit.write(*audited(name), folder / "audit" / name)
    photo(folder / "audit" / "skin" / "pairs", 900, 160, seed=8)
    photo(folder / "figures" / "heatmaps" / "8-vgg16-bone", 900, 600, seed=9)
    (folder / "heatmaps" / "8-vgg16-bone").mkdir(parents=True, exist_ok=True)
    pd.DataFrame(
        [
            {
                "seed": s,
                "image": 30 + k,
                "label": k % 2,
                "method": method,
                "network": network,
                "predicted": k % 2,
                "probability": 0.9,
                "energy": energy + 0.002 * s,
                "pointing": 0.5,
                "overlap": 0.1,
                "precision": 0.2,
                "energy_area": 0.10,
                "pointing_area": 0.15,
                "overlap_area": 0.05,
                "precision_area": 0.10,
                "deletion": np.nan if network == "none" else 0.4,
                "insertion": np.nan if network == "none" else 0.8,
            }
            for s in seeds
            for k in range(6)
            for method, network, energy in (
                ("Grad-CAM", "trained", 0.03),
                ("occlusion", "trained", 0.3),
                ("Grad-CAM", "untrained", 0.11),
                ("centre prior", "none", 0.2),
            )
        ]
    ).to_csv(folder / "heatmaps" / "8-vgg16-bone" / "scores.csv", index=False)
    pd.DataFrame(
        [
            {
                "step": step,
                "layer": f"layer{step}",
                "correlation": 1 - 0.25 * step,
                "undefined": 0,
                "method": "Grad-CAM",
                "seed": s,
            }
            for s in seeds
            for step in range(4)
        ]
    ).to_csv(folder / "heatmaps" / "8-vgg16-bone" / "sanity.csv", index=False)
    gallery(folder / "heatmaps" / "8-vgg16-bone", seeds)
    chart(folder / "figures" / "heat-scores" / "8-vgg16-bone", 640, 200, [np.linspace(0, 1, 9)])
    (folder / "interventions").mkdir()
    pd.DataFrame(
        [
            {
                "seed": s,
                "intervention": what,
                "image": 30 + k,
                "label": 1,
                "probability": 0.9 if k < right else 0.1,
                "zone": 0.1,
                "marker": 0.5,
                "border": 0.3,
                "rest": 0.1,
            }
            for s in seeds
            for k in range(6)
            for what, right in (("as it is", 6), ("marker painted out", 3))
        ]
    ).to_csv(folder / "interventions" / "8-vgg16-bone.csv", index=False)
    backbone = folder / "backbones" / "vgg16"
    backbone.mkdir(parents=True)
    history(0, 12, 0.6, 0.1, (0.9, 0.7)).drop(columns="seed").to_csv(
        backbone / "history.csv", index=False
    )
    pd.DataFrame([{"weights": "procedural", "parameters": 14714688, "classes": 24}]).to_csv(
        backbone / "facts.csv", index=False
    )
    tables = {
        cell: {
            kind: pd.read_csv(folder / kind / f"{cell}.csv")
            for kind in ("histories", "predictions")
        }
        for cell in made["cells"]
    }
    judged = findings.judge(
        made["findings"],
        tables,
        seeds=seeds,
        datasets={name: cell["dataset"] for name, cell in made["cells"].items()},
        published=pd.read_csv(published(folder.parent / "published.csv")),
        warnings={name: audited(name)[0]["warnings"] for name in made["datasets"]},
    )
    record.write(judged, folder / "findings.json")
    return made
