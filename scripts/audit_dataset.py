"""Look for what could make results on a data set better than they are."""

from _job import job

with job(snakemake):
    from pathlib import Path

    from labproof import audit, datasets, figures, reporting

    store, folder = Path(snakemake.input[0]), Path(snakemake.output[0])
    dataset = datasets.read(store)
    facts, pairs = audit.audit(dataset, reporting.read_table(store / "left_out.csv"))
    audit.write(facts, pairs, folder)
    if len(pairs):
        figure, _ = figures.pairs(dataset.inputs, pairs)
        figures.save_png(figure, folder / "pairs.png")
