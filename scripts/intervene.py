"""Each seed's network on the validation images with a marker or zone changed, and its heatmaps."""

from _job import import_keras, job

with job(snakemake):
    from pathlib import Path

    import_keras()
    import pandas as pd

    from labproof import datasets, explanations, heatmaps, interventions

    dataset = datasets.read(Path(snakemake.input.dataset))
    records = dataset.records[dataset.records["split"] == "validation"].reset_index(drop=True)
    raw, labels = dataset.split("validation")
    numbers = records["image"].to_numpy()
    zones = None if dataset.zones is None else dataset.zones[numbers]
    size, backbone = raw.shape[1:3], snakemake.input.get("backbone")
    cells = explanations.Explained(
        snakemake.params.cell,
        raw.shape[1:],
        Path(backbone) if backbone else None,
        snakemake.params.base,
    )
    markers = interventions.marker_boxes(records, size)
    made = interventions.versions(raw, zones, records)

    files = (file for block in snakemake.input.models for file in Path(block).glob("*.weights.h5"))
    tables = []
    for file in sorted(files, key=lambda file: int(file.name.split(".")[0])):
        seed = int(file.name.split(".")[0])
        cells.model.set_weights(cells.trained(file))
        given, where = {}, []
        for name, (images, rows) in made.items():
            given[name], maps = heatmaps.answer(
                cells.model, cells.images(images), layer=cells.layer
            )
            where += [
                interventions.shares(
                    heatmap,
                    None if zones is None else zones[row],
                    None if markers is None else markers[row],
                )
                for heatmap, row in zip(heatmaps.upsample(maps, size), rows, strict=True)
            ]
        found = interventions.answers(given, made, labels, numbers)
        tables.append(found.join(pd.DataFrame(where)).assign(seed=seed))
    table = pd.concat(tables, ignore_index=True)
    table[["seed", *table.columns.drop("seed")]].to_csv(snakemake.output[0], index=False)
