"""Several reports on one lab side by side, as a page and as a table."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof.lab import plan
    from labproof.page import overview

    lab = plan.resolve(
        snakemake.config, Path(snakemake.scriptdir).parent, preset=snakemake.wildcards.preset
    )
    overview.write(
        lab,
        dict(zip(lab["reports"], map(Path, snakemake.input.findings), strict=True)),
        Path(snakemake.input.template),
        Path(snakemake.output.page),
        Path(snakemake.output.table),
    )
