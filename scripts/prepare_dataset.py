"""Draw or decode the images of one dataset into its store, once."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof.data import folders, phantoms, store

    dataset = dict(snakemake.params.dataset)
    source = dict(dataset.pop("images"))
    kind = source.pop("kind")
    folder = Path(snakemake.output[0])
    if kind == "phantom":
        images, zones, records = phantoms.draw_dataset(
            dataset["source"],
            train=dataset["train"],
            validation=dataset["validation"],
            final=dataset["final"],
            size=dataset["size"],
            channels=dataset["channels"],
            seed=source.pop("seed", 0),
            **source,
        )
        store.write(folder, images, records, zones)
    else:
        options = {k: v for k, v in source.items() if k not in ("path", "classes", "archive")}
        folders.prepare(
            Path(source["path"]),
            dataset,
            folder,
            threads=snakemake.threads,
            scratch=Path(snakemake.params.scratch),
            **options,
        )
