"""Grad-CAM maps of all validation images by every seed's network: maps, scores, some overlays."""

from _job import job

with job(snakemake):
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from labproof import datasets, figures, heatmaps, networks, training

    cell, classes = snakemake.params.cell, snakemake.params.classes
    dataset = datasets.read(Path(snakemake.input.dataset))
    records = dataset.records[dataset.records["split"] == "validation"]
    raw, labels = dataset.split("validation")
    images, size = datasets.scaled(raw), raw.shape[1:3]
    numbers = records["image"].to_numpy()
    zones = None if dataset.zones is None else dataset.zones[numbers]
    # as many of either class; an odd one more of the first
    halves = [snakemake.params.images - snakemake.params.images // 2, snakemake.params.images // 2]
    shown = [row for label in (0, 1) for row in np.flatnonzero(labels == label)[: halves[label]]]

    folder = Path(snakemake.output.heatmaps)
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(
        (file for block in snakemake.input.models for file in Path(block).glob("*.weights.h5")),
        key=lambda file: int(file.name.split(".")[0]),
    )
    scores, maps, sheet = [], {}, []
    for file in files:
        seed = int(file.name.split(".")[0])
        model = networks.build(cell, images.shape[1:], seed=seed)
        model.load_weights(file)
        probability = training.positive(model.predict(images, batch_size=64, verbose=0))
        layer = networks.last_activation(model)
        small = heatmaps.grad_cam(model, images, layer=layer, target=None)
        maps[str(seed)] = small
        large = heatmaps.upsample(small, size)
        scaled = heatmaps.normalise(large)
        for row, image in enumerate(numbers):
            predicted = int(probability[row] > 0.5)
            scores.append(
                {
                    "seed": seed,
                    "image": image,
                    "label": labels[row],
                    "method": "Grad-CAM",
                    "predicted": predicted,
                    "probability": probability[row],
                    **({} if zones is None else heatmaps.score(large[row], zones[row])),
                }
            )
            if row in shown:
                chance = probability[row] if predicted else 1 - probability[row]
                zone = None if zones is None else zones[row]
                title = (
                    f"truly {classes[labels[row]]}\ntaken for {classes[predicted]} ({chance:.2f})"
                )
                overlay = figures.overlay(raw[row], scaled[row], zone=zone, title=title)
                figures.save_png(overlay, folder / f"{seed}-{image}.png")
                sheet.append(
                    figures.Explained(
                        f"image {image}, seed {seed}",
                        raw[row],
                        scaled[row],
                        classes[labels[row]],
                        classes[predicted],
                        float(chance),
                        zone,
                    )
                )
    np.savez_compressed(folder / "maps.npz", image=numbers, **maps)
    pd.DataFrame(scores).to_csv(folder / "scores.csv", index=False)
    # the sheet shows each of these images once, in the eyes of one seed after the other
    chosen = [sheet[place % len(files) * len(shown) + place] for place in range(len(shown))]
    figure, table = figures.contact_sheet(chosen)
    figures.save(figure, Path(snakemake.output.sheet).with_suffix(""), table)
