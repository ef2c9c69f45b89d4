"""Vega-Lite as one script, for the page's explorer."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof.page import vega

    vega.write(Path(snakemake.output[0]))
