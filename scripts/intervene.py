"""Each seed's network on the validation images with a marker or zone changed, and its heatmaps."""

from _job import job

with job(snakemake):
    from pathlib import Path

    import pandas as pd

    from labproof import datasets, heatmaps, interventions, networks, training

    cell = snakemake.params.cell
    dataset = datasets.read(Path(snakemake.input.dataset))
    records = dataset.records[dataset.records["split"] == "validation"].reset_index(drop=True)
    raw, labels = dataset.split("validation")
    numbers = records["image"].to_numpy()
    zones = None if dataset.zones is None else dataset.zones[numbers]
    size = raw.shape[1:3]
    markers = interventions.marker_boxes(records, size)
    made = interventions.versions(raw, zones, records)

    files = (file for block in snakemake.input.models for file in Path(block).glob("*.weights.h5"))
    tables = []
    for file in sorted(files, key=lambda file: int(file.name.split(".")[0])):
        seed = int(file.name.split(".")[0])
        model = networks.build(cell, raw.shape[1:], seed=seed)
        model.load_weights(file)
        given = {
            name: training.positive(model.predict(datasets.scaled(images), verbose=0))
            for name, (images, _) in made.items()
        }
        found = interventions.answers(given, made, labels, numbers)
        layer = cell["heatmaps"].get("layer") or networks.last_activation(model)
        where = []
        for images, rows in made.values():
            maps = heatmaps.explain(model, datasets.scaled(images), layer=layer, target=None)
            where += [
                interventions.shares(
                    heatmap,
                    None if zones is None else zones[row],
                    None if markers is None else markers[row],
                )
                for heatmap, row in zip(heatmaps.upsample(maps, size), rows, strict=True)
            ]
        tables.append(found.join(pd.DataFrame(where)).assign(seed=seed))
    table = pd.concat(tables, ignore_index=True)
    table[["seed", *table.columns.drop("seed")]].to_csv(snakemake.output[0], index=False)
