"""The report as Quarto Markdown, from the files of the run."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof import paths
    from labproof.judging import evidence
    from labproof.lab import plan
    from labproof.page import report

    lab = plan.resolve(
        snakemake.config, Path(snakemake.scriptdir).parent, preset=snakemake.wildcards.preset
    )
    lab = plan.of_report(lab, snakemake.wildcards.report)
    results = paths.of_resolved(lab)
    evidence.check(lab, results, snakemake.params.gaps)
    report.write(
        lab=lab,
        missing=snakemake.params.gaps,
        results=Path(results.root),
        published=snakemake.input.published,
        template=Path(snakemake.input.template),
        output=Path(snakemake.output[0]),
    )
