"""Look for what could make results on a data set better than they are."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof import tables
    from labproof.data import audit, store
    from labproof.page.figures import images, style

    source, folder = Path(snakemake.input[0]), Path(snakemake.output[0])
    dataset = store.read(source)
    facts, pairs = audit.audit(dataset, tables.read(source / "left_out.csv"))
    audit.write(facts, pairs, folder)
    if len(pairs):
        figure, _ = images.pairs(dataset.inputs, pairs)
        style.save_png(figure, folder / "pairs.png")
