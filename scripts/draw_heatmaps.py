"""Every seed's network on the validation images: heatmaps, their scores, and interventions."""

from labproof.job import import_keras, job

with job(snakemake):
    import logging
    from pathlib import Path

    import_keras()
    import numpy as np
    import pandas as pd

    from labproof.data import store
    from labproof.explain import explanations, heatmaps, interventions
    from labproof.page import figures, overlays

    cell, classes = snakemake.params.cell, snakemake.params.classes
    wanted = cell["heatmaps"]
    dataset = store.read(Path(snakemake.input.dataset))
    records = dataset.records[dataset.records["split"] == "validation"].reset_index(drop=True)
    raw, labels = dataset.split("validation")
    numbers = records["image"].to_numpy()
    backbone = snakemake.input.get("backbone")
    cells = explanations.Explained(
        cell, raw.shape[1:], Path(backbone) if backbone else None, snakemake.params.base
    )
    model, images = cells.model, cells.images(raw)
    zones = None if dataset.zones is None else dataset.zones[numbers]
    markers = interventions.marker_boxes(records, raw.shape[1:3])
    made = {
        name: (cells.images(changed), rows)
        for name, (changed, rows) in interventions.versions(raw, zones, records).items()
    }
    shown = explanations.choose(labels, snakemake.params.images)
    few = explanations.choose(labels, snakemake.params.slow_images)

    folder = Path(snakemake.output.heatmaps)
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(
        (file for block in snakemake.input.models for file in Path(block).glob("*.weights.h5")),
        key=lambda file: int(file.name.split(".")[0]),
    )
    centre = None if zones is None else explanations.centre(zones).assign(network="none")
    answers, scores, steps, kept, sheet, listed = [], [], [], {}, [], []
    for row in shown:
        overlays.save(overlays.picture(raw[row]), folder / f"gallery/{numbers[row]}.png")
        if zones is not None and zones[row].any():
            overlays.save(overlays.outline(zones[row]), folder / f"gallery/{numbers[row]}-zone.png")
    for file in files:
        seed = int(file.name.split(".")[0])
        trained, untrained = cells.trained(file), cells.untrained(seed)
        model.set_weights(trained)
        given, where = explanations.intervene(
            model, made, layer=cells.layer, zones=zones, markers=markers
        )
        found = interventions.answers(given, made, labels, numbers)
        answers.append(found.join(where).assign(seed=seed))
        probability = given[interventions.AS_IT_IS]
        predicted = (probability > 0.5).astype(int)
        target = {
            "predicted": predicted,
            "label": labels,
            "negative": np.zeros_like(labels),
            "positive": np.ones_like(labels),
        }[wanted.get("target", "predicted")]
        asked = {
            "layer": cells.layer,
            "target": target,
            "methods": wanted["methods"],
            "few": few,
        }
        maps, found = explanations.score(model, images, zones, **asked)
        about = pd.DataFrame(
            {"image": numbers, "label": labels, "predicted": predicted, "probability": probability}
        )
        each = [found.assign(network="trained")]
        model.set_weights(untrained)
        each.append(
            explanations.score(model, images, zones, **asked)[1].assign(network="untrained")
        )
        model.set_weights(trained)
        if centre is not None:
            each.append(centre)
        rows = pd.concat(each, ignore_index=True)
        scores.append(
            about.loc[rows.pop("row")].reset_index(drop=True).join(rows).assign(seed=seed)
        )
        steps.append(explanations.check(model, untrained, images[few], **asked).assign(seed=seed))
        kept |= {f"{method}/{seed}": small for method, (_, small) in maps.items()}
        logging.info("seed %d: %d maps", seed, sum(len(small) for _, small in maps.values()))

        for m, (method, (places, small)) in enumerate(maps.items()):
            scaled = heatmaps.normalise(heatmaps.upsample(small, raw.shape[1:3]))
            for row in (row for row in shown if row in places):
                name = f"gallery/{m}-{seed}-{numbers[row]}.png"
                heatmap = scaled[list(places).index(row)]
                overlays.save(overlays.heat(np.nan_to_num(heatmap)), folder / name)
                listed.append({**about.loc[row], "seed": seed, "method": method, "heat": name})

        method = wanted["methods"][0]
        places, small = maps[method]
        scaled = heatmaps.normalise(heatmaps.upsample(small, raw.shape[1:3]))
        for row in (row for row in shown if row in places):
            zone = None if zones is None else zones[row]
            heatmap = scaled[list(places).index(row)]
            chance = float(max(probability[row], 1 - probability[row]))
            overlay = overlays.overlay(raw[row], np.nan_to_num(heatmap), zone)
            overlay.save(folder / f"{seed}-{numbers[row]}.png")
            sheet.append(
                figures.Explained(
                    f"image {numbers[row]}, seed {seed}",
                    raw[row],
                    heatmap,
                    classes[labels[row]],
                    classes[predicted[row]],
                    chance,
                    zone,
                )
            )
    np.savez_compressed(folder / "maps.npz", image=numbers, few=numbers[few], **kept)
    table = pd.concat(answers, ignore_index=True)
    table[["seed", *table.columns.drop("seed")]].to_csv(snakemake.output.interventions, index=False)
    front = ["seed", "image", "label", "method", "network", "predicted", "probability"]
    table = pd.concat(scores, ignore_index=True)
    table[[*front, *(name for name in table if name not in front)]].to_csv(
        folder / "scores.csv", index=False
    )
    whole = ["image", "label", "predicted", "seed"]
    pd.DataFrame(listed).astype(dict.fromkeys(whole, int)).to_csv(
        folder / "gallery.csv", index=False
    )
    pd.concat(steps, ignore_index=True).to_csv(folder / "sanity.csv", index=False)
    figure, table = figures.heat_scores(table)
    figures.save(figure, Path(snakemake.output.scores).with_suffix(""), table)
    # the sheet shows each of these images once, in the eyes of one seed after the other
    each = len(sheet) // len(files)
    chosen = [sheet[place % len(files) * each + place] for place in range(each)]
    figure, table = figures.contact_sheet(chosen)
    figures.save(figure, Path(snakemake.output.sheet).with_suffix(""), table)
