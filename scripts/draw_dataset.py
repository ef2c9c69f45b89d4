"""A contact sheet of one dataset's training images, with the zones outlined."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof.data import store
    from labproof.page.figures import style
    from labproof.page.figures.images import sheet

    dataset = store.read(Path(snakemake.input[0]))
    images, labels = dataset.split("train")
    zones = None if dataset.zones is None else dataset.zones[: len(dataset.records)]
    if zones is not None:
        zones = zones[dataset.records.loc[dataset.records["split"] == "train", "image"]]
    figure, table = sheet(images, labels, snakemake.params.classes, zones=zones)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""), table)
