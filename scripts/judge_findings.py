"""Findings, all or one: each sentence's measures over seeds, and the verdict."""

from _job import job

with job(snakemake):
    from pathlib import Path

    from labproof import audit, findings, reporting

    results, wanted = Path(snakemake.params.results), snakemake.params.findings
    files = {"histories": "{}.csv", "predictions": "{}.csv", "heatmaps": "{}/scores.csv"}
    files["interventions"] = "{}.csv"
    tables = {
        cell: {
            kind: reporting.read_table(results / kind / name.format(cell))
            for kind, name in files.items()
        }
        for cell in dict.fromkeys(cell for finding in wanted for cell in finding["cells"])
    }
    audits = {
        name: audit.read(results / "audit" / name)
        for name in dict.fromkeys(snakemake.params.datasets.values())
    }
    text = snakemake.output.get("text")  # of one finding alone
    judged = findings.judge(
        wanted,
        tables,
        seeds=snakemake.params.seeds,
        datasets=snakemake.params.datasets,
        published=reporting.read_published(Path(snakemake.input.published)),
        warnings={name: facts["warnings"] for name, facts in audits.items() if facts},
        adjust=text is None,
    )
    findings.write(judged, Path(snakemake.output.findings))
    if text:
        Path(text).write_text(findings.tell(judged[0]), encoding="utf-8")
