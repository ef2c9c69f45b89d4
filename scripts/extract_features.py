"""Pass a dataset through the frozen backbone, once for all cells and seeds."""

from labproof.job import import_keras, job

with job(snakemake):
    from pathlib import Path

    import_keras()
    from labproof.data import store
    from labproof.training import backbones

    dataset, name = store.read(Path(snakemake.input.dataset)), snakemake.wildcards.backbone
    backbone = backbones.read(
        name,
        (*dataset.inputs.shape[1:3], 3),
        Path(snakemake.input.backbone),
        base=snakemake.params.base,
    )
    features = backbones.extract(backbone, dataset.inputs, name=name)
    store.write(Path(snakemake.output[0]), features, dataset.records)
