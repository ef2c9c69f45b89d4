"""The report as Quarto Markdown, from the files of the run."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof import paths
    from labproof.lab import plan
    from labproof.page import report

    lab = plan.resolve(
        snakemake.config, Path(snakemake.scriptdir).parent, preset=snakemake.wildcards.preset
    )
    report.write(
        lab=lab,
        missing=snakemake.params.gaps,
        results=Path(paths.of_resolved(lab).root),
        published=Path(snakemake.input.published),
        template=Path(snakemake.input.template),
        output=Path(snakemake.output[0]),
    )
