"""Findings, all or one: each sentence's measures over seeds, and the verdict."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof import paths, tables
    from labproof.data import audit
    from labproof.judging import findings
    from labproof.lab import plan
    from labproof.page import report

    lab = plan.resolve(
        snakemake.config, Path(snakemake.scriptdir).parent, preset=snakemake.wildcards.preset
    )
    results = paths.of_resolved(lab)
    wanted = plan.findings_of(lab, snakemake.wildcards.get("finding"))
    # a file that is no input, of a cell that a partial report lacks, may be of an earlier run
    given = set(map(str, snakemake.input))
    evidence = {
        cell: {
            kind: tables.read(Path(file)) if given & {file, str(Path(file).parent)} else None
            for kind, file in results.evidence(cell).items()
        }
        for cell in dict.fromkeys(cell for finding in wanted for cell in finding["cells"])
    }
    datasets = {name: cell["dataset"] for name, cell in lab["cells"].items()}
    audits = {
        name: audit.read(Path(results.audit(name))) for name in dict.fromkeys(datasets.values())
    }
    text = snakemake.output.get("text")  # of one finding alone
    judged = findings.judge(
        wanted,
        evidence,
        seeds=lab["seeds"],
        datasets=datasets,
        published=report.read_published(Path(snakemake.input.published)),
        warnings={name: facts["warnings"] for name, facts in audits.items() if facts},
        missing=snakemake.params.gaps,
        adjust=text is None,
    )
    findings.write(judged, Path(snakemake.output.findings))
    if text:
        Path(text).write_text(findings.tell(judged[0]), encoding="utf-8")
