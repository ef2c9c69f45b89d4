"""An environment for a lab's own code, from its file of packages."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof.training import runs

    runs.make_environment(Path(snakemake.output[0]), Path(snakemake.input[0]))
