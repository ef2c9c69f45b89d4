"""The report as Quarto Markdown, from the files of the run."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof.judging import evidence
    from labproof.page import report

    lab, results = snakemake.params.lab, Path(snakemake.params.results)
    evidence.check(lab, results, snakemake.params.gaps)
    report.write(
        lab=lab,
        missing=snakemake.params.gaps,
        results=results,
        published=Path(snakemake.input.published),
        template=Path(snakemake.input.template),
        output=Path(snakemake.output[0]),
    )
