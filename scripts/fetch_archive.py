"""Download a published archive and unpack it into class folders."""

import os

from labproof.job import job

screen = os.fdopen(os.dup(2), "w")  # the progress is for the user, not for the log

with job(snakemake):
    from pathlib import Path

    from labproof.data import archives

    name = snakemake.wildcards.archive
    packed = archives.fetch(name, Path(snakemake.params.packed), screen)
    archives.unpack(name, packed, Path(snakemake.output[0]))
