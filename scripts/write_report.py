"""The report as Quarto Markdown, from the files of the run."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof.page import report

    report.write(
        lab=snakemake.params.lab,
        missing=snakemake.params.gaps,
        results=Path(snakemake.params.results),
        published=Path(snakemake.input.published),
        template=Path(snakemake.input.template),
        output=Path(snakemake.output[0]),
    )
