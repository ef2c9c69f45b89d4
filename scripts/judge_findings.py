"""Findings, all or one: each sentence's measures over seeds, and the verdict."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    import pandas as pd

    from labproof import paths
    from labproof.judging import evidence, findings, record, telling
    from labproof.lab import plan, published, trainings

    lab = plan.resolve(
        snakemake.config, Path(snakemake.scriptdir).parent, preset=snakemake.wildcards.preset
    )
    results, gaps = paths.of_resolved(lab), snakemake.params.gaps
    lab = plan.of_report(lab, snakemake.wildcards.report)
    wanted = plan.findings_of(lab, snakemake.wildcards.get("finding"))
    cells = list(dict.fromkeys(cell for finding in wanted for cell in finding["cells"]))
    evidence.check(lab, results, gaps, cells)
    text = snakemake.output.get("text")  # of one finding alone
    judged = findings.judge(
        wanted,
        evidence.read(results, cells, given=set(map(str, snakemake.input))),
        seeds=lab["seeds_of"],
        ladder=lab["ladder"],
        datasets={name: cell["dataset"] for name, cell in lab["cells"].items()},
        trainings=trainings.shared(lab["cells"], lab["datasets"]),
        paired=trainings.paired(lab["cells"], lab["datasets"]),
        published=pd.DataFrame(
            published.read(snakemake.input.published), columns=published.COLUMNS
        ),
        warnings=evidence.warnings(results, lab["datasets"]),
        missing=gaps,
        adjust=text is None,
    )
    record.write(judged, Path(snakemake.output.findings))
    if text:
        Path(text).write_text(telling.tell(judged[0]), encoding="utf-8")
