"""The tables of a cell's seeds, one below the other, where a command trained them."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof.training import outcomes

    cell = snakemake.wildcards.cell
    for table in ("histories", "predictions", "scalars", "facts"):
        files = [Path(file) for file in getattr(snakemake.input, table)]
        gathered = outcomes.gather(files, cell, table)
        if table == "histories" and not snakemake.params.deterministic:
            outcomes.check_seeds(gathered, cell)
        gathered.to_csv(getattr(snakemake.output, table), index=False)
