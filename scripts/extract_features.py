"""Pass a dataset through the frozen backbone, once for all cells and seeds."""

from _job import import_keras, job

with job(snakemake):
    from pathlib import Path

    import_keras()
    from labproof import datasets, transfer

    dataset, name = datasets.read(Path(snakemake.input.dataset)), snakemake.wildcards.backbone
    backbone = transfer.load(
        name,
        (*dataset.inputs.shape[1:3], 3),
        weights=Path(snakemake.input.backbone) / "backbone.weights.h5",
        base=snakemake.params.base,
    )
    features = transfer.extract(backbone, dataset.inputs, name=name)
    datasets.write(Path(snakemake.output[0]), features, dataset.records)
