"""Findings, all or one: each sentence's measures over seeds, and the verdict."""

from labproof.job import job

with job(snakemake):
    from pathlib import Path

    from labproof import tables
    from labproof.data import audit
    from labproof.judging import findings
    from labproof.page import cells

    results, wanted = Path(snakemake.params.results), snakemake.params.findings
    # a file that is no input, of a cell that a partial report lacks, may be of an earlier run
    given = set(map(str, snakemake.input))

    def table(kind, cell, file):
        """A table of a cell, if it is an input."""
        path = results / kind / f"{cell}{file}"
        listed = str(path) in given or str(path.parent) in given
        return tables.read(path) if listed else None

    files = {"histories": ".csv", "predictions": ".csv", "heatmaps": "/scores.csv"}
    files["interventions"] = ".csv"
    evidence = {
        cell: {kind: table(kind, cell, file) for kind, file in files.items()}
        for cell in dict.fromkeys(cell for finding in wanted for cell in finding["cells"])
    }
    audits = {
        name: audit.read(results / "audit" / name)
        for name in dict.fromkeys(snakemake.params.datasets.values())
    }
    text = snakemake.output.get("text")  # of one finding alone
    judged = findings.judge(
        wanted,
        evidence,
        seeds=snakemake.params.seeds,
        datasets=snakemake.params.datasets,
        published=cells.read_published(Path(snakemake.input.published)),
        warnings={name: facts["warnings"] for name, facts in audits.items() if facts},
        missing=snakemake.params.gaps,
        adjust=text is None,
    )
    findings.write(judged, Path(snakemake.output.findings))
    if text:
        Path(text).write_text(findings.tell(judged[0]), encoding="utf-8")
