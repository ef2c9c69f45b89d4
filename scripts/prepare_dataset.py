"""Draw or decode the images of one dataset into its store, once."""

from _job import job

with job(snakemake):
    from pathlib import Path

    from labproof import datasets, phantoms

    dataset, source = snakemake.params.dataset, dict(snakemake.params.source)
    kind = source.pop("kind")
    if kind == "phantom":
        images, zones, records = phantoms.draw_dataset(
            dataset["source"],
            train=dataset["train"],
            validation=dataset["validation"],
            size=dataset["size"],
            channels=dataset["channels"],
            seed=source.pop("seed", 0),
            **source,
        )
    else:
        images, records = datasets.from_folder(Path(source["path"]), dataset)
        zones = None
    datasets.write(Path(snakemake.output[0]), images, records, zones)
