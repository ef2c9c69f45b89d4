"""The verdicts as machines read them: findings.csv and the badge."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof.page import records

    records.write(Path(snakemake.input[0]), *map(Path, snakemake.output))
