"""Draw or decode the images of one dataset into its store, once."""

from _job import job

with job(snakemake):
    from pathlib import Path

    from labproof import datasets, folders, phantoms

    dataset, source = snakemake.params.dataset, dict(snakemake.params.source)
    kind = source.pop("kind")
    store = Path(snakemake.output[0])
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
        datasets.write(store, images, records, zones)
    else:
        folders.prepare(
            Path(source["path"]),
            dataset,
            store,
            broken=source.get("broken", "stop"),
            boxes=source.get("boxes"),
            threads=snakemake.threads,
        )
